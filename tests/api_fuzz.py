"""Calls the HTTP contract with thousands of cases that the OpenAPI document admits, or does not.

    python -m tests.api_fuzz         a sample, as the suite runs it
    python -m tests.api_fuzz --all   ten thousand cases: before a release

Each answer must be one that the document declares, with its shape; none may be a failure of the
program; what the document does not admit must be refused.  The pretend insurer answers.  Cases are
the same in each run.  Ids and words that exist are put into some of the cases, so that they come
far enough.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import schemathesis
import segno
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response as Answered

from kiosk.desk import Confirmation, unknown_patient
from kiosk.sandbox import remember_people, trust_settings
from kiosk.staff import Role, Scope
from kiosk.web.app import create_app
from tests.api_answers import check_answers
from tests.cast import NOW, Clock, payload, running_insurer, settings_for
from tests.conftest import Kiosk
from verify import Birth

# Cases of each call, as admitted and not: with a token, without one, and without members.
SAMPLE, ALL = (4, 1, 2), (180, 40, 180)
CHECKED = (
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)
# 503 says that somebody else does not answer, or that the memory is full: callers try again.
BUSY = frozenset({"no_answer", "not_asked", "busy"})
# Words that mean something, for the members of a body.
WORDS: dict[str, list[object]] = {
    "also": [[], [1, 2]],
    "birth_time": [None, "08:05"],
    "clerk_reason": ["đã xem giấy tờ"],
    "presented_at": [None, "2026-11-25T09:59"],
    "priority": [None, "pregnant"],
    "registered_at": [None, "01999"],
    "repeat_reason": ["khám thêm"],
    "room": [None, "Phòng khám 1"],
    "service": [None, "KB", {"code": "KM", "name": "Khám mắt"}],
    "valid_from": [None, "2024-01-01"],
    "valid_until": [None, "31/12/2027"],
    "version": [None, 1, "1"],
    "appointment": [None, {"number": "H1"}],
    "arrival": ["registered", "emergency", "uninsured", "referral", "self"],
    "born": ["01/02/1980", "1980", None],
    "care": ["02", "03"],
    "code": ["TE1019999900001"],
    "guardian": [None, {"name": "Trần Văn Mẫu", "relation": "father"}],
    "holder": ["Nguyễn Văn An", "Trần Thị Mẫu", None],
    "identified_by": ["qr", None],
    "language": ["vi", "en"],
    "moment": ["2026-11-25T10:00", "2026-11-25T10:00+07:00"],
    "number": ["9999900001", "DN4019999900021"],
    "numbers": [None, [{"kind": "old_id", "number": "999990001"}]],
    "papers": ["paper_card", "birth_record", None],
    "payload": ["9999900001", "001099999901||Nguyễn Văn Mẫu|01021980|Nam|Hà Nội|15082021"],
    "phone": ["0999999909", None],
    "presented_as": ["id_card", "none", None],
    "purpose": ["end", "treatment", "admission"],
    "referral": [None, {"signed_on": "2026-11-20"}],
    "reason": ["đau bụng"],
    "sex": ["male", None],
    "temporary_code": [None, "TE1019999900001"],
    "unknown": [None, True],
    "why": ["nhầm người"],
}


SEEDS: tuple[tuple[bytes | str, Confirmation], ...] = (
    (payload("an"), Confirmation()),
    (payload("binh"), Confirmation()),
    (payload("chi"), Confirmation(clerk_reason="thử")),
    ("no card", Confirmation(arrival="uninsured", holder="Trần Thị Mẫu")),
    ("9999900001", Confirmation(repeat_reason="thử", clerk_reason="thử", holder="Lê Văn Mẫu")),
    ("nobody", Confirmation(unknown=unknown_patient(30, "tóc bạc"), arrival="emergency")),
    ("a child", Confirmation(arrival="newborn", holder="Lê Thị Mẫu", born=Birth(2026, 11, 20),
                             papers="birth_record", temporary_code="TE1019999900002")),
)  # fmt: skip


@dataclass
class World:
    """A kiosk with scans and visits, whose calls are made by a program."""

    app: Flask
    kiosk: Kiosk
    headers: dict[str, str]  # of its calls
    document: dict[str, Any]
    visits: list[str] = field(default_factory=list)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)


@contextmanager
def world(with_staff: bool) -> Iterator[World]:
    """Make a kiosk with some scans and visits, with members of staff or without."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as name, running_insurer(clock) as (_, url):
        folder = Path(name)
        remember_people(folder, clock())
        more = {"insurer": {"ask_per_hour": 10_000}, "web": {"screens": 2}}
        trust = trust_settings(folder, clock())
        kiosk = Kiosk(settings_for(folder, url, **more, **trust), folder, demo=True, now=clock)
        app, headers = create_app(kiosk, threading.Event()), dict[str, str]()
        check_answers(app)
        _make_local(app)
        if with_staff:
            kiosk.staff.members.add("Phạm Gia Huy", Role.ADMINISTRATOR, "", NOW, "a test")
            token = kiosk.staff.tokens.make("HIS", list(Scope), NOW, "a test")
            headers = {"Authorization": f"Bearer {token}"}
        document = app.test_client().get("/api/openapi.json", headers=headers).get_json()
        made = World(app, kiosk, headers, document)
        for number, (scanned, how) in enumerate(SEEDS):
            attempt = kiosk.scan(scanned)
            how = replace(how, repeat_reason="thử")
            visit, _ = kiosk.desk.confirm(attempt, how, f"seed {number}")
            made.visits.append(visit.id)
            kiosk.scan(scanned)
        try:
            yield made
        finally:
            kiosk.database.close()


