"""Medications: doses, courses, tapers, single doses, and what several kinds of resources say of one course."""

from __future__ import annotations

from typing import Any

import pytest
from charts import ABOUT, RXNORM, Resource, bundle, concept, daily, order

from nephroline.interop.fhir import FhirRecord, Use, read_fhir


def read(*resources: Resource) -> FhirRecord:
    return read_fhir(bundle(*resources))


def courses(*resources: Resource) -> list[tuple[str, Any, Any, Any]]:
    rows = read(*resources).record.get("exposures", [])
    return [(row["drug"], row.get("dose"), row.get("from"), row.get("to")) for row in rows]


@pytest.mark.parametrize(
    ("resource", "dose"),
    [
        (order("prednisone", "70 mg daily"), "70 mg daily"),
        (order("prednisone", "take 70 mg once daily"), "70 mg once daily"),
        (order("cyclosporine", dosageInstruction=[daily(100, "mg", frequency=2)]), "100 mg 2x/d"),
        (order("tacrolimus", dosageInstruction=[daily(2, "mg", period=12, per="h")]), "2 mg q12h"),
        (order("prednisone", dosageInstruction=[daily(40, "mg", period=2)]), "40 mg every other day"),
        (order("methotrexate", dosageInstruction=[daily(10, "mg", per="wk")]), "10 mg weekly"),
        (order("prednisone 10 MG Oral Tablet", dosageInstruction=[daily(7, "tablet")]), "70 mg daily"),
        (order("prednisone 5 MG Oral Tablet", dosageInstruction=[daily(0.5, "tablet")]), "2.5 mg daily"),
        (order("prednisone", dosageInstruction=[daily(7, "tablet")]), None),
        (order("prednisone", "as directed"), None),
        (order("prednisone", dosageInstruction=[daily(40, "mg") | {"text": "20 mg daily"}]), None),
        (order("prednisone", dosageInstruction=[daily(40, "mg") | {"text": "20 mg bid"}]), "40 mg daily"),
        (order("prednisone", dosageInstruction=[daily(40, "mg") | {"text": "0.5 mg/kg/d"}]), "40 mg daily"),
        (order("prednisone", ".5 mg daily"), None),
        (order("prednisone", "take 4 tablets of 5 mg daily"), None),
        (order("prednisone", "4 x 5 mg daily"), None),
        (order("prednisone", "reduce by 5 mg weekly"), None),
        (order("prednisone", dosageInstruction=[daily(40, "mg", when=["MORN", "EVE"])]), None),
        (order("prednisone", dosageInstruction=[daily(40, "mg", dayOfWeek=["mon", "fri"])]), None),
        (order("prednisone", dosageInstruction=[daily(40, "mg") | {"asNeededBoolean": True}]), None),
        (order("prednisone", dosageInstruction=[daily(40, "mg"), daily(20, "mg")]), None),
        (
            order(
                "prednisone",
                dosageInstruction=[
                    {
                        "timing": {"code": concept("BID", "x")},
                        "doseAndRate": [{"doseQuantity": {"value": 5, "unit": "mg"}}],
                    }
                ],
            ),
            "5 mg bid",
        ),
    ],
)
def test_a_dose_is_read_or_left_open(resource: Resource, dose: str | None) -> None:
    assert courses(resource) == [
        (
            "prednisone" if "prednisone" in resource["id"] else courses(resource)[0][0],
            dose,
            "2019-03-05",
            None,
        )
    ]


@pytest.mark.parametrize(
    "resource",
    [
        order("prednisone", "70 mg daily", intent="proposal"),
        order("prednisone", "70 mg daily", status="cancelled"),
        order("prednisone", "70 mg daily", status="entered-in-error"),
        order("prednisone", "70 mg daily", doNotPerform=True),
        order("", "70 mg daily", medicationCodeableConcept={}),
        order("prednisone", "70 mg daily", authoredOn="soon"),
    ],
)
def test_what_is_no_order_is_not_taken(resource: Resource) -> None:
    found = read(resource)
    assert "exposures" not in found.record
    assert found.reading.counts[Use.USED] == 1


def test_a_later_order_ends_the_one_that_runs_and_bounds_the_one_that_has_ended() -> None:
    next_one = order("prednisone", "40 mg daily", "2019-06-28")
    assert courses(order("prednisone", "70 mg daily"), next_one) == [
        ("prednisone", "70 mg daily", "2019-03-05", "2019-06-28"),
        ("prednisone", "40 mg daily", "2019-06-28", None),
    ]
    ended = courses(order("prednisone", "70 mg daily", status="stopped"), next_one)
    assert ended[0][3] == {"between": ["2019-03-05", "2019-06-28"]}
    assert courses(order("prednisone", "70 mg daily", status="completed"))[0][3] == "unknown"


