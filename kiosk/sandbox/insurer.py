"""The pretend insurer: the routes, formats and codes of the gateway, over real HTTP.

Sources: CV 1923, CV 3190 and CV 1245/BHXH-CNTT. The order in which the real gateway checks a call
is not public; ours is inferred.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue

from kiosk.runtime.paths import shipped_folder
from kiosk.sandbox.calls import VIETNAM, fields_of_call, is_right_password, receipt, retired
from kiosk.sandbox.cardbook import (
    answer_about,
    checks_elsewhere,
    copayments_of,
    holder_of,
    stays_elsewhere,
)
from kiosk.sandbox.checkin import Refusal, read_record, refuse_blank_cards
from kiosk.sandbox.document_signature import fault_of_signature
from kiosk.sandbox.faults import Fault, Faults
from kiosk.sandbox.feed import SandboxFeed
from kiosk.sandbox.ledger import Ledger, SandboxSession
from kiosk.sandbox.page import install_page
from kiosk.sandbox.people import FACILITY, USERNAME
from kiosk.sandbox.quirks import Quirk, Quirks

# The codes about a card whose holder the question named correctly.
HOLDER_KNOWN_CODES = ("000", "003", "004", "010")
RETIRED_PATHS = (
    "/api/egw/nhanLichSuKCB",
    "/api/egw/KQNhanLichSuKCB595",
    "/api/egw/KQNhanLichSuKCB2018",
    "/api/egw/KQNhanLichSuKCB2019",
)
NOT_SIGNED_IN_ANSWER = {"maKetQua": "401", "ghiChu": "Token không đúng."}


class SandboxInsurer:
    """The pretend insurer, as a Flask application in `app`.

    `clock` returns the time (aware), `latency_s` is how long it takes to answer about a card, and
    `feed` is served too if there is one. `ledger` holds what it was asked and sent; `faults` and
    `quirks` change how it behaves.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        latency_s: float = 0.0,
        feed: SandboxFeed | None = None,
    ) -> None:
        self._clock = clock
        self._latency_s = latency_s
        self.ledger = Ledger(clock)
        self.faults = Faults(self.ledger.revoke_all)
        self.quirks = Quirks()
        self.app = Flask("kiosk.sandbox", template_folder=str(shipped_folder("templates")))
        for path, answer in (
            ("/api/token/take", self._take_token),
            ("/api/egw/KQNhanLichSuKCB2024", self._check_card),
            ("/api/egw/Lskcb2025", self._history),
            ("/api/TraCuuCCT/TraCuuTienMCCT", self._copayments),
            ("/api/qd130/checkInKcbQd3176", self._check_in),
            ("/api/qd130/checkInKcbQd4750", self._check_in),
            ("/api/qd130/checkInKcbQd130", self._check_in),
        ):
            self.app.add_url_rule(path, path, answer, methods=["POST"])
        install_page(self.app, self.ledger, self.faults, self.quirks)
        if feed is not None:
            feed.install(self.app, self.quirks)
        for path in RETIRED_PATHS:
            self.app.add_url_rule(path, path, retired, methods=["POST"])
        self.faults.install(self.app)
        self.app.after_request(self._add_date)

    @property
    def out_of_order(self) -> bool:
        """Whether a proxy answers in its place with the status 502."""
        return self.faults.current is Fault.BAD_GATEWAY

    @out_of_order.setter
    def out_of_order(self, is_out_of_order: bool) -> None:
        self.faults.current = Fault.BAD_GATEWAY if is_out_of_order else Fault.NONE

    def _add_date(self, response: Response) -> Response:
        """Add the time of the insurer's clock, as every web server does with its own."""
        response.headers["Date"] = format_datetime(self._clock().astimezone(UTC), usegmt=True)
        return response

    def _take_token(self) -> ResponseReturnValue:
        form = fields_of_call()
        if form.get("username", "").upper() != USERNAME or not is_right_password(
            form.get("password")
        ):
            return jsonify({"maKetQua": "401", "APIKey": None})
        session_id, session = self.ledger.sign_in(USERNAME, self.faults.address())
        return jsonify(
            {
                "maKetQua": "200",
                "APIKey": {
                    "access_token": session.access,
                    "id_token": session_id,
                    "token_type": "Bearer",
                    "username": USERNAME,
                    # .NET writes seven digits after the second.
                    "expires_in": f"{session.expires_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z",
                },
            }
        )

    def _check_card(self) -> ResponseReturnValue:
        """Answer what the insurer knows about a card."""
        time.sleep(self._latency_s)
        question = fields_of_call()
        if not self._is_signed_in():
            return jsonify(NOT_SIGNED_IN_ANSWER)
        number = question.get("maThe", "")
        answer = answer_about(question, self._today())
        if self.quirks.echoes(answer):
            answer |= holder_of(number)
        if Quirk.HISTORY_WITH_CARD in self.quirks.on:
            answer["dsLichSuKCB2018"] = stays_elsewhere(question, self._clock()) or None
        checks = checks_elsewhere(question, self._clock()) + self._checks_here(number)
        answer["dsLichSuKT2018"] = checks or None
        self.ledger.note_question(number, str(answer["maKetQua"]))
        return jsonify(answer)

    def _checks_here(self, number: str) -> list[dict[str, str]]:
        """Return when our own account asked about a card, newest first."""
        return [
            {
                "userKT": USERNAME,
                "maLoi": question.code,
                "thongBao": "",
                "thoiGianKT": f"{question.asked_at.astimezone(VIETNAM):%Y%m%d%H%M}",
            }
            for question in self.ledger.questions()
            if question.number == number
        ]

    def _is_signed_in(self) -> bool:
        """Return whether the query of a card call names an account and its valid token."""
        query = request.args
        session = self.ledger.session(
            query.get("id_token", ""), query.get("token", ""), self.faults.address()
        )
        is_known = session is not None and query.get("username") == session.username
        return is_known and is_right_password(query.get("password"))

    def _session_of_headers(self) -> SandboxSession | None:
        """Return the session that the headers of a call name; None if it is not valid."""
        headers = request.headers
        session = self.ledger.session(
            headers.get("tokenId", ""), headers.get("accessToken", ""), self.faults.address()
        )
        return session if is_right_password(headers.get("passwordHash")) else None

    def _history(self) -> ResponseReturnValue:
        """Answer where a patient has been: the visits received here, and the stays elsewhere."""
        if not self._is_signed_in():
            return jsonify(NOT_SIGNED_IN_ANSWER)
        if self.quirks.refuses_history(request.is_json):
            return jsonify({"maKetQua": "205", "ghiChu": None, "dsLichSuKCB2025": None})
        question = fields_of_call()
        answer = answer_about(question, self._today())
        code = answer["maKetQua"]
        if code not in HOLDER_KNOWN_CODES:
            return jsonify({"maKetQua": code, "ghiChu": None, "dsLichSuKCB2025": None})
        visits = [
            {
                "maHoSo": visit.transaction,
                "maCSKCB": visit.fields["MA_CSKCB"],
                "ngayVao": visit.fields["NGAY_VAO"],
                "ngayRa": "",
                "tenBenh": "",
                "tinhTrang": "1",
                "kqDieuTri": "1",
                "lyDoVV": visit.fields["MA_DOITUONG_KCB"],
            }
            for visit in self.ledger.visits()
            if answer["maThe"] == visit.fields["MA_THE_BHYT"]
        ]
        visits += stays_elsewhere(question, self._clock())
        return jsonify({"maKetQua": "000", "ghiChu": None, "dsLichSuKCB2025": visits or None})

    def _copayments(self) -> ResponseReturnValue:
        """Answer what a patient has paid this year."""
        if self._session_of_headers() is None:
            return Response(b"", 401)
        question = fields_of_call()
        if len(question.get("maThe", "")) not in (10, 12, 15) or not question.get("hoTen"):
            return jsonify({"MaKetQua": "400", "GhiChu": "Thiếu tham số", "DataCCT": None})
        now = self._clock()
        paid = copayments_of(question, now)
        if not paid:
            return jsonify({"MaKetQua": "204", "GhiChu": None, "DataCCT": None})
        note = f"Dữ liệu tính đến ngày {now.astimezone(VIETNAM) - timedelta(days=1):%d/%m/%Y}"
        return jsonify({"MaKetQua": "200", "GhiChu": note, "DataCCT": paid})

    def _check_in(self) -> ResponseReturnValue:
        """Receive check-in records and answer with a receipt."""
        session, form = self._session_of_headers(), fields_of_call()
        if session is None:
            return receipt("401", "Phiên làm việc không hợp lệ")
        if form.get("username") != session.username or form.get("maCSKCB") != FACILITY:
            return receipt("403", "Không đúng cơ sở KCB")
        if form.get("loaiHoSo") != "0" or form.get("maTinh") != FACILITY[:2]:
            return receipt("205", "loaiHoSo hoặc maTinh không đúng")
        try:
            must_be_signed = Quirk.UNSIGNED_REFUSED in self.quirks.on
            check = self._signature_fault if must_be_signed else None
            rows = read_record(form.get("fileHSBase64", ""), FACILITY, check)
            if Quirk.FIRST_RECORD_ONLY in self.quirks.on:
                self.ledger.note_unread(len(rows) - 1)
                rows = rows[:1]
            if Quirk.BLANK_CARD_REFUSED in self.quirks.on:
                refuse_blank_cards(rows)
            self._refuse_repeats(rows)
        except Refusal as refusal:
            return receipt(refusal.code, str(refusal))
        received = [self.ledger.receive(row) for row in rows]
        received_at = f"{self._clock().astimezone(VIETNAM):%Y%m%d%H%M%S}"
        return receipt("200", "Tiếp nhận thành công", received[-1].transaction, received_at)

    def _signature_fault(self, document: bytes) -> str:
        is_list_signed = Quirk.LIST_SIGNED in self.quirks.on
        return fault_of_signature(document, is_list_signed, self._clock())

    def _refuse_repeats(self, rows: list[dict[str, str]]) -> None:
        if Quirk.REPEATS_REFUSED not in self.quirks.on:
            return
        received = {visit.fields["MA_LK"] for visit in self.ledger.visits()}
        if any(row["MA_LK"] in received for row in rows):
            raise Refusal("202", "MA_LK đã có")

    def _today(self) -> date:
        return self._clock().astimezone(VIETNAM).date()
