"""Read a file of card records: a small one in this process, a large one in worker processes.

The workers get the blocks in turn, and their rows are returned in the order of the file, so that
an error names the first malformed line.
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
from kiosk.registry.blocks import BLOCK_BYTES, Block, split_into_blocks
from kiosk.registry.columns import has_content, read_heading
from kiosk.registry.errors import BadRecords
from kiosk.registry.records import RecordFile, Rows, read_block

MAX_BYTES_WITHOUT_WORKERS = 1 << 24  # up to here, starting processes takes longer than reading
WORKER_COUNT = 2  # each takes 60 MiB; a desk's machine has no more to spare
WORKER_END_TIMEOUT_S = 10.0


def read_records(path: Path, salt: bytes, full: bool = False) -> Iterator[Rows]:
    """Yield the rows of a file, block by block.

    A file whose name ends in `.jsonl` has JSON lines; any other is CSV.  `salt` is the key of the
    hashes.  With `full`, the rows also hold what the file says of people.

    Raises BadRecords if the file cannot be read or a line is malformed (the first such line is
    named); DataError if a worker process ends unexpectedly.
    """
    try:
        with path.open("rb") as file:
            source, line = _read_beginning(path, file, full)
            blocks = split_into_blocks(file, line)
            if os.fstat(file.fileno()).st_size > MAX_BYTES_WITHOUT_WORKERS:
                yield from _read_by_workers(source, blocks, salt)
            else:
                yield from (read_block(source, block, salt) for block in blocks)
    except OSError as exc:
        raise BadRecords(f"{path}: cannot be read ({type(exc).__name__})") from exc


def _read_beginning(path: Path, file: IO[bytes], full: bool) -> tuple[RecordFile, int]:
    """Read what comes before the first card; return the source and that card's line number."""
    if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
        file.seek(0)
    source = RecordFile(str(path), None, full)
    if path.suffix.lower() == ".jsonl":
        return source, 1
    line, text = 1, file.readline(BLOCK_BYTES)
    while text and not has_content(text):
        line, text = line + 1, file.readline(BLOCK_BYTES)
    try:
        return source._replace(heading=read_heading(text)), line + 1
    except ValueError as exc:
        raise source.error(line, exc) from None


def _read_by_workers(source: RecordFile, blocks: Iterator[Block], salt: bytes) -> Iterator[Rows]:
    with ExitStack() as stack:
        idle = [stack.enter_context(Worker(source, salt)) for _ in range(WORKER_COUNT)]
        busy: deque[Worker] = deque()
        for block in blocks:
            worker = idle.pop() if idle else busy.popleft()
            rows = worker.receive()
            worker.send(block)
            busy.append(worker)
            if rows is not None:
                yield rows  # all workers are reading while the caller handles these
        for worker in busy:
            rows = worker.receive()
            if rows is not None:
                yield rows


class Worker:
    """A process that reads blocks; it has at most one at a time.

    It ends when this process ends, even if this one is killed, because its end of the pipe is
    closed then.
    """

    def __init__(self, source: RecordFile, salt: bytes) -> None:
        context = multiprocessing.get_context("spawn")  # the only way on Windows
        self._pipe, its_pipe = context.Pipe()
        self._process = context.Process(
            target=run_worker, args=(its_pipe, source, salt), daemon=True
        )
        self._process.start()
        its_pipe.close()
        self._has_block = False

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._pipe.close()
        self._process.join(WORKER_END_TIMEOUT_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()

    def send(self, block: Block) -> None:
        """Give it a block to read.  Raises DataError if the process has ended."""
        try:
            self._pipe.send(block)
        except OSError as exc:
            raise self._ended() from exc
        self._has_block = True

    def receive(self) -> Rows | None:
        """Wait for the rows of the block that it has; None if it has no block.

        Raises BadRecords if a line of the block is malformed, DataError if the process has ended.
        """
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
        self._process.join(WORKER_END_TIMEOUT_S)
        return DataError(f"a process that read the records ended ({self._process.exitcode})")


def run_worker(pipe: Connection, source: RecordFile, salt: bytes) -> None:
    """Answer each block with its rows, or with the error, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent process
    gc.disable()  # there are no reference cycles, and looking for them takes a third of the time
    try:
        while True:
            try:
                pipe.send(read_block(source, pipe.recv(), salt))
            except BadRecords as exc:
                pipe.send(exc)
    except (EOFError, OSError):
        return
