"""What IT and the makers of receivers use: commands, the document, the page of the data."""

from __future__ import annotations

import json
import os
import re
import stat
import threading
from collections.abc import Callable
from datetime import timedelta
from http.server import HTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from flask.testing import FlaskClient

from kiosk.logbook import (
    Database,
    VisitEventKind,
    WebhookMessages,
    to_utc_text,
)
from kiosk.webhooks import WebhookDelivery, rotate_secret
from kiosk.webhooks.signing_secrets import make_secret, read_secrets
from tests.cast import NOW
from tests.conftest import Kiosk
from tests.process import call, site
from tests.webhooks.messages import (
    NAME,
    deliver_all,
    state_of,
    visit,
)
from tests.webhooks.receiver import WebhookReceiver


def snippets() -> list[str]:
    """Return the programs in Python of the page for receivers."""
    text = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text("utf-8")
    return re.findall(r"```python\n(.+?)```", text, re.S)


def test_what_the_page_for_receivers_says_works(
    kiosk: Kiosk,
    lane: Callable[..., WebhookDelivery],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)  # where the secret lies
    names: dict[str, Any] = {}
    exec(snippets()[0], names)
    names["Receiver"].log_message = lambda *_: None
    server = HTTPServer(("127.0.0.1", 0), names["Receiver"])
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/tiepdon"
        visit_id = visit(kiosk)
        deliver_all(lane(url))
        assert state_of(kiosk) == (0, 0, False)
        with pytest.raises(HTTPError, match="401"):
            urlopen(Request(url, b"{}", {"webhook-id": "x"}))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    assert capsys.readouterr().out == f"visit.recorded {visit_id}\n"


def test_the_check_without_a_library_works(
    kiosk: Kiosk,
    lane: Callable[..., WebhookDelivery],
    receiver: WebhookReceiver,
    secret_file: Path,
) -> None:
    [old] = read_secrets(str(secret_file))
    new = rotate_secret(secret_file)
    visit(kiosk)
    deliver_all(lane())
    names: dict[str, Any] = {}
    exec(snippets()[1], names)
    [message] = receiver.accepted

    for secret in (old, new):
        assert names["is_genuine"](secret, message.headers, message.body)
    assert not names["is_genuine"](make_secret(), message.headers, message.body)
    assert not names["is_genuine"](new, message.headers, message.body + b" ")


def test_the_page_for_receivers_lists_all_kinds() -> None:
    text = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text("utf-8")
    for kind in VisitEventKind:
        assert f"| `{kind}` |" in text


def site_with(folder: Path, receiver: WebhookReceiver, secret: Path) -> list[str]:
    hook = f'[[webhooks]]\nname = "his"\nurl = "{receiver.url}"\nsecret_file = \'{secret}\'\n'
    return site(folder, "http://127.0.0.1:9", hook)


def test_the_commands_list_resume_send_again_close_and_try(
    tmp_path: Path, receiver: WebhookReceiver, secret_file: Path
) -> None:
    words = site_with(tmp_path, receiver, secret_file)
    tried = call("webhooks", "try", NAME, *words)
    assert (tried.returncode, json.loads(tried.stdout)["answer"]) == (0, "HTTP 204")
    assert receiver.accepted[0].json["type"] == "webhook.test"
    receiver.behaviour = "fails"
    assert call("webhooks", "try", NAME, *words).returncode == 1
    assert call("webhooks", "try", "other", *words).returncode == 2
    messages = WebhookMessages(database := Database(tmp_path / "data" / "logbook.db"))
    messages.configure({NAME: ()})
    at = to_utc_text(NOW)
    with database.transaction() as db:
        for number, state in enumerate(["parked", "parked", "queued"]):
            db.execute(
                "insert into webhook_message (webhook, event, kind, visit, version, facility, at,"
                " state, next_try_at, changed_at) values (?, ?, 'visit.recorded', 'v', 1, '01999',"
                " ?, ?, ?, ?)",
                [NAME, str(number), at, state, at, at],
            )
    listed = call("webhooks", "list", *words)
    assert listed.returncode == 1
    first, *parked = [json.loads(line) for line in listed.stdout.splitlines()]
    assert (first["waiting"], first["parked"], len(parked)) == (1, 2, 2)
    doctor = call("doctor", *words)
    lines = [json.loads(line) for line in doctor.stdout.splitlines()]
    [check] = [line for line in lines if line["what"] == "webhook his"]
    assert (check["good"], check["seen"]) == (False, "1 waiting, 2 parked")

    message = str(parked[0]["message"])
    assert call("webhooks", "send-again", NAME, "--message", message, *words).returncode == 0
    assert call("webhooks", "close", NAME, "--why", "bỏ", *words).returncode == 0
    assert call("webhooks", "close", NAME, "--why", "bỏ", *words).returncode == 2
    assert call("webhooks", "resume", NAME, *words).returncode == 0
    assert call("webhooks", "resume", "other", *words).returncode == 2
    assert call("webhooks", "list", *words).returncode == 0
    database.close()


def test_the_command_for_secrets_makes_changes_and_forgets_them(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "his.secret"
    first = json.loads(call("webhooks", "secret", str(file)).stdout)["secret"]
    second = json.loads(call("webhooks", "secret", str(file)).stdout)["secret"]
    assert read_secrets(str(file)) == (second, first)
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert b"whsec_" not in call("webhooks", "secret", str(file), "--forget-old").stdout
    assert read_secrets(str(file)) == (second,)
    assert call("webhooks", "secret", str(tmp_path / "none"), "--forget-old").returncode == 2


def test_the_data_page_and_the_state_tell_of_receivers(
    kiosk: Kiosk, client: FlaskClient, lane: Callable[..., WebhookDelivery]
) -> None:
    visit(kiosk)
    assert "đang chờ gửi" in client.get("/data").text
    kiosk.clock.go(timedelta(minutes=1))
    [hook] = client.get("/healthz").json["webhooks"]  # type: ignore[index]
    assert (hook["name"], hook["waiting"], hook["parked"]) == (NAME, 1, 0)
    deliver_all(lane())
    assert "đã nhận đủ tin" in client.get("/data").text
