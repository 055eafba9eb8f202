"""One desk sends the messages of others: of a retired desk, or of all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from kiosk.hub import retire_desk
from kiosk.hub.errors import HubRefused
from kiosk.hub.sending_gate import WhySendingWaits
from kiosk.hub.takeover import TakeoverRefused
from kiosk.logbook import SendingDecisions
from tests.cast import AGAIN, Clock
from tests.hub.cluster import FACILITY, HubDatabase
from tests.hub.sending_site import SendingDesk, make_desk
from tests.kiosk.stub_gateway import Running, answering, gateway_to, token_then

WHY = "Máy bị cháy"


@pytest.fixture
def desk(hub: HubDatabase, tmp_path: Path, clock: Clock) -> Iterator[Callable[..., SendingDesk]]:
    made: list[SendingDesk] = []

    def make(number: int, sender: int = 0, folder: str = "") -> SendingDesk:
        folder = folder or f"desk-{number}"
        made.append(make_desk(hub, tmp_path / folder, clock, number, sender))
        return made[-1]

    yield make
    for each in made:
        each.close()


def sent_to(insurer: Running) -> dict[str, int]:
    """Return how often each visit reached the insurer."""
    return {row.fields["MA_LK"]: row.times for row in insurer[0].ledger.visits()}


def retire(hub: HubDatabase, number: int) -> None:
    retire_desk(hub.admin(), FACILITY, number)


def test_what_a_retired_desk_had_not_sent_is_sent_by_the_one_that_took_over(
    desk: Callable[..., SendingDesk], hub: HubDatabase, insurer: Running, clock: Clock
) -> None:
    burnt, other = desk(3), desk(2)
    visits = [burnt.confirm("an"), burnt.confirm("binh")]
    burnt.put_up()
    retire(hub, 3)
    other.sending.takeovers.take(3, "staff 101 Lan", WHY)
    other.round()

    other.relaying(gateway_to(insurer[1], clock)).deliver_all()

    assert sent_to(insurer) == dict.fromkeys(visits, 1)
    states = hub.sql("select insurer_state, insurer_transaction from hub.visit")
    assert {row["insurer_state"] for row in states} == {"accepted"}
    assert all(row["insurer_transaction"] for row in states)
    [decision] = SendingDecisions(other.kiosk.database).newest()
    assert (decision.desk, decision.reason, decision.author) == ("3", WHY, "staff 101 Lan")
    assert other.kiosk.visits.newest() == []  # nothing of them is in this logbook


def test_a_desk_that_works_is_not_taken_over_nor_one_twice(
    desk: Callable[..., SendingDesk], hub: HubDatabase
) -> None:
    _first, second, third = desk(1), desk(2), desk(3)
    for number, why in ((1, "works"), (2, "own"), (9, "no_desk")):
        with pytest.raises(TakeoverRefused) as refused:
            second.sending.takeovers.take(number, "desk", WHY)
        assert refused.value.why == why
    retire(hub, 1)
    with pytest.raises(TakeoverRefused, match="reason"):
        second.sending.takeovers.take(1, "desk", " ")
    second.sending.takeovers.take(1, "desk", WHY)
    second.sending.takeovers.take(1, "desk", WHY)
    with pytest.raises(TakeoverRefused, match="desk 2 has taken"):
        third.sending.takeovers.take(1, "desk", WHY)
    retire(hub, 2)
    third.sending.takeovers.take(1, "desk", "Máy 2 cũng hỏng")

    [row] = [each for each in third.sending.takeovers.desks() if each.number == 1]
    assert (row.taken_by, row.reason) == (3, "Máy 2 cũng hỏng")
    assert len(SendingDecisions(second.kiosk.database).newest()) == 1


def test_a_desk_that_takes_what_it_may_not_gets_no_record(
    desk: Callable[..., SendingDesk], hub: HubDatabase
) -> None:
    first, _second = desk(1), desk(2)
    first.confirm("an")
    first.put_up()
    thief = hub.desk(2)
    key = "select facility, day, id, version, state_seq, desk, 2 from hub.visit"
    thief.execute(
        "insert into hub.takeover (facility, desk, by_desk, author, reason)"
        " values ('01999', 1, 2, 'x', 'x')"
    )
    thief.execute(
        f"insert into hub.sending (facility, day, visit, version, state_seq, desk, sender) {key}"
    )
    for sql in (
        "insert into hub.sends (facility, desk, sender) values ('01999', 1, 2)",
        "insert into hub.takeover (facility, desk, by_desk, author, reason)"
        " values ('01999', 1, 3, 'x', 'x')",
        "select document from hub.sending",
        "update hub.desk set retired_at = now()",
        "delete from hub.sending",
    ):
        with pytest.raises(HubRefused, match="42501"):
            thief.execute(sql)
    assert thief.rows("select 1 from hub.to_send_record") == []
    retire(hub, 1)
    assert len(thief.rows("select 1 from hub.to_send_record")) == 1


def test_the_one_sending_desk_sends_for_all_and_each_desk_gets_its_evidence(
    desk: Callable[..., SendingDesk], insurer: Running, clock: Clock, hub: HubDatabase
) -> None:
    sender, first = desk(1), desk(2, sender=1)
    first.round()
    sender.round()
    own, visit = sender.confirm("binh"), first.confirm("an")
    first.hand_over()
    sender.put_up()
    gateway = gateway_to(insurer[1], clock)

    first.delivery(gateway).deliver_all()
    assert sent_to(insurer) == {}
    assert first.sending.gate.state().why is WhySendingWaits.OTHER_SENDS
    sender.relaying(gateway).deliver_all()
    sender.delivery(gateway).deliver_all()
    first.round()
    first.round()  # twice is once

    assert sent_to(insurer) == {own: 1, visit: 1}
    assert first.state_of(visit) == "accepted"
    [file] = first.kiosk.sent_files.of_visit(visit)
    assert visit.encode() in file.document
    assert file.answer is not None
    history = first.kiosk.outbox.history(visit)
    assert [(event.state, event.author) for event in history][1:] == [("accepted", "desk 1")]
    kept = hub.sql("select document, answer, taken_at from hub.sending")
    assert [(row["document"], row["answer"]) for row in kept] == [(None, None)]
    assert first.sending.lane.overview().is_sender_ready


def test_a_desk_whose_sender_does_not_send_says_so(desk: Callable[..., SendingDesk]) -> None:
    first, second = desk(1), desk(2, sender=1)
    second.round()
    assert not second.sending.lane.overview().is_sender_ready
    first.round()
    second.round()
    assert second.sending.lane.overview().is_sender_ready
    assert first.sending.lane.overview().relays == (2,)


def test_what_the_insurer_refuses_is_in_the_tray_of_the_visit_s_own_desk(
    desk: Callable[..., SendingDesk], clock: Clock, hub: HubDatabase
) -> None:
    sender, first = desk(1), desk(2, sender=1)
    first.round()
    sender.round()
    visit = first.confirm("an")
    first.hand_over()
    answer: dict[str, object] = {"maKetQua": "205", "thongDiep": "sai", "maGiaoDich": None}
    with answering(token_then(answer)) as url:
        sender.relaying(gateway_to(url, clock)).deliver_all()
    first.round()
    [entry] = first.kiosk.corrections.tray()
    assert (entry.visit, entry.code) == (visit, "205")

    first.kiosk.corrections.send_again(visit, clock())
    first.hand_over()
    [row] = hub.sql("select insurer_state from hub.visit")
    assert row["insurer_state"] == "queued"
    with answering(token_then({**answer, "maKetQua": "200", "maGiaoDich": "g1"})) as url:
        sender.relaying(gateway_to(url, clock)).deliver_all()
    first.round()
    assert first.state_of(visit) == "accepted"
    assert len(first.kiosk.sent_files.of_visit(visit)) == 2


def test_the_messages_of_one_person_go_in_their_order_and_others_do_not_wait(
    desk: Callable[..., SendingDesk], clock: Clock
) -> None:
    sender, first, second = desk(1), desk(2, sender=1), desk(3, sender=1)
    for each in (first, second, sender):
        each.round()
    one = first.confirm("an")
    first.hand_over()
    two, other = second.confirm("an", repeat_reason=AGAIN), second.confirm("binh")
    second.hand_over()

    claim = partial(sender.sending.relay.claim, clock(), timedelta(seconds=30))
    held = claim(limit=5)
    assert [item.visit for item in held] == [one, other]
    assert claim(limit=5) == []
    sender.sending.relay.accept(held[:1], clock(), "g1", "200", "{}")
    assert [item.visit for item in claim(limit=5)] == [two]


def test_a_correction_follows_the_message_that_is_under_way(
    desk: Callable[..., SendingDesk], insurer: Running, clock: Clock, hub: HubDatabase
) -> None:
    sender, first = desk(1), desk(2, sender=1)
    first.round()
    sender.round()
    visit = first.confirm("an")
    first.hand_over()
    [item] = sender.sending.relay.claim(clock(), timedelta(seconds=30))
    first.kiosk.corrections.correct(visit, {"holder": "Nguyễn Văn Ân"}, "sai tên", clock())
    first.hand_over()

    assert sender.sending.relay.claim(clock(), timedelta(seconds=30)) == []  # one at a time
    sender.sending.relay.accept([item], clock(), "g1", "200", "{}")
    first.round()
    gateway = gateway_to(insurer[1], clock)
    sender.relaying(gateway).deliver_all()
    first.round()

    [row] = insurer[0].ledger.visits()
    assert (row.fields["MA_LK"], row.fields["HO_TEN"]) == (visit, "Nguyễn Văn Ân")
    assert first.state_of(visit) == "accepted"
    states = hub.sql("select state from hub.sending order by state_seq")
    assert [each["state"] for each in states] == ["accepted", "accepted"]


def test_the_result_of_an_earlier_version_does_not_settle_its_correction(
    desk: Callable[..., SendingDesk], insurer: Running, clock: Clock
) -> None:
    sender, first = desk(1), desk(2, sender=1)
    first.round()
    sender.round()
    visit = first.confirm("an")
    first.hand_over()
    gateway = gateway_to(insurer[1], clock)
    sender.relaying(gateway).deliver_all()
    first.kiosk.corrections.correct(visit, {"holder": "Nguyễn Văn Ân"}, "sai tên", clock())
    first.round()
    assert first.state_of(visit) == "queued"
    assert [event.state for event in first.kiosk.outbox.history(visit)] == [
        *("queued", "closed", "queued", "accepted", "queued"),
    ]

    first.hand_over()
    sender.relaying(gateway).deliver_all()
    first.round()
    assert first.state_of(visit) == "accepted"
    assert [row.fields["HO_TEN"] for row in insurer[0].ledger.visits()] == ["Nguyễn Văn Ân"]


def test_a_sender_that_was_killed_sends_again_under_the_same_id(
    desk: Callable[..., SendingDesk], insurer: Running, clock: Clock, hub: HubDatabase
) -> None:
    sender, first = desk(1), desk(2, sender=1)
    first.round()
    sender.round()
    visit = first.confirm("an")
    first.hand_over()
    [item] = sender.sending.relay.claim(clock(), timedelta(seconds=30))
    gateway = gateway_to(insurer[1], clock)
    gateway.check_in(item.body.encode())  # it arrived, and then the program was killed
    again = desk(1)
    again.round()
    assert again.sending.relay.claim(clock(), timedelta(seconds=30)) == []
    hub.sql("update hub.sending set lease_until = now() - interval '1 second'")

    again.relaying(gateway).deliver_all()

    assert sent_to(insurer) == {visit: 2}
    sender.sending.relay.accept([item], clock(), "late", "200", "{}")  # the lease is another's
    [row] = hub.sql("select insurer_transaction from hub.sending")
    assert row["insurer_transaction"] not in (None, "late")


def test_what_came_of_a_message_waits_for_the_hub_and_is_not_lost(
    desk: Callable[..., SendingDesk], insurer: Running, clock: Clock, hub: HubDatabase
) -> None:
    sender, first = desk(1), desk(2, sender=1)
    first.round()
    sender.round()
    visit = first.confirm("an")
    first.hand_over()
    gateway = gateway_to(insurer[1], clock)
    check_in = gateway.check_in

    def cut_off(document: bytes) -> object:
        receipt = check_in(document)
        hub.sql("alter role desk_01999_1 nologin")
        hub.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'desk_01999_1'"
        )
        return receipt

    gateway.check_in = cut_off  # type: ignore[method-assign,assignment]
    delivery = sender.relaying(gateway)
    delivery.deliver_some()
    assert hub.sql("select state from hub.sending")[0]["state"] == "in_flight"
    hub.sql("alter role desk_01999_1 login")
    gateway.check_in = check_in  # type: ignore[method-assign]
    hub.sql("update hub.sending set lease_until = now() - interval '1 second'")
    delivery.deliver_all()

    assert sent_to(insurer) == {visit: 1}
    first.round()
    assert first.state_of(visit) == "accepted"


def test_a_retired_machine_comes_back_under_a_new_number_and_sends_nothing_twice(
    desk: Callable[..., SendingDesk], hub: HubDatabase, insurer: Running, clock: Clock
) -> None:
    lost, other = desk(3), desk(2)
    gateway = gateway_to(insurer[1], clock)
    sent, under_way, unsent = (lost.confirm(key) for key in ("an", "binh", "dung"))
    lost.put_up()
    lost.round()
    lost.close()
    retire(hub, 3)
    other.sending.takeovers.take(3, "desk", WHY)
    other.round()
    relaying = other.relaying(gateway)
    assert relaying.deliver_some()  # the first one alone
    [item] = other.sending.relay.claim(clock(), timedelta(seconds=30))
    assert (item.visit, set(sent_to(insurer))) == (under_way, {sent})

    back = desk(5, folder="desk-3")
    back.put_up()
    back.round()

    assert back.state_of(sent) == "accepted"
    assert len(back.kiosk.sent_files.of_visit(sent)) == 1
    assert back.sending.gate.state().why is WhySendingWaits.BEING_SENT
    back.delivery(gateway).deliver_all()
    assert set(sent_to(insurer)) == {sent}
    other.round()
    assert other.sending.lane.overview().relays == ()  # the takeover has ended
    other.sending.relay.accept([item], clock(), "g1", "200", "{}")
    back.round()
    back.delivery(gateway).deliver_all()
    assert sent_to(insurer) == {sent: 1, unsent: 1}
    assert {back.state_of(visit) for visit in (sent, under_way, unsent)} == {"accepted"}
