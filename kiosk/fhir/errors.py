"""What making FHIR raises.

KioskError
├── FhirMissing    the extra `fhir` is not installed
└── FhirInvalid    what was made is not valid FHIR; nothing of it is given away
"""

from __future__ import annotations

from kiosk.errors import KioskError


class FhirMissing(KioskError):
    """The extra `fhir` is not installed."""


class FhirInvalid(KioskError):
    """What was made is not valid FHIR. The message names elements, and no value of them."""
