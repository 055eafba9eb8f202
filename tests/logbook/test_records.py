"""A visit's record leaves out what holds nothing, and is the same visit again."""

from __future__ import annotations

import json

from kiosk.logbook import Visit, evidence_json, gather_evidence
from kiosk.logbook.visit import OPTIONAL, visit_fields, visit_from_record, visit_record
from tests.conftest import Kiosk
from tests.logbook.conftest import Record


def test_a_record_without_blanks_is_the_same_visit(kiosk: Kiosk, record: Record) -> None:
    visit = record("Lê Lan")
    stored = kiosk.database.rows("select record from visit where id = ?", [visit.id])[0][0]
    kept, fields = json.loads(stored), visit_fields(visit)

    assert visit_fields(visit_from_record(stored)) == fields
    assert not [name for name in OPTIONAL & kept.keys() if not kept[name]]
    assert fields.keys() - kept.keys() <= OPTIONAL
    assert len(stored) < 0.75 * len(json.dumps(fields, ensure_ascii=False))


def test_a_record_with_blanks_of_an_earlier_program_is_read_alike(record: Record) -> None:
    visit = record("Lê Lan")
    earlier = json.dumps(visit_fields(visit))

    assert visit_fields(visit_from_record(earlier)) == visit_fields(visit)
    assert visit_record(visit_from_record(earlier)) == visit_record(visit)


def test_evidence_has_all_fields_as_before(kiosk: Kiosk, record: Record) -> None:
    visit: Visit = record("Lê Lan")
    evidence = gather_evidence(kiosk.database, kiosk.corrections, visit)

    shown = evidence_json(evidence)["visit"]
    assert visit_fields(visit).keys() <= shown.keys()
    assert shown["how"].keys() == {"presented_as", "identified_by", "presented_at", "reading"}
