"""Compare with peers from public packages: reading pictures, verifying cards, and scans over HTTP.

    python bench/peers.py [--environments DIR] [--only PART …] [--quick]

pictures  zxing-cpp, pyzbar and OpenCV against all our stages, on drawn pictures, in turn picture by
          picture (`bench/decode.py`); they are the versions that we use ourselves
cards     an HC1 text to its claims: python-cwt and pycose, with base45 and zlib as users write
          it, and ours; each as a multiple of a bare ES256 verification in the same process
scans     one scan over HTTP, one client: ours (`POST /api/scans`), a minimal Flask program under
          waitress that looks a ticket up and writes a row that is on disk, and pretix's redeem

Other programs are installed by pip with the versions of `PINS`, each into an environment of its own
in DIR (by default a temporary one; pretix takes some minutes and 600 MB).  What cannot be installed
or does not start is printed as `not_run` with the reason.  Nothing here has a goal.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import itertools
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(ROOT := Path(__file__).parents[1]))

from bench import decode, throughput
from bench.goals import Goals
from bench.verify import FLOOR, NOW, measure, signed_cards
from kiosk.sandbox import DEMO, trusted_keys
from kiosk.sandbox.signing import es256_signature, hc1_from_parts
from verify import Knowledge, Revocations, judge, read_jwks

PINS = {
    "cwt": ("cwt==3.3.0", "base45==0.4.4"),
    "pycose": ("pycose==1.1.0", "cbor2==5.9.0", "base45==0.4.4"),
    "tickets": ("flask==3.1.3", "waitress==3.0.2"),
    "pretix": ("pretix==2026.8.0", "gunicorn==27.0.1"),
}
INSTALL_S, MIGRATE_S, START_S = 1_200, 1_200, 120
CARDS, TICKETS = 100, 500
PRETIX_CONFIG = """
[pretix]
instance_name = Bench
url = http://127.0.0.1
datadir = {folder}
[database]
backend = sqlite3
name = {folder}/db.sqlite3
"""


class NotRun(Exception):
    """A peer that could not be installed or started, and why."""


def environment(folder: Path, name: str) -> Path:
    """Return the interpreter of a peer's environment, which is made if it is not there.

    Raises NotRun if pip cannot install it.
    """
    place = folder / name
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = place / "installed.json"
    if done.exists() and json.loads(done.read_text("utf-8")) == list(PINS[name]):
        return python
    venv.create(place, with_pip=True)
    run([str(python), "-m", "pip", "install", "--quiet", *PINS[name]], INSTALL_S)
    done.write_text(json.dumps(PINS[name]), "utf-8")
    return python


def run(command: list[str], limit_s: float, **more: Any) -> str:
    """Run a program to its end; return its output. Raises NotRun with its last line if it fails."""
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=limit_s, encoding="utf-8", check=True, **more
        )
    except subprocess.CalledProcessError as exc:
        said = (exc.stderr or exc.output).strip().splitlines() or [f"exit {exc.returncode}"]
        raise NotRun(said[-1]) from exc
    except subprocess.TimeoutExpired as exc:
        raise NotRun(f"not done after {limit_s:.0f} s") from exc
    return str(done.stdout)


def pictures(goals: Goals, _environments: Path, quick: bool) -> None:
    """Print what each library reads of drawn pictures, and how long it takes."""
    usable = decode.installed(decode.READERS[decode.FRAME])
    readings: dict[str, list[decode.Reading]] = {name: [] for name in usable}
    with tempfile.TemporaryDirectory() as folder:
        for path in decode.draw(Path(folder), 1 if quick else decode.DRAWN):
            sample = next(decode.samples(path))
            for name, found in decode.timed(usable, sample).items():
                readings[name] += found
    lines = decode.figures(readings)
    floor = lines[decode.ZXING]["median_ms"]
    versions = {decode.ZXING: "zxing-cpp", "pyzbar": "pyzbar", "OpenCV": "opencv-python-headless"}
    for name, line in lines.items():
        ratio = round(float(str(line["median_ms"])) / float(str(floor)), 2)
        goals.show(f"pictures, {name}", **line, version=version_of(versions.get(name)), ratio=ratio)


def version_of(package: str | None) -> str | None:
    """Return the version of a package that is installed here."""
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(package) if package else None
    return None


def cards(goals: Goals, environments: Path, quick: bool) -> None:
    """Print how long a card's text takes to its claims, as a multiple of a bare verification."""
    key = DEMO.key
    parts = [
        (protected, cbor2_claims, es256_signature(key, protected, cbor2_claims))
        for protected, cbor2_claims in signed_cards(range(CARDS), CARDS)
    ]
    texts = [hc1_from_parts(*each) for each in parts]
    rounds = 3 if quick else 20
    known = Knowledge(read_jwks(trusted_keys(NOW)), revocations=Revocations(issued=NOW), demo=True)
    turn = itertools.cycle([text.encode() for text in texts])
    floor = bare_verification([(part[2], part[0], part[1]) for part in parts])
    took = measure({FLOOR: floor, "ours": lambda: judge(next(turn), NOW, known)}, rounds * CARDS)
    middle = {name: statistics.median(times) for name, times in took.items()}
    ratio = middle["ours"] / middle[FLOOR]
    figures = {"us": round(middle["ours"], 1), "floor_us": round(middle[FLOOR], 1)}
    what = "card to verdict, ours (also dates, revocations, name and how it is shown)"
    goals.show(what, ratio=round(ratio, 2), **figures)
    numbers = key.public_key().public_numbers()
    request = {"texts": texts, "rounds": rounds, "key_id": DEMO.key_id.hex()}
    request |= {"x": f"{numbers.x:064x}", "y": f"{numbers.y:064x}"}
    expected = judge(texts[0].encode(), NOW, known).card
    assert expected is not None
    for name in ("cwt", "pycose"):
        what = f"card to claims, {PINS[name][0]}"
        try:
            python = environment(environments, name)
            command = [str(python), str(ROOT / "bench" / "peer" / "cards.py"), name]
            line = json.loads(run(command, INSTALL_S, input=json.dumps(request)))
        except NotRun as exc:
            goals.not_run(what, str(exc))
            continue
        if line["number"] != expected.number:
            raise SystemExit(f"{name} read another number")
        figures = {"us": round(line["peer"], 1), "floor_us": round(line["floor"], 1)}
        goals.show(what, ratio=round(line["peer"] / line["floor"], 2), **figures)


