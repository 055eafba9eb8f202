"""Look-ups and sent files in the logbook: kept whole, found by visit, and signed by an author."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from kiosk.desk import Confirmation
from kiosk.logbook import SYSTEM
from kiosk.logbook.lookups import LookupKind, LookupPurpose, LookupResult, Lookups, NewLookup
from kiosk.logbook.sent_files import SentFiles
from tests.cast import NOW, payload
from tests.conftest import Kiosk

LEASE = timedelta(seconds=60)
ANSWERED = NewLookup(
    kind=LookupKind.CARD,
    purpose=LookupPurpose.ARRIVAL,
    at=NOW,
    duration_ms=310,
    author="desk 1",
    asked={"maThe": "GD4019999900001", "hoTen": "Nguyễn Văn An"},
    result=LookupResult.ANSWERED,
    code="000",
    http_status=200,
    answer='{"maKetQua": "000", "ghiChu": null}',
)
UNANSWERED = NewLookup(
    kind=LookupKind.CARD,
    purpose=LookupPurpose.END,
    at=NOW + timedelta(hours=2),
    duration_ms=10_000,
    author=SYSTEM,
    asked={},
    result=LookupResult.NO_ANSWER,
    error="ReadTimeoutError",
)


def test_a_visit_lists_the_look_ups_of_its_reading_and_its_own_whole(kiosk: Kiosk) -> None:
    lookups = Lookups(kiosk.database)
    reading, other = kiosk.scan(payload("an")), kiosk.scan(payload("binh"))
    lookups.record(ANSWERED, readings=[reading, other])
    visit = kiosk.desk.confirm(reading, Confirmation(), "an")[0].id
    lookups.record(UNANSWERED, visit=visit)
    lookups.record(UNANSWERED)

    kept = lookups.of_visit(visit)

    assert [{name: getattr(lookup, name) for name in NewLookup.__slots__} for lookup in kept] == [
        {name: getattr(lookup, name) for name in NewLookup.__slots__}
        for lookup in (ANSWERED, UNANSWERED)
    ]
    assert "Nguyễn" not in repr(kept)


def test_a_sent_file_keeps_its_bytes_its_hash_and_its_first_answer(kiosk: Kiosk) -> None:
    files = SentFiles(kiosk.database)
    visit = kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "an")[0].id
    [item] = kiosk.outbox.claim(NOW, LEASE)
    document = "<HO_TEN>Nguyễn</HO_TEN>".encode()
    file_id = files.record([item.id], document, "1f", NOW)
    files.add_answer(file_id, '{"maKetQua": "200"}')
    files.add_answer(file_id, "{}")

    [kept] = files.of_visit(visit)

    assert (kept.document, kept.sha256) == (document, hashlib.sha256(document).hexdigest())
    assert (kept.certificate_serial, kept.answer) == ("1f", '{"maKetQua": "200"}')


def test_who_recorded_and_who_changed_a_visit_is_written_down(kiosk: Kiosk) -> None:
    reading = kiosk.scan(payload("an"))
    visit = kiosk.desk.confirm(reading, Confirmation(author="desk 2"), "an")[0].id
    kiosk.corrections.correct(visit, {"phone": "0999999999"}, "đổi số", NOW, author="desk 3")

    found = kiosk.visits.by_id(visit)
    assert found is not None
    assert found.author == "desk 2"
    assert [version.author for version in kiosk.corrections.versions(visit)] == ["desk 3"]
    assert {event.author for event in kiosk.outbox.history(visit)} == {"desk 2"}
