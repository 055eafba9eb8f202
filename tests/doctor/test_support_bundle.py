"""A support bundle says what is wrong, and holds nobody's data and no secret."""

from __future__ import annotations

import io
import json
import os
import re
import unicodedata
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import pytest

from kiosk.doctor.masking import Mask, shown_settings
from kiosk.sandbox import person
from tests.cast import settings_for
from tests.process import call, card, serving, site

PLANTED = {
    "reader": "Quầy chị Đặng Thị Kín",
    "desk": "ban-kin-7",
    "printer": "May in anh Kin",
    "staff at the gateway": "Vũ Văn Bí Mật",
    "citizen number": "001999990071",
    "account": "01999_KINDO",
    "path": "/home/dangthikin/mat-khau",
    "mail": "kin.dang@benhvien.example",
    "name in the log": "Phạm Văn Đức",
    "name without marks": "Nguyen Van Sanh",
    "name in capitals": "TRAN THI LOAN",
    "card in the log": "DN4019999900021",
    "phone in the log": "0912 345 071",
    "token in the log": "tdk_0123456789abcdefghijklmn",
    "pin in the log": "402957",
    "webhook secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "payload": "HC1:6BFOXN%TSMAHN-HPO",
    "webhook path": "B0CD34x7Yz9Qw",
    "webhook query": "s3cr3tTok",
}
SETTINGS = f"""
[[readers]]
name = "{PLANTED["reader"]}"
kind = "serial"
port = "/dev/none"
desk = "{PLANTED["desk"]}"
[[printers]]
name = "{PLANTED["printer"]}"
kind = "file"
port = "{PLANTED["path"]}/lp0"
[backup]
folder = "{PLANTED["path"]}/backups"
[alerts]
mail_to = ["{PLANTED["mail"]}"]
mail_from = "{PLANTED["mail"]}"
mail_server = "mail.example"
webhook_url = "https://hooks.example/in/{PLANTED["webhook path"]}?t={PLANTED["webhook query"]}"
webhook_secret_file = "/none"
"""
LOG = """2026-11-29T08:01:02+07:00 WARNING reader {reader} is absent: {path} cannot be opened
2026-11-29 08:01:03,456 INFO {name in the log} came with {card in the log}, phone {phone in the log}
{{"at": "2026-11-29T08:01:04Z", "who": "{name without marks}", "token": "{token in the log}"}}
ERROR {name in capitals}: PIN {pin in the log} refused; secret {webhook secret}
INFO scanned {payload} of {citizen number}; mail to {mail}
INFO the outbox waits since 2026-11-29T08:01:05+07:00 for 3 messages
"""


def planted_site(folder: Path) -> list[str]:
    options = site(folder, "http://127.0.0.1:1", SETTINGS)
    config = folder / "kiosk.toml"
    text = config.read_text("utf-8")
    text = text.replace("Nhân Viên Thử", PLANTED["staff at the gateway"])
    text = text.replace("001999999999", PLANTED["citizen number"])
    config.write_text(text.replace("01999_BV", PLANTED["account"]), "utf-8")
    (folder / "data" / "logs").mkdir(parents=True)
    (folder / "data" / "logs" / "tiepdon.log").write_text(LOG.format(**PLANTED), "utf-8")
    return options


def found_in(texts: dict[str, str], more: dict[str, str]) -> dict[str, list[str]]:
    """Return which planted things stand in which file, in whatever spelling."""
    found: dict[str, list[str]] = {}
    for thing, text in (PLANTED | more).items():
        spellings = {text, text.upper(), json.dumps(text)[1:-1], text.replace(" ", "")}
        for name, content in texts.items():
            if any(spelling in content for spelling in spellings):
                found.setdefault(thing, []).append(name)
    return found


