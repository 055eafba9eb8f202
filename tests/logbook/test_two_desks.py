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
        for each, name in ((page, "Nguyễn Văn Ân"), (second, None)):
            each.goto(address)
            if name:
                each.fill("#holder", name)
        second.fill("#phone", "0900000002")
        second.fill("#why", "số mới")
        page.fill("#why", "dấu sai")
        page.click("#correct-form button.primary")
        page.wait_for_selector(".message.good")

        second.click("#correct-form button.primary")
        second.wait_for_selector("text=Sổ đang ghi: Nguyễn Văn Ân")
        assert "Đã có người sửa lượt khám này." in second.inner_text("main")
        assert second.input_value("#phone") == "0900000002"
        assert second.input_value("#why") == "số mới"

        second.fill("#holder", "Nguyễn Văn Ân")  # as it is in the logbook now
        second.click("#correct-form button.primary")
        second.wait_for_selector(".message.good")

        page.goto(address)
        assert page.input_value("#holder") == "Nguyễn Văn Ân"
        assert page.input_value("#phone") == "0900000002"
        text = page.inner_text("main")
        assert "dấu sai" in text
        assert "số mới" in text
