"""A real mail server (RFC 5321, STARTTLS, AUTH PLAIN) on a port of its own; it may misbehave."""

from __future__ import annotations

import base64
import contextlib
import email
import email.policy
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import IO

from kiosk.runtime.local_authority import make_authority, make_site_certificate
from tests.cast import NOW

USER, PASSWORD = "tiepdon", "mật khẩu 402957"
SECRET_WORDS = b"402957 Nguyen Van Kin it@benhvien.example"  # in answers; no error may repeat them


class MailServer:
    """Listens until it is closed. `behaviour` is ok, or what it does wrong."""

    def __init__(self, tls: ssl.SSLContext, security: str, behaviour: str = "ok") -> None:
        self.behaviour, self.security = behaviour, security
        self.mails: list[EmailMessage] = []
        self.to: list[list[str]] = []
        self.connections = 0
        self.was_encrypted = False
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._closed = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self._closed.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection:
            if self.behaviour == "hangs":
                self._closed.wait(60)
                return
            if self.behaviour == "drips":
                while not self._closed.wait(0.05):
                    connection.sendall(b"2")
                return
            if self.security != "tls":
                self._talk(connection, is_encrypted=False)
                return
            with self._tls.wrap_socket(connection, server_side=True) as encrypted:
                self._talk(encrypted, is_encrypted=True)

    def _talk(self, connection: socket.socket, is_encrypted: bool, greets: bool = True) -> None:
        """Answer each line; after STARTTLS go on over the encrypted connection."""
        self.was_encrypted = is_encrypted
        to: list[str] = []
        is_signed_in = self.security == "none"
        if greets:
            connection.sendall(b"220 mail.example ESMTP\r\n")
        with connection.makefile("rb") as file:
            while line := file.readline(2_000):
                verb = line.strip().partition(b" ")[0].upper()
                if verb == b"STARTTLS":
                    connection.sendall(b"220 go ahead\r\n")
                    with self._tls.wrap_socket(connection, server_side=True) as encrypted:
                        self._talk(encrypted, is_encrypted=True, greets=False)
                    return
                if verb == b"DATA":
                    if not self._take_mail(connection, file, to):
                        return
                    continue
                if verb == b"AUTH":
                    is_signed_in = self._knows(line)
                connection.sendall(self._answer(verb, line, to, is_signed_in, is_encrypted))
                if verb == b"QUIT":
                    return

    def _answer(
        self, verb: bytes, line: bytes, to: list[str], is_signed_in: bool, is_encrypted: bool
    ) -> bytes:
        if verb == b"EHLO":
            offer = b"AUTH PLAIN"
            if self.security == "starttls" and not is_encrypted:
                offer = b"SIZE" if self.behaviour == "no starttls" else b"STARTTLS"
            return b"250-mail.example\r\n250 " + offer + b"\r\n"
        if verb == b"AUTH":
            return b"235 welcome\r\n" if is_signed_in else b"535 no " + SECRET_WORDS + b"\r\n"
        if verb == b"MAIL" and (not is_signed_in or self.behaviour == "refuses sender"):
            return b"550 " + SECRET_WORDS + b"\r\n"
        if verb == b"RCPT":
            to.append(line.decode().partition("<")[2].partition(">")[0])
            is_one = self.behaviour == "refuses one" and len(to) == 1
            if is_one or self.behaviour == "refuses all":
                return b"550 unknown " + SECRET_WORDS + b"\r\n"
        return b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n"

    def _knows(self, line: bytes) -> bool:
        given = base64.b64decode(line.split()[2]).decode().split("\0")
        return given == ["", USER, PASSWORD] and self.behaviour != "refuses account"

    def _take_mail(self, connection: socket.socket, file: IO[bytes], to: list[str]) -> bool:
        """Take a mail; return whether the connection goes on."""
        connection.sendall(b"354 go on\r\n")
        lines = []
        while (part := file.readline()) not in (b".\r\n", b""):
            lines.append(part)
        if self.behaviour == "closes":
            return False
        if self.behaviour == "refuses mail":
            connection.sendall(b"554 spam " + SECRET_WORDS + b"\r\n")
            return True
        parsed = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        self.to.append(list(to))
        connection.sendall(b"250 queued\r\n")
        return True


def server_tls(folder: Path) -> ssl.SSLContext:
    """Return the TLS of a server for 127.0.0.1; `authority.pem` in the folder is its authority."""
    if not (folder / "site.pem").exists():
        make_authority(folder, folder / "authority.key", ["127.0.0.1"], NOW)
        make_site_certificate(folder, folder / "authority.key", ["127.0.0.1"], NOW)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "site.pem", folder / "site.key")
    return context


@contextmanager
def mail_server(
    folder: Path, security: str = "starttls", behaviour: str = "ok"
) -> Iterator[MailServer]:
    """Run a mail server; its certificates are made in a folder."""
    server = MailServer(server_tls(folder), security, behaviour)
    try:
        yield server
    finally:
        server.close()
