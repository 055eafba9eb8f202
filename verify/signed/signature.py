"""Open an envelope: the only way to a card that someone vouches for.

1. A trusted key made the signature.  The card only names the issuer and the key's id, and its
   algorithm must be the one that belongs to the kind of key.
2. The key is not withdrawn.
3. The claims are interpreted only after that, with every type checked.
4. The key may sign this kind of card, and was valid when the card was signed.
5. The issuer has not revoked the card.  If that is not known, the card says so.
6. A card that is bound to a phone was signed by that phone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from verify.card import CardReading, Vouch
from verify.errors import BadCard, BadSignature, CardRevoked, KeyWithdrawn, NotLive, UnknownIssuer
from verify.reason import Reason
from verify.signed.claims import Claims, read_numeric_date
from verify.signed.envelope import Algorithm, Envelope, Presentation
from verify.signed.issuers import IssuerKey, Issuers, PublicKey
from verify.signed.revocation import Revocations, RevocationStatus, card_id

ECDSA_SHA256 = ec.ECDSA(hashes.SHA256())

# Gets the claims and the time now (aware).
ReadClaims = Callable[[object, datetime], Claims]


def open_envelope(
    envelope: Envelope,
    read_claims: ReadClaims,
    use: str,
    issuers: Issuers,
    revocations: Revocations,
    demo: bool,
    now: datetime,
) -> CardReading:
    """Return the card in an envelope, vouched for by its issuer, with notes on how it was read.

    `read_claims` reads the claims of this format, `use` names the kind of card, and `demo` trusts
    keys that are only for demonstration.  `now` is aware.

    Raises UnknownIssuer, BadSignature, KeyWithdrawn, CardRevoked or NotLive if nobody vouches for
    the card, and BadCard if the signature is good but the claims are not those of a BHYT card.
    """
    key = signing_key(envelope, issuers, demo)  # (1), (2)
    claims = read_claims(envelope.claims, now)  # (3)
    if not key.may_sign(use):  # (4)
        raise BadSignature(f"key {key.key_id.hex()} may not sign cards of this kind")
    if not key.was_valid_at(claims.signed_at):
        raise BadSignature(f"key {key.key_id.hex()} was not valid when the card was signed")
    issuer = claims.issuer or key.issuer or ""
    identity = card_id(envelope.payload) if revocations.has_id_list(issuer) else b""
    status = revocations.status_of(issuer, claims.status, identity)  # (5)
    if status is RevocationStatus.REVOKED:
        raise CardRevoked("its issuer has taken the card back")
    vouch = Vouch(
        issuer,
        key.key_id.hex(),
        claims.signed_at,
        claims.expires_at,
        status is RevocationStatus.GOOD,
        presentation_time(envelope.presentation, claims.holder_key),  # (6)
    )
    return CardReading(claims.card.signed(vouched_by=vouch), claims.notes)


def presentation_time(
    presentation: Presentation | None, key: ec.EllipticCurvePublicKey | None
) -> datetime | None:
    """Return when the phone that a card is bound to signed it (aware).

    `key` is the key of the phone. None if the card is not bound to a phone.  Raises NotLive if the
    phone's signature is missing, BadSignature if another key made it, and BadCard if its time is
    impossible.
    """
    if presentation is None:
        if key is not None:
            raise NotLive(Reason.NOT_LIVE, "bound to a phone, which has not signed this")
        return None
    if key is None or not _is_signed_by(key, presentation):
        raise BadSignature("not signed by the phone that the card is bound to")
    moment = read_numeric_date(presentation.signed_at)
    if moment is None:
        raise BadCard(Reason.UNREADABLE, "the time of its phone's signature is impossible")
    return moment


def signing_key(envelope: Envelope, issuers: Issuers, demo: bool) -> IssuerKey:
    """Return the trusted key that made the signature.

    Raises UnknownIssuer if no key with this issuer and id is held, BadSignature if none of them
    signed, and KeyWithdrawn if the signer is withdrawn.
    """
    key_id = envelope.key_id or b""
    keys = issuers.find(envelope.issuer, key_id, demo)
    if not keys:
        raise UnknownIssuer(f"no key with id {key_id.hex() or '(none)'}")
    signers = [key for key in keys if _is_signed_by(key.public_key, envelope)]
    if not signers:
        raise BadSignature(f"{len(keys)} keys with id {key_id.hex()}; none signed this")
    if any(key.withdrawn for key in signers):
        raise KeyWithdrawn(f"key {key_id.hex()} is withdrawn")
    return signers[0]


def _is_signed_by(key: PublicKey, message: Envelope | Presentation) -> bool:
    """Return whether a key made a signature. The key's kind must be that of the algorithm."""
    signature, signed = message.signature, message.signed
    try:
        match message.algorithm, key:
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
