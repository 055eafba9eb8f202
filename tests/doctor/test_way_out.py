"""What the doctor says of the proxy, of the gateway behind it, and of places that are written."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.doctor import CheckState
from kiosk.doctor.machine import disk_check, log_checks
from kiosk.doctor.service import program_check
from kiosk.doctor.way_out import gateway_check, proxy_check
from kiosk.doctor.words import english
from kiosk.runtime.proxies import open_proxies
from kiosk.settings import LogSettings, NetworkSettings, load_settings
from tests.network.proxy import NAME, proxying
from tests.process import call, site

SETTINGS = load_settings(None, may_lack_code=True)
GATEWAY = replace(SETTINGS.insurer, url=f"https://{NAME}")


@contextlib.contextmanager
def taken_port() -> Iterator[int]:
    """A port where somebody listens, who never answers."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_gateway_that_only_the_proxy_reaches_is_good() -> None:
    with taken_port() as port, proxying(port) as (proxy, address):
        found = gateway_check(GATEWAY, lambda: open_proxies(f"http://{address}"))
        [line] = proxy_check(NetworkSettings(f"http://{address}"))

    assert found.state is CheckState.GOOD
    assert english(found.seen) == f"{NAME}:443 can be reached through the proxy {address}"
    assert line.state is CheckState.GOOD
    assert [each.rpartition(" ")[0] for each in proxy.asked] == [f"CONNECT {NAME}:443"]


@pytest.mark.parametrize(("mode", "why"), [("407", "HTTP 407"), ("garbage", "no HTTP")])
def test_a_proxy_that_opens_no_tunnel_is_told_with_what_it_answered(mode: str, why: str) -> None:
    with taken_port() as port, proxying(port) as (proxy, address):
        proxy.mode = mode
        found = gateway_check(GATEWAY, lambda: open_proxies(f"http://{address}"))

    assert found.state is CheckState.BAD
    assert english(found.seen) == f"{NAME}:443 cannot be reached through {address} ({why})"
    assert "[network] proxy" in english(found.do)


@pytest.mark.parametrize("mode", ["hang", "drip"])
def test_a_proxy_that_hangs_or_drips_holds_the_doctor_for_seconds_only(mode: str) -> None:
    with taken_port() as port, proxying(port) as (proxy, address):
        proxy.mode = mode
        found = gateway_check(GATEWAY, lambda: open_proxies(f"http://{address}"))

    assert "(TimeoutError)" in english(found.seen)


def test_a_proxy_that_is_not_there_has_a_line() -> None:
    assert not list(proxy_check(NetworkSettings()))
    [gone] = proxy_check(NetworkSettings("http://127.0.0.1:9"))
    [lost] = proxy_check(NetworkSettings("http://x@127.0.0.1:9", "/not/there"))

    assert gone.state is lost.state is CheckState.BAD
    assert english(gone.seen) == "127.0.0.1:9 cannot be reached (ConnectionRefusedError)"
    assert "proxy_password_file" in english(lost.seen)


def test_the_folder_of_the_log_has_a_line(tmp_path: Path) -> None:
    assert not list(log_checks(LogSettings()))
    (tmp_path / "file").write_text("x", "utf-8")
    [good] = log_checks(LogSettings(folder=str(tmp_path / "not" / "yet")))
    [bad] = log_checks(LogSettings(folder=str(tmp_path / "file")))

    assert good.state is CheckState.GOOD
    assert bad.state is CheckState.BAD
    assert "[log] folder" in english(bad.do)


@pytest.mark.skipif(sys.platform != "linux", reason="a place where nobody makes files")
def test_a_place_that_cannot_be_written_is_bad_however_much_is_free() -> None:
    found = disk_check(Path("/sys"))

    assert found.state is CheckState.BAD
    assert english(found.seen) == "/sys cannot be written to"
    assert "account of the program" in english(found.do)


def test_a_port_that_another_program_has_is_named(tmp_path: Path) -> None:
    with taken_port() as port:
        web = replace(SETTINGS.web, port=port)
        found = program_check(tmp_path, web, "", None, is_here=False)

    assert english(found.seen).endswith(f"another program has port {port}")
    assert "[web] port" in english(found.do)


def test_a_program_that_is_not_set_up_is_led_to_the_assistant(tmp_path: Path) -> None:
    options = site(tmp_path, "")
    file = tmp_path / "own.toml"
    text = next(Path(word) for word in options if word.endswith(".toml")).read_text("utf-8")
    file.write_text(text.replace('code = "01999"', 'code = ""'), "utf-8")

    done = call("doctor", "--config", str(file), "--data", str(tmp_path / "data"))

    assert done.returncode == 1
    assert b"/setup" in done.stdout
    assert b"code is empty" in done.stdout
