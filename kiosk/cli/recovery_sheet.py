"""The recovery sheet: the key of the encrypted files on paper, for when the PC is gone.

Nobody can open the logbook without the key, and no other copy of it leaves the PC.  So a key is not
used before its sheet was printed and typed back from paper.

The sheet is in Vietnamese and English, whatever the reader of it speaks.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click

from kiosk.errors import SettingsError
from kiosk.paper import Facts, Heading, Paper, Passage, Steps, Tone, to_pdf
from kiosk.runtime.errors import FileKeyTrouble
from kiosk.runtime.file_key import LINES, FileKey, read_line
from verify import CLINIC_ZONE

TITLE = "Phiếu khôi phục khóa dữ liệu / Recovery sheet"
WHAT_FOR = (
    "Ngoài máy tính, chỉ phiếu này có khóa mở sổ tiếp đón. Nếu mất máy và mất cả phiếu, không ai"
    " đọc được sổ nữa."
    " / Outside of the PC, only this sheet has the key of the logbook. If both are lost, nobody can"
    " read the logbook any more."
)
RULES = (
    "Cất phiếu trong két, trong phong bì dán kín có chữ ký; không để cạnh máy.",
    "Không chụp ảnh, không gửi đi, không nhập vào nơi nào khác.",
    "Sau khi đổi khóa, giữ phiếu cũ cho đến khi không còn bản sao lưu nào của thời gian trước.",
    "Để khôi phục: chạy lệnh tiepdon encryption recover, rồi gõ bốn dòng khóa.",
    "Keep the sheet in a safe, in a sealed and signed envelope, away from the PC.",
    "Do not photograph it, send it, or type it anywhere else.",
    "After a change of the key, keep the older sheet as long as copies from before exist.",
    "To recover: run the command tiepdon encryption recover, and type the four lines of the key.",
)


def sheet_pdf(key: FileKey, facility: str, now: datetime) -> bytes:
    """Return the sheet of a key as PDF. `now` is aware."""
    day = now.astimezone(CLINIC_ZONE).strftime("%d/%m/%Y %H:%M")
    return to_pdf(
        Paper(
            title=TITLE,
            issuer=facility,
            language="vi",
            blocks=(
                Passage(WHAT_FOR, Tone.LEAD),
                Facts((("Tên khóa / Key", key.name), ("Ngày in / Printed", day))),
                Heading("Khóa / Key"),
                Steps(tuple((line, "") for line in key.lines())),
                Heading("Quy tắc / Rules"),
                *(Passage(f"• {rule}") for rule in RULES),
            ),
            footer=f"Tiếp Đón · {key.name} · {day}",
            page_of="%(page)s / %(pages)s",
            lacking_note="",
        )
    )


def confirm_sheet(
    key: FileKey, file: Path | None, folder: Path, facility: str, now: datetime
) -> None:
    """Show the sheet of a key, and return when it was typed back without a mistake.

    It is shown on the terminal, or written to `file` as PDF to be printed; that file is overwritten
    and removed at the end, also if nobody types it back.  `folder` is the data directory, where it
    must not lie.  Raises SettingsError if it cannot be written, and click.Abort if the input ends.
    """
    if file is None:
        _show(key)
        _type_back(key)
        click.clear()  # does nothing if this is no terminal
        click.echo("Close this window: what it showed may be scrolled back to.", err=True)
        return
    with _written(file, folder, sheet_pdf(key, facility, now)):
        click.echo(f"Print {file} now; it is removed when the key was typed back.", err=True)
        _type_back(key)
    click.echo(f"{file} was removed. Empty the printer's queue too, if it keeps jobs.", err=True)


def ask_for_key() -> FileKey:
    """Return the key that somebody types from a sheet, line by line; a wrong line is asked again.

    Raises click.Abort if the input ends.
    """
    lines = []
    for number in range(LINES):
        while True:
            typed = click.prompt(f"Line {number + 1}", err=True)
            try:
                read_line(number, typed)
            except FileKeyTrouble as exc:
                click.echo(f"{exc}. Once more:", err=True)
            else:
                lines.append(typed)
                break
    return FileKey.from_lines(tuple(lines))


def _show(key: FileKey) -> None:
    click.echo(f"\n{TITLE}: {key.name}\n{WHAT_FOR}\n", err=True)
    for number, line in enumerate(key.lines(), 1):
        click.echo(f"  {number}:  {line}", err=True)
    click.echo("\nPrint this or write it down, by hand and legibly.", err=True)


def _type_back(key: FileKey) -> None:
    click.echo("Now type the key from the paper, with or without spaces.", err=True)
    while ask_for_key() != key:
        click.echo("That is the key of another sheet. Once more, from the new one:", err=True)


@contextlib.contextmanager
def _written(file: Path, folder: Path, content: bytes) -> Iterator[None]:
    """Have a sheet in a file meanwhile, readable by this account only."""
    if folder.resolve() in file.resolve().parents:
        raise SettingsError(f"--sheet {file}: expected a file outside of {folder}, on a stick")
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
    except OSError as exc:
        raise SettingsError(f"--sheet {file}: cannot be written ({exc.strerror})") from exc
    try:
        yield
    finally:
        try:
            with file.open("rb+") as opened:
                opened.write(bytes(len(content)))
                opened.flush()
                os.fsync(opened.fileno())
            file.unlink()
        except OSError as exc:
            click.echo(f"{file}: cannot be removed ({exc.strerror}): destroy it.", err=True)


_BINARY = getattr(os, "O_BINARY", 0)  # Windows would write line ends as in a text
