"""What charts say in words beside what they say in codes: it ends a course, changes a dose, or denies a fact."""

from __future__ import annotations

from typing import Any

import pytest
from charts import (
    ABOUT,
    SNOMED,
    Resource,
    bundle,
    concept,
    condition,
    daily,
    observation,
    order,
    quantity,
    state,
)

from nephroline.interop.fhir import Use, read_fhir

Row = dict[str, Any]


def rows(section: str, *resources: Resource) -> list[Row]:
    return list(read_fhir(bundle(*resources)).record.get(section, []))


def outcomes(*resources: Resource) -> dict[str, Use]:
    return {fate.resource: fate.outcome for fate in read_fhir(bundle(*resources)).reading.fates}


def spoken(text: str, amount: float = 40, drug: str = "prednisone", **more: Any) -> Resource:
    return order(drug, dosageInstruction=[daily(amount, "mg") | {"text": text} | more])


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("Take 40 mg daily for 5 days", "2019-03-10"),
        ("x 2 weeks", "2019-03-19"),
        ("für 14 Tage", "2019-03-19"),
        ("for 3 months", "unknown"),
        ("x 4 weeks then stop", "unknown"),
        ("pausiert seit 10.03.2019", "unknown"),
        ("bis 12.03.2019", "unknown"),
        ("until 03/12/2019", "unknown"),
        ("abgesetzt am 1.4.", "unknown"),
        ("discontinued 4/2019", "unknown"),
        ("last dose 3 April", "unknown"),
        ("Do not stop taking this medicine", None),
        ("Take with food", None),
    ],
)
def test_words_end_a_course(text: str, end: str | None) -> None:
    (row,) = rows("exposures", spoken(text))
    assert row.get("to") == end


def test_the_end_that_an_instruction_for_the_patient_tells_counts_too() -> None:
    (row,) = rows("exposures", spoken("Take 40 mg daily", patientInstruction="STOP on April 1"))
    assert row["to"] == "unknown"


def test_the_days_of_a_supply_that_is_refilled_are_no_end_that_is_known() -> None:
    (row,) = rows("exposures", spoken("for 30 days") | {"dispenseRequest": {"numberOfRepeatsAllowed": 3}})
    assert row["to"] == "unknown"


@pytest.mark.parametrize(
    "text", ["Patient nimmt nicht", "(Patient not taking: Reported on 4/4/2019)", "Not started yet"]
)
def test_what_is_not_taken_by_its_words_may_not_be_taken(text: str) -> None:
    (row,) = rows("exposures", spoken(text))
    assert (row["taken"], row["to"]) == ("unknown", "unknown")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "15 mg 1x/Woche",
            "einmal die Woche",
            "jeden Montag",
            "every 7 days",
            "q7d",
            "Every 2 weeks x2 doses",
        ),
        *("every 12 hours", "bds", "am and pm", "morgens und abends", "1-0-1", "jeden 3. Tag"),
        *("an dialysefreien Tagen", "15 mg in the morning and 15 mg in the evening", "a word never seen"),
    ],
)
def test_words_that_are_not_known_to_say_nothing_leave_the_dose_open(text: str) -> None:
    (row,) = rows("exposures", spoken(text, 15, "methotrexate"))
    assert "dose" not in row


@pytest.mark.parametrize(
    ("drug", "amount", "unit", "text", "known"),
    [
        ("prednisone 20 MG Oral Tablet", 1, "tablet", "Take 2 tablets daily", False),
        ("prednisone 20 MG Oral Tablet", 20, "mg", "half a tablet daily", False),
        ("prednisone 20 MG Oral Tablet", 2, "tablet", "Take 2 tablets (40 mg total) by mouth daily", True),
        (
            "tacrolimus 1 MG Oral Capsule",
            3,
            "capsule",
            "3 capsules in the morning and 2 in the evening",
            False,
        ),
        ("prednisone 20 MG Oral Tablet", 1, "Tablette", "", True),
    ],
)
def test_pieces_in_words_make_the_same_amount_or_none(
    drug: str, amount: float, unit: str, text: str, known: bool
) -> None:
    (row,) = rows("exposures", order(drug, dosageInstruction=[daily(amount, unit) | {"text": text}]))
    assert ("dose" in row) is known


