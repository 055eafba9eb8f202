"""The texts of settings that keep visits from being sent, for `serve` and `doctor`.

The pages have their own in templates/data/words.html, in both languages.
"""

from __future__ import annotations

from kiosk.insurer import Affected, Need, Obstacle
from kiosk.settings import Settings

SEEN = {
    Need.GATEWAY: "is empty",
    Need.LEVEL: "is empty",
    Need.FORMER_TIER: "is empty",
    Need.LISTED: "is empty, and so is [facility] former_tier",
    Need.CODE: "is empty, and the law's tables have no code for the facility's profile",
    Need.SHORTER_CODE: "is too long",
    Need.SERVICE: "is empty, too long or not printable",
    Need.CARE: "is no MA_LOAI_KCB of today's table",
    Need.STAFF: "or staff_cccd is empty, but a desk in [[desks]] asks about cards",
}
DO = {
    Need.GATEWAY: "Write the address of the gateway, and your account there.",
    Need.LEVEL: 'Write the facility\'s level: "ban_dau", "co_ban" or "chuyen_sau".',
    Need.FORMER_TIER: (
        'Write the facility\'s tier before 2025: "xa", "huyen", "tinh", "trung_uong", or "none".'
    ),
    Need.LISTED: (
        'Write "yes" for a commune health station and the like, "no" for any other facility.'
    ),
    Need.CODE: "Write the MA_DOITUONG_KCB of patients who come without a referral.",
    Need.SHORTER_CODE: 'Write a MA_DOITUONG_KCB of four characters at most, for instance "1.12".',
    Need.SERVICE: "Write the examination as it is in your service catalogue.",
    Need.CARE: 'Write a MA_LOAI_KCB of two digits from ma_loai_kcb.csv, for instance "01".',
    Need.STAFF: "Write the member of staff who is registered at the portal to look up cards.",
}
OTHERWISE = {
    Affected.EVERYTHING: "Until then no visit is sent and no card is asked about.",
    Affected.VISITS: "Until then every visit is parked and not sent.",
    Affected.SELF_ARRIVALS: (
        "Until then every visit of a patient who comes without a referral is parked and not sent,"
        " as missing MA_DOITUONG_KCB."
    ),
    Affected.QUESTIONS: "Until then the insurer answers no question about a card.",
}
BY_SCORE = (Need.LEVEL, Need.FORMER_TIER, Need.CODE)  # the points count too, at basic level


def seen_text(obstacle: Obstacle) -> str:
    """Return which setting it is, and what is wrong with it."""
    return f"{obstacle.setting} {SEEN[obstacle.need]}"


def advice(obstacle: Obstacle, settings: Settings) -> str:
    """Return what to write in place of it, and what happens until then."""
    do, facility = DO[obstacle.need], settings.facility
    if obstacle.need in BY_SCORE and facility.level in ("", "co_ban") and not facility.score:
        do += " [facility] score is 0, for a provisional ranking: write the points if it has any."
    return f"{do} {OTHERWISE[obstacle.affected]}"
