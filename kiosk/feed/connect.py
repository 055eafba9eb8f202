"""Set up the client of the feed as the settings say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from kiosk.data import DataUnusable, missing_tables, read_tables
from kiosk.errors import SettingsError
from kiosk.feed.schedule import FeedSchedule
from kiosk.feed.sources import FeedSource, FolderSource, WebSource
from kiosk.feed.trust import check_root
from kiosk.feed.update import Feed
from kiosk.runtime.ordinary_file import read_ordinary
from kiosk.runtime.paths import shipped_folder
from kiosk.runtime.proxies import DIRECT, Proxies
from kiosk.runtime.steady_clock import SteadyClock
from kiosk.settings import FeedSettings
from verify import BadTable


def connect_feed(
    feed: FeedSettings,
    folder: Path,
    now: Callable[[], datetime],
    floor: Callable[[], datetime],
    is_damaged: Callable[[], bool],
    adopted: Callable[[], None],
    steady: SteadyClock | None = None,
    proxies: Proxies = DIRECT,
) -> FeedSchedule | None:
    """Return the schedule of updates from the feed; None if the settings name no source.

    `folder` holds the adopted files and `floor` returns a moment (aware) that is known to have
    passed.  `is_damaged` says whether the files in use must be checked; `adopted` is called after
    each update that succeeded.  With `steady`, the
    time that the feed shows is kept.  `proxies` are the way out.

    Raises SettingsError if the root metadata cannot be used.
    """
    sources: list[FeedSource] = []
    if feed.url:
        sources.append(WebSource(feed.url, now, feed.longest_minutes * 60.0, proxies))
    if feed.folder:
        sources.append(FolderSource(Path(feed.folder)))
    if not sources:
        return None
    return FeedSchedule(
        folder,
        Feed(folder, read_root(Path(feed.root_file)), floor, check_tables, is_damaged),
        sources,
        timedelta(minutes=feed.every_minutes),
        now,
        adopted,
        steady,
    )


def read_root(path: Path) -> bytes:
    """Return the root metadata in a file; raises SettingsError if it holds none."""
    try:
        root = read_ordinary(path)
        check_root(root)
    except OSError as exc:
        raise SettingsError(f"[feed] root_file: {path} cannot be read ({exc.strerror})") from exc
    except DataUnusable as exc:
        raise SettingsError(f"[feed] root_file: {path} is {exc}") from exc
    return root


def check_tables(folder: Path) -> None:
    """Check that the tables in `folder`, from a feed, can replace the shipped ones.

    A feed of an older version lacks the tables that were added later.  Raises DataUnusable if
    another table is missing, or if one is malformed.
    """
    shipped = shipped_folder("config") / "tables"
    for name in missing_tables(folder):
        raise DataUnusable(f"{folder.name}: {name} is missing")
    try:
        read_tables(folder, shipped)
    except BadTable as exc:
        raise DataUnusable(str(exc)) from exc