@pytest.mark.parametrize(
    ("text", "dose"),
    [
        ("40 mg morgens", "40 mg daily"),
        ("40mg tgl.", "40 mg daily"),
        ("Take 40 mg (8 tablets) by mouth daily", "40 mg daily"),
        ("Take 3 tablets (60 mg total) by mouth daily", "60 mg daily"),
        ("take 4 tablets of 5 mg daily", None),
        ("take 4 tablets (5 mg) daily", None),
        ("40 mg daily on alternate days", None),
        ("40 mg in the morning, 20 mg at night", None),
    ],
)
def test_a_dose_in_words_alone(text: str, dose: str | None) -> None:
    (row,) = rows("exposures", order("prednisone", text))
    assert row.get("dose") == dose


def test_a_unit_whose_code_and_words_differ_is_none() -> None:
    for unit in ("mL", "Tablette", "puff"):
        dose = {"value": 8, "unit": unit, "code": "mg", "system": "http://unitsofmeasure.org"}
        timing = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}
        row = {"timing": timing, "doseAndRate": [{"doseQuantity": dose}]}
        (found,) = rows("exposures", order("prednisolone", dosageInstruction=[row]))
        assert found.get("dose") != "8 mg daily"


# -- orders of one dose, pulses, strengths, ends -----------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        daily(500, "mg", count=1),
        {
            "timing": {"event": ["2019-03-05"]},
            "doseAndRate": [{"doseQuantity": {"value": 500, "unit": "mg"}}],
        },
        {"text": "500 mg once"},
        {"text": "1000 mg IV single dose"},
        {"text": "Einmalgabe 500 mg"},
    ],
)
def test_an_order_of_one_dose_is_no_course(row: Resource) -> None:
    running = order("methylprednisolone", "8 mg daily", at="2019-02-01")
    once = order("methylprednisolone", dosageInstruction=[row])
    (course,) = rows("exposures", running, once)
    assert (course["dose"], course.get("to")) == ("8 mg daily", None)
    assert outcomes(running, once)[f"MedicationRequest/{once['id']}"] is Use.NOT_UNDERSTOOD
    assert rows("exposures", running, once | {"status": "completed"}) == [course]


def test_pulses_beside_a_daily_dose_are_not_doses_of_it() -> None:
    pulses = [
        {
            "resourceType": "MedicationAdministration",
            "id": f"a{day}",
            "status": "completed",
            "medicationCodeableConcept": {"text": "methylprednisolone"},
            "subject": ABOUT,
            "effectiveDateTime": f"2019-03-{day}",
            "dosage": {"dose": quantity(amount, "mg")},
        }
        for day, amount in (("06", 1000), ("07", 1000), ("08", 16))
    ]
    found = outcomes(order("methylprednisolone", "16 mg daily"), *pulses)
    told = [found[f"MedicationAdministration/a{day}"] for day in ("06", "07", "08")]
    assert told == [Use.NOT_UNDERSTOOD, Use.NOT_UNDERSTOOD, Use.LEFT_OUT]


def test_a_statement_that_was_stopped_keeps_its_own_end() -> None:
    statement = {
        "resourceType": "MedicationStatement",
        "id": "s",
        "status": "stopped",
        "medicationCodeableConcept": {"text": "tacrolimus"},
        "subject": ABOUT,
        "effectivePeriod": {"start": "2019-01-01", "end": "2019-06-01"},
    }
    (row,) = rows("exposures", statement)
    assert (row["from"], row["to"]) == ("2019-01-01", "2019-06-01")


