"""Charts as hospitals write them: what is said twice, in words, of another, or at the same time as something else."""

from __future__ import annotations

from typing import Any

import pytest
from charts import (
    ABOUT,
    LOINC,
    SNOMED,
    Resource,
    administered,
    allergy,
    bundle,
    concept,
    condition,
    daily,
    observation,
    order,
    patient,
    quantity,
    statement,
)

from nephroline.interop.fhir import Use, read_fhir

FSGS, MCD, BIOPSY, DIABETES = "236403004", "44785005", "7246002", "44054006"
MORNING, EVENING = daily(2, "mg", when=["MORN"]), daily(2, "mg", when=["EVE"])


def read(*resources: Resource, of: Resource | None = None) -> dict[str, Any]:
    return read_fhir(bundle(*resources, of=of)).record


def odd(*resources: Resource) -> str:
    """What was not understood, and why."""
    fates = read_fhir(bundle(*resources)).reading.fates
    return "; ".join(fate.because for fate in fates if fate.outcome is Use.NOT_UNDERSTOOD)


def courses(*resources: Resource) -> list[tuple[Any, ...]]:
    rows = read(*resources, condition(DIABETES)).get("exposures", [])
    return [(row["drug"], row.get("dose"), row.get("from"), row.get("to")) for row in rows]


# -- doses of a day -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows",
    [
        [MORNING, EVENING],
        [MORNING | {"sequence": 1}, EVENING | {"sequence": 1}],
        [daily(2, "mg", timeOfDay=["08:00:00"]), daily(2, "mg", timeOfDay=["20:00:00"])],
        [{"text": "2 mg in the morning"}, {"text": "2 mg in the evening"}],
        [daily(2, "mg"), daily(2, "mg")],
    ],
)
def test_two_dosages_of_one_order_are_never_one(rows: list[Resource]) -> None:
    assert courses(order("tacrolimus", dosageInstruction=rows)) == [("tacrolimus", None, "2019-03-05", None)]


def test_orders_for_two_times_of_the_day_are_not_one_in_the_place_of_the_other() -> None:
    first = order("tacrolimus", dosageInstruction=[MORNING])
    second = order("tacrolimus", at="2019-03-05", dosageInstruction=[EVENING]) | {"id": "m2"}
    assert courses(first, second) == [("tacrolimus", None, "2019-03-05", None)]
    later = second | {"authoredOn": "2019-04-05"}
    assert courses(first, later) == [
        ("tacrolimus", "2 mg daily", "2019-03-05", "2019-04-05"),
        ("tacrolimus", None, "2019-04-05", None),
    ]


def test_the_same_order_twice_is_one() -> None:
    twice = [order("tacrolimus", dosageInstruction=[MORNING]) | {"id": id_} for id_ in ("a", "b")]
    assert courses(*twice) == [("tacrolimus", "2 mg daily", "2019-03-05", None)]


@pytest.mark.parametrize(
    ("text", "dose"),
    [
        ("2 x 500 mg twice daily", None),
        ("3 x 250 mg three times daily", None),
        ("500 mg twice daily", "500 mg twice daily"),
        ("500 mg once-daily", "500 mg daily"),
        ("500 mg once or twice daily", None),
    ],
)
def test_how_many_and_how_often_are_two_things(text: str, dose: str | None) -> None:
    assert courses(order("mycophenolate mofetil", text))[0][1] == dose


@pytest.mark.parametrize(
    ("name", "row", "dose"),
    [
        ("Cyclophosphamide 50mg tablets", {"text": "Take two tablets once daily"}, "100 mg daily"),
        ("Prednisolone 5mg tablets", {"text": "Take EIGHT tablets once a day"}, "40 mg daily"),
        ("Prednisolone", {"text": "Take two tablets once daily"}, None),
        ("Prednisolone 20 mg Tabletten", daily(4, "tablet") | {"text": "4-0-0-0"}, "80 mg daily"),
        ("Prednisolone 20 mg Tabletten", daily(4, "tablet") | {"text": "2-0-0-0"}, None),
    ],
)
def test_pieces_of_one_strength_make_an_amount(name: str, row: Resource, dose: str | None) -> None:
    assert courses(order(name, dosageInstruction=[row]))[0][1] == dose


