"""The commands of `logbook`: check it, prove a visit, sign its end, and the kiosk's key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from kiosk.backup import LogbookGuard, rebuild_logbook
from kiosk.cli.backup import accepted
from kiosk.cli.options import CONFIG, DATA, FILE, now, print_json
from kiosk.errors import SettingsError
from kiosk.logbook import SYSTEM, Database, hash_at, recorded_after
from kiosk.proof import (
    BundleWrong,
    CheckResult,
    KioskKey,
    Proofs,
    SignedRoot,
    key_mark,
    verify_bundle,
)
from kiosk.runtime.paths import data_directory, settings_file
from kiosk.settings import load_settings

MAX_BUNDLE_BYTES = 64 * 1024 * 1024
DAY = click.DateTime(["%Y-%m-%d"])
HEX = "0123456789abcdef"
MIN_DIGITS = 16  # of a hash that is compared


@click.group()
def logbook() -> None:
    """Check the logbook against its chain of hashes, and prove a visit elsewhere."""


@logbook.command()
@click.option(
    "--root", help="A root that was kept elsewhere, as LINK:HASH; 16 digits of the hash suffice."
)
@DATA
@CONFIG
def check(root: str | None, data: Path | None, config: Path | None) -> None:
    """Check the whole logbook; print its first broken place. Exit 1 if there is one.

    The desk may go on working.  What is found is printed in the order in which it was written, one
    line of JSON each.
    """
    expected = _expected(root) if root else None
    with _opened(data, config, writes=False) as proofs:
        result = proofs.check(expected=expected)
    for fault in result.faults:
        print_json(fault.as_json())
    if result.faults:
        click.echo(f"first broken place: {result.faults[0].what}", err=True)
    print_json(_check_json(result))
    raise SystemExit(0 if result.is_good else 1)


@logbook.command()
@click.argument("visit")
@click.option("--out", type=FILE, help="Write the bundle to this file, not to standard output.")
@DATA
@CONFIG
def prove(visit: str, out: Path | None, data: Path | None, config: Path | None) -> None:
    """Make a bundle that proves the rows of VISIT to somebody without the logbook.

    It holds the data of the visit: give it only to somebody who may have them.
    """
    with _opened(data, config) as proofs:
        text = json.dumps(proofs.prove(visit, now()), ensure_ascii=False)
    if out is None:
        print_json(json.loads(text))
        return
    try:
        out.write_text(text + "\n", "utf-8")
    except OSError as exc:
        raise SettingsError(f"{out}: cannot be written ({exc.strerror})") from exc
    print_json({"written": str(out), "bytes": out.stat().st_size})


@logbook.command("verify-bundle")
@click.argument("file", type=FILE)
@click.option("--key", help="The public key that the kiosk gave you, as 64 hexadecimal digits.")
def verify_(file: Path, key: str | None) -> None:
    """Verify a bundle on any machine; print what it proves. Exit 1 if it proves nothing.

    Without --key it is only known that somebody signed it: compare the mark of the key.
    """
    try:
        public = bytes.fromhex(key) if key else None
    except ValueError as exc:
        raise SettingsError("--key is not hexadecimal; expected 64 digits") from exc
    if public is not None and len(public) != 32:
        raise SettingsError(f"--key has {2 * len(public)} digits; expected 64")
    try:
        with file.open("rb") as source:
            text = source.read(MAX_BUNDLE_BYTES + 1)
        if len(text) > MAX_BUNDLE_BYTES:
            raise SettingsError(f"{file}: larger than {MAX_BUNDLE_BYTES} bytes; not a bundle")
        found = json.loads(text)
    except OSError as exc:
        raise SettingsError(f"{file}: cannot be read ({exc.strerror})") from exc
    except (ValueError, RecursionError):
        found = None  # not JSON, and so no bundle
    try:
        proven = verify_bundle(found, public)
    except BundleWrong as exc:
        print_json({"proven": False, "why": str(exc)})
        raise SystemExit(1) from None
    print_json(
        {
            "proven": True,
            "visit": proven.visit,
            "root": _root_json(proven.root),
            "key_compared": proven.by_key is not None,
            "linked_later": proven.linked_later,
            "rows": {
                table: [_readable(row) for row in rows] for table, rows in proven.rows.items()
            },
        }
    )


@logbook.command()
@click.argument("day", type=DAY, required=False)
@DATA
@CONFIG
def root(day: datetime | None, data: Path | None, config: Path | None) -> None:
    """Sign the end of the chain now, or show the root of DAY. Exit 1 if that day has none.

    Keep the line it prints where the administrators of this machine cannot change it.
    """
    with _opened(data, config, writes=day is None) as proofs:
        found = proofs.roots.of(date(day.year, day.month, day.day)) if day else None
        if day is None:
            found = proofs.roots.make(now())
    if found is None:
        click.echo("no root was made on that day", err=True)
        raise SystemExit(1)
    print_json(_root_json(found))


@logbook.command()
@DATA
@CONFIG
def key(data: Path | None, config: Path | None) -> None:
    """Show the kiosk's public key and those before it; make the first one."""
    with _opened(data, config) as proofs:
        proofs.keys.current(now())
        for known in proofs.keys.known():
            print_json(_key_json(known))


