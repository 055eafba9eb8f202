"""The event stream: tells pages that there is a verdict to show, or that the desk's state changed.

An event's id is the row of its attempt, so that a page which was away gets what it missed,
across restarts too. Events hold no one's data: the page fetches what it shows.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

from flask import Blueprint, Response, request

from kiosk.desk import Screen
from kiosk.logbook import Attempts, LogbookUnavailable
from kiosk.web.status import Status

HEARTBEAT_S = 1.5  # a closed page is noticed when a write fails: within two of these
RETRY_MS = 1000
MAX_DIGITS = 18  # of a row id

# What a page that is open gets while the logbook cannot be read.  Its stream stays: a browser
# does not come back to a stream that was once answered with an error.
UNAVAILABLE = f"event: problem\ndata: {json.dumps({'title': 'logbook_unavailable'})}\n\n"


def make_events(
    screen: Screen, attempts: Attempts, status: Status, stop: threading.Event
) -> Blueprint:
    """Return the blueprint of /events."""
    events = Blueprint("events", __name__)

    @events.get("/events")
    def stream() -> Response:
        """Stream events until the page goes or the program stops."""
        asked = request.headers.get("Last-Event-ID") or request.args.get("last") or ""
        newest = attempts.last_id()
        known = asked.isascii() and asked.isdigit() and len(asked) < MAX_DIGITS
        # A page of a logbook that is no longer here may ask for what has not been yet.
        last = min(int(asked), newest) if known else newest
        response = Response(_stream(last), mimetype="text/event-stream")
        response.headers["X-Accel-Buffering"] = "no"
        return response

    def _stream(last: int) -> Iterator[str]:
        number, heard, told = screen.enter(), -1, ""
        try:
            yield f"retry: {RETRY_MS}\n\n"
            while not stop.is_set() and screen.may_stay(number):
                heard = screen.rings()
                try:
                    verdicts = list(attempts.since(last))
                    state = json.dumps(status(), ensure_ascii=False)
                except LogbookUnavailable:
                    yield ": still here\n\n" if told == UNAVAILABLE else UNAVAILABLE
                    told = UNAVAILABLE
                    screen.wait(heard, HEARTBEAT_S)
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
                screen.wait(heard, HEARTBEAT_S)
        finally:
            screen.leave(number)

    return events
