"""A look at the facility's certificate before the settings name it: whose it is, until when."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from cryptography.x509 import Certificate
from cryptography.x509.oid import NameOID

from kiosk.insurer.certificate import SigningTrouble, serial_of, state_of
from kiosk.insurer.errors import CannotSign
from kiosk.insurer.key_file import KeyFile
from kiosk.insurer.usb_token import REFUSED_PIN_FILE, UsbToken


class CertificateLook(NamedTuple):
    """What a certificate says; texts are empty, and the end None, if it could not be read."""

    trouble: SigningTrouble | None
    names: tuple[str, ...] = ()  # of the person or the organisation that it is for
    issuer: str = ""
    serial: str = ""  # in hexadecimal
    ends: datetime | None = None  # aware

    def is_for(self, facility: str) -> bool | None:
        """Return whether one of its names is that of a facility; None if one of both is missing.

        Case, marks and signs do not count, and a name may be a part of the other: certificates are
        written in many ways.
        """
        wanted = _letters(facility)
        found = [letters for name in self.names if (letters := _letters(name))]
        if not wanted or not found:
            return None
        return any(wanted in letters or letters in wanted for letters in found)


def look_at_key_file(file: str, password_file: str, now: datetime) -> CertificateLook:
    """Return what the certificate of a PKCS#12 file says. `now` is aware."""
    try:
        return _look(KeyFile(file, password_file).open().certificate, now)
    except CannotSign as exc:
        return CertificateLook(SigningTrouble(exc.trouble))


def look_at_token(
    module: str, label: str, key: str, pin_file: str, folder: Path, now: datetime
) -> CertificateLook:
    """Return what the certificate on a USB token says. The PIN is not tried.

    `folder` is the data directory. Raises SettingsError if tokens are not supported here.
    """
    token = UsbToken(module, label, key, pin_file, folder / REFUSED_PIN_FILE)
    try:
        certificate = token.look()
    except CannotSign as exc:
        return CertificateLook(SigningTrouble(exc.trouble))
    return _look(certificate, now) if certificate else CertificateLook(SigningTrouble.TOKEN_KEY)


def _look(certificate: Certificate, now: datetime) -> CertificateLook:
    state = state_of(certificate, now)
    kinds = (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
    names = [
        str(attribute.value)
        for kind in kinds
        for attribute in certificate.subject.get_attributes_for_oid(kind)
    ]
    issuers = certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    issuer = str(issuers[0].value) if issuers else ""
    unique = tuple(dict.fromkeys(names))
    return CertificateLook(state.trouble, unique, issuer, serial_of(certificate), state.ends)


def _letters(name: str) -> str:
    """Return the letters and digits of a name, without marks, in small letters."""
    parted = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    return "".join(letter for letter in parted if letter.isalnum())