def test_times_of_the_day_alone_are_of_every_day() -> None:
    row = daily(40, "mg", when=["MORN", "NOON"])
    row["timing"]["repeat"] = {"when": ["MORN", "NOON"]}
    assert courses(order("prednisolone", dosageInstruction=[row]))[0][1] == "40 mg 2x/d"


def test_as_directed_says_nothing_of_a_dose() -> None:
    said = statement("prednisolone", dosage=[{"text": "Take as directed"}])
    given = order("prednisolone", dosageInstruction=[daily(40, "mg")])
    assert courses(said, given) == [("prednisolone", "40 mg daily", "2019-03-05", None)]


# -- ends -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        *(
            "5 day course",
            "for a week",
            "7/7",
            "for a total of 10 days",
            "then taper off",
            "during admission",
        ),
        *("14 Tage", "4 Wochen lang", "für eine Woche", "pendant 5 jours", "gedurende 5 dagen", "por 5 dias"),
    ],
)
def test_an_end_in_words_that_cannot_be_read_is_an_end_all_the_same(words: str) -> None:
    given = order("prednisolone", dosageInstruction=[daily(20, "mg") | {"text": f"20 mg daily {words}"}])
    assert courses(given)[0][3] is not None


@pytest.mark.parametrize(
    "words",
    [
        "",
        "with food",
        "in the morning",
        "oral",
        "0.5 mg/kg/d",
        "q24h",
        "every 24 hours",
        "1-0-0",
        "in 2 divided doses",
    ],
)
def test_words_that_say_nothing_end_nothing(words: str) -> None:
    given = order("prednisolone", dosageInstruction=[daily(20, "mg") | {"text": f"20 mg daily {words}"}])
    assert courses(given)[0][3] is None


def test_a_count_of_doses_is_an_end() -> None:
    given = order("methylprednisolone", dosageInstruction=[daily(500, "mg", count=3)])
    assert courses(given)[0][3] == "unknown"


def test_an_end_before_the_beginning_is_an_end_and_is_told() -> None:
    backwards = {"start": "2020-06-01", "end": "2020-05-01"}
    said = statement("tacrolimus", "completed", effectivePeriod=backwards, dosage=[daily(2, "mg")])
    assert courses(said)[0][3] == "unknown"
    assert "before its beginning" in odd(said)


@pytest.mark.parametrize(
    "words", ["Patient stopped taking this in March", "Patient says not taking", "abgesetzt im Mai"]
)
def test_notes_of_an_order_tell_of_its_end(words: str) -> None:
    given = order("prednisolone", dosageInstruction=[daily(20, "mg")], note=[{"text": words}])
    assert courses(given)[0][3] == "unknown"


# -- single doses ---------------------------------------------------------------------------------------


def test_a_dose_on_each_day_that_an_order_names() -> None:
    rows = [
        {
            "timing": {"event": ["2020-01-15", "2020-01-29"]},
            "doseAndRate": [{"doseQuantity": quantity(1000, "mg")}],
        }
    ]
    found = read(order("rituximab", status="completed", dosageInstruction=rows), condition(DIABETES))
    assert [row["doses"][0]["at"] for row in found["exposures"]] == ["2020-01-15", "2020-01-29"]


@pytest.mark.parametrize(
    "more",
    [
        {"dosage": {"text": "HELD - not given", "dose": quantity(1000, "mg")}},
        {"dosage": {"dose": quantity(1000, "mg")}, "note": [{"text": "Infusion aborted after 50 mg"}]},
        {"dosage": {"dose": quantity(1000, "mg")}, "statusReason": [{"text": "Patient refused"}]},
        {"dosage": {"text": "nicht verabreicht", "dose": quantity(1000, "mg")}},
    ],
)
def test_what_was_not_given_after_all(more: Resource) -> None:
    given = administered("rituximab", "2020-01-01", 1000)
    assert courses(given | more) == []
    assert "not given" in odd(given | more)


# -- which drug -----------------------------------------------------------------------------------------


def test_what_a_patient_reports_is_taken() -> None:
    told = order("prednisone", "20 mg daily", intent="plan", reportedBoolean=True)
    assert courses(told) == [("prednisone", "20 mg daily", "2019-03-05", None)]
    assert courses(order("prednisone", "20 mg daily", intent="plan")) == []


def test_what_it_was_given_for_is_told_where_it_is_another_disease() -> None:
    asthma = order("prednisone", "20 mg daily", reasonCode=[{"text": "Asthma"}])
    assert "given for Asthma" in odd(asthma)
    for reason in ("Nephrotic syndrome", "FSGS", "Steroid-resistant minimal change disease"):
        assert odd(order("prednisone", "20 mg daily", reasonCode=[{"text": reason}])) == ""


