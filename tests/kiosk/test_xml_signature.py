"""A signed document verifies with a program by other people, and a bad signature never leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree as ET

import pytest

from kiosk.insurer.certificate import SigningKey, SigningTrouble
from kiosk.insurer.errors import CannotSign
from kiosk.insurer.xml0 import joined
from tests.cast import NOW, Clock
from tests.kiosk.signing_keys import (
    SERIAL,
    YEAR,
    certificate_for,
    check_with_xmlsec1,
    private_key,
    signer_of,
    write_key_file,
    xmlsec1,
)
from verify import CLINIC_ZONE

signxml = pytest.importorskip("signxml")
from kiosk.insurer.xml_signature import document_signer  # noqa: E402  # after the check for signxml

SCOPES = ("document", "list")
ROW = (
    "<CHI_TIEU_TRANG_THAI_KCB><DSACH_TRANG_THAI_KCB><TRANG_THAI_KCB><MA_LK>{n}</MA_LK><STT>1</STT>"
    "<HO_TEN>{name}</HO_TEN></TRANG_THAI_KCB></DSACH_TRANG_THAI_KCB><CHUKYDONVI />"
    "</CHI_TIEU_TRANG_THAI_KCB>"
)
NAMES = ("Nguyễn Thị Đoan Trang", "Phạm &amp; &lt;b&gt; Thuỳ", "Lò Văn Ọ́c")


def document(rows: int = 1) -> str:
    """Return a check-in document with rows of Vietnamese names."""
    return joined([ROW.format(n=f"99-{n}", name=NAMES[n % 3]) for n in range(rows)])


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("kind", ["RSA", "EC", "P384"])
def test_a_signed_document_verifies_with_xmlsec1(
    tmp_path: Path, kind: str, scope: str, rows: int
) -> None:
    command, key = xmlsec1(), private_key(kind)
    certificate = certificate_for(key)
    settings = write_key_file(tmp_path, key, certificate) | {"sign_scope": scope}

    signed, serial = signer_of(tmp_path, Clock(), settings).sign(document(rows))

    assert serial == f"{SERIAL:X}"
    checked = check_with_xmlsec1(tmp_path, signed, certificate, command, NOW)
    assert checked.returncode == 0, checked.stderr
    forged = signed.replace("Thị".encode(), b"Thi", 1)
    assert forged != signed
    assert check_with_xmlsec1(tmp_path, forged, certificate, command, NOW).returncode != 0


@pytest.mark.parametrize("scope", SCOPES)
def test_a_signature_stands_in_its_place_and_changes_no_value(tmp_path: Path, scope: str) -> None:
    key = private_key("RSA")
    settings = write_key_file(tmp_path, key, certificate_for(key)) | {"sign_scope": scope}

    signed, _ = signer_of(tmp_path, Clock(), settings).sign(document(3))

    before, after = ET.fromstring(document(3)), ET.fromstring(signed)
    place = after.find("CHUKYDONVI")
    assert place is not None
    assert [child.tag.partition("}")[2] for child in place] == ["Signature"]
    assert [row.text for row in before.iter("HO_TEN")] == [row.text for row in after.iter("HO_TEN")]
    assert b"rsa-sha256" in signed
    assert b"REC-xml-c14n-20010315" in signed
    references = [found.get("URI") for found in after.iter() if found.tag.endswith("Reference")]
    assert references == ["" if scope == "document" else "#DSACH"]


class ForgetfulKey:
    """A key that signs, but sometimes something else than what it was given."""

    def __init__(self, kind: str) -> None:
        self.key = cast(Any, private_key(kind))
        self.key_size = self.key.key_size

    def sign(self, data: bytes, **how: Any) -> bytes:
        signature: bytes = self.key.sign(b"something else" + data, **how)
        return signature


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("kind", ["RSA", "EC"])
def test_a_wrong_signature_is_found_before_it_leaves(kind: str, scope: str) -> None:
    certificate = certificate_for(private_key(kind))

    with pytest.raises(CannotSign) as raised:
        document_signer(scope)(document(), SigningKey(ForgetfulKey(kind), certificate), NOW)

    assert raised.value.trouble == SigningTrouble.FAILED


@pytest.mark.parametrize(
    ("begins", "ends", "trouble"),
    [
        (-YEAR, YEAR, None),
        (-YEAR, timedelta(days=30, seconds=1), None),
        (-YEAR, timedelta(days=30), SigningTrouble.ENDING),
        (-YEAR, timedelta(seconds=0), SigningTrouble.ENDING),
        (-YEAR, timedelta(seconds=-1), SigningTrouble.ENDED),
        (timedelta(seconds=1), YEAR, SigningTrouble.NOT_YET_VALID),
    ],
)
def test_a_certificate_signs_only_while_it_is_valid(
    tmp_path: Path, begins: timedelta, ends: timedelta, trouble: SigningTrouble | None
) -> None:
    key = private_key("RSA")
    certificate = certificate_for(key, NOW + begins, NOW + ends)
    signer = signer_of(tmp_path, Clock(), write_key_file(tmp_path, key, certificate))

    is_valid = trouble in (None, SigningTrouble.ENDING)
    assert signer.is_ready() is is_valid
    assert signer.state().trouble == trouble
    assert signer.state().ends == certificate.not_valid_after_utc
    if not is_valid:
        with pytest.raises(CannotSign):
            signer.sign(document())


@pytest.mark.parametrize(
    ("wrong", "trouble"),
    [
        ("password", SigningTrouble.KEY_FILE),
        ("file", SigningTrouble.KEY_FILE),
        ("no file", SigningTrouble.KEY_FILE),
        ("no password file", SigningTrouble.KEY_FILE),
        ("no certificate", SigningTrouble.MISMATCH),
        ("certificate", SigningTrouble.MISMATCH),
        ("kind", SigningTrouble.KEY_KIND),
    ],
)
def test_an_unusable_key_file_signs_nothing_and_is_used_once_it_is_right(
    tmp_path: Path, wrong: str, trouble: SigningTrouble
) -> None:
    key = private_key("RSA")
    good = write_key_file(tmp_path, key, certificate_for(key))
    good_file = Path(good["sign_file"]).read_bytes()
    if wrong == "password":
        Path(good["sign_password_file"]).write_text("other", "utf-8")
    elif wrong == "file":
        Path(good["sign_file"]).write_bytes(b"\x30\x80nothing")
    elif wrong == "no file":
        Path(good["sign_file"]).unlink()
    elif wrong == "no password file":
        Path(good["sign_password_file"]).unlink()
    elif wrong == "kind":
        odd = private_key("Ed25519")
        write_key_file(tmp_path, odd, certificate_for(odd))
    else:
        other = certificate_for(private_key("other RSA")) if wrong == "certificate" else None
        Path(good["sign_file"]).write_bytes(unmatched(key, other))
    signer = signer_of(tmp_path, Clock(), good)

    assert not signer.is_ready()
    assert signer.state().trouble == trouble
    assert signer.look().trouble == trouble

    Path(good["sign_file"]).write_bytes(good_file)
    Path(good["sign_password_file"]).write_text("secret", "utf-8")
    assert signer.is_ready()
    assert signer.state().trouble is None


def unmatched(key: Any, other: Any) -> bytes:
    """Return a PKCS#12 file whose key has no certificate of its own."""
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    protection = BestAvailableEncryption(b"secret")
    others = [other] if other else None
    return pkcs12.serialize_key_and_certificates(b"x", key, None, others, protection)


