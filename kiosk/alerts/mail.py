"""One mail through the site's mail server, all of it within a given time.

- TLS from the start, or STARTTLS before anything else is said; certificates are verified.  Without
  TLS only a server on this machine is used (`kiosk.settings.alerts`).
- The time covers everything: a socket's timeout begins again with each byte, so a server that drips
  could hold the thread for hours.
- No error holds what the server said: it may repeat an address or a password.
"""

from __future__ import annotations

import base64
import contextlib
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path

from kiosk.alerts.errors import AlertNotSent
from kiosk.errors import SettingsError
from kiosk.runtime.http_post import network_reason, tls_context
from kiosk.runtime.ordinary_file import read_ordinary_text
from kiosk.settings import AlertSettings

MAX_EXCHANGE_S = 30.0
STEP_TIMEOUT_S = 10.0
CUT_AGAIN_S = 0.5
SIGNED_IN = 235  # the code of RFC 4954


def send_mail(
    settings: AlertSettings,
    subject: str,
    body: str,
    now: datetime,
    total_s: float = MAX_EXCHANGE_S,
) -> None:
    """Send a mail to all addresses of the settings.  Raises AlertNotSent if none or not all got it.

    The password is read each time, so that it can be changed without a restart.
    """
    deadline = time.monotonic() + total_s
    try:
        with _connected(settings, total_s) as server:
            if settings.username:
                _sign_in(server, settings.username, _password(settings))
            refused = server.send_message(_message(settings, subject, body, now))
        if refused:
            raise AlertNotSent(f"the mail server refused {len(refused)} of the addresses")
    except (OSError, smtplib.SMTPException) as exc:  # ssl's errors are OSErrors
        if time.monotonic() >= deadline:
            raise AlertNotSent(f"the mail server took longer than {total_s:g} s") from None
        raise AlertNotSent(_reason(exc)) from None
    except UnicodeError:  # of the server's name
        raise AlertNotSent("[alerts] mail_server is no name of a host") from None


@contextlib.contextmanager
def _connected(settings: AlertSettings, total_s: float) -> Iterator[smtplib.SMTP]:
    """Give a connection with the encryption of the settings; it is cut after `total_s` seconds."""
    context = _context(settings)
    host, port = settings.mail_server, settings.mail_port
    server: smtplib.SMTP = (
        smtplib.SMTP_SSL(timeout=STEP_TIMEOUT_S, context=context)
        if settings.mail_security == "tls" and context is not None
        else smtplib.SMTP(timeout=STEP_TIMEOUT_S)
    )
    server._host = host  # type: ignore[attr-defined]  # the name that TLS verifies
    is_over = threading.Event()
    watchdog = threading.Thread(target=_cut, args=(server, is_over, total_s), daemon=True)
    watchdog.start()
    try:
        server.connect(host, port)
        if settings.mail_security == "starttls":
            server.starttls(context=context)
        yield server
        with contextlib.suppress(OSError, smtplib.SMTPException):  # the mail is there already
            server.quit()
    finally:
        is_over.set()
        server.close()


def _sign_in(server: smtplib.SMTP, username: str, password: str) -> None:
    """Sign in; smtplib sends ASCII only, but a password may be UTF-8 (RFC 4616)."""
    if username.isascii() and password.isascii():
        server.login(username, password)
        return
    server.ehlo_or_helo_if_needed()
    answer = base64.b64encode(f"\0{username}\0{password}".encode()).decode("ascii")
    code, words = server.docmd("AUTH", f"PLAIN {answer}")
    if code != SIGNED_IN:
        raise smtplib.SMTPAuthenticationError(code, words)


def _context(settings: AlertSettings) -> ssl.SSLContext | None:
    if settings.mail_security == "none":
        return None
    try:
        return tls_context(settings.authority_file)
    except SettingsError as exc:
        raise AlertNotSent(f"[alerts] {exc}") from exc


def _password(settings: AlertSettings) -> str:
    try:
        return read_ordinary_text(Path(settings.password_file))
    except (OSError, ValueError) as exc:
        why = f"{settings.password_file} cannot be read ({type(exc).__name__})"
        raise AlertNotSent(f"[alerts] password_file: {why}") from exc


def _message(settings: AlertSettings, subject: str, body: str, now: datetime) -> EmailMessage:
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = ", ".join(settings.mail_to)
    message["Subject"] = " ".join(subject.split())
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid("tiepdon", settings.mail_from.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # so that nobody's absence note answers
    message.set_content(body)
    return message


def _cut(server: smtplib.SMTP, is_over: threading.Event, total_s: float) -> None:
    """Cut a connection after `total_s` seconds; again and again, for one that is made later."""
    pause = total_s
    while not is_over.wait(pause):
        pause = CUT_AGAIN_S
        if server.sock is not None:
            with contextlib.suppress(OSError):
                server.sock.shutdown(socket.SHUT_RDWR)


def _reason(exc: Exception) -> str:
    """Return why a mail was not sent, in words without anything that the server said."""
    if isinstance(exc, smtplib.SMTPAuthenticationError):
        return f"the mail server refuses the account (code {exc.smtp_code})"
    if isinstance(exc, smtplib.SMTPRecipientsRefused):
        return "the mail server refuses the addresses of mail_to"
    if isinstance(exc, smtplib.SMTPSenderRefused):
        return f"the mail server refuses mail_from (code {exc.smtp_code})"
    if isinstance(exc, smtplib.SMTPNotSupportedError):
        return "the mail server has no STARTTLS or no sign-in; see mail_security"
    if isinstance(exc, smtplib.SMTPResponseException):
        return f"the mail server answers with code {exc.smtp_code}"
    return f"the mail server: {network_reason(exc)}"
