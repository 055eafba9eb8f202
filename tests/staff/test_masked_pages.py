"""No page holds the whole number of a person, unless it was asked for."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from kiosk.staff import Role
from tests.cast import BHYT15, CCCD, payload
from tests.staff.web import NAMES, PIN, Site, record
from tests.test_hostile_names import paths

CHILD = "9999900007"  # the insurance number in the card of a child
GUARDIAN = "001099999902"
WHOLE = ("DN4019999900021", "9999900021", "001099999901", GUARDIAN, CHILD, "099999000001")
# What is shown to be compared with the card in the hand.
ASKED_FOR = ("/enquiry/attempts/",)


def planted(site: Site) -> list[str]:
    """Plant numbers in readings, visits, suspicions and the staff; return the visits."""
    client = site.signed_in(Role.CLERK)
    visits = []
    for text in (BHYT15, CCCD, payload("khoi").decode()):
        body = {"payload": text, "reader": "typed"}
        attempt = client.post("/api/scans", json=body).get_json()["attempt"]
        guardian = {"name": "An", "relation": "mother", "number": GUARDIAN}
        visit = {"attempt": attempt, "clerk_reason": "x", "guardian": guardian}
        key = {"Idempotency-Key": f"k{attempt}"}
        answer = client.post("/api/visits", json=visit, headers=key)
        visits += [answer.get_json()["id"]] if answer.status_code == 201 else []
        form = {"ground": "other", "note": "x"}
        client.post(f"/logbook/suspicions/new?reading={attempt}", data=form)
    assert len(visits) > 1
    site.staff.members.change(
        site.numbers[Role.CLERK], site.clock(), "a test", citizen_number="099999000001"
    )
    return visits


def test_no_page_holds_a_whole_number(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.hire()
    visits = planted(site)
    boss = site.signed_in(Role.ADMINISTRATOR)
    wrong = []
    for path in paths(site, visits):
        answer = boss.get(path)
        page = answer.get_data(as_text=True) if answer.mimetype == "text/html" else ""
        shown = [number for number in WHOLE if number in page]
        if shown and not path.startswith(ASKED_FOR):
            wrong.append(f"{path}: {shown}")

    assert not wrong, "\n".join(wrong)


def test_a_masked_citizen_number_of_a_member_stays_as_it_is(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.hire()
    planted(site)
    boss, number = site.signed_in(Role.ADMINISTRATOR), site.numbers[Role.CLERK]
    form = {"name": NAMES[Role.CLERK], "role": "clerk", "citizen_number": "••••••••0001"}

    assert boss.post(f"/staff/{number}", data=form).status_code == 303
    assert site.staff.members.find(number).citizen_number == "099999000001"
    wrong = boss.post(f"/staff/{number}", data=form | {"citizen_number": "••••••••0002"})
    assert wrong.status_code == 400


def test_numbers_are_masked_until_a_supervisor_approves_and_the_look_is_written_down(
    site: Site,
) -> None:
    client, number = site.signed_in(Role.CLERK), str(site.numbers[Role.SUPERVISOR])
    visit = record(client)
    stored = site.kiosk.visits.by_id(visit)
    assert stored is not None
    whole = stored.card.number
    path = f"/logbook/visits/{visit}/numbers"

    assert whole not in client.get(f"/logbook/visits/{visit}").get_data(as_text=True)
    form = {"why": "BHXH hỏi", "approver": number, "approver_pin": "999123"}
    refused = client.post(path, data=form)
    assert (refused.status_code, whole in refused.get_data(as_text=True)) == (403, False)
    shown = client.post(path, data=form | {"approver_pin": PIN})
    assert (shown.status_code, whole in shown.get_data(as_text=True)) == (200, True)
    looks = site.signed_in(Role.SUPERVISOR).get(f"/staff/accesses?visit={visit}")
    assert "BHXH hỏi" in looks.get_data(as_text=True)


def test_a_supervisor_sees_a_whole_number_by_a_request_of_its_own(site: Site) -> None:
    visit = record(site.signed_in(Role.CLERK))
    stored = site.kiosk.visits.by_id(visit)
    assert stored is not None
    boss = site.signed_in(Role.SUPERVISOR)

    assert stored.card.number not in boss.get(f"/logbook/visits/{visit}").get_data(as_text=True)
    answer = boss.post(f"/logbook/visits/{visit}/numbers", data={"why": "in báo cáo"})
    assert stored.card.number in answer.get_data(as_text=True)
    assert "in báo cáo" in boss.get("/staff/accesses").get_data(as_text=True)


def test_a_masked_number_that_comes_back_is_no_correction(site: Site) -> None:
    client = site.signed_in(Role.CLERK)
    visit = record(client)
    before = site.kiosk.visits.by_id(visit)
    page = client.get(f"/logbook/visits/{visit}").get_data(as_text=True)
    fields = dict(re.findall(r'<input id="(\w+)" name="\w+" value="([^"]*)"', page))
    form = {name: html.unescape(value) for name, value in fields.items() if name != "why"}
    form |= {"arrival": "registered", "phone": "0999999901", "why": "số mới", "version": "1"}
    answer = client.post(f"/logbook/visits/{visit}/correct", data=form)

    after = site.kiosk.visits.by_id(visit)
    assert "•" in form["card_number"]
    assert (answer.status_code, after and after.arrival.phone) == (303, "0999999901")
    assert before is not None
    assert after is not None
    assert after.card.number == before.card.number
    assert after.card.card_number == before.card.card_number


def test_a_guardian_s_number_comes_masked_and_is_recorded_whole(site: Site) -> None:
    client, number = site.signed_in(Role.CLERK), "001099999901"

    def recorded(key: str, guardian: dict[str, object]) -> Any:
        body = {"payload": payload(key).decode(), "reader": "typed"}
        attempt = client.post("/api/scans", json=body).get_json()["attempt"]
        visit = {"attempt": attempt, "guardian": guardian}
        return client.post("/api/visits", json=visit, headers={"Idempotency-Key": key})

    first = site.kiosk.visits.by_id(
        recorded("khoi", {"name": "An", "number": number}).get_json()["id"]
    )
    assert first is not None
    page = client.get(f"/desk/attempts/{first.attempt}").get_data(as_text=True)
    masked = "•" * 8 + number[-4:]
    assert (number in page, masked in page) == (False, True)
    wrong = {"name": "An", "number": "•" * 8 + "9876", "number_of": first.attempt}

    assert recorded("binh", wrong).status_code == 400
    made = recorded("binh", wrong | {"number": masked})
    child = site.kiosk.visits.by_id(made.get_json()["id"])
    assert child is not None
    assert child.arrival.guardian is not None
    assert child.arrival.guardian.number == number
