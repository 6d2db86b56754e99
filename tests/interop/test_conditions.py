"""Conditions, reports, procedures and allergies."""

from __future__ import annotations

from typing import Any

import pytest
from charts import (
    ABOUT,
    SNOMED,
    Resource,
    allergy,
    bundle,
    concept,
    condition,
    observation,
    quantity,
    state,
    verified,
)

from nephroline.interop.fhir import read_fhir

CM = "http://hl7.org/fhir/sid/icd-10-cm"
DIABETES, FSGS, MCD, BIOPSY = "44054006", "236403004", "44785005", "7246002"


def read(*resources: Resource) -> tuple[dict[str, Any], str]:
    found = read_fhir(bundle(*resources))
    return found.record, "; ".join(fate.because for fate in found.reading.fates)


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (condition(DIABETES), [("2019-03-04", True)]),
        (condition(DIABETES, verificationStatus=verified("refuted")), [("2019-03-04", False)]),
        (condition(DIABETES, verificationStatus=verified("provisional")), [("2019-03-04", "unknown")]),
        (condition(DIABETES, verificationStatus=verified("entered-in-error")), []),
        (
            condition(DIABETES, clinicalStatus=state("resolved"), abatementDateTime="2020-01-01"),
            [("2019-03-04", True), ("2020-01-01", False)],
        ),
        (
            condition(DIABETES, clinicalStatus=state("inactive"), recordedDate="2019-06-01"),
            [("2019-03-04", True), ("2019-06-01", "unknown")],
        ),
        (condition(DIABETES, clinicalStatus=state("resolved")), [("2019-03-04", "unknown")]),
        (condition("E11.9", CM), [("2019-03-04", True)]),
        (condition("", code={"text": "Diabetes mellitus"}), [("2019-03-04", True)]),
        (condition("", code={"text": "Pre-diabetes"}), []),
        (condition("60001007"), [("2019-03-04", False)]),
    ],
)
def test_whether_a_condition_is_there(resource: Resource, expected: list[tuple[str, bool | str]]) -> None:
    record, _ = read(resource)
    found = [(row["at"], row.get("present", True)) for row in record.get("conditions", [])]
    assert found == expected


GERMAN = "http://fhir.de/StructureDefinition/icd-10-gm-diagnosesicherheit"


def german(sure: str) -> Resource:
    found = condition("E11.90", "http://fhir.de/CodeSystem/bfarm/icd-10-gm", verificationStatus={})
    found["code"]["coding"][0]["extension"] = [{"url": GERMAN, "valueCoding": {"code": sure}}]
    return found


@pytest.mark.parametrize(
    ("resource", "present"),
    [
        (german("A"), False),
        (german("V"), "unknown"),
        (german("G"), True),
        (condition(DIABETES, verificationStatus={"text": "Refuted"}), False),
        (condition(DIABETES, verificationStatus="refuted"), False),
        (
            condition(
                DIABETES,
                verificationStatus={"coding": [{"system": "urn:local", "code": "4"}, {"code": "refuted"}]},
            ),
            False,
        ),
        (condition(DIABETES, verificationStatus={"text": "4711"}), None),
    ],
)
def test_how_sure_a_condition_is_is_read_in_every_form_or_not_taken(resource: Resource, present: Any) -> None:
    record, _ = read(resource)
    assert [row.get("present", True) for row in record.get("conditions", [])] == (
        [] if present is None else [present]
    )


def test_words_that_doubt_a_diagnosis_make_none() -> None:
    for said in ("V.a. FSGS, bisher nicht gesichert", "FSGS excluded by biopsy"):
        doubted = condition("N04.1", "http://hl7.org/fhir/sid/icd-10")
        doubted["code"]["text"] = said
        assert "biopsies" not in read(doubted)[0]


def biopsied(at: str = "2019-03-04", **more: Any) -> Resource:
    code = {"code": concept(BIOPSY, SNOMED), "subject": ABOUT, "performedDateTime": at}
    return {"resourceType": "Procedure", "id": "bx", "status": "completed"} | code | more


def test_a_diagnosis_of_the_problem_list_is_that_of_the_biopsy_before_it() -> None:
    record, _ = read(biopsied(), condition(FSGS, at="2019-03-10"))
    assert [(row["at"], row["diagnosis"]) for row in record["biopsies"]] == [("2019-03-04", "fsgs")]
    assert "note" not in record["biopsies"][0]


def test_a_diagnosis_without_a_biopsy_says_so() -> None:
    record, _ = read(condition(FSGS))
    assert record["biopsies"][0]["diagnosis"] == "fsgs"
    assert "names no biopsy" in record["biopsies"][0]["note"]