def bare_verification(parts: list[tuple[bytes, bytes, bytes]]) -> Callable[[], None]:
    """Return a call that verifies the next signature over a protected header and claims."""
    import cbor2
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    public, how = DEMO.key.public_key(), ec.ECDSA(hashes.SHA256())
    ready = []
    for signature, protected, claims in parts:
        both = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        der = utils.encode_dss_signature(*both)
        ready.append((der, cbor2.dumps(["Signature1", protected, b"", claims])))
    turn = itertools.cycle(ready)

    def verify() -> None:
        der, signed = next(turn)
        public.verify(der, signed, how)

    return verify


def scans(goals: Goals, environments: Path, quick: bool) -> None:
    """Print how many scans a second each program takes from one client, and how long they are."""
    asks: dict[str, throughput.Ask] = {}
    ports: dict[str, int] = {}
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name,
        contextlib.ExitStack() as servers,
    ):
        folder = Path(name)
        ports["ours"] = servers.enter_context(throughput.kiosk(ROOT, folder / "kiosk"))
        try:
            python = str(environment(environments, "tickets"))
            program = [str(ROOT / "bench/peer/tickets.py"), str(folder), "100000"]
            floor = servers.enter_context(throughput.process(*program, python=python))
            ports["minimal Flask"] = floor
        except NotRun as exc:
            goals.not_run("scans, minimal Flask", str(exc))
        try:
            asks["pretix"], port = servers.enter_context(pretix(environments, folder, quick))
            ports["pretix"] = port
        except NotRun as exc:
            goals.not_run("scans, pretix redeem", str(exc))
        rounds, seconds = (3, 1.0) if quick else (9, 3.0)
        measured = throughput.take_turns(ports, 1, rounds, seconds, asks)
    for name, found in measured.items():
        pairs = zip(found, measured["ours"], strict=True)
        ratios = [each.per_s / ours.per_s for each, ours in pairs]
        every = sorted(ms for each in found for ms in each.took_ms)
        goals.show(
            f"scans, {name}",
            per_s=round(statistics.median(each.per_s for each in found), 1),
            ms=throughput.percentiles(every),
            ratio=round(statistics.median(ratios), 2),
            ratios=[round(min(ratios), 2), round(max(ratios), 2)],
        )


