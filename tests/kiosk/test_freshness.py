"""The age of data is the age of their content, never that of an attempt to update them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.assembly import Kiosk
from kiosk.data.freshness import DataSet, State, worst_set
from kiosk.data.report import data_report
from kiosk.data.sync_status import SyncStatus
from kiosk.doctor.data_sets import data_checks
from kiosk.runtime.paths import synced_folder
from kiosk.runtime.server_time import ServerClock
from kiosk.runtime.webserver import WebServer
from kiosk.sandbox import (
    Quirk,
    SandboxFeed,
    SandboxInsurer,
    demo_settings,
    payload_of,
    person,
    remember_people,
)
from kiosk.settings import load_settings
from tests.cast import NOW, Clock, running_insurer
from tests.feed_server import Publisher, client, line, quiet, serving, web
from verify import BadTable, Birth, Card, Law, Note, Outcome, Proof, Reason, judge

SOFT, HARD = timedelta(hours=24), timedelta(days=7)


def made(days: float | None, **more: Any) -> DataSet:
    fields: dict[str, Any] = {"name": "keys", "required": True, "origin": "feed"} | more
    issued = None if days is None else NOW - timedelta(days=days)
    return DataSet(issued=issued, soft=SOFT, hard=HARD, **fields)


@pytest.mark.parametrize(
    ("days", "state"),
    [
        (None, State.NEVER),
        (0.9, State.FRESH),
        (1.1, State.OLD),
        (6.9, State.OLD),
        (7.1, State.TOO_OLD),
        (-0.5, State.FRESH),  # a publisher's clock may be a little ahead
        (-1.5, State.AHEAD),
    ],
)
def test_each_age_has_its_state(days: float | None, state: State) -> None:
    assert made(days).state(NOW) is state


def test_a_set_without_a_hard_limit_is_never_too_old() -> None:
    assert DataSet("tables", NOW - timedelta(days=400), SOFT, None, True, "feed").state(
        NOW
    ) is State.OLD  # fmt: skip


def test_the_worst_required_set_decides_and_of_the_same_state_the_oldest() -> None:
    fresh, old, older, never = made(0.1), made(2), made(3), made(None)

    assert worst_set([fresh, old, older], NOW) is older
    assert worst_set([old, never], NOW) is never
    assert worst_set([fresh, made(None, required=False)], NOW) is fresh
    assert worst_set([], NOW) is None


def test_an_attempt_that_failed_makes_nothing_newer_and_is_reported_separately() -> None:
    status = SyncStatus(
        reached_at=NOW - timedelta(days=2), tried_at=NOW, failure="slow", detail="x"
    )

    report = data_report(
        [made(3)], status, None, {"feed": timedelta(minutes=-3), "gateway": None}, NOW
    )

    assert report["badge"]["issued"] == (NOW - timedelta(days=3)).isoformat()
    assert report["tries"]["failure"] == "slow"
    assert report["clocks"] == {"feed": {"ahead_s": -180, "doubtful": True}}


@dataclass
class Demo:
    """A demo kiosk with its feed, on a clock that the test moves."""

    kiosk: Kiosk
    insurer: SandboxInsurer
    clock: Clock

    def outcome(self, key: str) -> tuple[Outcome, Reason, Proof, tuple[Note, ...]]:
        patient = person(key)
        assert patient is not None
        began = datetime.now(UTC)
        verdict = judge(
            payload_of(patient, began).encode(), self.clock(), self.kiosk.data.current().knowledge
        )
        return verdict.outcome, verdict.reason, verdict.proof, verdict.notes

    def states(self) -> dict[str, str]:
        return {
            data_set["name"]: data_set["state"] for data_set in self.kiosk.data_report()["sets"]
        }


@contextmanager
def demonstration(folder: Path, **sections: dict[str, Any]) -> Iterator[Demo]:
    """Run a demo kiosk; it starts today, because python-tuf uses the machine's clock."""
    clock = Clock(datetime.now(UTC))
    feed = SandboxFeed(folder / "sandbox", clock)
    insurer = SandboxInsurer(clock, feed=feed)
    server = WebServer(insurer.app, "127.0.0.1", 0, threads=4)
    server.start()
    try:
        url = f"http://127.0.0.1:{server.port}"
        merged = demo_settings("", folder) | feed.settings(url) | sections
        remember_people(folder, clock())
        kiosk = Kiosk(load_settings(None, merged), folder, demo=True, now=clock)
        assert kiosk.feed_schedule is not None
        yield Demo(kiosk, insurer, clock)
    finally:
        server.stop()


