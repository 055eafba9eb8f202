"""The facility's signing key on a USB token, through the driver (PKCS#11) of its maker.

- A token locks itself after a few wrong PINs.  So a PIN that a token refused is written down, and
  not tried again by any process before the PIN's file was changed; and if the token says that one
  try is left, none is made.
- Each opening starts the driver again: many drivers see a token that was pulled out and put back
  only then.
- A digest is signed (CKM_RSA_PKCS, CKM_ECDSA), which every token can do.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from kiosk.errors import SettingsError
from kiosk.insurer.certificate import SigningKey, SigningTrouble, check_kind
from kiosk.insurer.errors import CannotSign
from kiosk.runtime.ordinary_file import read_ordinary_text

log = logging.getLogger(__name__)

# RFC 8017 §9.2: what stands before a SHA-256 digest in an RSA signature.
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
PROBE = b"Tiep Don: does this certificate belong to this key?"
REFUSED_PIN_FILE = "refused-pin.json"  # in the data directory


class UsbToken:
    """A token: its driver, its label, its key, and the file of its PIN.

    `label` may be empty if there is one token, `key` (a label, or an id in hexadecimal) if it
    holds one key.  `refused` is the file in which a refused PIN is written down.
    """

    def __init__(self, module: str, label: str, key: str, pin_file: str, refused: Path) -> None:
        """Set up; no driver is loaded yet. Raises SettingsError if the extra is not installed."""
        try:
            import pkcs11
        except ImportError as exc:
            install = 'pip install "tiepdon[token]"'
            raise SettingsError(
                f"[insurer] sign_module is set, but tokens are not supported: {install}"
            ) from exc
        self._pkcs11: Any = pkcs11
        self._module, self._label, self._key = module, label, key
        self._pin_file, self._refused = Path(pin_file), refused
        self._refused_in_memory: object = None
        self._session: Any = None

    def open(self) -> SigningKey:
        """Sign in to the token and return its key, which signs as long as the token is there.

        Raises CannotSign if that is not possible now.
        """
        self.close()
        with self._translated(SigningTrouble.TOKEN_ABSENT):
            token = self._find_token()
            self._session = self._sign_in(token)
        with self._translated(SigningTrouble.TOKEN_KEY):
            private = self._only(self._pkcs11.ObjectClass.PRIVATE_KEY)
            certificates = self._certificates(private)
        check_kind(certificates[0])
        keys = [
            SigningKey(_TokenKey(private, certificate, self._translated), certificate)
            for certificate in certificates
        ]
        for key in keys:
            if _fits(key):
                return key
        raise CannotSign(SigningTrouble.MISMATCH, "no certificate belongs to the token's key")

    def look(self) -> x509.Certificate | None:
        """Return the certificate without signing in. None if the token shows none, or several.

        Raises CannotSign if there is no such token.
        """
        self.close()
        with self._translated(SigningTrouble.TOKEN_ABSENT):
            token = self._find_token()
            self._refuse_if_refused(token)
            self._session = token.open()
            found = self._wanted(self._pkcs11.ObjectClass.CERTIFICATE)
            shown = [_certificate(entry[self._pkcs11.Attribute.VALUE]) for entry in found]
        self.close()
        return shown[0] if len(shown) == 1 else None

    def has_changed(self) -> bool:
        """Return whether the key has to be opened again; a token says so when it is used."""
        return False

    def close(self) -> None:
        """End the session with the token, if there is one."""
        session, self._session = self._session, None
        if session is not None:
            with contextlib.suppress(self._pkcs11.PKCS11Error):
                session.close()

    def _find_token(self) -> Any:
        """Return the token. Raises CannotSign unless exactly one has the label."""
        try:
            if Path(self._module).exists() and not Path(self._module).is_file():
                raise OSError("it is no ordinary file")  # a pipe would hold the thread for ever
            driver = self._pkcs11.lib(self._module)
            driver.reinitialize()
        except (self._pkcs11.PKCS11Error, RuntimeError, OSError) as exc:
            raise CannotSign(
                SigningTrouble.MODULE, f"{self._module}: {type(exc).__name__}"
            ) from exc
        is_ready = self._pkcs11.TokenFlag.TOKEN_INITIALIZED
        tokens = [
            token
            for token in driver.get_tokens(token_flags=is_ready)
            if self._label in ("", token.label)
        ]
        if not tokens:
            raise CannotSign(SigningTrouble.TOKEN_ABSENT, "no token has the label of sign_token")
        if len(tokens) > 1:
            raise CannotSign(SigningTrouble.TOKEN_TWICE, f"{len(tokens)} tokens fit sign_token")
        return tokens[0]

    def _sign_in(self, token: Any) -> Any:
        """Return a session on a token, signed in with the PIN. At most one try is made."""
        pin, version = self._refuse_if_refused(token)
        errors = self._pkcs11
        try:
            return token.open(user_pin=pin)
        except (errors.PinIncorrect, errors.PinInvalid, errors.PinLenRange) as exc:
            self._write_down(version)
            raise CannotSign(SigningTrouble.PIN, "the token refused it") from exc
        except (errors.PinLocked, errors.PinExpired, errors.UserPinNotInitialized) as exc:
            raise CannotSign(SigningTrouble.PIN, type(exc).__name__) from exc

    def _refuse_if_refused(self, token: Any) -> tuple[str, list[Any]]:
        """Return the PIN, and the version of its file on this token.

        Raises CannotSign if it cannot be read, if the token refused this version before, or if
        the token would lock itself after one more wrong PIN.
        """
        try:
            pin = read_ordinary_text(self._pin_file)
            about = self._pin_file.stat()
        except (OSError, ValueError) as exc:
            why = f"{self._pin_file}: {type(exc).__name__}"
            raise CannotSign(SigningTrouble.PIN, why) from exc
        version = [bytes(token.serial).hex(), about.st_mtime_ns, about.st_size]
        if version in (self._refused_in_memory, self._written_down()):
            why = (
                f"the token refused the PIN in {self._pin_file}; it is tried again when it changes"
            )
            raise CannotSign(SigningTrouble.PIN, why)
        flags, names = token.flags, self._pkcs11.TokenFlag
        if flags & (names.USER_PIN_FINAL_TRY | names.USER_PIN_LOCKED):
            raise CannotSign(SigningTrouble.PIN, "the token is locked, or has one try left")
        return pin, version

    def _write_down(self, version: list[Any]) -> None:
        self._refused_in_memory = version
        try:
            self._refused.write_text(json.dumps(version), "utf-8")
        except OSError as exc:
            log.error("a refused PIN cannot be written down (%s)", type(exc).__name__)

    def _written_down(self) -> object:
        try:
            return json.loads(self._refused.read_text("utf-8"))
        except (OSError, ValueError):
            return None

    def _only(self, kind: Any) -> Any:
        """Return the only object of a kind that fits `sign_key`. Raises CannotSign otherwise."""
        found = self._wanted(kind)
        if len(found) != 1:
            raise CannotSign(SigningTrouble.TOKEN_KEY, f"{len(found)} keys fit sign_key")
        return found[0]

    def _wanted(self, kind: Any) -> list[Any]:
        """Return the objects of a kind whose label or id is `sign_key`; all if it is empty."""
        objects = self._session.get_objects({self._pkcs11.Attribute.CLASS: kind})
        return [entry for entry in objects if not self._key or self._key in self._names(entry)]

    def _names(self, entry: Any) -> tuple[str, str, str]:
        """Return the label of an object, and its id in hexadecimal, in capitals and in small."""
        names = self._pkcs11.Attribute
        label, key_id = (self._attribute(entry, name) for name in (names.LABEL, names.ID))
        hexadecimal = bytes(key_id or b"").hex()
        return str(label or ""), hexadecimal, hexadecimal.upper()

    def _attribute(self, entry: Any, name: Any) -> Any:
        """Return an attribute of an object on the token; None if it has no such attribute."""
        try:
            return entry[name]
        except self._pkcs11.AttributeTypeInvalid:
            return None

    def _certificates(self, private: Any) -> list[x509.Certificate]:
        """Return the certificates with the id of a key; at least one, else it raises CannotSign."""
        names = self._pkcs11.Attribute
        wanted = {
            names.CLASS: self._pkcs11.ObjectClass.CERTIFICATE,
            names.ID: self._attribute(private, names.ID) or b"",
        }
        found = self._session.get_objects(wanted)
        certificates = [_certificate(entry[names.VALUE]) for entry in found]
        if not certificates:
            raise CannotSign(SigningTrouble.TOKEN_KEY, "the key has no certificate on the token")
        return certificates

    @contextlib.contextmanager
    def _translated(self, trouble: SigningTrouble) -> Iterator[None]:
        """Turn the driver's errors into CannotSign, and end the session: the next try opens it."""
        try:
            yield
        except self._pkcs11.PKCS11Error as exc:
            self.close()
            raise CannotSign(trouble, type(exc).__name__) from exc
        except CannotSign:
            self.close()
            raise


