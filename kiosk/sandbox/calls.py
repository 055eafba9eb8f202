"""How the pretend insurer reads calls and spells its answers."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue

PASSWORD = "sandbox"


def fields_of_call() -> dict[str, str]:
    """Return the request's fields, sent as a form or as JSON: clients in use send both."""
    fields: Any = request.get_json(silent=True) if request.is_json else request.form
    if not isinstance(fields, Mapping):
        return {}
    return {str(k): v for k, v in fields.items() if isinstance(v, str)}


def retired() -> ResponseReturnValue:
    """Answer the calls that were switched off on 01/08/2024 (CV 1923); the words are ours."""
    return jsonify({"maKetQua": "205", "ghiChu": "Hàm đã ngừng hoạt động"})


def is_right_password(seen: str | None) -> bool:
    wanted = hashlib.md5(PASSWORD.encode(), usedforsecurity=False).hexdigest()
    return hmac.compare_digest(wanted.encode(), (seen or "").lower().encode())


def receipt(code: str, words: str, transaction: str = "", at: str = "") -> Response:
    return jsonify(
        {
            "maKetQua": code,
            "maGiaoDich": transaction or None,
            "thoiGianTiepNhan": at or None,
            "thongDiep": words,
        }
    )
