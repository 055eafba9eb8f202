"""How a patient came, as MA_DOITUONG_KCB (QĐ 3276/QĐ-BYT of 17/10/2025, Appendix 1).

The code is provisional at check-in; the hospital fixes it at the end of the visit.
"""

from __future__ import annotations

EMERGENCY, UNINSURED, SELF_REFERRED = "emergency", "uninsured", "self"

# What is reckoned from the facility's profile comes first; `self` hangs on it altogether.
ARRIVALS = {
    "registered": "1.1",
    "referral": "1.3",
    "temporary_residence": "1.4",
    "reappointment": "1.5",
    "donor": "1.6",
    "newborn": "1.7",
    SELF_REFERRED: "",
    EMERGENCY: "2",
    UNINSURED: "9",
}

# No check-in is sent for an emergency (QĐ 130 Điều 3 khoản 1 as amended by QĐ 4750 Điều 2
# khoản 2), nor of a patient whom the insurance fund does not pay for.
NOT_REPORTED = frozenset({EMERGENCY, UNINSURED})