def test_two_diagnoses_of_one_day_are_not_both_taken() -> None:
    record, why = read(condition(FSGS), condition("N04.0", "http://hl7.org/fhir/sid/icd-10"))
    assert len(record["biopsies"]) == 1
    assert "says" in why


def test_a_code_of_several_lesions_is_taken_only_with_its_words() -> None:
    icd = "http://hl7.org/fhir/sid/icd-10"
    record, why = read(condition("N04.1", icd))
    assert "biopsies" not in record
    assert "holds other lesions too" in why
    named = condition("N04.1", icd)
    named["code"]["text"] = "Focal segmental glomerulosclerosis"
    record, _ = read(named)
    assert record["biopsies"][0]["diagnosis"] == "fsgs"


def test_the_conclusion_of_a_report_is_the_diagnosis() -> None:
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "code": {"text": "Kidney biopsy report"},
        "subject": ABOUT,
        "effectiveDateTime": "2019-03-05",
        "conclusionCode": [concept(FSGS, SNOMED)],
    }
    record, _ = read(report)
    assert record["biopsies"] == [{"at": "2019-03-05", "diagnosis": "fsgs"}]


def test_an_allergy_to_a_drug_is_a_reaction() -> None:
    allergy = {
        "resourceType": "AllergyIntolerance",
        "id": "a",
        "code": {"text": "mycophenolate mofetil"},
        "patient": ABOUT,
        "recordedDate": "2018-01-01",
        "reaction": [{"manifestation": [{"text": "rash"}]}],
    }
    record, _ = read(allergy, condition(DIABETES))
    assert record["reactions"][0]["drug"] == "mycophenolate-mofetil"
    assert record["reactions"][0]["what"] == "rash"
    record, _ = read(allergy | {"code": {"text": "No known allergy to cyclosporine"}}, condition(DIABETES))
    assert "reactions" not in record
    record, why = read(allergy | {"verificationStatus": verified("refuted")}, condition(DIABETES))
    assert "reactions" not in record
    assert "refuted" in why


def test_what_a_list_says_without_a_date_is_of_some_time_up_to_the_last_date() -> None:
    allergy = {
        "resourceType": "AllergyIntolerance",
        "id": "a",
        "patient": ABOUT,
        "reaction": [{"substance": {"text": "cyclosporine"}, "manifestation": [{"text": "rash"}]}],
    }
    listed = condition(DIABETES)
    del listed["onsetDateTime"]
    record, _ = read(allergy, listed, observation("2160-0", quantity(1, "mg/dL"), "2019-06-01"))
    until = {"between": ["1979-05-02", "2019-06-01"]}
    assert record["reactions"] == [
        {"drug": "cyclosporine", "at": until, "what": "rash", "printed": "cyclosporine"}
    ]
    assert [(row["name"], row["at"]) for row in record["conditions"]] == [("diabetes", until)]
    record, why = read(allergy, listed)
    assert "reactions" not in record
    assert "nothing in the chart has a date" in why
    record, why = read(listed | {"clinicalStatus": state("resolved")}, condition("38341003"))
    assert [row["name"] for row in record["conditions"]] == ["hypertension"]
    assert "no date" in why


@pytest.mark.parametrize(
    ("more", "present"),
    [
        ({"abatementDateTime": "2019-03-04T15:00:00Z"}, ["unknown"]),
        ({"abatementDateTime": "2019-05-01"}, [True, False]),
        (
            {"abatementDateTime": "2019-05-01", "category": [concept("encounter-diagnosis")]},
            [True, "unknown"],
        ),
        ({"abatementDateTime": "2019-05-01", "category": [concept("problem-list-item")]}, [True, False]),
    ],
)
def test_what_ends_with_a_visit_need_not_have_gone(more: Resource, present: list[Any]) -> None:
    record, _ = read(condition(DIABETES, **more))
    assert [row.get("present", True) for row in record["conditions"]] == present


def test_the_state_after_a_disease_is_not_that_it_is_there() -> None:
    german = {"url": GERMAN, "valueCoding": {"code": "Z"}}
    after = condition(DIABETES, recordedDate="2019-05-01")
    after["code"]["coding"][0]["extension"] = [german]
    record, _ = read(after)
    assert [row.get("present", True) for row in record["conditions"]] == [True, "unknown"]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("A41.9", "sepsis"),
        ("J18.9", "pneumonia"),
        ("C50.911", "cancer"),
        ("I26.09", "thrombosis"),
        ("E11.40", "diabetes"),
    ],
)
def test_what_is_in_a_category_is_of_its_kind(code: str, name: str) -> None:
    record, _ = read(condition(code, CM))
    assert record["conditions"][0]["name"] == name


