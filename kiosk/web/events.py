"""The event stream: tells pages that there is a verdict to show, or that the desk's state changed.

An event's id is the row of its attempt, so that a page which was away gets what it missed,
across restarts too. Events hold no one's data: the page fetches what it shows.

A stream that has to leave its place to a newer one ends with the event `closed`, whose id makes a
browser that connects again all the same get 204, after which it stops (HTML standard, "Server-sent
events": 204 ends the reconnection).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator

from flask import Blueprint, Response, request

from kiosk.desk import Notifier
from kiosk.logbook import Attempts, LogbookUnavailable
from kiosk.web.status import Status

HEARTBEAT_S = 1.5  # a closed page is noticed when a write fails: within two of these
RETRY_MS = 1000
MAX_DIGITS = 18  # of a row id
CLOSED = "closed"  # the last event, and its id
MAX_NAME = 40  # characters of a stream's name

# What a page that is open gets while the logbook cannot be read.  Its stream stays: a browser
# does not come back to a stream that was once answered with an error.
UNAVAILABLE = f"event: problem\ndata: {json.dumps({'title': 'logbook_unavailable'})}\n\n"


def make_events(
    notifier: Notifier, attempts: Attempts, status: Status, stop: threading.Event
) -> Blueprint:
    """Return the blueprint of /events."""
    events = Blueprint("events", __name__)

    @events.get("/events")
    def stream() -> Response:
        """Stream events until the page goes or the program stops."""
        asked = request.headers.get("Last-Event-ID") or request.args.get("last") or ""
        if asked == CLOSED:
            return Response(status=204)
        newest = attempts.last_id()
        known = asked.isascii() and asked.isdigit() and len(asked) < MAX_DIGITS
        # A page of a logbook that is no longer here may ask for what has not been yet.
        last = min(int(asked), newest) if known else newest
        name = request.args.get("stream", "")[:MAX_NAME]
        is_gone = request.environ.get("waitress.client_disconnected", lambda: False)
        response = Response(_stream(last, name, is_gone), mimetype="text/event-stream")
        response.headers["X-Accel-Buffering"] = "no"
        return response

    def _stream(last: int, name: str, is_gone: Callable[[], bool]) -> Iterator[str]:
        number, heard, told = notifier.enter(name), -1, ""
        try:
            yield f"retry: {RETRY_MS}\n\n"
            while not (stop.is_set() or is_gone()) and notifier.may_stay(number):
                heard = notifier.version()
                try:
                    verdicts = list(attempts.since(last))
                    state = json.dumps(status(), ensure_ascii=False)
                except LogbookUnavailable:
                    yield ": still here\n\n" if told == UNAVAILABLE else UNAVAILABLE
                    told = UNAVAILABLE
                    notifier.wait(heard, HEARTBEAT_S)
                    continue
                for attempt in verdicts:
                    last = attempt.id
                    news = {"attempt": attempt.id, "reading": attempt.reading,
                            "outcome": attempt.outcome, "reader": attempt.reader}  # fmt: skip
                    yield f"id: {last}\nevent: verdict\ndata: {json.dumps(news)}\n\n"
                if state != told:
                    # With an id, so that a page which has seen no verdict yet misses none either.
                    yield f"id: {last}\nevent: status\ndata: {state}\n\n"
                    told = state
                else:
                    yield ": still here\n\n"
                notifier.wait(heard, HEARTBEAT_S)
            if not notifier.may_stay(number):
                yield f'id: {CLOSED}\nevent: closed\ndata: {{"reason": "too_many"}}\n\n'
        finally:
            notifier.leave(number)

    return events
