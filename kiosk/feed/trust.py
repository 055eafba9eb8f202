"""What of a feed may be believed, by The Update Framework: signatures, versions, expiry.

python-tuf verifies; this reads its files through our sources, and says in our words why not.
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

from kiosk.data import DataUnusable, DiskFull
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

BASE = "feed:///metadata/"  # never asked for: our fetcher takes what stands behind it
SAYS = (  # the first that fits counts
    (DeserializationError, FeedNotWhole),  # not metadata at all: nobody has signed it
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

    `confirmed` is when its publisher last said that there is nothing newer, `expires` until when
    that holds (both aware).
    """

    version: int
    confirmed: datetime
    expires: datetime
    targets: Mapping[str, TargetFile]


def name_of_root(root: bytes) -> str:
    """Return eight characters that tell one feed's first keys from another's."""
    return hashlib.sha256(root).hexdigest()[:8]


def refresh(metadata: Path, root: bytes, source: FeedSource) -> Publication:
    """Bring what is known of a feed up to date, and return its newest version.

    `root` is the root metadata that the operator was given by hand.  Raises the DataError that
    tells why the feed cannot be believed now; what was believed before is unharmed.
    """
    with _translate_tuf_errors():
        metadata.mkdir(parents=True, exist_ok=True)
        Updater(str(metadata), BASE, fetcher=_Fetcher(source), bootstrap=root).refresh()
        return _read(metadata)


def read_verified(metadata: Path, root: bytes) -> Publication:
    """Return the newest version that was verified here, without asking anybody.

    Signatures and expiry are seen to once more.  Raises as `refresh` does.
    """
    with _translate_tuf_errors():
        updater = Updater(str(metadata), BASE, fetcher=_OnDisk(metadata), bootstrap=root)
        updater.refresh()
        return _read(metadata)


def _read(metadata: Path) -> Publication:
    """Read what the updater has just verified and left on the disk."""
    timestamp = Metadata[Timestamp].from_file(str(metadata / "timestamp.json")).signed
    targets = Metadata[Targets].from_file(str(metadata / "targets.json")).signed
    try:
        confirmed = datetime.fromisoformat(timestamp.unrecognized_fields["issued"])
    except (KeyError, TypeError, ValueError) as exc:
        raise DataUnusable("timestamp.json: wanted when it was issued") from exc
    if confirmed.tzinfo is None:
        raise DataUnusable("timestamp.json: issued at a time without its zone")
    return Publication(targets.version, confirmed, timestamp.expires, targets.targets)


def check_root(text: bytes) -> None:
    """DataUnusable where a file is not the root metadata of a feed."""
    try:
        if Metadata.from_bytes(text).signed.type == Root.type:
            return
    except (DeserializationError, exceptions.RepositoryError) as exc:
        raise DataUnusable("not the root metadata of a feed") from exc
    raise DataUnusable("not the root metadata of a feed")


class _Fetcher(FetcherInterface):
    """Gives the updater what a source holds."""

    def __init__(self, source: FeedSource) -> None:
        self._source = source

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = unquote(url.removeprefix(BASE))
        try:
            yield from self._source.read(f"metadata/{name}").blocks
        except FeedNotThere as exc:
            raise exceptions.DownloadHTTPError(f"{name} is not there", 404) from exc


class _OnDisk(FetcherInterface):
    """Gives it nothing but the timestamp that it has verified before."""

    def __init__(self, metadata: Path) -> None:
        self._metadata = metadata

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = url.removeprefix(BASE)
        if name != "timestamp.json" or not (self._metadata / name).is_file():
            raise exceptions.DownloadHTTPError(f"{name} is not here", 404)
        yield (self._metadata / name).read_bytes()


@contextlib.contextmanager
def _translate_tuf_errors() -> Iterator[None]:
    """Turn whatever the library raises into one of ours."""
    try:
        yield
    except DataError:
        raise
    except OSError as exc:
        raise DiskFull(f"what was verified cannot be kept: {exc.strerror}") from exc
    except Exception as exc:
        for theirs, ours in SAYS:
            if isinstance(exc, theirs):
                raise ours(str(exc)) from exc
        raise
