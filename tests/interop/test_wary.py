"""What a chart denies, doubts, contradicts or says of somebody else makes no fact; and no input makes a crash."""

from __future__ import annotations

import json
from typing import Any

import pytest
from charts import (
    SNOMED,
    Resource,
    administered,
    bundle,
    concept,
    condition,
    daily,
    observation,
    order,
    patient,
    quantity,
    state,
    statement,
)

from nephroline.errors import RecordError
from nephroline.interop.fhir import read_fhir
from nephroline.interop.fhir.reading import Use

DIABETES, FSGS = "73211009", "236403004"


def exposures(*resources: Resource) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_fhir(bundle(*resources)).record.get("exposures", [])
    return found


@pytest.mark.parametrize(
    "words",
    [
        "No diabetes",
        "Diabetes excluded",
        "?diabetes",
        "V.a. Diabetes",
        "At risk of diabetes",
        "Diabetes (rule out)",
        "Screening for diabetes",
        "Hx of diabetes",
        "Past diabetes",
        "Suspected diabetes",
    ],
)
def test_words_beside_a_code_that_deny_or_doubt_it_leave_it_open(words: str) -> None:
    said = condition(DIABETES, code=concept(DIABETES, SNOMED, words))
    (row,) = read_fhir(bundle(said)).record["conditions"]
    assert row["present"] == "unknown"


@pytest.mark.parametrize(
    "words", ["FH diabetes", "Family hx of diabetes", "Vater: Diabetes", "Diabetes in brother"]
)
def test_what_the_family_has_is_not_the_patient_s(words: str) -> None:
    said = condition(DIABETES, code=concept(DIABETES, SNOMED, words))
    assert "conditions" not in read_fhir(bundle(said)).record


def test_words_after_a_disease_do_not_deny_it() -> None:
    said = condition(DIABETES, code=concept(DIABETES, SNOMED, "Type 2 diabetes without complications"))
    (row,) = read_fhir(bundle(said)).record["conditions"]
    assert "present" not in row


@pytest.mark.parametrize("words", ["No FSGS", "FSGS excluded by biopsy", "Suspected FSGS", "FSGS in brother"])
def test_a_diagnosis_that_is_denied_is_none(words: str) -> None:
    listed = condition(FSGS, code=concept(FSGS, SNOMED, words))
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "effectiveDateTime": "2019-03-04",
        "subject": {"reference": "Patient/p1"},
        "code": {"text": "Kidney biopsy"},
        "conclusionCode": [concept(FSGS, SNOMED, words)],
    }
    for said in (listed, report):
        if said is report and "brother" in words:
            continue
        assert not any("diagnosis" in row for row in read_fhir(bundle(said)).record.get("biopsies", []))


def test_reports_of_one_day_that_conclude_differently_make_no_diagnosis() -> None:
    def report(name: str, code: str) -> Resource:
        head = {
            "resourceType": "DiagnosticReport",
            "id": name,
            "status": "final",
            "code": {"text": "Renal biopsy"},
        }
        about = {"subject": {"reference": "Patient/p1"}, "effectiveDateTime": "2019-03-04"}
        return {**head, **about, "conclusionCode": [concept(code, SNOMED)]}

    found = read_fhir(bundle(report("a", FSGS), report("b", "77182004")))
    assert found.record["biopsies"] == [{"at": "2019-03-04"}]
    assert any(fate.outcome is Use.NOT_UNDERSTOOD for fate in found.reading.fates)


def test_a_status_in_a_list_counts() -> None:
    refuted = condition(DIABETES, verificationStatus=[state("refuted")])
    assert read_fhir(bundle(refuted)).record["conditions"][0]["present"] is False


def test_every_substance_of_a_reaction_counts() -> None:
    allergy = {
        "resourceType": "AllergyIntolerance",
        "id": "a",
        "patient": {"reference": "Patient/p1"},
        "recordedDate": "2019-03-04",
        "code": {"text": "Drug allergy"},
        "reaction": [{"substance": {"text": "cyclosporine"}}, {"substance": {"text": "rituximab"}}],
    }
    rows = read_fhir(bundle(allergy)).record["reactions"]
    assert [row["drug"] for row in rows] == ["cyclosporine", "rituximab"]


