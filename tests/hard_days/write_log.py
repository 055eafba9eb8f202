"""What a program wrote and synchronised, and what a power cut would have left of it.

strace records each write, rename and fsync of a real run, and each answer that the program sent.
A disk keeps what was synchronised. Of the rest it may keep any part, in any order:

1. Writes that no fsync of their file followed: each one whole, torn at a sector, or not at all.
2. Names (made, renamed, removed) are kept in their order up to some moment; an fsync of any file
   makes all names before it safe, as the journals of ext4, XFS and NTFS do.
3. What was sent to a client before the cut was acknowledged.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SYSTEM_CALLS = (
    "openat,pwrite64,write,fsync,fdatasync,ftruncate,rename,renameat,renameat2,"
    "unlink,unlinkat,mkdir,mkdirat,sendto"
)
SECTOR = 512
LINE = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)(?:<((?:\\x..)*)>)?")
UNFINISHED = re.compile(r"^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
HANDLE = re.compile(r"^(\d+)<((?:\\x..)*)>")
TEXT = re.compile(r'"((?:\\x..)*)"')


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that happened: what, to which path, with which data."""

    kind: str  # make, folder, write, cut, rename, remove, sync, sent
    path: str = ""
    data: bytes = b""
    offset: int = 0  # of a write; the new size of a cut
    target: str = ""  # of a rename


def strace(log: Path, *words: str) -> list[str]:
    """Return the command line that runs a program and records what it writes."""
    options = ["-f", "-y", "-xx", "-s", "10000000", "-e", f"trace={SYSTEM_CALLS}"]
    return ["strace", *options, "-o", str(log), *words]


def operations(log: Path, folder: Path) -> list[Operation]:
    """Return what happened below a folder, in its order, and all that was sent."""
    offsets: dict[tuple[str, str], int] = {}  # of handles that are written from where they are
    found = []
    for name, arguments, result, opened in _calls(log):
        if result < 0:
            continue
        if name == "openat" and opened.startswith(str(folder)):
            offsets[str(result), opened] = 0
            if "O_CREAT" in arguments:
                found.append(Operation("make", opened))
            if "O_TRUNC" in arguments:
                found.append(Operation("cut", opened))
            continue
        operation = _operation(name, arguments, result, offsets)
        if operation and (operation.kind == "sent" or operation.path.startswith(str(folder))):
            found.append(operation)
    return found


def _calls(log: Path) -> Iterator[tuple[str, str, int, str]]:
    """Yield the system calls as they ended: name, arguments, result, path of a new handle."""
    begun: dict[str, str] = {}
    with log.open(encoding="ascii") as lines:
        for line in lines:
            whole = line.rstrip("\n")
            if match := UNFINISHED.match(whole):
                begun[match[1]] = f"{match[1]} {match[2]}({match[3]}"
                continue
            if match := RESUMED.match(whole):
                whole = begun.pop(match[1], "") + match[3]
            if match := LINE.match(whole):
                yield match[1], match[2], int(match[3]), _decoded(match[4] or "").decode()


def _operation(
    name: str, arguments: str, result: int, offsets: dict[tuple[str, str], int]
) -> Operation | None:
    texts = [_decoded(text) for text in TEXT.findall(arguments)]
    handle = HANDLE.match(arguments)
    path = _decoded(handle[2]).decode("utf-8", "replace") if handle else ""
    if name == "sendto":
        return Operation("sent", data=texts[0][:result])
    if name == "pwrite64":
        return Operation("write", path, texts[0][:result], int(arguments.rsplit(", ", 1)[1]))
    if name == "write" and handle:
        place = handle[1], path
        offset = offsets.get(place, 0)
        offsets[place] = offset + result
        return Operation("write", path, texts[0][:result], offset)
    if name in ("fsync", "fdatasync"):
        return Operation("sync", path)
    if name == "ftruncate":
        return Operation("cut", path, offset=int(arguments.rsplit(", ", 1)[1]))
    if name.startswith("rename"):
        return Operation("rename", texts[0].decode(), target=texts[1].decode())
    if name.startswith("unlink"):
        return Operation("remove", texts[-1].decode())
    if name.startswith("mkdir"):
        return Operation("folder", texts[-1].decode())
    return None


def _decoded(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


@dataclass
class _File:
    """What is certainly on the disk of a file, and what may be."""

    safe: bytearray = field(default_factory=bytearray)
    pending: list[Operation] = field(default_factory=list)

    def sync(self) -> None:
        for operation in self.pending:
            _apply(self.safe, operation, operation.data)
        self.pending.clear()

    def after_cut(self, chance: random.Random) -> bytes:
        """Return one of the contents that a power cut may leave."""
        content = bytearray(self.safe)
        keeps = chance.choice((0.0, 0.5, 1.0))
        for operation in self.pending:
            if chance.random() < keeps:
                data = operation.data
                if chance.random() < 0.3:  # torn: only its first sectors, or only its last ones
                    sector = chance.randrange(0, len(data) + 1, SECTOR)
                    kept = [data[:sector], data[sector:]]
                    part = chance.randrange(2)
                    shift = sector if part else 0
                    moved = Operation(
                        operation.kind, operation.path, offset=operation.offset + shift
                    )
                    _apply(content, moved if data else operation, kept[part])
                else:
                    _apply(content, operation, data)
        return bytes(content)


def _apply(content: bytearray, operation: Operation, data: bytes) -> None:
    if operation.kind == "cut":
        del content[operation.offset :]
        content.extend(bytes(operation.offset - len(content)))
        return
    end = operation.offset + len(data)
    if data and len(content) < end:
        content.extend(bytes(end - len(content)))
    content[operation.offset : end] = data


class Disk:
    """A disk on which operations happen, one after the other."""

    def __init__(self) -> None:
        self._safe: dict[str, _File] = {}  # the names that are certainly there
        self._names: dict[str, _File] = {}  # those that a program sees
        self._changes: list[Operation] = []  # of names since the last fsync
        self._made: dict[str, _File] = {}

    def happen(self, operation: Operation) -> None:
        """Let one operation happen."""
        kind = operation.kind
        if kind in ("write", "cut"):
            if operation.path in self._names:
                self._names[operation.path].pending.append(operation)
        elif kind == "sync":
            if operation.path in self._names:
                self._names[operation.path].sync()
            self._safe = dict(self._names)
            self._changes.clear()
        elif kind in ("make", "rename", "remove"):
            self._changes.append(operation)
            _rename(self._names, operation, self._made)

    def cut_power(self, chance: random.Random) -> dict[str, bytes]:
        """Return one of the states that a power cut now may leave: contents by path."""
        names = dict(self._safe)
        for change in self._changes[: chance.randrange(len(self._changes) + 1)]:
            _rename(names, change, self._made)
        return {path: file.after_cut(chance) for path, file in names.items()}


def _rename(names: dict[str, _File], change: Operation, made: dict[str, _File]) -> None:
    if change.kind == "make":
        if change.path not in names:
            names[change.path] = made.setdefault(_key(change), _File())
    elif change.kind == "remove":
        names.pop(change.path, None)
    elif change.path in names:
        names[change.target] = names.pop(change.path)


def _key(change: Operation) -> str:
    """Name the file that a change makes: the same change makes the same file."""
    return f"{change.path} {id(change)}"
