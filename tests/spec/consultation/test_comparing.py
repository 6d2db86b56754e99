"""Editions side by side: where they differ, and which rule, definition or limit makes the difference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nephroline.comparing import compare
from nephroline.pathway import load_pathway
from nephroline.record import read_record

ROOT = Path(__file__).resolve().parents[3]
BOTH = [load_pathway("kdigo-2012/fsgs"), load_pathway("kdigo-2021/fsgs")]


def on_cyclosporine(trough: str) -> dict[str, Any]:
    """Resistant to steroids, then six months of cyclosporine without response at one trough."""
    return {
        "id": "x",
        "sex": "male",
        "age": "40 years",
        "weight": "70 kg",
        "biopsies": [{"at": "0 mo", "glomeruli": 20, "diagnosis": "fsgs"}],
        "findings": {
            name: {"value": True, "at": "0 mo"} for name in ("secondary_cause_excluded", "diffuse_effacement")
        },
        "observations": [
            {"at": f"{month} mo", "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "1 mg/dL"}
            for month in (0, 4)
        ]
        + [
            {
                "at": "10 mo",
                "proteinuria": "9 g/d",
                "albumin": "18 g/L",
                "creatinine": "1 mg/dL",
                "cyclosporine_trough": trough,
            }
        ],
        "exposures": [
            {"drug": "prednisolone", "dose": "70 mg/d", "from": "0 mo", "to": "4 mo"},
            {"drug": "cyclosporine", "dose": "250 mg/d", "from": "4 mo"},
        ],
    }


def test_a_trough_that_is_in_range_for_one_edition_only_is_found_as_the_cause() -> None:
    found = compare(read_record(on_cyclosporine("110 ng/mL")), BOTH)
    last = found[-1]
    assert not last.agree
    (cause,) = [c for c in last.rules if c.title == "Resistant to a calcineurin inhibitor"]
    assert cause.held == {"kdigo-2012/fsgs": False, "kdigo-2021/fsgs": True}
    limits = {limit.title: limit.said for limit in last.limits}
    assert limits["lowest target trough of cyclosporine"] == {
        "kdigo-2012/fsgs": "125 ng/mL = 104 nmol/L",
        "kdigo-2021/fsgs": "100 ng/mL = 83 nmol/L",
    }
    assert not any("tacrolimus" in title for title in limits)


def test_with_a_trough_in_both_ranges_the_editions_agree() -> None:
    found = compare(read_record(on_cyclosporine("140 ng/mL")), BOTH)
    assert [item.agree for item in found] == [True, True, True]
    assert all(not item.rules for item in found)


def test_one_time_is_compared_alone() -> None:
    record = read_record(on_cyclosporine("140 ng/mL"))
    assert [item.at for item in compare(record, BOTH, record.clock.read("4 mo"))] == ["4 mo"]


def test_a_pathway_that_does_not_apply_says_why_and_nothing_else() -> None:
    record = read_record(on_cyclosporine("140 ng/mL"))
    (item,) = compare(record, [*BOTH, load_pathway("kdigo-2021/mcd")], record.clock.read("4 mo"))
    assert item.answers["kdigo-2021/mcd"].startswith(
        "the pathway does not apply: the biopsy shows another disease"
    )
    assert all("kdigo-2021/mcd" not in cause.said for cause in item.rules)


def test_the_new_label_of_case_1_is_told_although_the_answers_agree() -> None:
    record = read_record(ROOT / "scenarios/pjnh-2015-case-1.yaml")
    (item,) = compare(record, BOTH, record.clock.read("42 mo"))
    assert item.agree
    assert item.findings["kdigo-2021/fsgs"] == sorted([*item.findings["kdigo-2012/fsgs"], "cni-dependent"])
    assert [cause.title for cause in item.rules] == ["Dependent on a calcineurin inhibitor"]
