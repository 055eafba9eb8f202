"""Paths that are typed into the assistant may be anything, and no click may end the program."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.insurer.errors import CannotSign
from kiosk.insurer.usb_token import UsbToken
from kiosk.runtime.ordinary_file import read_ordinary
from kiosk.sandbox import SandboxFeed
from tests.setup.conftest import FACILITY, Assistant

needs_devices = pytest.mark.skipif(os.name == "nt", reason="pipes and devices of POSIX")
NO_ROOT = b'{"signed": {"_type": "root"}, "signatures": []}'


def odd(folder: Path, kind: str) -> str:
    """Return a path of a kind that is no ordinary file, or is too large to be a key."""
    path = folder / "odd"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    elif kind == "large":
        with path.open("wb") as file:
            file.truncate(5_000_000_000)
    else:
        return kind
    return str(path)


@needs_devices
@pytest.mark.parametrize("kind", ["pipe", "link", "folder", "large", "/dev/zero", "/proc/kmsg"])
def test_what_is_no_small_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    with pytest.raises(OSError, match=r"ordinary|more than|unavailable|permitted"):
        read_ordinary(Path(odd(tmp_path, kind)))


@needs_devices
@pytest.mark.parametrize("kind", ["pipe", "/dev/zero"])
@pytest.mark.parametrize(("step", "field"), [("feed", "root_file"), ("certificate", "sign_file")])
def test_a_step_answers_whatever_the_path_is(
    assistant: Assistant, tmp_path: Path, kind: str, step: str, field: str
) -> None:
    more = {"folder": "/tmp"} if step == "feed" else {"way": "file"}

    status, _page = assistant.send(step, **{field: odd(tmp_path, kind)}, **more)

    assert status == 400
    assert "odd" not in (assistant.file.read_text() if assistant.file.exists() else "")


@needs_devices
def test_a_driver_that_is_a_pipe_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("pkcs11")
    token = UsbToken(odd(tmp_path, "pipe"), "", "", str(tmp_path / "pin"), tmp_path / "refused")

    with pytest.raises(CannotSign):
        token.look()


@pytest.mark.parametrize("way", ["typed", "chosen"])
def test_a_root_file_with_which_the_program_could_not_start_is_not_saved(
    assistant: Assistant, tmp_path: Path, way: str
) -> None:
    assistant.send("facility", **FACILITY)
    before = assistant.file.read_bytes()
    (tmp_path / "root.json").write_bytes(NO_ROOT)
    field = (
        {"root_file": str(tmp_path / "root.json")}
        if way == "typed"
        else {"key_file": (io.BytesIO(NO_ROOT), "root.json")}
    )

    status, page = assistant.send("feed", folder=str(tmp_path), **field)

    assert (status, "the root key file of the feed" in page) == (400, True)
    assert assistant.file.read_bytes() == before
    assert not list(assistant.folder.glob("secrets/feed-root-*"))


def test_the_program_does_not_end_for_settings_with_which_it_could_not_start(
    assistant: Assistant, tmp_path: Path
) -> None:
    assistant.kiosk.clock.moment = datetime.now(UTC)
    root = tmp_path / "root.json"
    root.write_bytes(
        SandboxFeed(tmp_path / "publisher", assistant.kiosk.clock).root_file.read_bytes()
    )
    assistant.send("facility", **FACILITY)
    assistant.send("feed", folder=str(tmp_path), root_file=str(root))
    root.unlink()

    answer = assistant.client.post("/setup/restart?lang=en")

    assert (answer.status_code, assistant.restarts) == (409, 0)
    assert "root.json cannot be read" in answer.get_data(as_text=True)


def test_a_key_that_is_in_use_stays_until_another_is_saved(
    assistant: Assistant, tmp_path: Path
) -> None:
    assistant.kiosk.clock.moment = datetime.now(UTC)
    root = SandboxFeed(tmp_path / "publisher", assistant.kiosk.clock).root_file.read_bytes()
    assistant.send("facility", **FACILITY)
    assistant.send("feed", folder=str(tmp_path), key_file=(io.BytesIO(root), "root.json"))
    [kept] = assistant.folder.glob("secrets/feed-root-*")
    assistant.send("feed", "later", folder=str(tmp_path / "other"), root_file=str(kept))

    # Somebody else has changed the file meanwhile: nothing is saved, and the old key is in use.
    status, _page = assistant.send(
        "feed",
        folder=str(tmp_path),
        key_file=(io.BytesIO(root), "root.json"),
        version="0123456789abcdef",
    )

    assert status == 409
    assert kept.exists()
    assert str(kept) in assistant.file.read_text("utf-8")
