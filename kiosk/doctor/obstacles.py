"""Settings that keep visits from being sent, for `serve` and `doctor`.

The page *Data* has its own texts in templates/data/words.html.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kiosk.doctor.check import BAD, GOOD, Check
from kiosk.doctor.words import Words, plain
from kiosk.doctor.words import words as _
from kiosk.insurer import Affected, Need, Obstacle
from kiosk.settings import Settings

SEEN = {
    Need.GATEWAY: _("is empty"),
    Need.LEVEL: _("is empty"),
    Need.FORMER_TIER: _("is empty"),
    Need.LISTED: _("is empty, and so is [facility] former_tier"),
    Need.CODE: _("is empty, and the law's tables have no code for the facility's profile"),
    Need.SHORTER_CODE: _("is too long"),
    Need.SERVICE: _("is empty, too long or not printable"),
    Need.CARE: _("is no MA_LOAI_KCB of today's table"),
    Need.STAFF: _("or staff_cccd is empty, but a desk in [[desks]] asks about cards"),
}
DO = {
    Need.GATEWAY: _("Write the address of the gateway, and your account there."),
    Need.LEVEL: _('Write the facility\'s level: "ban_dau", "co_ban" or "chuyen_sau".'),
    Need.FORMER_TIER: _(
        'Write the facility\'s tier before 2025: "xa", "huyen", "tinh", "trung_uong", or "none".'
    ),
    Need.LISTED: _(
        'Write "yes" for a commune health station and the like, "no" for any other facility.'
    ),
    Need.CODE: _("Write the MA_DOITUONG_KCB of patients who come without a referral."),
    Need.SHORTER_CODE: _(
        'Write a MA_DOITUONG_KCB of four characters at most, for instance "1.12".'
    ),
    Need.SERVICE: _("Write the examination as it is in your service catalogue."),
    Need.CARE: _('Write a MA_LOAI_KCB of two digits from ma_loai_kcb.csv, for instance "01".'),
    Need.STAFF: _("Write the member of staff who is registered at the portal to look up cards."),
}
OTHERWISE = {
    Affected.EVERYTHING: _("Until then no visit is sent and no card is asked about."),
    Affected.VISITS: _("Until then every visit is parked and not sent."),
    Affected.SELF_ARRIVALS: _(
        "Until then every visit of a patient who comes without a referral is parked and not sent,"
        " as missing MA_DOITUONG_KCB."
    ),
    Affected.QUESTIONS: _("Until then the insurer answers no question about a card."),
}
SCORE_TOO = _("[facility] score is 0, for a provisional ranking: write the points if it has any.")
BY_SCORE = (Need.LEVEL, Need.FORMER_TIER, Need.CODE)  # the points count too, at basic level


def seen_text(obstacle: Obstacle) -> Words:
    """Return which setting it is, and what is wrong with it."""
    return plain(obstacle.setting).then(SEEN[obstacle.need])


def advice(obstacle: Obstacle, settings: Settings) -> Words:
    """Return what to write in place of it, and what happens until then."""
    do, facility = DO[obstacle.need], settings.facility
    if obstacle.need in BY_SCORE and facility.level in ("", "co_ban") and not facility.score:
        do = do.then(SCORE_TOO)
    return do.then(OTHERWISE[obstacle.affected])


def obstacle_checks(settings: Settings, obstacles: Sequence[Obstacle]) -> Iterator[Check]:
    """Check whether visits can be sent; that there is no gateway has a check of its own."""
    found = [obstacle for obstacle in obstacles if obstacle.need is not Need.GATEWAY]
    for obstacle in found:
        yield Check(
            "visits",
            _("visits"),
            BAD,
            seen_text(obstacle),
            advice(obstacle, settings),
            subject=obstacle.setting,
        )
    if not found:
        seen = _("the settings have all that a visit's message needs")
        yield Check("visits", _("visits"), GOOD, seen)
