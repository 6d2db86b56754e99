"""What the answer says in few words: who the patient is, how it stands, what was given, what is to be done."""

from __future__ import annotations

import json
from typing import Any

import pytest
from adult import EXCLUDED, adult, seen

from nephroline.consultation import consult, spell
from nephroline.consultation.wording import spell_short
from nephroline.pathway import load_pathway
from nephroline.record import read_record

PATHWAY = load_pathway("kdigo-2021/fsgs")


FIRST = seen("0 wk", "9 g/d", "18 g/L")
NEPHROTIC = seen("16 wk", "8 g/d", "19 g/L")
EARLY_REMISSION = seen("10 wk", "0.2 g/d", "38 g/L")
REMISSION = seen("16 wk", "0.1 g/d", "40 g/L")
STEROID = {"drug": "prednisolone", "dose": "70 mg/d", "from": "0 wk"}
LOW_STEROID = {"drug": "prednisolone", "dose": "10 mg/d", "from": "17 wk"}
CYCLOSPORINE = {
    "drug": "cyclosporine",
    "dose": "125 mg bid",
    "trough_target": "100-175 ng/mL",
    "from": "17 wk",
}


def summary(at: str, observations: list[Any], exposures: list[Any], **more: Any) -> dict[str, list[str]]:
    """The sections of the summary of the adult."""
    answer = consult(read_record(adult(observations, exposures, **more)), PATHWAY, at)
    return {section["label"]: section["items"] for section in json.loads(answer.to_json())["summary"]}


def of_patient(**more: Any) -> list[str]:
    told = summary("16 wk", [FIRST, NEPHROTIC], [STEROID], **more)["patient"]
    assert [told[0], *told[-2:]] == ["x", "at 16 wk", "KDIGO 2021"]
    return told[1:-2]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, ["male, 40 y, 70 kg", "FSGS on biopsy", "eGFR 110, stable"]),
        ({"sex": "F"}, ["female, 40 y, 70 kg", "FSGS on biopsy", "eGFR 82, stable"]),
        (
            {"findings": EXCLUDED | {"calcineurin_inhibitor_unsuitable": {"value": True, "at": "10 wk"}}},
            [
                "male, 40 y, 70 kg",
                "FSGS on biopsy",
                "calcineurin inhibitor judged unsuitable",
                "eGFR 110, stable",
            ],
        ),
        (
            {"reactions": [{"drug": "cyclosporine", "at": "3 wk", "what": "seizure"}]},
            ["male, 40 y, 70 kg", "FSGS on biopsy", "reaction to cyclosporine", "eGFR 110, stable"],
        ),
        (
            {
                "conditions": [
                    {"name": "hypertension", "at": "0 wk"},
                    {"name": "diabetes", "present": False, "at": "0 wk"},
                    {"name": "psychiatric_disease", "control": "severe", "at": "16 wk"},
                ]
            },
            [
                "male, 40 y, 70 kg",
                "FSGS on biopsy",
                "severe psychiatric disease",
                "hypertension",
                "eGFR 110, stable",
            ],
        ),
        (
            {"conditions": [{"name": "psychiatric_disease", "control": "severe", "at": "2 wk"}]},
            [
                "male, 40 y, 70 kg",
                "FSGS on biopsy",
                "severe psychiatric disease (14 wk ago)",
                "eGFR 110, stable",
            ],
        ),
    ],
)
def test_who_the_patient_is(more: dict[str, Any], told: list[str]) -> None:
    assert of_patient(**more) == told


@pytest.mark.parametrize(
    ("diagnosis", "edition"),
    [
        ("fsgs", "KDIGO 2021"),
        ("mcd", "KDIGO 2021 FSGS, provisional"),
        ("lupus-nephritis", "KDIGO 2021 FSGS, does not apply"),
        (None, "KDIGO 2021 FSGS, provisional"),
    ],
)
def test_the_disease_of_an_edition_is_named_where_the_biopsy_shows_another(
    diagnosis: str | None, edition: str
) -> None:
    shown = [] if diagnosis is None else [{"at": "0 wk", "glomeruli": 20, "diagnosis": diagnosis}]
    assert summary("0 wk", [FIRST], [], biopsies=shown)["patient"][-1] == edition


