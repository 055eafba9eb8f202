"""Sandbox and client are each tested against the public description, not against each other.

A client that is written from the description alone works with the sandbox. Our client works with a
server that is written from the description alone. Neither shares code with the other side.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.cast import Clock
from tests.kiosk.stub_gateway import Running, card_of, gateway_to, serving

MD5 = hashlib.md5(b"sandbox", usedforsecurity=False).hexdigest()
ROW = (
    "MA_LK=99-1 STT=1 MA_BN=9999900020 HO_TEN=Nguyễn_Văn_A SO_CCCD= NGAY_SINH=198000000000"
    " GIOI_TINH=1 MA_THE_BHYT=GD4019999900020 MA_DKBD=01999 GT_THE_TU=20260101 GT_THE_DEN=20261231"
    " MA_DOITUONG_KCB=1.1 NGAY_VAO=202611251000 NGAY_VAO_NOI_TRU= LY_DO_VNT= MA_LY_DO_VNT="
    " MA_LOAI_KCB=01 MA_CSKCB=01999 MA_DICH_VU=KB TEN_DICH_VU=Khám MA_THUOC= TEN_THUOC="
    " MA_VAT_TU= TEN_VAT_TU= NGAY_YL=202611251000 DU_PHONG="
)


def call(url: str, body: bytes, **headers: str) -> dict[str, Any]:
    request = urllib.request.Request(url, body, headers)
    with urllib.request.urlopen(request, timeout=5) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def test_a_client_written_from_the_description_works_with_the_sandbox(insurer: Running) -> None:
    url = insurer[1]
    login = json.dumps({"username": "01999_BV", "password": MD5.upper()}).encode()
    key = call(f"{url}/api/token/take", login, **{"Content-Type": "application/json"})["APIKey"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", key["expires_in"])
    query = urllib.parse.urlencode(
        {
            "token": key["access_token"],
            "id_token": key["id_token"],
            "username": "01999_BV",
            "password": MD5,
        }
    )
    question = {
        "maThe": "GD4019999900020",
        "hoTen": "Nguyễn Văn A",
        "ngaySinh": "1980",
        "hoTenCb": "Nhân Viên Thử",
        "cccdCb": "001999999999",
    }
    form = urllib.parse.urlencode(question).encode()
    answer = call(f"{url}/api/egw/KQNhanLichSuKCB2024?{query}", form)
    assert answer["maKetQua"] == "050"

    row = "".join(
        f"<{name}>{value.replace('_', ' ')}</{name}>"
        for name, value in (pair.split("=") for pair in ROW.split())
    )
    document = (
        "<CHI_TIEU_TRANG_THAI_KCB><DSACH_TRANG_THAI_KCB><TRANG_THAI_KCB>"
        + row
        + "</TRANG_THAI_KCB></DSACH_TRANG_THAI_KCB><CHUKYDONVI/></CHI_TIEU_TRANG_THAI_KCB>"
    )
    encoded = base64.b64encode(document.encode()).decode()
    sent = {"username": "01999_BV", "loaiHoSo": "0", "maTinh": "01", "maCSKCB": "01999",
            "fileHSBase64": encoded, "chukydonvi": ""}  # fmt: skip
    receipt = call(
        f"{url}/api/qd130/checkInKcbQd4750", json.dumps(sent).encode(),
        accessToken=key["access_token"], tokenId=key["id_token"], passwordHash=MD5,
        **{"Content-Type": "application/json"},
    )  # fmt: skip
    assert receipt["maKetQua"] == "200"
    assert len(receipt["thoiGianTiepNhan"]) == 14
    assert [visit.fields["MA_LK"] for visit in insurer[0].ledger.visits()] == ["99-1"]


class DescribedGateway(BaseHTTPRequestHandler):
    """Answers the three calls as the documents describe them, and nothing else."""

    seen: list[dict[str, str]]

    def do_POST(self) -> None:
        """Answer a call as the documents describe it."""
        raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
        path, _, query = self.path.partition("?")
        is_json = self.headers["Content-Type"].startswith("application/json")
        body = json.loads(raw) if is_json else dict(urllib.parse.parse_qsl(raw))
        answers = {
            "/api/token/take": self.token,
            "/api/egw/KQNhanLichSuKCB2024": self.card,
            "/api/qd130/checkInKcbQd3176": self.check_in,
        }
        answer = json.dumps(answers[path](body, dict(urllib.parse.parse_qsl(query)))).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def token(self, body: dict[str, str], _: dict[str, str]) -> dict[str, Any]:
        """CV 3190: form fields; the password as MD5 in capital letters."""
        assert body == {"username": "01999_BV", "password": MD5.upper()}
        assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
        return {"maKetQua": "200", "APIKey": {
            "access_token": "c2FtcGxl/+==", "id_token": "a-guid", "token_type": "Bearer",
            "username": "01999_BV", "expires_in": "2026-11-25T03:10:00.6200586Z"}}  # fmt: skip

    def card(self, body: dict[str, str], query: dict[str, str]) -> dict[str, Any]:
        """CV 1923 PL03: four fields in the query, five in the body."""
        assert set(query) == {"token", "id_token", "username", "password"}
        assert query["token"] == "c2FtcGxl/+=="
        assert query["password"].lower() == MD5
        assert set(body) == {"maThe", "hoTen", "ngaySinh", "hoTenCb", "cccdCb"}
        assert re.fullmatch(r"(\d\d/)?(\d\d/)?\d{4}", body["ngaySinh"])
        names = (
            "maThe maTheMoi maTheCu maSoBHXH maKV gtTheTuMoi gtTheDenMoi dsLichSuKCB2018"
        ).split()
        return dict.fromkeys(names) | {
            "maKetQua": "000", "hoTen": body["hoTen"].upper(), "gtTheTu": "01/01/2026",
            "gtTheDen": "", "maDKBD": "01999", "gioiTinh": "Nam",
        }  # fmt: skip

    def check_in(self, body: dict[str, str], query: dict[str, str]) -> dict[str, Any]:
        """CV 3190 and CV 1245: a token in the headers; 26 elements in their order."""
        assert query == {}
        assert self.headers["accessToken"] == "c2FtcGxl/+=="
        assert self.headers["tokenId"] == "a-guid"
        assert self.headers["passwordHash"].lower() == MD5
        assert (body["loaiHoSo"], body["maTinh"], body["maCSKCB"]) == ("0", "01", "01999")
        document = base64.b64decode(body["fileHSBase64"], validate=True).decode()
        expected = [pair.split("=")[0] for pair in ROW.split()]
        row = document.split("<TRANG_THAI_KCB>")[1].split("</TRANG_THAI_KCB>")[0]
        assert re.findall(r"<([A-Z_]+)(?: ?/)?>", row) == expected
        assert document.endswith("</CHI_TIEU_TRANG_THAI_KCB>")
        self.seen.append({"document": document})
        return {"maKetQua": "200", "maGiaoDich": "G-1", "thoiGianTiepNhan": "20261125100000",
                "thongDiep": "Tiếp nhận thành công"}  # fmt: skip

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def described_url() -> Iterator[str]:
    DescribedGateway.seen = []
    with serving(HTTPServer(("127.0.0.1", 0), DescribedGateway)) as address:
        yield address


def test_our_client_works_with_a_server_written_from_the_description(
    described_url: str, clock: Clock, kiosk: Any
) -> None:
    gateway = gateway_to(described_url, clock)
    coverage = gateway.look_up(card_of("an"))
    assert (coverage.code, str(coverage.valid_from), coverage.valid_until) == (
        "000",
        "2026-01-01",
        None,
    )

    from tests.kiosk.test_complaints import delivery, visit

    visit(kiosk, "an")
    delivery(kiosk, gateway).deliver_all()
    assert kiosk.visits.newest()[0].transaction_code == "G-1"
    assert len(DescribedGateway.seen) == 1
