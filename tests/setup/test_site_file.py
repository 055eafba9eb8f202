"""The settings file is replaced as a whole, checked, and with what people wrote into it by hand."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.errors import SettingsError, WrongSetting
from kiosk.setup import (
    SettingsChanged,
    SettingsNotWritten,
    SiteFile,
    with_block,
    with_values,
    without_block,
)
from tests.cast import Clock

BY_HAND = """\
# Our own file. Ask Minh before you change it.
[facility]   # as BHXH knows us
code = "01999"    # since 2019
name = 'Bệnh viện Mẫu'

[insurer]
url = ""   # not yet
[[readers]]
name = "front"  # at the door
port = "COM3"
kind = "serial"
"""
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def site_file(folder: Path, text: str = BY_HAND) -> SiteFile:
    path = folder / "kiosk.toml"
    if text:
        path.write_text(text, "utf-8")
    return SiteFile(path, Clock())


def code(text: str) -> str:
    return with_values(text, {"facility": {"code": "01888"}})


@given(ANY_TEXT, ANY_TEXT)
def test_a_value_stays_a_value_whatever_it_holds(name: str, port: str) -> None:
    text = with_values(BY_HAND, {"facility": {"name": name}, "feed": {"url": port}})
    text = with_block(text, "readers", {"name": name, "port": port})

    found, before = tomllib.loads(text), tomllib.loads(BY_HAND)

    assert found["facility"] == before["facility"] | {"name": name}
    assert found["feed"] == {"url": port}
    assert found["readers"][1] == {"name": name, "port": port}
    assert found.keys() == before.keys() | {"feed"}


def test_comments_and_order_of_a_hand_written_file_stay() -> None:
    text = with_values(BY_HAND, {"facility": {"code": "01888"}})

    assert text == BY_HAND.replace('"01999"', '"01888"')


def test_a_block_goes_and_the_others_stay() -> None:
    two = with_block(BY_HAND, "readers", {"name": "back", "port": "COM4", "kind": "serial"})

    one = without_block(two, "readers", "front")
    none = without_block(one, "readers", "back")

    assert [reader["name"] for reader in tomllib.loads(one)["readers"]] == ["back"]
    assert "readers" not in tomllib.loads(none)
    assert "# as BHXH knows us" in none


def test_readers_in_one_line_get_one_more() -> None:
    text = 'readers = [{name = "a", port = "COM1"}]\n[web]\nport = 81\n'

    found = tomllib.loads(with_block(text, "readers", {"name": "b", "port": "COM2"}))

    assert [reader["name"] for reader in found["readers"]] == ["a", "b"]
    assert found["web"] == {"port": 81}


@pytest.mark.parametrize("text", ["facility = 1\n", "[facility\n", "a = 1\na = 2\n"])
def test_a_file_that_cannot_be_changed_is_said_to_be_so(text: str) -> None:
    with pytest.raises(SettingsError):
        with_values(text, {"facility": {"code": "01999"}})


def test_the_earlier_file_stays_beside_the_new_one(tmp_path: Path) -> None:
    file = site_file(tmp_path)

    settings = file.save(code, file.read().version)

    assert settings.facility.code == "01888"
    [earlier] = file.earlier()
    assert earlier.name == "kiosk.toml.20261125-030000"
    assert earlier.read_text("utf-8") == BY_HAND


def test_only_the_newest_earlier_files_are_kept(tmp_path: Path) -> None:
    file = site_file(tmp_path)
    for number in range(35):
        file.save(
            lambda text, n=number: with_values(text, {"facility": {"name": f"N{n}"}}),  # type: ignore[misc]
            file.read().version,
        )

    assert len(file.earlier()) == 30


def test_a_wrong_value_replaces_nothing(tmp_path: Path) -> None:
    file = site_file(tmp_path)

    with pytest.raises(WrongSetting) as caught:
        file.save(lambda text: with_values(text, {"facility": {"score": 200}}), file.read().version)

    assert caught.value.key == "[facility] score"
    assert str(file.path) in str(caught.value)
    assert file.path.read_text("utf-8") == BY_HAND
    assert [path.name for path in tmp_path.iterdir()] == ["kiosk.toml"]


def test_a_file_that_somebody_else_changed_is_not_replaced(tmp_path: Path) -> None:
    file = site_file(tmp_path)
    version = file.read().version
    file.path.write_text(BY_HAND + "# mine\n", "utf-8")

    with pytest.raises(SettingsChanged):
        file.save(code, version)

    assert file.path.read_text("utf-8").endswith("# mine\n")


def test_a_read_only_file_gives_the_text_to_put_there(tmp_path: Path) -> None:
    file = site_file(tmp_path)
    file.path.chmod(0o400)

    with pytest.raises(SettingsNotWritten) as caught:
        file.save(code, file.read().version)

    assert tomllib.loads(caught.value.text)["facility"]["code"] == "01888"
    assert file.path.read_text("utf-8") == BY_HAND
    assert [path.name for path in tmp_path.iterdir()] == ["kiosk.toml"]


def test_a_folder_that_is_a_file_gives_the_text_too(tmp_path: Path) -> None:
    (tmp_path / "etc").write_text("", "utf-8")
    file = SiteFile(tmp_path / "etc" / "kiosk.toml", Clock())

    with pytest.raises(SettingsError):
        file.read()
    file = SiteFile(Path("/proc/tiepdon/kiosk.toml"), Clock())
    with pytest.raises(SettingsNotWritten) as caught:
        file.save(code, "")

    assert "01888" in caught.value.text


def test_the_rights_of_the_file_and_a_link_to_it_stay(tmp_path: Path) -> None:
    real = tmp_path / "etc" / "own.toml"
    real.parent.mkdir()
    real.write_text(BY_HAND, "utf-8")
    real.chmod(0o640)
    link = tmp_path / "kiosk.toml"
    link.symlink_to(real)
    file = SiteFile(link, Clock())

    file.save(code, file.read().version)

    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "01888" in real.read_text("utf-8")


def test_a_first_file_is_made_for_this_account_only(tmp_path: Path) -> None:
    file = site_file(tmp_path / "new", "")

    file.save(code, "")

    assert file.path.stat().st_mode & 0o777 == 0o600
    assert not file.earlier()


def test_a_file_of_many_megabytes_is_left_alone(tmp_path: Path) -> None:
    file = site_file(tmp_path, BY_HAND + "# x\n" * 300_000)
    before = file.path.read_bytes()

    with pytest.raises(SettingsError, match="more than 1000000 bytes"):
        file.save(code, "")

    assert file.path.read_bytes() == before