def test_codes_of_two_drugs_name_none() -> None:
    atc = "http://www.whocc.no/atc"
    both = {"coding": [{"system": atc, "code": "H02AB06"}, {"system": atc, "code": "L04AD02"}]}
    assert courses(order("x", "10 mg daily", medicationCodeableConcept=both)) == []
    assert "its codes name" in odd(order("x", "10 mg daily", medicationCodeableConcept=both))


@pytest.mark.parametrize(
    ("name", "drugs"),
    [
        ("atorvastatin calcium 40 mg", ["atorvastatin"]),
        ("Leucovorin 15 mg (methotrexate rescue)", []),
        ("Mesna (with cyclophosphamide)", []),
        ("PPI cover for prednisolone", []),
        ("Cotrimoxazole prophylaxis while on prednisolone", ["co-trimoxazole"]),
        ("sulfamethoxazole 800 MG / trimethoprim 160 MG Oral Tablet", ["co-trimoxazole", "trimethoprim"]),
        ("amlodipine with benazepril", ["amlodipine", "benazepril"]),
    ],
)
def test_a_name_tells_of_what_is_in_it(name: str, drugs: list[str]) -> None:
    found = [row["drug"] for row in read(order(name, "daily"), condition(DIABETES)).get("exposures", [])]
    known = [drug for drug in found if drug in {"methotrexate", "cyclophosphamide", "prednisolone", *drugs}]
    assert known == drugs
    assert "calcium-vitamin-d" not in found


def test_an_injected_gel_is_no_ointment() -> None:
    given = order("Corticotropin 80 UNT/ML Injectable Gel", "daily")
    assert len(courses(given)) == 1


# -- diagnoses ------------------------------------------------------------------------------------------


def test_codes_of_two_diagnoses_make_none() -> None:
    both = condition(MCD)
    both["code"]["coding"].append({"system": SNOMED, "code": FSGS})
    assert "biopsies" not in read(both)
    assert "several diagnoses" in odd(both)


@pytest.mark.parametrize(
    ("code", "words"),
    [(FSGS, "Minimal change disease"), (MCD, "FSGS vs MCD"), (MCD, "focal segmental glomerulosclerosis")],
)
def test_words_of_another_diagnosis_than_the_code(code: str, words: str) -> None:
    told = condition(code)
    told["code"]["text"] = words
    assert "biopsies" not in read(told)
    assert odd(told)


def in_words(conclusion: str, **more: Any) -> Resource:
    return {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "subject": ABOUT,
        "code": concept(BIOPSY, SNOMED, "Kidney biopsy"),
        "effectiveDateTime": "2019-03-04",
        "conclusion": conclusion,
    } | more


@pytest.mark.parametrize("words", ["Focal segmental glomerulosclerosis, tip variant", "FSGS."])
def test_a_report_that_concludes_one_diagnosis_in_words_makes_it(words: str) -> None:
    assert read(in_words(words))["biopsies"] == [{"at": "2019-03-04", "diagnosis": "fsgs"}]


@pytest.mark.parametrize(
    "words",
    [
        *("FSGS or minimal change disease", "No FSGS", "Consistent with FSGS", "Known FSGS of the mother"),
        *("FSGS cannot be excluded", "Previous biopsy: FSGS. Now interstitial nephritis", "FSGS versus MCD"),
    ],
)
def test_a_report_that_doubts_or_names_two_makes_none(words: str) -> None:
    rows = read(in_words(words), condition(DIABETES)).get("biopsies", [])
    assert all("diagnosis" not in row for row in rows)


def test_a_report_on_tissue_whose_words_are_not_known_is_told() -> None:
    pathology = [concept("SP", "http://terminology.hl7.org/CodeSystem/v2-0074")]
    code = concept("11526-1", LOINC, "Ponction biopsie rénale")
    french = in_words("Glomérulonéphrite extra-membraneuse", code=code, category=pathology)
    assert "what it concludes is not read" in odd(french)


# -- results inside reports -------------------------------------------------------------------------------


