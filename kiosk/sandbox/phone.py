"""The phone of a pretend patient: each time it shows the card, it signs it with its own key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec

from kiosk.sandbox.signing import cose_sign1, derive_key, es256_signature, hc1_text


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone; its key is derived from `seed`, like those of the issuers."""

    seed: str

    @property
    def key(self) -> ec.EllipticCurvePrivateKey:
        """The private key."""
        return derive_key(self.seed)

    @property
    def confirmation(self) -> Mapping[int, object]:
        """The `cnf` claim that binds a card to this phone: a compressed EC2 key (RFC 8747)."""
        point = self.key.public_key().public_numbers()
        return {1: {1: 2, -1: 1, -2: point.x.to_bytes(32), -3: bool(point.y % 2)}}

    def show(self, card: bytes, at: datetime) -> str:
        """Return the text of the code that the phone shows at `at` (aware).

        `card` is the COSE_Sign1 message of the card.
        """
        protected = cbor2.dumps({1: -7})
        content = cbor2.dumps([card, int(at.timestamp())])
        return hc1_text(
            cose_sign1(protected, content, es256_signature(self.key, protected, content))
        )
