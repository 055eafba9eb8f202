"""A gateway written from the public descriptions alone, on a bad day.

It shares no code with the program or its sandbox.  Sources: CV 3190 and CV 1245 (token, check-in),
CV 1923 Phụ lục 03 (card check), CV 1839 (co-payments).  Its bad day:

- a third of all calls fail, before or after the work is done;
- of a file it reads the first row only, and answers 200 all the same;
- it has no data about co-payments: code 204;
- its clock is two minutes ahead.
"""

from __future__ import annotations

import base64
import email.utils
import hashlib
import json
import random
import socket
import threading
import urllib.parse
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.kiosk.stub_gateway import serving

CLOCK_LEAD = timedelta(minutes=2)
TOKEN_LIFE = timedelta(minutes=10)
FAILING_SHARE = 1 / 3
FAILURES = ("reset", "lost", "bad_gateway", "empty", "cut", "busy", "timeout_code")


class PublicGateway:
    """The state of the gateway: accounts, tokens, and the rows that it read."""

    def __init__(self, clock: Callable[[], datetime], seed: int) -> None:
        self._clock = clock
        self._dice = random.Random(seed)
        self._lock = threading.Lock()
        self._tokens: dict[str, tuple[str, datetime]] = {}  # by id: access token and its end
        self.username = "01999_BV"
        self.password = hashlib.md5(b"sandbox", usedforsecurity=False).hexdigest().upper()
        self.rows: list[dict[str, str]] = []  # that were read, in their order
        self.unread_rows = 0
        self.calls = self.failed_calls = 0

    def now(self) -> datetime:
        """Return what its clock shows, aware."""
        return self._clock() + CLOCK_LEAD

    def failure(self) -> str:
        """Return how the next call fails; empty if it works."""
        with self._lock:
            self.calls += 1
            if self._dice.random() >= FAILING_SHARE:
                return ""
            self.failed_calls += 1
            return self._dice.choice(FAILURES)

    def answer(self, path: str, query: dict[str, str], headers: Any, body: bytes) -> dict[str, Any]:
        """Do what a call asks for; return the object that answers it."""
        if path == "/api/token/take":
            return self._token(_fields(body))
        if path == "/api/egw/KQNhanLichSuKCB2024":
            known = self._knows(query.get("id_token"), query.get("token"), query.get("password"))
            return self._card(json.loads(body)) if known else {"maKetQua": "401"}
        known = self._knows(
            headers.get("tokenId"), headers.get("accessToken"), headers.get("passwordHash")
        )
        if not known:
            return {"maKetQua": "401"}
        if path == "/api/qd130/checkInKcbQd3176":
            return self._check_in(_fields(body))
        if path == "/api/TraCuuCCT/TraCuuTienMCCT":
            return {"MaKetQua": "204", "GhiChu": "Không có dữ liệu", "DataCCT": None}
        return {"maKetQua": "205"}

    def _token(self, fields: dict[str, str]) -> dict[str, Any]:
        if (fields.get("username"), fields.get("password", "").upper()) != (
            self.username,
            self.password,
        ):
            return {"maKetQua": "401", "APIKey": None}
        ends = self.now() + TOKEN_LIFE
        access = base64.b64encode(f"{uuid.uuid4()}:{self.username}".encode()).decode()
        with self._lock:
            token_id = str(uuid.UUID(int=self._dice.getrandbits(128)))
            self._tokens[token_id] = (access, ends)
        return {
            "maKetQua": "200",
            "APIKey": {
                "access_token": access,
                "id_token": token_id,
                "token_type": "Bearer",
                "username": self.username,
                "expires_in": f"{ends:%Y-%m-%dT%H:%M:%S}.1234567Z",
            },
        }

    def _knows(self, token_id: str | None, access: str | None, password: str | None) -> bool:
        token, ends = self._tokens.get(token_id or "", ("", self.now()))
        return token == access and self.now() < ends and (password or "").upper() == self.password

    def _card(self, question: dict[str, str]) -> dict[str, Any]:
        return {
            "maKetQua": "000",
            "ghiChu": "Thẻ còn giá trị sử dụng!",
            "maThe": "GD4019" + question["maThe"][-9:],
            "hoTen": question["hoTen"],
            "ngaySinh": question["ngaySinh"],
            "gioiTinh": "Nam",
            "maDKBD": "01999",
            "gtTheTu": "01/01/2024",
            "gtTheDen": "31/12/2027",
            "maSoBHXH": question["maThe"][-10:],
            "maTheCu": None,
            "maTheMoi": None,
            "dsLichSuKCB2018": None,
            "dsLichSuKT2018": None,
        }

    def _check_in(self, fields: dict[str, str]) -> dict[str, Any]:
        document = ET.fromstring(base64.b64decode(fields["fileHSBase64"]))
        rows = document.findall("DSACH_TRANG_THAI_KCB/TRANG_THAI_KCB")
        with self._lock:
            self.rows.append({child.tag: child.text or "" for child in rows[0]})
            self.unread_rows += len(rows) - 1
        return {
            "maKetQua": "200",
            "maGiaoDich": str(uuid.uuid4()),
            "thoiGianTiepNhan": f"{self.now():%Y%m%d%H%M%S}",
            "thongDiep": "Tiếp nhận thành công",
        }


@contextmanager
def running(gateway: PublicGateway) -> Iterator[str]:
    """Serve a gateway on a port of its own; give its address."""
    handler = type("Handler", (_Handler,), {"gateway": gateway})
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as address:
        yield address


class _Handler(BaseHTTPRequestHandler):
    gateway: PublicGateway

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = urllib.parse.urlsplit(self.path)
        failure = self.gateway.failure()
        answer: dict[str, Any] = {"maKetQua": "500"}
        if failure in ("", "lost", "cut"):  # after the work is done
            answer = self.gateway.answer(url.path, _fields(url.query.encode()), self.headers, body)
        elif failure == "timeout_code":
            answer = {"maKetQua": "408"}
        if failure in ("reset", "lost"):
            return self._reset()
        text = json.dumps(answer, ensure_ascii=False).encode()
        if failure == "bad_gateway":
            return self._send(502, b"<html>502 Bad Gateway</html>")
        if failure == "empty":
            return self._send(200, b"")
        return self._send(200, text[:-9] if failure == "cut" else text)

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close_connection = True

    def date_time_string(self, *_: object) -> str:
        return email.utils.format_datetime(self.gateway.now(), usegmt=True)

    def log_message(self, *_: object) -> None:
        pass


def _fields(text: bytes) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(text.decode(), keep_blank_values=True))
