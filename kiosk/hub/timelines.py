"""Which server is the newest: a cluster, and its timeline, which grows with each promotion.

An old primary that comes back by itself still takes writing.  Its timeline is lower than the new
primary's, so that whoever has seen the new one can tell.  The same holds for a cluster that was
replaced by another one (a dump that was restored into a new cluster).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from kiosk.hub.errors import HubBehind


class TimelineGuard:
    """The newest cluster and timeline that this desk has seen. Any thread may call."""

    def __init__(
        self,
        seen: Mapping[str, int] | None = None,
        keep: Callable[[dict[str, int]], None] | None = None,
    ) -> None:
        """`seen` has the clusters in the order in which they were seen, each with its timeline.

        `keep` is called with it after each change; what it raises leaves all as it was.
        """
        self._seen = dict(seen or {})
        self._keep = keep
        self._lock = threading.Lock()

    @property
    def seen(self) -> dict[str, int]:
        """All clusters, the newest last, each with the highest timeline that was seen."""
        return dict(self._seen)

    def check(self, system: str, timeline: int) -> None:
        """Note the cluster and timeline of a server. Raises HubBehind if it is an older one."""
        with self._lock:
            newest = next(reversed(self._seen), None)
            if system in self._seen and system != newest:
                raise HubBehind(
                    "the server belongs to a cluster that was replaced by another one: nothing is"
                    " sent there. Take its address out of [hub] url, or fence it"
                )
            highest = self._seen.get(system, 0)
            if timeline < highest:
                raise HubBehind(
                    f"the server is on timeline {timeline}, and {highest} was seen before: it is"
                    " an old primary. Nothing is sent there; fence it (docs/hub.md)"
                )
            if timeline > highest:
                seen = self._seen | {system: timeline}
                if self._keep is not None:
                    self._keep(dict(seen))
                self._seen = seen
