"""Open an envelope: the one door to a card that someone vouches for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from verify.card import Card, Vouch
from verify.errors import BadCard, BadSignature, CardRevoked, KeyWithdrawn, NotLive, UnknownIssuer
from verify.reason import Reason
from verify.signed.claims import Claims, moment_in
from verify.signed.envelope import Algorithm, Envelope, Presentation
from verify.signed.issuers import IssuerKey, Issuers, PublicKey
from verify.signed.revocation import Revocations, RevocationStatus, card_id

ECDSA_SHA256 = ec.ECDSA(hashes.SHA256())

ReadClaims = Callable[[object], Claims]


def open_envelope(
    envelope: Envelope,
    read_claims: ReadClaims,
    use: str,
    issuers: Issuers,
    revocations: Revocations,
    demo: bool,
) -> Card:
    """Return the card inside, vouched for.

    UnknownIssuer, BadSignature, KeyWithdrawn, CardRevoked or NotLive where it is not; BadCard
    where the signature holds but what it holds is no BHYT card.
    """
    key = signing_key(envelope, issuers, demo)
    claims = read_claims(envelope.claims)
    if not key.may_sign(use):
        raise BadSignature(f"key {key.key_id.hex()} may not sign cards of this kind")
    if not key.was_valid_at(claims.signed_at):
        raise BadSignature(f"key {key.key_id.hex()} was not valid when the card was signed")
    issuer = claims.issuer or key.issuer or ""
    identity = card_id(envelope.payload) if revocations.lists_ids_of(issuer) else b""
    standing = revocations.standing(issuer, claims.status, identity)
    if standing is RevocationStatus.REVOKED:
        raise CardRevoked("its issuer has taken the card back")
    vouch = Vouch(
        issuer=issuer,
        key_id=key.key_id.hex(),
        signed_at=claims.signed_at,
        expires_at=claims.expires_at,
        revocation_known=standing is RevocationStatus.GOOD,
        shown_at=shown_at(envelope.showing, claims.holder_key),
    )
    return claims.card._replace(vouched_by=vouch)


def shown_at(
    showing: Presentation | None, key: ec.EllipticCurvePublicKey | None
) -> datetime | None:
    """Return when the phone that a card is bound to signed it; None for one that is not bound.

    NotLive where the phone did not, BadSignature where another did.
    """
    if showing is None:
        if key is not None:
            raise NotLive(Reason.NOT_LIVE, "bound to a phone, which has not signed this")
        return None
    if key is None or not _holds(key, showing):
        raise BadSignature("not signed by the phone that the card is bound to")
    moment = moment_in(showing.at)
    if moment is None:
        raise BadCard(Reason.UNREADABLE, "signed by its phone at no time that there is")
    return moment


def signing_key(envelope: Envelope, issuers: Issuers, demo: bool) -> IssuerKey:
    """Return the trusted key that signed, or raise one of the three errors above."""
    key_id = envelope.key_id or b""
    keys = issuers.find(envelope.issuer, key_id, demo)
    if not keys:
        raise UnknownIssuer(f"no key with id {key_id.hex() or '(none)'}")
    signers = [key for key in keys if _holds(key.public_key, envelope)]
    if not signers:
        raise BadSignature(f"{len(keys)} keys with id {key_id.hex()}; none signed this")
    if any(key.withdrawn for key in signers):
        raise KeyWithdrawn(f"key {key_id.hex()} is withdrawn")
    return signers[0]


def _holds(key: PublicKey, sealed: Envelope | Presentation) -> bool:
    """Tell whether this key made the signature; algorithm and kind of key must belong together."""
    signature, signed = sealed.signature, sealed.signed
    try:
        match sealed.algorithm, key:
            case Algorithm.ES256, ec.EllipticCurvePublicKey() as p256 if len(signature) == 64:
                r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
                p256.verify(encode_dss_signature(r, s), signed, ECDSA_SHA256)
            case Algorithm.EDDSA, ed25519.Ed25519PublicKey() as edwards:
                edwards.verify(signature, signed)
            case Algorithm.PS256, rsa.RSAPublicKey() as modulus:
                pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
                modulus.verify(signature, signed, pss, hashes.SHA256())
            case _:
                return False
    except InvalidSignature:
        return False
    return True
