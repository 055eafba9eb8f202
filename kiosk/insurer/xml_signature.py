"""The facility's own signature in the documents that it sends: XMLDSig in CHUKYDONVI.

- RSA or ECDSA with SHA-256, canonical XML 20010315, one reference.
- The reference is to the whole document with the enveloped transform (`DOCUMENT`), which is
  accepted in practice by secondary sources; or to the list of rows by its Id (`LIST`).  The
  portal's XSD, which says what is right, is not public, so that a setting decides.
- A signature is checked against the certificate before the document leaves this module.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from kiosk.errors import SettingsError
from kiosk.insurer.certificate import SigningKey, SigningTrouble
from kiosk.insurer.errors import CannotSign
from kiosk.insurer.xml0 import LIST_ELEMENT

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

DOCUMENT, LIST = "document", "list"  # the scopes: values of [insurer] sign_scope
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
SIGNATURE_ELEMENT = "{http://www.w3.org/2000/09/xmldsig#}Signature"
SIGNATURE_PLACE = "CHUKYDONVI"
LIST_ID = "DSACH"  # the Id of the list, if the signature refers to it
INSTALL = 'signing is not installed: pip install "tiepdon[sign]"'

SignDocument = Callable[[str, SigningKey, datetime], bytes]


def document_signer(scope: str) -> SignDocument:
    """Return the function that signs a document of `check_in_record`, and checks the signature.

    `scope` is DOCUMENT or LIST.  The function takes the document, a key and the current time
    (aware), and returns the signed document in UTF-8.  It raises CannotSign if the key does not
    sign, or if the signature does not fit the certificate.

    Raises SettingsError if the extra `sign` is not installed.
    """
    try:
        import lxml.etree  # noqa: F401
        import signxml  # noqa: F401
    except ImportError as exc:
        raise SettingsError(f"[insurer] a certificate is set, but {INSTALL}") from exc

    def sign(document: str, key: SigningKey, now: datetime) -> bytes:
        signed = _signed(document, key, scope)
        _check(signed, document, key.certificate, scope, now)
        return signed

    return sign


def _signed(document: str, key: SigningKey, scope: str) -> bytes:
    """Return the document with its signature, not yet checked."""
    from lxml import etree
    from signxml.algorithms import SignatureConstructionMethod
    from signxml.signer import XMLSigner

    try:
        root = etree.fromstring(document.encode())  # no foreign document is parsed here
    except etree.LxmlError as exc:
        raise CannotSign(SigningTrouble.FAILED, "the document is not XML") from exc
    place, rows = root.find(SIGNATURE_PLACE), root.find(LIST_ELEMENT)
    if place is None or rows is None:
        raise CannotSign(SigningTrouble.FAILED, "the document is no check-in record")
    is_list = scope == LIST
    methods = SignatureConstructionMethod
    signer = XMLSigner(
        method=methods.detached if is_list else methods.enveloped,
        signature_algorithm="rsa-sha256" if key.is_rsa else "ecdsa-sha256",
        digest_algorithm="sha256",
        c14n_algorithm=C14N,
    )
    certificates = [key.certificate]
    try:
        if is_list:
            rows.set("Id", LIST_ID)
            reference = f"#{LIST_ID}"
            place.append(
                signer.sign(root, key=key.private, cert=certificates, reference_uri=reference)
            )
        else:
            etree.SubElement(place, SIGNATURE_ELEMENT, Id="placeholder")
            root = signer.sign(root, key=key.private, cert=certificates)  # a copy
    except ValueError as exc:  # of `cryptography`: the key does not fit its algorithm
        raise CannotSign(SigningTrouble.FAILED, type(exc).__name__) from exc
    signed: bytes = etree.tostring(root, encoding="unicode").encode()
    return signed


def _check(
    signed: bytes, document: str, certificate: Certificate, scope: str, now: datetime
) -> None:
    """Check that a signature is the certificate's and covers the document, as a reader sees it.

    Raises CannotSign if it does not.
    """
    from lxml import etree
    from signxml.exceptions import SignXMLException
    from signxml.verifier import SignatureConfiguration, XMLVerifier

    where = f"./{SIGNATURE_PLACE}/"
    try:
        found = XMLVerifier().verify(
            signed,
            x509_cert=certificate,
            expect_config=SignatureConfiguration(location=where, verification_time=now),
        )
    except (SignXMLException, ValueError, etree.LxmlError) as exc:
        raise CannotSign(SigningTrouble.FAILED, f"checked: {type(exc).__name__}") from exc
    expected = etree.fromstring(document.encode())
    assert not isinstance(found, list)  # one reference is expected
    covered = found.signed_xml
    if scope == LIST:
        expected = expected.find(LIST_ELEMENT)
        expected.set("Id", LIST_ID)
    if covered is None or etree.tostring(covered, method="c14n") != etree.tostring(
        expected, method="c14n"
    ):
        raise CannotSign(SigningTrouble.FAILED, "checked: it covers something else")
