"""What the assistant tries: certificate, feed, people, the test card, the next start."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID

from kiosk.runtime.restart import CHILD, IS_SERVICE, command_again, start_again
from kiosk.sandbox import SandboxFeed, SandboxInsurer
from kiosk.settings import load_settings
from kiosk.setup import TEST_TEXT
from scanner import Scan
from tests.cast import BHYT17, NOW
from tests.process import DEADLINE_S, ROOT, serving, until
from tests.setup.conftest import FACILITY, Assistant, served

SECRET = "kín-2026"


def key_file(name: str = "Bệnh viện Mẫu", ends: datetime = NOW + timedelta(days=300)) -> bytes:
    """Return a PKCS#12 file with a certificate of this name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=400))
        .not_valid_after(ends)
        .sign(key, hashes.SHA256())
    )
    locked = BestAvailableEncryption(SECRET.encode())
    return pkcs12.serialize_key_and_certificates(b"k", key, certificate, None, locked)


def choose(content: bytes) -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), "chữ ký.p12"


def test_a_certificate_is_read_and_compared_with_the_facility(assistant: Assistant) -> None:
    assistant.send("facility", **FACILITY)
    fields = {"way": "file", "password": SECRET}

    _status, ours = assistant.send(
        "certificate", do="try", key_file=choose(key_file("BENH VIEN MAU")), **fields
    )
    _status, other = assistant.send(
        "certificate", do="try", key_file=choose(key_file("Công ty Khác")), **fields
    )
    _status, ended = assistant.send(
        "certificate", do="try", key_file=choose(key_file(ends=NOW - timedelta(days=1))), **fields
    )

    assert "The name of the facility is in it" in ours
    assert "Is it the right one?" in other
    assert "It has ended" in ended
    assert len(list((assistant.folder / "secrets").glob("signing-key-*"))) == 1  # the last one


def test_a_key_file_is_saved_with_its_password_in_files_of_their_own(assistant: Assistant) -> None:
    assistant.send("facility", **FACILITY)

    status, page = assistant.send(
        "certificate", way="file", password=SECRET, key_file=choose(key_file())
    )

    assert (status, "Saved." in page) == (200, True)
    insurer = load_settings(assistant.file).insurer
    for path in (insurer.sign_file, insurer.sign_password_file):
        assert Path(path).parent == assistant.folder / "secrets"
        assert Path(path).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"\x7fELF" + b"x" * 100, b"MZ", b"0\x82junk" * 9])
def test_a_file_that_is_no_key_is_marked_and_not_saved(
    assistant: Assistant, content: bytes
) -> None:
    status, page = assistant.send(
        "certificate", way="file", password=SECRET, key_file=choose(content)
    )

    assert (status, "a PKCS#12 file" in page) == (400, True)
    kept = list((assistant.folder / "secrets").glob("signing-key-*"))
    assert not any(path.read_bytes()[:4] == b"\x7fELF" for path in kept)
    assert not assistant.file.exists()


def test_a_driver_that_this_program_wrote_is_never_loaded(assistant: Assistant) -> None:
    driver = assistant.folder / "secrets" / "driver.so"

    status, page = assistant.send(
        "certificate", way="token", sign_module=str(driver), password="123456"
    )

    assert (status, "outside of this program’s data" in page) == (400, True)


def test_the_first_update_of_a_feed_is_fetched_and_checked(
    assistant: Assistant, tmp_path: Path
) -> None:
    assistant.kiosk.clock.moment = datetime.now(UTC)  # python-tuf knows no other clock
    feed = SandboxFeed(tmp_path / "publisher", assistant.kiosk.clock)
    root = (io.BytesIO(feed.root_file.read_bytes()), "1.root.json")
    with served(SandboxInsurer(assistant.kiosk.clock, 0.0, feed)) as url:
        assistant.send("facility", **FACILITY)
        status, page = assistant.send("feed", url=f"{url}/feed", key_file=root)
        assert (status, "Saved." in page) == (200, True), page
        until(lambda: assistant.client.get("/setup/state").get_json()["feed"] != "running")

        page = assistant.page("feed")

    assert "The first update was fetched and checked" in page
    assert (assistant.folder / "feed" / "current.json").exists()


def test_a_feed_that_cannot_be_reached_is_said_to_be_so(
    assistant: Assistant, tmp_path: Path
) -> None:
    assistant.kiosk.clock.moment = datetime.now(UTC)
    feed = SandboxFeed(tmp_path / "publisher", assistant.kiosk.clock)
    assistant.send("facility", **FACILITY)

    assistant.send("feed", url="http://127.0.0.1:9/feed", root_file=str(feed.root_file))
    until(lambda: assistant.client.get("/setup/state").get_json()["feed"] != "running")

    assert "could not be reached" in assistant.page("feed")


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"[" * 100_000, b"\xff\xfe"])
def test_a_root_file_that_is_none_is_marked(assistant: Assistant, content: bytes) -> None:
    chosen = (io.BytesIO(content), "root.json")

    status, page = assistant.send("feed", url="https://feed.example/f", key_file=chosen)

    assert (status, "the root key file of the feed" in page) == (400, True)