def test_a_renewed_certificate_is_used_without_a_restart(tmp_path: Path) -> None:
    key, clock = private_key("RSA"), Clock()
    settings = write_key_file(
        tmp_path, key, certificate_for(key, NOW - YEAR, NOW + timedelta(days=2))
    )
    signer = signer_of(tmp_path, clock, settings)
    assert signer.sign(document()).serial
    assert signer.state().trouble == SigningTrouble.ENDING

    write_key_file(tmp_path, key, certificate_for(key, NOW - YEAR, NOW + 2 * YEAR))
    clock.go(timedelta(days=3))

    assert signer.is_ready()
    assert signer.state().trouble is None


def test_a_wrong_signature_stays_on_the_status_until_a_good_one(tmp_path: Path) -> None:
    key = private_key("RSA")
    signer = signer_of(tmp_path, Clock(), write_key_file(tmp_path, key, certificate_for(key)))
    assert signer.is_ready()
    key_in_use = signer._key
    assert key_in_use is not None
    signer._key = SigningKey(ForgetfulKey("RSA"), key_in_use.certificate)

    with pytest.raises(CannotSign):
        signer.sign(document())
    assert signer.is_ready()  # it may try again …
    assert signer.state().trouble == SigningTrouble.FAILED  # … and the failure is still shown

    assert signer.sign(document()).serial
    assert signer.state().trouble is None


def test_a_certificate_without_an_end_is_shown_and_signs(tmp_path: Path) -> None:
    key = private_key("EC")
    endless = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    certificate = certificate_for(key, NOW - YEAR, endless)
    signer = signer_of(tmp_path, Clock(), write_key_file(tmp_path, key, certificate))

    assert signer.sign(document()).serial
    ends = signer.state().ends
    assert ends is not None
    assert ends.astimezone(CLINIC_ZONE).year == 9999


def test_looking_at_the_certificate_does_not_disturb_signing(tmp_path: Path) -> None:
    key = private_key("EC")
    signer = signer_of(tmp_path, Clock(), write_key_file(tmp_path, key, certificate_for(key)))
    assert signer.look().serial == f"{SERIAL:X}"
    assert signer.is_ready()
    assert signer.look().trouble is None
    assert signer.sign(document()).serial