def test_orders_of_two_strengths_that_both_run_leave_the_dose_open() -> None:
    one = order("tacrolimus 1 MG", dosageInstruction=[daily(3, "capsule", frequency=2)], at="2019-01-01")
    two = order("tacrolimus 0.5 MG", dosageInstruction=[daily(1, "capsule", frequency=2)], at="2019-02-01")
    assert [row.get("dose") for row in rows("exposures", one, two)] == ["3 mg 2x/d", None]
    ended = one | {"status": "completed"}
    assert [row.get("dose") for row in rows("exposures", ended, two)] == ["3 mg 2x/d", "0.5 mg 2x/d"]


def test_of_steps_whose_length_cannot_be_read_the_first_is_kept() -> None:
    first = daily(60, "mg", boundsDuration=quantity(1, "mo")) | {"sequence": 1}
    (row,) = rows(
        "exposures", order("prednisone", dosageInstruction=[first, daily(40, "mg") | {"sequence": 2}])
    )
    assert (row["dose"], row["to"]) == ("60 mg daily", "unknown")


@pytest.mark.parametrize(
    ("name", "drugs"),
    [
        ("rituximab-pvvr", ["rituximab"]),
        ("Prednisolon-ratiopharm 5 mg", ["prednisolone"]),
        ("lisinopril-hydrochlorothiazide 20-12.5 MG", ["lisinopril", "hydrochlorothiazide"]),
        ("co-trimoxazole", ["co-trimoxazole"]),
    ],
)
def test_names_with_hyphens(name: str, drugs: list[str]) -> None:
    found = rows("exposures", order(name, "one tablet daily"))
    assert [row["drug"] for row in found] == drugs
    # Of a product of two drugs a piece has no one strength.
    assert len(found) == 1 or all("dose" not in row for row in found)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Prednisolon (pausiert)",
            "prednisolone beendet",
            "Prednisolon ausgeschlichen",
            "tacrolimus (hold)",
        ),
        *("Tacrolimus STOPP 01.04.", "Rituximab (last given 2017)", "Z.n. Rituximab", "Planned: rituximab"),
        *("Prednisolon - Pat. nimmt nicht", "Ramipril (ended 2018)"),
    ],
)
def test_a_name_that_says_that_it_is_over_is_no_course(name: str) -> None:
    assert rows("exposures", order(name, "5 mg daily")) == []


@pytest.mark.parametrize("name", ["Prednisolon Supp. 100 mg", "Prednisolon Klysma", "Hydrocortison lokal"])
def test_what_acts_where_it_is_put(name: str) -> None:
    assert rows("exposures", order(name, "1 daily")) == []


# -- conditions, tests, procedures, reports, reactions -------------------------------------------------------


@pytest.mark.parametrize("dates", [{"recordedDate": "2019-03-04"}, {"onsetAge": quantity(20, "a")}])
def test_what_had_gone_before_it_was_recorded_is_not_there(dates: Resource) -> None:
    gone = condition("128053003", clinicalStatus=state("resolved"), abatementDateTime="2015-06-01")
    del gone["onsetDateTime"]
    found = rows("conditions", gone | dates)
    assert [(row["at"], row["present"]) for row in found] == [("2015-06-01", False)]


def test_the_diagnosis_of_a_visit_does_not_end_with_it() -> None:
    of_visit = condition("73211009", at="2019-03-01", abatementDateTime="2019-03-09", id="d")
    visit = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "subject": ABOUT,
        "period": {"start": "2019-03-01", "end": "2019-03-09"},
        "diagnosis": [{"condition": {"reference": "Condition/d"}}],
    }
    assert [row.get("present") for row in rows("conditions", of_visit, visit)] == [None, "unknown"]
    assert [row.get("present") for row in rows("conditions", of_visit)] == [None, False]


