"""The facility's signature can be verified by anyone and changes nothing else in a document."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID

from kiosk.errors import SettingsError
from kiosk.insurer.gateway import Gateway
from kiosk.insurer.xml_signature import xml_signer
from tests.cast import NOW, Clock
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import Running, gateway_to
from tests.kiosk.test_complaints import delivery, visit

signxml = pytest.importorskip("signxml")

DOCUMENT = (
    "<CHI_TIEU_TRANG_THAI_KCB><DSACH_TRANG_THAI_KCB><TRANG_THAI_KCB><HO_TEN>Nguyễn &amp; &lt;b&gt;"
    "</HO_TEN></TRANG_THAI_KCB></DSACH_TRANG_THAI_KCB><CHUKYDONVI /></CHI_TIEU_TRANG_THAI_KCB>"
)


def key_file(folder: Path, key: object) -> tuple[str, str, x509.Certificate]:
    """Write a PKCS#12 file and a password file; return both paths and the certificate."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Cơ sở Mẫu")])
    signer = key if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) else None
    assert signer is not None
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(signer.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=365))
        .not_valid_after(NOW + timedelta(days=3650))
        .sign(signer, hashes.SHA256())
    )
    data = pkcs12.serialize_key_and_certificates(
        b"x", signer, certificate, None, BestAvailableEncryption(b"secret")
    )
    (folder / "key.p12").write_bytes(data)
    (folder / "password").write_text("secret\n", "utf-8")
    return str(folder / "key.p12"), str(folder / "password"), certificate


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, 2048)


def check(document: str, certificate: x509.Certificate) -> bytes:
    """Return what the signature of a document covers, verified as another program does it."""
    found = signxml.XMLVerifier().verify(document.encode(), x509_cert=certificate)
    signed: bytes = found.signed_data
    return signed


def test_a_signature_is_valid_and_covers_the_whole_document(
    tmp_path: Path, key: rsa.RSAPrivateKey
) -> None:
    file, password, certificate = key_file(tmp_path, key)
    sign_xml = xml_signer(file, password)
    assert sign_xml is not None

    signed = sign_xml(DOCUMENT)

    assert "Nguyễn &amp; &lt;b&gt;" in check(signed, certificate).decode()
    place = ET.fromstring(signed).find("CHUKYDONVI")
    assert place is not None
    assert [child.tag.partition("}")[2] for child in place] == ["Signature"]
    assert "rsa-sha256" in signed
    assert "REC-xml-c14n-20010315" in signed
    with pytest.raises(signxml.InvalidSignature):
        check(signed.replace("Nguyễn", "Nguyên"), certificate)


def test_the_insurer_accepts_signed_visits(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path, key: rsa.RSAPrivateKey
) -> None:
    file, password, _ = key_file(tmp_path, key)
    plain = gateway_to(insurer[1], clock)
    gateway = Gateway(plain._transport, plain.session, clock, 5, 5, xml_signer(file, password))
    for key_name in ("an", "binh"):
        visit(kiosk, key_name)
    delivery(kiosk, gateway).deliver_all()

    assert len(insurer[0].ledger.visits()) == 2


def test_without_a_file_nothing_is_signed() -> None:
    assert xml_signer("", "") is None


@pytest.mark.parametrize("wrong", ["password", "file", "no file", "curve"])
def test_an_unusable_key_file_is_reported(
    tmp_path: Path, key: rsa.RSAPrivateKey, wrong: str
) -> None:
    file, password, _ = key_file(
        tmp_path, ec.generate_private_key(ec.SECP256R1()) if wrong == "curve" else key
    )
    if wrong == "password":
        Path(password).write_text("other", "utf-8")
    elif wrong == "file":
        Path(file).write_bytes(b"nothing")
    elif wrong == "no file":
        file = str(tmp_path / "gone.p12")

    with pytest.raises(SettingsError, match="sign_file"):
        xml_signer(file, password)
