"""A visit whose time was corrected counts on the day on which the patient really came."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.sandbox import SandboxInsurer
from kiosk.web.app import create_app
from tests.cast import running_insurer
from tests.kiosk.machine import Machine, admit, kiosk_on
from verify import CLINIC_ZONE, clinic_day

DAY = timedelta(days=1)
WRONG_BY = [-400 * DAY, -DAY, DAY, 400 * DAY]


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def insurer(machine: Machine) -> Iterator[tuple[SandboxInsurer, str]]:
    with running_insurer(machine.true) as running:
        yield running


@pytest.fixture(params=WRONG_BY)
def corrected(
    request: pytest.FixtureRequest,
    machine: Machine,
    insurer: tuple[SandboxInsurer, str],
    tmp_path: Path,
) -> Any:
    """Return a kiosk, its pages, and the id of a visit whose wrong time was corrected.

    A patient who came at the right time follows.
    """
    machine.ahead = request.param
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    visit_id = admit(kiosk, "an")
    assert kiosk.delivery is not None
    kiosk.delivery.deliver_all()
    machine.ahead = timedelta(0)
    kiosk.delivery.deliver_all()
    admit(kiosk, "binh")
    client = create_app(kiosk, threading.Event()).test_client()
    assert client.post("/logbook/wrong-times").status_code == 303
    return kiosk, client, visit_id


def test_a_corrected_visit_is_counted_on_the_day_of_its_arrival(
    corrected: Any, machine: Machine
) -> None:
    kiosk, client, visit_id = corrected
    kiosk.delivery.deliver_all()
    now, today = machine.true(), clinic_day(machine.true())
    printed = datetime.strptime(visit_id.split("-")[1], "%Y%m%d").date()
    assert printed != today

    [here] = kiosk.reporting.days(today, today, now)
    assert (here.figures["visits"], here.figures["accepted"]) == (2, 2)
    [there] = kiosk.reporting.days(printed, printed, now)
    assert there.figures["visits"] == 0
    assert len(kiosk.reporting.rows_of("accepted", today, today, now)) == 2
    assert visit_id in client.get(f"/logbook/reporting/{today}/accepted").text
    totals = kiosk.nightly_runs.days(min(printed, today).isoformat())
    assert [(day.day, day.visits) for day in totals] == [(today.isoformat(), 2)]


def test_the_ticket_and_the_id_stay_as_they_were_printed(corrected: Any, machine: Machine) -> None:
    kiosk, _, visit_id = corrected
    visit = kiosk.visits.by_id(visit_id)

    assert visit.ticket == 1
    assert clinic_day(visit.arrived_at) == clinic_day(machine.true())
    assert kiosk.database.rows("select count(*) from visit where day <> date(arrived_at)")[0][0]


def test_other_programs_get_a_corrected_visit_with_those_of_its_day(
    corrected: Any, machine: Machine
) -> None:
    _, client, visit_id = corrected
    begin = datetime.combine(clinic_day(machine.true()), time(), CLINIC_ZONE)

    since = client.get("/api/visits", query_string={"since": begin.isoformat()}).json["visits"]
    later = client.get("/api/visits", query_string={"since": (begin + DAY).isoformat()}).json

    assert since[0]["id"] == visit_id
    assert len(since) == 2
    assert later["visits"] == []


def test_a_patient_whose_time_was_corrected_has_been_here_today(
    corrected: Any, machine: Machine
) -> None:
    kiosk, _, visit_id = corrected
    person = kiosk.visits.by_id(visit_id).person

    here = kiosk.visits.here_today(person, machine.true())

    assert here is not None
    assert here.id == visit_id
