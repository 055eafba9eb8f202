"""What is not known of the real gateway can be chosen, and our client lives with either."""

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
    one = person(key)
    assert one is not None
    return Card(one.insurance_number, holder or one.holder, Birth.on(one.born))


def test_habits_are_chosen_on_the_insurer_s_page(insurer: Running) -> None:
    form = urllib.parse.urlencode({"repeats_refused": "1", "nonsense": "1"}).encode()
    with urllib.request.urlopen(f"{insurer[1]}/habits", form) as page:
        assert "checked" in page.read().decode()

    assert insurer[0].quirks.on == {Quirk.REPEATS_REFUSED}


@pytest.mark.parametrize(
    "on", [(), (Quirk.HISTORY_AS_JSON,), (Quirk.HISTORY_EITHER_WAY,), (Quirk.HISTORY_WITH_CARD,)]
)
def test_histories_are_heard_in_whichever_form_they_are_given(
    on: tuple[Quirk, ...], insurer: Running, clock: Clock
) -> None:
    insurer[0].quirks.on = frozenset(on)

    assert len(gateway_to(insurer[1], clock).history(card_of("son"))) == 4


def test_a_wrong_question_teaches_nothing_about_the_holder(insurer: Running, clock: Clock) -> None:
    gateway = gateway_to(insurer[1], clock)
    for habit in (frozenset[Quirk](), frozenset({Quirk.LEGACY_ECHO})):
        insurer[0].quirks.on = habit
        word = gateway.look_up(card_of("an", "Trần Khác"))

        assert word.standing is Standing.NAME_DIFFERS
        assert (word.holder, word.born, word.card_number) == (None, None, None)


def test_a_repeat_that_is_refused_needs_a_person_and_is_not_lost(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    insurer[0].quirks.on = frozenset({Quirk.REPEATS_REFUSED})
    kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "k")
    delivery(kiosk, gateway_to(insurer[1], clock)).deliver_all()
    assert kiosk.outbox.counts()["accepted"] == 1

    with kiosk.database.transaction() as db:  # as after an answer that was lost
        db.execute("update outbox set state = 'queued', next_try_at = ''")
    clock.go(timedelta(hours=1))
    delivery(kiosk, gateway_to(insurer[1], clock)).deliver_all()

    assert len(insurer[0].ledger.visits()) == 1
    assert kiosk.outbox.counts()["refused"] == 1


def test_what_is_not_signed_is_refused_where_signatures_are_wanted(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    insurer[0].quirks.on = frozenset({Quirk.UNSIGNED_REFUSED})
    kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "k")
    body = kiosk.database.reading().execute("select body from outbox").fetchone()[0]
    unsigned, signed = gateway_to(insurer[1], clock), gateway_to(insurer[1], clock)

    def seal(xml: str) -> str:
        mark = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>'
        return xml.replace("<CHUKYDONVI />", f"<CHUKYDONVI>{mark}</CHUKYDONVI>")

    signed._seal = seal
    assert unsigned.check_in(body).code == "201"
    assert signed.check_in(body).code == "200"
