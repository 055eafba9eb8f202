"""An installation from its first day to its last, with visits kept; standard library only.

    journey.py FOLDERS [--root DIR] [--port NUMBER]

FOLDERS holds the folders of wheels `before` (an older program), `now`, and `next` (one whose
schema is newer).  Without `--root` the real places of this system are used: run it as root in a
machine that is thrown away, such as a chroot.  systemd is pretended by `fake_systemctl.py`, which
starts the command of the unit.  Prints what holds, line by line, and ends with 1 at the first
thing that does not.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CARD = (
    "99999000{0:02}|4e677579e1bb856e2056c4836e20416e|01/02/1980|1|-|01 - 999|01/01/2024|-|"
    "01/01/2024|010199999000{0:02}|-|4| 01/01/2099|000000000000001-7102|4|"
    "5175e1baad6e205468e1bbad2c205468c3a06e68207068e1bb91204de1baab75|$"
)
DEADLINE_S = 60


class Journey:
    """One installation."""

    def __init__(self, folders: Path, root: Path | None, port: int) -> None:
        self.folders, self.root, self.port = folders, root, port
        top = root or Path("/")
        self.programs = top / "opt/tiepdon"
        self.settings = top / "etc/tiepdon"
        self.data = top / "var/lib/tiepdon"
        self.units = top / "etc/systemd/system"
        self.command = top / "usr/local/bin/tiepdon"
        self.pretend = Path(tempfile.mkdtemp(prefix="systemd-"))
        place = self.pretend / "systemctl"
        shutil.copyfile(HERE / "fake_systemctl.py", place)
        place.chmod(0o755)
        os.environ["PATH"] = f"{self.pretend}:{os.environ['PATH']}"
        os.environ |= {"FAKE_SYSTEMD": str(self.pretend), "FAKE_UNITS": str(self.units)}

    def installer(self, *words: str, wheels: str = "now") -> subprocess.CompletedProcess[str]:
        """Run the install script of a folder of wheels. The installer of `now` is the one tried."""
        more = (
            ["--wheels", str(self.folders / wheels)] if words[0] in ("install", "upgrade") else []
        )
        where = ["--root", str(self.root)] if self.root else []
        script = ["sh", str(self.folders / "now" / "install.sh"), *words, *more, *where]
        done = subprocess.run(script, capture_output=True, text=True, check=False)
        sys.stdout.write("".join(f"    {line}\n" for line in done.stdout.splitlines()))
        sys.stdout.write("".join(f"  ! {line}\n" for line in done.stderr.splitlines()))
        return done

    def must(self, *words: str, wheels: str = "now") -> None:
        begun = time.monotonic()
        done = self.installer(*words, wheels=wheels)
        holds(done.returncode == 0, f"{words[0]} {wheels}: {time.monotonic() - begun:.1f} s")

    def tiepdon(self, *words: str) -> dict[str, Any]:
        """Run a command as people do: the installed one, which finds the data itself."""
        done = subprocess.run(
            [str(self.command), *words], capture_output=True, text=True, check=False
        )
        if done.returncode not in (0, 1):
            sys.stdout.write(done.stderr)
        holds(done.returncode in (0, 1), f"tiepdon {words[0]}")
        answer = json.loads(done.stdout.splitlines()[-1])
        assert isinstance(answer, dict)
        return answer

    def post(self, path: str, value: object, **headers: str) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            json.dumps(value).encode(),
            {"Content-Type": "application/json"} | headers,
        )
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            return json.load(answer)

    def record(self, number: int) -> None:
        """Scan the card of a pretend patient and confirm the visit at the running program."""
        attempt = self.post("/api/scans", {"payload": CARD.format(number)})["attempt"]
        self.post("/api/visits", {"attempt": attempt}, **{"Idempotency-Key": f"key-{number}"})

    def visits(self, file: Path | None = None) -> int:
        """Count the visits in a logbook's file."""
        db = sqlite3.connect(file or self.data / "logbook.db")
        count = int(db.execute("select count(*) from visit").fetchone()[0])
        db.close()
        return count

    def release(self) -> str:
        return os.path.basename(os.readlink(self.programs / "current"))

    def systemctl(self, *words: str) -> None:
        subprocess.run(["systemctl", *words], check=True)


def holds(is_so: bool, what: str) -> None:
    """Say that something holds, or end."""
    print(("ok   " if is_so else "FAIL ") + what, flush=True)
    if not is_so:
        raise SystemExit(1)