STILL_NEPHROTIC = "a fall by half or more that stays in the nephrotic range: neither remission nor resistance; measure again"
TWICE_A_DAY = "125 mg twice a day (100 + 25 mg each time; range 125-175 mg)"
STATUS: list[tuple[str, list[Any], list[str]]] = [
    ("0 wk", [FIRST], ["untreated", "nephrotic syndrome"]),
    ("16 wk", [FIRST, NEPHROTIC], ["no remission, seen now", "steroid-resistant", "nephrotic syndrome"]),
    ("115 d", [FIRST, NEPHROTIC], ["no remission, seen 3 d ago", "steroid-resistant", "nephrotic syndrome"]),
    ("17 wk", [FIRST, NEPHROTIC], ["no remission for 7 d", "steroid-resistant", "nephrotic syndrome"]),
    ("20 wk", [FIRST, NEPHROTIC], ["no remission for 4 wk", "steroid-resistant", "nephrotic syndrome"]),
    ("16 wk", [FIRST, EARLY_REMISSION, REMISSION], ["complete remission for 6 wk"]),
    ("16 wk", [FIRST, seen("16 wk", "2 g/d", "30 g/L")], ["partial remission, seen now"]),
    (
        "16 wk",
        [FIRST, seen("16 wk", "4 g/d", "30 g/L")],
        [
            "indeterminate, seen now",
            STILL_NEPHROTIC,
        ],
    ),
    (
        "16 wk",
        [FIRST, {"at": "16 wk", "proteinuria": "3+"}],
        ["not settled: no response or indeterminate (16 wk)"],
    ),
    (
        "30 wk",
        [FIRST, EARLY_REMISSION, REMISSION, seen("30 wk", "4 g/d", "36 g/L")],
        ["relapse, seen now, provisional"],
    ),
    (
        "31 wk",
        [
            FIRST,
            EARLY_REMISSION,
            REMISSION,
            seen("30 wk", "6 g/d", "26 g/L"),
            seen("31 wk", "7 g/d", "22 g/L"),
        ],
        ["relapse for 7 d", "nephrotic syndrome"],
    ),
]


@pytest.mark.parametrize(("at", "observations", "told"), STATUS)
def test_how_it_stands_and_since_when(at: str, observations: list[Any], told: list[str]) -> None:
    exposures = [] if at == "0 wk" else [STEROID | ({"to": "20 wk"} if at > "20 wk" else {})]
    assert summary(at, observations, exposures)["status"] == told


VALUES: list[tuple[str, list[Any], list[str]]] = [
    (
        "16 wk",
        [FIRST, NEPHROTIC],
        ["proteinuria 8 g/d (was 9, 16 wk ago)", "albumin 19 g/L", "creatinine 80 µmol/L"],
    ),
    (
        "20 wk",
        [FIRST, NEPHROTIC],
        ["proteinuria 8 g/d 4 wk ago", "albumin 19 g/L 4 wk ago", "creatinine 80 µmol/L 4 wk ago"],
    ),
    (
        "16 wk",
        [FIRST, {"at": "16 wk", "proteinuria": "3+"}],
        ["proteinuria dipstick 3", "albumin 18 g/L 16 wk ago", "creatinine 80 µmol/L 16 wk ago"],
    ),
    (
        "16 wk",
        [FIRST, {"at": "16 wk", "proteinuria": "falling"}],
        [
            "proteinuria 9 g/d 16 wk ago, then falling",
            "albumin 18 g/L 16 wk ago",
            "creatinine 80 µmol/L 16 wk ago",
        ],
    ),
    (
        "16 wk",
        [FIRST, NEPHROTIC, {"at": "16 wk", "proteinuria": "8000 mg/g"}],
        ["proteinuria 8 g/d, 8000 mg/g", "albumin 19 g/L", "creatinine 80 µmol/L"],
    ),
]


