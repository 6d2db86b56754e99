"""Why not: an answer for every regimen at every decision, and suggestions that work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import charts
from test_laws import EXAMPLES

from nephroline.changes import Edit, setting, what_if, why_not
from nephroline.errors import UsageError
from nephroline.pathway import Pathway, load_pathway, pathway_ids
from nephroline.record import RecordSource, read_record

PATHWAYS = {name: load_pathway(name) for name in pathway_ids()}
REGIMENS = list(PATHWAYS["pjnh-2015/fsgs"].catalogue.regimens)
DECISIONS = [
    ("pjnh-2015-case-1", at)
    for at in ("0 mo", "4 mo", "8 mo", "10 mo", "14 mo", "24 mo", "30 mo", "42 mo", "84 mo", "102 mo")
] + [("pjnh-2015-case-2", at) for at in ("0 mo", "4 mo", "10 mo", "12 mo")]


def edit(argument: str) -> Edit:
    """A suggestion, as it is printed for the command line."""
    option, _, text = argument.partition(" ")
    text = text.strip("'")
    if option == "--set":
        return setting(text)
    return Edit("wait", value=text) if option == "--wait" else Edit("remove", text)


def check(source: RecordSource, pathway: Pathway, regimen: str, at: str) -> int:
    """Every suggested change, made by the front door, makes the regimen the next line; how many there were."""
    found = why_not(read_record(source), pathway, regimen, at)
    assert found.is_next_line or found.offers or found.blocks or not found.changes
    for change in found.changes:
        edits = [edit(argument) for argument in change.arguments]
        answer = what_if(source, pathway, [edits], at).alternatives[0].consultation
        assert answer.next_line is not None, change
        assert answer.next_line.regimen == regimen, change
    return len(found.changes)


@pytest.mark.unmeasured  # many times the same lines
@pytest.mark.thorough
@pytest.mark.parametrize("pathway", ["kdigo-2021/fsgs", "pjnh-2015/fsgs"])
def test_every_decision_of_the_published_cases_has_an_answer_for_every_regimen(
    pathway: str, root: Path
) -> None:
    changes = 0
    # Each edition takes every other decision: a regimen at a decision is a search of its own.
    for scenario, at in DECISIONS[pathway.startswith("kdigo") :: 2]:
        for regimen in REGIMENS:
            changes += check(root / f"scenarios/{scenario}.yaml", PATHWAYS[pathway], regimen, at)
    assert changes > 10


@settings(max_examples=max(EXAMPLES // 7, 1), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    charts(imprecise=False), st.sampled_from(sorted(PATHWAYS)), st.sampled_from(REGIMENS), st.integers(0, 24)
)
def test_every_suggestion_works_for_any_chart(
    chart: dict[str, Any], pathway: str, regimen: str, month: int
) -> None:
    check(chart, PATHWAYS[pathway], regimen, f"{month} mo")


def test_what_can_change_is_told_from_what_cannot(root: Path, extended: Pathway) -> None:
    record = read_record(root / "scenarios/pjnh-2015-case-1.yaml")
    soon = why_not(record, extended, "mycophenolate", "8 mo")
    assert any(
        change.can and any("until 302.8 d" in text for text in change.edits) for change in soon.changes
    )
    past = why_not(record, extended, "cyclosporine-mycophenolate", "10 mo")
    assert past.changes
    assert not any(change.can for change in past.changes)


def test_an_unknown_regimen_is_answered_with_the_nearest(root: Path, extended: Pathway) -> None:
    record = read_record(root / "scenarios/pjnh-2015-case-1.yaml")
    with pytest.raises(UsageError, match="mycofenolate") as caught:
        why_not(record, extended, "mycofenolate", "10 mo")
    assert "mycophenolate" in caught.value.problems[0].help
