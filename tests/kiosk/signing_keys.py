"""Keys and certificates of the pretend facility, for tests of signing."""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from kiosk.assembly import Kiosk as PlainKiosk
from kiosk.insurer import Delivery
from kiosk.insurer.signer import Signer, open_signer
from kiosk.settings import Settings
from tests.cast import NOW, Clock, settings_for
from tests.kiosk.stub_gateway import gateway_to

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
SERIAL = 0x5401ABCD
PASSWORD = "secret"  # of the key files and the tokens
YEAR = timedelta(days=365)


@functools.cache
def private_key(kind: str) -> PrivateKey:
    """Return a key of a kind: "RSA", "EC", "P384", "other RSA" or "Ed25519"."""
    makers: dict[str, Callable[[], PrivateKey]] = {
        "EC": lambda: ec.generate_private_key(ec.SECP256R1()),
        "P384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "Ed25519": ed25519.Ed25519PrivateKey.generate,
    }
    return makers.get(kind, lambda: rsa.generate_private_key(65_537, 2048))()


def certificate_for(
    key: PrivateKey, begins: datetime = NOW - YEAR, ends: datetime = NOW + YEAR
) -> x509.Certificate:
    """Return a certificate that the facility made for itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Cơ sở Mẫu")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(SERIAL)
        .not_valid_before(begins)
        .not_valid_after(ends)
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    )


def write_key_file(
    folder: Path, key: PrivateKey, certificate: x509.Certificate, password: str = PASSWORD
) -> dict[str, str]:
    """Write a PKCS#12 file and a password file; return the settings that name them."""
    data = pkcs12.serialize_key_and_certificates(
        "khoá".encode(), key, certificate, None, BestAvailableEncryption(PASSWORD.encode())
    )
    (folder / "key.p12").write_bytes(data)
    (folder / "sign-password").write_text(f"{password}\n", "utf-8")
    return {
        "sign_file": str(folder / "key.p12"),
        "sign_password_file": str(folder / "sign-password"),
    }


def signer_of(folder: Path, clock: Clock, insurer: dict[str, str]) -> Signer:
    """Return the signer of settings with a gateway."""
    signer = open_signer(signing_settings(folder, insurer), folder, clock)
    assert signer is not None
    return signer


def signing_settings(
    folder: Path, insurer: dict[str, str], url: str = "http://127.0.0.1:9"
) -> Settings:
    """Return settings with a gateway and these keys of [insurer]."""
    return settings_for(folder, url, insurer=insurer)


def sender(kiosk: PlainKiosk, url: str, clock: Clock, signer: Signer, at_once: int = 1) -> Delivery:
    """Return a delivery of a kiosk's outbox that signs, and keeps what it sends."""
    return Delivery(
        kiosk.outbox,
        gateway_to(url, clock),
        clock,
        10,
        lambda: None,
        at_once,
        signer=signer,
        sent_files=kiosk.sent_files,
    )


def check_with_xmlsec1(
    folder: Path, document: bytes, certificate: x509.Certificate, command: str, now: datetime
) -> subprocess.CompletedProcess[bytes]:
    """Verify a document against a certificate with xmlsec1, a program by other people."""
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "signed.xml").write_bytes(document)
    moment = now.strftime("%Y-%m-%d %H:%M:%S")
    return subprocess.run(
        [
            command, "--verify", "--enabled-key-data", "x509", "--verification-gmt-time", moment,
            "--id-attr:Id", "DSACH_TRANG_THAI_KCB",
            "--trusted-pem", "certificate.pem", "signed.xml",
        ],
        capture_output=True, cwd=folder, check=False, timeout=30,
    )  # fmt: skip


def xmlsec1() -> str:
    """Return the program xmlsec1; skip the test if it is not installed."""
    found = shutil.which("xmlsec1")
    if found is None:
        pytest.skip("xmlsec1 is not installed (apt install xmlsec1)")
    return found
