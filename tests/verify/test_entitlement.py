"""What patients are entitled to: whole cases, each with its law."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.runtime.paths import shipped_folder
from verify import (
    ArrivalDetails,
    BadCase,
    Birth,
    Card,
    Coverage,
    FacilityProfile,
    NewCard,
    Standing,
    answer_json,
    entitle,
    read_law,
    situation_from_card,
    situation_from_case,
)
from verify.entitlement.benefit import last_day_of_child_card
from verify.entitlement.referrals import last_day_of_referral
from verify.entitlement.situation import Referral

LAW = read_law(shipped_folder("config") / "tables")
ROWS = (Path(__file__).parent / "entitlement_cases.csv").read_text("utf-8")
CASES = list(csv.DictReader(ROWS.splitlines()))
MORE = {"born": "born", "five": "five_years_since", "annex": "annex", "at": "registered_facility"}
MONEY = {"paid": "copaid_this_year_vnd", "cost": "cost_vnd"}


def case_of(row: dict[str, str]) -> dict[str, Any]:
    level, tier, score, *listed = row["place"].split("/")
    facility: dict[str, Any] = {"code": "01005", "level": level, "former_tier": tier,
                                "score": int(score) or None}  # fmt: skip
    if listed:
        facility["listed"] = True
    case: dict[str, Any] = {"id": row["what"], "visit_date": row["day"], "facility": facility,
                            "arrival": row["arrival"], "care": row["care"],
                            "living_area": row["area"]}  # fmt: skip
    card = row["card"]
    if "+" in card:
        case["object_code"] = card.split("+")
    elif len(card) == 3:
        case["card_number"] = f"{card}019999900021"
    elif card:
        case["object_code"] = card
    for name, value in (pair.split("=") for pair in row["more"].split(";") if pair):
        if name in MORE:
            case[MORE[name]] = value
        elif name in MONEY:
            case[MONEY[name]] = int(value)
        else:
            slip = case.setdefault("slip", {})
            slip["signed_on" if name == "signed" else "for_a_year"] = (
                value if name == "signed" else True
            )
    return case


def answer(case: dict[str, Any]) -> dict[str, Any]:
    return answer_json(entitle(situation_from_case(case, LAW), LAW), case.get("id"))


@pytest.mark.parametrize("row", CASES, ids=lambda row: row["what"])
def test_a_case_gives_the_share_and_the_code_of_its_law(row: dict[str, str]) -> None:
    found = answer(case_of(row))

    share = row["share"] if row["share"] == "unknown" else float(row["share"])
    assert (found["share_percent"], found["ma_doituong_kcb"]) == (share, row["code"] or None)
    assert not row["law"] or any(part in found["law"] for part in row["law"].split("|"))
    for text in (found["sentence_vi"], found["sentence_en"], json.dumps(found["notes"])):
        assert "None" not in text
        assert "{" not in text.replace('{"code', "")


def test_there_are_at_least_120_cases_and_all_differ() -> None:
    assert len({json.dumps(case_of(row) | {"id": 0}) for row in CASES}) == len(CASES) >= 120


PROVINCIAL = {"code": "01005", "level": "co_ban", "score": 60, "former_tier": "tinh"}
BASE = {
    "visit_date": "2026-11-21",
    "object_code": "DN",
    "benefit_digit": 4,
    "facility": PROVINCIAL,
}


def notes(case: dict[str, Any]) -> set[str]:
    return {note["code"] for note in answer(case)["notes"]}


def test_the_sentence_says_what_is_paid_why_and_what_would_change_it() -> None:
    found = answer(BASE)

    assert "BHYT trả 40 %" in found["sentence_vi"]
    assert "người bệnh trả 60 %" in found["sentence_vi"]
    assert "nếu có phiếu chuyển còn hạn" in found["sentence_vi"]
    assert "BHYT trả 80 %" in found["sentence_vi"]
    assert "Insurance pays 40 %" in found["sentence_en"]
    assert found["as_of"] == LAW.issued.isoformat()


def test_the_sentence_gives_amounts_if_the_cost_is_known() -> None:
    found = answer(BASE | {"cost_vnd": 1_234_567})

    assert "khoảng 493.827 đ, người bệnh khoảng 740.740 đ" in found["sentence_vi"]
    assert "about 493,827 đ, the patient about 740,740 đ" in found["sentence_en"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"object_code": "CN", "benefit_digit": 3}, "printed_digit"),
        ({"object_code": "HN", "benefit_digit": 4}, "digit_unlike_code"),
        ({"object_code": "ZZ"}, "code_not_known"),
        ({"benefit_digit": None}, "digit_from_code"),
        ({"benefit_digit": 7}, "old_digit"),
        ({"object_code": "LH"}, "age_not_known"),
        ({"object_code": "QN", "benefit_digit": 5}, "beyond_scope"),
        ({"object_code": None, "benefit_digit": None, "born": "2024"}, "child_without_card"),
        ({"object_code": "TE", "benefit_digit": 1, "born": "2019-01-31"}, "child_card_over"),
        ({"arrival": "registered", "registered_facility": "01999"}, "registered_elsewhere"),
        ({"registered_facility": "01005"}, "registered_here"),
        ({"arrival": "registered"}, "small_visit_ask"),
        ({"arrival": "registered", "five_years_since": "2020-01-01"}, "five_years_ask"),
        ({"five_years_since": "2020-01-01"}, "five_years_not_self"),
        ({}, "if_inpatient"),
        ({}, "diagnosis_annex_2"),
        ({"arrival": "referral", "slip": {"signed_on": "2026-11-22"}}, "slip_not_begun"),
        ({"arrival": "referral", "slip": {"signed_on": "2026-11-20"}}, "slip_until"),
        ({"visit_date": "2025-06-30"}, "codes_began_later"),
    ],
)
def test_a_change_of_the_case_adds_its_note(change: dict[str, Any], code: str) -> None:
    assert code in notes(BASE | change)


@pytest.mark.parametrize(
    ("care", "last_day", "until"),
    [
        ("inpatient", date(2026, 11, 30), "15/12/2026"),
        ("inpatient", date(2026, 11, 21), "06/12/2026"),
        ("inpatient", date(2026, 11, 20), None),  # it has ended: that is the verdict's to say
        ("inpatient", date(2027, 1, 20), "04/02/2027"),
        ("inpatient", date(2027, 1, 21), None),
        ("inpatient", None, None),
        ("outpatient", date(2026, 11, 30), None),
    ],
)
def test_an_inpatient_whose_card_may_end_during_the_stay_is_paid_for_15_more_days(
    care: str, last_day: date | None, until: str | None
) -> None:
    """NĐ 188/2025 Đ50 k4."""
    situation = situation_from_case(BASE | {"care": care}, LAW)
    found = entitle(replace(situation, card_until=last_day), LAW)
    notes = [note.vi for note in found.notes if note.code == "card_ends_in_stay"]

    assert [until in note for note in notes if until] == ([True] if until else [])
    assert bool(notes) == bool(until)


def test_the_last_day_of_a_stay_is_that_of_the_card_that_counts() -> None:
    day, until = date(2026, 11, 21), date(2026, 11, 30)
    card = Card("DN4019999900021", valid_until=until)
    here = FacilityProfile("01999", "co_ban", 45, "none")
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    stated = Coverage("DN4019999900021", Standing.IN_FORCE, "000", moment)
    renewed = stated._replace(valid_until=date(2026, 12, 31))
    new_card = NewCard("DN4019999900029", date(2026, 1, 1), date(2027, 6, 30))
    replaced = stated._replace(new_card=new_card)

    def last_day(coverage: Coverage | None) -> date | None:
        return situation_from_card(card, coverage, day, here, ArrivalDetails()).card_until

    assert last_day(None) == last_day(stated) == until
    assert last_day(renewed) == date(2026, 12, 31)
    assert last_day(replaced) == date(2027, 6, 30)
    assert last_day(stated._replace(end_not_read=True)) is None


SEVENTY = {"code": "01005", "level": "co_ban", "score": 70, "former_tier": "none"}


def test_at_exactly_70_points_both_readings_are_shown_and_none_is_used() -> None:
    """NĐ 188/2025 Đ19 as read in a scan: 50 to below 70; QĐ 3276 code 1.13: 50 to 70."""
    found = answer(BASE | {"facility": SEVENTY})
    by_code = {note["code"]: note for note in found["notes"]}

    assert (found["share_percent"], found["ma_doituong_kcb"]) == ("unknown", None)
    question = by_code["exactly_70"]
    assert "50 % of the benefit, which is 40 % of the costs" in question["en"]
    assert "no rule is known for 70 points" in question["en"]
    assert "QĐ 3276" in question["vi"]
    assert "NĐ 188/2025 Đ19" in question["vi"]
    assert {"low_confidence", "if_inpatient", "diagnosis_annex_2"} <= by_code.keys()
    without_card = BASE | {"facility": SEVENTY, "object_code": None, "benefit_digit": None}
    assert "which is ? % of the costs" in json.dumps(answer(without_card)["notes"])


def test_at_exactly_70_points_formerly_provincial_the_code_is_open() -> None:
    found = answer(BASE | {"facility": SEVENTY | {"former_tier": "tinh"}})

    assert (found["share_percent"], found["ma_doituong_kcb"]) == (40, None)
    assert "exactly_70_code" in {note["code"] for note in found["notes"]}
    assert "1.13" in json.dumps(found["notes"])
    assert "1.14" in json.dumps(found["notes"])


@pytest.mark.parametrize("score", [69, 71])
def test_beside_70_points_there_is_no_question_about_70(score: int) -> None:
    for tier in ("none", "tinh", "huyen"):
        case = BASE | {"facility": SEVENTY | {"score": score, "former_tier": tier}}
        assert not notes(case) & {"exactly_70", "exactly_70_code"}


def test_a_copayment_before_a_change_of_the_salary_may_already_be_enough() -> None:
    """CV 302/CSYT-CĐ §2.5: what was paid before counts in months of the old salary."""
    case = BASE | {"arrival": "registered", "five_years_since": "2020-01-01"}

    assert "five_years_change" in notes(case | {"copaid_this_year_vnd": 14_500_000})
    assert "five_years_change" not in notes(case | {"copaid_this_year_vnd": 14_040_000})
    in_2025 = {"visit_date": "2025-11-21", "copaid_this_year_vnd": 14_040_000}
    assert "five_years_change" not in notes(case | in_2025)


@pytest.mark.parametrize(
    ("facility", "care", "area", "other"),
    [
        ({"level": "co_ban", "former_tier": "huyen", "score": 60}, "outpatient", "", "50 %"),
        ({"level": "chuyen_sau", "former_tier": "trung_uong", "score": 90}, "inpatient", "K1",
         "40 %"),
    ],
)  # fmt: skip
def test_an_open_question_is_shown_with_both_readings(
    facility: dict[str, Any], care: str, area: str, other: str
) -> None:
    case = BASE | {"facility": facility | {"code": "01005"}, "care": care, "living_area": area}
    [question] = [note for note in answer(case)["notes"] if "hai cách hiểu" in note["vi"]]

    assert all(part in question["vi"] for part in ("100 %", other, "hỏi BHXH"))


def test_a_missing_facility_profile_is_reported_with_what_to_do() -> None:
    found = answer(BASE | {"facility": {"code": "01005"}})

    assert found["share_percent"] == found["routing_percent"] == "unknown"
    assert found["benefit_percent"] == 80
    assert "[facility]" in found["sentence_vi"]
    assert answer(BASE | {"facility": {"code": "01005"}, "arrival": "emergency"})["rule"] == "N16"


def test_a_facility_in_the_table_needs_no_profile_in_the_case() -> None:
    assert answer(BASE | {"facility": {"code": "01998"}})["ma_doituong_kcb"] == "1.18"


@pytest.mark.parametrize(
    ("born", "last"),
    [
        ("2020-03-10", "2026-09-30"),  # 72 months before school begins: to 30 September
        ("2020-09-30", "2026-09-30"),
        ("2020-10-01", "2026-09-30"),
        ("2020-11-21", "2026-11-20"),
        ("2020-12", "2026-12-30"),
        ("2020-02-29", "2026-09-30"),
    ],
)
def test_a_child_s_card_ends_on_the_day_that_the_law_says(born: str, last: str) -> None:
    """NĐ 146/2018 Điều 13 khoản 2."""
    assert last_day_of_child_card(Birth.from_iso(born)) == date.fromisoformat(last)


def test_a_referral_is_valid_for_ten_working_days_or_a_year() -> None:
    signed = date(2026, 8, 20)  # Thursday; a swapped Saturday, a day off for it, and two holidays
    assert last_day_of_referral(Referral(signed), LAW) == date(2026, 9, 7)
    assert last_day_of_referral(Referral(date(2026, 11, 6)), LAW) == date(2026, 11, 20)
    assert last_day_of_referral(Referral(date(2024, 2, 29), for_a_year=True), LAW) == date(
        2025, 2, 28
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"visit_date": "yesterday"}, "visit_date is 'yesterday'; expected a day"),
        ({"visit_date": None}, "visit_date is 'None'"),
        ({"arrival": "by bus"}, "arrival is 'by bus'; expected one of registered"),
        ({"care": "spa"}, "care is 'spa'"),
        ({"living_area": "K4"}, "living_area is 'K4'"),
        ({"facility": "here"}, "facility is 'here'"),
        ({"facility": {"level": "basic"}}, "level is 'basic'; expected one of ban_dau"),
        ({"facility": {"level": "co_ban", "score": 101}}, "facility.score is '101'"),
        ({"facility": {"level": "co_ban", "score": True}}, "facility.score is 'True'"),
        ({"facility": {"level": "co_ban", "listed": "ja"}}, "facility.listed is 'ja'"),
        ({"object_code": "dn"}, "object_code is 'dn'"),
        ({"object_code": 4}, "object_code is '4'"),
        ({"benefit_digit": "x"}, "benefit_digit is 'x'"),
        ({"copaid_this_year_vnd": -1}, "copaid_this_year_vnd is '-1'"),
        ({"cost_vnd": "much"}, "cost_vnd is 'much'"),
        ({"born": "1.2.1980"}, "born is 'another text'"),
        ({"card_number": "DN4"}, "card_number is '3 characters'"),
        ({"slip": "yes"}, "slip is 'yes'"),
        ({"slip": {}}, "slip.signed_on is 'None'"),
        ({"slip": {"signed_on": "9999-12-20"}}, "expected a day of 1900 to 2199"),
        ({"slip": {"signed_on": "2026-11-20", "for_a_year": "true"}}, "slip.for_a_year is 'true'"),
        ({"visit_date": "9999-12-31"}, "expected a day of 1900 to 2199"),
        ({"born": "2027"}, "born is 'after the visit'"),
    ],
)
def test_a_case_that_cannot_be_right_is_refused_with_the_reason(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadCase, match=message.replace("(", r"\(")):
        situation_from_case(BASE | change, LAW)


def test_the_half_tier_begins_on_its_day_and_not_before() -> None:
    before, on = date(2026, 6, 30), date(2026, 7, 1)
    shares = [answer(BASE | {"visit_date": day.isoformat()})["share_percent"]
              for day in (before, on, on + timedelta(days=142))]  # fmt: skip
    assert shares == [0, 40, 40]


@pytest.mark.parametrize("born", ["2026", "2026-11", "2026-11-21"])
def test_a_child_born_this_year_gets_a_child_s_benefit(born: str) -> None:
    child = BASE | {"object_code": "TE", "benefit_digit": 1, "born": born, "arrival": "referral"}
    assert answer(child)["share_percent"] == 100
    assert answer(BASE | {"object_code": "LH", "born": born})["benefit_percent"] == 80


def test_an_expired_child_s_card_gives_no_share() -> None:
    found = answer(BASE | {"object_code": "TE", "benefit_digit": 1, "born": "2015-02-01",
                           "arrival": "registered"})  # fmt: skip

    assert found["share_percent"] == "unknown"
    assert {note["code"] for note in found["notes"]} >= {"child_card_over"}


def test_each_of_several_groups_counts_with_its_own_digit() -> None:
    for codes in (["DN", "HN"], ["QN", "DN"], ["HN", "ZZ"]):
        case = BASE | {"object_code": codes, "arrival": "registered"}
        assert answer(case)["share_percent"] == 100, codes


def test_a_year_of_birth_that_leaves_the_age_open_gives_the_lower_benefit() -> None:
    case = BASE | {"object_code": "LH", "benefit_digit": 4, "arrival": "registered"}

    assert answer(case | {"born": "1951"})["share_percent"] == 80
    assert "age_not_known" in notes(case | {"born": "1951"})
    assert "age_not_known" not in notes(case | {"born": "1950"})
    assert answer(case | {"born": "1950"})["share_percent"] == 100


def test_what_a_referral_would_change_includes_the_exemptions() -> None:
    rich = {"five_years_since": "2020-01-01", "copaid_this_year_vnd": 20_000_000}
    for more in (rich, {"cost_vnd": 100_000}):
        found = answer(BASE | more)
        assert found["share_percent"] == 40
        assert "thì BHYT trả 100 %" in found["sentence_vi"]


def test_an_exempted_answer_names_the_exemption_and_its_law() -> None:
    found = answer(BASE | {"arrival": "registered", "cost_vnd": 100_000})

    assert "chi phí cả lần khám dưới mức quy định" in found["sentence_vi"]
    assert "NĐ 188/2025 Đ18" in found["law"]


def test_an_unknown_share_comes_with_what_a_referral_would_give() -> None:
    new = {"code": "01005", "level": "chuyen_sau", "score": 80, "former_tier": "none"}
    found = answer(BASE | {"facility": new, "five_years_since": "2020-01-01"})

    assert "Chưa xác định được" in found["sentence_vi"]
    assert "nếu có phiếu chuyển còn hạn" in found["sentence_vi"]
    assert "hỏi giám định viên" in found["sentence_vi"]
    assert "five_years_not_self" not in {note["code"] for note in found["notes"]}


def test_an_expired_referral_to_the_registered_facility_is_in_order() -> None:
    slip = {"signed_on": "2026-01-05"}
    case = BASE | {"arrival": "referral", "slip": slip, "registered_facility": "01005"}

    assert answer(case)["rule"] == "N02"
    assert {"slip_lapsed", "registered_here"} <= notes(case)


def test_a_referral_beyond_the_known_holidays_says_so() -> None:
    case = BASE | {"arrival": "referral", "visit_date": "2026-12-29",
                   "slip": {"signed_on": "2026-12-28"}}  # fmt: skip

    assert "slip_holidays" in notes(case)


@pytest.mark.parametrize(
    "case",
    [
        BASE | {"object_code": "DN4019999900021"},
        BASE | {"benefit_digit": "DN4019999900021"},
        BASE | {"facility": "DN4019999900021"},
        BASE | {"born": "DN4019999900021"},
        "DN4019999900021",
        [BASE | {"card_number": "DN4019999900021"}],
    ],
)
def test_an_error_does_not_repeat_a_number_in_the_wrong_place(case: Any) -> None:
    with pytest.raises(BadCase) as raised:
        situation_from_case(case, LAW)
    assert "99999" not in str(raised.value)
