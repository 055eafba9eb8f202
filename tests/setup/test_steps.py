"""The steps of the assistant over HTTP: what each writes, keeps, tries and refuses."""

from __future__ import annotations

import logging
import stat
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from kiosk.sandbox import PASSWORD, USERNAME, SandboxInsurer
from kiosk.settings import load_settings
from tests.setup.conftest import FACILITY, Assistant, served

GATEWAY = {
    "username": USERNAME,
    "password": PASSWORD,
    "staff_name": "Nhân Viên Thử",
    "staff_cccd": "001999999999",
    "ask": "unsure",
}


def settings_of(assistant: Assistant) -> Any:
    return load_settings(assistant.file, may_lack_code=True)


def test_before_the_code_is_known_every_page_leads_to_the_assistant(assistant: Assistant) -> None:
    page = assistant.client.get("/logbook", headers={"Accept": "text/html"})
    scan = assistant.client.post("/api/scans", json={"payload": "x"})

    assert page.headers["Location"] == "/setup"
    assert (scan.status_code, scan.get_json()["title"]) == (503, "not_set_up")
    assert assistant.client.get("/healthz").status_code == 200


def test_the_facility_is_written_and_a_restart_is_offered(assistant: Assistant) -> None:
    status, page = assistant.send("facility", **FACILITY)

    assert status == 303
    facility = settings_of(assistant).facility
    assert (facility.code, facility.level, facility.score) == ("01999", "co_ban", 45)
    assert "Restart now" in page
    answer = assistant.client.post("/setup/restart", data={"next": "reader"})
    assert answer.status_code == 200
    assert assistant.restarts == 1
    assert 'data-back="/setup/reader"' in answer.get_data(as_text=True)


def test_wrong_fields_are_marked_with_what_was_seen_and_nothing_typed_is_lost(
    assistant: Assistant,
) -> None:
    wrong = FACILITY | {"code": "12", "score": "300", "name": "A" * 10_000}

    status, page = assistant.send("facility", **wrong)

    assert status == 400
    assert "Seen: “<bdi>12</bdi>”. Expected: the 5 characters" in page
    assert page.count('aria-invalid="true"') == 3
    assert "A" * 10_000 in page
    assert not assistant.file.exists()
    assert "A" * 10_000 in assistant.page("facility")  # also when it was left and opened again


def test_the_facility_is_found_by_name(assistant: Assistant) -> None:
    for do in ("search", "save"):  # Enter in the field of the search is no saving
        status, page = assistant.send("facility", do=do, words="benh vien mau", **FACILITY)
        assert status == 200
        assert 'value="take:01999"' in page
    assert not assistant.file.exists()

    _status, page = assistant.send("facility", do="take:01999", **FACILITY | {"name": ""})

    assert "Bệnh viện Mẫu" in page


def test_what_the_values_mean_for_patients_is_said(assistant: Assistant) -> None:
    assistant.send("facility", do="later", **FACILITY)

    page = assistant.page("facility")

    assert "With these values" in page
    assert "<b>100 %</b> of the benefit on the card" in page


def test_an_account_typed_before_the_facility_waits_for_it_and_is_written_with_it(
    assistant: Assistant, sandbox: SandboxInsurer
) -> None:
    with served(sandbox) as url:
        status, page = assistant.send("gateway", url=url, **GATEWAY)
        assert status == 200
        assert "written as soon as this step is done" in page
        assert not assistant.file.exists()

        status, page = assistant.send("facility", **FACILITY)

    assert status == 200
    assert "Written with it: Account" in page
    assert settings_of(assistant).insurer.url == url


