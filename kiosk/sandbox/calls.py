"""How the pretend insurer reads calls and writes its answers."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta, timezone
from typing import Any

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue

from kiosk.sandbox.people import PASSWORD

VIETNAM = timezone(timedelta(hours=7))


def fields_of_call() -> dict[str, str]:
    """Return the text fields of the request, from a form or from JSON: clients use both."""
    fields: Any = request.get_json(silent=True) if request.is_json else request.form
    if not isinstance(fields, Mapping):
        return {}
    return {str(name): value for name, value in fields.items() if isinstance(value, str)}


def retired() -> ResponseReturnValue:
    """Answer a call that was switched off on 01/08/2024 (CV 1923); the text of it is ours."""
    return jsonify({"maKetQua": "205", "ghiChu": "Hàm đã ngừng hoạt động"})


def is_right_password(md5: str | None) -> bool:
    """Return whether this is the MD5 of the sandbox's password, in hexadecimal."""
    expected = hashlib.md5(PASSWORD.encode(), usedforsecurity=False).hexdigest()
    return hmac.compare_digest(expected.encode(), (md5 or "").lower().encode())


def receipt(code: str, text: str, transaction: str = "", received_at: str = "") -> Response:
    """Return the answer to a check-in record; `received_at` is YYYYMMDDhhmmss, or ""."""
    return jsonify(
        {
            "maKetQua": code,
            "maGiaoDich": transaction or None,
            "thoiGianTiepNhan": received_at or None,
            "thongDiep": text,
        }
    )
