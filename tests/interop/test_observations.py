"""Observations: values, units, words, tests, panels; and why what is not used is not."""

from __future__ import annotations

from typing import Any

import pytest
from charts import Resource, bundle, concept, observation, patient, quantity

from nephroline.interop.fhir import FhirRecord, read_fhir


def rows(found: FhirRecord, section: str = "observations") -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = found.record.get(section, [])
    return kept


def because(found: FhirRecord) -> str:
    return "; ".join(fate.because for fate in found.reading.fates)


@pytest.mark.parametrize(
    ("resource", "written"),
    [
        (observation("2889-4", quantity(9.50, "g/(24.h)")), {"proteinuria": "9.5 g/(24.h)"}),
        (observation("2889-4", {"value": 9500, "unit": "mg/24h"}), {"proteinuria": "9500 mg/24h"}),
        (observation("2890-2", quantity(8, "mg/mg{creat}")), {"proteinuria": "8 mg/mg"}),
        (observation("34366-5", quantity(900, "mg/mmol{creat}")), {"proteinuria": "900 mg/mmol{creat}"}),
        (observation("2160-0", quantity(1, "mg/dL", comparator="<")), {"creatinine": "< 1 mg/dL"}),
        (observation("14682-9", quantity(88, "umol/L")), {"creatinine": "88 umol/L"}),
        (observation("14959-1", quantity(4000, "mg/g{creat}")), {"albuminuria": "4000 mg/g{creat}"}),
        (observation("1751-7", "18 g/L"), {"albumin": "18 g/L"}),
        (observation("6690-2", quantity(3.2, "10*9/L")), {"leukocytes": "3.2 10*9/L"}),
        (observation("29463-7", quantity(154, "[lb_av]")), {"weight": "154 [lb_av]"}),
        (
            observation("2160-0", {"value": 1.1}, referenceRange=[{"high": quantity(1.2, "mg/dL")}]),
            {"creatinine": "1.1 mg/dL"},
        ),
        (
            observation("1742-6", quantity(80, "U/L"), referenceRange=[{"high": quantity(40, "U/L")}]),
            {"transaminases": "2 ULN", "printed": "80 U/L, normal up to 40"},
        ),
        (
            observation("3520-4", quantity(150, "ng/mL"), note=[{"text": "trough"}]),
            {"cyclosporine_trough": "150 ng/mL"},
        ),
        (
            observation("2160-0", quantity(1, "mg/dL"), status="corrected"),
            {"creatinine": "1 mg/dL", "note": "corrected"},
        ),
    ],
)
def test_a_value_is_written_as_it_was_sent(resource: Resource, written: dict[str, str]) -> None:
    assert rows(read_fhir(bundle(resource))) == [{"at": "2019-03-04"} | written]


@pytest.mark.parametrize(
    ("resource", "why", "odd"),
    [
        (
            observation("2160-0", quantity(1, "mg/dL"), status="entered-in-error"),
            "its status is entered-in-error",
            False,
        ),
        (observation("2160-0", quantity(1, "mg/dL"), status="cancelled"), "its status is cancelled", False),
        (observation("2160-0", quantity(1, "mmHg")), "the unit mmHg is none of serum creatinine", True),
        (observation("2160-0", {"value": 1}), "it has no unit", True),
        (observation("2160-0"), "no value that can be read", True),
        (observation("2160-0", "see report"), "is no value of serum creatinine", True),
        (observation("2160-0", quantity(900, "mg/dL")), "not a possible serum creatinine", True),
        (
            observation("2160-0", dataAbsentReason=concept("error", "x", "specimen lost")),
            "no value (specimen lost)",
            False,
        ),
        (observation("2160-0", quantity(1, "mg/dL"), effectiveDateTime="soon"), "it has no date", True),
        (observation("3520-4", quantity(150, "ng/mL")), "nothing says that the level is a trough", True),
        (observation("3520-4", quantity(150, "ng/mL"), note=[{"text": "not a trough"}]), "is a trough", True),
        (observation("718-7", quantity(12, "g/dL")), "no rule reads it", False),
        (observation("82991-1", quantity(50, "RU/mL")), "a number of another test", True),
        (observation("48398-2", "negative"), "a negative result does not exclude it", False),
        (observation("5195-3", "see comment"), "neither positive nor negative", True),
        (
            observation("24323-8", hasMember=[{"reference": "Observation/x"}]),
            "a panel: its members are read",
            False,
        ),
    ],
)
def test_what_is_not_used_says_why(resource: Resource, why: str, odd: bool) -> None:
    found = read_fhir(bundle(resource))
    assert not rows(found)
    assert not rows(found, "conditions")
    assert why in because(found)
    assert any(fate.outcome == ("not-understood" if odd else "left-out") for fate in found.reading.fates)


