"""API tokens: how other programs sign in.

A token has scopes, which say what it may call, an optional reader whose name it may use, and an
optional last day.  It is shown once and stored as its SHA-256: it is 32 random bytes.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from kiosk.logbook import Database, from_utc_text, to_utc_text
from kiosk.staff.codes import code_sha256
from kiosk.staff.errors import WrongMember, WrongToken
from kiosk.staff.members import clean_name, note_event
from verify import clinic_day

PREFIX = "tdk_"
TOKEN_BYTES = 32


class Scope(StrEnum):
    """What a token may call; the values are stored."""

    SCAN = "scan"
    VISIT = "visit"
    READ = "read"
    ADMIT = "admit"
    WEBHOOK = "webhook"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """An API token without its secret. Days are the clinic's."""

    id: int
    name: str  # of the program that uses it
    scopes: frozenset[Scope]
    reader: str  # empty: none
    made_at: datetime
    last_day: date | None
    used_on: date | None
    revoked_at: datetime | None


class ApiTokens:
    """The table `api_token`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(
        self,
        name: str,
        scopes: Iterable[Scope],
        now: datetime,
        author: str,
        reader: str = "",
        last_day: date | None = None,
    ) -> str:
        """Make a token; return it, to be shown once.

        Raises WrongToken if it has no scope, no name, or ends before it begins.
        """
        try:
            name = clean_name(name)
        except WrongMember as exc:
            raise WrongToken("name", "expected the name of the program") from exc
        chosen = sorted(set(scopes))
        if not chosen:
            raise WrongToken("scopes", "expected one or more")
        if last_day is not None and last_day < clinic_day(now):
            raise WrongToken("last_day", "this day is over")
        token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        with self._database.transaction() as db:
            db.execute(
                "insert into api_token (token, name, scopes, reader, made_at, last_day)"
                " values (?, ?, ?, ?, ?, ?)",
                [
                    code_sha256(token),
                    name,
                    " ".join(chosen),
                    reader,
                    to_utc_text(now),
                    last_day and last_day.isoformat(),
                ],
            )
            detail = {"name": name, "scopes": chosen, "reader": reader}
            note_event(db, None, "token_made", detail, now, author)
        return token

    def find(self, token: str, now: datetime) -> ApiToken | None:
        """Return the token that a program sent, and note the day of its use.

        None if it is not known, was revoked or has ended.
        """
        if not token.startswith(PREFIX):
            return None
        rows = self._database.rows(
            "select * from api_token where token = ? and revoked_at is null", [code_sha256(token)]
        )
        today = clinic_day(now)
        if not rows or (rows[0]["last_day"] or "9999") < today.isoformat():
            return None
        found = _token(rows[0])
        if found.used_on != today:
            with self._database.transaction() as db:
                db.execute(
                    "update api_token set used_on = ? where id = ?", [today.isoformat(), found.id]
                )
        return found

    def all(self) -> list[ApiToken]:
        """Return all tokens, the newest first."""
        return [_token(row) for row in self._database.rows("select * from api_token order by -id")]

    def revoke(self, token_id: int, now: datetime, author: str) -> bool:
        """Revoke a token; return whether it was in use."""
        with self._database.transaction() as db:
            is_new = (
                db.execute(
                    "update api_token set revoked_at = ? where id = ? and revoked_at is null",
                    [to_utc_text(now), token_id],
                ).rowcount
                == 1
            )
            if is_new:
                note_event(db, None, "token_revoked", {"token": token_id}, now, author)
        return is_new


def _token(row: Any) -> ApiToken:
    def day(name: str) -> date | None:
        return date.fromisoformat(row[name]) if row[name] else None

    return ApiToken(
        id=row["id"],
        name=row["name"],
        scopes=frozenset(Scope(scope) for scope in row["scopes"].split()),
        reader=row["reader"],
        made_at=from_utc_text(row["made_at"]),
        last_day=day("last_day"),
        used_on=day("used_on"),
        revoked_at=from_utc_text(row["revoked_at"]) if row["revoked_at"] else None,
    )
