"""The commands `decode` and `readers`: the codes in pictures, and the attached readers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from kiosk.cli.options import print_json
from scanner import MAX_FILE_BYTES, BadPicture, attached_ports, read_picture


@click.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
def decode(images: tuple[Path, ...]) -> None:
    """Read the codes in pictures; print a JSON line for each picture.

    Exit 1 if a picture cannot be read.
    """
    failed = False
    for image in images:
        line = _decode_file(image)
        failed = failed or "error" in line
        print_json(line)
    raise SystemExit(1 if failed else 0)


@click.command()
def readers() -> None:
    """List the attached serial and USB-COM readers, a JSON line for each."""
    for port in attached_ports():
        line = {"port": port.usb or port.device, "device": port.device}
        print_json(line | {"description": port.description})


def _decode_file(image: Path) -> dict[str, Any]:
    """Return the codes in a picture, or an `error`, and how long it took in milliseconds."""
    start = time.perf_counter()
    line: dict[str, Any] = {"file": str(image), "payloads": []}
    try:
        with image.open("rb") as file:
            result = read_picture(file.read(MAX_FILE_BYTES + 1))
        line["payloads"] = [
            {"text": _text(code.payload), "symbology": code.symbology, "stage": code.stage}
            for code in result.found
        ]
        if result.advice is not None:
            line["advice"] = result.advice
    except (BadPicture, OSError) as exc:
        line["error"] = exc.strerror if isinstance(exc, OSError) else str(exc)
    return line | {"ms": round((time.perf_counter() - start) * 1000, 2)}


def _text(payload: bytes) -> str | None:
    """Return the text of a code; None if it is not UTF-8, because no encoding is guessed."""
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return None