@pytest.mark.parametrize(
    ("words", "present"), [("Family history: diabetes mellitus", []), ("History of diabetes", ["unknown"])]
)
def test_what_was_in_the_family_or_in_the_past_is_not_there_now(words: str, present: list[str]) -> None:
    said = condition(DIABETES)
    said["code"]["text"] = words
    record, _ = read(said)
    assert [row.get("present", True) for row in record.get("conditions", [])] == present


def test_a_modifier_that_nobody_knows_makes_nothing_of_a_resource() -> None:
    record, why = read(condition(DIABETES, modifierExtension=[{"url": "urn:x", "valueBoolean": True}]))
    assert "conditions" not in record
    assert "modifier extension" in why


def test_only_tissue_makes_a_diagnosis_and_only_one() -> None:
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "code": {"text": "Antibodies to PLA2R"},
        "subject": ABOUT,
        "effectiveDateTime": "2019-03-05",
        "conclusionCode": [concept("77182004", SNOMED)],
    }
    record, why = read(report)
    assert "biopsies" not in record
    assert "nothing says that tissue was looked at" in why
    both = report | {
        "code": {"text": "Histology"},
        "conclusionCode": [concept(FSGS, SNOMED), concept(MCD, SNOMED)],
    }
    record, why = read(both)
    assert "biopsies" not in record
    assert "several diagnoses" in why


def test_a_diagnosis_of_years_later_is_not_that_of_an_old_biopsy() -> None:
    done = {"resourceType": "Procedure", "id": "b", "status": "completed", "code": concept(BIOPSY, SNOMED)}
    record, _ = read(done | {"subject": ABOUT, "performedDateTime": "2005-01-01"}, condition(FSGS))
    assert [(row["at"], row.get("diagnosis")) for row in record["biopsies"]] == [
        ("2005-01-01", None),
        ("2019-03-04", "fsgs"),
    ]


def test_a_transplant_that_was_done_is_a_finding() -> None:
    done = {
        "resourceType": "Procedure",
        "id": "b",
        "status": "completed",
        "code": concept("70536003", SNOMED),
    }
    record, _ = read(done | {"subject": ABOUT, "performedDateTime": "2005-01-01"}, condition(DIABETES))
    assert record["findings"]["kidney_transplant"]["value"] is True


@pytest.mark.parametrize(
    "words",
    ["Prediabetes", "Pre-diabetes", "Gestational diabetes", "Diabetes insipidus", "Borderline diabetes"],
)
def test_words_that_name_another_disease_than_their_code(words: str) -> None:
    named = condition(DIABETES)
    named["code"]["text"] = words
    record, why = read(named, observation("2889-4", "2019-03-04", valueQuantity=quantity(9, "g/(24.h)")))
    assert "conditions" not in record
    assert "something else than its code" in why


def test_words_that_say_more_of_the_same_disease_are_it() -> None:
    named = condition(DIABETES)
    named["code"]["text"] = "Diabetes mellitus type 2, previously on insulin, present since 2011"
    record, _ = read(named)
    assert [one["name"] for one in record["conditions"]] == ["diabetes"]


@pytest.mark.parametrize(
    ("words", "drug"),
    [
        ("NSAIDs", "nsaid"),
        ("ACE-Hemmer", "ace-inhibitor"),
        ("Statins", "statin"),
        ("corticosteroids", "glucocorticoid"),
    ],
)
def test_a_reaction_to_a_class_is_one_to_each_of_it(words: str, drug: str) -> None:
    record, _ = read(allergy(words), condition(DIABETES))
    assert [one["drug"] for one in record["reactions"]] == [drug]


def test_results_inside_a_report_are_read_unless_it_does_not_stand() -> None:
    inner = observation("2889-4", "2019-03-04", valueQuantity=quantity(9, "g/(24.h)")) | {"id": "r1"}
    inner.pop("subject", None)
    report = {
        "resourceType": "DiagnosticReport",
        "id": "d",
        "status": "final",
        "subject": ABOUT,
        "code": {"text": "Urine"},
        "contained": [inner],
        "result": [{"reference": "#r1"}],
    }
    record, _ = read(report)
    assert record["observations"] == [{"at": "2019-03-04", "proteinuria": "9 g/(24.h)"}]
    record, _ = read(report | {"status": "entered-in-error"}, condition(DIABETES))
    assert "observations" not in record
