"""Inputs after public bug reports, each with the right answer: one case of a kind, invented people.

The cases are expected beside the project (`../shared/data/field`); without them these tests are
skipped.  Every kind has tests of its own beside the code; here the published file itself is tried.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import segno
from flask.testing import FlaskClient

from kiosk.data import AnswersCache, build_registry
from kiosk.data.knowledge import site_knowledge
from kiosk.readers.scans import extent_of
from scanner import decode_picture
from scanner.framing import Framer
from scanner.picture import opencv
from tests.cast import BHYT17, CCCD, Clock, demo_knowledge, settings_for
from tests.conftest import Kiosk
from tests.data_store import store_at
from tests.kiosk.stub_gateway import answering, gateway_to, token_then
from verify import (
    Birth,
    Card,
    CoverageRecord,
    Knowledge,
    Note,
    Reason,
    Sex,
    Verdict,
    judge,
    judge_card,
    read_jwks,
)

DATA = Path(__file__).parents[2] / "shared" / "data" / "field"
NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)
NAME = "Nguyễn Văn Mẫu"
CARD = (
    "DN4019999900301|4e677579e1bb856e2056c4836e204de1baab75|01/02/1980|1|-|01 - 999|01/01/2024|-|"
    "05/01/2024|01019999900301|-|4| 01/01/2029|000000000000301-7102|$"
)
NFD_CARD = unicodedata.normalize(
    "NFD", "001180000052||Nguyễn Thị Mẫu|01021980|Nữ|Số 1, Phường Thử, Hà Nội|15082021"
)
CONTROLS = {"\\r": "\r", "\\x00": "\0", "\\x02": "\x02", "\\x03": "\x03"}


def _cases() -> dict[str, dict[str, Any]]:
    path = DATA / "cases.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return {case["id"]: case for case in map(json.loads, lines)}


CASES = _cases()
NO_DATA = pytest.param("", marks=pytest.mark.skip(reason="no field cases beside the project"))


def cases(*starts: str) -> list[Any]:
    """Return the ids of the cases that begin with one of some words."""
    return [key for key in CASES if key.startswith(starts)] or [NO_DATA]


def knowledge_for(case: str, folder: Path) -> Knowledge:
    if case in ("hc1-lower", "hc1-nbsp"):
        return demo_knowledge(folder, NOW)
    for kind in ("shc", "hc1"):
        if case.startswith(f"{kind}-"):
            return Knowledge(read_jwks((DATA / f"{kind}-keys.json").read_text("utf-8")))
    return demo_knowledge(folder, NOW)


def holds(verdict: Verdict, **says: object) -> bool:
    return verdict.card is not None and says == {name: getattr(verdict.card, name) for name in says}


def admitted(verdict: Verdict) -> bool:
    return verdict.outcome == "admitted"


RIGHT: dict[str, Callable[[Verdict], bool]] = {
    "bhyt-born-02_1980": lambda v: holds(v, born=Birth(1980, 2)),
    "bhyt-born-00_00_1980": lambda v: holds(v, born=Birth(1980)),
    "bhyt-side-": lambda v: holds(v, number="9999900051"),
    "bhyt-five-0001": lambda v: Note.FIVE_YEARS_REACHED not in v.notes and v.card is not None,
    "cccd-nfd-woman": lambda v: holds(v, sex=Sex.FEMALE),
    "bhyt-name-": lambda v: holds(v, holder=NAME),
    "number-zwsp": lambda v: holds(v, number="9999900001"),
    "number-nbsp": lambda v: holds(v, number="9999900001"),
    "number-en-dash": lambda v: holds(v, number="DN4019999900051"),
    "name-H": lambda v: holds(v, holder="H`Nhung Kpă"),
    "name-mojibake-vni": lambda v: holds(v, holder=None, repaired_holder=NAME),
    "bhyt-raw-address": lambda v: Note.REPAIRED_FROM_INPUT_METHOD not in v.notes,
    "eci-": admitted,
    "nul-first-number": lambda v: holds(v, number="DN4019999900051"),
    "hc1-lower": admitted,
    "hc1-nbsp": admitted,
    "shc-name-family-array": lambda v: v.card is None and v.reason is Reason.UNREADABLE,
    "shc-name-": lambda v: holds(v, holder=NAME),
    "shc-period-end-month": lambda v: str(v.card and v.card.valid_until) == "2026-12-31",
    "shc-period-start-utc-tomorrow": lambda v: str(v.card and v.card.valid_from) == "2026-11-29",
    "hc1-name-nbsp": lambda v: v.reason is Reason.VOUCHED,
    "hc1-null-fields": lambda v: v.reason is Reason.VOUCHED,
    "hc1-birth-month-text": lambda v: holds(v, born=Birth(1980, 2)),
    "cccd-broken-bar": lambda v: holds(v, number="001080000051"),
    "bhyt-number-spaces": lambda v: holds(v, number="DN4019999900051"),
}
SCANS = ("bhyt-", "cccd-", "number-", "name-", "eci-", "nul-", "hc1-", "shc-")


@pytest.mark.parametrize("case", cases(*SCANS))
def test_a_scan_is_judged_rightly(case: str, tmp_path: Path) -> None:
    is_right = next(check for start, check in RIGHT.items() if case.startswith(start))

    verdict = judge(CASES[case]["input"].encode(), NOW, knowledge_for(case, tmp_path))

    assert is_right(verdict), verdict.reason


@pytest.mark.parametrize("case", cases("registry-"))
def test_a_registry_knows_a_name_in_another_spelling(case: str, tmp_path: Path) -> None:
    registered = {"Hoà": "Đặng Thị Hòa", "Đặng": "Đặng Văn Mẫu", "ặng": "Đặng Văn Mẫu"}
    name = "A Lăng Mẫu" if "Lăng" in case else registered["Hoà" if "Hoà" in case else "Đặng"]
    records = tmp_path / "records.csv"
    number = CASES[case]["input"][:15]
    records.write_text(f"number,holder,born\n{number},{name},1980-02-01\n", "utf-8")
    folder = tmp_path / "data"
    folder.mkdir()
    build_registry(
        folder, records, NOW - timedelta(hours=1), lambda *_: None, full="-full-" in case
    )
    site = site_knowledge(settings_for(folder), None, demo=False)
    known = store_at(folder, site, AnswersCache(folder / "coverage.db")).current().knowledge

    assert judge(CASES[case]["input"].encode(), NOW, known).reason is Reason.IN_FORCE


@pytest.mark.parametrize("case", cases("gw-"))
def test_an_insurer_that_spells_the_name_otherwise_admits(case: str, clock: Clock) -> None:
    given = CASES[case]["input"]["card"]
    answer = CASES[case]["input"]["gateway answers"]
    answer["hoTen"] = answer["hoTen"].removesuffix(" (U+00D0)")
    card = Card(given["number"], holder=given["holder"], born=Birth(1980, 2, 1))
    with answering(token_then(answer)) as url:
        coverage = gateway_to(url, clock).look_up(card)
    known = Knowledge(recall=lambda _card: CoverageRecord(coverage, coverage.as_of))

    assert judge_card(card, None, (), clock(), known).reason is Reason.IN_FORCE


def bytes_of(sent: str) -> bytes:
    """Return the bytes that a text of the file stands for: A and NFD are whole cards."""
    for written, control in CONTROLS.items():
        sent = sent.replace(written, control)
    sent = sent.replace("NFD", NFD_CARD)
    return re.sub(r"(?<![0-9A-Za-z])A(?![0-9A-Za-z+])", lambda _: CARD, sent).encode()


@pytest.mark.parametrize("case", cases("ser-"))
def test_a_serial_reader_delivers_the_card_and_no_noise(case: str) -> None:
    framer = Framer(extent_of=extent_of)
    scans, now = [], 0.0
    for sent in CASES[case]["input"]:
        if isinstance(sent, float | int):
            scans += framer.tick(now := now + sent)
            continue
        scans += framer.feed(bytes_of(sent), now := now + 0.001)
    scans += framer.tick(now + 1)
    verdicts = [judge(scan, NOW, Knowledge()) for scan in scans]
    read = [verdict.card.number for verdict in verdicts if verdict.card is not None]

    if "-noise-" in case:
        assert scans == []
    elif "NFD" in str(CASES[case]["input"]):
        assert read == ["001180000052"]
    else:
        assert read == ["DN4019999900301"]
    if case in ("ser-ean-then-card", "ser-ean-60ms-card", "ser-url-then-card"):
        assert len(scans) == 2
    if "1 verdict" in CASES[case]["expected"]:
        assert len(scans) == 1


@pytest.mark.parametrize("case", cases("pic-"))
def test_a_transparent_picture_is_read(case: str) -> None:
    assert "RGBA" in CASES[case]["input"]
    modules = np.array([list(row) for row in segno.make("9999900001").matrix_iter(border=4)])
    picture = np.zeros((*modules.shape, 4), np.uint8)
    picture[modules > 0, 3] = 255  # black and opaque; all else is black and transparent
    large = picture.repeat(8, axis=0).repeat(8, axis=1)

    png = opencv().imencode(".png", large)[1].tobytes()

    assert [found.payload for found in decode_picture(png)] == [b"9999900001"]


@pytest.mark.parametrize("case", cases("visit-"))
def test_what_a_clerk_pastes_is_taken(case: str, client: FlaskClient, kiosk: Kiosk) -> None:
    attempt = client.post("/api/scans", json={"payload": "9999900099"}).get_json()["attempt"]
    body = {"attempt": attempt, "born": "1980"} | CASES[case]["input"]

    answer = client.post("/api/visits", json=body, headers={"Idempotency-Key": case})

    assert answer.status_code == 201
    visit = kiosk.visits.by_id(answer.get_json()["id"])
    assert visit is not None
    if "holder" in body:
        assert visit.card.holder == NAME
    else:
        assert "\u00a0" not in visit.arrival.phone


@pytest.mark.parametrize("case", cases("pair-"))
def test_two_cards_of_one_person_are_joined(case: str, kiosk: Kiosk) -> None:
    on_id, on_bhyt = (
        ("Đặng Thị Hòa", "Đặng Thị Hoà") if case == "pair-tone" else ("H’Mai Niê", "H'Mai Niê")
    )
    kiosk.scan(CCCD.replace("001099999901", "001080999901").replace(NAME, on_id))
    reading = kiosk.scan(BHYT17.replace(NAME.encode().hex(), on_bhyt.encode().hex()))
    newest = kiosk.attempts.newest_verdict_on(reading)

    assert newest is not None
    assert Note.JOINED_WITH_ID_CARD in newest.verdict.notes


@pytest.mark.skipif(not CASES, reason="no field cases beside the project")
def test_no_published_case_is_left_out() -> None:
    tried = (*SCANS, "registry-", "gw-", "ser-", "pic-", "visit-", "pair-")

    assert [key for key in CASES if not key.startswith(tried)] == []
