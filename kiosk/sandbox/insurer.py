"""The pretend insurer: the gateway's routes, formats and codes, over real HTTP.

What is known of the real gateway comes from CV 1923, CV 3190 and CV 1245/BHXH-CNTT; the order
in which it checks things is not public and inferred here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue

from kiosk.runtime.paths import shipped_folder
from kiosk.sandbox.calls import fields_of_call, is_right_password, receipt, retired
from kiosk.sandbox.cardbook import (
    answer_about,
    checks_elsewhere,
    copayments_of,
    holder_of,
    stays_elsewhere,
)
from kiosk.sandbox.checkin import Refusal, read_record
from kiosk.sandbox.faults import Fault, Faults
from kiosk.sandbox.feed import SandboxFeed
from kiosk.sandbox.ledger import Ledger
from kiosk.sandbox.page import install_page
from kiosk.sandbox.people import FACILITY
from kiosk.sandbox.quirks import Quirk, Quirks

USERNAME = f"{FACILITY}_BV"
VIETNAM = timedelta(hours=7)
KNOWN = ("000", "003", "004", "010")  # cards whose holder was named rightly
RETIRED = (
    "/api/egw/nhanLichSuKCB",
    "/api/egw/KQNhanLichSuKCB595",
    "/api/egw/KQNhanLichSuKCB2018",
    "/api/egw/KQNhanLichSuKCB2019",
)
NOT_SIGNED_IN = {"maKetQua": "401", "ghiChu": "Token không đúng."}


class SandboxInsurer:
    """The insurer's side. `latency_s` is how long it thinks about a card; it may run a feed."""

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
        for path in RETIRED:
            self.app.add_url_rule(path, path, retired, methods=["POST"])
        self.faults.install(self.app)

    @property
    def out_of_order(self) -> bool:
        """Whether a proxy answers in its place."""
        return self.faults.current is Fault.BAD_GATEWAY

    @out_of_order.setter
    def out_of_order(self, is_so: bool) -> None:
        self.faults.current = Fault.BAD_GATEWAY if is_so else Fault.NONE

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
                    # Seven digits of a second, as .NET writes them.
                    "expires_in": f"{session.expires_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z",
                },
            }
        )

    def _check_card(self) -> ResponseReturnValue:
        time.sleep(self._latency_s)
        ask = fields_of_call()
        if not self._is_signed_in():
            return jsonify(NOT_SIGNED_IN)
        answer = answer_about(ask, self._today())
        if self.quirks.echoes(answer):
            answer |= holder_of(ask.get("maThe", ""))
        if Quirk.HISTORY_WITH_CARD in self.quirks.on:
            answer["dsLichSuKCB2018"] = stays_elsewhere(ask, self._clock()) or None
        number = ask.get("maThe", "")
        before = checks_elsewhere(ask, self._clock())
        answer["dsLichSuKT2018"] = [
            *before,
            *(
            {"userKT": USERNAME, "maLoi": one.code, "thongBao": "",
             "thoiGianKT": f"{one.asked_at.astimezone(UTC) + VIETNAM:%Y%m%d%H%M}"}
            for one in self.ledger.questions() if one.number == number)
        ] or None  # fmt: skip
        self.ledger.note_question(number, str(answer["maKetQua"]))
        return jsonify(answer)

    def _is_signed_in(self) -> bool:
        """Tell whether the query of a card call names an account and its token."""
        query = request.args
        session = self.ledger.session(
            query.get("id_token", ""), query.get("token", ""), self.faults.address()
        )
        known = session is not None and query.get("username") == session.username
        return known and is_right_password(query.get("password"))

    def _history(self) -> ResponseReturnValue:
        """Where a patient has been: the visits that were received here. Form only, by default."""
        if not self._is_signed_in():
            return jsonify(NOT_SIGNED_IN)
        if self.quirks.refuses_history(request.is_json):
            return jsonify({"maKetQua": "205", "ghiChu": None, "dsLichSuKCB2025": None})
        ask = fields_of_call()
        answer = answer_about(ask, self._today())
        if answer["maKetQua"] not in KNOWN:
            refused = {"maKetQua": answer["maKetQua"], "ghiChu": None, "dsLichSuKCB2025": None}
            return jsonify(refused)
        visits = [
            {"maHoSo": one.transaction, "maCSKCB": one.fields["MA_CSKCB"],
             "ngayVao": one.fields["NGAY_VAO"], "ngayRa": "", "tenBenh": "", "tinhTrang": "1",
             "kqDieuTri": "1", "lyDoVV": one.fields["MA_DOITUONG_KCB"]}
            for one in self.ledger.visits()
            if answer["maThe"] == one.fields["MA_THE_BHYT"]
        ]  # fmt: skip
        visits += stays_elsewhere(ask, self._clock())
        return jsonify({"maKetQua": "000", "ghiChu": None, "dsLichSuKCB2025": visits or None})

    def _copayments(self) -> ResponseReturnValue:
        """What a patient has paid this year."""
        headers = request.headers
        session = self.ledger.session(
            headers.get("tokenId", ""), headers.get("accessToken", ""), self.faults.address()
        )
        if session is None or not is_right_password(headers.get("passwordHash")):
            return Response(b"", 401)
        ask = fields_of_call()
        if len(ask.get("maThe", "")) not in (10, 12, 15) or not ask.get("hoTen"):
            return jsonify({"MaKetQua": "400", "GhiChu": "Thiếu tham số", "DataCCT": None})
        paid = copayments_of(ask)
        code = "200" if paid else "204"
        return jsonify({"MaKetQua": code, "GhiChu": None, "DataCCT": paid or None})

    def _check_in(self) -> ResponseReturnValue:
        headers, form = request.headers, fields_of_call()
        session = self.ledger.session(
            headers.get("tokenId", ""), headers.get("accessToken", ""), self.faults.address()
        )
        if session is None or not is_right_password(headers.get("passwordHash")):
            return receipt("401", "Phiên làm việc không hợp lệ")
        if form.get("username") != session.username or form.get("maCSKCB") != FACILITY:
            return receipt("403", "Không đúng cơ sở KCB")
        if form.get("loaiHoSo") != "0" or form.get("maTinh") != FACILITY[:2]:
            return receipt("205", "loaiHoSo hoặc maTinh không đúng")
        try:
            is_signed = Quirk.UNSIGNED_REFUSED in self.quirks.on
            rows = read_record(form.get("fileHSBase64", ""), FACILITY, is_signed)
            self._refuse_repeats(rows)
        except Refusal as refusal:
            return receipt(refusal.code, str(refusal))
        received = [self.ledger.receive(row) for row in rows]
        now = (self._clock().astimezone(UTC) + VIETNAM).strftime("%Y%m%d%H%M%S")
        return receipt("200", "Tiếp nhận thành công", received[-1].transaction, now)

    def _refuse_repeats(self, rows: list[dict[str, str]]) -> None:
        known = {visit.fields["MA_LK"] for visit in self.ledger.visits()}
        repeated = any(row["MA_LK"] in known for row in rows)
        if repeated and Quirk.REPEATS_REFUSED in self.quirks.on:
            raise Refusal("202", "MA_LK đã có")

    def _today(self) -> date:
        return (self._clock().astimezone(UTC) + VIETNAM).date()
