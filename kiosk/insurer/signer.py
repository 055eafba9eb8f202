"""The signer: signs what is sent with the facility's key, and says what is wrong if it cannot.

- The key is opened when it is first needed, and again after a failure or when its file changed.
  So visits go on by themselves once a certificate was renewed or a token is back.
- While it cannot sign, nothing is sent: messages wait in the outbox as they are.
- `state` never touches the file or the device: a driver that hangs does not stop the pages.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from cryptography.x509 import Certificate

from kiosk.insurer.certificate import (
    SignatureState,
    SigningKey,
    SigningTrouble,
    serial_of,
    state_of,
)
from kiosk.insurer.errors import CannotSign
from kiosk.insurer.key_file import KeyFile
from kiosk.insurer.usb_token import REFUSED_PIN_FILE, UsbToken
from kiosk.insurer.xml_signature import SignDocument, document_signer
from kiosk.settings import Settings

log = logging.getLogger(__name__)


class KeySource(Protocol):
    """Where the key is: a file or a token. Each method but the last two raises CannotSign."""

    def open(self) -> SigningKey: ...
    def look(self) -> Certificate | None: ...
    def has_changed(self) -> bool: ...
    def close(self) -> None: ...


class SignedDocument(NamedTuple):
    """A document as it is to be sent, and the serial of the certificate that signed it."""

    document: bytes
    serial: str | None  # in hexadecimal; None: not signed


class Signer:
    """Signs documents. Any thread may use it; one at a time signs."""

    def __init__(
        self, source: KeySource, sign_document: SignDocument, clock: Callable[[], datetime]
    ) -> None:
        """Set up; nothing is opened yet. `clock` returns the current time (aware)."""
        self._source, self._sign_document, self._clock = source, sign_document, clock
        self._using = threading.Lock()
        self._key: SigningKey | None = None
        self._certificate: Certificate | None = None  # the last one seen
        self._failure: SigningTrouble | None = None

    def state(self) -> SignatureState:
        """Return how signing stands, as far as it was seen. It touches no file and no device."""
        certificate, failure = self._certificate, self._failure
        seen = state_of(certificate, self._clock()) if certificate else SignatureState()
        return SignatureState(failure, seen.serial, seen.ends) if failure else seen

    def look(self) -> SignatureState:
        """Look at the certificate without using the key, and return how signing stands."""
        with self._using:
            try:
                if self._key is None or self._source.has_changed():
                    self._key = None
                    self._certificate = self._source.look() or self._certificate
                    self._note(None)
            except CannotSign as exc:
                self._note(exc)
        return self.state()

    def is_ready(self) -> bool:
        """Open the key if it is not open; return whether documents can be signed now."""
        with self._using:
            try:
                self._ready_key()
            except CannotSign:  # it is logged, and `state` says what is wrong
                return False
        return True

    def sign(self, document: str) -> SignedDocument:
        """Return a document of `check_in_record`, signed and checked.

        Raises CannotSign if it cannot be signed now; then it must not be sent.
        """
        with self._using:
            key = self._ready_key()
            try:
                signed = self._sign_document(document, key, self._clock())
            except CannotSign as exc:
                self._key = None
                self._note(exc)
                raise
            self._note(None)
        return SignedDocument(signed, serial_of(key.certificate))

    def _ready_key(self) -> SigningKey:
        try:
            if self._key is None or self._source.has_changed():
                self._key = None
                self._key = self._source.open()
                self._certificate = self._key.certificate
            state = state_of(self._key.certificate, self._clock())
            if state.is_holding:
                self._key = None  # a renewed one is found by opening it again
                raise CannotSign(str(state.trouble), f"certificate {state.serial}")
        except CannotSign as exc:
            self._note(exc)
            raise
        if self._failure is not SigningTrouble.FAILED:  # only a good signature ends that
            self._note(None)
        return self._key

    def _note(self, error: CannotSign | None) -> None:
        """Keep what is wrong, and log it once."""
        trouble = SigningTrouble(error.trouble) if error else None
        if trouble != self._failure:
            if error:
                log.error("nothing is sent: %s", error)
            else:
                log.info("signing works again")
        self._failure = trouble


def open_signer(settings: Settings, folder: Path, clock: Callable[[], datetime]) -> Signer | None:
    """Return the signer of the settings. None if they name no key: visits are sent unsigned.

    `folder` is the data directory, `clock` returns the current time (aware).

    Raises SettingsError if an extra that the settings need is not installed.
    """
    insurer = settings.insurer
    if not insurer.url or not (insurer.sign_file or insurer.sign_module):
        return None
    sign_document = document_signer(insurer.sign_scope)
    source: KeySource
    if insurer.sign_module:
        source = UsbToken(
            insurer.sign_module,
            insurer.sign_token,
            insurer.sign_key,
            insurer.sign_password_file,
            folder / REFUSED_PIN_FILE,
        )
    else:
        source = KeyFile(insurer.sign_file, insurer.sign_password_file)
    return Signer(source, sign_document, clock)