def test_the_test_card_is_recognised_and_never_recorded(assistant: Assistant) -> None:
    kiosk = assistant.kiosk
    assert kiosk.test_card is not None
    desk: list[Scan] = []
    receive = kiosk.test_card.before(desk.append)

    receive(Scan(TEST_TEXT.encode() + b"\r", "front", kiosk.clock()))
    receive(Scan(BHYT17.encode(), "front", kiosk.clock()))
    garbled = TEST_TEXT.encode().replace("Ấ".encode(), b"?")
    page = assistant.page("test")
    receive(Scan(b"]Q1" + garbled, "front", kiosk.clock()))

    assert [scan.payload for scan in desk] == [BHYT17.encode()]
    assert "with all letters" in page
    assert "not all letters came" in assistant.page("test")
    assert assistant.site.notes.read().trials["test"]["result"] == "good"


def test_a_keyboard_reader_types_the_test_card_into_the_page(assistant: Assistant) -> None:
    _status, good = assistant.send("test", do="typed", typed=TEST_TEXT)
    status, other = assistant.send("test", do="typed", typed=BHYT17)

    assert "with all letters" in good
    assert (status, "That was not the test card" in other) == (400, True)
    assert "Nguyễn" not in other


def test_the_first_administrator_is_led_to_from_the_page_of_the_staff(
    assistant: Assistant,
) -> None:
    assert "Make the first administrator" in assistant.page("staff")

    _status, page = assistant.send("staff", do="first")

    code = page.split('id="code" name="code" value="')[1].split('"')[0]
    begun = assistant.client.post(
        "/sign-in/first", data={"code": code, "name": "Phạm Gia Huy", "pin": "402957"}
    )
    assert begun.headers["Location"] == "/staff/me"
    setup = assistant.client.get("/setup", headers={"Accept": "text/html"})
    assert setup.headers["Location"] == "/staff/me"  # first the second factor


def test_the_command_that_starts_the_program_again_adds_its_options_once() -> None:
    extra = ("--port", "8080", "--no-browser")

    plain = command_again(["python3", "run_kiosk.py"], "/usr/bin/python3", extra)
    again = command_again(plain, "/usr/bin/python3", extra)

    assert plain == ["/usr/bin/python3", "run_kiosk.py", "serve", *extra]
    assert again == plain


def test_on_windows_a_service_and_a_child_end_with_the_code_that_starts_them_again() -> None:
    for environment, code in (({IS_SERVICE: "1"}, 1), ({CHILD: "12"}, 75)):
        with pytest.raises(SystemExit) as caught:
            start_again((), is_windows=True, environment=environment)
        assert caught.value.code == code


def test_on_windows_the_first_process_waits_and_starts_the_next_one(tmp_path: Path) -> None:
    script = tmp_path / "serve"
    count = tmp_path / "count"
    script.write_text(
        "import os, sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from pathlib import Path\n"
        "from kiosk.runtime.restart import start_again\n"
        f"count = Path({str(count)!r})\n"
        "runs = int(count.read_text()) + 1 if count.exists() else 1\n"
        "count.write_text(str(runs))\n"
        "if runs < 4:\n"
        "    start_again(('--no-browser',), is_windows=True, environment=os.environ)\n"
        "raise SystemExit(7)\n",
        "utf-8",
    )
    done = subprocess.run([sys.executable, str(script)], env=os.environ, check=False, timeout=60)

    assert (done.returncode, count.read_text("utf-8")) == (7, "4")


def test_in_the_demonstration_the_files_of_a_site_are_left_alone(tmp_path: Path) -> None:
    config = tmp_path / "own.toml"
    config.write_text("[display]\n", "utf-8")
    form = urllib.parse.urlencode({"do": "save", "version": "", **FACILITY}).encode()
    with serving("--demo", "--config", str(config), "--data", str(tmp_path / "demo")) as server:
        page = urllib.request.urlopen(f"{server.url}/setup/facility", form, DEADLINE_S)
        overview = urllib.request.urlopen(f"{server.url}/setup?lang=en", timeout=DEADLINE_S)

        assert page.status == 200
        assert "1 of 9 done" in overview.read().decode()
    assert config.read_text("utf-8") == "[display]\n"
    assert 'code = "01999"' in (tmp_path / "demo" / "setup" / "kiosk.toml").read_text("utf-8")
    assert not (tmp_path / "demo" / "kiosk.toml").exists()