@pytest.mark.parametrize(
    ("resource", "condition", "present"),
    [
        (observation("5195-3", "Negative"), "hepatitis_b", False),
        (observation("5195-3", "Reactive"), "hepatitis_b", True),
        (observation("48398-2", "detected"), "hepatitis_b", True),
        (
            observation("13952-7", valueCodeableConcept=concept("10828004", "http://snomed.info/sct")),
            "hepatitis_b_core",
            True,
        ),
        (observation("56888-1", "positive"), "hiv", "unknown"),
        (observation("56888-1", "non-reactive"), "hiv", False),
        (observation("71773-6", "positive"), "latent_tuberculosis", True),
        (observation("2106-3", valueBoolean=False), "pregnancy", False),
        (observation("11011-4", interpretation=[concept("ND", "x")]), "hepatitis_c", False),
    ],
)
def test_a_test_says_whether_a_condition_is_there(
    resource: Resource, condition: str, present: bool | str
) -> None:
    (row,) = rows(read_fhir(bundle(resource)), "conditions")
    assert (row["name"], row.get("present", True)) == (condition, present)


def test_the_parts_of_a_panel_are_read() -> None:
    parts = [
        {"code": concept("8480-6"), "valueQuantity": quantity(125, "mm[Hg]")},
        {"code": concept("8462-4"), "valueQuantity": quantity(80, "mm[Hg]")},
    ]
    found = read_fhir(bundle(observation("85354-9", component=parts)))
    assert [set(row) - {"at"} for row in rows(found)] == [{"systolic"}, {"diastolic"}]


def test_of_one_day_the_last_value_is_used_and_the_others_are_told() -> None:
    early = observation("2160-0", quantity(2, "mg/dL"), "2019-03-04T08:00:00+01:00", id="early")
    late = observation("2160-0", quantity(3, "mg/dL"), "2019-03-04T21:00:00+01:00", id="late")
    found = read_fhir(bundle(late, early))
    assert rows(found) == [{"at": "2019-03-04", "creatinine": "3 mg/dL"}]
    assert "Observation/late stands for that day" in because(found)


def test_two_forms_of_one_day_stay_two() -> None:
    found = read_fhir(
        bundle(observation("2889-4", quantity(9, "g/d")), observation("2890-2", quantity(8, "g/g")))
    )
    assert len(rows(found)) == 2


def test_a_partial_date_stays_partial_and_a_zone_keeps_its_day() -> None:
    found = read_fhir(
        bundle(
            observation("2160-0", quantity(1, "mg/dL"), "2019-05"),
            observation("1751-7", quantity(18, "g/L"), "2019-03-04T00:30:00+02:00"),
        )
    )
    assert [row["at"] for row in rows(found)] == ["2019-03-04", "2019-05"]
    assert found.record["time_zero"] == "2019-03-04"


@pytest.mark.parametrize(
    ("answer", "present"),
    [(concept("LA15173-0"), True), (concept("LA26683-5"), False), (concept("LA4489-6"), None)],
)
def test_an_answer_of_a_list_says_whether_it_is_there(answer: Resource, present: bool | None) -> None:
    asked = observation("82810-3", valueCodeableConcept=answer)
    value = observation("2160-0", quantity(1, "mg/dL"))
    found = read_fhir(bundle(asked, value, of=patient(gender="female")))
    said = [row.get("present", True) for row in rows(found, "conditions")]
    assert said == ([] if present is None else [present])


