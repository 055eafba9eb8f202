"""The public keys of the card issuers that are trusted, read from a JWK set.

1. A key is found by issuer and key id.  Several keys may share an id, and all of them are tried.
2. Beside the members of RFC 7517 an entry may have `iss`, `state` ("active" or "withdrawn"),
   `env` ("prod"; any other value is trusted in demo mode only), and `notBefore` and `notAfter`
   (ISO 8601), the bounds of the time of signing.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from verify.errors import BadKeys

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey
ANY_USE = "sig"  # RFC 7517's `use` of a key that signs; it does not limit what


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """One public key. Times are aware. None: no bound."""

    issuer: str | None  # None: any issuer, for keys that were added by hand
    key_id: bytes
    public_key: PublicKey
    uses: frozenset[str] = frozenset()  # kinds of card it may sign; empty: any
    withdrawn: bool = False
    env: str = "prod"
    not_before: datetime | None = None
    not_after: datetime | None = None

    def may_sign(self, kind: str) -> bool:
        """Return whether the key may sign this kind of card."""
        return not self.uses or kind in self.uses

    def was_valid_at(self, moment: datetime) -> bool:
        """Return whether the key was allowed to sign at a moment (aware)."""
        has_begun = self.not_before is None or self.not_before <= moment
        return has_begun and (self.not_after is None or moment <= self.not_after)


@dataclass(frozen=True, slots=True)
class Issuers:
    """A set of trusted keys. `issued` (aware) is when it was made. None: there never was one.

    A set never changes, because several threads judge by it while the next one is being read. The
    same keys as of another moment are another set: `dataclasses.replace(issuers, issued=moment)`.
    """

    keys: tuple[IssuerKey, ...] = ()
    issued: datetime | None = None
    _by_name: Mapping[tuple[str | None, bytes], tuple[IssuerKey, ...]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        by_name: dict[tuple[str | None, bytes], tuple[IssuerKey, ...]] = {}
        for key in self.keys:
            name = (key.issuer, key.key_id)
            by_name[name] = (*by_name.get(name, ()), key)
        object.__setattr__(self, "_by_name", MappingProxyType(by_name))

    def find(self, issuer: str | None, key_id: bytes, demo: bool = False) -> list[IssuerKey]:
        """Return every key that may have signed for an issuer under a key id.

        Without `demo` keys that are only for demonstration are left out.
        """
        keys = self._by_name.get((issuer, key_id), ())
        if issuer is not None:
            keys += self._by_name.get((None, key_id), ())
        return [key for key in keys if demo or key.env == "prod"]


def read_jwks(text: str) -> Issuers:
    """Read a JWK set. Raises BadKeys, which names the malformed entry, if it is malformed."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise BadKeys("not JSON; expected a JWK set") from exc
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise BadKeys('no list "keys"; expected a JWK set (RFC 7517)')
    keys = tuple(_key(entry, place) for place, entry in enumerate(entries))
    return Issuers(keys, _moment(document, "issued", "the set"))


def _key(entry: object, place: int) -> IssuerKey:
    name = f"key {place}"
    if not isinstance(entry, dict):
        raise BadKeys(f"{name}: not an object")
    issuer, state, env = entry.get("iss"), entry.get("state", "active"), entry.get("env", "prod")
    if state not in ("active", "withdrawn"):
        raise BadKeys(f"{name}: state; expected active or withdrawn")
    if not isinstance(env, str) or not isinstance(issuer, str | None):
        raise BadKeys(f"{name}: iss and env; expected text")
    return IssuerKey(
        issuer,
        key_id_of(entry.get("kid"), name),
        _public_key(entry, name),
        _uses(entry.get("use", ANY_USE), name),
        state == "withdrawn",
        env,
        _moment(entry, "notBefore", name),
        _moment(entry, "notAfter", name),
    )


def _public_key(entry: Mapping[str, object], name: str) -> PublicKey:
    """Return an entry's key: EC on P-256, Ed25519 (RFC 8037) or RSA (RFC 7518 §6.3)."""
    kind = (entry.get("kty"), entry.get("crv"))
    try:
        if kind == ("EC", "P-256"):
            x, y = (int.from_bytes(_bytes(entry.get(part), name)) for part in ("x", "y"))
            return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        if kind == ("OKP", "Ed25519"):
            return ed25519.Ed25519PublicKey.from_public_bytes(_bytes(entry.get("x"), name))
        if kind == ("RSA", None):
            e, n = (int.from_bytes(_bytes(entry.get(part), name)) for part in ("e", "n"))
            return rsa.RSAPublicNumbers(e, n).public_key()
    except ValueError as exc:
        raise BadKeys(f"{name}: not a valid key of its kind") from exc
    raise BadKeys(f"{name}: expected kty EC with crv P-256, OKP with Ed25519, or RSA")


def _uses(value: object, name: str) -> frozenset[str]:
    uses = [value] if isinstance(value, str) else value
    if not isinstance(uses, list) or not all(isinstance(use, str) for use in uses):
        raise BadKeys(f"{name}: use; expected text or a list of texts")
    return frozenset() if ANY_USE in uses else frozenset(uses)


def key_id_of(value: object, name: str) -> bytes:
    """Return the bytes of a key id. `name` names its entry in an error message.

    16 hexadecimal digits are 8 bytes.  Otherwise it is base64 in either alphabet, and text that is
    not base64 stands for its own UTF-8 bytes: JOSE allows any text.  Raises BadKeys if the id is
    not text.
    """
    if isinstance(value, str) and len(value) == 16:
        try:
            return bytes.fromhex(value)
        except ValueError:
            pass  # not hexadecimal: base64 of 12 bytes has 16 characters too
    try:
        return _bytes(value, name)
    except BadKeys:
        if not isinstance(value, str):
            raise
        return value.encode("utf-8", "replace")


def _bytes(value: object, name: str) -> bytes:
    if not isinstance(value, str):
        raise BadKeys(f"{name}: expected kid, x and y as text")
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
        raise BadKeys(f"{name}: {member}; expected an ISO 8601 time")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
