"""Two desks correct one visit: one is first, the other is told so, and nothing typed is lost."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation
from tests.browser import chromium
from tests.cast import payload
from tests.conftest import Kiosk
from tests.process import Server, card

DESKS = 6


def test_of_desks_that_correct_at_once_one_is_first_and_the_others_keep_what_they_typed(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit = kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "k")[0].id
    answers: dict[int, Any] = {}
    together = threading.Barrier(DESKS)

    def work(desk: int) -> None:
        mine = client.application.test_client()
        form = {"phone": f"090000000{desk}", "why": f"bàn {desk}", "version": "1"}
        together.wait()
        what = "cancel" if desk == DESKS - 1 else "correct"
        answers[desk] = mine.post(f"/logbook/visits/{visit}/{what}", data=form)

    threads = [threading.Thread(target=work, args=(desk,)) for desk in range(DESKS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    corrected = [desk for desk in range(DESKS - 1) if answers[desk].status_code == 303]
    others = [desk for desk in range(DESKS - 1) if desk not in corrected]
    is_cancelled = answers[DESKS - 1].status_code == 303
    assert len(corrected) + is_cancelled >= 1
    assert len(corrected) <= 1
    for desk in others:
        assert answers[desk].status_code == 409
        if not is_cancelled:
            assert f"090000000{desk}" in answers[desk].text
            assert f"bàn {desk}" in answers[desk].text
    [found] = kiosk.visits.newest(1)
    assert found.version == 1 + len(corrected) + is_cancelled
    if corrected:
        assert found.arrival.phone == f"090000000{corrected[0]}"
    kept = kiosk.corrections.versions(visit)
    assert [version.version for version in kept] == list(range(1, found.version))
    assert kiosk.proofs.check().is_good


@pytest.mark.slow
def test_two_browsers_that_correct_one_visit_lose_nothing_that_was_typed(
    page: Any, server: Server
) -> None:
    visit = server.confirm(card("an"), "k")["id"]
    address = f"{server.url}/logbook/visits/{visit}"
    with chromium() as other:
        second = other.new_page()
        for each, name in ((page, "Nguyễn Văn Ân"), (second, "Nguyễn Văn Ấn")):
            each.goto(address)
            each.fill("#holder", name)
        page.fill("#phone", "0900000001")
        page.fill("#why", "dấu sai")
        second.fill("#citizen_number", "001999000222")
        second.fill("#why", "số mới")
        page.click("#correct-form button.primary")
        page.wait_for_selector(".message.good")

        second.click("#correct-form button.primary")
        second.wait_for_selector(".both")
        assert "Đã có người sửa lượt khám này." in second.inner_text("main")
        assert second.input_value("#holder") == "Nguyễn Văn Ấn"
        assert second.inner_text(".both .theirs") == "Nguyễn Văn Ân"
        assert second.input_value("#phone") == "0900000001"  # nobody touched it here
        assert second.input_value("#citizen_number") == "001999000222"
        assert second.input_value("#why") == "số mới"

        second.click("#correct-form button.primary")  # without a decision
        assert second.locator("#correct-form :invalid").count() > 0
        second.check("[name=keep-holder][value=theirs]")
        second.click("#correct-form button.primary")
        second.wait_for_selector(".message.good")

        page.goto(address)
        assert page.input_value("#holder") == "Nguyễn Văn Ân"
        assert page.input_value("#phone") == "0900000001"
        assert "0222" in page.input_value("#citizen_number").replace(" ", "")
        text = page.inner_text("main")
        assert "dấu sai" in text
        assert "số mới" in text