@pytest.mark.parametrize("nothing", ["-", "None", "n/a", "NaN"])
def test_what_stands_where_there_is_no_value_is_none(nothing: str) -> None:
    for code in ("2889-4", "5195-3"):
        found = read_fhir(bundle(observation(code, nothing), observation("1751-7", quantity(20, "g/L"))))
        assert "conditions" not in found.record
        assert all(set(row) == {"at", "albumin"} for row in found.record["observations"])


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Diabetes z.A.",
            "Diabetes (possible)",
            "fraglicher Diabetes",
            "möglicher Diabetes",
            "Diabetes verneint",
        ),
        *(
            "Ausschluß Diabetes",
            "Diabetes abklären",
            "Verdachtsdiagnose Diabetes",
            "unwahrscheinlich: Diabetes",
        ),
        *(
            "Diabetes: nein",
            "diabetes ruled-out",
            "rule-out diabetes",
            "diagnosis in error",
            "concern for diabetes",
        ),
        *("Diabetes screening", "non-diabetic", "drohender Diabetes"),
    ],
)
def test_a_condition_that_words_doubt_is_not_known(text: str) -> None:
    (row,) = rows("conditions", condition("73211009") | {"code": concept("73211009", SNOMED, text)})
    assert row["present"] == "unknown"


@pytest.mark.parametrize(
    "text", ["Diabetes: Großmutter", "Diabetes (Oma)", "Brothers: diabetes", "Diabetes Ehemann"]
)
def test_a_condition_of_a_relative_is_not_the_patients(text: str) -> None:
    assert rows("conditions", condition("73211009") | {"code": concept("73211009", SNOMED, text)}) == []


def test_an_observation_of_a_relative_is_not_the_patients() -> None:
    said = observation("x", "yes") | {"code": concept("73211009", SNOMED, "Diabetes in father")}
    assert rows("conditions", said, observation("1751-7", quantity(20, "g/L"))) == []


@pytest.mark.parametrize(("letter", "present"), [("A", False), ("V", "unknown"), ("G", None)])
def test_the_letter_behind_a_german_code(letter: str, present: object) -> None:
    system = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
    (row,) = rows("conditions", condition(f"E11.90{letter}", system))
    assert row.get("present") == present


@pytest.mark.parametrize(
    "text",
    [
        "Donor for kidney transplant",
        "Kidney transplant (mother)",
        "Kidney transplant evaluation",
        "Z.n. Transplantation",
    ],
)
def test_a_procedure_of_others_or_only_spoken_of(text: str) -> None:
    done = {
        "resourceType": "Procedure",
        "id": "p",
        "status": "completed",
        "subject": ABOUT,
        "code": concept("70536003", SNOMED, text),
        "performedDateTime": "2019-03-04",
    }
    found = read_fhir(bundle(done, observation("1751-7", quantity(20, "g/L"))))
    assert "findings" not in found.record


@pytest.mark.parametrize(
    "dates",
    [
        {"performedDateTime": "2015-03-04"},
        {"performedPeriod": {"start": "2015-03-04T08:00:00Z", "end": "2015-03-04T12:00:00Z"}},
    ],
)
def test_a_session_of_dialysis_does_not_last(dates: Resource) -> None:
    done = {
        "resourceType": "Procedure",
        "id": "p",
        "status": "completed",
        "subject": ABOUT,
        "code": concept("302497006", SNOMED, "Hemodialysis"),
    }
    found = [(row["at"], row.get("present", True)) for row in rows("conditions", done | dates)]
    assert found == [("2015-03-04", True), ("2015-03-05", "unknown")]