def test_steps_of_a_taper_follow_each_other() -> None:
    weeks: dict[str, Any] = {"boundsDuration": {"value": 4, "unit": "wk", "code": "wk"}}
    steps = [daily(60, "mg", **weeks) | {"sequence": 1}, daily(40, "mg", **weeks) | {"sequence": 2}]
    assert courses(order("prednisone", dosageInstruction=steps)) == [
        ("prednisone", "60 mg daily", "2019-03-05", "2019-04-02"),
        ("prednisone", "40 mg daily", "2019-04-02", "2019-04-30"),
    ]


def test_the_last_step_of_a_taper_goes_on_and_steps_of_one_place_go_together() -> None:
    weeks: dict[str, Any] = {"boundsDuration": {"value": 4, "unit": "wk", "code": "wk"}}
    steps = [daily(60, "mg", **weeks) | {"sequence": 1}, daily(10, "mg") | {"sequence": 2.0}]
    assert courses(order("prednisone", dosageInstruction=steps)) == [
        ("prednisone", "60 mg daily", "2019-03-05", "2019-04-02"),
        ("prednisone", "10 mg daily", "2019-04-02", None),
    ]
    together = [step | {"sequence": 1} for step in steps]
    assert [row[1] for row in courses(order("prednisone", dosageInstruction=together))] == [None]


def test_what_was_stopped_need_not_have_gone_on_to_its_planned_end() -> None:
    bounds = {"boundsPeriod": {"start": "2019-03-05", "end": "2019-12-31"}}
    stopped = order("prednisone", status="stopped", dosageInstruction=[{"timing": {"repeat": bounds}}])
    assert courses(stopped)[0][3] != "2020-01-01"


def test_an_order_its_statement_and_its_dispense_are_one_course() -> None:
    concept_of = {"medicationCodeableConcept": concept("8640", RXNORM), "subject": ABOUT}
    statement = {
        "resourceType": "MedicationStatement",
        "id": "s",
        "status": "active",
        "effectivePeriod": {"start": "2019-03-05"},
        "dosage": [{"text": "70 mg daily"}],
    } | concept_of
    dispense = {
        "resourceType": "MedicationDispense",
        "id": "d",
        "status": "completed",
        "whenHandedOver": "2019-03-06",
        "daysSupply": {"value": 30, "unit": "d"},
    } | concept_of
    found = read(order("prednisone", "70 mg daily"), statement, dispense)
    assert [row["drug"] for row in found.record["exposures"]] == ["prednisone"]
    assert sum("tells of the same course" in fate.because for fate in found.reading.fates) == 2


def test_administrations_are_single_doses_unless_a_course_covers_them() -> None:
    def given(drug: str, at: str, value: float, unit: str) -> Resource:
        return {
            "resourceType": "MedicationAdministration",
            "id": f"g-{drug}-{at}",
            "status": "completed",
            "medicationCodeableConcept": {"text": drug},
            "subject": ABOUT,
            "effectiveDateTime": at,
            "dosage": {"dose": {"value": value, "unit": unit}},
        }

    found = read(
        order("prednisone", "70 mg daily"),
        given("prednisone", "2019-03-07", 70, "mg"),
        given("rituximab", "2019-04-01", 1000, "mg"),
        given("rituximab", "2019-04-15", 2, "bag"),
    )
    rituximab = [row for row in found.record["exposures"] if row["drug"] == "rituximab"]
    assert rituximab[0]["doses"] == [{"at": "2019-04-01", "amount": "1000 mg"}]
    assert (rituximab[1]["from"], rituximab[1]["to"]) == ("2019-04-15", "2019-04-15")
    assert any(fate.because == "a dose of a course that is told" for fate in found.reading.fates)


@pytest.mark.parametrize(
    "resource",
    [
        order("prednisolone acetate 1% eye drops", "1 drop qid"),
        order("tacrolimus 0.1% ointment", "apply bid"),
        order("budesonide", "2 puffs bid"),
        order("hydrocortisone", "bid", dosageInstruction=[{"route": {"text": "Topical route"}}]),
    ],
)
def test_what_acts_in_one_place_is_no_course(resource: Resource) -> None:
    found = read(resource)
    assert "exposures" not in found.record
    assert any("given to one place" in fate.because for fate in found.reading.fates)


