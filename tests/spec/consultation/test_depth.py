"""Doses, eGFR, what to do first, what is due: the parts of an answer beside the next line."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephroline.catalogue import load_catalogue
from nephroline.consultation import Consultation, consult
from nephroline.pathway import load_pathway
from nephroline.record import read_record

YEAR = Fraction("365.25")
EGFR = load_catalogue().formula_of["egfr"]


def patient(**parts: Any) -> dict[str, Any]:
    return {
        "id": "x",
        "sex": "female",
        "age": "34 years",
        "biopsies": [{"at": "0 mo", "glomeruli": 20, "diagnosis": "fsgs"}],
        "observations": [
            {"at": "0 mo", "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "0.8 mg/dL"}
        ],
    } | parts


def ask(chart: dict[str, Any], at: str, pathway: str = "kdigo-2012/fsgs") -> Consultation:
    return consult(read_record(chart), load_pathway(pathway), at)


def alerts(answer: Consultation) -> set[str]:
    return {alert.id for alert in answer.alerts}


# -- eGFR --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "creatinine", "printed"),
    [(34, "0.8", 99.1), (34, "0.9", 86.0), (34, "2.5", 25.3), (58, "0.9", 74.1), (61, "1.0", 64.1)],
)
def test_the_equation_gives_its_printed_values(age: int, creatinine: str, printed: float) -> None:
    value = EGFR.value(Fraction(creatinine) / 100, age * YEAR, "female")
    assert float(value) == pytest.approx(printed, abs=0.06)


AGES, CREATININES = st.integers(18, 100), st.fractions(Fraction(1, 500), Fraction(1, 5))


@given(AGES, CREATININES, CREATININES, st.sampled_from(["female", "male"]))
def test_egfr_falls_as_creatinine_and_age_rise(age: int, one: Fraction, other: Fraction, sex: str) -> None:
    less, more = sorted((one, other))
    assert EGFR.value(less, age * YEAR, sex) >= EGFR.value(more, age * YEAR, sex)
    assert EGFR.value(one, age * YEAR, sex) >= EGFR.value(one, (age + 1) * YEAR, sex)


@given(AGES, st.integers(5, 150), st.sampled_from(["female", "male"]))
def test_the_creatinine_of_an_egfr_has_that_egfr(age: int, egfr: int, sex: str) -> None:
    edge = EGFR.source_at(Fraction(egfr), age * YEAR, sex)
    assert EGFR.value(edge, age * YEAR, sex) == egfr


def low_egfr(**parts: Any) -> dict[str, Any]:
    rows = [{"at": "0 mo", "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "2.5 mg/dL"}]
    return patient(**({"observations": rows} | parts))


def test_a_computed_egfr_says_from_what() -> None:
    (alert,) = [a for a in ask(low_egfr(), "0 mo").alerts if a.id == "low-egfr-before-steroid"]
    assert "CKD-EPI 2021 from 2.5 mg/dL (0 mo)" in " ".join(alert.because)


def test_the_unit_of_creatinine_means_nothing() -> None:
    rows = [{"at": "0 mo", "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "221 µmol/L"}]
    assert "low-egfr-before-steroid" in alerts(ask(low_egfr(observations=rows), "0 mo"))


def test_a_reported_egfr_goes_before_an_older_creatinine_and_not_before_a_newer_one() -> None:
    rows = low_egfr()["observations"]
    better = [*rows, {"at": "1 mo", "egfr": "75 mL/min/1.73m2"}]
    assert "low-egfr-before-steroid" not in alerts(ask(low_egfr(observations=better), "1 mo"))
    worse = [*better, {"at": "2 mo", "creatinine": "2.6 mg/dL", "proteinuria": "9 g/d", "albumin": "18 g/L"}]
    assert "low-egfr-before-steroid" in alerts(ask(low_egfr(observations=worse), "2 mo"))


def test_without_age_no_egfr_is_computed_and_without_sex_both_are_weighed() -> None:
    ageless, sexless = low_egfr(), low_egfr()
    del ageless["age"]
    del sexless["sex"]
    assert "low-egfr-before-steroid" not in alerts(ask(ageless, "0 mo"))
    assert "low-egfr-before-steroid" not in alerts(ask(sexless, "0 mo"))  # 25 for a woman, 34 for a man
    rows = [{"at": "0 mo", "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "4 mg/dL"}]
    assert "low-egfr-before-steroid" in alerts(ask(sexless | {"observations": rows}, "0 mo"))


# -- the next line -----------------------------------------------------------------------------------


def resistant(**parts: Any) -> dict[str, Any]:
    rows = [
        {"at": f"{month} mo", "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "0.8 mg/dL"}
        for month in (0, 4)
    ]
    steroid = {"drug": "prednisolone", "dose": "70 mg/d", "from": "0 mo", "to": "4 mo"}
    return patient(**({"weight": "70 kg", "observations": rows, "exposures": [steroid]} | parts))


def test_a_dose_is_computed_split_and_capped_or_asks_for_the_weight() -> None:
    line = ask(resistant(), "4 mo").next_line
    assert line is not None
    cyclosporine, prednisolone = line.doses
    assert (
        cyclosporine.for_this_patient
        == "125-175 mg twice a day (begin with 100 + 25 mg; 3-5 mg/kg/d × 70 kg of 0 mo)"
    )
    assert (cyclosporine.least, cyclosporine.greatest) == ("250 mg/d", "350 mg/d")
    assert prednisolone.for_this_patient == "10 mg/d (10 mg; 0.15 mg/kg/d × 70 kg of 0 mo)"
    heavy = ask(patient(weight="110 kg"), "0 mo").next_line
    assert heavy is not None
    assert heavy.doses[0].for_this_patient.startswith("80 mg/d (50 + 25 + 5 mg; ")
    assert "110 mg" not in heavy.doses[0].for_this_patient
    assert heavy.doses[0].greatest == "80 mg/d"
    unweighed = ask(patient(), "0 mo")
    assert unweighed.next_line is not None
    assert unweighed.next_line.doses[0].for_this_patient == "needs weight"
    assert unweighed.next_line.doses[0].least == unweighed.next_line.doses[0].greatest == ""
    assert "weight" in {need.datum for need in unweighed.needs}


def test_a_dose_by_surface_takes_height_and_weight() -> None:
    chart = patient(
        weight="70 kg",
        biopsies=[{"at": "0 mo", "glomeruli": 20, "diagnosis": "mcd"}],
        findings={"fertility_to_be_preserved": {"value": True, "at": "0 mo"}},
        conditions=[{"name": "hepatitis_b", "present": False, "at": "0 mo"}],
        observations=[
            {
                "at": "0 mo",
                "proteinuria": "9 g/d",
                "albumin": "18 g/L",
                "creatinine": "0.8 mg/dL",
                "height": "175 cm",
            },
            {"at": "1 mo", "proteinuria": "0.2 g/d", "albumin": "38 g/L", "creatinine": "0.8 mg/dL"},
            {"at": "2 mo", "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "0.8 mg/dL"},
            {"at": "4 mo", "proteinuria": "0.2 g/d", "albumin": "38 g/L", "creatinine": "0.8 mg/dL"},
        ],
        exposures=[{"drug": "prednisolone", "dose": "70 mg/d", "from": "0 mo"}],
    )
    line = ask(chart, "4 mo", "kdigo-2021/mcd").next_line
    assert line is not None
    assert line.regimen == "rituximab"
    # √(175 × 70 / 3600) = 1.84
    assert line.doses[0].for_this_patient.startswith("690 mg (375 mg/m2 × 1.84 m²")
    assert line.doses[0].least == line.doses[0].greatest == "690 mg"
    for row in chart["observations"]:
        row.pop("height", None)
    shorn = ask(chart, "4 mo", "kdigo-2021/mcd").next_line
    assert shorn is not None
    assert shorn.doses[0].for_this_patient == "needs height and weight"


def test_an_answer_says_which_numbers_behind_it_are_not_sure() -> None:
    line = ask(resistant(), "4 mo").next_line
    assert line is not None
    assert any("[recalled]" in text for text in line.rests_on)
    assert not any("[verified" in text for text in line.rests_on)
    (finding,) = [f for f in ask(resistant(), "4 mo").findings if f.id == "steroid-resistant"]
    assert "nephrotic range 3.5 g/d [recalled]" in finding.rests_on


def first(answer: Consultation) -> set[str]:
    return {action.rule for action in answer.actions if action.before_first_dose}


def test_what_is_done_is_not_asked_for_again() -> None:
    bare = first(ask(patient(), "0 mo"))
    assert {
        "test-hepatitis-b",
        "test-hepatitis-c",
        "test-hiv",
        "test-tuberculosis",
        "review-vaccines",
    } <= bare
    known = patient(
        conditions=[
            {"name": "hepatitis_b", "present": False, "at": "0 mo"},
            {"name": "hiv", "present": "unknown", "at": "0 mo"},
        ],
        findings={"vaccines_reviewed": {"value": True, "at": "0 mo"}},
    )
    assert bare - first(ask(known, "0 mo")) == {"test-hepatitis-b", "review-vaccines"}
    screened = patient(findings={"infection_screened": {"value": True, "at": "0 mo"}})
    assert not {name for name in first(ask(screened, "0 mo")) if name in ("test-hepatitis-b", "test-hiv")}


def test_what_to_do_first_depends_on_what_is_proposed() -> None:
    steroid, cyclosporine = first(ask(patient(), "0 mo")), first(ask(resistant(), "4 mo"))
    assert "plan-bone-protection" in steroid - cyclosporine
    assert "measure-before-cni" in cyclosporine - steroid
    running = ask(
        resistant(exposures=[*resistant()["exposures"], {"drug": "cyclosporine", "from": "4 mo"}]), "5 mo"
    )
    assert "measure-before-cni" not in first(running)


# -- while drugs run ---------------------------------------------------------------------------------


def due(answer: Consultation) -> dict[str, tuple[str, float]]:
    return {item.measure: (item.due.label, item.days_overdue) for item in answer.monitoring}


def on_cyclosporine(*rows: dict[str, Any], dose_change: str | None = None) -> dict[str, Any]:
    first_row = {"drug": "cyclosporine", "dose": "300 mg/d", "from": "16 wk"}
    exposures = [{"drug": "prednisolone", "dose": "70 mg/d", "from": "0 wk", "to": "16 wk"}]
    if dose_change:
        exposures += [
            first_row | {"to": dose_change},
            {"drug": "cyclosporine", "dose": "200 mg/d", "from": dose_change},
        ]
    else:
        exposures += [first_row]
    return resistant(observations=[*resistant()["observations"], *rows], exposures=exposures)


def test_a_value_is_due_after_its_interval_since_the_last_or_the_start() -> None:
    assert due(ask(on_cyclosporine(), "18 wk"))["cyclosporine_trough"] == ("17 wk", 7)
    seen = on_cyclosporine({"at": "17 wk", "cyclosporine_trough": "130 ng/mL"})
    label, late = due(ask(seen, "18 wk"))["cyclosporine_trough"]
    assert late < 0
    assert label == "4.9 mo"  # a month after the first week
    assert due(ask(seen, "26 wk"))["cyclosporine_trough"][1] > 0


def test_a_change_of_dose_asks_for_a_trough_sooner() -> None:
    rows = {"at": "17 wk", "cyclosporine_trough": "190 ng/mL"}
    assert (
        due(ask(on_cyclosporine(rows, dose_change="18 wk"), "18.5 wk"))["cyclosporine_trough"][0] == "19 wk"
    )


def test_nothing_is_due_for_a_drug_that_was_stopped() -> None:
    stopped = resistant()
    assert "glucose" in due(ask(stopped, "3 mo"))
    assert not due(ask(stopped, "5 mo"))


def test_totals_add_up_or_say_what_is_missing() -> None:
    (total,) = ask(resistant(), "5 mo").totals
    assert (total.drug, total.amount, total.weeks) == ("prednisolone", "8.5 g", 17.4)
    by_weight = {"drug": "prednisolone", "dose": "1 mg/kg/d", "from": "0 mo", "to": "4 mo"}
    (same,) = ask(resistant(exposures=[by_weight]), "5 mo").totals
    assert same.amount == total.amount
    lacking = resistant(exposures=[by_weight])
    del lacking["weight"]
    (open_total,) = ask(lacking, "5 mo").totals
    assert open_total.amount == "an unknown amount"
    assert open_total.needs == ["prednisolone 1 mg/kg/d in mg"]


def test_creatinine_that_stays_up_after_the_dose_was_reduced_ends_the_drug() -> None:
    def line(*rows: dict[str, Any], change: str | None, at: str) -> tuple[str, str | None] | None:
        found = ask(on_cyclosporine(*rows, dose_change=change), at).next_line
        return (str(found.action), found.regimen) if found else None

    up = {"at": "22 wk", "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "1.2 mg/dL"}
    still = up | {"at": "24 wk"}
    settled = up | {"at": "24 wk", "creatinine": "0.9 mg/dL"}
    drug = "cyclosporine-low-dose-prednisolone"
    assert line(up, change=None, at="22 wk") == ("adjust", drug)
    assert line(up, change="22 wk", at="22.5 wk") == ("adjust", drug)  # too soon to judge
    assert line(up, still, change="22 wk", at="24 wk") == ("stop", drug)
    assert line(up, still, change=None, at="24 wk") == ("adjust", drug)  # never reduced
    assert line(up, settled, change="22 wk", at="24 wk") == ("continue", drug)


# -- between the definitions -------------------------------------------------------------------------


def after_steroids(*forms: str, albumin: str = "30 g/L", creatinine: str = "0.8 mg/dL") -> dict[str, Any]:
    rows: list[dict[str, Any]] = [
        {"at": "0 mo", "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "0.8 mg/dL"},
        {"at": "4 mo", "albumin": albumin, "creatinine": creatinine},
        *({"at": "4 mo", "proteinuria": form} for form in forms),
    ]
    return patient(
        observations=rows, exposures=[{"drug": "prednisolone", "dose": "1 mg/kg/d", "from": "0 mo"}]
    )


@pytest.mark.parametrize(
    ("chart", "pathway", "response", "named"),
    [
        (
            after_steroids("4.5 g/d"),
            "kdigo-2012/fsgs",
            "indeterminate",
            "a fall by half or more that stays in the nephrotic",
        ),
        (
            after_steroids("4.5 g/d"),
            "kdigo-2021/mcd",
            "indeterminate",
            "a fall by half or more that stays in the nephrotic",
        ),
        (after_steroids("0.2 g/d"), "kdigo-2012/fsgs", "partial-remission", "albumin not above 3.5 g/dL"),
        (
            after_steroids("0.2 g/d", albumin="40 g/L", creatinine="1.1 mg/dL"),
            "kdigo-2012/fsgs",
            "partial-remission",
            "but creatinine is not normal",
        ),
        (
            after_steroids("0.2 g/d", albumin="40 g/L", creatinine="1.1 mg/dL"),
            "kdigo-2021/fsgs",
            "partial-remission",
            "creatinine up by more than 25 %",
        ),
        (
            after_steroids("2 g/d", creatinine="1.1 mg/dL"),
            "kdigo-2012/fsgs",
            "indeterminate",
            "proteinuria of a partial remission, but creatinine up",
        ),
    ],
)
def test_what_falls_between_the_definitions_is_named(
    chart: dict[str, Any], pathway: str, response: str, named: str
) -> None:
    """What has the proteinuria of a complete remission counts as partial, and says what it falls short of."""
    status = ask(chart, "4 mo", pathway).status
    assert status.response == response
    assert named in status.because[-1]


def test_a_response_that_is_defined_needs_no_name() -> None:
    assert len(ask(after_steroids("9 g/d"), "4 mo").status.because) == 1


@pytest.mark.parametrize(
    ("forms", "apart"),
    [
        (("3.0 g/d", "5000 mg/g"), True),
        (("3.0 g/d", "500 mg/mmol"), True),
        (("3.0 g/d", "3900 mg/g"), False),
        (("3.0 g/d", "3901 mg/g"), True),
        (("3.0 g/d",), False),
    ],
)
def test_two_forms_of_proteinuria_that_disagree_are_said(forms: tuple[str, ...], apart: bool) -> None:
    assert ("proteinuria-forms-disagree" in alerts(ask(after_steroids(*forms), "4 mo"))) is apart


@pytest.mark.parametrize("forms", [("3.0 g/d", "5000 mg/g"), ("5000 mg/g", "3.0 g/d")])
def test_the_24_hour_value_decides(forms: tuple[str, ...]) -> None:
    assert ask(after_steroids(*forms), "4 mo").status.response == "partial-remission"


# -- drugs of one class that are not alike -----------------------------------------------------------


@pytest.mark.parametrize(
    ("drug", "dose", "exposure"),
    [
        ("mycophenolate mofetil", "1000 mg/d", "adequate"),
        ("mycophenolate mofetil", "720 mg/d", "inadequate"),
        ("EC-MPS", "720 mg/d", "adequate"),
        ("EC-MPS", "700 mg/d", "inadequate"),
    ],
)
def test_mycophenolate_sodium_counts_as_its_equivalent(drug: str, dose: str, exposure: str) -> None:
    chart = patient(exposures=[{"drug": drug, "dose": dose, "from": "0 mo"}])
    (line,) = ask(chart, "2 mo").lines
    assert line.exposure == exposure


def test_a_steroid_without_an_equivalent_is_not_counted_but_asked_for() -> None:
    chart = after_steroids("9 g/d")
    chart["exposures"][0] |= {"drug": "budesonide", "dose": "9 mg/d"}
    answer = ask(chart, "4 mo")
    assert answer.lines[0].exposure == "unknown"
    assert not [f for f in answer.findings if f.id == "steroid-resistant"]
    assert any("budesonide" in need.why for need in answer.needs)


@pytest.mark.parametrize(("dose", "counts"), [("10 mg/d", True), ("8.5 mg/d", False)])
def test_a_stronger_steroid_counts_as_its_equivalent(dose: str, counts: bool) -> None:
    """10 mg of dexamethasone are 67 mg of prednisolone, 8.5 mg are 57 mg: the patient weighs 66 kg."""
    chart = after_steroids("9 g/d") | {"weight": "66 kg"}
    chart["exposures"][0] |= {"drug": "dexamethasone", "dose": dose}
    answer = ask(chart, "4 mo")
    assert ("steroid-resistant" in {f.id for f in answer.findings}) is counts
    assert (answer.lines[0].exposure == "adequate") is counts


def test_a_pulse_by_weight_is_capped_with_the_sum_shown() -> None:
    rows = [
        {"at": "0 mo", "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "0.8 mg/dL"},
        {"at": "4 mo", "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "0.8 mg/dL"},
        {"at": "6 mo", "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "0.8 mg/dL"},
    ]
    chart = patient(
        weight="60 kg",
        observations=rows,
        exposures=[
            {"drug": "prednisolone", "dose": "60 mg/d", "from": "0 mo", "to": "4 mo"},
            {
                "drug": "cyclosporine",
                "dose": "200 mg/d",
                "from": "4 mo",
                "to": "5 mo",
                "stopped_for": "toxicity",
            },
        ],
        sex="male",
    )
    line = ask(chart, "6 mo").next_line
    assert line is not None
    doses = {dose.drug: dose.for_this_patient for dose in line.doses}
    assert (
        doses["dexamethasone"]
        == "40 mg (2 × 20 mg; 0.9 mg/kg × 60 kg of 0 mo, which comes to more than the most)"
    )
    assert doses["mycophenolate-mofetil"].startswith(
        "750-1000 mg twice a day (begin with 500 + 250 mg; 25-36 mg/kg/d"
    )
    assert [(dose.least, dose.greatest) for dose in line.doses] == [
        ("1500 mg/d", "2000 mg/d"),
        ("40 mg", "40 mg"),
    ]


def test_small_doses_are_not_rounded_above_the_most() -> None:
    chart = resistant()
    answer = consult(read_record(chart), load_pathway("kdigo-2021/fsgs"), "4 mo")
    (other,) = [line for line in answer.alternatives if line.regimen == "tacrolimus"]
    told = other.doses[0].for_this_patient
    assert told.startswith("2-3.5 mg twice a day (")
    assert (other.doses[0].least, other.doses[0].greatest) == ("4 mg/d", "7 mg/d")
