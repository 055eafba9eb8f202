"""The public keys of the card issuers that are trusted, read from a JWK set.

A key is found by issuer and key id; several keys may share an id, and all are tried.
Beside the members of RFC 7517 an entry may carry `iss`, `state` ("active" or "withdrawn"),
`env` ("prod"; anything else works in demo mode only), `notBefore` and `notAfter`
(ISO 8601, against the time of signing).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import ec

from verify.errors import BadKeys


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """One public key; times are aware, None where there is no bound."""

    issuer: str | None  # None: any issuer, for keys handed over by hand
    key_id: bytes
    public_key: ec.EllipticCurvePublicKey
    withdrawn: bool = False
    env: str = "prod"
    not_before: datetime | None = None
    not_after: datetime | None = None

    def was_valid_at(self, moment: datetime) -> bool:
        """Tell whether the key might sign at that moment."""
        begun = self.not_before is None or self.not_before <= moment
        return begun and (self.not_after is None or moment <= self.not_after)


class Issuers:
    """All keys held, by issuer and key id."""

    def __init__(self, keys: Iterable[IssuerKey] = (), issued: datetime | None = None) -> None:
        self.issued = issued  # when this set was made; None: never had one
        self._keys: dict[tuple[str | None, bytes], list[IssuerKey]] = defaultdict(list)
        for key in keys:
            self._keys[key.issuer, key.key_id].append(key)

    def find(self, issuer: str | None, key_id: bytes, demo: bool = False) -> list[IssuerKey]:
        """Return every key that may have signed for this issuer under this id."""
        keys = self._keys.get((issuer, key_id), [])
        if issuer is not None:
            keys = keys + self._keys.get((None, key_id), [])
        return [key for key in keys if demo or key.env == "prod"]


def read_jwks(text: str) -> Issuers:
    """Read a JWK set; BadKeys says which entry is wrong and how."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise BadKeys("not JSON; wanted a JWK set") from exc
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise BadKeys('no list "keys"; wanted a JWK set (RFC 7517)')
    keys = [_key(entry, place) for place, entry in enumerate(entries)]
    return Issuers(keys, _moment(document, "issued", "the set"))


def _key(entry: object, place: int) -> IssuerKey:
    name = f"key {place}"
    if not isinstance(entry, dict):
        raise BadKeys(f"{name}: not an object")
    if (entry.get("kty"), entry.get("crv")) != ("EC", "P-256"):
        raise BadKeys(f"{name}: wanted kty EC with crv P-256")
    x, y = (int.from_bytes(_bytes(entry.get(part), name)) for part in ("x", "y"))
    try:
        public_key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError as exc:
        raise BadKeys(f"{name}: not a point of P-256") from exc
    issuer, state, env = entry.get("iss"), entry.get("state", "active"), entry.get("env", "prod")
    if state not in ("active", "withdrawn"):
        raise BadKeys(f"{name}: state; wanted active or withdrawn")
    if not isinstance(env, str) or not isinstance(issuer, str | None):
        raise BadKeys(f"{name}: iss and env; wanted text")
    return IssuerKey(
        issuer,
        _key_id(entry.get("kid"), name),
        public_key,
        state == "withdrawn",
        env,
        _moment(entry, "notBefore", name),
        _moment(entry, "notAfter", name),
    )


def _key_id(value: object, name: str) -> bytes:
    """Read a key id of 8 bytes, written in hexadecimal or base64 (either alphabet)."""
    if isinstance(value, str) and len(value) == 16:
        try:
            return bytes.fromhex(value)
        except ValueError:
            pass  # not hexadecimal; base64 of 12 bytes is as long
    return _bytes(value, name)


def _bytes(value: object, name: str) -> bytes:
    if not isinstance(value, str):
        raise BadKeys(f"{name}: wanted kid, x and y as text")
    plain = value.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as exc:
        raise BadKeys(f"{name}: kid, x or y is not base64") from exc


def _moment(entry: Mapping[str, object], member: str, name: str) -> datetime | None:
    value = entry.get(member)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None:
        raise BadKeys(f"{name}: {member}; wanted an ISO 8601 time")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