class _TokenKey:
    """A key on a token that signs as the private keys of `cryptography` do."""

    def __init__(self, private: Any, certificate: x509.Certificate, translated: Any) -> None:
        self._private, self._translated = private, translated
        self._public_key = certificate.public_key()

    @property
    def key_size(self) -> int:
        """The size of the key in bits."""
        return int(self._public_key.key_size)  # type: ignore[union-attr]  # RSA or a curve

    def sign(self, data: bytes, *_: object, **__: object) -> bytes:
        """Return the signature of data with SHA-256; the algorithm that is asked for is that one.

        Raises CannotSign if the token does not sign.
        """
        from pkcs11 import Mechanism

        digest = hashlib.sha256(data).digest()
        with self._translated(SigningTrouble.TOKEN_ABSENT):
            if isinstance(self._public_key, RSAPublicKey):
                signature = self._private.sign(SHA256_PREFIX + digest, mechanism=Mechanism.RSA_PKCS)
                return bytes(signature)
            signature = bytes(self._private.sign(digest, mechanism=Mechanism.ECDSA))
        half = len(signature) // 2
        r, s = (int.from_bytes(part) for part in (signature[:half], signature[half:]))
        return encode_dss_signature(r, s)


def _certificate(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(bytes(der))
    except ValueError as exc:
        raise CannotSign(SigningTrouble.TOKEN_KEY, "a certificate cannot be read") from exc


def _fits(key: SigningKey) -> bool:
    """Return whether a certificate belongs to a key, by a signature of a fixed text."""
    signature, public_key = key.private.sign(PROBE), key.certificate.public_key()
    try:
        if isinstance(public_key, RSAPublicKey):
            public_key.verify(signature, PROBE, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(public_key, ec.EllipticCurvePublicKey):
            public_key.verify(signature, PROBE, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True