@logbook.command("rotate-key")
@DATA
@CONFIG
def rotate_key(data: Path | None, config: Path | None) -> None:
    """Replace the kiosk's key by a new one that the old one signs.

    Whoever has kept the old public key can still verify what the new one signs.
    """
    with _opened(data, config) as proofs:
        print_json(_key_json(proofs.keys.rotate(now())))


@logbook.command()
@click.argument("place", metavar="LINK:HASH")
@DATA
@CONFIG
def since(place: str, data: Path | None, config: Path | None) -> None:
    """Count what was recorded after a link, by tables; nothing is changed, in the schema neither.

    Exit 1 if the logbook does not have that link, with that hash.
    """
    link, digits = _expected(place)
    with data_directory(data, demo=False) as folder:
        settings = load_settings(settings_file(config, folder))
        guard = LogbookGuard(settings, folder, settings_file(config, folder), now)
        found = hash_at(guard.places.logbook, link, guard.keys) or ""
        has_it = link == 0 or (bool(found) and found.startswith(digits))
        rows = recorded_after(guard.places.logbook, link, guard.keys) if has_it else {}
    print_json({"has_link": has_it, "recorded": rows})
    raise SystemExit(0 if has_it else 1)


@logbook.command("accept")
@click.option("--why", required=True, help="The reason, which is recorded in the logbook.")
@DATA
@CONFIG
def accept_(why: str, data: Path | None, config: Path | None) -> None:
    """Go on with the logbook that is there, although it is in doubt: `restore --accept`.

    Stop the program first. If the logbook is gone or cannot be read, a new one is begun.
    """
    with data_directory(data, demo=False) as folder:
        settings = load_settings(settings_file(config, folder))
        print_json(
            accepted(LogbookGuard(settings, folder, settings_file(config, folder), now), why)
        )


@logbook.command("rebuild")
@click.option("--why", default="", help="The reason, which is recorded in the logbook.")
@DATA
@CONFIG
def rebuild_(why: str, data: Path | None, config: Path | None) -> None:
    """Make the search, the counts and all indexes of a damaged logbook again; docs/backup.md.

    Stop the program first.  What was recorded is not changed; the old file is kept in `aside/`,
    and that it was done is recorded.
    """
    with data_directory(data, demo=False) as folder:
        settings = load_settings(settings_file(config, folder))
        guard = LogbookGuard(settings, folder, settings_file(config, folder), now)
        guard.require_certain()
        print_json(asdict(rebuild_logbook(guard, why.strip(), SYSTEM, now)))


@contextmanager
def _opened(data: Path | None, config: Path | None, writes: bool = True) -> Iterator[Proofs]:
    """Open the logbook of a data directory, and nothing else: a kiosk need not be complete.

    Raises LogbookInDoubt if it `writes` and it is not certain that this is the right logbook.
    """
    with data_directory(data, demo=False) as folder:
        settings = load_settings(settings_file(config, folder))
        path = folder / "logbook.db"
        if not path.exists():
            raise SettingsError(f"{path}: does not exist; expected a logbook. Name it with --data")
        guard = LogbookGuard(settings, folder, settings_file(config, folder), now)
        if writes or not guard.state.is_there:
            guard.require_certain()  # nothing is signed that may be the wrong logbook
        database = Database(path, keys=guard.keys)
        try:
            yield Proofs(database, folder)
        finally:
            database.close()


def _expected(root: str) -> tuple[int, str]:
    """Return the link and the digits of a root. Raises SettingsError if it is not one."""
    link, _, digits = root.partition("·")[0].replace(" ", "").lower().partition(":")
    if not (link.isdigit() and len(digits) >= MIN_DIGITS and not set(digits) - set(HEX)):
        raise SettingsError(
            f"--root is {root!r}; expected the number of a link, a colon, and at least"
            f" {MIN_DIGITS} digits of its hash"
        )
    return int(link), digits[:64]


def _check_json(result: CheckResult) -> dict[str, object]:
    return {
        "good": result.is_good,
        "rows": result.rows,
        "links": result.newest.id,
        "hash": result.newest.hash.hex(),
        "linked_later": result.later,
        "keys_not_signed": result.unsigned_keys,
        "faults": len(result.faults),
        "more": result.is_cut_off,
    }


def _root_json(found: SignedRoot) -> dict[str, object]:
    return {
        "day": found.day,
        "at": found.at,
        "first_link": found.first_link,
        "last_link": found.last_link,
        "hash": found.hash.hex(),
        "public_key": found.key.hex(),
        "key_mark": key_mark(found.key),
        "signature": found.signature.hex(),
        "keep": found.line,
    }


def _key_json(known: KioskKey) -> dict[str, object]:
    return {
        "number": known.number,
        "public": known.public.hex(),
        "mark": known.mark,
        "made_at": known.made_at,
        "signed_by_the_one_before": known.is_signed,
    }


def _readable(row: Any) -> dict[str, object]:
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()}