def install_and_record(one: Journey) -> str:
    one.must("install", "--facility", "01999", "--port", str(one.port), wheels="before")
    config = one.settings / "kiosk.toml"
    text = config.read_text("utf-8")
    holds('code = "01999"' in text, "the settings have the facility code")
    for number in (1, 2):
        one.record(number)
    holds(one.visits() == 2, "two visits are recorded by the service's own command")
    first = one.release()
    if one.root is None:
        holds(one.data.stat().st_mode & 0o777 == 0o700, "only the account may read the data")
        holds(one.data.owner() == "tiepdon", "the data belong to the account")
        logbook = one.data / "logbook.db"
        holds(logbook.owner() == "tiepdon", "the service runs as the account")
        holds(not config.stat().st_mode & stat.S_IRWXO, "others may not read the settings")
    compiled = list(one.programs.glob("releases/*/lib/*/site-packages/kiosk/**/*.pyc"))
    holds(len(compiled) > 200, "the program's modules are compiled")
    return first


def upgrade_and_back(one: Journey, first: str) -> None:
    one.must("upgrade", wheels="now")
    holds(one.release() != first, "another release is in use")
    holds(one.visits() == 2, "the visits are kept by the upgrade")
    one.must("rollback")
    holds(one.release() == first, "the release from before is in use again")
    holds(one.visits() == 2, "the visits are kept by the roll-back")
    one.record(3)
    one.must("upgrade", wheels="now")
    one.record(4)
    holds(one.visits() == 4, "visits are recorded before and after")


def newer_schema(one: Journey) -> None:
    now = one.release()
    one.must("upgrade", wheels="next")
    one.must("rollback")
    holds(one.release() == now, "without a new visit, a newer schema goes back too")
    holds(one.visits() == 4, "with all visits")
    one.must("upgrade", wheels="next")
    newer = one.release()
    one.record(5)
    done = one.installer("rollback")
    holds(done.returncode == 2, "with a new visit, a newer schema does not go back")
    holds("visit 1" in done.stderr and "--set-aside" in done.stderr, "and the error says how")
    holds(one.release() == newer, "the newer release is in use")
    one.record(6)
    holds(one.visits() == 6, "and goes on recording")
    one.must("rollback", "--set-aside")
    holds(one.release() == now, "a person may decide to go back")
    holds(one.visits() == 4, "then the older logbook is in use")
    aside = sorted(one.data.glob("aside/*/logbook.db"))
    holds(one.visits(aside[-1]) == 6, "and the newer one is kept, with its visits")


def back_up_and_restore(one: Journey) -> None:
    made = one.tiepdon("backup") if one.root is None else one_backup(one)
    holds(made["verified"] is True and made["visits"] == 4, "a backup is verified")
    one.systemctl("stop", "tiepdon.service")
    (one.data / "logbook.db").unlink()
    words = ["restore", made["backup"], "--why", "the disk was changed"]
    restored = one.tiepdon(*words) if one.root is None else one_command(one, *words)
    holds(restored["facts"]["visits"] == 4, "and restored")
    one.must("install", wheels="now")
    one.record(7)
    holds(one.visits() == 5, "the program goes on with it")


def one_command(one: Journey, *words: str) -> dict[str, Any]:
    """Run a command by its whole path, where `tiepdon` is not in its real place."""
    places = ["--config", str(one.settings / "kiosk.toml"), "--data", str(one.data)]
    run = [str(one.programs / "current/bin/tiepdon"), *words, *places]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    holds(done.returncode == 0, f"tiepdon {words[0]} {done.stderr}")
    answer = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(answer, dict)
    return answer


def one_backup(one: Journey) -> dict[str, Any]:
    return one_command(one, "backup")


def nightly_and_uninstall(one: Journey) -> None:
    one.systemctl("start", "tiepdon-nightly.service")
    holds(len(list(one.data.glob("backups/*.db"))) >= 1, "the nightly job makes a backup")
    one.must("uninstall")
    holds(not one.programs.exists() and not one.command.exists(), "the program is gone")
    holds(not list(one.units.glob("tiepdon*")), "its units too")
    holds(one.visits() == 5 and (one.settings / "kiosk.toml").exists(), "data and settings stay")
    one.must("install", wheels="now")
    holds(one.visits() == 5, "a new install goes on with them")
    one.must("uninstall")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", type=Path)
    parser.add_argument("--root", type=Path)
    parser.add_argument("--port", type=int, default=18080)
    chosen = parser.parse_args()
    one = Journey(chosen.folders, chosen.root, chosen.port)
    begun = time.monotonic()
    try:
        first = install_and_record(one)
        upgrade_and_back(one, first)
        newer_schema(one)
        back_up_and_restore(one)
        nightly_and_uninstall(one)
        print(f"all holds, {time.monotonic() - begun:.0f} s")
    finally:
        if one.units.exists() and (one.units / "tiepdon.service").exists():
            one.systemctl("stop", "tiepdon.service")
        log = one.pretend / "tiepdon.service.log"
        if log.exists():
            shutil.copyfile(log, one.folders / "service.log")


if __name__ == "__main__":
    main()