@pytest.mark.parametrize(("at", "observations", "told"), VALUES)
def test_the_latest_values_and_what_was_before(at: str, observations: list[Any], told: list[str]) -> None:
    assert summary(at, observations, [STEROID])["values"] == told


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"drug": "prednisolone", "dose": "1 mg/kg/d", "from": "0 wk"}, ["prednisolone 1 mg/kg/d for 16 wk"]),
        (
            {"drug": "prednisolone", "dose": "100 mg every other day", "from": "0 wk"},
            ["prednisolone 100 mg/2d for 16 wk"],
        ),
        ({"drug": "tacrolimus", "dose": "2 mg bid", "from": "10 wk"}, ["tacrolimus 2 mg bid for 6 wk"]),
        ({"drug": "ramipril", "from": "4 wk"}, ["ramipril for 12 wk"]),
        ({"drug": "ramipril", "from": "4 wk", "to": "8 wk"}, ["none charted"]),
    ],
)
def test_what_is_taken_and_for_how_long(row: dict[str, Any], told: list[str]) -> None:
    assert summary("16 wk", [FIRST, NEPHROTIC], [row])["drugs"] == told


AUTHORITY = "KDIGO 2021 6.2.2.1 (1D)"
COURSE = "for at least 4 wk, at most 16 wk or until complete remission; then taper to a total of 6 months"


@pytest.mark.parametrize(
    ("weight", "dose"),
    [
        ("48 kg", "50 mg once a day"),
        ("70 kg", "70 mg once a day (50 + 20 mg)"),
        ("130 kg", "80 mg once a day (50 + 25 + 5 mg)"),
    ],
)
def test_what_is_begun_with_its_dose_authority_and_time(weight: str, dose: str) -> None:
    assert summary("0 wk", [FIRST], [], weight=weight)["next"] == [
        f"Start high-dose glucocorticoid: prednisolone {dose}",
        "not certain (see OPEN)",
        AUTHORITY,
        COURSE,
        "reassess in 4 wk",
        "first line for primary FSGS",
    ]


def test_what_follows_a_failed_steroid_and_what_is_done_with_it() -> None:
    told = summary("16 wk", [FIRST, NEPHROTIC], [STEROID])
    assert told["next"] == [
        f"Start cyclosporine {TWICE_A_DAY}, with prednisolone 10 mg once a day",
        "not certain (see OPEN)",
        "KDIGO 2021 6.3.1.1 (1C)",
        "to a cyclosporine trough 100-175 ng/mL",
        "or tacrolimus",
        "reassess in 26 wk",
        "cyclosporine or tacrolimus for at least 6 months rather than steroid alone",
    ]
    assert told["taper"] == [
        "prednisolone from 70 mg/d (off-guideline): 60 mg/d now … 10 mg/d in 5 wk",
        "end the high dose: to a low dose within weeks, never at once",
    ]
    assert told["first"][0] == "before the first dose: creatinine, potassium and blood pressure"
    assert told["course"] == ["prednisolone 16 wk so far: failed, not to be repeated"]


def on_cyclosporine(at: str, trough: str, proteinuria: str, *rows: dict[str, str]) -> dict[str, list[str]]:
    late = [
        seen(when, proteinuria, "19 g/L", cyclosporine_trough=trough) for when in ("30 wk", at) if when <= at
    ]
    observed = [FIRST, NEPHROTIC, *{row["at"]: row for row in late}.values()]
    return summary(at, observed, [STEROID | {"to": "17 wk"}, CYCLOSPORINE, *rows])


def test_what_goes_on_is_named_with_its_dose_and_its_time() -> None:
    told = on_cyclosporine("30 wk", "140 ng/mL", "5 g/d", LOW_STEROID)
    assert told["next"] == [
        "Continue cyclosporine 125 mg bid with low-dose prednisolone 10 mg/d",
        "KDIGO 2021 6.3.1.1 (1C)",
        "to a cyclosporine trough 100-175 ng/mL",
        "to 6 mo at the target trough; sooner is too early to call it failed",
        "reassess in 13 wk",
        "the trial is not complete",
    ]
    assert told["drugs"] == ["cyclosporine 125 mg bid for 13 wk", "prednisolone 10 mg/d for 13 wk"]