def report(**more: Any) -> Resource:
    inner = observation("2160-0", quantity(9, "mg/dL")) | {"id": "r1", "subject": {"reference": "#pt"}}
    inner.pop("effectiveDateTime")
    return {
        "resourceType": "DiagnosticReport",
        "id": "d",
        "status": "final",
        "subject": ABOUT,
        "effectiveDateTime": "2019-03-04",
        "code": {"text": "Chemistry"},
        "contained": [inner],
        "result": [{"reference": "#r1"}],
    } | more


def test_results_inside_a_report_have_its_time_and_its_fate() -> None:
    assert read(report())["observations"] == [{"at": "2019-03-04", "creatinine": "9 mg/dL"}]
    struck = report(status="entered-in-error", meta={"versionId": "2"})
    for other in ([struck], [report(meta={"versionId": "1"}), struck]):
        assert "observations" not in read(*other, condition(DIABETES))
    changed = report(modifierExtension=[{"url": "x", "valueBoolean": True}])
    assert "observations" not in read(changed, condition(DIABETES))


# -- values -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "note", "taken"),
    [
        ("33929-1", "taken 2 h after dose - NOT a trough", False),
        ("33929-1", "Sample taken post-dose", False),
        ("33929-1", "", True),
        ("11253-2", "Trough? taken 9am", False),
        ("11253-2", "trough invalid", False),
        ("11253-2", "12h trough", True),
        ("11253-2", "12-hour trough. Target range depends on indication.", True),
        ("11253-2", "Pre dose", True),
    ],
)
def test_a_trough_is_one_by_its_code_and_words(number: str, note: str, taken: bool) -> None:
    value = observation(number, quantity(16, "ng/mL"), note=[{"text": note}] if note else [])
    assert ("observations" in read(value, condition(DIABETES))) is taken


@pytest.mark.parametrize(
    ("number", "value", "more"),
    [
        ("2160-0", quantity(8, "mg/dL"), {"code": concept("2160-0", LOINC, "Creatinina urinária")}),
        ("1751-7", quantity(12, "g/L"), {"code": concept("1751-7", LOINC, "Ascites albumin")}),
        ("2160-0", quantity(12, "mg/dL"), {"specimen": {"display": "24h urine"}}),
        ("29463-7", quantity(3.2, "kg"), {"code": concept("29463-7", LOINC, "Weight of baby")}),
    ],
)
def test_another_fluid_or_another_body_is_not_the_value(number: str, value: Resource, more: Resource) -> None:
    assert "observations" not in read(observation(number, value, **more), condition(DIABETES))


def test_a_range_of_somebody_else_is_no_limit_of_normal() -> None:
    for words in ("Newborn 10-400", "analytical measuring range", "Männer < 50"):
        limits = [{"high": quantity(50, "U/L"), "text": words}]
        found = read(observation("1742-6", quantity(120, "U/L"), referenceRange=limits), condition(DIABETES))
        assert "ULN" not in str(found.get("observations"))


# -- reactions and conditions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "drugs"),
    [
        ("Ciclosporin - gum hyperplasia, changed to tacrolimus", ["cyclosporine"]),
        ("Enalapril cough; losartan ok", ["enalapril"]),
        ("Ramipril cough -> switched to candesartan", ["ramipril"]),
        ("Losartan tolerated well", []),
        ("Losartan not tolerated", ["losartan"]),
        ("Unable to tolerate cyclosporine", ["cyclosporine"]),
        ("Prednisolon wird gut vertragen", []),
        ("Prednisolon nicht vertragen", ["prednisolone"]),
        ("Tacrolimus - entered in error", []),
        ("Pas d'allergie à la prednisone", []),
        ("Angiotensin-Converting Enzyme Inhibitors", ["ace-inhibitor"]),
        ("Nonsteroidal Anti-inflammatory Drugs", ["nsaid"]),
        ("Calcium channel blockers", ["calcium-channel-blocker"]),
    ],
)
def test_a_reaction_is_to_what_is_not_borne(words: str, drugs: list[str]) -> None:
    found = read(allergy(words), condition(DIABETES)).get("reactions", [])
    assert [one["drug"] for one in found] == drugs


@pytest.mark.parametrize(
    "words",
    [
        *("Diabetes? (to be confirmed)", "Diabetes history", "Diabetes - cured", "Diabetes risk assessment"),
        *("Pas de diabète", "Geen diabetes", "Antécédents familiaux de diabète", "Diabetes Familie positiv"),
    ],
)
def test_words_that_do_not_say_that_it_is_there(words: str) -> None:
    told = condition(DIABETES)
    told["code"]["text"] = words
    rows = read(told, observation("2160-0", quantity(1, "mg/dL"))).get("conditions", [])
    assert all(row.get("present") == "unknown" for row in rows)


