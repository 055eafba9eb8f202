"""The proof: the logbook's hash chain is checked, its end signed, and a visit proven elsewhere.

The chain itself is written by `kiosk.logbook.chain`; docs/proof.md tells what it shows.
"""

from kiosk.proof.bundle import verify_bundle
from kiosk.proof.check import CheckResult
from kiosk.proof.errors import BundleWrong
from kiosk.proof.keys import KioskKey
from kiosk.proof.parts import Proofs
from kiosk.proof.signed_roots import SignedRoot, key_mark

__all__ = [
    "BundleWrong",
    "CheckResult",
    "KioskKey",
    "Proofs",
    "SignedRoot",
    "key_mark",
    "verify_bundle",
]
