"""Settings: a wrong one stops the start with a line that names the file and the key."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from kiosk.errors import SettingsError
from kiosk.runtime.paths import shipped_folder
from kiosk.settings import load_settings

OWN = '[facility]\ncode = "01999"\n'

INSURED = (
    OWN
    + """[insurer]
url = "https://h"
username = "u"
password_file = "p"
staff_name = "An"
staff_cccd = "001999999999"
"""
)
READER = '[[readers]]\nname = "front"\nkind = "serial"\nport = "COM3"\nbaud = 115200\n'


def load(folder: Path, text: str | bytes) -> object:
    file = folder / "own.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_settings(file)


def test_a_site_s_file_needs_only_what_differs(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN + "[web]\nport = 9000\n", "utf-8")

    settings = load_settings(tmp_path / "own.toml")

    web = settings.web
    assert (settings.facility.code, web.port, web.host) == ("01999", 9000, "127.0.0.1")


def test_readers_are_blocks_with_different_names(tmp_path: Path) -> None:
    block = '[[readers]]\nname = "front"\nkind = "serial"\nport = "COM3"\n'
    (tmp_path / "own.toml").write_text(OWN + block, "utf-8")

    readers = load_settings(tmp_path / "own.toml").readers

    assert [(reader.name, reader.port, reader.baud) for reader in readers] == [
        ("front", "COM3", 115_200)
    ]
    with pytest.raises(SettingsError, match="name of its own"):
        load(tmp_path, OWN + block + block)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"\[facility\] code is ''; expected the 5 characters"),
        (OWN + "[web]\nprot = 1", r"\[web\] prot is not a setting .*; did you mean port\? known:"),
        (OWN + "[wbe]\nport = 1", r"\[wbe\] is not a setting"),
        (OWN + '[web]\nport = "8080"', r"\[web\] port is text in quotes; expected a whole number"),
        (OWN + "[web]\nport = true", r"\[web\] port is bool; expected a whole number"),
        (OWN + "[web]\nport = 70000", r"\[web\] port is 70000; expected 0 to 65535"),
        (OWN + '[insurer]\nask = "often"', r"ask is 'often'; expected one of 'always', 'unsure'"),
        (OWN + '[insurer]\nurl = "https://h"', r"\[insurer\] username is ''; expected a value"),
        (OWN + '[insurer]\nurl = "h/path"', r"\[insurer\] url is 'h/path'; expected https"),
        (OWN + "[insurer]\nask_timeout_s = 0", r"ask_timeout_s is 0; expected 1 to 600"),
        (OWN + '[insurer]\nsign_scope = "row"', r"sign_scope is 'row'; expected one of 'document'"),
        (
            OWN + '[insurer]\nsign_file = "a"\nsign_module = "b"',
            r"sign_module is 'b'; expected nothing, because sign_file is set",
        ),
        (OWN + '[insurer]\nsign_module = "b"', r"sign_password_file is ''; expected a file"),
        (OWN + 'web = "x"', r"web is text in quotes; expected a section|not a setting"),
        (OWN + '[[readers]]\nname = "front"', r"kind is missing"),
        (
            OWN + '[readers]\nname = "front"',
            r"readers is a section; expected \[\[readers\]\] blocks",
        ),
        ("web = 5\n" + OWN, r"\[web\] is a whole number; expected a section"),
        (OWN + '[web]\nhost = ""', r"\[web\] host is ''"),
        (OWN + '[web]\nhost = "http://x"', r"\[web\] host is 'http://x'"),
        (INSURED + '[visit]\nself_arrival_code = ""', r"\[facility\] level is ''"),
        (INSURED + '[visit]\nself_arrival_code = "x"', r"\[visit\] self_arrival_code is 'x'"),
        (INSURED + '[visit]\nservice_code = ""', r"\[visit\] service_code is ''"),
        (INSURED.replace("An", ""), r"\[insurer\] staff_name is ''"),
        (OWN + '[insurer]\nurl = "https://u:p@h"', r"\[insurer\] url is"),
        (OWN + '[insurer]\nurl = "https://h\\n"', r"\[insurer\] url is"),
        (OWN + READER.replace("115200", "7"), r"\[\[readers\]\] baud is 7"),
        (OWN + READER.replace("COM3", "hwgrep://("), r"\[\[readers\]\] port is 'hwgrep"),
        (OWN + READER.replace("COM3", ""), r"\[\[readers\]\] is 'front'"),
        ('[facility]\ncode = "٠١999"', r"\[facility\] code is"),
        (OWN + "[web]\nport = " + "9" * 5000, "not TOML"),
        ("x = " + "[" * 5000, "not TOML"),
        ("[facility\n", "not TOML"),
        (b"\xff\xfe", "not TOML"),
    ],
)
def test_a_wrong_setting_is_reported_in_one_line(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    with pytest.raises(SettingsError, match=message) as raised:
        load(tmp_path, text)

    assert "\n" not in str(raised.value).strip()
    assert str(tmp_path / "own.toml") in str(raised.value)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path / "nothing.toml")


def test_a_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    assert load(tmp_path, b"\xef\xbb\xbf" + OWN.encode())


def test_every_key_of_the_shipped_file_has_a_comment() -> None:
    shipped = (shipped_folder("config") / "kiosk.toml").read_text("utf-8")
    without_comment = [
        line
        for line in shipped.splitlines()
        if "=" in line and not line.startswith("#") and "#" not in line
    ]

    assert without_comment == []
    assert set(tomllib.loads(shipped)) >= {"facility", "insurer", "web", "visit"}


@pytest.mark.parametrize(
    "url",
    [
        "https://gateway.example",
        "https://10.0.0.1:8443",
        "http://127.0.0.1:8000",
        "http://127.200.0.1",
        "http://localhost:1",
        "http://[::1]:8000",
    ],
)
def test_a_gateway_is_reached_by_https_or_on_this_machine(tmp_path: Path, url: str) -> None:
    own = INSURED.replace("https://h", url) + '[visit]\nself_arrival_code = "1.12"\n'
    (tmp_path / "own.toml").write_text(own, "utf-8")

    assert load_settings(tmp_path / "own.toml").insurer.url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://gateway.example",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://128.0.0.1",
        "http://localhost.example",
        "http://127.0.0.1.example",
        "http://[::2]",
        "http://[2001:db8::1]:80",
    ],
)
def test_credentials_and_personal_data_are_not_sent_without_encryption(
    tmp_path: Path, url: str
) -> None:
    with pytest.raises(SettingsError, match=r"\[insurer\] url is .*expected https://, because"):
        load(tmp_path, INSURED.replace("https://h", url))


@pytest.mark.parametrize("section", ["insurer", "feed"])
def test_an_error_about_an_address_holds_no_password(tmp_path: Path, section: str) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(f'[{section}]\nurl = "https://it:hunter2@a.example/?key=s3cret"\n', "utf-8")

    with pytest.raises(SettingsError) as caught:
        load_settings(file, may_lack_code=True)

    assert "hunter2" not in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "a.example" in str(caught.value)
