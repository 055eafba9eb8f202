"""Which version of a feed may be believed, by the rules of The Update Framework (TUF).

python-tuf verifies; this module gives it the files of our sources and translates its errors.  The
rules, by the sections of the TUF specification's client workflow:

1. Trust begins with the root metadata that the operator was given by hand.  A newer root counts
   if enough keys of the root before it and of itself have signed it (5.3.4).  FeedNotSigned.
2. Timestamp, snapshot and targets count if the keys that the root names have signed them (5.4.2,
   5.5.3, 5.6.3).  FeedNotSigned.
3. None of them is older than the one that was verified here before, and they belong together:
   each names the version of the next (5.3.5, 5.4.3, 5.5.4, 5.5.5, 5.6.4).  FeedRolledBack.
4. None of them has expired (5.3.10, 5.4.4, 5.5.6, 5.6.5).  FeedExpired.
5. None of them is larger than its limit, and each has the length and the hash that are signed for
   it, if any are (5.3.3, 5.4.1, 5.5.1, 5.5.2, 5.6.1, 5.6.2).  FeedNotWhole.
6. Ours: the timestamp says when the publisher last confirmed that nothing is newer (`issued`,
   with a time zone).  DataUnusable.

The rules against what is in use, and the clock floor, are in update.py.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from tuf.api import exceptions
from tuf.api.metadata import Metadata, Root, TargetFile, Targets, Timestamp
from tuf.api.serialization import DeserializationError
from tuf.ngclient import FetcherInterface, Updater

from kiosk.data import DataUnusable, DiskFull, check_issued
from kiosk.errors import DataError
from kiosk.feed.errors import (
    FeedExpired,
    FeedNotSigned,
    FeedNotThere,
    FeedNotWhole,
    FeedRolledBack,
    FeedUnreachable,
)
from kiosk.feed.sources import FeedSource

METADATA_URL = "feed:///metadata/"  # never opened: our fetchers use only the name behind it
ERRORS = (  # theirs and ours; the first that fits counts
    (DeserializationError, FeedNotWhole),  # not metadata at all
    (exceptions.ExpiredMetadataError, FeedExpired),
    (exceptions.BadVersionNumberError, FeedRolledBack),
    (exceptions.UnsignedMetadataError, FeedNotSigned),
    (exceptions.LengthOrHashMismatchError, FeedNotWhole),
    (exceptions.DownloadLengthMismatchError, FeedNotWhole),
    (exceptions.DownloadHTTPError, FeedNotThere),
    (exceptions.DownloadError, FeedUnreachable),
    (exceptions.StorageError, DiskFull),
    (exceptions.RepositoryError, DataUnusable),
)


class Publication(NamedTuple):
    """A version of a feed that may be believed.

    `confirmed` is when the publisher last confirmed that nothing is newer, and `expires` until when
    that holds (both aware).  `targets` are its files, by their path.
    """

    version: int
    confirmed: datetime
    expires: datetime
    targets: Mapping[str, TargetFile]


def name_of_root(root: bytes) -> str:
    """Return eight characters that identify a feed by its first root metadata."""
    return hashlib.sha256(root).hexdigest()[:8]


def refresh(metadata: Path, root: bytes, source: FeedSource) -> Publication:
    """Fetch the newest metadata of a feed, verify it, and return the newest version.

    `metadata` is the folder where verified metadata are kept, `root` the root metadata that the
    operator was given by hand.  Raises the DataError of the rule that is broken, or of the source;
    what was verified before stays as it was.
    """
    with _translate_tuf_errors():
        metadata.mkdir(parents=True, exist_ok=True)
        Updater(str(metadata), METADATA_URL, fetcher=_Fetcher(source), bootstrap=root).refresh()
        return _read(metadata)


def read_verified(metadata: Path, root: bytes) -> Publication:
    """Return the newest version that was verified here before, without a source.

    Signatures and expiry are verified again.  Raises the errors of `refresh`.
    """
    with _translate_tuf_errors():
        updater = Updater(
            str(metadata), METADATA_URL, fetcher=_TimestampOnDisk(metadata), bootstrap=root
        )
        updater.refresh()
        return _read(metadata)


def _read(metadata: Path) -> Publication:
    """Read the metadata that the updater has just verified and written."""
    timestamp = Metadata[Timestamp].from_file(str(metadata / "timestamp.json")).signed
    targets = Metadata[Targets].from_file(str(metadata / "targets.json")).signed
    try:
        confirmed = check_issued(datetime.fromisoformat(timestamp.unrecognized_fields["issued"]))
    except (KeyError, TypeError, ValueError) as exc:
        raise DataUnusable("timestamp.json: expected the time when it was issued") from exc
    return Publication(targets.version, confirmed, timestamp.expires, targets.targets)


def check_root(text: bytes) -> None:
    """Raise DataUnusable if `text` is not the root metadata of a feed."""
    try:
        if Metadata.from_bytes(text).signed.type == Root.type:
            return
    except (DeserializationError, exceptions.RepositoryError) as exc:
        raise DataUnusable("not the root metadata of a feed") from exc
    raise DataUnusable("not the root metadata of a feed")


class _Fetcher(FetcherInterface):
    """Gives the updater the files of a source."""

    def __init__(self, source: FeedSource) -> None:
        self._source = source

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = unquote(url.removeprefix(METADATA_URL))
        try:
            yield from self._source.read(f"metadata/{name}").blocks
        except FeedNotThere as exc:
            raise exceptions.DownloadHTTPError(f"{name} is not there", 404) from exc


class _TimestampOnDisk(FetcherInterface):
    """Gives the updater only the timestamp that it verified before, and nothing newer."""

    def __init__(self, metadata: Path) -> None:
        self._metadata = metadata

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = url.removeprefix(METADATA_URL)
        if name != "timestamp.json" or not (self._metadata / name).is_file():
            raise exceptions.DownloadHTTPError(f"{name} is not here", 404)
        yield (self._metadata / name).read_bytes()


@contextlib.contextmanager
def _translate_tuf_errors() -> Iterator[None]:
    """Translate every error that the library can raise for a bad feed into one of ours."""
    try:
        yield
    except DataError:
        raise
    except OSError as exc:
        raise DiskFull(f"the metadata cannot be written: {exc.strerror}") from exc
    except Exception as exc:
        for theirs, ours in ERRORS:
            if isinstance(exc, theirs):
                raise ours(str(exc)) from exc
        raise
