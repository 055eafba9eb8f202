"""The event stream: pages learn from it that there is a new verdict, or that the status changed.

- The id of an event is the row of the newest attempt.  A page that was away sends the last id it
  knows and gets the verdicts it missed, also after a restart of the program.
- Events hold no personal data.  The page fetches what it shows.
- A stream that must give its place to a newer one ends with the event `closed`.  A browser that
  connects again all the same sends the id of that event and gets 204, which ends the reconnection
  (HTML standard, "Server-sent events").
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator

from flask import Blueprint, Response, request

from kiosk.desk import Notifier
from kiosk.logbook import Attempts, LogbookUnavailable
from kiosk.web.status import Status

HEARTBEAT_S = 1.5  # between two writes; a closed page is noticed at the second one at the latest
RETRY_MS = 1000  # after which a browser connects again
MAX_ID_DIGITS = 18  # of an attempt's row
CLOSED = "closed"  # the name and the id of the last event
MAX_STREAM_NAME = 40  # characters
HEARTBEAT = ": still here\n\n"  # a comment, which browsers ignore

# Open pages get this while the logbook cannot be read.  Their streams stay open, because a browser
# does not connect again after an answer that was an error.
UNAVAILABLE = f"event: problem\ndata: {json.dumps({'title': 'logbook_unavailable'})}\n\n"


def make_events(
    notifier: Notifier,
    attempts: Attempts,
    status: Status,
    stop: threading.Event,
    lives: Callable[[], Callable[[], bool]],
) -> Blueprint:
    """Return the blueprint of /events.  The streams end when `stop` is set.

    `lives` returns, for the request of a stream, what says whether its session still lives: it is
    asked at each heartbeat.
    """
    events = Blueprint("events", __name__)

    @events.get("/events")
    def stream() -> Response:
        """Stream events until the page is closed or the program stops."""
        last_known = request.headers.get("Last-Event-ID") or request.args.get("last") or ""
        if last_known == CLOSED:
            return Response(status=204)
        newest = attempts.last_id()
        is_id = last_known.isascii() and last_known.isdigit() and len(last_known) < MAX_ID_DIGITS
        # A page of an earlier logbook may name a row that this logbook does not have yet.
        last = min(int(last_known), newest) if is_id else newest
        name = request.args.get("stream", "")[:MAX_STREAM_NAME]
        is_gone = request.environ.get("waitress.client_disconnected", lambda: False)
        stream = _stream(last, name, is_gone, lives())
        response = Response(stream, mimetype="text/event-stream")
        response.headers["X-Accel-Buffering"] = "no"
        return response

    def _stream(
        last: int, name: str, is_gone: Callable[[], bool], is_alive: Callable[[], bool]
    ) -> Iterator[str]:
        number, sent = notifier.enter(name), ""
        try:
            yield f"retry: {RETRY_MS}\n\n"
            while not (stop.is_set() or is_gone()) and notifier.may_stay(number):
                version = notifier.version()
                try:
                    if not is_alive():
                        return  # signed out, or locked: the page asks for the PIN
                    verdicts = list(attempts.since(last))
                    state = json.dumps(status(), ensure_ascii=False)
                except LogbookUnavailable:
                    yield HEARTBEAT if sent == UNAVAILABLE else UNAVAILABLE
                    sent = UNAVAILABLE
                    notifier.wait(version, HEARTBEAT_S)
                    continue
                for attempt in verdicts:
                    last = attempt.id
                    news = {
                        "attempt": attempt.id,
                        "reading": attempt.reading,
                        "outcome": attempt.outcome,
                        "reader": attempt.reader,
                    }
                    yield f"id: {last}\nevent: verdict\ndata: {json.dumps(news)}\n\n"
                if state != sent:
                    # The id is sent here too: a page that has seen no verdict yet must know from
                    # where to go on.
                    yield f"id: {last}\nevent: status\ndata: {state}\n\n"
                    sent = state
                else:
                    yield HEARTBEAT
                notifier.wait(version, HEARTBEAT_S)
            if not notifier.may_stay(number):
                yield f'id: {CLOSED}\nevent: closed\ndata: {{"reason": "too_many"}}\n\n'
        finally:
            notifier.leave(number)

    return events