def fetch(demo: Demo) -> None:
    assert demo.kiosk.feed_schedule is not None
    demo.kiosk.feed_schedule.update_once()


def test_before_the_first_update_the_state_is_never_and_after_it_all_is_fresh(
    tmp_path: Path,
) -> None:
    with demonstration(tmp_path) as demo:
        assert demo.kiosk.data_report()["badge"]["state"] == "never"
        assert demo.outcome("binh")[1] is Reason.NOT_YET_KNOWN  # the issuer's keys are not here yet
        fetch(demo)

        assert set(demo.states().values()) == {"fresh"}
        assert len(demo.states()) == 6
        assert demo.outcome("binh") == (Outcome.ADMITTED, Reason.VOUCHED, Proof.ISSUER, ())


@pytest.mark.parametrize(
    ("days", "signed", "plain", "worst"),
    [
        (0.5, Outcome.ADMITTED, Outcome.ADMITTED, "fresh"),
        (3, Outcome.ADMITTED, Outcome.ADMITTED, "old"),
        (10, Outcome.ADMITTED, Outcome.UNCONFIRMED, "too_old"),
        (29.9, Outcome.ADMITTED, Outcome.UNCONFIRMED, "too_old"),
        (31, Outcome.UNCONFIRMED, Outcome.UNCONFIRMED, "too_old"),
    ],
)
def test_without_the_feed_for_a_month_cards_are_decided_as_far_as_the_limits_allow(
    days: float, signed: Outcome, plain: Outcome, worst: str, tmp_path: Path
) -> None:
    with demonstration(tmp_path) as demo:
        fetch(demo)
        before = demo.kiosk.data_report()["sets"]
        demo.insurer.quirks.on = frozenset({Quirk.FEED_GONE})
        demo.clock.go(timedelta(days=days))
        fetch(demo)
        report = demo.kiosk.data_report()

        assert [data_set["issued"] for data_set in report["sets"]] == [
            data_set["issued"] for data_set in before
        ]
        assert report["tries"]["failure"] == "unreachable"
        assert report["badge"]["state"] == worst
        assert demo.outcome("binh")[0] is signed
        assert demo.outcome("an")[0] is plain
        assert (Note.TRUST_OLD in demo.outcome("binh")[3]) is (1 < days < 30)
        # A card that is known to be bad stays refused, however old the lists are.
        assert demo.outcome("phuc")[1] is Reason.REVOKED
        assert demo.outcome("oanh")[1] is Reason.FORGED


def test_by_the_default_limits_a_signature_admits_for_a_week_without_revocations(
    tmp_path: Path,
) -> None:
    with demonstration(tmp_path, freshness={}) as demo:
        fetch(demo)
        demo.clock.go(timedelta(days=6))
        assert demo.outcome("binh")[0] is Outcome.ADMITTED
        demo.clock.go(timedelta(days=2))

        outcome, reason, _, notes = demo.outcome("binh")
        assert (outcome, reason) == (Outcome.UNCONFIRMED, Reason.NOT_YET_KNOWN)
        assert Note.REVOCATION_NOT_KNOWN in notes


def test_the_clock_s_floor_is_what_the_feed_signed_even_after_a_restart(tmp_path: Path) -> None:
    with demonstration(tmp_path) as demo:
        fetch(demo)
        confirmed = demo.clock()
        demo.clock.go(timedelta(hours=-3))
        again = Kiosk(demo.kiosk.settings, tmp_path, demo=True, now=demo.clock)

        assert again.data.current().knowledge.floor >= confirmed - timedelta(hours=1, seconds=1)
        verdict = judge(payload_of_binh(), demo.clock(), again.data.current().knowledge)
        assert verdict.reason is Reason.CLOCK_IN_DOUBT


def payload_of_binh() -> bytes:
    patient = person("binh")
    assert patient is not None
    return payload_of(patient, datetime.now(UTC)).encode()


