"""What happens now, and why: the closed list of outcomes and reasons.

1. Each reason has one outcome.
2. A reason that is not in `OUTCOMES` goes to the desk, so that a new reason is safe before anyone
   has thought about it.
3. No reason refuses a patient.
"""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What happens to the person in front of the desk."""

    ADMITTED = "admitted"
    UNCONFIRMED = "unconfirmed"  # the patient goes in; the card is looked up again later
    DESK = "desk"  # a member of staff decides


class Reason(StrEnum):
    """Why. The values are stored, and other programs read them."""

    IN_FORCE = "in_force"
    NEW_CARD_IN_FORCE = "new_card_in_force"
    VOUCHED = "vouched"

    NOT_YET_KNOWN = "not_yet_known"
    CLOCK_IN_DOUBT = "clock_in_doubt"

    ENDED = "ended"
    NOT_BEGUN = "not_begun"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"
    REPORTED_DOWN = "reported_down"
    NAME_DIFFERS = "name_differs"
    BIRTH_DIFFERS = "birth_differs"
    SEX_DIFFERS = "sex_differs"
    FACILITY_DIFFERS = "facility_differs"
    KEPT_ELSEWHERE = "kept_elsewhere"
    NO_RECORD = "no_record"
    NUMBER_WRONG = "number_wrong"
    CHILD_WITHOUT_CARD = "child_without_card"
    PRINTED_DATES_OVER = "printed_dates_over"
    FORGED = "forged"
    REVOKED = "revoked"
    NOT_LIVE = "not_live"
    SHOWN_BEFORE = "shown_before"
    UNREADABLE = "unreadable"
    TRUNCATED = "truncated"
    TOO_LONG = "too_long"
    BAD_ENCODING = "bad_encoding"
    SELF_CHECK_FAILED = "self_check_failed"
    CHUNKED_CARD = "chunked_card"
    DAMAGED_BY_INPUT_METHOD = "damaged_by_input_method"
    LEADING_ZERO_LOST = "leading_zero_lost"
    NOT_A_BHYT_CARD = "not_a_bhyt_card"
    NO_CARD_SHOWN = "no_card_shown"


class Note(StrEnum):
    """What is shown beside the deciding reason."""

    ISSUER_NOT_KNOWN = "issuer_not_known"
    NEW_CARD_ISSUED = "new_card_issued"
    ENDS_WITHIN_MONTH = "ends_within_month"
    FIVE_YEARS_REACHED = "five_years_reached"
    DATA_OLD = "data_old"
    HOLDER_NOT_GIVEN = "holder_not_given"
    CACHE_UNREADABLE = "cache_unreadable"
    REPAIRED_FROM_INPUT_METHOD = "repaired_from_input_method"
    TYPING_CORRECTED = "typing_corrected"
    SEX_UNLIKE_NUMBER = "sex_unlike_number"
    BIRTH_UNLIKE_NUMBER = "birth_unlike_number"
    JOINED_WITH_ID_CARD = "joined_with_id_card"
    OTHER_CARD_DIFFERS = "other_card_differs"
    ID_CARD_BEFORE = "id_card_before"
    REVOCATION_NOT_KNOWN = "revocation_not_known"
    KEYS_OLD = "keys_old"
    TRUST_OLD = "trust_old"
    ALREADY_HERE_TODAY = "already_here_today"
    HOLDER_IS_A_CHILD = "holder_is_a_child"
    NAME_UNUSUAL = "name_unusual"
    NAME_GARBLED = "name_garbled"
    NAME_WITHOUT_MARKS = "name_without_marks"
    DATE_NOT_READ = "date_not_read"
    INSURER_END_NOT_READ = "insurer_end_not_read"


OUTCOMES = {
    Reason.IN_FORCE: Outcome.ADMITTED,
    Reason.NEW_CARD_IN_FORCE: Outcome.ADMITTED,
    Reason.VOUCHED: Outcome.ADMITTED,
    Reason.NOT_YET_KNOWN: Outcome.UNCONFIRMED,
    Reason.CLOCK_IN_DOUBT: Outcome.UNCONFIRMED,
}


def outcome_of(reason: Reason) -> Outcome:
    """Return what happens for a reason: the desk decides if `OUTCOMES` does not name it."""
    return OUTCOMES.get(reason, Outcome.DESK)
