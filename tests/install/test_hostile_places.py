"""The installer runs as root where the program's account writes, and reads folders of strangers."""

from __future__ import annotations

import hashlib
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.install.errors import InstallFailed
from kiosk.install.installed import InstalledProgram
from kiosk.install.layout import InstallLayout, layout_of
from kiosk.install.places import prepare_places
from kiosk.install.releases import write_whole
from kiosk.install.uninstall import uninstall
from kiosk.install.wheels import check_sums, read_wheel
from tests.install.pretend import pretend_folder

ACCOUNT = "daemon"  # it is on every Debian, and is not the one that runs the tests
pytestmark = pytest.mark.skipif(os.name == "nt", reason="owners and links of POSIX")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away"
)


@pytest.fixture
def layout(tmp_path: Path) -> InstallLayout:
    found = replace(layout_of(tmp_path / "root"), account=ACCOUNT)
    prepare_places(found, "01999")
    return found


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """Return a file of root that nobody else may read."""
    file = tmp_path / "shadow"
    file.write_text("root:secret\n", "utf-8")
    file.chmod(0o600)
    return file


@as_root
@pytest.mark.parametrize("link", ["symbolic", "hard"])
@pytest.mark.parametrize("place", ["kiosk.toml", "password", "data/logbook.db", "data/a/b"])
def test_a_link_of_the_account_gives_it_no_file_of_root(
    layout: InstallLayout, stranger: Path, link: str, place: str
) -> None:
    at = layout.data / place[5:] if place.startswith("data/") else layout.settings / place
    at.parent.mkdir(exist_ok=True)
    at.unlink(missing_ok=True)
    at.symlink_to(stranger) if link == "symbolic" else at.hardlink_to(stranger)
    before = stranger.stat()

    prepare_places(layout)

    after = stranger.stat()
    kept = (before.st_uid, before.st_gid, before.st_mode)
    assert (after.st_uid, after.st_gid, after.st_mode) == kept
    assert stranger.read_text("utf-8") == "root:secret\n"


@as_root
def test_what_root_put_there_is_given_to_the_account(layout: InstallLayout) -> None:
    password, logbook = layout.settings / "password", layout.data / "aside" / "logbook.db"
    logbook.parent.mkdir()
    for file in (password, logbook):
        file.touch(0o600)
        os.chown(file, 0, 0)

    prepare_places(layout)

    assert (password.owner(), password.group(), password.stat().st_mode & 0o777) == (
        "root", ACCOUNT, 0o640,
    )  # fmt: skip
    assert {logbook.owner(), logbook.parent.owner(), layout.config.owner()} == {ACCOUNT}


def test_a_link_in_the_place_of_a_part_is_not_written_through(
    tmp_path: Path, stranger: Path
) -> None:
    (tmp_path / "kiosk.toml.part").symlink_to(stranger)

    write_whole(tmp_path / "kiosk.toml", "new\n", 0o660)

    assert stranger.read_text("utf-8") == "root:secret\n"
    assert (tmp_path / "kiosk.toml").read_text("utf-8") == "new\n"
    assert (tmp_path / "kiosk.toml").stat().st_mode & 0o777 == 0o660


@as_root
def test_settings_that_are_a_link_of_the_account_are_not_copied_for_it(
    layout: InstallLayout, stranger: Path
) -> None:
    layout.config.unlink()
    layout.config.symlink_to(stranger)
    os.chown(layout.config, 1, 1, follow_symlinks=False)

    with pytest.raises(InstallFailed, match="is a link"):
        InstalledProgram(layout, "1.0-x").settings_trouble()


@pytest.mark.parametrize("version", ["../../../etc", "1.0/../../x", "", "/etc", ".."])
def test_a_version_that_leads_out_of_the_folder_is_refused(tmp_path: Path, version: str) -> None:
    wheel = tmp_path / "tiepdon-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiepdon-1.0.dist-info/METADATA", f"Name: tiepdon\nVersion: {version}\n")
        archive.writestr("kiosk/config/requirements.lock", "")

    with pytest.raises(InstallFailed, match="no version"):
        read_wheel(wheel)


def test_a_wheel_that_the_sums_do_not_name_is_refused(tmp_path: Path) -> None:
    folder = pretend_folder(tmp_path, "1.0")
    sums = [f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.name}\n" for one in
            sorted(folder.glob("*.whl"))]  # fmt: skip
    (folder / "SHA256SUMS").write_text("".join(sums), "utf-8")
    assert check_sums(folder) == len(sums)
    (folder / "tiepdon-99.0-py3-none-any.whl").touch()

    with pytest.raises(InstallFailed, match=r"tiepdon-99\.0.*does not know it"):
        check_sums(folder)


class NoServices:
    says = ""

    def write(self, release: str) -> None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def remove(self) -> None: ...
    def is_running(self) -> bool:
        return False


def test_an_uninstall_removes_links_and_not_where_they_lead(tmp_path: Path) -> None:
    layout = layout_of(tmp_path / "root")
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "logbook.db").touch()
    layout.data.parent.mkdir(parents=True)
    layout.data.symlink_to(tmp_path / "disk")
    layout.programs.mkdir(parents=True)
    (layout.programs / "link").symlink_to(tmp_path / "disk")

    uninstall(layout, NoServices())

    assert (tmp_path / "disk" / "logbook.db").exists()
    assert not layout.programs.exists()
