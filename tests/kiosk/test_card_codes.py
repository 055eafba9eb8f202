"""What each code of the gateway says about a card."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.insurer.card_codes import CARD_CODES, AskAgain
from kiosk.insurer.errors import InsurerUnreachable, NotSignedIn
from tests.cast import BHYT15, NOW, TODAY, Clock
from tests.kiosk.stub_gateway import answering, card_of, gateway_to, token_then
from verify import CoverageRecord, Knowledge, Outcome, Reason, judge

PAGE = Path(__file__).parents[2] / "docs" / "codes.md"
OLD = {"gtTheTu": "01/01/2025", "gtTheDen": f"{TODAY + timedelta(days=300):%d/%m/%Y}"}
NEW_NUMBER = "HT3019999900099"


def reason_on(code: str, clock: Clock, **fields: str) -> Reason:
    """Return the reason that a plain card gets on an answer with this code, over HTTP."""
    with answering(token_then({"maKetQua": code, **OLD, **fields})) as url:
        coverage = gateway_to(url, clock).look_up(card_of("an"))
    return judge(
        BHYT15.encode(), NOW, Knowledge(recall=lambda _card: CoverageRecord(coverage))
    ).reason


def test_the_table_has_all_codes_of_the_document() -> None:
    official = {code for code, means in CARD_CODES.items() if means.official}

    assert len(official) == 26
    assert set(CARD_CODES) - official == {"003.1", "080", "090", "402", "403", "500"}


@pytest.mark.parametrize("code", [c for c, means in CARD_CODES.items() if means.standing])
def test_a_code_with_a_standing_leads_to_its_reason(code: str, clock: Clock) -> None:
    means = CARD_CODES[code]

    assert reason_on(code, clock) is means.reason
    begun = {
        "maTheMoi": NEW_NUMBER,
        "gtTheTuMoi": f"{TODAY:%d/%m/%Y}",
        "gtTheDenMoi": "31/12/2027",
    }
    assert reason_on(code, clock, **begun) is (
        means.replaced or (Reason.NEW_CARD_IN_FORCE if code == "000" else means.reason)
    )


@pytest.mark.parametrize("code", ["003", "004"])
@pytest.mark.parametrize(
    "new",
    [
        {"maTheMoi": NEW_NUMBER, "gtTheTuMoi": f"{TODAY + timedelta(days=1):%d/%m/%Y}"},
        {"maTheMoi": NEW_NUMBER},  # no first day: not valid yet
        {"maTheMoi": "DN4019999900001", "gtTheTuMoi": "01/01/2025"},  # the same number: no new card
        {"maTheMoi": NEW_NUMBER, "gtTheTuMoi": "01/01/2025", "gtTheDenMoi": "31/12/2025"},
    ],
    ids=["later", "no first day", "the same", "over"],
)
def test_a_new_card_counts_only_from_its_first_day(
    code: str, new: dict[str, str], clock: Clock
) -> None:
    assert reason_on(code, clock, **new) is CARD_CODES[code].reason


@pytest.mark.parametrize("code", [c for c, m in CARD_CODES.items() if not m.standing] + ["999"])
def test_a_code_that_says_nothing_about_the_card_leaves_it_unconfirmed(
    code: str, clock: Clock
) -> None:
    again = CARD_CODES[code].ask_again if code in CARD_CODES else AskAgain.LATER
    account_rules = (AskAgain.AFTER_ACCOUNT_FIX, AskAgain.AFTER_SIGN_IN)
    expected = NotSignedIn if again in account_rules else InsurerUnreachable

    with answering(token_then({"maKetQua": code})) as url, pytest.raises(expected):
        gateway_to(url, clock).look_up(card_of("an"))
    assert judge(BHYT15.encode(), NOW, Knowledge()).outcome is Outcome.UNCONFIRMED


def test_the_page_in_docs_shows_every_code_of_the_table() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| (.*?) \|$", PAGE.read_text("utf-8"), re.M)
    shown = {code: [cell.strip(" `") for cell in cells.split("|")] for code, cells in rows}

    assert set(shown) == set(CARD_CODES)
    for code, means in CARD_CODES.items():
        _, standing, outcome, reason, again = shown[code]
        assert standing == (means.standing.value if means.standing else "—"), code
        assert (outcome, reason) == (means.outcome.value, means.reason.value), code
        assert again == means.ask_again.value, code