@contextlib.contextmanager
def pretix(environments: Path, folder: Path, quick: bool) -> Iterator[tuple[throughput.Ask, int]]:
    """Run pretix under gunicorn, with an event and its tickets; give its requests and its port.

    Raises NotRun if it cannot be installed or does not start.
    """
    if os.name == "nt":
        raise NotRun("gunicorn does not run on Windows")
    empty = environments / "pretix" / "migrated.sqlite3"  # installing and migrating take minutes
    if quick and not empty.exists():
        raise NotRun("left out of --quick, because it is not installed in --environments yet")
    python = str(environment(environments, "pretix"))
    data, config = folder / "pretix", folder / "pretix.cfg"
    data.mkdir()
    config.write_text(PRETIX_CONFIG.format(folder=data), "utf-8")
    own = os.environ | {"PRETIX_CONFIG_FILE": str(config), "TICKETS": str(TICKETS)}
    own.pop("PYTHONPATH", None)
    own_way: dict[str, Any] = {"env": own, "cwd": folder}
    if empty.exists():
        shutil.copy(empty, data / "db.sqlite3")
    else:
        run([python, "-m", "pretix", "migrate"], MIGRATE_S, **own_way)
        shutil.copy(data / "db.sqlite3", empty)
    program = (ROOT / "bench" / "peer" / "event.py").read_text("utf-8")
    made = run([python, "-m", "pretix", "shell", "-c", program], MIGRATE_S, **own_way)
    event = json.loads(made.strip().splitlines()[-1])
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    words = f"-m gunicorn pretix.wsgi --workers 2 --threads 4 --bind 127.0.0.1:{port}".split()
    with (folder / "pretix.log").open("wb") as log:
        server = subprocess.Popen([python, *words], stdout=log, stderr=log, **own_way)
    try:
        wait_for(f"http://127.0.0.1:{port}/healthcheck/", server)
        yield redeem_request(event), port
    finally:
        server.terminate()
        server.wait(30)


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until an address answers. Raises NotRun if it does not."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=10):
                return
        except urllib.error.HTTPError:  # pretix is ill without Redis, but answers
            return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    raise NotRun("its server did not answer")


def redeem_request(event: dict[str, Any]) -> throughput.Ask:
    """Return what makes the request that redeems a ticket."""
    secrets = event["secrets"]
    path = f"/api/v1/organizers/{event['organizer']}/checkinrpc/redeem/"

    def ask(number: int) -> bytes:
        ticket = secrets[number % len(secrets)]
        nonce = f"{number}-{datetime.now(UTC).timestamp()}"
        body = json.dumps({"secret": ticket, "lists": [event["list"]], "nonce": nonce}).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Token {event['token']}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    return ask


PARTS = {"pictures": pictures, "cards": cards, "scans": scans}


def main() -> None:
    """Compare, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environments", type=Path, help="where the peers stay installed")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--quick", action="store_true", help="few pictures and rounds")
    wanted = parser.parse_args()
    goals = Goals()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        environments = (wanted.environments or Path(name)).absolute()
        for part in wanted.only:
            PARTS[part](goals, environments, wanted.quick)
    goals.end()


if __name__ == "__main__":
    main()
