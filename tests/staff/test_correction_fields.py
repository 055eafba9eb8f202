"""Each wrong field of a correction is named beside it."""

from __future__ import annotations

import re

from kiosk.staff import Role
from tests.staff.web import Site, record


def test_each_wrong_field_of_a_correction_is_named_beside_it(site: Site) -> None:
    client = site.signed_in(Role.CLERK)
    visit = record(client)
    wrong = {
        "born": "31/02/1990", "card_number": "••••1", "citizen_number": "12", "phone": "abc",
        "registered_at": "!", "valid_from": "01/2026", "care": "xx", "sex": "other",
        "arrival": "by train", "signed_on": "??",
    }  # fmt: skip
    answer = client.post(f"/logbook/visits/{visit}/correct", data=wrong | {"version": "1"})
    page = answer.get_data(as_text=True)

    assert answer.status_code == 400
    marked = set(re.findall(r'<label for="(\w+)">⚠ ', page))
    assert marked == {*wrong, "why"}
    described = set(re.findall(r'aria-describedby="(\w+)-fault"', page))
    assert {"born", "card_number", "citizen_number", "phone", "registered_at", "care"} <= described
    assert all(f'value="{text}"' in page for text in ("31/02/1990", "12", "abc"))


def test_a_card_that_ends_before_it_begins_is_no_correction(site: Site) -> None:
    client = site.signed_in(Role.CLERK)
    visit = record(client)
    ends = {"valid_from": "01/02/2026", "valid_until": "01/01/2026", "why": "đọc lại"}
    refused = client.post(f"/logbook/visits/{visit}/correct", data=ends | {"version": "1"})

    assert (refused.status_code, 'id="valid_until-fault"' in refused.text) == (400, True)
