"""The section [hub] of the settings."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kiosk.errors import SettingsError
from kiosk.settings import Settings, hub_address, load_settings

ABSOLUTE = str(Path("/etc/tiepdon/file").resolve())
FAR = {"url": "postgresql://hub.example/tiepdon", "ca_file": ABSOLUTE, "desk": 3}


def load(hub: dict[str, Any], facility: dict[str, Any] | None = None) -> Settings:
    """Return the settings with a section [hub]."""
    return load_settings(None, {"facility": facility or {"code": "01999"}, "hub": hub})


def test_without_the_section_there_is_no_hub() -> None:
    assert load({}).hub.url == ""
    assert load({}).hub.records == "yes"


@pytest.mark.parametrize(
    ("url", "hosts", "ports", "database", "user"),
    [
        ("postgresql://a.example/t", ["a.example"], [5432], "t", ""),
        ("postgres://a:1,b:2/t", ["a", "b"], [1, 2], "t", ""),
        ("postgresql://x@[::1]:7/t", ["::1"], [7], "t", "x"),
        ("postgresql:///t?host=/run/postgresql", ["/run/postgresql"], [5432], "t", ""),
        ("postgresql://x@/t?host=%2Frun&port=5433", ["/run"], [5433], "t", "x"),
    ],
)
def test_an_address_says_where_the_hub_is(
    url: str, hosts: list[str], ports: list[int], database: str, user: str
) -> None:
    address = hub_address(url)

    assert address is not None
    assert (list(address.hosts), list(address.ports)) == (hosts, ports)
    assert (address.database, address.user) == (database, user)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://a/t",
        "postgresql://a/t?sslmode=disable",
        "postgresql://x:secret@a/t",
        "postgresql://a:99999/t",
        "postgresql://a:0/t",
        "postgresql://a/",
        "postgresql:///t",
        "postgresql://a/t?host=/run",
        "postgresql://a b/t",
        "host=a dbname=t password=secret",
        "postgresql://" + "a" * 600 + "/t",
    ],
)
def test_a_wrong_address_is_refused_and_its_password_is_not_shown(url: str) -> None:
    with pytest.raises(SettingsError) as error:
        load(FAR | {"url": url})

    assert "[hub] url" in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("hub", "key"),
    [
        (FAR | {"desk": 0}, "desk"),
        (FAR | {"desk": 1000}, "desk"),
        (FAR | {"desk": -1}, "desk"),
        (FAR | {"ca_file": ""}, "ca_file"),
        (FAR | {"ca_file": "authority.pem"}, "ca_file"),
        (FAR | {"password_file": "secret"}, "password_file"),
        (FAR | {"report_password_file": "secret"}, "report_password_file"),
        (FAR | {"url": "postgresql://desk_79888_3@hub.example/t"}, "url"),
        (FAR | {"url": "postgresql://desk_01999_13@hub.example/t"}, "url"),
        (FAR | {"url": "postgresql://postgres@hub.example/t"}, "url"),
        (FAR | {"records": "maybe"}, "records"),
        ({"url": "postgresql://127.0.0.1,hub.example/t", "desk": 1}, "ca_file"),
    ],
)
def test_a_wrong_value_is_refused(hub: dict[str, Any], key: str) -> None:
    with pytest.raises(SettingsError, match=rf"\[hub\] {key}"):
        load(hub)


@pytest.mark.parametrize(
    "hub",
    [
        FAR,
        {"url": "postgresql://127.0.0.1:5433/t", "desk": 1},
        {"url": "postgresql://localhost,[::1]/t", "desk": 1},
        {"url": "postgresql:///t?host=/run/postgresql", "desk": 999},
    ],
)
def test_a_right_section_is_taken(hub: dict[str, Any]) -> None:
    assert load(hub).hub.desk == hub["desk"]


def test_an_account_may_have_an_earlier_code_of_the_facility() -> None:
    codes = [
        {"code": "01777", "valid_until": date(2026, 12, 31)},
        {"code": "01999", "valid_from": date(2027, 1, 1)},
    ]
    url = {"url": "postgresql://desk_01777_3@hub.example/t"}

    assert load(FAR | url, {"code": "01999", "codes": codes}).hub.desk == 3