def test_a_finding_is_read_by_our_own_code() -> None:
    said = observation(
        "x", code=concept("secondary_cause_excluded", "urn:nephroline:finding"), valueBoolean=False
    )
    found = read_fhir(bundle(said)).record["findings"]["secondary_cause_excluded"]
    assert (found["value"], found["at"]) == (False, "2019-03-04")


@pytest.mark.parametrize(
    ("first", "second", "present"),
    [
        (("5196-1", "Negative", "08"), ("5196-1", "Positive", "09"), True),
        (("5196-1", "Positive", "08"), ("5196-1", "Negative", "09"), False),
        (("5196-1", "Positive", "08"), ("5196-1", "Negative", "08"), "unknown"),
        (("29615-2", "Detected", "08"), ("5196-1", "Negative", "09"), True),
    ],
)
def test_of_tests_of_one_day_the_last_decides_and_of_several_a_positive_one(
    first: tuple[str, str, str], second: tuple[str, str, str], present: object
) -> None:
    tests = [observation(code, said, f"2019-03-04T{hour}:00:00Z") for code, said, hour in (first, second)]
    tests[1]["id"] = "second"
    found = read_fhir(bundle(*tests, observation("2160-0", quantity(1, "mg/dL"))))
    assert [row.get("present", True) for row in rows(found, "conditions")] == [present]


def test_a_value_that_no_patient_has_does_not_hide_another_of_that_day() -> None:
    good = observation("2160-0", quantity(1.1, "mg/dL"), "2019-03-04T07:00:00Z")
    odd = observation("2160-0", quantity(97, "mg/dL"), "2019-03-04T09:00:00Z", id="odd")
    found = read_fhir(bundle(good, odd))
    assert rows(found) == [{"at": "2019-03-04", "creatinine": "1.1 mg/dL"}]
    assert "no patient has such a value" in because(found)


def test_the_limit_of_the_healthy_is_the_one_that_a_multiple_goes_by() -> None:
    limits = [
        {"type": {"text": "critical"}, "high": quantity(500, "U/L")},
        {"type": {"text": "normal"}, "high": quantity(40, "U/L")},
    ]
    found = read_fhir(bundle(observation("1742-6", quantity(300, "U/L"), referenceRange=limits)))
    assert rows(found)[0]["transaminases"] == "7.5 ULN"


@pytest.mark.parametrize(
    "note",
    ["Therapeutic range (trough): 5-15 ng/mL", "2h post dose; see trough of yesterday", "sample C0412"],
)
def test_a_note_that_names_a_trough_need_not_say_that_this_is_one(note: str) -> None:
    assert rows(read_fhir(bundle(observation("11253-2", quantity(18, "ng/mL"), note=[{"text": note}])))) == []


@pytest.mark.parametrize(
    "more",
    [
        {"focus": [{"reference": "RelatedPerson/donor"}]},
        {"subject": {"reference": "Group/p1"}},
        {"subject": {"identifier": {"value": "B"}}},
    ],
)
def test_what_is_about_somebody_else_is_left_out(more: Resource) -> None:
    other = observation("2160-0", quantity(9, "mg/dL")) | more
    whole = bundle(other, observation("1751-7", quantity(3, "g/dL")), of=patient(identifier=[{"value": "A"}]))
    assert [set(row) - {"at"} for row in rows(read_fhir(whole))] == [{"albumin"}]


def test_what_has_the_patient_as_its_focus_is_about_the_patient() -> None:
    value = observation("2160-0", quantity(0.9, "mg/dL"), focus=[{"reference": "Patient/p1"}])
    assert rows(read_fhir(bundle(value)))[0]["creatinine"] == "0.9 mg/dL"


def test_of_two_versions_that_nothing_orders_the_one_that_was_struck_out_counts() -> None:
    value = observation("2160-0", quantity(9, "mg/dL"))
    whole = bundle(value | {"status": "entered-in-error"}, value, observation("1751-7", quantity(3, "g/dL")))
    assert [set(row) - {"at"} for row in rows(read_fhir(whole))] == [{"albumin"}]
