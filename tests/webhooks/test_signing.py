"""Messages are signed with secrets that can be changed, and go over TLS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from kiosk.errors import SettingsError
from kiosk.settings import load_settings
from kiosk.webhooks import WebhookDelivery, rotate_secret
from kiosk.webhooks.signing_secrets import make_secret, read_secrets
from tests.conftest import Kiosk
from tests.webhooks.messages import (
    deliver_all,
    state_of,
    tries,
    visit,
)
from tests.webhooks.receiver import WebhookReceiver


def test_a_message_holds_ids_only_and_its_receiver_can_verify_it(
    kiosk: Kiosk,
    lane: Callable[..., WebhookDelivery],
    receiver: WebhookReceiver,
    secret_file: Path,
) -> None:
    visit_id = visit(kiosk)

    assert deliver_all(lane()) == 1

    [message] = receiver.accepted
    [secret] = read_secrets(str(secret_file))
    body = Webhook(secret).verify(message.body, message.headers)
    assert message.path == "/hook?from=desk"
    assert body == {
        "type": "visit.recorded",
        "timestamp": "2026-11-25T03:00:00.000+00:00",
        "data": {
            "event": message.headers["webhook-id"],
            "visit": visit_id,
            "version": 1,
            "facility": "01999",
        },
    }
    assert state_of(kiosk) == (0, 0, False)


def test_a_changed_body_a_changed_time_and_another_secret_are_refused_by_the_receiver(
    kiosk: Kiosk,
    lane: Callable[..., WebhookDelivery],
    receiver: WebhookReceiver,
    secret_file: Path,
) -> None:
    visit(kiosk)
    deliver_all(lane())
    [message] = receiver.accepted
    [secret] = read_secrets(str(secret_file))
    late = message.headers | {
        "webhook-timestamp": str(int(message.headers["webhook-timestamp"]) - 1)
    }
    for key, body, headers in (
        (secret, message.body.replace(b"recorded", b"canceled"), message.headers),
        (secret, message.body, late),
        (make_secret(), message.body, message.headers),
    ):
        with pytest.raises(Exception, match="No matching signature"):
            Webhook(key).verify(body, headers)


def test_while_a_secret_is_changed_both_are_good_without_a_restart(
    kiosk: Kiosk,
    lane: Callable[..., WebhookDelivery],
    receiver: WebhookReceiver,
    secret_file: Path,
) -> None:
    sender = lane()
    [old] = read_secrets(str(secret_file))
    new = rotate_secret(secret_file)
    visit(kiosk)
    deliver_all(sender)
    rotate_secret(secret_file, forget_old=True)
    visit(kiosk, "binh")
    deliver_all(sender)

    both, newest = receiver.accepted
    for secret in (old, new):
        Webhook(secret).verify(both.body, both.headers)
    Webhook(new).verify(newest.body, newest.headers)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(old).verify(newest.body, newest.headers)


def test_a_damaged_secret_sends_nothing_unsigned(
    kiosk: Kiosk,
    lane: Callable[..., WebhookDelivery],
    receiver: WebhookReceiver,
    secret_file: Path,
) -> None:
    visit(kiosk)
    sender = lane()
    secret_file.write_text("whsec_\n", "ascii")

    assert deliver_all(sender) == 1
    assert receiver.seen == []
    assert tries(kiosk) == [(1, "the secret cannot be read")]


@pytest.mark.parametrize(
    "content",
    ["", "whsec_", "secret", "whsec_" + "A" * 8, "whsec_!!!!", f"{make_secret()}\n" * 3],
)
def test_a_file_that_holds_no_good_secret_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "s").write_text(content, "ascii")
    with pytest.raises(SettingsError, match="one or two lines"):
        read_secrets(str(tmp_path / "s"))


def test_a_secret_file_that_is_missing_or_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_secrets(str(tmp_path / "none"))
    (tmp_path / "file").write_text("x", "ascii")
    with pytest.raises(SettingsError, match="cannot be written"):
        rotate_secret(tmp_path / "file" / "s")


@pytest.mark.parametrize(
    ("url", "is_good"),
    [
        ("https://his.benhvien.vn/tiepdon", True),
        ("http://127.0.0.1:9000/hook", True),
        ("http://[::1]:9000/", True),
        ("http://localhost/", True),
        ("http://his.benhvien.vn/", False),
        ("http://127.0.0.1.benhvien.vn/", False),
        ("https://user:word@his.benhvien.vn/", False),
        ("https:///x", False),
        ("ftp://127.0.0.1/", False),
        ("https://his.benhvien.vn:99999/", False),
        ("https://his.benhvien.vn/a b", False),
        ("https://his.benhvien.vn/\r\nX: y", False),
        ("", False),
    ],
)
def test_an_address_is_encrypted_or_on_this_machine(
    tmp_path: Path, url: str, is_good: bool
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        '[facility]\ncode = "01999"\n[[webhooks]]\nname = "his"\nsecret_file = "s"\n'
        f"url = {url!r}\n".replace("'", '"'),
        "utf-8",
    )
    if is_good:
        [target] = load_settings(own).webhooks
        assert target.url == url
    else:
        with pytest.raises(SettingsError, match=r"\[\[webhooks\]\] his: url"):
            load_settings(own)
