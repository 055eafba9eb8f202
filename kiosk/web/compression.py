"""Static texts are sent compressed to browsers that read gzip: a third of the bytes on the network.

1.  Only static files are: they hold nothing secret, so their compressed length tells nothing of a
    secret (BREACH).  Pages and answers are sent as they are.
2.  A file is compressed once.  Its version (ETag) becomes a weak one, since the bytes differ.
"""

from __future__ import annotations

import gzip
from functools import lru_cache

from flask import Flask, Response, request

TEXTS = frozenset(
    {"text/css", "text/javascript", "application/javascript", "image/svg+xml", "text/plain"}
)
MIN_BYTES = 1024  # below that a packet holds the file either way
MAX_FILES = 200


def install_compression(app: Flask) -> None:
    """Compress the static texts of an application."""
    app.after_request(_compressed)


def _compressed(response: Response) -> Response:
    """Return a whole static text compressed, if the browser reads gzip; others as they are."""
    is_whole = request.method == "GET" and response.status_code == 200
    if request.endpoint != "static" or not is_whole or response.mimetype not in TEXTS:
        return response
    response.vary.add("Accept-Encoding")
    if not request.accept_encodings["gzip"] or (response.content_length or 0) < MIN_BYTES:
        return response
    response.direct_passthrough = False
    response.set_data(_gzip(response.get_data()))
    response.content_encoding = "gzip"
    version, _is_weak = response.get_etag()
    if version:
        response.set_etag(version, weak=True)
    return response


@lru_cache(maxsize=MAX_FILES)
def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)
