"""Small FHIR charts, as EHRs send them."""

from __future__ import annotations

from typing import Any

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ABOUT = {"reference": "Patient/p1"}
Resource = dict[str, Any]


def concept(code: str = "", system: str = LOINC, text: str = "") -> Resource:
    found: Resource = {"text": text} if text else {}
    return found | ({"coding": [{"system": system, "code": code}]} if code else {})


def patient(**more: Any) -> Resource:
    return {"resourceType": "Patient", "id": "p1", "gender": "male", "birthDate": "1979-05-02"} | more


def quantity(value: float, unit: str, **more: Any) -> Resource:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit} | more


def observation(number: str, value: Any = None, at: str = "2019-03-04", **more: Any) -> Resource:
    """An Observation; the value a quantity, or words."""
    found: Resource = {
        "resourceType": "Observation",
        "id": f"o-{number}",
        "status": "final",
        "code": concept(number),
        "subject": ABOUT,
        "effectiveDateTime": at,
    }
    if isinstance(value, str):
        found["valueString"] = value
    elif value is not None:
        found["valueQuantity"] = value
    return found | more


def condition(number: str, system: str = SNOMED, at: str = "2019-03-04", **more: Any) -> Resource:
    return {
        "resourceType": "Condition",
        "id": f"c-{number}",
        "code": concept(number, system),
        "subject": ABOUT,
        "onsetDateTime": at,
        "verificationStatus": concept(
            "confirmed", "http://terminology.hl7.org/CodeSystem/condition-ver-status"
        ),
    } | more


def state(code: str) -> Resource:
    return concept(code, "http://terminology.hl7.org/CodeSystem/condition-clinical")


def verified(code: str) -> Resource:
    return concept(code, "http://terminology.hl7.org/CodeSystem/condition-ver-status")


def order(drug: str, text: str = "", at: str = "2019-03-05", **more: Any) -> Resource:
    """A MedicationRequest for a drug by name, with a dose in words."""
    return {
        "resourceType": "MedicationRequest",
        "id": f"m-{drug}-{at}",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": drug},
        "subject": ABOUT,
        "authoredOn": at,
        "dosageInstruction": [{"text": text}] if text else [],
    } | more


def daily(
    value: float, unit: str, *, frequency: int = 1, period: float = 1, per: str = "d", **repeat: Any
) -> Resource:
    """A structured dosage."""
    timing = {"repeat": {"frequency": frequency, "period": period, "periodUnit": per} | repeat}
    return {"timing": timing, "doseAndRate": [{"doseQuantity": {"value": value, "unit": unit}}]}


def statement(drug: str, status: str = "active", **more: Any) -> Resource:
    """A MedicationStatement for a drug by name."""
    said = {"resourceType": "MedicationStatement", "id": f"s-{drug}-{status}", "status": status}
    about = {"subject": ABOUT, "medicationCodeableConcept": {"text": drug}}
    return {**said, **about, "effectivePeriod": {"start": "2019-03-05"}, **more}


def administered(drug: str, at: str, amount: float, **more: Any) -> Resource:
    """A single dose of so many milligrams."""
    given = statement(drug, "completed") | {"resourceType": "MedicationAdministration", "id": f"a-{at}"}
    del given["effectivePeriod"]
    return {**given, "effectiveDateTime": at, "dosage": {"dose": quantity(amount, "mg")}, **more}


def allergy(words: str = "", **more: Any) -> Resource:
    """An AllergyIntolerance in words, noted before anything else."""
    head = {"resourceType": "AllergyIntolerance", "id": "a", "patient": ABOUT, "recordedDate": "2018-01-01"}
    return {**head, "code": {"text": words}, **more}


def bundle(*resources: Resource, of: Resource | None = None) -> Resource:
    """A Bundle of a patient and resources."""
    entries = [of or patient(), *resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in entries]}
