"""The facility's own signature in the documents that it sends: XMLDSig in CHUKYDONVI.

- RSA with SHA-256, canonical XML 20010315, and one reference to the whole document with the
  enveloped transform.  That is accepted in practice (NĐ 188/2025 Điều 69 khoản 9 and TT 12/2026 by
  secondary sources).
- It is not known whether the gateway refuses a check-in without a signature, so that a setting
  decides.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import pkcs12

from kiosk.errors import SettingsError

C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
SIGNATURE_ELEMENT = "{http://www.w3.org/2000/09/xmldsig#}Signature"
SIGNATURE_PLACE = "CHUKYDONVI"

SignXml = Callable[[str], str]  # from a document to the signed document


def xml_signer(file: str, password_file: str) -> SignXml | None:
    """Return the function that signs a document with the key of a PKCS#12 file.

    None if `file` is empty.  `password_file` holds the file's password; it may be empty.

    Raises SettingsError if the file cannot be used, or if the extra `sign` is not installed.
    """
    if not file:
        return None
    try:
        from signxml.algorithms import SignatureConstructionMethod
        from signxml.signer import XMLSigner
    except ImportError as exc:
        raise SettingsError(
            '[insurer] sign_file is set, but signing is not installed: pip install "tiepdon[sign]"'
        ) from exc
    key, certificate = _key_in(file, password_file)
    signer = XMLSigner(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm="rsa-sha256",
        digest_algorithm="sha256",
        c14n_algorithm=C14N,
    )
    return lambda document: _signed(document, signer, key, certificate)


def _key_in(file: str, password_file: str) -> tuple[RSAPrivateKey, Any]:
    try:
        password = Path(password_file).read_text("utf-8-sig").strip() if password_file else ""
        found = pkcs12.load_pkcs12(Path(file).read_bytes(), password.encode() or None)
    except (OSError, ValueError) as exc:
        why = f"{file} cannot be opened ({type(exc).__name__}); expected PKCS#12 and its password"
        raise SettingsError(f"[insurer] sign_file: {why}") from exc
    if not isinstance(found.key, RSAPrivateKey) or found.cert is None:
        raise SettingsError(f"[insurer] sign_file: {file} holds no RSA key with its certificate")
    return found.key, found.cert.certificate


def _signed(document: str, signer: Any, key: RSAPrivateKey, certificate: Any) -> str:
    """Return a document of `check_in_record` with the signature in its place."""
    from lxml import etree

    root = etree.fromstring(document.encode())  # no foreign document is parsed here
    place = root.find(SIGNATURE_PLACE)
    assert place is not None  # `check_in_record` wrote it
    etree.SubElement(place, SIGNATURE_ELEMENT, Id="placeholder")
    signed = signer.sign(root, key=key, cert=[certificate])
    return str(etree.tostring(signed, encoding="unicode"))