@pytest.mark.parametrize(
    "subjects",
    [
        ({"identifier": {"value": "A"}}, {"identifier": {"value": "B"}}),
        ({"display": "Smith"}, {"display": "Jones"}),
        ({"reference": "Patient/a"}, {"identifier": {"value": "B"}}),
        ({"reference": "#p"}, {"reference": "#p"}),
    ],
)
def test_two_people_without_a_patient_are_no_record(subjects: tuple[Resource, Resource]) -> None:
    entries = [
        {"resource": observation("1751-7", quantity(18, "g/L"), id=f"o{number}", subject=subject)}
        for number, subject in enumerate(subjects)
    ]
    with pytest.raises(RecordError, match="one patient"):
        read_fhir({"resourceType": "Bundle", "entry": entries})


@pytest.mark.parametrize("subject", [{"identifier": {"value": "B"}}, {"reference": "Group/p1"}])
def test_a_subject_that_is_not_the_patient_is_left_out(subject: Resource) -> None:
    found = read_fhir(bundle(observation("1751-7", quantity(18, "g/L"), subject=subject)))
    assert "observations" not in found.record


@pytest.mark.parametrize("status", [None, "ended", "suspended", "STOPPED", ["stopped"]])
def test_an_order_of_which_nobody_knows_how_it_stands_is_not_given(status: Any) -> None:
    assert exposures(order("prednisone", "70 mg daily", status=status)) == []


@pytest.mark.parametrize(
    "drug",
    [
        "No prednisolone",
        "Stop prednisolone",
        "Prednisolone (discontinued)",
        "Placebo or rituximab",
        "Avoid ibuprofen",
    ],
)
def test_a_name_that_denies_the_drug_is_none(drug: str) -> None:
    assert exposures(order(drug, "70 mg daily")) == []


def test_a_code_and_words_of_two_drugs_are_none() -> None:
    both = {"coding": [{"system": "http://www.whocc.no/atc", "code": "L04AD01"}], "text": "prednisolone 5 mg"}
    assert exposures(order("", medicationCodeableConcept=both)) == []


@pytest.mark.parametrize(
    "more",
    [
        {"medicationCodeableConcept": concept("S01BA04", "http://www.whocc.no/atc", "prednisolone")},
        {"medicationCodeableConcept": {"text": "Tacrolimus 0.1%"}},
        {"medicationCodeableConcept": {"text": "Prednisolone 5 mg suppository"}},
        {"dosageInstruction": [{"text": "Put 1 drop in each eye"}]},
        {"dosageInstruction": [{"text": "Rub in twice daily"}]},
        {"dosageInstruction": [{"route": concept("37161004", SNOMED)}]},
        {"dosageInstruction": [{"site": {"text": "left eye"}}]},
    ],
)
def test_what_is_put_somewhere_is_no_course(more: Resource) -> None:
    assert exposures(order("prednisolone", **more)) == []


@pytest.mark.parametrize(
    "row",
    [
        daily(15, "mg") | {"text": "Take 15 mg once a week on Mondays"},
        daily(15, "mg") | {"text": "on dialysis days only"},
        daily(15, "mg") | {"asNeededBoolean": "true"},
        daily(15, "mg") | {"modifierExtension": [{"url": "x"}]},
        daily(15, "mg", per="wk") | {"timing": {"code": concept("QD"), "repeat": {"dayOfWeek": ["mon"]}}},
        {"doseAndRate": [{"doseQuantity": {"value": 5}}], "timing": {"code": concept("QD")}},
        {
            "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "g", "code": "mg"}}],
            "timing": {"code": concept("QD")},
        },
        {"text": "1.000 mg bid"},
    ],
)
def test_a_dose_that_its_words_or_units_put_in_doubt_is_open(row: Resource) -> None:
    (course,) = exposures(order("prednisone 5 MG Oral Tablet", dosageInstruction=[row]))
    assert "dose" not in course


@pytest.mark.parametrize("lasts", [{"boundsDuration": {"value": 1, "code": "mo"}}, {"boundsRange": {}}])
def test_a_duration_that_cannot_be_read_leaves_the_end_open(lasts: Resource) -> None:
    (course,) = exposures(order("prednisone", dosageInstruction=[daily(70, "mg", **lasts)]))
    assert course["to"] == "unknown"


def test_the_end_of_a_statement_goes_before_what_was_planned() -> None:
    planned = daily(70, "mg", boundsDuration={"value": 8, "code": "wk"})
    ended = {"effectivePeriod": {"start": "2019-03-05", "end": "2019-03-14"}, "dosage": [planned]}
    (course,) = exposures(statement("prednisone", "completed", **ended))
    assert course["to"] == "2019-03-14"


