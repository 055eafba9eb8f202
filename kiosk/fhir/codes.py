"""The code systems and codes that are used: those of HL7 only, each with the place that defines it.

Vietnam has drafts of its own (the Ministry's `fhir.ehealth.gov.vn` and `fhir.hl7.org.vn` of HL7's
community), which contradict each other, and nobody has put one of them in force.  So numbers have a
type and no system, and Vietnamese codes (MA_LOAI_KCB) have no system either.
"""

from __future__ import annotations

from kiosk.logbook import Visit
from verify import NumberKind, Reason, Sex

ACT_CODE = (
    "http://terminology.hl7.org/CodeSystem/v3-ActCode"  # class of an Encounter, Coverage.type
)
ID_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203"  # Identifier.type
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"  # hl7.org/fhir/R4B
BIRTH_TIME = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"  # hl7.org/fhir/R4B

# hl7.org/fhir/R4B/valueset-administrative-gender
GENDERS = {Sex.MALE: "male", Sex.FEMALE: "female"}

# terminology.hl7.org v2-0203: national identifier, passport, social security, health card.
CITIZEN, PASSPORT, SOCIAL_INSURANCE, HEALTH_CARD = "NI", "PPN", "SS", "HC"
VISIT_NUMBER, FACILITY = "VN", "FI"
NUMBER_TYPES = {
    NumberKind.PERSONAL: (CITIZEN, "official"),
    NumberKind.CANCELLED_PERSONAL: (CITIZEN, "old"),
    NumberKind.OLD_ID: (CITIZEN, "old"),
    NumberKind.PASSPORT: (PASSPORT, "official"),
    NumberKind.INSURANCE: (SOCIAL_INSURANCE, "official"),
    NumberKind.CARD: (HEALTH_CARD, "official"),
}
# Kinds without a code of HL7.
NUMBER_NAMES = {
    NumberKind.ORIGIN_CERTIFICATE: "Giấy chứng nhận căn cước",
    NumberKind.FOREIGNER_IDENTITY: "Số định danh người nước ngoài",
}

# v3-ActCode, ActEncounterCode.
AMBULATORY, EMERGENCY, INPATIENT = "AMB", "EMER", "IMP"
FIELD, HOME, VIRTUAL = "FLD", "HH", "VR"
CLASSES_OF_CARE = {"11": FIELD, "12": HOME, "14": VIRTUAL}  # of MA_LOAI_KCB (QĐ 1804/QĐ-BYT)
PUBLIC_POLICY = "PUBLICPOL"  # v3-ActCode: a policy of a public health system

# Whether the coverage was in force; what is in neither is not known well enough to say.
IN_FORCE = frozenset({Reason.IN_FORCE, Reason.NEW_CARD_IN_FORCE, Reason.VOUCHED})
NOT_IN_FORCE = frozenset({Reason.ENDED, Reason.NOT_BEGUN, Reason.WITHDRAWN, Reason.REVOKED})


def class_of(visit: Visit, care: str | None) -> str | None:
    """Return the class of an Encounter; None if it is not known.

    `care` is `inpatient` or `outpatient`; None if the law's tables do not have the code of care.
    """
    if care == "inpatient":
        return INPATIENT
    if visit.arrival.kind == "emergency" and visit.admission is None:
        return EMERGENCY
    return None if care is None else CLASSES_OF_CARE.get(visit.care, AMBULATORY)


def is_in_force(reason: Reason) -> bool | None:
    """Return whether the coverage was in force by a verdict; None if that is not certain."""
    if reason in IN_FORCE:
        return True
    return False if reason in NOT_IN_FORCE else None
