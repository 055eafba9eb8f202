"""The proof: the logbook's hash chain is checked, its end signed, and a visit proven elsewhere.

The chain itself is written by `kiosk.logbook.chain`; docs/proof.md tells what it shows.
"""

from kiosk.proof.bundle import Proven, make_bundle, verify_bundle
from kiosk.proof.check import CheckResult, check_logbook
from kiosk.proof.day_roots import DayRoots
from kiosk.proof.errors import BundleWrong, NotProvable
from kiosk.proof.faults import Fault, FaultKind
from kiosk.proof.keys import KioskKey, KioskKeys
from kiosk.proof.parts import Proofs
from kiosk.proof.signed_roots import SignedRoot, key_mark

__all__ = [
    "BundleWrong",
    "CheckResult",
    "DayRoots",
    "Fault",
    "FaultKind",
    "KioskKey",
    "KioskKeys",
    "NotProvable",
    "Proofs",
    "Proven",
    "SignedRoot",
    "check_logbook",
    "key_mark",
    "make_bundle",
    "verify_bundle",
]
