"""Visits are signed with a key on a USB token, and wait when it cannot sign (D31)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.insurer.certificate import SigningTrouble
from kiosk.sandbox import Quirk
from tests.cast import NOW, Clock
from tests.conftest import Kiosk
from tests.kiosk.signing_keys import (
    PASSWORD,
    SERIAL,
    YEAR,
    certificate_for,
    check_with_xmlsec1,
    private_key,
    sender,
    signer_of,
    xmlsec1,
)
from tests.kiosk.soft_token import SoftTokens, soft_tokens
from tests.kiosk.stub_gateway import Running
from tests.kiosk.test_complaints import visit
from tests.kiosk.test_xml_signature import SCOPES, document

pytest.importorskip("signxml")


@pytest.fixture
def tokens(tmp_path: Path) -> Iterator[SoftTokens]:
    folder = tmp_path / "softhsm"
    folder.mkdir()
    with soft_tokens(folder) as found:
        yield found


def with_key(tokens: SoftTokens, kind: str = "RSA", **more: str) -> dict[str, str]:
    """Add a token with one key; return the settings that name it."""
    tokens.add("desk")
    key = private_key(kind)
    tokens.put("desk", "reception", "01", key, certificate_for(key))
    return tokens.settings | {"sign_token": "desk"} | more


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("kind", ["RSA", "EC", "P384"])
def test_a_document_signed_by_a_token_verifies_with_xmlsec1(
    tokens: SoftTokens, tmp_path: Path, kind: str, scope: str
) -> None:
    settings = with_key(tokens, kind, sign_key="reception", sign_scope=scope)

    signed, serial = signer_of(tmp_path, Clock(), settings).sign(document(3))

    assert serial == f"{SERIAL:X}"
    certificate = certificate_for(private_key(kind))
    tokens_own = signed_by(signed)
    assert tokens_own.public_key() == certificate.public_key()
    checked = check_with_xmlsec1(tmp_path, signed, tokens_own, xmlsec1(), NOW)
    assert checked.returncode == 0, checked.stderr


def signed_by(signed: bytes) -> Any:
    """Return the certificate that a signature brings."""
    import base64
    from xml.etree import ElementTree as ET

    from cryptography import x509

    text = ET.fromstring(signed).findtext(".//{*}X509Certificate")
    assert text is not None
    return x509.load_der_x509_certificate(base64.b64decode(text))


def test_visits_wait_while_the_token_is_pulled_out_and_go_on_when_it_is_back(
    tokens: SoftTokens, kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    insurer[0].quirks.on = frozenset({Quirk.UNSIGNED_REFUSED})
    signer = signer_of(tmp_path, clock, with_key(tokens))
    sending = sender(kiosk, insurer[1], clock, signer)
    ids = {visit(kiosk, "an")}
    assert sending.deliver_some()

    tokens.pull_out()  # while its key is in use
    ids |= {visit(kiosk, "binh"), visit(kiosk, "dung")}
    for _ in range(4):
        sending.deliver_all()
        clock.go(timedelta(minutes=1))
    assert signer.state().trouble == SigningTrouble.TOKEN_ABSENT
    assert kiosk.outbox.counts()["queued"] == 2
    assert len(insurer[0].ledger.visits()) == 1

    tokens.put_back()
    while sending.deliver_some():
        pass
    assert signer.state().trouble is None
    assert {found.fields["MA_LK"] for found in insurer[0].ledger.visits()} == ids
    assert all(found.times == 1 for found in insurer[0].ledger.visits())


def test_a_wrong_pin_is_tried_once_even_by_several_processes(
    tokens: SoftTokens, tmp_path: Path
) -> None:
    settings = with_key(tokens)
    tokens.set_pin("9999")
    first = signer_of(tmp_path, Clock(), settings)
    assert not first.is_ready()
    assert first.state().trouble == SigningTrouble.PIN

    tries = count_sign_ins(first)
    nightly = signer_of(tmp_path, Clock(), settings)  # as another process would open it
    tries_at_night = count_sign_ins(nightly)
    for _ in range(10):
        assert not first.is_ready()
        assert not nightly.is_ready()
        assert nightly.look().trouble == SigningTrouble.PIN
    assert tries == tries_at_night == []
    assert "9999" not in (tmp_path / "refused-pin.json").read_text("utf-8")

    tokens.set_pin(PASSWORD)
    assert first.is_ready()
    assert nightly.is_ready()
    assert len(tries) == len(tries_at_night) == 1


def count_sign_ins(signer: Any) -> list[object]:
    """Return a list to which each try to sign in to the token is added."""
    source = signer._source
    tries: list[object] = []
    find_token = source._find_token

    class Watched:
        def __init__(self, token: Any) -> None:
            self.token = token

        def open(self, **how: Any) -> Any:
            if "user_pin" in how:
                tries.append(1)
            return self.token.open(**how)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.token, name)

    source._find_token = lambda: Watched(find_token())
    return tries


def test_a_pin_is_not_tried_if_the_token_has_one_try_left(
    tokens: SoftTokens, tmp_path: Path
) -> None:
    signer: Any = signer_of(tmp_path, Clock(), with_key(tokens))
    tries = count_sign_ins(signer)
    find_token = signer._source._find_token

    def worn_out() -> Any:
        token = find_token()
        token.flags = token.token.flags | signer._source._pkcs11.TokenFlag.USER_PIN_FINAL_TRY
        return token

    signer._source._find_token = worn_out

    assert not signer.is_ready()
    assert signer.state().trouble == SigningTrouble.PIN
    assert tries == []


@pytest.mark.parametrize(
    ("wrong", "trouble"),
    [
        ({"sign_module": "/nowhere/driver.so"}, SigningTrouble.MODULE),
        ({"sign_token": "other"}, SigningTrouble.TOKEN_ABSENT),
        ({"sign_key": "other"}, SigningTrouble.TOKEN_KEY),
        ({"sign_key": "0A"}, SigningTrouble.TOKEN_KEY),
        ({"sign_password_file": "/nowhere/pin"}, SigningTrouble.PIN),
    ],
)
def test_an_unusable_token_is_reported_and_nothing_is_signed(
    tokens: SoftTokens, tmp_path: Path, wrong: dict[str, str], trouble: SigningTrouble
) -> None:
    signer = signer_of(tmp_path, Clock(), with_key(tokens) | wrong)

    assert not signer.is_ready()
    assert signer.state().trouble == trouble


def test_two_tokens_with_one_label_are_reported(tokens: SoftTokens, tmp_path: Path) -> None:
    settings = with_key(tokens)
    signer = signer_of(tmp_path, Clock(), settings)
    assert signer.is_ready()
    tokens.add("desk")

    other = signer_of(tmp_path, Clock(), settings)
    assert not other.is_ready()
    assert other.state().trouble == SigningTrouble.TOKEN_TWICE
    assert other.look().trouble == SigningTrouble.TOKEN_TWICE


def test_the_only_token_and_key_need_no_label(tokens: SoftTokens, tmp_path: Path) -> None:
    settings = with_key(tokens) | {"sign_token": ""}
    assert signer_of(tmp_path, Clock(), settings).is_ready()

    second = private_key("EC")
    tokens.put("desk", "old", "0a", second, certificate_for(second))
    assert not signer_of(tmp_path, Clock(), settings).is_ready()
    for named in ("old", "0A", "reception", "01"):
        assert signer_of(tmp_path, Clock(), settings | {"sign_key": named}).is_ready()


def test_a_certificate_of_another_key_is_reported(tokens: SoftTokens, tmp_path: Path) -> None:
    tokens.add("desk")
    certificate = certificate_for(private_key("other RSA"))
    tokens.put("desk", "reception", "01", private_key("RSA"), certificate)
    signer = signer_of(tmp_path, Clock(), tokens.settings)

    assert not signer.is_ready()
    assert signer.state().trouble == SigningTrouble.MISMATCH


@pytest.mark.parametrize("key_name", ["", "reception", "01"])
def test_the_end_of_a_tokens_certificate_is_seen_without_its_pin(
    tokens: SoftTokens, tmp_path: Path, key_name: str
) -> None:
    tokens.add("desk")
    key = private_key("RSA")
    soon = NOW + timedelta(days=20)
    tokens.put("desk", "reception", "01", key, certificate_for(key, NOW - YEAR, soon))
    signer = signer_of(tmp_path, Clock(), tokens.settings | {"sign_key": key_name})
    tries = count_sign_ins(signer)

    state = signer.look()

    assert (state.trouble, state.ends) == (SigningTrouble.ENDING, soon)
    assert tries == []
    assert signer.is_ready()


def test_a_refused_pin_that_cannot_be_read_back_does_not_stop_the_signer(
    tokens: SoftTokens, tmp_path: Path
) -> None:
    (tmp_path / "refused-pin.json").write_text(json.dumps({"x": [1]})[:5], "utf-8")

    assert signer_of(tmp_path, Clock(), with_key(tokens)).is_ready()