def opened(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_nothing_that_was_planted_is_in_the_bundle_of_the_page_or_the_command(
    tmp_path: Path,
) -> None:
    options = planted_site(tmp_path)
    patient = person("an")
    assert patient is not None
    payload = card("an")
    with serving(*options) as server:
        visit = server.confirm(payload, "k1")["id"]
        request = urllib.request.Request(f"{server.url}/doctor/bundle", b"", {"Origin": server.url})
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.headers["Content-Type"] == "application/zip"
            assert re.search(r'filename="tiepdon-\d{8}-\d{4}\.zip"', str(answer.headers))
            of_page = opened(answer.read())
        # Somebody is signed in from now on: names, PINs and tokens are in the logbook.
        added = call("staff", "add", "--name", "Lê Thị Thầm Kín", "--role", "clerk", *options)
        pin = json.loads(added.stdout)["temporary_pin"]
    file = tmp_path / "bundle.zip"
    done = call("support-bundle", str(file), *options)
    assert done.returncode == 0, done.stderr
    of_command = opened(file.read_bytes())
    again = call("support-bundle", str(file), *options)
    more = {
        "patient": patient.holder,
        "number": payload.partition("|")[0],
        "code": payload,
        "member": "Lê Thị Thầm Kín",
        "member's pin": pin,
        "visit": visit,
        "password": "sandbox\n",
        "folder": str(tmp_path),
    }

    assert found_in(of_page, more) == {}
    assert found_in(of_command, more) == {}
    assert again.returncode == 2  # nothing is written over
    assert b"is there already" in again.stderr
    assert set(of_page) - {"metrics.txt"} == set(of_command) >= {
        "about.txt", "doctor.json", "versions.json", "settings.json", "files.json", "logbook.json",
    }  # fmt: skip


def test_the_bundle_is_of_use(tmp_path: Path) -> None:
    options = planted_site(tmp_path)
    file = tmp_path / "bundle.zip"
    assert call("support-bundle", str(file), *options).returncode == 0
    texts = opened(file.read_bytes())

    checks = {check["code"]: check for check in json.loads(texts["doctor.json"])}
    assert checks["backup_folder"]["state"] == "bad"
    assert checks["reader"]["what"] == "reader <readers 1 name>"
    settings = json.loads(texts["settings.json"])
    assert settings["insurer"]["url"] == "http://127.0.0.1:1"
    assert settings["insurer"]["password_file"] == settings["insurer"]["username"] == "(set)"
    assert settings["readers"][0]["kind"] == "serial"
    assert json.loads(texts["logbook.json"])["rows"]["visit"] == 0
    assert json.loads(texts["versions.json"])["libraries"]["Flask"]
    [log] = [text for name, text in texts.items() if name.startswith("logs/")]
    assert "reader <readers 1 name> is absent" in log
    assert "the outbox waits since 2026-11-29T08:01:05+07:00 for 3 messages" in log
    assert log.count("<name>") >= 3


def test_a_large_log_is_cut_at_its_beginning(tmp_path: Path) -> None:
    options = planted_site(tmp_path)
    log = tmp_path / "data" / "logs" / "tiepdon.log"
    log.write_text("INFO the first line\n" + "INFO more\n" * 100_000 + "INFO the end\n", "utf-8")
    file = tmp_path / "bundle.zip"
    assert call("support-bundle", str(file), *options).returncode == 0

    [text] = [text for name, text in opened(file.read_bytes()).items() if name.startswith("logs")]
    assert len(text) <= 500_000
    assert "the first line" not in text
    assert text.startswith("INFO more\n")
    assert text.endswith("INFO the end\n")


@pytest.mark.skipif(os.name == "nt", reason="a mode of POSIX")
def test_nobody_else_reads_the_bundle(tmp_path: Path) -> None:
    file = tmp_path / "bundle.zip"
    assert call("support-bundle", str(file), *site(tmp_path, "")).returncode == 0

    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("cccd_001999990071 x.001999990071 001999990071Z thẻGD4999999999999", "99999"),
        ("ＧＤ４９９９９９９９９９９９９", "９９"),
        ("nguyễn văn an, nguyen van an", "nguy an"),
        (unicodedata.normalize("NFD", "Nguyễn Văn An"), "Nguy An"),
        (json.dumps({"who": "Nguyễn Văn An"}), "Nguy An"),
        ("GET /find?q=Nguy%E1%BB%85n%20V%C4%83n /x/Nguy%E1%BB%85n", "Nguy V%C4"),
        ("http://user:pa55@proxy.example:3128/", "user pa55"),
        ("Proxy-Authorization: Basic dTpwYTU1; Bearer abc.def.ghi", "dTpw abc"),
        ("token=abc123 passwd=hunter2 secret: hunter2 https://a.example/?k=hunter2", "abc hunter"),
        ("sinh 02/01/1990", "1990"),
    ],
)
def test_what_is_escaped_or_written_otherwise_is_masked_too(
    tmp_path: Path, text: str, secrets: str
) -> None:
    masked = Mask(settings_for(tmp_path), tmp_path / "data").text(text)

    assert not [word for word in secrets.split() if word in masked], masked


@pytest.mark.parametrize("text", ["a", "à", "?a"])
def test_a_long_line_of_another_program_is_masked_before_the_day_ends(
    tmp_path: Path, text: str
) -> None:
    # 500 kB of a letter took an hour, by patterns that began anew at each letter.
    assert Mask(settings_for(tmp_path), tmp_path / "data").text(text * 50_000)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-29T08:01:02.123456+07:00 INFO 3 visits",
        "WARNING the logbook: SQLITE_BUSY after 5.0 s on 127.0.0.1:8080",
        "waiting 12 refused 3, 65536 bytes, HTTP 502",
        "logbook-20261129T140000Z.db, 27.0 h old",
    ],
)
def test_what_is_of_nobody_stays(tmp_path: Path, text: str) -> None:
    assert Mask(settings_for(tmp_path), tmp_path / "data").text(text) == text


def test_every_text_of_the_settings_is_shown_by_choice_or_not_at_all(tmp_path: Path) -> None:
    def texts(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [text for inner in value.values() for text in texts(inner)]
        if isinstance(value, list):
            return [text for inner in value for text in texts(inner)]
        return [value] if isinstance(value, str) else []

    settings = settings_for(tmp_path, "http://127.0.0.1:9")
    shown = texts(json.loads(json.dumps(shown_settings(settings))))

    assert "(set)" in shown
    for hidden in (settings.facility.name, settings.insurer.staff_name, str(tmp_path)):
        assert not hidden or not any(hidden in text for text in shown)
    assert urllib.parse.urlsplit(settings.insurer.url).netloc in " ".join(shown)