def _make_local(app: Flask) -> None:
    """Let the calls come from this machine: schemathesis names no address."""
    inner = app.wsgi_app

    def local(environ: Any, start: Any) -> Any:
        return inner(environ | {"REMOTE_ADDR": "127.0.0.1"}, start)

    app.wsgi_app = local  # type: ignore[method-assign,assignment]


def worlds(cases: tuple[int, int, int]) -> Iterator[tuple[World, str, int]]:
    """Yield worlds, how they are called, and the number of cases."""
    token, without, open_to_all = cases
    with world(with_staff=True) as made:
        yield made, "with a token", token
        made.headers, made.statuses = {}, Counter()
        yield made, "without a token", without
        assert {status for _, status in made.statuses} == {401}, made.statuses
    with world(with_staff=False) as made:
        yield made, "without members", open_to_all


def try_all(made: World, cases: int) -> int:
    """Make calls to each operation, as admitted and not; return how many.  Raises what is wrong."""
    load_all_checks()
    checks = [CHECKS.get_one(name) for name in CHECKED]
    schema = schemathesis.openapi.from_dict(made.document)
    schema.app = made.app
    schema.config.generation.update(with_security_parameters=False)
    total = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found.err()
        operation = found.ok()
        total += _try(operation, GenerationMode.POSITIVE, cases, made, checks)
        if _can_be_wrong(operation):
            total += _try(operation, GenerationMode.NEGATIVE, cases, made, checks)
    return total


def _try(operation: Any, mode: GenerationMode, cases: int, made: World, checks: list[Any]) -> int:
    """Make calls to an operation, admitted by the document or not; return how many."""
    made_calls = 0

    @given(case=operation.as_strategy(generation_mode=mode), seed=st.integers(0, 2**32))
    @settings(
        max_examples=cases,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def run(case: Any, seed: int) -> None:
        nonlocal made_calls
        made_calls += 1
        if mode is GenerationMode.POSITIVE:
            _make_plausible(case, Random(seed), made)
        _call(case, made, checks)

    run()
    return made_calls


def _can_be_wrong(operation: Any) -> bool:
    """Return whether a call can break the document: any bytes are a picture, any text an id."""
    described = operation.definition.raw
    has_more = any(part["in"] != "path" for part in described.get("parameters", ()))
    body = str(described.get("requestBody", ""))
    return "image/*" not in body and bool(body or has_more)


def _call(case: Any, made: World, checks: list[Any]) -> None:
    answer: Answered = case.call(base_url="http://localhost", headers=made.headers)
    made.statuses[case.operation.label, answer.status_code] += 1
    title = answer.json().get("title") if answer.status_code >= 500 else ""
    if answer.status_code >= 500 and not (answer.status_code == 503 and title in BUSY):
        raise AssertionError(f"{answer.status_code} {answer.text[:500]}: {case.as_curl_command()}")
    case.validate_response(answer, checks=checks)


def _make_plausible(case: Any, random: Random, made: World) -> None:
    """Put ids and words that exist into some members of a case."""
    path = case.path_parameters or {}
    for name in path:
        if random.random() < 0.8:
            path[name] = random.choice(made.visits) if name == "visit_id" else random.randint(1, 14)
    if isinstance(case.body, dict):
        if "attempt" in case.body and random.random() < 0.8:
            case.body["attempt"] = random.randint(1, 14)
        share = random.choice((0.5, 1.0, 1.0))  # of the members
        for name, words in WORDS.items():
            if name in case.body and random.random() < share:
                case.body[name] = random.choice(words)
    elif case.media_type == "image/*" and random.random() < 0.5:
        case.body = _picture(payload(random.choice(("an", "binh"))))


def _picture(text: bytes) -> bytes:
    out = BytesIO()
    segno.make(text, error="m").save(out, kind="png", scale=4)
    return out.getvalue()


def main() -> None:
    """Run the sample, or all cases, and print what was answered."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--all", action="store_true", help="ten thousand cases")
    cases = ALL if parser.parse_args().all else SAMPLE
    begun, total = time.monotonic(), 0
    for made, how, count in worlds(cases):
        total += try_all(made, count)
        print(how)
        for (label, status), times in sorted(made.statuses.items()):
            print(f"  {label}: {status} {times} times", flush=True)
    print(f"{total} cases in {time.monotonic() - begun:.0f} s: nothing undeclared")


if __name__ == "__main__":
    main()
