"""Read keys from X.509 certificates, for cards of foreign issuers and for conformance suites.

The kiosk's own list of trusted keys holds bare keys.  Certificates are read leniently, because
some that were published are not strict DER.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import warnings
from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from verify.errors import BadKeys
from verify.signed.issuers import IssuerKey, Issuers

# What a key may sign, by the last number of its extended key usage (EU DCC, Annex I).
USES = {"1": "dcc:t", "2": "dcc:v", "3": "dcc:r"}
# The second root is not in the specification, but in use.
USE_ROOTS = ("1.3.6.1.4.1.1847.2021.1.", "1.3.6.1.4.1.0.1847.2021.1.")


def read_certificates(encoded: Sequence[str]) -> Issuers:
    """Return the keys of certificates (base64 of DER). They may sign for any issuer.

    A key's id is the first eight bytes of its certificate's SHA-256 (hcert specification §3.3.2).
    Raises BadKeys if a certificate cannot be read or has a key of a kind that is not supported.
    """
    return Issuers(tuple(_key(text, place) for place, text in enumerate(encoded)))


def _key(text: str, place: int) -> IssuerKey:
    try:
        der = base64.b64decode(text)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about irregular serial numbers
            certificate = x509.load_der_x509_certificate(der)
            key = certificate.public_key()
    except (binascii.Error, ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise BadKeys(f"certificate {place}: not an X.509 certificate in base64") from exc
    if not isinstance(key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey):
        raise BadKeys(f"certificate {place}: unsupported kind of key; expected EC, Ed25519 or RSA")
    return IssuerKey(
        issuer=None,
        key_id=hashlib.sha256(der).digest()[:8],
        public_key=key,
        uses=_uses(certificate),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def _uses(certificate: x509.Certificate) -> frozenset[str]:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):  # no such extension, or not strict DER
        return frozenset()
    numbers = {oid.dotted_string for oid in usage}
    return frozenset(
        use for last, use in USES.items() if any(root + last in numbers for root in USE_ROOTS)
    )