def test_a_password_is_kept_in_a_file_of_its_own_and_shown_nowhere(
    assistant: Assistant, sandbox: SandboxInsurer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assistant.send("facility", **FACILITY)
    secret = "mật-khẩu-rất-kín-1"
    with served(sandbox) as url:
        _status, page = assistant.send("gateway", **GATEWAY | {"password": secret}, url=url)
        _status, tried = assistant.send(
            "gateway", do="try", **GATEWAY | {"password": secret}, url=url
        )

    file = assistant.folder / "secrets"
    [kept] = [path for path in file.glob("gateway-*") if path.read_text("utf-8").strip() == secret][
        :1
    ]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    others = [path for path in assistant.folder.rglob("*") if path.is_file()]
    leaks = [
        path
        for path in others
        if secret.encode() in path.read_bytes() and path.parent.name != "secrets"
    ]
    assert not leaks
    assert secret not in page + tried + assistant.page("gateway") + caplog.text


def test_the_account_is_tried_live_and_the_answer_is_a_sentence(
    assistant: Assistant, sandbox: SandboxInsurer
) -> None:
    with served(sandbox) as url:
        _status, good = assistant.send("gateway", do="try", url=url, **GATEWAY)
        _status, wrong = assistant.send(
            "gateway", do="try", url=url, **GATEWAY | {"password": "falsch"}
        )
        status, again = assistant.send(
            "gateway", do="try", url=url, **GATEWAY | {"password": "falsch"}
        )
    _status, gone = assistant.send("gateway", do="try", url="http://127.0.0.1:9", **GATEWAY)
    _status, practice = assistant.send("gateway", do="practise", url="", username="")

    assert "The gateway has accepted the account" in good
    assert "refuses the name or the password" in wrong
    assert status == 429
    assert "Wait a minute" in again
    assert "Wait a minute" in gone or "takes no connection" in gone
    assert "can sign in at a gateway" in practice
    assert not assistant.file.exists()  # a try saves nothing


def test_a_practice_needs_no_account_and_changes_nothing(assistant: Assistant) -> None:
    status, page = assistant.send("gateway", do="practise")

    assert (status, "Your own account was not tried" in page) == (200, True)
    assert assistant.site.notes.read().drafts == {}


def test_an_address_without_encryption_is_marked(assistant: Assistant) -> None:
    status, page = assistant.send("gateway", url="http://gateway.example", **GATEWAY)

    assert status == 400
    assert "Expected: https:// and a host" in page


def test_readers_are_added_and_removed_by_name(assistant: Assistant) -> None:
    reader = {"kind": "serial", "name": "front", "baud": "9600", "desk": ""}
    status, _page = assistant.send("reader", port_choice="other", port="/dev/ttyS9", **reader)
    assert status == 303

    status, page = assistant.send("reader", port_choice="other", port="COM3", **reader)
    assert status == 400
    assert "a name that no other one has" in page

    assert [port.port for port in settings_of(assistant).readers] == ["/dev/ttyS9"]
    assistant.send("reader", do="remove:front")
    assert settings_of(assistant).readers == ()


def test_a_test_ticket_goes_to_the_printer_and_never_into_a_document(
    assistant: Assistant,
) -> None:
    printer, letter = assistant.folder / "lp0", assistant.folder / "letter.txt"
    printer.write_bytes(b"")
    letter.write_text("Kính gửi …", "utf-8")
    fields = {"kind": "file", "name": "desk", "width": "384", "answers": "", "desk": ""}

    _status, good = assistant.send("printer", do="try", port=str(printer), **fields)
    _status, refused = assistant.send("printer", do="try", port=str(letter), **fields)

    assert "has taken the test ticket" in good
    assert printer.read_bytes().startswith(b"\x1b@")
    assert "cannot be reached" in refused
    assert letter.read_text("utf-8") == "Kính gửi …"
    status, _page = assistant.send("printer", port=str(printer), **fields)
    assert status == 303
    assert settings_of(assistant).printers[0].width == 384


def test_the_folder_of_backups_is_looked_at_before_it_is_written(assistant: Assistant) -> None:
    good = assistant.folder.parent / "copies"

    status, page = assistant.send("backup", folder=str(assistant.folder / "inside"))
    assert (status, "inside the data directory" in page) == (400, True)
    status, page = assistant.send("backup", folder="backups")
    assert (status, "a whole path" in page) == (400, True)
    status, page = assistant.send("backup", folder="/nowhere/at/all")
    assert (status, "Is the stick or the share connected" in page) == (400, True)
    status, page = assistant.send("backup", folder=str(good))

    assert (status, "lies on the same disk" in page) == (200, True)
    assert settings_of(assistant).backup.folder == str(good)


HOSTILE = ['"]\n[web]\nhost = "0.0.0.0"\n#', "a\x00b", "a\x1b[31mb", "\u202egnp.exe", "../../x"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_a_value_or_refused(assistant: Assistant, text: str) -> None:
    status, _page = assistant.send("facility", **FACILITY | {"name": text})

    if status == 303:
        found = tomllib.loads(assistant.file.read_text("utf-8"))
        assert found == {"facility": found["facility"]}
        assert found["facility"]["name"] == text
    else:
        assert status == 400
        assert not assistant.file.exists()


def test_a_steps_name_in_the_address_opens_no_other_file(assistant: Assistant) -> None:
    for path in ("../base", "fields", "step", "FACILITY", "%2e%2e/x"):
        assert assistant.client.get(f"/setup/{path}").status_code in (308, 404)


def test_of_two_administrators_the_second_is_told_and_keeps_what_they_typed(
    assistant: Assistant,
) -> None:
    version = assistant.version()
    assistant.send("facility", **FACILITY)

    status, page = assistant.send("facility", **FACILITY | {"score": "66"}, version=version)

    assert status == 409
    assert "somebody changed the settings meanwhile" in page
    assert 'value="66"' in page
    assert settings_of(assistant).facility.score == 45
    again, _page = assistant.send("facility", **FACILITY | {"score": "66"})
    assert again == 303
    assert settings_of(assistant).facility.score == 66


def test_a_read_only_file_shows_the_text_to_put_there(assistant: Assistant) -> None:
    assistant.file.write_text('# ours\n[facility]\ncode = "01888"\n', "utf-8")
    assistant.file.chmod(0o400)

    status, page = assistant.send("facility", **FACILITY)

    assert status == 507
    assert "# ours" in page
    assert "code = &#34;01999&#34;" in page
    assert settings_of(assistant).facility.code == "01888"


def test_a_damaged_file_is_named_and_not_touched(assistant: Assistant) -> None:
    assistant.file.write_text("[facility\n", "utf-8")

    page = assistant.client.get("/setup?lang=en").get_data(as_text=True)
    step = assistant.page("facility")
    for do in ("save", "later", "forget"):
        for name in ("facility", "reader", "printer", "gateway", "certificate", "feed", "backup"):
            status, _page = assistant.send(name, do=do, version="", **FACILITY)
            assert status in (303, 400, 409), (name, do)

    assert "Correct it by hand first" in page
    assert "Correct it by hand first" in step
    assert assistant.file.read_text("utf-8") == "[facility\n"


def test_steps_are_marked_as_not_needed_and_as_needed_again(
    assistant: Assistant, make_assistant: Callable[[], Assistant]
) -> None:
    assistant.send("printer", do="not_needed")
    assert "printer" in assistant.site.notes.read().not_needed

    later = make_assistant()  # the program was killed meanwhile
    page = later.client.get("/setup?lang=en").get_data(as_text=True)

    assert page.count("not needed") == 2  # and the certificate, as nothing is sent
    later.send("printer", do="needed")
    assert later.site.notes.read().not_needed == []


def test_damaged_notes_lose_only_what_was_not_written(assistant: Assistant) -> None:
    assistant.send("facility", **FACILITY)
    for text in ("{", "[]", '{"drafts": 3}', '{"drafts": {"feed": {"url": 3}}}', "x" * 2_000_000):
        (assistant.folder / "setup.json").write_text(text, "utf-8")

        assert assistant.client.get("/setup").status_code == 200
        assert assistant.page("feed")

    assert settings_of(assistant).facility.code == "01999"
