"""A margin is where the answer about the next line turns: short of it all stays, beyond it is what was said."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from nephroline.consultation import Consultation
from nephroline.consultation.answer import MarginOut
from nephroline.missing import thorough
from nephroline.pathway import load_pathway
from nephroline.record import open_document, read_record

ROOT = Path(__file__).resolve().parents[2]
ASKED = (
    ("pjnh-2015-case-1", "kdigo-2021/fsgs", "0 mo"),
    ("pjnh-2015-case-1", "kdigo-2021/fsgs", "4 mo"),
    ("synthetic/steroid-dependent-on-mycophenolate", "kdigo-2021/fsgs", "7 mo"),
    ("membranous/tacrolimus-with-a-fall-by-a-third", "kdigo-2021/membranous", "13.5 mo"),
    ("hazards/diltiazem-and-the-level-of-cyclosporine", "kdigo-2021/fsgs", "22 wk"),
)
SHORT, BEYOND = 0.995, 1.005
"""Of the way from a value to its margin; a margin is printed with four figures."""


def number(text: str) -> tuple[float, str]:
    found = re.match(r"([\d.]+) (\S+)", text)
    assert found is not None, text
    return float(found[1]), found[2]


def moved(chart: dict[str, Any], analyte: str, margin: MarginOut, share: float) -> dict[str, Any] | None:
    """The chart with one value moved by a share of the way to its margin."""
    text, _, at = margin.value.rpartition(" (")
    value, unit = number(text)
    cut, cut_unit = number(margin.cut)
    assert unit == cut_unit, (margin.value, margin.cut)
    other = copy.deepcopy(chart)
    rows = [
        row for row in other["observations"] if row.get(analyte) == text and str(row["at"]) == at.rstrip(")")
    ]
    if len(rows) != 1:
        return None  # it is dated otherwise in the chart
    rows[0][analyte] = f"{value + (cut - value) * share:.6f} {unit}"
    return other


def advice(answer: Consultation) -> tuple[object, ...]:
    line = answer.next_line
    return answer.answer.kind, (line.regimen, line.action) if line else None


@pytest.mark.parametrize(("file", "name", "at"), ASKED, ids=[f"{f}-{n}-{a}" for f, n, a in ASKED])
def test_an_answer_turns_at_its_margins_and_not_before(file: str, name: str, at: str) -> None:
    pathway = load_pathway(name)
    chart = json.loads(json.dumps(open_document(ROOT / f"scenarios/{file}.yaml").data["record"], default=str))
    answer = thorough(read_record(chart), pathway, at, margins=True)
    assert answer.outlook is not None
    margins = answer.outlook.margins
    assert margins
    turns = 0
    titles = {analyte.title: name for name, analyte in pathway.catalogue.analytes.items()}
    for margin in margins:
        value, cut = number(margin.value)[0], number(margin.cut)[0]
        if number(margin.value)[1] != number(margin.cut)[1]:
            continue
        away = (cut - value) / value * 100
        assert margin.away.startswith("+") is (away > 0)
        assert abs(float(margin.away.removesuffix(" %")) - away) <= 0.6
        if margin.variation:
            assert margin.fragile is (abs(away) <= float(margin.variation.split()[0]))
        else:
            assert margin.fragile is None
        for share, turned in ((SHORT, False), (BEYOND, True)):
            other = moved(chart, titles[margin.datum], margin, share)
            if other is None:
                continue
            then = advice(thorough(read_record(other), pathway, at))
            assert (then != advice(answer)) is turned, (margin, then)
            turns += turned
    assert turns