def test_one_dose_in_two_spellings_is_one_course() -> None:
    given = {
        **order("prednisone", "70 mg/d", id="d"),
        "resourceType": "MedicationDispense",
        "status": "completed",
    }
    given |= {"whenHandedOver": "2019-03-06", "daysSupply": {"value": 28, "code": "d"}}
    (course,) = exposures(order("prednisone", "70 mg daily"), given)
    assert "to" not in course


def test_a_burst_beside_an_order_without_an_end_may_go_on() -> None:
    bounds = {"start": "2019-04-01", "end": "2019-04-10"}
    burst = order(
        "prednisone", at="2019-04-01", id="b", dosageInstruction=[daily(60, "mg", boundsPeriod=bounds)]
    )
    courses = exposures(order("prednisone", "10 mg daily"), burst)
    assert courses[-1]["to"] == "unknown"


def test_what_was_given_was_taken_whatever_somebody_says() -> None:
    doses = [administered("rituximab", at, 1000) for at in ("2019-03-06", "2019-03-20")]
    for beside in (
        order("rituximab"),
        statement("rituximab", "not-taken"),
        statement("rituximab", "intended"),
    ):
        rows = exposures(beside, *doses)
        assert [row["doses"][0]["amount"] for row in rows] == ["1000 mg", "1000 mg"]


@pytest.mark.parametrize(("status", "rows"), [("stopped", 1), ("unknown", 0), (None, 0)])
def test_a_dose_that_was_not_given_whole_has_no_amount(status: str | None, rows: int) -> None:
    found = exposures(administered("rituximab", "2019-03-06", 1000, status=status))
    assert len(found) == rows
    assert not any("doses" in row for row in found)


def test_as_needed_now_is_told_beside_a_course_that_has_ended() -> None:
    old = {"effectivePeriod": {"start": "2015-01-01", "end": "2015-01-05"}}
    needed = order("ibuprofen", dosageInstruction=[{"text": "400 mg as needed"}])
    assert len(exposures(statement("ibuprofen", "completed", **old), needed)) == 2


def test_not_pregnant_is_not_pregnant() -> None:
    said = observation("60001007", code=concept("60001007", SNOMED), valueBoolean=True)
    (row,) = read_fhir(bundle(said, of=patient(gender="female"))).record["conditions"]
    assert (row["name"], row["present"]) == ("pregnancy", False)


def test_of_two_values_that_nothing_orders_neither_is_taken() -> None:
    found = read_fhir(
        bundle(*(observation("1751-7", quantity(value, "g/L"), id=f"o{value}") for value in (18, 35)))
    )
    assert "observations" not in found.record
    assert found.reading.counts[Use.NOT_UNDERSTOOD] >= 2


def test_a_unit_of_two_minds_is_none() -> None:
    value = quantity(18, "g/dL") | {"code": "g/L"}
    assert "observations" not in read_fhir(bundle(observation("1751-7", value))).record


@pytest.mark.parametrize("number", ["1e900000000", "1e-900000000", "1e9999999999999999999", "1e400"])
def test_a_number_that_nobody_can_hold_is_told(number: str) -> None:
    text = json.dumps(bundle(observation("1751-7", quantity(18.5, "g/L")))).replace("18.5", number)
    try:
        found = read_fhir(text.encode())
    except RecordError:
        return
    assert "observations" not in found.record


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_beyond_all_zones_is_read_as_its_day(at: str) -> None:
    said = observation("1751-7", quantity(18, "g/L"), at=at)
    assert read_fhir(bundle(said | {"meta": {"lastUpdated": at, "versionId": "9" * 5000}})) is not None


@pytest.mark.parametrize(
    ("words", "known"),
    [
        *(
            (words, False)
            for words in ("Mon Wed Fri", "EOD", "alle 2 Tage", "Stop taking", "Wean as directed", "2x/Woche")
        ),
        *(
            (words, False)
            for words in ("when required", "if oedema", "Take three tablets (60 mg total) daily")
        ),
        *(
            (words, False)
            for words in ("Take 40 mg by mouth 2 (two) times daily", "Take one tablet twice daily")
        ),
        *(
            (words, True)
            for words in ("Take 40 mg by mouth daily with breakfast.", "40 mg = 2 tab, Oral, Daily")
        ),
        *(
            (words, True)
            for words in ("then 40 mg daily for 4 weeks", "Take one tablet daily for 4 weeks, then stop")
        ),
        ("Do not stop taking this medicine unless your doctor tells you to stop", True),
    ],
)
def test_words_beside_the_numbers_of_a_dose_agree_or_leave_it_open(words: str, known: bool) -> None:
    (course,) = exposures(order("prednisone", dosageInstruction=[daily(40, "mg") | {"text": words}]))
    assert ("dose" in course) is known


