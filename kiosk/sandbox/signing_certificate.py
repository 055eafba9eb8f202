"""A signing certificate of the pretend facility, so that a demonstration signs what it sends."""

from __future__ import annotations

import importlib.util
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12
from cryptography.x509.oid import NameOID

VALIDITY = timedelta(days=365)


def signing_settings(folder: Path, now: datetime) -> dict[str, str]:
    """Write a key file into a folder; return the keys of [insurer] that sign with it.

    `now` is the current time (aware). Empty if the extra `sign` is not installed. The key is of an
    elliptic curve, because an RSA key would take a moment to make at each start.
    """
    if importlib.util.find_spec("signxml") is None:
        return {}
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bệnh viện Mẫu 01999")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + VALIDITY)
        .sign(key, hashes.SHA256())
    )
    file = folder / "signing-key.p12"
    folder.mkdir(parents=True, exist_ok=True)
    file.write_bytes(
        pkcs12.serialize_key_and_certificates(b"demo", key, certificate, None, NoEncryption())
    )
    return {"sign_file": str(file)}
