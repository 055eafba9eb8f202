"""How the pretend insurer checks the facility's signature of a check-in document.

It shares no code with the program that signs. It takes the certificate that the signature brings:
which certificates are registered at the portal is not pretended. What has to be signed is not
public, so that a quirk chooses: the whole document, or the list of rows by its Id.
"""

from __future__ import annotations

import base64
from datetime import datetime

from cryptography import x509

DSIG = "{http://www.w3.org/2000/09/xmldsig#}"


def fault_of_signature(document: bytes, is_list_signed: bool, now: datetime) -> str:
    """Return what is wrong with a document's signature, in Vietnamese; empty if it is good.

    `is_list_signed` says whether it must refer to the list of rows instead of the whole document.
    `now` is the current time (aware). Without the extra `sign` it is only looked for.
    """
    try:
        from lxml import etree
        from signxml.exceptions import SignXMLException
        from signxml.verifier import SignatureConfiguration, XMLVerifier
    except ImportError:
        return "" if b"http://www.w3.org/2000/09/xmldsig#" in document else "Hồ sơ chưa ký số"
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(document, parser)
    signature = root.find(f"CHUKYDONVI/{DSIG}Signature")
    if signature is None:
        return "Hồ sơ chưa ký số"
    references = [found.get("URI") for found in signature.iter(f"{DSIG}Reference")]
    rows = root.find("DSACH_TRANG_THAI_KCB")
    expected = f"#{rows.get('Id')}" if is_list_signed and rows is not None else ""
    if references != [expected]:
        return "Chữ ký số không đúng phạm vi"
    try:
        text = signature.findtext(f".//{DSIG}X509Certificate") or ""
        certificate = x509.load_der_x509_certificate(base64.b64decode(text))
        config = SignatureConfiguration(location="./CHUKYDONVI/", verification_time=now)
        XMLVerifier().verify(document, x509_cert=certificate, expect_config=config)
    except (SignXMLException, ValueError, etree.DocumentInvalid):
        return "Chữ ký số không hợp lệ"
    return ""
