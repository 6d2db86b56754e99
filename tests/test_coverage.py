"""Coverage by clause: what it counts, that it finds the gap, and that our own modules are tested."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from conditions import conditions
from hypothesis import given, settings
from hypothesis import strategies as st

from nephroline.coverage import ConditionCoverage, Coverage, coverage_of, turns
from nephroline.lang import Atom, Holds, Node, RefersTo, Seen, judge
from nephroline.pathway import load_pathway
from nephroline.replaying import scenario_files
from nephroline.truth import Truth

ROOT = Path(__file__).resolve().parent.parent
ATOMS: list[Atom] = [Holds(RefersTo.DEFINITION, f"d{i}") for i in range(4)]
CONDITIONS = conditions(ATOMS, 7)
TRUTHS = st.fixed_dictionaries(dict.fromkeys(ATOMS, st.sampled_from([True, False, None])))


@settings(deadline=None)
@given(CONDITIONS, TRUTHS, st.sampled_from(ATOMS))
def test_a_clause_turns_a_condition_if_its_truth_makes_the_difference(
    node: Node, truths: dict[Atom, Truth], atom: Atom
) -> None:
    def value(changed: Mapping[Atom, Truth]) -> Truth:
        return judge(node, lambda one: Seen(changed[one]))[0]

    both = {value(truths | {atom: True}), value(truths | {atom: False})}
    assert turns(node, truths, atom) is (both == {True, False})


RULE = """
pathway: site/one
title: One rule
edition: a site
source: nephroline
disease: fsgs
uses: [kdigo-2021/fsgs]
rules:
  - id: asked
    title: Asked
    when: has(hypertension) and (taking(ramipril) or taking(losartan))
    alert: {severity: info}
    statement: {kind: policy, confidence: policy}
    rationale: To be counted.
