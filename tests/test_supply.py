"""What the program is made of: licences, the lock, and an audit that was not done."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from configparser import ConfigParser
from datetime import date
from email.message import Message
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.process import ROOT

SCRIPT = ROOT / ".ci" / "supply.py"
TODAY = date(2026, 11, 28)


@pytest.fixture(scope="module")
def supply() -> ModuleType:
    spec = importlib.util.spec_from_file_location("supply", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def metadata(**fields: str) -> Any:
    message = Message()
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    return message


@pytest.mark.parametrize(
    ("fields", "licence", "is_fine"),
    [
        ({"License_Expression": "Apache-2.0 OR GPL-3.0-only"}, "Apache-2.0 OR GPL-3.0-only", True),
        ({"License_Expression": "MIT AND LGPL-3.0-only"}, "MIT AND LGPL-3.0-only", False),
        ({"Classifier": "License :: OSI Approved :: BSD License"}, "BSD-3-Clause", True),
        ({"License": "Apache License, Version 2.0"}, "Apache-2.0", True),
        ({"License": "GPL-3.0-or-later"}, "GPL-3.0-or-later", False),
        ({"License": "UNKNOWN"}, "", False),
        ({}, "", False),
    ],
)
def test_a_licence_is_read_and_judged(
    supply: ModuleType, fields: dict[str, str], licence: str, is_fine: bool
) -> None:
    read = supply.licence_of(metadata(**fields))

    assert read == licence
    assert supply.is_permissive(read) is is_fine
    assert supply.wrong_licences([("some-part", read)]) == (
        [] if is_fine else [f"some-part: {licence or 'no licence named'}"]
    )


def test_what_is_accepted_in_spite_of_its_licence_is_listed_with_a_reason(
    supply: ModuleType,
) -> None:
    assert supply.wrong_licences([("Hypothesis", "MPL-2.0"), ("tiepdon", "Apache-2.0")]) == []
    assert all(len(why) > 10 for _licence, why in supply.LISTED.values())


def test_copyleft_belongs_to_an_extra_that_setup_cfg_has(supply: ModuleType) -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    base = config["options"]["install_requires"]
    for name, (extra, why) in supply.WITH_EXTRAS.items():
        assert name.removesuffix("-binary") in config["options.extras_require"][extra]
        assert name not in base
        assert "LGPL-3.0-only" in why
    assert supply.wrong_licences([("psycopg_binary", "LGPL-3.0-only")]) == []


def test_a_lock_that_differs_is_found(supply: ModuleType) -> None:
    lock = supply.locked(
        "flask==3.1.3 \\\n    --hash=sha256:00\nold_part==1.0 \\\n    --hash=sha256:00\n"
    )
    asked = [Requirement("Flask >= 4"), Requirement("new.part")]

    assert supply.wrong_lock(lock, asked) == [
        "flask 3.1.3 is locked, and >=4 is asked for",
        "new-part is needed, and is not in the lock",
        "old-part is in the lock, and nothing asks for it",
    ]
    with pytest.raises(ValueError, match="flask has no hash"):
        supply.locked("flask==3.1.3\n")


def audit(*packages: dict[str, object]) -> list[dict[str, object]]:
    return [{"name": f"part-{n}", "version": "1"} | package for n, package in enumerate(packages)]


def test_an_audit_that_reached_nothing_says_so(supply: ModuleType) -> None:
    lines, is_wrong = supply.audit_result(audit({"skip_reason": "not found"}), TODAY)

    assert lines == ["pip-audit: NOT DONE here, no advisory source was reached"]
    assert not is_wrong


@pytest.mark.parametrize(
    ("packages", "said", "is_wrong"),
    [
        ([{"vulns": []}, {"vulns": []}], "2 of 2 audited, 0 holes", False),
        ([{"vulns": []}, {"skip_reason": "not found"}], "1 of 2 audited, 0 holes", True),
        ([{"vulns": [{"id": "PYSEC-2026-1"}]}], "1 of 1 audited, 1 holes", True),
    ],
)
def test_an_audit_fails_on_holes_and_if_it_is_partial(
    supply: ModuleType, packages: list[dict[str, object]], said: str, is_wrong: bool
) -> None:
    lines, failed = supply.audit_result(audit(*packages), TODAY)

    assert said in lines[0]
    assert failed is is_wrong


def test_a_hole_is_accepted_until_its_day(
    supply: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supply, "ACCEPTED_HOLES", {"PYSEC-2026-1": (TODAY, "a reason")})
    found = audit({"vulns": [{"id": "PYSEC-2026-1"}]})

    assert not supply.audit_result(found, TODAY)[1]
    assert supply.audit_result(found, date(2026, 11, 29))[1]


def test_the_lock_is_the_one_of_the_settings_and_the_script_says_so(tmp_path: Path) -> None:
    listed = tmp_path / "audit.json"
    listed.write_text(json.dumps({"dependencies": audit({"skip_reason": "not found"})}), "utf-8")
    for arguments, said in ((["lock"], "as setup.cfg asks"), (["audit", str(listed)], "NOT DONE")):
        done = subprocess.run(
            [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False
        )
        assert (done.returncode, said in done.stdout) == (0, True), done.stdout + done.stderr
