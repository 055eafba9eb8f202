"""The check of the program itself: whether it runs, answers, and is started again after a restart.

It runs if a process holds its lock on the data directory.  It answers if `/ping` does.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from kiosk.backup import PROGRAM_LOCK
from kiosk.doctor.check import BAD, GOOD, UNKNOWN, Check
from kiosk.doctor.observations import Observations
from kiosk.doctor.words import words as _
from kiosk.runtime.lock import is_locked
from kiosk.settings import Web

PING_TIMEOUT_S = 3.0
MAX_ANSWER_BYTES = 10_000


def service_manager(environment: Mapping[str, str] = os.environ) -> str:
    """Return what started this process and starts it again; empty if that is not known.

    systemd sets INVOCATION_ID for each service.
    """
    return "systemd" if environment.get("INVOCATION_ID") else ""


def program_check(
    folder: Path, web: Web, instance: str, program: Observations | None, is_here: bool
) -> Check:
    """Check the program on a data directory.

    `instance` names its logbook; `program` is what the program saw that runs, or ran last. In the
    running program itself `is_here` is true: then only what starts it again is asked.
    """
    code, what = "program", _("program")
    if not is_here and not is_locked(folder, PROGRAM_LOCK):
        seen = _("does not run on %(folder)s", folder=str(folder))
        do = _("Start it: with its service, or `serve`.")
        if _is_taken(web):
            seen = seen.then(_("another program has port %(port)s", port=web.port), "; ")
            do = _("Stop the other program, or name another port in [web] port; then start it.")
        return Check(code, what, BAD, seen, do)
    is_known = program is not None and program.url
    url = program.url if program is not None and is_known else f"http://{_host(web)}:{web.port}"
    if not is_here and (why := _no_answer(url, instance)):
        seen = _("runs, but does not answer at %(url)s (%(why)s)", url=url, why=why)
        if not is_known:
            do = _("If it was started with another --port, that is no fault: look there.")
            return Check(code, what, UNKNOWN, seen, do)
        do = _("Restart its service, and look into its log.")
        return Check(code, what, BAD, seen, do)
    manager = program.manager if program is not None else ""
    if manager:
        seen = _("runs at %(url)s, started by %(manager)s", url=url, manager=manager)
        return Check(code, what, GOOD, seen)
    seen = _("runs at %(url)s; not known whether it starts again with the machine", url=url)
    do = _("Install it as a service, so that it starts with the machine.")
    return Check(code, what, UNKNOWN, seen, do)


def _host(web: Web) -> str:
    host = "127.0.0.1" if web.host in ("0.0.0.0", "") else "::1" if web.host == "::" else web.host
    return f"[{host}]" if ":" in host else host


def _is_taken(web: Web) -> bool:
    """Return whether somebody serves where the pages of the program would be."""
    try:
        socket.create_connection((_host(web).strip("[]"), web.port), PING_TIMEOUT_S).close()
    except OSError:
        return False
    return True


def _no_answer(url: str, instance: str) -> str:
    """Return why `/ping` gave no answer of this logbook's program; empty if it did."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port or 80, timeout=PING_TIMEOUT_S
    )
    try:
        connection.request("GET", "/ping")
        answer = connection.getresponse()
        content = json.loads(answer.read(MAX_ANSWER_BYTES))
        if answer.status != http.HTTPStatus.OK:
            return f"HTTP {answer.status}"
        if instance and content["instance"] != instance:
            return "another program answers"
    except (OSError, http.client.HTTPException) as exc:
        return type(exc).__name__
    except (ValueError, KeyError, TypeError):
        return "another program answers"
    finally:
        connection.close()
    return ""
