"""The cookies that a browser keeps for us: no script reads them, and none leaves TLS."""

from __future__ import annotations

from typing import Literal

from flask import request
from werkzeug import Response

YEAR_S = 365 * 24 * 3600


def remember(
    response: Response, name: str, value: str, site: Literal["Lax", "Strict"] = "Lax"
) -> None:
    """Let the browser that gets this response keep a value for a year.

    "Strict" keeps the cookie from requests that another site's link begins.
    """
    response.set_cookie(
        name, value, max_age=YEAR_S, samesite=site, httponly=True, secure=request.is_secure
    )
