"""Tapers as dated rows: the steps of each edition, in doses that can be dispensed."""

from __future__ import annotations

from typing import Any

import pytest

import nephroline
from nephroline.catalogue import load_catalogue
from nephroline.consultation.answer import ActOut, TaperOut
from nephroline.quantities import parse

SEEN = {"albumin": "18 g/L", "creatinine": "80 µmol/L", "potassium": "4 mmol/L", "systolic": "120 mmHg"}
ABSENT = [
    {"name": name, "present": False, "at": "2024-01-01"}
    for name in ("diabetes", "psychiatric_disease", "osteoporosis", "hepatitis_b")
]


def chart(
    disease: str, rows: list[dict[str, Any]], *exposures: dict[str, Any], **parts: Any
) -> dict[str, Any]:
    return {
        "id": "x",
        "sex": "male",
        "age": "40 years",
        "time_zero": "2024-01-01",
        "weight": "70 kg",
        "conditions": ABSENT,
        "findings": {"secondary_cause_excluded": {"value": True, "at": "2024-01-01"}},
        "biopsies": [{"at": "2024-01-01", "glomeruli": 25, "diagnosis": disease}],
        "observations": [{**SEEN, **row} for row in rows],
        "exposures": list(exposures),
        **parts,
    }


REMITTED = [
    {"at": "2024-01-01", "proteinuria": "9 g/d"},
    {"at": "2024-02-01", "proteinuria": "0.1 g/d", "albumin": "40 g/L"},
    {"at": "2024-02-20", "proteinuria": "0.1 g/d", "albumin": "41 g/L"},
]
FAILED = [{"at": "2024-01-01", "proteinuria": "9 g/d"}, {"at": "2024-04-25", "proteinuria": "8.8 g/d"}]
FULL = {"drug": "prednisolone", "dose": "70 mg/d", "from": "2024-01-01"}


def act_on(pathway: str, record: dict[str, Any], at: str, agent: str) -> ActOut:
    answer = nephroline.consult(nephroline.read_record(record), nephroline.load_pathway(pathway), at)
    catalogue = load_catalogue()
    found = [act for act in answer.acts if act.agent == agent or catalogue.within(act.agent, agent)]
    (act,) = found
    return act


def tapered(pathway: str, record: dict[str, Any], at: str, agent: str = "glucocorticoid") -> TaperOut:
    act = act_on(pathway, record, at, agent)
    assert act.act == "taper"
    assert act.taper is not None
    return act.taper


def rows(taper: TaperOut) -> list[str]:
    return [f"{row.dose} {row.since.label}" for row in taper.rows] + (
        [f"off {taper.ends.label}"] if taper.ends else []
    )


def test_kdigo_2012_by_10_mg_every_two_weeks_then_by_2_5() -> None:
    found = rows(tapered("kdigo-2012/fsgs", chart("fsgs", REMITTED, FULL), "2024-02-20"))
    assert found == [
        "60 mg/d 2024-02-20",
        "50 mg/d 2024-03-05",
        "40 mg/d 2024-03-19",
        "30 mg/d 2024-04-02",
        "20 mg/d 2024-04-16",
        "10 mg/d 2024-04-30",
        "7.5 mg/d 2024-05-14",
        "5 mg/d 2024-05-28",
        "2.5 mg/d 2024-06-11",
        "off 2024-06-25",
    ]


def test_kdigo_2021_by_5_mg_to_six_months_in_all() -> None:
    found = rows(tapered("kdigo-2021/fsgs", chart("fsgs", REMITTED, FULL), "2024-02-20"))
    assert found[:3] == ["65 mg/d 2024-02-20", "60 mg/d 2024-02-27", "55 mg/d 2024-03-05"]
    assert found[-2:] == ["5 mg/d 2024-05-14", "off 2024-05-21"]


def test_a_steroid_that_has_failed_goes_to_a_low_dose_in_six_weeks() -> None:
    taper = tapered("kdigo-2021/fsgs", chart("fsgs", FAILED, FULL), "2024-04-26")
    assert taper.ends is None
    assert taper.rows[-1].dose in ("10 mg/d", "11 mg/d")
    assert taper.rows[-1].since.label == "2024-05-31"


def test_a_calcineurin_inhibitor_goes_by_a_quarter_every_two_months() -> None:
    seen = [
        *FAILED,
        {
            "at": "2024-11-01",
            "proteinuria": "0.1 g/d",
            "albumin": "40 g/L",
            "cyclosporine_trough": "130 ng/mL",
        },
        {
            "at": "2025-12-01",
            "proteinuria": "0.1 g/d",
            "albumin": "40 g/L",
            "cyclosporine_trough": "130 ng/mL",
        },
    ]
    record = chart(
        "fsgs",
        seen,
        {**FULL, "to": "2024-04-26", "stopped_for": "no-response"},
        {"drug": "cyclosporine", "dose": "100 mg bid", "from": "2024-04-26"},
    )
    taper = tapered("kdigo-2012/fsgs", record, "2025-12-01", "cyclosporine")
    assert [row.dose for row in taper.rows] == ["150 mg/d", "100 mg/d", "50 mg/d"]
    assert taper.rows[0].of == ["50 mg", "25 mg"]
    assert taper.ends is not None


@pytest.mark.parametrize("dose", ["unknown", "60-80 mg/d"])
def test_without_a_dose_there_are_no_rows(dose: str) -> None:
    record = chart("mcd", REMITTED, {**FULL, "dose": dose})
    answer = nephroline.consult(
        nephroline.read_record(record), nephroline.load_pathway("kdigo-2021/mcd"), "2024-02-20"
    )
    assert all(act.taper is None for act in answer.acts)


@pytest.mark.parametrize("drug", ["prednisolone", "prednisone", "methylprednisolone"])
@pytest.mark.parametrize("weight", ["48 kg", "70 kg", "104 kg"])
@pytest.mark.parametrize(
    "pathway", ["kdigo-2012/fsgs", "kdigo-2012/mcd", "kdigo-2021/fsgs", "kdigo-2021/mcd"]
)
def test_each_row_is_less_and_made_of_what_is_sold(drug: str, weight: str, pathway: str) -> None:
    catalogue = load_catalogue()
    dose = {"prednisolone": "80 mg/d", "prednisone": "80 mg/d", "methylprednisolone": "64 mg/d"}[drug]
    record = chart(pathway.split("/")[1], REMITTED, {**FULL, "drug": drug, "dose": dose}, weight=weight)
    taper = tapered(pathway, record, "2024-02-20")
    amounts = [parse(row.dose, catalogue.units).exact or 0 for row in taper.rows]
    assert amounts == sorted(set(amounts), reverse=True)
    days = [row.since.offset_days for row in taper.rows]
    assert days == sorted(set(days))
    assert taper.ends is not None and taper.ends.offset_days > days[-1]
    strengths = {one.exact for one in catalogue.formulary[drug].strengths}
    for row, amount in zip(taper.rows, amounts, strict=True):
        pieces = [parse(piece, catalogue.units).exact or 0 for piece in row.of]
        assert sum(pieces) == amount
        assert set(pieces) <= strengths
