"""Doses that can be given: a golden table of every dose, and what holds for each of them.

``NEPHROLINE_GOLDEN=write`` writes the table anew; a change of it is a change of what patients are given.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from deciding import TAC, decided, start

import nephroline
from nephroline.backends import backend
from nephroline.catalogue import load_catalogue
from nephroline.consultation import consulted
from nephroline.consultation.acts import Act
from nephroline.consultation.answer import DoseOut
from nephroline.consultation.doses import doses
from nephroline.pathway import Recommend, pathway_ids
from nephroline.quantities import parse

GOLDEN = Path(__file__).parent / "doses.tsv"
COLUMNS = ("pathway", "what", "patient", "drug", "printed", "most", "for this patient")
PEOPLE = {
    "42 kg, 35 y": {"weight": "42 kg", "height": "155 cm", "age": "35 years", "sex": "female"},
    "58 kg, 52 y": {"weight": "58 kg", "height": "163 cm", "age": "52 years", "sex": "female"},
    "74 kg, 40 y": {"weight": "74 kg", "height": "178 cm", "age": "40 years", "sex": "male"},
    "95 kg, 64 y": {"weight": "95 kg", "height": "185 cm", "age": "64 years", "sex": "male"},
    "130 kg, 40 y": {"weight": "130 kg", "height": "178 cm", "age": "40 years", "sex": "male"},
    "180 kg, 72 y": {"weight": "180 kg", "height": "170 cm", "age": "72 years", "sex": "female"},
    "130 kg, no height": {"weight": "130 kg", "age": "40 years", "sex": "male"},
    "no weight": {"age": "40 years", "sex": "male"},
}


def every_dose() -> Iterator[tuple[str, str, str, DoseOut]]:
    """Each dose of each rule that gives one, for each patient; those that are alike once."""
    for name in pathway_ids():
        pathway = nephroline.load_pathway(name)
        for person, parts in PEOPLE.items():
            chart = {
                "id": "x",
                "observations": [{"at": "0 mo", "proteinuria": "9 g/d", "albumin": "18 g/L"}],
                **parts,
            }
            run = consulted(nephroline.read_record(chart), pathway, "0 mo", backend("reference")).run
            seen: set[tuple[object, ...]] = set()
            for rule in pathway.rules.values():
                recommend = rule.conclusion
                if not isinstance(recommend, Recommend):
                    continue
                regimen = pathway.catalogue.regimens.get(recommend.regimen or "")
                agents = frozenset(regimen.agents) if regimen else frozenset()
                act = Act(rule, recommend, 0, regimen, agents, ())
                for dose in doses(run, act)[0]:
                    what = regimen.id if regimen else rule.id
                    row = (what, dose.drug, dose.for_this_patient)
                    if row not in seen:
                        seen.add(row)
                        yield name, what, person, dose


DOSES = list(every_dose())


def test_the_golden_table_of_every_dose() -> None:
    out = io.StringIO()
    rows = csv.writer(out, delimiter="\t", lineterminator="\n")
    rows.writerow(COLUMNS)
    for pathway, what, person, dose in sorted(
        DOSES, key=lambda d: (*d[:3], d[3].drug, d[3].for_this_patient)
    ):
        rows.writerow([pathway, what, person, dose.drug, dose.amount, dose.most, dose.for_this_patient])
    if os.environ.get("NEPHROLINE_GOLDEN") == "write":
        GOLDEN.write_text(out.getvalue())
    assert out.getvalue() == GOLDEN.read_text()


def grams(text: str) -> Fraction:
    exact = parse(text, load_catalogue().units).exact
    assert exact is not None
    return exact


def test_no_dose_is_above_its_most_or_outside_what_is_plausible() -> None:
    formulary = load_catalogue().formulary
    for pathway, what, person, dose in DOSES:
        where = (pathway, what, person, dose)
        assert not dose.outside, where
        if not dose.greatest:
            continue
        low, high = grams(dose.least), grams(dose.greatest)
        assert low <= high, where
        if dose.most:
            assert high <= grams(dose.most), where
        supply = formulary.get(dose.drug)
        if supply is not None:
            dimension = parse(dose.greatest, load_catalogue().units).dimension
            assert supply.implausible(dimension, (low, high)) is None, where


def test_every_dose_is_made_of_few_pieces_that_are_sold() -> None:
    formulary = load_catalogue().formulary
    for pathway, what, person, dose in DOSES:
        given = dose.dispense
        if given is None:
            continue
        strengths = {one.exact for one in formulary[dose.drug].strengths}
        pieces = [grams(piece) for piece in given.of]
        assert set(pieces) <= strengths, (pathway, what, person, dose)
        assert sum(pieces) == grams(given.each), (pathway, what, person, dose)
        assert len(pieces) <= 4, (pathway, what, person, dose)
        assert grams(dose.least) == grams(given.each) * given.times_a_day, (pathway, what, person, dose)


def first_line(**parts: Any) -> nephroline.Consultation:
    chart: dict[str, Any] = {
        "id": "x",
        "sex": "male",
        "age": "40 years",
        "biopsies": [{"at": "0 mo", "glomeruli": 20, "diagnosis": "mcd"}],
        "observations": [
            {"at": "0 mo", "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "80 µmol/L"}
        ],
    }
    at = parts.pop("at", "0 mo")
    record = nephroline.read_record(chart | parts)
    return nephroline.consult(record, nephroline.load_pathway("kdigo-2021/mcd"), at)


def shown(answer: nephroline.Consultation) -> str:
    assert answer.next_line is not None
    return answer.next_line.doses[0].for_this_patient


WEIGHTS = [
    {"at": "0 d", "weight": "96 kg"},
    {"at": "20 d", "weight": "74 kg"},
    {"at": "60 d", "weight": "75 kg"},
]
ACTIVE = [
    {"at": f"{day} d", "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "80 µmol/L"}
    for day in (0, 60)
]


def test_the_lowest_weight_of_late_counts() -> None:
    answer = first_line(observations=[*ACTIVE, *WEIGHTS], at="60 d")
    assert shown(answer) == "75 mg/d (50 + 25 mg; 1 mg/kg/d × 74 kg of 20 d, the lowest of late)"


def test_an_old_weight_is_told_and_asked_for() -> None:
    answer = first_line(weight="70 kg", observations=[*ACTIVE[:1], {**ACTIVE[1], "at": "30 mo"}], at="30 mo")
    assert shown(answer) == "70 mg/d (50 + 20 mg; 1 mg/kg/d × 70 kg of 0 mo, 30 months old: weigh again)"
    assert "weight" in {need.datum for need in answer.needs}


def test_no_dose_by_the_weight_of_a_child() -> None:
    answer = first_line(
        age="6 years", weight="21 kg", observations=[{**ACTIVE[0], "at": "29 years"}], at="29 years"
    )
    assert shown(answer) == "needs weight: that of 0 mo is that of a child"
    assert "weight" in {need.datum for need in answer.needs}


@pytest.mark.parametrize(("weight", "dose"), [("71 kg", "70"), ("73 kg", "75"), ("9.9 kg", "")])
def test_one_amount_is_rounded_to_the_nearest_of_few_pieces(weight: str, dose: str) -> None:
    assert shown(first_line(weight=weight)).startswith(dose)


@pytest.mark.parametrize("weight", ["2 kg", "10 kg"])
def test_where_nothing_that_is_sold_is_small_enough_no_dose_is_made_up(weight: str) -> None:
    """A weight that lacks a digit: the dose as printed is there, and why none is shown for this patient."""
    shown = 0
    for name in pathway_ids():
        pathway = nephroline.load_pathway(name)
        chart = {
            "id": "x",
            "age": "40 years",
            "weight": weight,
            "height": "100 cm",
            "observations": [{"at": "0 mo", "proteinuria": "9 g/d", "albumin": "18 g/L"}],
        }
        run = consulted(nephroline.read_record(chart), pathway, "0 mo", backend("reference")).run
        for rule in pathway.rules.values():
            if isinstance(rule.conclusion, Recommend):
                regimen = pathway.catalogue.regimens.get(rule.conclusion.regimen or "")
                agents = frozenset(regimen.agents) if regimen else frozenset()
                for dose in doses(run, Act(rule, rule.conclusion, 0, regimen, agents, ()))[0]:
                    if "less than the smallest piece that is sold" in dose.for_this_patient:
                        shown += 1
                        assert dose.for_this_patient.startswith("not shown: ")
                        assert (dose.give, dose.least, dose.dispense) == ("", "", None)
                        assert dose.amount
    assert shown >= 2


def test_the_last_height_makes_the_adjusted_weight() -> None:
    def dose(*heights: str) -> str:
        seen = [{"at": f"{day} d", "height": height} for day, height in enumerate(heights)]
        first = {"at": "0 d", "proteinuria": "9 g/d"}
        found = decided({"tac": start(TAC, "a")}, "a", at="9 d", weight="130 kg", observations=[first, *seen])
        return shown(found)

    assert "at 178 cm" in dose("178 cm")
    assert dose("150 cm", "178 cm") == dose("190 cm", "178 cm").replace("190", "150")
    assert "at 178 cm" in dose("150 cm", "178 cm")
