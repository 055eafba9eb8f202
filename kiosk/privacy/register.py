"""All parts of privacy on one logbook, for the pages, the commands and the nightly job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from kiosk.data import AnswersCache
from kiosk.logbook import Corrections, Database, Visits
from kiosk.privacy.access_reviews import AccessReviews
from kiosk.privacy.breaches import Breaches
from kiosk.privacy.erasure import Erasure
from kiosk.privacy.periods import RetentionKind, retention_periods
from kiosk.privacy.person_data import PersonData
from kiosk.privacy.purge import Purge
from kiosk.privacy.requests import PersonRequests
from kiosk.settings import Settings
from kiosk.staff import Staff
from verify import Law


@dataclass(frozen=True, slots=True)
class PrivacyParts:
    """The parts of privacy."""

    purge: Purge
    persons: PersonData
    erasure: Erasure
    requests: PersonRequests
    breaches: Breaches
    reviews: AccessReviews


def privacy_parts(
    database: Database,
    visits: Visits,
    corrections: Corrections,
    answers: AnswersCache,
    staff: Staff,
    settings: Settings,
    law: Callable[[], Law],
    other_time: Callable[[], datetime | None],
) -> PrivacyParts:
    """Return the parts. `other_time` returns what another clock shows now (aware), or None."""
    periods = retention_periods(settings)
    of_visits = next(each for each in periods if each.kind is RetentionKind.VISITS)
    return PrivacyParts(
        Purge(database, periods, other_time),
        PersonData(database, visits, corrections, answers),
        Erasure(database, answers, of_visits),
        PersonRequests(database, law),
        Breaches(database),
        AccessReviews(database, staff.members, lambda number: staff.factor.is_on(number)),
    )
