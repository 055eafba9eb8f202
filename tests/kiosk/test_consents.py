"""What people consented to: the proof stays, and the data go when their time is over."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.logbook import (
    ConsentPurpose,
    HowGiven,
    NewConsent,
    NoSuchConsent,
    NothingToChange,
    NotRecorded,
)
from kiosk.logbook.consents import KEPT_FOR
from tests.cast import Clock, running_insurer
from tests.conftest import Kiosk

PHONE = "0912345678"
MONTH = KEPT_FOR[ConsentPurpose.HELP_CALL]


def consent(key: str = "a") -> NewConsent:
    return NewConsent(
        key=key,
        purpose=ConsentPurpose.HELP_CALL,
        values={"phone": PHONE},
        how=HowGiven.SPOKEN,
        wording="Giữ số điện thoại",
        author="desk",
        person="9999900021",
    )


def bytes_on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("logbook.db*"))


def test_a_consent_says_what_for_what_how_long_and_how(kiosk: Kiosk, clock: Clock) -> None:
    given = kiosk.consents.give(consent(), clock())

    [listed] = kiosk.consents.newest(clock())
    assert listed == given
    assert (listed.purpose, listed.kept, listed.how) == ("help_call", ("phone",), "spoken")
    assert listed.until == clock() + MONTH
    assert listed.values == {"phone": PHONE}
    assert listed.is_in_force(clock())
    assert PHONE not in repr(listed)


def test_the_same_key_gives_the_same_consent(kiosk: Kiosk, clock: Clock) -> None:
    first = kiosk.consents.give(consent(), clock())

    assert kiosk.consents.give(consent(), clock()).id == first.id
    assert len(kiosk.consents.newest(clock())) == 1


def test_the_data_are_not_returned_after_their_time_and_then_erased(
    kiosk: Kiosk, clock: Clock, tmp_path: Path
) -> None:
    kiosk.consents.give(consent(), clock())
    clock.go(MONTH - timedelta(seconds=1))
    assert kiosk.consents.erase_ended(clock()) == 0
    assert kiosk.consents.newest(clock())[0].values == {"phone": PHONE}

    clock.go(timedelta(seconds=1))
    assert kiosk.consents.newest(clock())[0].values == {}
    assert kiosk.consents.erase_ended(clock()) == 1
    assert kiosk.consents.erase_ended(clock()) == 0
    assert kiosk.consents.newest(clock())[0].kept == ("phone",)

    kiosk.database.close()
    assert b"help_call" in bytes_on_disk(tmp_path)
    assert PHONE.encode() not in bytes_on_disk(tmp_path)


def test_a_withdrawal_is_a_later_row_and_erases_at_once(
    kiosk: Kiosk, clock: Clock, tmp_path: Path
) -> None:
    given = kiosk.consents.give(consent(), clock())
    clock.go(timedelta(hours=1))
    kiosk.consents.withdraw(given.id, HowGiven.PHONE, "desk Quầy 2", clock())

    [listed] = kiosk.consents.newest(clock())
    assert not listed.is_in_force(clock())
    assert listed.values == {}
    assert (listed.withdrawn_at, listed.withdrawn_by) == (clock(), "desk Quầy 2")
    assert listed.at == given.at
    with pytest.raises(NothingToChange):
        kiosk.consents.withdraw(given.id, HowGiven.PHONE, "desk", clock())
    kiosk.database.close()
    assert PHONE.encode() not in bytes_on_disk(tmp_path)


def test_a_consent_that_is_not_there_cannot_be_withdrawn(kiosk: Kiosk, clock: Clock) -> None:
    given = kiosk.consents.give(consent(), clock())
    kiosk.consents.withdraw(given.id, HowGiven.SPOKEN, "desk", clock())

    for other in (given.id + 1, given.id + 7):  # the first of them is the withdrawal's own row
        with pytest.raises(NoSuchConsent):
            kiosk.consents.withdraw(other, HowGiven.SPOKEN, "desk", clock())


@pytest.mark.parametrize(
    "sql",
    [
        "update consent set how = 'phone'",
        "update consent set person = '1'",
        "delete from consent where withdraws is not null",
    ],
)
def test_no_row_of_the_proof_is_changed_or_deleted(kiosk: Kiosk, clock: Clock, sql: str) -> None:
    given = kiosk.consents.give(consent(), clock())
    kiosk.consents.withdraw(given.id, HowGiven.SPOKEN, "desk", clock())

    with pytest.raises(NotRecorded), kiosk.database.transaction() as db:
        db.execute(sql)


def test_the_nightly_job_erases_what_may_no_longer_be_kept(
    make_kiosk: Callable[..., Kiosk], clock: Clock, tmp_path: Path
) -> None:
    with running_insurer(clock) as (_, url):
        kiosk = make_kiosk(url)
        kiosk.consents.give(consent(), clock())
        assert kiosk.nightly is not None
        kiosk.nightly.run()
        assert stored_values(tmp_path) == [(PHONE,)]

        clock.go(MONTH)
        kiosk.nightly.run()
        assert stored_values(tmp_path) == []


def stored_values(folder: Path) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(folder / "logbook.db")
    try:
        return connection.execute("select value from consent_value").fetchall()
    finally:
        connection.close()
