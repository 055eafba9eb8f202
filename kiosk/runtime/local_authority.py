"""A certificate authority for the browsers of one site, and the certificate of its proxy.

1. The authority can vouch for the names of the site only (name constraints, RFC 5280 4.2.1.10): a
   browser that trusts it believes nothing of it about any other name.
2. Its key is needed once a year.  It is written once, where the caller says, and never read but to
   renew; it belongs into a drawer, not on this machine.
3. A certificate is valid for 397 days, the most that browsers have taken from public authorities.
4. No file is overwritten but that of the certificate and its key, when they are renewed.

Keys are on the curve P-256 (browsers take no Ed25519).
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kiosk.runtime.errors import CertificateTrouble
from kiosk.runtime.files import replace_while_read
from kiosk.runtime.ordinary_file import read_ordinary

AUTHORITY_LIFE = timedelta(days=3_650)
SITE_LIFE = timedelta(days=397)
CLOCK_MARGIN = timedelta(hours=1)  # a browser's clock may be behind ours
AUTHORITY_FILE, SITE_FILE, KEY_FILE = "authority.pem", "site.pem", "site.key"
NO_NAME = "no-other-name.invalid"  # RFC 6761: nobody has such a name


def make_authority(folder: Path, key_file: Path, names: Sequence[str], now: datetime) -> None:
    """Write the certificate of a new authority for `names` into a folder, and its key to a file.

    Names are host names or addresses; `now` is aware.  Raises CertificateTrouble if one of the
    files exists or cannot be written.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Tiep Don {names[0]}")])
    certificate = (
        _begun(subject, subject, key.public_key(), now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_constraints(names), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write_new(key_file, _private(key))
    _write_new(folder / AUTHORITY_FILE, certificate.public_bytes(serialization.Encoding.PEM))


def make_site_certificate(
    folder: Path, key_file: Path, names: Sequence[str], now: datetime
) -> datetime:
    """Write a certificate of the site, with a new key, into a folder; return its last moment.

    The authority is the one in the folder, and `key_file` has its key.  Names that it may not
    vouch for are refused, with CertificateTrouble, and so is a key of another authority.
    """
    authority, key = _read_authority(folder / AUTHORITY_FILE), _read_key(key_file)
    if key.public_key() != authority.public_key():
        raise CertificateTrouble(f"{key_file}: the key of another authority than {AUTHORITY_FILE}")
    _check_names(authority, names)
    own_key = ec.generate_private_key(ec.SECP256R1())
    # With a blank: OpenSSL would check a subject that can be a host's name against the limits too.
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tiep Don proxy")])
    alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    certificate = (
        _begun(subject, authority.subject, own_key.public_key(), now, SITE_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(alternatives, critical=False)
        .add_extension(purpose, critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    _replace(folder / KEY_FILE, _private(own_key))
    _replace(folder / SITE_FILE, certificate.public_bytes(serialization.Encoding.PEM))
    return certificate.not_valid_after_utc


def last_moment(file: Path) -> datetime:
    """Return until when the first certificate in a file is valid (UTC).

    Raises CertificateTrouble if the file cannot be read.
    """
    return _read_authority(file).not_valid_after_utc


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    begin = now.astimezone(UTC) - CLOCK_MARGIN
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _constraints(names: Sequence[str]) -> x509.NameConstraints:
    """Return what limits an authority to some names; a kind that is not named is shut out."""
    hosts = [name for name in names if not _is_address(name)] or [NO_NAME]
    addresses = [x509.IPAddress(ipaddress.ip_network(name)) for name in names if _is_address(name)]
    every = [x509.IPAddress(ipaddress.ip_network(net)) for net in ("0.0.0.0/0", "::/0")]
    permitted = [*(x509.DNSName(host) for host in hosts), *addresses]
    return x509.NameConstraints(permitted, None if addresses else every)


def _check_names(authority: x509.Certificate, names: Sequence[str]) -> None:
    limits = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    permitted = {str(limit.value) for limit in limits.permitted_subtrees or ()}
    for name in names:
        known = str(ipaddress.ip_network(name)) if _is_address(name) else name
        if known not in permitted:
            listed = ", ".join(sorted(permitted))
            raise CertificateTrouble(f"{name}: this authority vouches for {listed} only")


def _general_name(name: str) -> x509.GeneralName:
    return x509.IPAddress(ipaddress.ip_address(name)) if _is_address(name) else x509.DNSName(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _read_authority(file: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(read_ordinary(file))
    except OSError as exc:
        raise CertificateTrouble(f"{file}: cannot be read ({exc.strerror})") from exc
    except ValueError as exc:
        raise CertificateTrouble(f"{file}: no certificate (PEM)") from exc


def _read_key(file: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(read_ordinary(file), None)
    except OSError as exc:
        raise CertificateTrouble(f"{file}: cannot be read ({exc.strerror})") from exc
    except (ValueError, TypeError) as exc:
        raise CertificateTrouble(f"{file}: no private key (PEM)") from exc
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateTrouble(f"{file}: not a key that `certificate new` made")
    return key


def _write_new(file: Path, content: bytes) -> None:
    """Write a file that only this account may read.  Raises CertificateTrouble if it exists."""
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as exc:
        raise CertificateTrouble(f"{file}: cannot be written ({exc.strerror})") from exc


def _replace(file: Path, content: bytes) -> None:
    part = file.with_suffix(file.suffix + ".part")
    part.unlink(missing_ok=True)
    _write_new(part, content)
    try:
        replace_while_read(part, file)
    except OSError as exc:
        raise CertificateTrouble(f"{file}: cannot be written ({exc.strerror})") from exc
