"""A visit as FHIR R4B: Encounter, Coverage and CoverageEligibilityResponse, for other programs.

docs/fhir.md has the table of what becomes what.  The room needs the extra `fhir`, which is imported
with the first visit only.
"""

from kiosk.fhir.bundle import Surroundings, visit_bundle
from kiosk.fhir.errors import FhirInvalid, FhirMissing

__all__ = ["FhirInvalid", "FhirMissing", "Surroundings", "visit_bundle"]
