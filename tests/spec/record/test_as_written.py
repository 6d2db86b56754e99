"""What charts say can be written as they say it, and nothing of it is lost or guessed."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from nephroline.catalogue import load_catalogue
from nephroline.consultation import consult
from nephroline.errors import RecordError
from nephroline.pathway import load_pathway
from nephroline.record import Record, read_record

CATALOGUE = load_catalogue()
ZERO = "2019-01-01"


def chart(**fields: Any) -> Record:
    return read_record({"id": "x", **fields})


def observed(**fields: str) -> Record:
    return chart(observations=[{"at": "0 mo", **fields}])


def refusal(**fields: Any) -> str:
    with pytest.raises(RecordError) as bad:
        chart(**fields)
    assert len(bad.value.problems) == 1
    return str(bad.value.problems[0])


# -- units -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "text", "same"),
    [
        ("proteinuria", "3.1 g/gCr", "3.1 g/g"),
        ("proteinuria", "3.1 g/g Cr", "3.1 g/g"),
        ("proteinuria", "310 mg/mmol Cr", "310 mg/mmol"),
        ("proteinuria", "3100 mg/gCr", "3100 mg/g"),
        ("proteinuria", "3.1 g/24hr", "3.1 g/d"),
        ("proteinuria", "3.1 g/24 hrs", "3.1 g/d"),
        ("proteinuria", "3100 mg/24hr", "3.1 g/d"),
        ("proteinuria", "3.1 g/(24.h)", "3.1 g/d"),
        ("egfr", "54 mL/min/{1.73_m2}", "54 mL/min/1.73m2"),
        ("creatinine", "0.25 mmol/L", "250 µmol/L"),
        ("potassium", "4.2 mEq/L", "4.2 mmol/L"),
        ("total_cholesterol", "3.2 g/L", "320 mg/dL"),
        ("triglycerides", "2.1 g/L", "210 mg/dL"),
        ("weight", "154 lb", "69.85322498 kg"),
        ("height", "1.70 m", "170 cm"),
        ("height", "1,70 m", "170 cm"),
        ("leukocytes", "7.2 10*9/L", "7.2 10^9/L"),
        ("leukocytes", "7.2 10*3/uL", "7.2 10^9/L"),
        ("systolic", "140 mm[Hg]", "140 mmHg"),
    ],
)
def test_units_as_laboratories_print_them(field: str, text: str, same: str) -> None:
    one, other = (observed(**{field: value}).observations[0].value for value in (text, same))
    assert one is not None
    assert other is not None
    assert (one.low, one.dimension) == (other.low, other.dimension)


def test_enzyme_activity_is_kept_and_is_no_multiple_of_normal() -> None:
    value = observed(transaminases="45 U/L").observations[0].value
    assert value is not None
    assert value.dimension == "catalytic-concentration"
    alerts: dict[str, list[str]] = {}
    for text in ("400 U/L", "10 ULN"):
        record = chart(
            observations=[{"at": "0 mo", "transaminases": text, "proteinuria": "9 g/d"}],
            exposures=[{"drug": "sparsentan", "from": "-1 mo"}],
        )
        answer = consult(record, load_pathway("kdigo-2012/fsgs"), "0 mo")
        alerts[text] = [alert.id for alert in answer.alerts]
    assert set(alerts["10 ULN"]) > set(alerts["400 U/L"])


def test_an_equivalent_is_a_mole_of_potassium_only() -> None:
    assert "is not a unit for this" in refusal(observations=[{"at": "0 mo", "magnesium": "1.6 mEq/L"}])


def test_every_ucum_code_of_a_unit_is_read() -> None:
    # mL/min is the code of a filtration that is not per body surface; a month and year have a subscript.
    other = {"1", "mL/min", "mo_j", "a_j", "ug"}
    missing = [
        unit.ucum
        for unit in CATALOGUE.units_by_code.values()
        if unit.ucum not in CATALOGUE.units and unit.ucum not in other
    ]
    assert missing == []


@pytest.mark.parametrize("name", ["pcr", "upcr", "protein_to_creatinine_ratio"])
def test_a_protein_to_creatinine_ratio_is_proteinuria(name: str) -> None:
    assert observed(**{name: "3.1 g/g"}).observations[0].analyte == "proteinuria"


@pytest.mark.parametrize("name", ["acr", "uacr", "albumin_to_creatinine_ratio"])
def test_an_albumin_to_creatinine_ratio_is_not(name: str) -> None:
    assert observed(**{name: "3100 mg/g"}).observations[0].analyte == "albuminuria"


# -- times -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2019-03", "2019-03-01", "2019-03-31"),
        ("2020-02", "2020-02-01", "2020-02-29"),
        ("2018-12", "2018-12-01", "2018-12-31"),
        ("2019", "2019-01-01", "2019-12-31"),
    ],
)
def test_part_of_a_date_is_some_day_of_it(text: str, first: str, last: str) -> None:
    record = chart(time_zero=ZERO, observations=[{"at": text, "albumin": "3 g/dL"}])
    at = record.observations[0].at
    zero = date.fromisoformat(ZERO)
    assert at.earliest == (date.fromisoformat(first) - zero).days
    assert at.latest == (date.fromisoformat(last) - zero).days
    assert str(at) == text
    if at.latest > 0:
        assert [str(moment) for moment in record.moments()] == [last]


@pytest.mark.parametrize(
    "text",
    ["2019-03-04T08:30", "2019-03-04 08:30", "2019-03-04T08:30:15Z", "2019-03-04T23:30:00.123+02:00"],
)
def test_of_a_date_and_time_the_date_is_taken(text: str) -> None:
    record = chart(time_zero="2019-01-01T10:00", observations=[{"at": text, "albumin": "3 g/dL"}])
    assert str(record.observations[0].at) == "2019-03-04"


@pytest.mark.parametrize("text", ["2019-13", "2019-00", "2019-02-30T08:30"])
def test_what_is_no_month_or_day_is_refused(text: str) -> None:
    assert "of the calendar" in refusal(time_zero=ZERO, observations=[{"at": text, "albumin": "3 g/dL"}])


def test_before_part_of_a_date_is_before_its_first_day() -> None:
    record = chart(time_zero=ZERO, exposures=[{"drug": "ramipril", "from": "before 2019-03"}])
    assert record.exposures[0].start.latest == 58


def test_a_month_of_the_calendar_needs_a_calendar() -> None:
    assert "time zero of this record is not" in refusal(observations=[{"at": "2019-03", "albumin": "3 g/dL"}])


@pytest.mark.parametrize("text", ["1000000000 mo", "-201 years", "P9999Y"])
def test_times_beyond_two_centuries_are_refused(text: str) -> None:
    assert "more than 200 years" in refusal(observations=[{"at": text, "albumin": "3 g/dL"}])


def test_a_decision_before_time_zero_sees_what_was_known_then() -> None:
    record = chart(
        observations=[{"at": "-3 mo", "proteinuria": "5 g/d"}, {"at": "0 mo", "proteinuria": "9 g/d"}]
    )
    pathway = load_pathway("kdigo-2012/fsgs")
    assert consult(record, pathway, "-30d").as_of.label == "-30d"


def test_a_negative_time_is_an_option_of_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "chart.yaml"
    file.write_text("id: x\nobservations: [{at: -3 mo, proteinuria: 5 g/d}]\n", encoding="utf-8")
    for at in ("-30d", "-3 mo"):
        command = [sys.executable, "-m", "nephroline", "consult", str(file), "--quick", "--at", at]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert f" · {at} · " in done.stdout


def test_a_planned_end_is_no_decision_time() -> None:
    rows: list[dict[str, Any]] = [
        {"drug": "prednisolone", "dose": "75 mg/d", "from": "0 mo", "to": "8 wk"},
        {"drug": "prednisolone", "dose": "30 mg/d", "from": "8 wk", "to": "6 mo"},
    ]
    seen = [{"at": "0 mo", "proteinuria": "9 g/d"}, {"at": "6 wk", "proteinuria": "0.1 g/d"}]
    assert str(chart(observations=seen, exposures=rows).last_fact()) == "6 wk"
    stopped = {**rows[1], "stopped_for": "toxicity"}
    assert str(chart(observations=seen, exposures=[rows[0], stopped]).last_fact()) == "6 mo"
    other = {"drug": "tacrolimus", "from": "9 wk"}
    assert str(chart(observations=seen, exposures=[*rows, other]).last_fact()) == "9 wk"
    assert chart().last_fact() is None


# -- the head ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        ("F", "female"),
        ("Female", "female"),
        ("woman", "female"),
        ("m", "male"),
        ("man", "male"),
        ("Unknown", None),
    ],
)
def test_sex_as_charts_write_it(text: str, sex: str | None) -> None:
    assert chart(sex=text).sex == sex


def test_an_age_between_bounds_is_told_and_not_guessed() -> None:
    record = chart(age="30-40 years")
    assert record.age_zero is None
    assert record.age_between == (30 * Fraction("365.25"), 40 * Fraction("365.25"))
    assert "30-40 years" in record.faults[0].text


def test_a_year_of_birth_is_an_age_between_bounds() -> None:
    record = chart(time_zero=ZERO, birth_date="1980")
    assert record.age_zero is None
    assert record.age_between is not None
    assert "born 1980" in record.faults[0].text


# -- words -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "text", "word"),
    [
        ("proteinuria", "negative", "negative"),
        ("proteinuria", "Trace", "trace"),
        ("proteinuria", "normal", "normal"),
        ("proteinuria", "2+", "dipstick-2"),
        ("proteinuria", "++++", "dipstick-4"),
        ("proteinuria", "dipstick 3+", "dipstick-3"),
        ("proteinuria", "nephrotic range", "nephrotic-range"),
        ("albumin", "high", "high"),
        ("albumin", "hypoalbuminaemia", "low"),
        ("blood_pressure", "normal", "normal"),
        ("oedema", "worse", "worse"),
        ("edema", "gone", "absent"),
        ("oedema", "none", "absent"),
        ("oedema", "mild", "slight"),
        ("oedema", "massive", "severe"),
        ("response", "complete remission", "complete-remission"),
    ],
)
def test_words_as_charts_write_them(field: str, text: str, word: str) -> None:
    assert observed(**{field: text}).observations[0].word == word


def test_a_remission_of_unstated_kind_stays_one() -> None:
    assert observed(response="remission").observations[0].word == "remission"


@pytest.mark.parametrize("word", ["improved", "stable", "better"])
def test_a_course_is_no_response(word: str) -> None:
    told = refusal(observations=[{"at": "0 mo", "response": word}])
    assert "a course, not a response" in told


# -- rows that are kept and not used -----------------------------------------------------------------


def test_a_row_struck_out_is_kept_and_not_used() -> None:
    struck = {"entered_in_error": True}
    record = chart(
        observations=[
            {"at": "0 mo", "creatinine": "1 mg/dL"},
            {"at": "0 mo", "creatinine": "80 mg/dL", **struck},
        ],
        conditions=[{"name": "hypertension", "at": "0 mo", **struck}],
        biopsies=[{"at": "0 mo", "diagnosis": "mcd", **struck}],
        exposures=[{"drug": "prednisolone", "dose": "60 mg/d", "from": "0 mo", **struck}],
        findings={"bone_plan_made": {"value": True, "at": "0 mo", **struck}},
    )
    assert len(record.observations) == 1
    assert not (record.conditions or record.biopsies or record.exposures or record.assertions)
    assert sorted(fault.text for fault in record.faults) == [
        "biopsy mcd (0 mo): entered in error",
        "bone_plan_made (0 mo): entered in error",
        "creatinine 80 mg/dL (0 mo): entered in error",
        "hypertension (0 mo): entered in error",
        "prednisolone 60 mg/d (0 mo): entered in error",
    ]


@pytest.mark.parametrize("where", ["conditions", "findings"])
def test_a_label_in_the_chart_is_told_and_not_used(where: str) -> None:
    row = {"at": "12 mo"}
    fields: dict[str, Any] = (
        {"conditions": [{"name": "steroid resistant", **row}]}
        if where == "conditions"
        else {"findings": {"steroid_resistant": {"value": True, **row}}}
    )
    record = chart(**fields)
    assert not (record.conditions or record.assertions)
    assert record.faults[0].text == (
        "label in the chart: steroid-resistant (12 mo): not used, the course decides"
    )
    assert str(record.last_fact()) == "12 mo"


def test_an_unlisted_fact_of_the_decision_day_is_told() -> None:
    record = chart(
        conditions=[{"name": "gout", "unlisted": True, "at": "0 mo"}],
        observations=[{"at": "0 mo", "proteinuria": "9 g/d"}],
    )
    answer = consult(record, load_pathway("kdigo-2012/fsgs"), "0 mo")
    assert any("gout" in fault for fault in answer.faults)


# -- conditions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("ESRD", "kidney_failure"),
        ("dialysis", "dialysis"),
        ("congestive heart failure", "heart_failure"),
        ("malignancy", "cancer"),
        ("hodgkin-lymphoma", "hodgkin_lymphoma"),
        ("thymoma", "thymoma"),
        ("tacrolimus neurotoxicity", "calcineurin_neurotoxicity"),
        ("obesity", "obesity"),
        ("suspected cause", "suspected_cause"),
    ],
)
def test_conditions_as_charts_name_them(name: str, known: str) -> None:
    assert known in [item.name for item in chart(conditions=[{"name": name, "at": "0 mo"}]).conditions]


def test_a_kind_of_infection_is_an_infection_while_it_is_there() -> None:
    record = chart(
        conditions=[
            {"name": "pneumonia", "at": "1 mo"},
            {"name": "pneumonia", "present": False, "at": "3 mo"},
            {"name": "cellulitis", "present": False, "at": "4 mo"},
        ]
    )
    assert [(str(c.at), c.present) for c in record.conditions if c.name == "infection"] == [
        ("1 mo", True),
        ("3 mo", None),
    ]


# -- contradictions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            {"conditions": [{"name": "pregnancy", "at": "0 mo", "present": yes} for yes in (True, False)]},
            "both there and not there at 0 mo",
        ),
        (
            {"biopsies": [{"at": "0 mo", "glomeruli": 9, "diagnosis": name} for name in ("fsgs", "mcd")]},
            "biopsies of one day (0 mo) show FSGS and minimal change disease",
        ),
        (
            {"sex": "M", "conditions": [{"name": "pregnancy", "at": "0 mo"}]},
            "pregnancy is recorded, and the sex is male",
        ),
        (
            {"findings": {"bone_plan_made": [{"at": "0 mo", "value": yes} for yes in (True, False)]}},
            "both true and false at 0 mo",
        ),
        (
            {
                "conditions": [
                    {"name": "pneumonia", "at": "0 mo"},
                    {"name": "infection", "at": "0 mo", "present": False},
                ]
            },
            "infection is both there and not there",
        ),
        (
            {"observations": [{"at": "0 mo", "creatinine": text} for text in ("4.0 mg/dL", "70 µmol/L")]},
            "given as both 4.0 mg/dL and 70 µmol/L",
        ),
    ],
)
def test_yes_and_no_of_one_day_is_refused(fields: dict[str, Any], told: str) -> None:
    assert told in refusal(**fields)


def test_two_forms_of_one_value_may_differ_by_rounding() -> None:
    rows = [{"at": "0 mo", "creatinine": text} for text in ("1.0 mg/dL", "88 µmol/L", "90 µmol/L")[:2]]
    assert len(chart(observations=rows).observations) == 2


def test_a_time_that_cannot_be_read_does_not_hide_a_contradiction() -> None:
    rows = [
        {"at": at, "proteinuria": text}
        for at, text in (("about 330 d", "2 g/d"), ("330 d", "2 g/d"), ("330 d", "3 g/d"))
    ]
    with pytest.raises(RecordError) as bad:
        chart(observations=rows)
    assert len(bad.value.problems) == 2


# -- slips of the unit -------------------------------------------------------------------------------


def course(*values: str, **more: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [{"at": f"{i} mo", "proteinuria": text} for i, text in enumerate(values)]
    rows[-1] |= more
    return rows


@pytest.mark.parametrize(
    "values",
    [("7.8 g/g", "5.1 mg/g"), ("5.1 mg/g", "7.8 g/g"), ("7800 mg/g", "5.1 mg/g"), ("7.8 g/d", "20 mg/d")],
)
def test_a_slip_of_a_thousand_is_asked_about(values: tuple[str, ...]) -> None:
    told = refusal(observations=course(*values))
    assert all(text in told for text in values)
    assert "did you mean g/" in told


@pytest.mark.parametrize(
    "values",
    [("7.8 g/g", "0.02 g/g"), ("7800 mg/g", "20 mg/g"), ("7.8 g/g", "80 mg/g"), ("0.2 g/g", "5.1 mg/g")],
)
def test_a_remission_is_none(values: tuple[str, ...]) -> None:
    assert len(chart(observations=course(*values)).observations) == 2


def test_a_value_is_confirmed_as_printed() -> None:
    record = chart(observations=course("7.8 g/g", "5.1 mg/g", as_printed=True))
    assert len(record.observations) == 2


def test_a_value_below_any_patient_is_asked_about_and_can_be_kept() -> None:
    assert "did you mean g/dL?" in refusal(observations=[{"at": "0 mo", "albumin": "3.6 g/L"}])
    record = chart(observations=[{"at": "0 mo", "albumin": "3.6 g/L", "as_printed": True}])
    assert not record.observations
    assert "printed so, not used" in record.faults[0].text


# -- files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_files_of_older_systems_are_read(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "chart.yaml"
    file.write_bytes("id: Müller\nobservations: [{at: 0 mo, creatinine: 88 µmol/L}]\n".encode(encoding))
    record = read_record(file)
    assert record.id == "Müller"
    assert record.observations[0].text == "88 µmol/L"


def test_a_source_without_an_end_is_refused_at_the_limit() -> None:
    with pytest.raises(RecordError, match="larger than 8 MB"):
        read_record(Path("/dev/zero"))


def test_standard_input_without_an_end_is_refused_at_the_limit() -> None:
    with Path("/dev/zero").open("rb") as zeros:
        done = subprocess.run(
            [sys.executable, "-m", "nephroline", "consult", "-"],
            stdin=zeros,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert "larger than 8 MB" in done.stderr
