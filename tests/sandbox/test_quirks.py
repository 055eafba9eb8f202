"""What is not known of the real gateway can be chosen, and our client copes with both ways."""

from __future__ import annotations

import urllib.parse
import urllib.request
from datetime import timedelta

import pytest

from kiosk.desk import Confirmation
from kiosk.sandbox import SandboxInsurer, person
from kiosk.sandbox.quirks import Quirk
from tests.cast import Clock, payload
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import gateway_to
from tests.kiosk.test_delivery import delivery
from verify import Birth, Card, Standing

Running = tuple[SandboxInsurer, str]


def card_of(key: str, holder: str = "") -> Card:
    patient = person(key)
    assert patient is not None
    return Card(patient.insurance_number, holder or patient.holder, Birth.from_date(patient.born))


def test_quirks_are_chosen_on_the_sandbox_page(insurer: Running) -> None:
    form = urllib.parse.urlencode({"repeats_refused": "1", "nonsense": "1"}).encode()
    with urllib.request.urlopen(f"{insurer[1]}/habits", form) as page:
        assert "checked" in page.read().decode()

    assert insurer[0].quirks.on == {Quirk.REPEATS_REFUSED}


@pytest.mark.parametrize(
    "on", [(), (Quirk.HISTORY_AS_JSON,), (Quirk.HISTORY_EITHER_WAY,), (Quirk.HISTORY_WITH_CARD,)]
)
def test_the_history_is_read_in_every_format(
    on: tuple[Quirk, ...], insurer: Running, clock: Clock
) -> None:
    insurer[0].quirks.on = frozenset(on)

    assert len(gateway_to(insurer[1], clock).history(card_of("son"))) == 4


def test_a_wrong_question_reveals_nothing_about_the_holder(insurer: Running, clock: Clock) -> None:
    gateway = gateway_to(insurer[1], clock)
    for quirks in (frozenset[Quirk](), frozenset({Quirk.LEGACY_ECHO})):
        insurer[0].quirks.on = quirks
        coverage = gateway.look_up(card_of("an", "Trần Khác"))

        assert coverage.standing is Standing.NAME_DIFFERS
        assert (coverage.holder, coverage.born, coverage.card_number) == (None, None, None)


def test_a_refused_repeat_waits_for_a_person_and_is_not_lost(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    insurer[0].quirks.on = frozenset({Quirk.REPEATS_REFUSED})
    kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "k")
    delivery(kiosk, gateway_to(insurer[1], clock)).deliver_all()
    assert kiosk.outbox.counts()["accepted"] == 1

    with kiosk.database.transaction() as db:  # as if the answer had been lost
        db.execute("update outbox set state = 'queued', next_try_at = ''")
    clock.go(timedelta(hours=1))
    delivery(kiosk, gateway_to(insurer[1], clock)).deliver_all()

    assert len(insurer[0].ledger.visits()) == 1
    assert kiosk.outbox.counts()["refused"] == 1
