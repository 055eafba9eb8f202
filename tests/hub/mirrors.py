"""What other desks recorded, as the lane down would bring it.  Everybody is invented."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from kiosk.hub.others import DeskNews, Others, RoundNews
from kiosk.hub.others_file import MirroredVisit
from tests.cast import NOW
from verify import clinic_day

AN, BINH = "9999900001", "9999900002"
STREAM = "0b8f3c1e-0000-4000-8000-000000000002"
DESK_B = DeskNews(2, "B", NOW, NOW)


def mirrored(
    number: str,
    at: datetime = NOW - timedelta(hours=1),
    *,
    day: date | None = None,
    desk: int = 2,
    version: int = 1,
    is_cancelled: bool = False,
    mark: str = "1",
) -> MirroredVisit:
    """Return a visit of the person with a number at another desk; `mark` ends its id."""
    day = day or clinic_day(at)
    return MirroredVisit(
        id=f"01999-{day:%Y%m%d}-{number}{desk}{mark}",
        day=day,
        version=version,
        desk=desk,
        arrived_at=at,
        room="Phòng 3",
        ticket="B 12",
        is_cancelled=is_cancelled,
        numbers=(number,),
    )


def bring(
    others: Others,
    *visits: MirroredVisit,
    now: datetime = NOW,
    hub_at: datetime | None = None,
    desks: Iterable[DeskNews] = (DESK_B,),
    cursors: Mapping[str, int] | None = None,
    is_whole: bool = False,
) -> None:
    """Bring what one round of the lane fetched; the first one brings the days."""
    others.take(
        RoundNews(
            hub_at=hub_at or now,
            desks=list(desks),
            visits=visits,
            cursors={STREAM: 1} if cursors is None else cursors,
            is_whole=is_whole or others.cursors() is None,
        ),
        now,
    )
