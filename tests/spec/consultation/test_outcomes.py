"""What is said to have become of a line of therapy."""

from __future__ import annotations

from typing import Any

import pytest
from adult import adult, seen

from nephroline.consultation import consult
from nephroline.pathway import load_pathway
from nephroline.record import read_record

PATHWAY = load_pathway("kdigo-2021/fsgs")


def outcome(*values: tuple[str, str, str], at: str, until: str | None = None) -> str:
    """Of a steroid at full dose from 0 wk, with what was seen of proteinuria and albumin."""
    row: dict[str, Any] = {"drug": "prednisolone", "dose": "70 mg/d", "from": "0 wk"}
    if until is not None:
        row["to"] = until
    observations = [seen(*each) for each in (("0 wk", "9 g/d", "18 g/L"), *values)]
    chart = adult(observations, [row])
    return str(consult(read_record(chart), PATHWAY, at).lines[0].outcome)


REMISSION = ("12 wk", "0.2 g/d", "38 g/L")
PARTIAL = ("12 wk", "2 g/d", "30 g/L")
ONE_OR_OTHER = ("12 wk", "normal", "38 g/L")
NEPHROTIC = ("12 wk", "8 g/d", "19 g/L")
LATE = ("18 wk", "8 g/d", "19 g/L")


@pytest.mark.parametrize(
    ("values", "at", "until", "told"),
    [
        ([REMISSION], "13 wk", None, "remission"),
        ([PARTIAL], "13 wk", None, "remission"),
        ([ONE_OR_OTHER], "13 wk", None, "remission"),
        ([REMISSION], "20 wk", "18 wk", "remission"),
        ([], "2 wk", None, "too-early"),
        ([NEPHROTIC], "13 wk", None, "too-early"),
        ([NEPHROTIC], "13 wk", "12 wk", "too-early"),
        ([LATE], "18 wk", None, "resistant"),
        ([], "18 wk", None, "ongoing"),
        ([], "20 wk", "18 wk", "indeterminate"),
    ],
)
def test_the_outcome_of_a_line(
    values: list[tuple[str, str, str]], at: str, until: str | None, told: str
) -> None:
    assert outcome(*values, at=at, until=until) == told