@pytest.mark.parametrize(
    ("repeat", "dose"),
    [
        ({"frequency": 7, "period": 1, "periodUnit": "wk"}, "40 mg daily"),
        ({"frequency": 1, "period": 1.0, "periodUnit": "d"}, "40 mg daily"),
        (
            {"frequency": 2, "period": 1, "periodUnit": "d", "timeOfDay": ["08:00:00", "20:00:00"]},
            "40 mg 2x/d",
        ),
        ({"frequency": 2, "period": 1, "periodUnit": "d", "when": ["MORN"]}, None),
    ],
)
def test_a_timing_is_read_however_it_is_put_where_it_agrees_with_itself(
    repeat: Resource, dose: str | None
) -> None:
    row = {"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": {"value": 40, "unit": "mg"}}]}
    (course,) = exposures(order("prednisone", dosageInstruction=[row]))
    assert course.get("dose") == dose


def test_what_was_ordered_calculated_and_counted_is_one_dose() -> None:
    row = daily(40, "mg")
    row["doseAndRate"] = [{"doseQuantity": {"value": v, "unit": u}} for v, u in ((40, "mg"), (2, "tablet"))]
    (course,) = exposures(order("prednisone 20 mg tablet", dosageInstruction=[row]))
    assert course["dose"] == "40 mg daily"


@pytest.mark.parametrize("drug", ["Ciclosporin 25 mg soft gel capsule", "Prednisolone 10 mg/mL oral drops"])
def test_what_is_swallowed_is_no_local_drug(drug: str) -> None:
    assert exposures(order(drug, dosageInstruction=[{"route": concept("26643006", SNOMED)}]))


@pytest.mark.parametrize(
    ("words", "drugs"),
    [
        ("Tacrolimus - not tolerated", ["tacrolimus"]),
        ("Ciclosporin: cough. No rash", ["cyclosporine"]),
        ("Furosemide; tolerates cyclosporine", ["furosemide"]),
        ("Rituximab allergy unlikely", []),
        ("Rituximab (mother)", []),
    ],
)
def test_a_reaction_is_to_what_is_not_denied(words: str, drugs: list[str]) -> None:
    allergy = {"resourceType": "AllergyIntolerance", "id": "a", "patient": {"reference": "Patient/p1"}}
    found = read_fhir(bundle(allergy | {"recordedDate": "2019-03-04", "code": {"text": words}}))
    assert [row["drug"] for row in found.record.get("reactions", [])] == drugs


@pytest.mark.parametrize(
    ("concluded", "diagnosis"),
    [
        ("No immune deposits. Minimal change disease.", "mcd"),
        ("Minimal change disease; FSGS excluded", "mcd"),
        ("This is not minimal change disease", None),
        ("The findings argue against minimal change disease", None),
        ("Minimal change disease, or membranous nephropathy", None),
    ],
)
def test_a_conclusion_is_read_sentence_by_sentence(concluded: str, diagnosis: str | None) -> None:
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "code": {"text": "Kidney biopsy"},
    }
    report |= {
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2019-03-04",
        "conclusion": concluded,
    }
    found = read_fhir(bundle(report | {"conclusionCode": [concept("44785005", SNOMED)]}))
    assert [row.get("diagnosis") for row in found.record.get("biopsies", [])] == (
        [diagnosis] if diagnosis else []
    )


@pytest.mark.parametrize("words", ["No dialysis needed", "Kidney biopsy not done - declined"])
def test_a_procedure_that_was_not_done_is_none(words: str) -> None:
    code = "108241001" if "dialysis" in words else "7246002"
    done = {
        "resourceType": "Procedure",
        "id": "p",
        "status": "completed",
        "subject": {"reference": "Patient/p1"},
    }
    found = read_fhir(
        bundle(done | {"performedDateTime": "2019-03-04", "code": concept(code, SNOMED, words)})
    )
    assert not {"conditions", "biopsies", "findings"} & set(found.record)
