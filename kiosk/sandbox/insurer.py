"""The pretend insurer: the gateway's routes, formats and codes, over real HTTP.

What is known of the real gateway comes from CV 1923, CV 3190 and CV 1245/BHXH-CNTT; the order
in which it checks things is not public and inferred here.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from kiosk.places import place
from kiosk.sandbox.cardbook import answer_about
from kiosk.sandbox.checkin import Refusal, read_record
from kiosk.sandbox.ledger import Ledger
from kiosk.sandbox.people import FACILITY

USERNAME, PASSWORD = f"{FACILITY}_BV", "sandbox"
VIETNAM = timedelta(hours=7)
NOT_SIGNED_IN = {"maKetQua": "401", "ghiChu": "Token không đúng."}


class SandboxInsurer:
    """The insurer's side. `latency_s` is how long it thinks about a card."""

    def __init__(self, clock: Callable[[], datetime], latency_s: float = 0.0) -> None:
        self._clock = clock
        self._latency_s = latency_s
        self.ledger = Ledger(clock)
        self.out_of_order = False
        self.app = Flask("kiosk.sandbox", template_folder=str(place("templates")))
        for path, answer in (
            ("/api/token/take", self._take_token),
            ("/api/egw/KQNhanLichSuKCB2024", self._check_card),
            ("/api/qd130/checkInKcbQd3176", self._check_in),
            ("/api/qd130/checkInKcbQd4750", self._check_in),
            ("/api/qd130/checkInKcbQd130", self._check_in),
            ("/outage", self._switch),
        ):
            self.app.add_url_rule(path, path, answer, methods=["POST"])
        self.app.add_url_rule("/", "page", self._page)
        self.app.add_url_rule("/received.json", "received", self._received)
        self.app.before_request(self._down)

    def _down(self) -> ResponseReturnValue | None:
        if self.out_of_order and request.path.startswith("/api/"):
            return Response("<html><h1>502 Bad Gateway</h1></html>", 502, mimetype="text/html")
        return None

    def _take_token(self) -> ResponseReturnValue:
        form = _body()
        if form.get("username", "").upper() != USERNAME or not _is_password(form.get("password")):
            return jsonify({"maKetQua": "401", "APIKey": None})
        session_id, session = self.ledger.sign_in(USERNAME, request.remote_addr or "")
        return jsonify(
            {
                "maKetQua": "200",
                "APIKey": {
                    "access_token": session.access,
                    "id_token": session_id,
                    "token_type": "Bearer",
                    "username": USERNAME,
                    # Seven digits of a second, as .NET writes them.
                    "expires_in": f"{session.expires_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z",
                },
            }
        )

    def _check_card(self) -> ResponseReturnValue:
        time.sleep(self._latency_s)
        ask, query = _body(), request.args
        session = self.ledger.session(
            query.get("id_token", ""), query.get("token", ""), request.remote_addr or ""
        )
        known = session is not None and query.get("username") == session.username
        if not known or not _is_password(query.get("password")):
            return jsonify(NOT_SIGNED_IN)
        answer = answer_about(ask, self._today())
        self.ledger.note_question(ask.get("maThe", ""), str(answer["maKetQua"]))
        return jsonify(answer)

    def _check_in(self) -> ResponseReturnValue:
        headers, form = request.headers, _body()
        session = self.ledger.session(
            headers.get("tokenId", ""), headers.get("accessToken", ""), request.remote_addr or ""
        )
        if session is None or not _is_password(headers.get("passwordHash")):
            return _receipt("401", "Phiên làm việc không hợp lệ")
        if form.get("username") != session.username or form.get("maCSKCB") != FACILITY:
            return _receipt("403", "Không đúng cơ sở KCB")
        if form.get("loaiHoSo") != "0" or form.get("maTinh") != FACILITY[:2]:
            return _receipt("205", "loaiHoSo hoặc maTinh không đúng")
        try:
            rows = read_record(form.get("fileHSBase64", ""), FACILITY)
        except Refusal as refusal:
            return _receipt(refusal.code, str(refusal))
        received = [self.ledger.receive(row) for row in rows]
        now = (self._clock().astimezone(UTC) + VIETNAM).strftime("%Y%m%d%H%M%S")
        return _receipt("200", "Tiếp nhận thành công", received[-1].transaction, now)

    def _switch(self) -> ResponseReturnValue:
        self.out_of_order = not self.out_of_order
        return Response(status=303, headers={"Location": "/"})

    def _page(self) -> ResponseReturnValue:
        return render_template(
            "sandbox/insurer.html",
            visits=self.ledger.visits()[:200],
            questions=self.ledger.questions()[:50],
            out_of_order=self.out_of_order,
            vietnam=VIETNAM,
        )

    def _received(self) -> ResponseReturnValue:
        return jsonify(
            [
                {"fields": v.fields, "transaction": v.transaction, "times": v.times}
                for v in self.ledger.visits()
            ]
        )

    def _today(self) -> date:
        return (self._clock().astimezone(UTC) + VIETNAM).date()


def _body() -> dict[str, str]:
    """Return the request's fields, sent as a form or as JSON: clients in use send both."""
    fields: Any = request.get_json(silent=True) if request.is_json else request.form
    if not isinstance(fields, Mapping):
        return {}
    return {str(k): v for k, v in fields.items() if isinstance(v, str)}


def _is_password(seen: str | None) -> bool:
    wanted = hashlib.md5(PASSWORD.encode(), usedforsecurity=False).hexdigest()
    return hmac.compare_digest(wanted.encode(), (seen or "").lower().encode())


def _receipt(code: str, words: str, transaction: str = "", at: str = "") -> Response:
    return jsonify(
        {
            "maKetQua": code,
            "maGiaoDich": transaction or None,
            "thoiGianTiepNhan": at or None,
            "thongDiep": words,
        }
    )