def test_a_level_below_its_target_is_raised_before_the_line_is_judged() -> None:
    told = on_cyclosporine("30 wk", "60 ng/mL", "8 g/d")
    assert told["next"][:3] == [
        "Raise the calcineurin inhibitor to its target (off-guideline)",
        "not certain (see OPEN)",
        "to a cyclosporine trough 100-175 ng/mL",
    ]


def test_a_line_that_has_failed_is_stopped_and_what_follows_is_said_not_to_be_printed() -> None:
    told = on_cyclosporine("60 wk", "140 ng/mL", "8 g/d", LOW_STEROID)
    assert told["next"] == [
        "Stop cyclosporine (off-guideline)",
        "no remission by 6 mo",
        "beyond that the guideline names no next line",
    ]
    assert told["course"] == [
        "cyclosporine 43 wk so far: failed, not to be repeated",
        "prednisolone 17 wk: failed, not to be repeated",
    ]


def test_checks_that_are_overdue_are_counted_once() -> None:
    told = on_cyclosporine("60 wk", "140 ng/mL", "0.1 g/d", LOW_STEROID)
    assert len([item for item in told["also"] if item.endswith("overdue")]) == 1


@pytest.mark.parametrize(
    ("days", "long", "short"),
    [
        (0.4, "0 days", "0 d"),
        (1, "1 day", "1 d"),
        (27, "27 days", "27 d"),
        (28, "4 weeks", "4 wk"),
        (181, "26 weeks", "26 wk"),
        (182, "6 months", "6 mo"),
        (730, "24 months", "24 mo"),
        (731, "2 years", "2 y"),
        (1461, "4 years", "4 y"),
    ],
)
def test_a_length_of_time_is_told_in_the_unit_in_which_one_would_say_it(
    days: float, long: str, short: str
) -> None:
    assert (spell(days), spell_short(days)) == (long, short)


def test_an_egfr_is_compared_with_none_that_no_formula_gives() -> None:
    """Before the age of 18 there is none, and so no day of it."""
    rows = [seen("0 wk", "9 g/d", "18 g/L"), seen("60 wk", "8 g/d", "19 g/L")]
    answer = consult(read_record(adult(rows, [], age="17 years")), PATHWAY, "60 wk")
    (egfr,) = [one for one in answer.derived if one.analyte == "egfr"]
    assert (egfr.before, egfr.before_at, egfr.trend) == ("", None, "")


def test_a_single_dose_is_told_as_once_a_day_and_not_twice() -> None:
    assert summary("1 wk", [FIRST], [])["next"][0] == (
        "Start high-dose glucocorticoid: prednisolone 70 mg once a day (50 + 20 mg)"
    )


def test_what_else_is_to_be_done_is_listed_once_and_tests_come_first() -> None:
    assert summary("1 wk", [FIRST], [])["also"] == [
        "electron microscopy of the biopsy",
        "a diuretic where there is oedema",
        "less sodium",
        "pneumocystis prophylaxis",
        "RAS blockade",
        "weigh prophylactic anticoagulation",
    ]


@pytest.mark.parametrize(
    ("begun", "weeks", "most"),
    [("0 d", 5.7, 5.7), ("15 d", 3.6, 3.6), ({"between": ["10 d", "25 d"]}, 2.1, 4.3)],
)
def test_weeks_of_a_drug_are_told_with_parts_of_one(begun: Any, weeks: float, most: float) -> None:
    row = {"drug": "prednisolone", "dose": "70 mg/d", "from": begun}
    (total,) = consult(read_record(adult([FIRST], [row])), PATHWAY, "40 d").totals
    assert (total.weeks, total.weeks_most) == (weeks, most)
