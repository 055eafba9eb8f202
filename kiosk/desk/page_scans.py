"""Cards that are read for a page, such as the one of enquiries: they go to it, not to the desk.

1. A page listens while it is in front of its clerk: it asks again and again, and each question
   renews its turn for LEASE_S.
2. A scan of a reader that stands at the page's desk alone goes to the page.  If two pages listen to
   one reader, it is not known whose patient it is: the scan goes to the desk, as without a page.
3. A scan that the page does not fetch within TAKE_WITHIN_S goes to the desk: no patient is lost.
4. What a page has fetched is nowhere else: no attempt is recorded.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from kiosk.desk.errors import NothingRead
from kiosk.logbook import NotRecorded
from scanner import Scan
from verify import holds_text

log = logging.getLogger(__name__)

LEASE_S = 3.0
TAKE_WITHIN_S = 3.0
MAX_WAITING = 8  # scans of one page that nobody has fetched
MAX_PAGES = 100

Receive = Callable[[Scan], object]


@dataclass(slots=True)
class _Listener:
    """A page that listens: until when, to which readers, and the scans that wait for it."""

    until: float
    readers: frozenset[str]
    waiting: list[Scan] = field(default_factory=list, repr=False)


class PageScans:
    """The pages that listen, and the scans that wait for them. Any thread may call."""

    def __init__(
        self,
        seconds: Callable[[], float] = time.monotonic,
        take_within_s: float = TAKE_WITHIN_S,
    ) -> None:
        """`seconds` returns the seconds since any fixed moment."""
        self._seconds, self._take_within_s = seconds, take_within_s
        self._lock = threading.Lock()
        self._pages: dict[str, _Listener] = {}

    def listen(self, page: str, readers: Collection[str]) -> list[Scan]:
        """Return what was read for a page since it last asked, and let it listen on.

        `page` is the name that the page gave itself, and `readers` are those of its desk.
        """
        with self._lock:
            now = self._forget_old()
            listener = self._pages.get(page)
            if listener is None:
                if len(self._pages) >= MAX_PAGES:
                    return []
                listener = self._pages[page] = _Listener(now, frozenset())
            listener.until = now + LEASE_S
            listener.readers = frozenset(readers)
            found = listener.waiting.copy()
            listener.waiting.clear()
            return found

    def leave(self, page: str) -> None:
        """Forget a page that was closed, wiped or put behind another one."""
        with self._lock:
            self._pages.pop(page, None)

    def before(self, receive: Receive) -> Callable[[Scan], None]:
        """Return what keeps the scans of listening pages, and passes all others on to `receive`."""

        def keep_or_pass(scan: Scan) -> None:
            listener = self._keep(scan) if holds_text(scan.payload) else None
            if listener is None:
                receive(scan)
                return
            timer = threading.Timer(self._take_within_s, self._give_back, (listener, scan, receive))
            timer.daemon = True
            timer.start()

        return keep_or_pass

    def _keep(self, scan: Scan) -> _Listener | None:
        """Keep a scan for the only page that listens to its reader. None if it is not kept."""
        with self._lock:
            self._forget_old()
            listening = [page for page in self._pages.values() if scan.reader in page.readers]
            if len(listening) != 1 or len(listening[0].waiting) >= MAX_WAITING:
                return None
            listening[0].waiting.append(scan)
            return listening[0]

    def _give_back(self, listener: _Listener, scan: Scan, receive: Receive) -> None:
        """Pass a scan on that its page has not fetched, or was forgotten with."""
        with self._lock:
            if not any(waiting is scan for waiting in listener.waiting):
                return
            listener.waiting = [waiting for waiting in listener.waiting if waiting is not scan]
        try:
            receive(scan)
        except NothingRead as exc:
            log.debug("%s", exc)
        except NotRecorded as exc:
            log.error("a scan of reader %s is lost: %s", scan.reader, exc)

    def _forget_old(self) -> float:
        """Forget the pages whose turn is over; return the time now."""
        now = self._seconds()
        self._pages = {name: page for name, page in self._pages.items() if now <= page.until}
        return now