def test_a_patient_by_identifier_is_the_patient() -> None:
    whose = patient(identifier=[{"system": "https://ids.example/nhs", "value": "9990548609"}])
    value = observation("2160-0", quantity(1, "mg/dL"))
    value["subject"] = {"reference": "Patient?identifier=https://ids.example/nhs|9990548609"}
    assert "observations" in read(value, of=whose)
    value["subject"] = {"reference": "Patient?identifier=https://ids.example/nhs|1"}
    assert "observations" not in read(value, condition(DIABETES), of=whose)


# -- what belongs together ----------------------------------------------------------------------------------


def test_a_taper_that_is_completed_was_taken_as_planned() -> None:
    weeks: dict[str, Any] = {"boundsDuration": {"value": 14, "unit": "d", "code": "d"}}
    rows = [daily(dose, "mg", **weeks) | {"sequence": place} for place, dose in ((1, 60), (2, 40))]
    assert courses(order("prednisone", status="completed", dosageInstruction=rows)) == [
        ("prednisone", "60 mg daily", "2019-03-05", "2019-03-19"),
        ("prednisone", "40 mg daily", "2019-03-19", "2019-04-02"),
    ]
    assert courses(order("prednisone", status="stopped", dosageInstruction=rows))[0][3] == "unknown"


def test_what_is_not_taken_is_no_course_unless_it_was_ordered() -> None:
    assert courses(statement("prednisone", "not-taken")) == []
    assert len(courses(statement("prednisone", "not-taken"), order("prednisone", "20 mg daily"))) == 1


def test_a_dispense_ends_no_order_that_it_names() -> None:
    given = order("cyclosporine", "100 mg bid, colour unknown 7/7") | {"id": "r5"}
    handed = {
        "resourceType": "MedicationDispense",
        "id": "d",
        "status": "completed",
        "subject": ABOUT,
        "medicationCodeableConcept": {"text": "cyclosporine"},
        "whenHandedOver": "2019-03-07",
        "daysSupply": {"value": 30, "unit": "d", "code": "d"},
        "authorizingPrescription": [{"reference": "MedicationRequest/r5"}],
    }
    assert len(courses(given, handed)) == 1


def test_an_infusion_and_its_order_are_one_dose() -> None:
    ordered = order("rituximab", status="completed", dosageInstruction=[daily(1000, "mg", count=1)]) | {
        "id": "r8"
    }
    of_it = {"reference": "MedicationRequest/r8"}
    given = administered("rituximab", "2019-03-06", 1000, request=of_it)
    rows = read(ordered, given, condition(DIABETES))["exposures"]
    assert [row["doses"] for row in rows] == [[{"at": "2019-03-06", "amount": "1000 mg"}]]


def test_a_denial_in_another_language_strikes_the_code_too() -> None:
    coded = {
        "coding": [{"system": "http://www.whocc.no/atc", "code": "M01AE01"}],
        "text": "Pas d'allergie connue",
    }
    assert "reactions" not in read(allergy(code=coded), condition(DIABETES))


@pytest.mark.parametrize(
    ("code", "value", "analyte"),
    [
        ("1000731000000107", quantity(88, "umol/L"), "creatinine"),
        ("1000821000000103", quantity(21, "g/L"), "albumin"),
        ("1028731000000100", quantity(480, "mg/mmol"), "proteinuria"),
        ("27113001", quantity(70, "kg"), "weight"),
    ],
)
def test_values_of_general_practice_in_england(code: str, value: Resource, analyte: str) -> None:
    told = observation("x", value, code=concept(code, SNOMED))
    assert analyte in read(told, condition(DIABETES))["observations"][0]


def test_what_is_in_remission_by_its_code_is_not_there() -> None:
    icd = "http://hl7.org/fhir/sid/icd-10-cm"
    rows = read(condition("C91.01", icd), condition("F33.42", icd), condition(DIABETES))["conditions"]
    assert [row["name"] for row in rows] == ["diabetes"]


def test_a_value_that_is_only_named_is_told() -> None:
    value = observation("2160-0", quantity(88, "umol/L"), code={"text": "Serum creatinine level"})
    assert "under no code known here" in odd(value)
