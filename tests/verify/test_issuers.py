"""A set of issuers' keys cannot change while cards are judged with it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import MutableMapping, MutableSequence
from datetime import timedelta
from typing import Any

import pytest

from kiosk.sandbox import DEMO
from kiosk.sandbox.issuer import WITHDRAWN
from tests.cast import NOW
from verify import Issuers, read_jwks

TEXT = json.dumps({"issued": NOW.isoformat(), "keys": [DEMO.jwk(), WITHDRAWN.jwk()]})


def test_no_attribute_of_a_set_of_keys_can_be_changed() -> None:
    issuers: Any = read_jwks(TEXT)
    names = [field.name for field in dataclasses.fields(Issuers)]

    for name in names:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(issuers, name, None)
    assert issuers.issued == NOW


def test_no_key_can_be_added_to_a_set_or_removed_from_it() -> None:
    issuers = read_jwks(TEXT)
    found = issuers.find("VN", DEMO.key_id, demo=True)
    found.clear()

    for field in dataclasses.fields(Issuers):
        held = getattr(issuers, field.name)
        assert not isinstance(held, MutableMapping | MutableSequence | set)
    assert len(issuers.find("VN", DEMO.key_id, demo=True)) == 1


def test_the_same_keys_with_another_date_are_another_set() -> None:
    issuers = read_jwks(TEXT)

    older = dataclasses.replace(issuers, issued=NOW - timedelta(days=1))

    assert older.find("VN", DEMO.key_id, demo=True) == issuers.find("VN", DEMO.key_id, demo=True)
    assert (older.issued, issuers.issued) == (NOW - timedelta(days=1), NOW)


def test_all_keys_with_one_id_are_found_the_issuer_s_own_first() -> None:
    own = read_jwks(TEXT).keys[0]
    twin = dataclasses.replace(own, withdrawn=True)
    anyone = dataclasses.replace(own, issuer=None)
    issuers = Issuers((anyone, own, twin))

    assert issuers.find("VN", own.key_id, demo=True) == [own, twin, anyone]
    assert issuers.find(None, own.key_id, demo=True) == [anyone]
    assert issuers.find("XX", own.key_id, demo=True) == [anyone]
