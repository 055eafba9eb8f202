"""The insurer's history stands beside a person's visits, marked as the insurer's, with its time."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

from kiosk.logbook import LookupPurpose
from kiosk.web.app import create_app
from tests.cast import Clock, payload, running_insurer
from tests.conftest import Kiosk


def test_the_insurers_history_is_marked_as_its_own_with_its_time_and_is_written_down(
    make_kiosk: Callable[..., Kiosk], clock: Clock
) -> None:
    with running_insurer(clock) as (_, url):
        kiosk = make_kiosk(url)
        client = create_app(kiosk, threading.Event()).test_client()
        reading = client.post("/api/scans", json={"payload": payload("son").decode()}).get_json()
        body = {"attempt": reading["attempt"], "clerk_reason": "thử"}
        visit = client.post("/api/visits", json=body, headers={"Idempotency-Key": "k"}).get_json()
        path = f"/logbook/visits/{visit['id']}/person"
        before = client.get(f"{path}?lang=en").text
        page = client.post(f"{path}/history?lang=en").text
        purposes = [row[0] for row in kiosk.database.rows("select purpose from lookup")]

    beside = re.search(r'class="panel insurer-side".*?</section>', page, re.DOTALL)
    assert beside
    assert "Answer of the insurer’s gateway at" in beside[0]
    assert "It is not our record." in beside[0]
    assert f"{clock():%Y}" in beside[0]
    assert len(re.findall("<li>", beside[0])) > 1
    assert "It is not our record." not in before
    assert LookupPurpose.ENQUIRY in purposes
