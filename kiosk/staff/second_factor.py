"""The second factor of administrators: a code by the time (RFC 6238), or a recovery code.

1.  A code of 30 seconds is taken in its own step and in the ones beside it: 31 s late passes.
2.  A step is used once: what somebody has seen being typed is worth nothing.
3.  The secret is stored encrypted under the key that is not in the logbook (`secret_file`).
4.  Ten recovery codes are shown once and stored under an HMAC; each is good once.
5.  A wrong clock of this machine makes every code wrong.  Recovery codes need no clock.
"""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import datetime

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kiosk.logbook import Database, to_utc_text
from kiosk.staff.codes import plain_code, random_code
from kiosk.staff.errors import PinVoid
from kiosk.staff.members import note_event

STEP_S = 30
STEPS_BESIDE = (0, -1, 1)  # pyotp's valid_window=1, with the step known
RECOVERY_CODES = 10
RECOVERY_BITS = 60  # 12 signs
NONCE_BYTES = 12


class SecondFactor:
    """The tables `second_factor` and `recovery_code`. `key` is the one of `secret_file`."""

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._cipher = AESGCM(hmac.digest(key, b"tiepdon second factor", "sha256"))
        self._code_key = hmac.digest(key, b"tiepdon recovery code", "sha256")

    def is_on(self, member: int) -> bool:
        """Return whether a member signs in with a second factor."""
        return bool(
            self._database.rows(
                "select 1 from second_factor where member = ? and confirmed_at is not null",
                [member],
            )
        )

    def offer(self, member: int, name: str) -> tuple[str, str]:
        """Make a new secret; return it in base32, and as the URI of a QR code.

        It counts once `confirm` has seen a code of it.  One that is on stays on until then.
        """
        secret = pyotp.random_base32()
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, secret.encode("ascii"), _bound_to(member))
        with self._database.transaction() as db:
            db.execute(
                "insert into second_factor (member, secret) values (?, ?) on conflict (member)"
                " do update set secret = excluded.secret, last_step = 0"
                " where confirmed_at is null",
                [member, sealed],
            )
        uri = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Tiếp Đón")
        return secret, uri

    def confirm(self, member: int, code: str, now: datetime, author: str) -> list[str] | None:
        """Turn the offered secret on if `code` is its code now; return the recovery codes.

        None if the code is wrong, or nothing was offered.
        """
        if self.is_on(member) or not self._use_time_code(member, code, now):
            return None
        codes = [random_code(RECOVERY_BITS) for _ in range(RECOVERY_CODES)]
        with self._database.transaction() as db:
            db.execute(
                "update second_factor set confirmed_at = ? where member = ?",
                [to_utc_text(now), member],
            )
            db.execute("delete from recovery_code where member = ?", [member])
            for recovery in codes:
                db.execute(
                    "insert into recovery_code (member, code) values (?, ?)",
                    [member, self._stored(recovery)],
                )
            note_event(db, member, "factor_on", {}, now, author)
        return codes

    def turn_off(self, member: int, now: datetime, author: str) -> None:
        """Forget a member's second factor and the recovery codes."""
        with self._database.transaction() as db:
            is_on = db.execute("delete from second_factor where member = ?", [member]).rowcount
            db.execute("delete from recovery_code where member = ?", [member])
            if is_on:
                note_event(db, member, "factor_off", {}, now, author)

    def use(self, member: int, code: str, now: datetime, author: str) -> bool:
        """Use a code by the time, or a recovery code; return whether it was right and new."""
        if re.fullmatch(r"[0-9 ]{6,7}", code):
            return self._use_time_code(member, code, now)
        with self._database.transaction() as db:
            is_right = (
                db.execute(
                    "update recovery_code set used_at = ?"
                    " where member = ? and code = ? and used_at is null",
                    [to_utc_text(now), member, self._stored(code)],
                ).rowcount
                == 1
            )
            if is_right:
                note_event(db, member, "recovery_used", {}, now, author)
        return is_right

    def unused_codes(self, member: int) -> int:
        """Return how many recovery codes a member has left."""
        rows = self._database.rows(
            "select count(*) from recovery_code where member = ? and used_at is null", [member]
        )
        return int(rows[0][0])

    def _use_time_code(self, member: int, code: str, now: datetime) -> bool:
        secret = self._secret(member)
        if secret is None:
            return False
        totp, step = pyotp.TOTP(secret, interval=STEP_S), int(now.timestamp()) // STEP_S
        typed = code.replace(" ", "")
        matching = [
            step + beside
            for beside in STEPS_BESIDE
            if hmac.compare_digest(totp.generate_otp(step + beside), typed)
        ]
        if not matching:
            return False
        with self._database.transaction() as db:
            return (
                db.execute(
                    "update second_factor set last_step = ? where member = ? and last_step < ?",
                    [matching[0], member, matching[0]],
                ).rowcount
                == 1
            )

    def _secret(self, member: int) -> str | None:
        rows = self._database.rows("select secret from second_factor where member = ?", [member])
        if not rows:
            return None
        sealed = rows[0][0]
        try:
            opened = self._cipher.decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound_to(member)
            )
        except InvalidTag:
            raise PinVoid(
                "the key of the PINs was replaced: set up the second factor again"
            ) from None
        return opened.decode("ascii")

    def _stored(self, code: str) -> bytes:
        return hmac.digest(self._code_key, plain_code(code).encode("ascii"), "sha256")


def _bound_to(member: int) -> bytes:
    return f"member {member}".encode("ascii")
