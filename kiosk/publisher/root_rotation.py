"""Change the trusted keys of a feed: prepare a new root, collect its signatures, publish it.

Rules (the second is TUF specification 5.3.4, which each client checks):

1. A new root waits beside the served files until it has enough signatures.
2. It needs the signatures of two of the root keys before the change and of two of those after it.
3. Each root key signs on the machine of the person who keeps it.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root

from kiosk.errors import SettingsError
from kiosk.publisher.keys import (
    ONLINE_ROLES,
    ROOT_KEYS,
    ROOT_THRESHOLD,
    make_key,
    online_signers,
    read_key,
)
from kiosk.publisher.repository import (
    VALIDITY,
    MetadataRepository,
    whole_second,
    write_atomically,
)

PREPARED_ROOT_FILE = "next.root.json"
KEY_NAME_FIELD = "x-tiepdon-name"  # in the metadata, the name of a root key for people


def first_root(keys: Path, now: datetime) -> Metadata[Root]:
    """Make all keys in the folder `keys`; return the first root, signed by all root keys.

    `now` is aware. Raises SettingsError if one of the keys exists already.
    """
    root = Root(version=1, expires=whole_second(now + VALIDITY["root"]), consistent_snapshot=True)
    for role in ONLINE_ROLES:
        root.add_key(make_key(keys, role).public_key, role)
    signers = []
    for name in ROOT_KEYS:
        signers.append(make_key(keys, name))
        _add_root_key(root, name, signers[-1])
    root.roles["root"].threshold = ROOT_THRESHOLD
    metadata = Metadata(root)
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata


def prepare_root(feed: Path, now: datetime, role: str, new: CryptoSigner | None, old: str) -> int:
    """Write a new root that waits to be signed; return its version.

    `role` is the role whose key changes, or "" if the root is only to be valid for another year.
    `new` is the new key of that role. If the role is the root, `old` names the root key that is
    replaced. Changes of a root that waits already are kept, but its signatures are not. Raises
    SettingsError if `old` is not one of the root keys.
    """
    served, prepared = MetadataRepository(feed).root().signed, _prepared_root(feed)
    root = served if prepared is None else prepared.signed
    root.version = served.version + 1
    root.expires = whole_second(now + VALIDITY["root"])
    if new is not None:
        for keyid in list(root.roles[role].keyids):
            if role != "root" or root.keys[keyid].unrecognized_fields.get(KEY_NAME_FIELD) == old:
                root.revoke_key(keyid, role)
        if role == "root":
            _add_root_key(root, old, new)
        else:
            root.add_key(new.public_key, role)
    if role == "root" and len(root.roles["root"].keyids) != len(ROOT_KEYS):
        raise SettingsError(
            f"{old!r} is not a key of the root; expected one of {', '.join(ROOT_KEYS)}"
        )
    write_atomically(feed / PREPARED_ROOT_FILE, Metadata(root).to_bytes())
    return root.version


def renew_key(keys: Path, name: str) -> CryptoSigner:
    """Put a key aside, make a new one under its name, and return the signer of the new one."""
    path = keys / f"{name}.pem"
    if path.exists():
        number = 1 + sum(1 for _ in keys.glob(f"{name}.old-*.pem"))
        path.rename(keys / f"{name}.old-{number}.pem")
    return make_key(keys, name)


def add_root_signature(feed: Path, key: Path) -> tuple[int, bool]:
    """Sign the prepared root with a key file.

    Returns the version of the root and whether it has enough signatures now. Raises SettingsError
    if no root is prepared, or if the key is not a root key of the feed.
    """
    prepared = _prepared_root(feed)
    if prepared is None:
        raise SettingsError(f"{feed}: has no root to sign; prepare one with `feed rotate`")
    signer = read_key(key)
    served = MetadataRepository(feed).root().signed
    root_keys = {*served.roles["root"].keyids, *prepared.signed.roles["root"].keyids}
    if signer.public_key.keyid not in root_keys:
        raise SettingsError(f"{key}: is not a root key of this feed; sign with one that is")
    prepared.sign(signer, append=True)
    write_atomically(feed / PREPARED_ROOT_FILE, prepared.to_bytes())
    return prepared.signed.version, _has_enough_signatures(served, prepared)


def publish_root(feed: Path, keys: Path) -> bool:
    """Serve the prepared root if it has enough signatures; return whether it did.

    Raises SettingsError if the folder `keys` lacks a key that the prepared root names, because
    then nobody could sign the feed any more.
    """
    prepared, repository = _prepared_root(feed), MetadataRepository(feed)
    if prepared is None or not _has_enough_signatures(repository.root().signed, prepared):
        return False
    online_signers(keys, prepared.signed)
    repository.put_root(prepared)
    (feed / PREPARED_ROOT_FILE).unlink()
    return True


def _has_enough_signatures(served: Root, prepared: Metadata[Root]) -> bool:
    result = prepared.signed.get_root_verification_result(
        served, prepared.signed_bytes, prepared.signatures
    )
    return bool(result)


def _prepared_root(feed: Path) -> Metadata[Root] | None:
    """Return the root that waits for signatures; None if no unpublished root exists."""
    path = feed / PREPARED_ROOT_FILE
    if not path.exists():
        return None
    prepared = Metadata[Root].from_bytes(path.read_bytes())
    is_newer = prepared.signed.version > MetadataRepository(feed).root().signed.version
    return prepared if is_newer else None


def _add_root_key(root: Root, name: str, signer: CryptoSigner) -> None:
    key = signer.public_key
    key.unrecognized_fields[KEY_NAME_FIELD] = name
    root.add_key(key, "root")
