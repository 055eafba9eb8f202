"""The local authority, its certificates, and what `doctor` says of them."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.doctor.network import certificate_checks
from kiosk.runtime.errors import CertificateTrouble
from kiosk.runtime.http_post import post_once, tls_context
from kiosk.runtime.local_authority import last_moment, make_authority, make_site_certificate
from tests.cast import settings_for
from tests.process import call
from tests.webhooks.receiver import receiving, tls_of

NOW = datetime.now(UTC)
NAMES = ("tiepdon.example", "10.0.0.5")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A folder with an authority and a certificate; the key lies beside it."""
    folder = tmp_path / "tls"
    folder.mkdir()
    make_authority(folder, tmp_path / "authority.key", NAMES, NOW)
    make_site_certificate(folder, tmp_path / "authority.key", NAMES, NOW)
    return folder


@contextmanager
def tls_server(folder: Path) -> Iterator[int]:
    """Run a server that does nothing but prove its name; yield its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "site.pem", folder / "site.key")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            try:
                with context.wrap_socket(listening.accept()[0], server_side=True) as connection:
                    connection.recv(1)
            except OSError:
                pass

        thread = threading.Thread(target=accept)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(5)


def connect(authority: Path, port: int, name: str) -> None:
    """Connect as a browser does that trusts an authority.  Raises SSLCertVerificationError."""
    context = ssl.create_default_context(cafile=str(authority))
    with (
        socket.create_connection(("127.0.0.1", port), 5) as plain,
        context.wrap_socket(plain, server_hostname=name),
    ):
        pass


@pytest.mark.parametrize("name", NAMES)
def test_a_browser_that_trusts_the_authority_believes_its_certificate(
    made: Path, name: str
) -> None:
    with tls_server(made) as port:
        connect(made / "authority.pem", port, name)


def test_it_is_believed_for_no_other_name_and_by_no_other_authority(
    made: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    make_authority(other, tmp_path / "other.key", NAMES, NOW)

    for authority, name in ((made, "bank.example"), (other, NAMES[0])):
        with tls_server(made) as port, pytest.raises(ssl.SSLCertVerificationError):
            connect(authority / "authority.pem", port, name)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl on this machine")
@pytest.mark.parametrize("alternative", ["DNS:bank.example", "IP:10.9.9.9", "IP:fd00::1"])
@pytest.mark.parametrize("names", [NAMES, ("tiepdon.example",), ("10.0.0.5",)])
def test_the_stolen_key_of_an_authority_vouches_for_no_other_name(
    tmp_path: Path, names: tuple[str, ...], alternative: str
) -> None:
    make_authority(tmp_path, tmp_path / "authority.key", names, NOW)
    (tmp_path / "more").write_text(f"subjectAltName={alternative}\n", "utf-8")
    for words in (
        "req -newkey rsa:2048 -nodes -keyout x.key -out x.csr -subj /CN=x",
        "x509 -req -in x.csr -CA authority.pem -CAkey authority.key -out x.pem -days 9"
        " -CAcreateserial -extfile more",
    ):
        subprocess.run(["openssl", *words.split()], cwd=tmp_path, check=True, capture_output=True)
    check = ["openssl", "verify", "-CAfile", "authority.pem", "x.pem"]
    done = subprocess.run(check, cwd=tmp_path, check=False, capture_output=True, text=True)

    assert done.returncode != 0
    assert "subtree violation" in done.stdout + done.stderr


def test_a_certificate_is_made_for_no_name_that_the_authority_lacks(
    made: Path, tmp_path: Path
) -> None:
    with pytest.raises(CertificateTrouble, match=r"bank\.example: this authority vouches for"):
        make_site_certificate(made, tmp_path / "authority.key", ("bank.example",), NOW)


def test_a_renewed_certificate_has_a_new_key_and_a_key_of_another_authority_is_refused(
    made: Path, tmp_path: Path
) -> None:
    was = (made / "site.key").read_bytes()
    authority = (made / "authority.pem").read_bytes()

    make_site_certificate(made, tmp_path / "authority.key", NAMES, NOW)
    with pytest.raises(CertificateTrouble, match="another authority"):
        make_site_certificate(made, made / "site.key", NAMES, NOW)

    assert (made / "site.key").read_bytes() != was
    assert (made / "authority.pem").read_bytes() == authority
    assert sorted(path.name for path in made.iterdir()) == ["authority.pem", "site.key", "site.pem"]


def test_an_authority_is_never_overwritten(made: Path, tmp_path: Path) -> None:
    was = (tmp_path / "authority.key").read_bytes()
    with pytest.raises(CertificateTrouble, match="exists"):
        make_authority(made, tmp_path / "authority.key", NAMES, NOW)

    assert (tmp_path / "authority.key").read_bytes() == was


def test_the_commands_make_and_renew(tmp_path: Path) -> None:
    config = tmp_path / "kiosk.toml"
    config.write_text('[facility]\ncode = "01999"\n[web]\nnames = ["tiepdon.example"]\n', "utf-8")
    options = ["--config", str(config), "--data", str(tmp_path / "data")]
    folder, key = str(tmp_path / "tls"), str(tmp_path / "stick.key")

    made = call("certificate", "new", folder, "--key", key, *options)
    again = call("certificate", "new", folder, "--key", key, *options)
    renewed = call("certificate", "renew", folder, "--key", key, *options)
    inside = call("certificate", "new", folder, "--key", folder + "/ca.key", *options)

    assert (made.returncode, again.returncode, renewed.returncode, inside.returncode) == (
        0,
        2,
        0,
        2,
    )
    assert json.loads(made.stdout)["names"] == ["tiepdon.example"]
    assert b"PRIVATE" not in made.stdout + made.stderr + again.stderr
    if os.name != "nt":
        for file in (key, folder + "/site.key"):
            assert stat.S_IMODE(Path(file).stat().st_mode) == 0o600
    life = datetime.fromisoformat(json.loads(renewed.stdout)["until"]) - datetime.now(UTC)
    assert timedelta(days=396) < life < timedelta(days=397)


def test_without_names_no_certificate_is_made(tmp_path: Path) -> None:
    config = tmp_path / "kiosk.toml"
    config.write_text('[facility]\ncode = "01999"\n', "utf-8")
    options = ["--config", str(config), "--data", str(tmp_path / "data")]

    done = call("certificate", "new", str(tmp_path / "tls"), "--key", str(tmp_path / "k"), *options)

    assert done.returncode == 2
    assert b"[web] names" in done.stderr


@pytest.mark.parametrize(("days", "good"), [(0, True), (360, True), (370, False), (500, False)])
def test_doctor_tells_a_month_ahead_when_the_certificate_ends(
    made: Path, tmp_path: Path, days: int, good: bool
) -> None:
    web = {"proxy": "127.0.0.1", "certificate": str(made / "site.pem")}
    moment = NOW + timedelta(days=days)
    [found] = certificate_checks(settings_for(tmp_path, web=web).web, moment)

    shown = found.as_json()
    assert shown["seen"] == f"valid until {last_moment(made / 'site.pem'):%Y-%m-%d}"
    assert (shown["do"] == "") is good
    assert shown["state"] == ("good" if good else "attention" if days < 397 else "bad")


@pytest.mark.parametrize("file", ["", "missing.pem", "site.key"])
def test_doctor_tells_if_nobody_watches_the_certificate(
    made: Path, tmp_path: Path, file: str
) -> None:
    web = {"proxy": "127.0.0.1", "certificate": str(made / file) if file else ""}
    [found] = certificate_checks(settings_for(tmp_path, web=web).web, NOW)

    assert found.do
    assert list(certificate_checks(settings_for(tmp_path).web, NOW)) == []


def test_openssl_accepts_a_certificate_for_an_address_alone(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    folder.mkdir()
    make_authority(folder, tmp_path / "authority.key", ["127.0.0.1"], NOW)
    make_site_certificate(folder, tmp_path / "authority.key", ["127.0.0.1"], NOW)
    context = tls_context(str(folder / "authority.pem"))

    with receiving(tls=tls_of(folder)) as receiver:
        assert post_once(receiver.url, b"{}", {}, 10, context) == 204
