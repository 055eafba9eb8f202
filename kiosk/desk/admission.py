"""Admission to treatment, and how long a stay is paid on after the card has ended.

1.  When a doctor admits a patient as inpatient, day patient or to outpatient treatment, the
    check-in is sent again under the same MA_LK, with NGAY_VAO_NOI_TRU and the reason (QĐ 130 Điều 3
    khoản 1 as changed by QĐ 4750 Điều 2).
2.  Not for emergencies (code 2) nor for others who are not reported at all (`NOT_REPORTED`).  Where
    only tests are done for another facility nothing is sent either; the desk does not record
    such visits.
3.  NGAY_VAO_NOI_TRU is not before NGAY_VAO.
4.  A card that ends during a stay is paid on for at most 15 days (NĐ 188/2025/NĐ-CP Điều 50
    khoản 4).  We count them from the last valid day; the insurer decides.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from kiosk.errors import KioskError
from kiosk.insurer import NOT_REPORTED
from kiosk.logbook import (
    Admission,
    Corrections,
    NewVisit,
    NoSuchVisit,
    NothingToChange,
    Visit,
    Visits,
)
from verify import Law, clinic_day

# The MA_LOAI_KCB of treatment (QĐ 824/QĐ-BYT): outpatient treatment, inpatient, day patient, long
# outpatient treatment (two), and inpatient for less than four hours.
ADMISSION_CARES = ("02", "03", "04", "05", "08", "09")
INPATIENT = "inpatient"
MAX_LEAD = timedelta(minutes=5)  # of another program's clock before ours
PAID_ON_DAYS = 15


class RefusedBecause(StrEnum):
    """Why an admission is not recorded; the values are part of the HTTP contract."""

    NOT_REPORTED = "not_reported"
    CANCELLED = "cancelled"
    BEFORE_ARRIVAL = "before_arrival"
    IN_THE_FUTURE = "in_the_future"


class AdmissionRefused(KioskError):
    """The admission cannot be recorded; `why` says which rule it breaks."""

    def __init__(self, why: RefusedBecause) -> None:
        super().__init__(f"the admission is not recorded: {why}")
        self.why = why


class Admissions:
    """Records admissions as new versions of visits."""

    def __init__(self, visits: Visits, corrections: Corrections) -> None:
        self._visits = visits
        self._corrections = corrections

    def admit(self, visit_id: str, admission: Admission, now: datetime, author: str) -> bool:
        """Record an admission and send the check-in again; return False if it was recorded before.

        `admission.care` is one of ADMISSION_CARES; its seconds do not count.  Another admission of
        the same visit replaces the earlier one.

        Raises NoSuchVisit, AdmissionRefused, StillSending if the visit is being sent just now, and
        NotRecorded.
        """
        visit = self._visits.by_id(visit_id)
        if visit is None:
            raise NoSuchVisit(visit_id)
        admission = replace(admission, at=admission.at.replace(second=0, microsecond=0))
        _check(visit, admission, now)
        if visit.admission == admission:
            return False
        why = f"vào điều trị, loại KCB {admission.care}"
        try:
            self._corrections.correct(visit_id, {"admission": admission}, why, now, author=author)
        except NothingToChange:  # a second call at the same time, or a cancellation
            found = self._visits.by_id(visit_id)
            if found is not None and found.cancelled_at is not None:
                raise AdmissionRefused(RefusedBecause.CANCELLED) from None
            return False
        return True


def _check(visit: Visit, admission: Admission, now: datetime) -> None:
    if visit.cancelled_at is not None:
        raise AdmissionRefused(RefusedBecause.CANCELLED)
    if visit.secret or visit.arrival.kind in NOT_REPORTED:
        raise AdmissionRefused(RefusedBecause.NOT_REPORTED)
    # The insurer compares minutes.
    if admission.at < visit.arrived_at.replace(second=0, microsecond=0):
        raise AdmissionRefused(RefusedBecause.BEFORE_ARRIVAL)
    if admission.at > now + MAX_LEAD:
        raise AdmissionRefused(RefusedBecause.IN_THE_FUTURE)


def last_paid_day(
    visit: NewVisit, valid_until: date | None, has_next_card: bool, law: Law, now: datetime
) -> date | None:
    """Return the last day that an inpatient's stay is paid if the card ends during it.

    `valid_until` is the card's last day by the insurer's last answer; None: that of the visit.
    None if the patient is no inpatient, the card had ended before the arrival, it does not end
    within PAID_ON_DAYS, or another card follows it.
    """
    ends = valid_until or visit.card.valid_until
    since = visit.admission.at if visit.admission else visit.arrived_at
    is_inpatient = law.care_of(visit.care, clinic_day(since)) == INPATIENT
    if ends is None or has_next_card or not is_inpatient:
        return None
    ended_before = ends < clinic_day(visit.arrived_at)
    if ended_before or ends > clinic_day(now) + timedelta(days=PAID_ON_DAYS):
        return None
    return ends + timedelta(days=PAID_ON_DAYS)
