"""How a patient arrived, as MA_DOITUONG_KCB (QĐ 3276/QĐ-BYT of 17/10/2025, Appendix 1).

The code is provisional at check-in; the hospital fixes it at the end of the visit.
"""

from __future__ import annotations

EMERGENCY, UNINSURED, SELF_REFERRED = "emergency", "uninsured", "self"

# The codes.  A code that is computed from the facility's profile replaces them; that of `self`
# depends on the profile alone.
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
# khoản 2), nor for a patient whom the insurance fund does not pay for.
NOT_REPORTED = frozenset({EMERGENCY, UNINSURED})
