"""Starting the program again after it has ended itself, with or without a service manager.

1. On POSIX the process becomes the new program (exec): its number, its console and its place under
   a service manager stay.
2. Windows has no such thing.  The program starts itself as a child in the same console and waits
   for it, so that Ctrl+C and the window stay.  A child that wants to start again ends with
   `STARTS_AGAIN`, and the first process starts the next one: never more than two at a time.
3. A service of Windows ends with 1, and its manager starts it: see `IS_SERVICE`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

STARTS_AGAIN = 75  # EX_TEMPFAIL of sysexits.h
CHILD = "TIEPDON_STARTED_BY"  # in the environment of a child: the number of the waiting process
IS_SERVICE = "TIEPDON_SERVICE"  # set by whatever runs the program as a service of Windows


def command_again(own: Sequence[str], executable: str, extra: Sequence[str]) -> list[str]:
    """Return the command line that starts the program again.

    `own` is the command line as the system had it, `executable` the interpreter, and `extra` are
    arguments of `serve` that count more than those before them.
    """
    words = [executable, *own[1:]]
    if "serve" not in words:  # it runs when no command is named
        words.append("serve")
    is_there = words[len(words) - len(extra) :] == list(extra)
    return words if is_there else [*words, *extra]


def start_again(
    extra: Sequence[str] = (),
    is_windows: bool = os.name == "nt",
    environment: Mapping[str, str] = os.environ,
) -> NoReturn:
    """End this program and start it again with the same arguments and `extra`. Never returns.

    Everything that must not be open twice, such as locks and ports, has been closed before.
    """
    words = command_again(sys.orig_argv, sys.executable, extra)
    sys.stdout.flush()
    sys.stderr.flush()
    if not is_windows:
        os.execv(sys.executable, words)
    if environment.get(IS_SERVICE):
        raise SystemExit(1)
    if environment.get(CHILD):
        raise SystemExit(STARTS_AGAIN)
    child = {**environment, CHILD: str(os.getpid())}
    code = STARTS_AGAIN
    while code == STARTS_AGAIN:
        code = subprocess.call(words, env=child)
    raise SystemExit(code)
