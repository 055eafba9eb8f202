"""Mails go through a real server, encrypted; what fails is said without what the server said."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kiosk.alerts import AlertNotSent, send_trial
from kiosk.alerts.mail import send_mail
from kiosk.errors import SettingsError
from kiosk.settings import AlertSettings
from tests.alerts.mail_server import PASSWORD, USER, MailServer, mail_server
from tests.cast import NOW, settings_for

WORDS = ("402957", "Kin", "benhvien", PASSWORD)


def to_server(server: MailServer, folder: Path, **more: Any) -> AlertSettings:
    password = folder / "mail-password"
    password.write_text(PASSWORD + "\n", "utf-8")
    usual: dict[str, Any] = {
        "mail_to": ("it@benhvien.example", "night@benhvien.example"),
        "mail_from": "tiepdon@benhvien.example",
        "mail_server": "127.0.0.1",
        "mail_port": server.port,
        "mail_security": server.security,
        "username": USER,
        "password_file": str(password),
        "authority_file": str(folder / "authority.pem"),
    }
    return AlertSettings(**(usual | more))


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_arrives_encrypted_and_signed_in(tmp_path: Path, security: str) -> None:
    with mail_server(tmp_path, security) as server:
        send_trial("mail", to_server(server, tmp_path), settings_for(tmp_path).facility, NOW)

    assert server.was_encrypted
    [mail] = server.mails
    assert server.to == [["it@benhvien.example", "night@benhvien.example"]]
    assert mail["Subject"].startswith("Tiếp Đón 01999: 1 việc cần xử lý")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "Đây là tin thử" in mail.get_content()


def test_without_encryption_only_this_machine_is_used_and_no_password(tmp_path: Path) -> None:
    with mail_server(tmp_path, "none") as server:
        plain = to_server(server, tmp_path, username="", password_file="", language="en")
        send_trial("mail", plain, settings_for(tmp_path).facility, NOW)

    assert "This is a trial" in server.mails[0].get_content()


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        ("no starttls", "STARTTLS"),
        ("refuses account", "refuses the account (code 535)"),
        ("refuses sender", "mail_from"),
        ("refuses all", "addresses of mail_to"),
        ("refuses one", "1 of the addresses"),
        ("refuses mail", "code 554"),
        ("closes", "mail server"),
    ],
)
def test_a_failure_is_said_without_the_server_s_words(
    tmp_path: Path, behaviour: str, why: str
) -> None:
    with (
        mail_server(tmp_path, behaviour=behaviour) as server,
        pytest.raises(AlertNotSent) as failed,
    ):
        send_mail(to_server(server, tmp_path), "s", "b", NOW)

    assert why in str(failed.value)
    assert not any(word in str(failed.value) for word in WORDS)
    assert failed.value.__cause__ is None


@pytest.mark.parametrize("behaviour", ["hangs", "drips"])
def test_a_server_that_hangs_or_drips_holds_nobody_for_long(tmp_path: Path, behaviour: str) -> None:
    began = time.monotonic()
    with (
        mail_server(tmp_path, behaviour=behaviour) as server,
        pytest.raises(AlertNotSent, match="longer than 1 s"),
    ):
        send_mail(to_server(server, tmp_path), "s", "b", NOW, total_s=1)

    assert time.monotonic() - began < 9


def test_a_server_that_drips_is_left_even_if_the_time_was_over_at_the_greeting(
    tmp_path: Path,
) -> None:
    # Addresses that do not answer can take the whole time; the cut came before the connection.
    with (
        mail_server(tmp_path, behaviour="drips") as server,
        pytest.raises(AlertNotSent, match="longer than"),
    ):
        send_mail(to_server(server, tmp_path), "s", "b", NOW, total_s=1e-9)


def test_a_certificate_of_another_authority_gets_no_password(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with mail_server(other) as server:
        stranger = to_server(server, tmp_path, authority_file="")
        with pytest.raises(AlertNotSent, match="certificate is not accepted"):
            send_mail(stranger, "s", "b", NOW)

    assert server.mails == []


def test_files_that_are_missing_are_named(tmp_path: Path) -> None:
    with mail_server(tmp_path) as server:
        settings = to_server(server, tmp_path)
        for key in ("password_file", "authority_file"):
            files: Any = {key: str(tmp_path / "gone")}
            gone = replace(settings, **files)
            with pytest.raises(AlertNotSent, match=key):
                send_mail(gone, "s", "b", NOW)


@pytest.mark.parametrize(
    ("alerts", "key"),
    [
        ({"mail_to": ["no address"]}, "mail_to"),
        ({"mail_to": ["a@b.vn\r\nBcc: c@d.vn"]}, "mail_to"),
        ({"mail_to": ["a@b.vn"], "mail_from": "x"}, "mail_from"),
        ({"mail_to": ["a@b.vn"], "mail_from": "a@b.vn"}, "mail_server"),
        (
            {
                "mail_to": ["a@b.vn"], "mail_from": "a@b.vn", "mail_server": "mail.vn",
                "mail_security": "none",
            },
            "mail_security",
        ),
        ({"webhook_url": "http://10.0.0.1/x"}, "webhook_url"),
        ({"webhook_url": "https://a.vn/x"}, "webhook_secret_file"),
        ({"quiet": "21-6"}, "quiet"),
        ({"settle_minutes": -1}, "settle_minutes"),
        ({"remind_hours": 999}, "remind_hours"),
        ({"states": "good"}, "states"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(
    tmp_path: Path, alerts: dict[str, Any], key: str
) -> None:
    with pytest.raises(SettingsError, match=key):
        settings_for(tmp_path, alerts=alerts)