"""


def site(place: Path, *charts: str) -> Coverage:
    """What charts, each the conditions and drugs of a patient, test of one rule."""
    file = place / "one.yaml"
    file.write_text(RULE)
    for number, chart in enumerate(charts):
        (place / f"chart-{number}.yaml").write_text(
            f"scenario: chart {number}\npathway: kdigo-2021/fsgs\nsynthetic: true\nrecord:\n"
            "  id: chart\n  time_zero: presentation\n"
            "  biopsies: [{at: 0 mo, diagnosis: fsgs, glomeruli: 12}]\n"
            f"  observations: [{{at: 2 mo, weight: 70 kg}}]\n{chart}\n"
        )
    return coverage_of(load_pathway(file), sorted(place.glob("chart-*.yaml")))


def asked(found: Coverage) -> ConditionCoverage:
    return next(each for each in found.conditions if each.id == "asked")


def chart(*, hypertension: bool = True, drugs: tuple[str, ...] = ()) -> str:
    given = ", ".join(f"{{drug: {drug}, from: 1 mo}}" for drug in drugs)
    there = "true" if hypertension else "false"
    return f"  conditions: [{{name: hypertension, present: {there}, at: 0 mo}}]\n  exposures: [{given}]"


def test_a_clause_is_covered_when_it_alone_decided_both_ways(tmp_path: Path) -> None:
    found = asked(site(tmp_path, chart(drugs=("ramipril",)), chart(drugs=())))
    hypertension, ramipril, losartan = found.clauses
    assert hypertension.held is not None
    assert str(hypertension.held) == "chart-0 at 2 mo"
    assert hypertension.failed is None
    assert ramipril.covered
    assert losartan.held is None
    assert losartan.failed is not None
    assert found.covered == 1


def test_a_clause_that_another_one_hides_does_not_count(tmp_path: Path) -> None:
    found = asked(site(tmp_path, chart(drugs=("ramipril", "losartan")), chart(hypertension=False)))
    hypertension, ramipril, losartan = found.clauses
    assert ramipril.held is None
    assert losartan.held is None
    assert hypertension.held is not None
    assert hypertension.failed is None


def test_what_is_unknown_is_noted_and_covers_nothing(tmp_path: Path) -> None:
    found = asked(site(tmp_path, "  exposures: [{drug: ramipril, from: 1 mo}]"))
    assert found.clauses[0].unknown is not None
    assert not found.clauses[0].covered


def test_what_no_answer_shows_is_told(tmp_path: Path) -> None:
    found = site(tmp_path, chart())
    assert "asked" in found.never_shown["rules"]
    assert "asked" not in site(tmp_path, chart(drugs=("ramipril",))).never_shown["rules"]
    assert "cyclosporine-low-dose-prednisolone" in found.never_shown["regimens"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nephroline", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["kdigo-2012/fsgs", "kdigo-2021/mcd"])
def test_our_shared_safety_and_care_modules_are_tested(name: str) -> None:
    found = coverage_of(load_pathway(name), scenario_files([ROOT / "scenarios"]))
    modules = {each.module for each in found.conditions}
    ours = found.of_modules(
        {module for module in modules if module.split("/")[0] in ("shared", "safety", "care")}
    )
    assert ours.clauses > 200
    assert ours.covered >= 0.7 * ours.clauses


def test_the_command_tells_sums_gaps_and_a_share_that_is_missed() -> None:
    command = [
        "coverage",
        str(ROOT / "scenarios/pjnh-2015-case-1.yaml"),
        "-p",
        "kdigo-2021/fsgs",
        "-m",
        "safety/statins",
    ]
    shown = run(*command)
    assert shown.returncode == 0
    assert "never mattered" in shown.stdout
    data: dict[str, Any] = json.loads(run(*command, "-f", "json").stdout)["pathways"][0]
    assert data["clauses"] == sum(len(row["clauses"]) for row in data["conditions"])
    assert {row["module"] for row in data["conditions"]} == {"safety/statins"}
    assert run(*command, "--fail-under", "90").returncode == 1
    unknown = run(*command[:-1], "safety/statin")
    assert unknown.returncode == 2
    assert "did you mean `safety/statins`" in unknown.stderr


def test_which_side_of_a_number_was_met_is_told_for_decimal_values(tmp_path: Path) -> None:
    rule = RULE.replace(
        "uses: [kdigo-2021/fsgs]",
        "uses: [kdigo-2021/fsgs]\nthresholds:\n  k: {title: k, value: 5.0 mmol/L, confidence: policy}",
    )
    file = tmp_path / "one.yaml"
    file.write_text(rule.replace("taking(losartan)", "latest(potassium) > k"))
    for number, value in enumerate(("4.0", "5.0", "5.2")):
        (tmp_path / f"chart-{number}.yaml").write_text(
            f"scenario: chart {number}\npathway: kdigo-2021/fsgs\nsynthetic: true\nrecord:\n  id: chart\n"
            "  time_zero: presentation\n  biopsies: [{at: 0 mo, diagnosis: fsgs, glomeruli: 12}]\n"
            f"  observations: [{{at: 2 mo, potassium: {value} mmol/L}}]\n"
        )
    found = coverage_of(load_pathway(file), sorted(tmp_path.glob("chart-*.yaml")))
    (met,) = (each for each in found.thresholds if each.name == "k")
    assert [str(side) for side in (met.below, met.at, met.above)] == [f"chart-{n} at 2 mo" for n in range(3)]


def test_what_parts_of_the_scenarios_test_is_joined_to_what_all_test() -> None:
    pathway = load_pathway("kdigo-2021/fsgs")
    files = scenario_files([ROOT / "scenarios" / "course"])[:6]
    whole = coverage_of(pathway, files)
    assert coverage_of(pathway, files[:3]).joined(coverage_of(pathway, files[3:])) == whole
    assert {file.stem for file in files} >= set().union(*(met.holds for met in whole.rules.values())) != set()