def test_the_doctor_shows_each_set_s_age_and_why_nothing_newer_arrived(tmp_path: Path) -> None:
    with demonstration(tmp_path) as demo:
        fetch(demo)
        demo.insurer.quirks.on = frozenset({Quirk.FEED_GONE})
        demo.clock.go(timedelta(days=3))
        fetch(demo)
        now, folder = demo.clock(), synced_folder(tmp_path)
        checks = data_checks(demo.kiosk.settings, folder, demo.kiosk.data, now, now)
        seen = {check["what"]: check for check in (found.as_json() for found in checks)}

        assert seen["keys"]["seen"] == "made 3 days ago, version 3"
        assert not seen["keys"]["good"]
        assert seen["feed's last try"]["seen"].startswith("unreachable: ")
        assert seen["feed's last try"]["seen"].endswith("last reached: 3 days ago")


def test_new_tables_of_the_feed_are_used_without_a_restart(tmp_path: Path) -> None:
    with demonstration(tmp_path) as demo:
        shipped = demo.kiosk.entitlements.law
        fetch(demo)

        assert demo.kiosk.entitlements.law is not shipped
        # They are the shipped tables, but come from the feed.
        assert demo.kiosk.entitlements.law.issued == shipped.issued


def test_the_difference_to_the_gateway_s_clock_is_reported(tmp_path: Path) -> None:
    with demonstration(tmp_path) as demo, running_insurer(demo.clock) as (_, url):
        sections = demo_settings(url, tmp_path)
        kiosk = Kiosk(load_settings(None, sections), tmp_path, demo=True, now=demo.clock)
        assert kiosk.gateway is not None
        assert kiosk.data_report()["clocks"] == {}
        kiosk.gateway.look_up(Card("9999900021", "Nguyễn Văn Mẫu", Birth(1980, 2, 1)))
        demo.clock.go(timedelta(minutes=10))

        report = kiosk.data_report()["clocks"]["gateway"]
        assert report["doubtful"]
        assert -660 < report["ahead_s"] < -540


def test_a_site_s_own_tables_that_contradict_the_feed_s_are_used_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with demonstration(tmp_path) as demo:
        before = demo.kiosk.entitlements.law

        def refuse(*folders: Path) -> Law:
            if len(folders) == 3:
                raise BadTable("routing_rules.csv, row 2, column order: 'x'; wanted a number")
            return before

        monkeypatch.setattr("kiosk.data.law.read_law", refuse)
        fetch(demo)

        assert demo.outcome("binh")[0] is Outcome.ADMITTED
        assert demo.kiosk.entitlements.law is before
        tables = next(s for s in demo.kiosk.data_report()["sets"] if s["name"] == "tables")
        assert "row 2, column order" in tables["missing"][0]


@pytest.mark.parametrize(("ahead", "in_doubt"), [(timedelta(minutes=20), False),
                                                (timedelta(hours=3), True)])  # fmt: skip
def test_a_publisher_s_clock_that_is_a_little_ahead_casts_no_doubt_on_the_desk_s(
    ahead: timedelta, in_doubt: bool, tmp_path: Path
) -> None:
    with demonstration(tmp_path) as demo:
        fetch(demo)
        demo.clock.go(-ahead)

        assert (demo.outcome("binh")[1] is Reason.CLOCK_IN_DOUBT) is in_doubt


def test_a_feed_that_was_signed_in_the_future_works_again_after_its_repair(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "publisher")
    publisher.init()
    publisher.cards(line(1))
    publisher.clock.go(timedelta(days=400))
    publisher.sign()
    folder = tmp_path / "kiosk"
    with serving(publisher.feed) as site:
        feed = client(folder, publisher.root, lambda: NOW)
        feed.update(web(site), quiet)
        publisher.clock.go(timedelta(days=-400))
        publisher.cards(line(2))

        assert feed.update(web(site), quiet)


def test_malformed_dates_of_the_gateway_are_ignored() -> None:
    clock = ServerClock()
    for date in ("", "soon", "Fri, 31 Dec 9999 23:59:59 GMT",
                 "Sun, 22 Nov 2026 10:00:00 +99999999999999999"):  # fmt: skip
        clock.note(date, clock.steady())
        moment = clock.now()
        assert moment is None or moment.year >= 2026