def test_a_drug_that_nobody_knows_is_kept_and_marked() -> None:
    (row,) = read(order("Wonderdrug forte", "1 measure")).record["exposures"]
    assert row["unlisted"] is True
    assert row["printed"] == "1 measure"


@pytest.mark.parametrize(
    ("name", "drugs"),
    [
        ("amlodipine / valsartan 5 MG Oral Tablet", ["amlodipine", "valsartan"]),
        ("acetaminophen 325 MG / hydrocodone 5 MG Oral Tablet", ["paracetamol"]),
        ("10 ML furosemide 10 MG/ML Injection", ["furosemide"]),
    ],
)
def test_each_drug_of_a_product_is_told(name: str, drugs: list[str]) -> None:
    rows = read(order(name, dosageInstruction=[daily(1, "tablet")])).record["exposures"]
    assert [row["drug"] for row in rows] == drugs
    assert all("dose" not in row and "unlisted" not in row for row in rows)


def test_a_medication_is_looked_up_by_its_reference() -> None:
    medication = {"resourceType": "Medication", "id": "med", "code": {"text": "ramipril"}}
    contained = order("x", "5 mg daily", contained=[medication], medicationReference={"reference": "#med"})
    beside = order(
        "y", "5 mg daily", medicationReference={"reference": "Medication/med"}, authoredOn="2020-01-01"
    )
    for resource in (contained, beside):
        del resource["medicationCodeableConcept"]
    assert [row[0] for row in courses(contained, beside, medication)] == ["ramipril", "ramipril"]


def test_what_is_given_as_needed_does_not_end_the_scheduled_course() -> None:
    needed = order(
        "prednisone", at="2019-04-01", dosageInstruction=[daily(5, "mg") | {"asNeededBoolean": True}]
    )
    scheduled = order("prednisone", "70 mg daily")
    assert courses(scheduled, needed) == [("prednisone", "70 mg daily", "2019-03-05", None)]
    assert any("as needed, beside" in fate.because for fate in read(scheduled, needed).reading.fates)
    assert courses(needed) == [("prednisone", None, "2019-04-01", None)]


def test_what_was_stopped_has_ended_whatever_its_bounds_say() -> None:
    bounds = {"boundsPeriod": {"start": "2019-03-05", "end": "2099-12-31"}}
    row = daily(60, "mg")
    row["timing"]["repeat"] |= bounds
    for status in ("stopped", "on-hold"):
        (course,) = courses(order("prednisone", dosageInstruction=[row], status=status))
        assert course[3] == "unknown"


def test_courses_that_began_together_and_have_ended_do_not_run() -> None:
    first, second = (
        order(
            "prednisone", status="completed", dosageInstruction=[daily(60, "mg", boundsPeriod={"end": end})]
        )
        | {"id": f"m{end}"}
        for end in ("2019-03-20", "2019-04-10")
    )
    assert courses(first, second)[0][3] == "2019-04-10"


@pytest.mark.parametrize(
    ("name", "dose"),
    [
        ("Prednisolon 2,5 mg", "5 mg daily"),
        ("Tacrolimus 0,5 mg Kapseln", "1 mg daily"),
        ("Mycophenolate mofetil 1,000 mg tablet", None),
        ("Mycophenolatmofetil 1.000 mg", None),
    ],
)
def test_a_strength_is_read_with_its_comma_or_not_at_all(name: str, dose: str | None) -> None:
    assert courses(order(name, dosageInstruction=[daily(2, "tablet")]))[0][1] == dose


def test_a_word_in_the_instructions_does_not_make_it_local_and_a_form_or_route_does() -> None:
    assert courses(order("prednisolone", "70 mg daily; report any eye problems"))
    ointment = {
        "resourceType": "Medication",
        "id": "x",
        "code": {"text": "tacrolimus"},
        "form": concept(text="Salbe"),
    }
    refers = order("tacrolimus") | {"medicationReference": {"reference": "#x"}, "contained": [ointment]}
    del refers["medicationCodeableConcept"]
    route = {"text": "1 drop bid", "route": concept("54485002", "http://snomed.info/sct")}
    drops = order("ciclosporin", dosageInstruction=[route])
    german = order("Ciclosporin 1 mg/ml Augentropfen", "bid")
    for local in (refers, drops, german):
        assert courses(local) == []


def test_that_no_drug_is_known_is_no_drug() -> None:
    assert courses(order("No known medications")) == []
