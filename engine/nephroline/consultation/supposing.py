"""What would be said if other agents were begun: those of an alternative, or of an order."""

from __future__ import annotations

from typing import cast

import msgspec

from nephroline.consultation.acts import Act
from nephroline.consultation.run import LazyRun, Run, Subject, fill
from nephroline.lang import Ask
from nephroline.pathway import Alert, Recommend, Rule, after_choice
from nephroline.terms import Action, Severity


class Precautions(msgspec.Struct, frozen=True):
    """What is done before a first dose, and what is to be noticed, beyond what is said anyhow."""

    before: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()


def supposing(run: Run, agents: frozenset[str]) -> LazyRun:
    """The same chart with other agents proposed; what was worked out without asking that is kept."""
    chart = run.chart
    asked = {question for question in chart.memo.of_patient if after_choice(cast("Ask", question))}
    kept = chart.memo.kept(asked, None)
    return LazyRun(run.pathway, msgspec.structs.replace(chart, proposed=agents, memo=kept))


def given(act: Act) -> frozenset[str]:
    """The drugs that the patient gets by an act: its agents, and what it states a dose of beside them."""
    return act.agents | act.recommend.dose.keys()


def precautions(run: Run, act: Act) -> Precautions:
    """What is added where an act begins other agents than those that are proposed."""
    if act.action is not Action.START or given(act) <= run.chart.proposed:
        return Precautions()
    other = supposing(run, given(act))
    before = [
        _title(run, rule, one.title)
        for rule, one, subject in run.rules(Recommend)
        if one.before_first_dose and _added(run, other, rule, subject)
    ]
    alerts = [
        ": ".join(filter(None, (_title(run, rule, ""), fill(run.pathway, one.detail))))
        for rule, one, subject in run.rules(Alert)
        if one.severity is not Severity.INFO and _added(run, other, rule, subject)
    ]
    return Precautions(tuple(dict.fromkeys(before)), tuple(dict.fromkeys(alerts)))


def _added(run: Run, other: LazyRun, rule: Rule, subject: Subject) -> bool:
    """Whether a rule stands only if the other agents are begun."""
    late = rule.clause in run.pathway.depends.late
    return late and other.stands(rule, subject) and not run.stands(rule, subject)


def _title(run: Run, rule: Rule, title: str) -> str:
    return fill(run.pathway, title or rule.title)
