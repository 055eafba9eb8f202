"""The facility's signature: anyone can check it, and nothing sent differs but for it."""

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
    """Write a PKCS#12 file and its password; return both and the certificate."""
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
    """Return what a signature covers, as another program checks it."""
    found = signxml.XMLVerifier().verify(document.encode(), x509_cert=certificate)
    signed: bytes = found.signed_data
    return signed


def test_a_signature_holds_and_covers_the_whole_document(
    tmp_path: Path, key: rsa.RSAPrivateKey
) -> None:
    file, password, certificate = key_file(tmp_path, key)
    seal = xml_signer(file, password)
    assert seal is not None

    sealed = seal(DOCUMENT)

    assert "Nguyễn &amp; &lt;b&gt;" in check(sealed, certificate).decode()
    place = ET.fromstring(sealed).find("CHUKYDONVI")
    assert place is not None
    assert [child.tag.partition("}")[2] for child in place] == ["Signature"]
    assert "rsa-sha256" in sealed
    assert "REC-xml-c14n-20010315" in sealed
    with pytest.raises(signxml.InvalidSignature):
        check(sealed.replace("Nguyễn", "Nguyên"), certificate)


def test_a_signed_visit_is_taken_by_the_insurer(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path, key: rsa.RSAPrivateKey
) -> None:
    file, password, _ = key_file(tmp_path, key)
    plain = gateway_to(insurer[1], clock)
    gateway = Gateway(plain._transport, plain.session, clock, 5, 5, xml_signer(file, password))
    for one in ("an", "binh"):
        visit(kiosk, one)
    delivery(kiosk, gateway).deliver_all()

    assert len(insurer[0].ledger.visits()) == 2


def test_without_a_file_nothing_is_signed() -> None:
    assert xml_signer("", "") is None


@pytest.mark.parametrize("wrong", ["password", "file", "no file", "curve"])
def test_a_file_that_cannot_be_used_is_told(
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
