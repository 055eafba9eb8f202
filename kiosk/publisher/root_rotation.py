"""Change whose keys are trusted: a new root, signed by two of three, each where their key is.

A new root waits beside what is served until enough have signed it: two of those who held the
keys before, and two of those who hold them from now on.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root

from kiosk.errors import SettingsError
from kiosk.publisher.keys import ONLINE, ROOT_KEYS, THRESHOLD, make_key, online_signers, read_key
from kiosk.publisher.repository import HOLDS, MetadataRepository, whole_second, write_atomically

WAITING = "next.root.json"
NAME = "x-tiepdon-name"  # of a root key, in the metadata, for people


def first_root(keys: Path, now: datetime) -> Metadata[Root]:
    """Make all keys, and return the first root, signed by all root keys."""
    root = Root(version=1, expires=whole_second(now + HOLDS["root"]), consistent_snapshot=True)
    for role in ONLINE:
        root.add_key(make_key(keys, role).public_key, role)
    signers = []
    for name in ROOT_KEYS:
        signers.append(make_key(keys, name))
        _add_root_key(root, name, signers[-1])
    root.roles["root"].threshold = THRESHOLD
    metadata = Metadata(root)
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata


def prepare_root(feed: Path, now: datetime, role: str, new: CryptoSigner | None, old: str) -> int:
    """Lay out a new root for signing; return its version.

    `role` is whose key changes, empty where the root is only to hold for another year; `new` is
    the key from now on; of the root's keys `old` names the one that goes.  What the root that
    waits already would change is changed too, but it must be signed anew.
    """
    served, waiting = MetadataRepository(feed).root().signed, _waiting(feed)
    root = served if waiting is None else waiting.signed
    root.version = served.version + 1
    root.expires = whole_second(now + HOLDS["root"])
    if new is not None:
        for keyid in list(root.roles[role].keyids):
            if role != "root" or root.keys[keyid].unrecognized_fields.get(NAME) == old:
                root.revoke_key(keyid, role)
        if role == "root":
            _add_root_key(root, old, new)
        else:
            root.add_key(new.public_key, role)
    if role == "root" and len(root.roles["root"].keyids) != len(ROOT_KEYS):
        raise SettingsError(f"{old!r} is no key of the root; wanted one of {', '.join(ROOT_KEYS)}")
    write_atomically(feed / WAITING, Metadata(root).to_bytes())
    return root.version


def renew_key(keys: Path, name: str) -> CryptoSigner:
    """Put a key aside and make another under its name; return what signs with the new one."""
    path = keys / f"{name}.pem"
    if path.exists():
        number = 1 + sum(1 for _ in keys.glob(f"{name}.old-*.pem"))
        path.rename(keys / f"{name}.old-{number}.pem")
    return make_key(keys, name)


def add_root_signature(feed: Path, key: Path) -> tuple[int, bool]:
    """Sign the root that waits; return its version and whether enough have signed it."""
    waiting = _waiting(feed)
    if waiting is None:
        raise SettingsError(f"{feed}: no root waits to be signed; `feed rotate` lays one out")
    signer = read_key(key)
    before = MetadataRepository(feed).root().signed
    if signer.public_key.keyid not in {*before.roles["root"].keyids,
                                       *waiting.signed.roles["root"].keyids}:  # fmt: skip
        raise SettingsError(f"{key}: no key of this feed's root")
    waiting.sign(signer, append=True)
    write_atomically(feed / WAITING, waiting.to_bytes())
    return waiting.signed.version, _is_enough(before, waiting)


def publish_root(feed: Path, keys: Path) -> bool:
    """Put the root that waits where it is served, if enough have signed it; tell whether.

    SettingsError where a key that it names is not among `keys`: nobody could sign under it.
    """
    waiting, shelf = _waiting(feed), MetadataRepository(feed)
    if waiting is None or not _is_enough(shelf.root().signed, waiting):
        return False
    online_signers(keys, waiting.signed)
    shelf.put_root(waiting)
    (feed / WAITING).unlink()
    return True


def _is_enough(before: Root, waiting: Metadata[Root]) -> bool:
    found = waiting.signed.get_root_verification_result(
        before, waiting.signed_bytes, waiting.signatures
    )
    return bool(found)


def _waiting(feed: Path) -> Metadata[Root] | None:
    """Return the root that waits; None where there is none, or it is served already."""
    path = feed / WAITING
    if not path.exists():
        return None
    found = Metadata[Root].from_bytes(path.read_bytes())
    return found if found.signed.version > MetadataRepository(feed).root().signed.version else None


def _add_root_key(root: Root, name: str, signer: CryptoSigner) -> None:
    key = signer.public_key
    key.unrecognized_fields[NAME] = name
    root.add_key(key, "root")
