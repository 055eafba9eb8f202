"""Read a file of card records: a small one here, a large one in processes of our own.

The blocks go round the processes in turn and their rows come back in the order of the file, so
that the first bad line is the one that is told.
"""

from __future__ import annotations

import codecs
import gc
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO

from kiosk.errors import DataError
from kiosk.registry.blocks import BLOCK, Block, cut
from kiosk.registry.columns import heading_of
from kiosk.registry.errors import BadRecords
from kiosk.registry.records import RecordFile, Rows, read_block

LARGE = 1 << 24  # bytes; reading less is sooner done than starting processes
WORKERS = 2  # each takes 60 MiB: a desk's machine has no more to spare
ENDS_WITHIN_S = 10.0


def read_records(path: Path, salt: bytes, full: bool = False) -> Iterator[Rows]:
    """Yield the rows of a file, block by block: JSON lines where it is called so, else CSV.

    With what it says of people, where the registry is to be `full`.

    BadRecords names the first bad line; DataError where a process of ours ends before its time.
    """
    try:
        with path.open("rb") as file:
            source, line = _begin(path, file, full)
            blocks = cut(file, line)
            if os.fstat(file.fileno()).st_size > LARGE:
                yield from _read_by_workers(source, blocks, salt)
            else:
                yield from (read_block(source, block, salt) for block in blocks)
    except OSError as exc:
        raise BadRecords(f"{path}: cannot be read ({type(exc).__name__})") from exc


def _begin(path: Path, file: IO[bytes], full: bool) -> tuple[RecordFile, int]:
    """Go past what stands before the first card; return the source and the line of that card."""
    if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
        file.seek(0)
    source = RecordFile(str(path), None, full)
    if path.suffix.lower() == ".jsonl":
        return source, 1
    try:
        return source._replace(heading=heading_of(file.readline(BLOCK))), 2
    except ValueError as exc:
        raise source.wrong(1, exc) from None


def _read_by_workers(source: RecordFile, blocks: Iterator[Block], salt: bytes) -> Iterator[Rows]:
    with ExitStack() as stack:
        idle = [stack.enter_context(Worker(source, salt)) for _ in range(WORKERS)]
        busy: deque[Worker] = deque()
        for block in blocks:
            worker = idle.pop() if idle else busy.popleft()
            rows = worker.take()
            worker.give(block)
            busy.append(worker)
            if rows is not None:
                yield rows  # while they are dealt, all are reading
        for worker in busy:
            rows = worker.take()
            if rows is not None:
                yield rows


class Worker:
    """A process that reads blocks; at most one is with it.

    It ends when this process does, even by a kill: then its end of the pipe is closed.
    """

    def __init__(self, source: RecordFile, salt: bytes) -> None:
        context = multiprocessing.get_context("spawn")  # the only way on Windows
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=work, args=(theirs, source, salt), daemon=True)
        self._process.start()
        theirs.close()
        self._has_block = False

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._pipe.close()
        self._process.join(ENDS_WITHIN_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()

    def give(self, block: Block) -> None:
        """Hand it a block; DataError where it is no more."""
        try:
            self._pipe.send(block)
        except OSError as exc:
            raise self._ended() from exc
        self._has_block = True

    def take(self) -> Rows | None:
        """Wait for the rows of the block it has; None where it has none. BadRecords, DataError."""
        if not self._has_block:
            return None
        try:
            answer: Rows | BadRecords = self._pipe.recv()
        except (EOFError, OSError) as exc:
            raise self._ended() from exc
        self._has_block = False
        if isinstance(answer, BadRecords):
            raise answer
        return answer

    def _ended(self) -> DataError:
        self._process.join(ENDS_WITHIN_S)
        return DataError(f"a process that read the records ended ({self._process.exitcode})")


def work(pipe: Connection, source: RecordFile, salt: bytes) -> None:
    """Answer each block with its rows, or with the error, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who started us
    gc.disable()  # nothing here goes round in circles, and looking for it takes a third of the time
    try:
        while True:
            try:
                pipe.send(read_block(source, pipe.recv(), salt))
            except BadRecords as exc:
                pipe.send(exc)
    except (EOFError, OSError):
        return
