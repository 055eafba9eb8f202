"""The signed formats: how each is taken apart, and how its claims are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from verify.formats.classify import Format
from verify.signed import hc1_claims as hc1
from verify.signed import shc_claims as shc
from verify.signed.envelope import Envelope
from verify.signed.hc1 import parse_envelope as parse_hc1
from verify.signed.shc import parse_envelope as parse_shc
from verify.signed.signature import ReadClaims


class SignedFormat(NamedTuple):
    """One signed format. `use` is what a key's `use` must hold to sign it."""

    parse_envelope: Callable[[str], Envelope]
    read_claims: ReadClaims
    use: str


WRAPPINGS = {
    Format.HC1: SignedFormat(parse_hc1, hc1.read_claims, hc1.BHYT_USE),
    Format.SHC: SignedFormat(parse_shc, shc.read_claims, shc.SHC_USE),
}
