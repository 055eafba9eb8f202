"""Base45, compared with another implementation and with the examples of RFC 9285."""

from __future__ import annotations

import base45 as another
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.signed import base45


@pytest.mark.parametrize(
    ("text", "data"),
    [("BB8", b"AB"), ("%69 VD92EX0", b"Hello!!"), ("UJCLQE7W581", b"base-45"), ("", b"")],
)
def test_the_examples_of_the_standard_are_decoded(text: str, data: bytes) -> None:
    assert base45.decode(text) == data


@given(st.binary(max_size=600))
def test_text_from_another_encoder_is_decoded(data: bytes) -> None:
    assert base45.decode(another.b45encode(data).decode()) == data


@given(st.text(alphabet="0123456789ABCXYZ $%*+-./:az\xa0", max_size=12))
def test_text_that_another_decoder_refuses_is_refused(text: str) -> None:
    try:
        expected = another.b45decode(text.encode("latin-1"))
    except (ValueError, KeyError, IndexError):
        with pytest.raises(ValueError, match=r"letter|byte|ascii"):
            base45.decode(text)
    else:
        assert base45.decode(text) == expected


BAD = ["GGX", ":::", "0000::", "00:", "U5A:", "A", "0000", "ab0", "０00"]


@pytest.mark.parametrize("text", BAD)
def test_text_that_encodes_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"letter|byte|ascii"):
        base45.decode(text)
