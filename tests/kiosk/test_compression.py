"""Static texts are sent compressed; nothing else is."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from flask.testing import FlaskClient

GZIP = {"Accept_Encoding": "gzip, deflate"}
CSS = "/static/desk.css"


def get(client: FlaskClient, path: str, **headers: str) -> Any:
    """Return a whole answer; its file is closed."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with client.get(path, headers=named, buffered=True) as answer:
        answer.get_data()
        return answer


def test_a_static_text_is_compressed_for_a_browser_that_reads_it(client: FlaskClient) -> None:
    plain = get(client, CSS)
    packed = get(client, CSS, **GZIP)

    assert (plain.headers.get("Content-Encoding"), plain.headers["Vary"]) == (
        None,
        "Accept-Encoding",
    )
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Content-Length"] == str(len(packed.data))
    assert len(packed.data) < len(plain.data) / 2
    assert gzip.decompress(packed.data) == plain.data


def test_a_browser_that_has_the_file_gets_it_only_once(client: FlaskClient) -> None:
    version = get(client, CSS, **GZIP).headers["ETag"]

    again = get(client, CSS, **GZIP, If_None_Match=version)

    assert version.startswith("W/")
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/visits", "/static/icon.svg"])
def test_what_is_secret_or_small_is_sent_as_it_is(client: FlaskClient, path: str) -> None:
    answer = get(client, path, **GZIP)

    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers


def test_a_part_of_a_file_and_a_refused_gzip_are_sent_as_they_are(client: FlaskClient) -> None:
    part = get(client, CSS, **GZIP, Range="bytes=0-9")
    refused = get(client, CSS, Accept_Encoding="gzip;q=0")

    assert (part.status_code, len(part.data)) == (206, 10)
    assert "Content-Encoding" not in part.headers
    assert "Content-Encoding" not in refused.headers
