"""The pathway that speaks of a patient: by histology, age and date; or none, and why."""

from __future__ import annotations

from typing import Any

import pytest

from nephroline.record import read_record
from nephroline.selecting import select_pathway


def patient(zero: str, **parts: Any) -> dict[str, Any]:
    return {
        "id": "x",
        "sex": "male",
        "age": "40 years",
        "time_zero": zero,
        "observations": [{"at": "0 mo", "proteinuria": "9 g/d", "albumin": "18 g/L"}],
    } | parts


def biopsy(diagnosis: str) -> list[dict[str, Any]]:
    return [{"at": "0 mo", "glomeruli": 20, "diagnosis": diagnosis}]


@pytest.mark.parametrize(
    ("zero", "diagnosis", "chosen", "why"),
    [
        ("2015-03-01", "fsgs", "kdigo-2012/fsgs", "KDIGO 2012: the latest edition out in 2015"),
        ("2023-03-01", "fsgs", "kdigo-2021/fsgs", "KDIGO 2021: the latest edition out in 2023"),
        ("2015-03-01", "mcd", "kdigo-2012/mcd", "minimal change disease on biopsy"),
        ("2023-03-01", "mcd", "kdigo-2021/mcd", "minimal change disease on biopsy"),
        ("presentation", "mcd", "kdigo-2021/mcd", "no calendar dates"),
    ],
)
def test_histology_and_date_choose(zero: str, diagnosis: str, chosen: str, why: str) -> None:
    selected = select_pathway(read_record(patient(zero, biopsies=biopsy(diagnosis))))
    assert selected.applies
    assert selected.pathway.id == chosen
    assert any(why in reason for reason in selected.because)


def test_an_early_decision_of_a_long_course_is_judged_by_the_edition_of_its_year() -> None:
    record = read_record(patient("2019-01-01", biopsies=biopsy("fsgs")))
    assert select_pathway(record, "2019-01-01").pathway.edition == "KDIGO 2012"
    assert select_pathway(record, "2022-01-01").pathway.edition == "KDIGO 2021"


def test_without_a_readable_biopsy_the_other_disease_is_named_as_well() -> None:
    record = read_record(patient("presentation", biopsies=[{"at": "0 mo", "glomeruli": 0}]))
    selected = select_pathway(record)
    assert selected.applies
    assert any("is as possible" in reason for reason in selected.because)


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"age": "9 years", "biopsies": biopsy("fsgs")}, "for adults"),
        ({"biopsies": biopsy("lupus-nephritis")}, "another disease"),
        ({"biopsies": biopsy("membranous")}, "another disease"),
        (
            {"biopsies": biopsy("fsgs"), "findings": {"kidney_transplant": {"value": True, "at": "0 mo"}}},
            "transplanted kidney",
        ),
        (
            {"biopsies": biopsy("fsgs"), "conditions": [{"name": "secondary_fsgs", "at": "0 mo"}]},
            "known cause",
        ),
        ({"biopsies": biopsy("fsgs"), "conditions": [{"name": "genetic_fsgs", "at": "0 mo"}]}, "known cause"),
    ],
)
def test_when_none_applies_that_is_said_with_the_reason(parts: dict[str, Any], why: str) -> None:
    selected = select_pathway(read_record(patient("presentation", **parts)))
    assert not selected.applies
    assert selected.because[0] == "no pathway applies"
    assert any(why in reason for reason in selected.because)
