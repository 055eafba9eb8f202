"""A receiver is sent signed messages, and whatever it answers holds nobody for long."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.runtime.http_post import post_once, tls_context
from kiosk.runtime.local_authority import make_authority, make_site_certificate
from kiosk.webhooks import WebhookDelivery
from kiosk.webhooks.signing_secrets import read_secrets
from tests.conftest import Kiosk
from tests.webhooks.messages import (
    FEW_S,
    NAME,
    deliver_all,
    state_of,
    tries,
    visit,
)
from tests.webhooks.receiver import WebhookReceiver, receiving, tls_of


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        ("fails", "HTTP 500"),
        ("redirects", "HTTP 302 (no redirect is followed)"),
        ("hangs", "no answer within 0.6 s"),
        ("drips", "no answer within 0.6 s"),
        ("continues", "no answer within 0.6 s"),
        ("garbage", "its answer is not HTTP (BadStatusLine)"),
        ("closes", "its answer is not HTTP (RemoteDisconnected)"),
        ("many headers", "its answer is not HTTP (HTTPException)"),
    ],
)
def test_a_receiver_that_fails_loses_nothing_and_holds_nobody_for_long(
    kiosk: Kiosk,
    lane: Callable[..., WebhookDelivery],
    receiver: WebhookReceiver,
    behaviour: str,
    why: str,
) -> None:
    visit(kiosk)
    receiver.behaviours = [behaviour]
    sender, begun = lane(), time.monotonic()

    assert deliver_all(sender) == 1

    assert time.monotonic() - begun < FEW_S + 2
    assert len(receiver.seen) == 1  # nothing followed a redirect
    assert tries(kiosk) == [(1, why)]
    assert state_of(kiosk) == (1, 0, False)
    kiosk.clock.go(timedelta(seconds=5))
    assert deliver_all(sender) == 1
    first, second = receiver.seen
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_an_endless_answer_fills_no_memory_and_counts_by_its_status(
    kiosk: Kiosk, lane: Callable[..., WebhookDelivery], receiver: WebhookReceiver
) -> None:
    visit(kiosk)
    receiver.behaviours = ["huge"]

    assert deliver_all(lane()) == 1
    assert state_of(kiosk) == (0, 0, False)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:9/", "no connection (ConnectionRefusedError)"),
        ("https://nobody.invalid/", "the host's name has no address"),
        (f"https://{'a' * 70}.invalid/", "the host's name has no address"),
    ],
)
def test_a_receiver_that_is_not_there_is_tried_again(
    kiosk: Kiosk, lane: Callable[..., WebhookDelivery], url: str, why: str
) -> None:
    visit(kiosk)

    assert deliver_all(lane(url)) == 1
    assert tries(kiosk) == [(1, why)]


def test_only_a_certificate_of_a_known_authority_for_this_name_is_accepted(
    kiosk: Kiosk, lane: Callable[..., WebhookDelivery], tmp_path: Path
) -> None:
    for folder, name in (("right", "localhost"), ("other", "other.example")):
        (tmp_path / folder).mkdir()
        key = tmp_path / f"{folder}.key"
        make_authority(tmp_path / folder, key, [name], datetime.now(UTC))
        make_site_certificate(tmp_path / folder, key, [name], datetime.now(UTC))
    authority = str(tmp_path / "right" / "authority.pem")
    visit(kiosk)
    with receiving(tls=tls_of(tmp_path / "right")) as right:
        deliver_all(lane(right.named_url))  # the system does not know the authority
        [(_, unknown)] = tries(kiosk)
        kiosk.clock.go(timedelta(seconds=5))
        deliver_all(lane(right.named_url, authority))
        assert len(right.accepted) == 1
    with receiving(tls=tls_of(tmp_path / "other")) as other:
        visit(kiosk, "binh")
        deliver_all(lane(other.named_url, str(tmp_path / "other" / "authority.pem")))
        assert other.seen == []

    assert unknown.startswith("its certificate is not accepted: ")
    assert "Hostname mismatch" in tries(kiosk)[1][1]


def test_a_handshake_that_never_ends_is_cut_off(
    kiosk: Kiosk, lane: Callable[..., WebhookDelivery], receiver: WebhookReceiver
) -> None:
    visit(kiosk)
    receiver.behaviour = "no handshake"
    begun = time.monotonic()

    deliver_all(lane(receiver.url.replace("http:", "https:")))

    assert time.monotonic() - begun < FEW_S + 2
    assert tries(kiosk) == [(1, "no answer within 0.6 s")]


def test_a_plain_answer_to_a_tls_greeting_is_a_fault_of_tls(receiver: WebhookReceiver) -> None:
    url = receiver.url.replace("http:", "https:")
    with pytest.raises(Exception, match=r"no (TLS connection|answer)"):
        post_once(url, b"{}", {}, FEW_S, tls_context())


def test_410_stops_a_receiver_until_a_person_resumes_it(
    kiosk: Kiosk, lane: Callable[..., WebhookDelivery], receiver: WebhookReceiver
) -> None:
    visit(kiosk)
    receiver.behaviour = "gone"
    sender = lane()
    assert deliver_all(sender) == 1
    visit(kiosk, "binh")
    kiosk.clock.go(timedelta(days=4))

    assert deliver_all(sender) == 0
    assert state_of(kiosk) == (2, 0, True)

    receiver.behaviour = "ok"
    assert kiosk.webhook_messages.resume(NAME, kiosk.clock()) == 2
    assert deliver_all(sender) == 2
    assert state_of(kiosk) == (0, 0, False)


def test_the_thread_sends_by_itself_and_ends_when_it_is_asked_to(
    kiosk: Kiosk, lane: Callable[..., WebhookDelivery], receiver: WebhookReceiver
) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=lane().run, args=(stop,))
    thread.start()
    try:
        for key in ("an", "binh"):
            visit(kiosk, key)
        deadline = time.monotonic() + 20
        while len(receiver.accepted) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        stop.set()
        thread.join(5)
    assert not thread.is_alive()


def test_the_log_names_no_address_and_no_secret(
    kiosk: Kiosk,
    lane: Callable[..., WebhookDelivery],
    receiver: WebhookReceiver,
    secret_file: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.behaviours = ["fails"]
    visit(kiosk)
    deliver_all(lane())

    [secret] = read_secrets(str(secret_file))
    assert "HTTP 500" in caplog.text
    assert secret not in caplog.text
    assert "from=desk" not in caplog.text