@pytest.mark.parametrize(
    "conclusion",
    [
        *(
            "Keine membranöse Glomerulonephritis",
            "Membranöse GN unwahrscheinlich",
            "Verdacht auf membranöse GN",
        ),
        *("It cannot be confirmed", "Indication: proteinuria", "Insufficient tissue for diagnosis"),
    ],
)
def test_a_report_whose_words_do_not_conclude_it(conclusion: str) -> None:
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "subject": ABOUT,
        "code": {"text": "Kidney biopsy"},
        "effectiveDateTime": "2019-03-04",
        "conclusion": conclusion,
        "conclusionCode": [concept("77182004", SNOMED)],
    }
    assert outcomes(report)["DiagnosticReport/r"] is Use.NOT_UNDERSTOOD
    (row,) = rows("biopsies", report | {"conclusion": "Membranous nephropathy, stage II. No crescents."})
    assert row["diagnosis"] == "membranous"


@pytest.mark.parametrize(
    "note",
    [
        "ordered as trough, drawn 3 hours following morning dose",
        "Talspiegel angefordert, 2 Std nach Einnahme abgenommen",
        "C2-Spiegel (C0 s.o.)",
        "trough drawn late, dose already taken",
        "Non-trough",
    ],
)
def test_a_level_that_its_note_makes_no_trough(note: str) -> None:
    level = observation("11253-2", quantity(14, "ng/mL"), note=[{"text": note}])
    assert rows("observations", level, observation("1751-7", quantity(20, "g/L")))[0].keys() == {
        "at",
        "albumin",
    }


@pytest.mark.parametrize("value", ["> 1.234 mg/g", "< 1.000 mg/g"])
def test_a_thousand_behind_a_comparator(value: str) -> None:
    found = rows("observations", observation("2890-2", value), observation("1751-7", quantity(20, "g/L")))
    assert [sorted(row) for row in found] == [["albumin", "at"]]


@pytest.mark.parametrize(
    ("code", "text"), [("2823-3", "Kalium im Urin"), ("29463-7", "Goal weight"), ("29463-7", "Birth weight")]
)
def test_words_that_tell_of_something_else_than_the_code(code: str, text: str) -> None:
    said = observation(code, quantity(4, "mmol/L" if code == "2823-3" else "kg")) | {
        "code": concept(code, text=text)
    }
    found = rows("observations", said, observation("1751-7", quantity(20, "g/L")))
    assert [sorted(row) for row in found] == [["albumin", "at"]]


@pytest.mark.parametrize(
    "text",
    [
        *("Kein Ramipril (Angioödem)", "Do not give ramipril - angioedema", "Ciclosporin nicht vertragen"),
        *("Rituximab - infusion reaction, no anaphylaxis", "Suspected allergy to co-trimoxazole"),
    ],
)
def test_a_reaction_whose_words_could_deny_it_is_looked_at(text: str) -> None:
    allergy = {"resourceType": "AllergyIntolerance", "id": "a", "patient": ABOUT, "code": {"text": text}}
    found = read_fhir(
        bundle(allergy | {"recordedDate": "2019-03-04"}, observation("1751-7", quantity(20, "g/L")))
    )
    assert (
        "reactions" in found.record
        or found.reading.fates[-1].outcome is Use.NOT_UNDERSTOOD
        or any(
            fate.resource == "AllergyIntolerance/a" and fate.outcome is Use.NOT_UNDERSTOOD
            for fate in found.reading.fates
        )
    )


def test_one_id_on_two_servers_is_two_resources() -> None:
    def allergy(server: str, drug: str, version: str) -> Resource:
        resource = {
            "resourceType": "AllergyIntolerance",
            "id": "7",
            "patient": ABOUT,
            "code": {"text": drug},
            "recordedDate": "2019-03-04",
            "meta": {"versionId": version},
        }
        return {"fullUrl": f"https://{server}/fhir/AllergyIntolerance/7", "resource": resource}

    both = bundle(observation("1751-7", quantity(20, "g/L")))
    both["entry"] += [allergy("a.example", "ramipril", "1"), allergy("b.example", "tacrolimus", "2")]
    found = read_fhir(both).record["reactions"]
    assert sorted(row["drug"] for row in found) == ["ramipril", "tacrolimus"]
