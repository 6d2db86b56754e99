"""What became of a line of therapy: by a finding that settles it, else by response and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from nephroline.consultation.run import Run, Subject, concluding
from nephroline.features import regimen_of
from nephroline.pathway import FindingOf, Pathway, Rule
from nephroline.record import Line
from nephroline.terms import Outcome, Response


def outcome(run: Run, line: Line) -> Outcome:
    """What became of a line: by a finding that settles it, else by response and time."""
    known = run.outcomes.get(line.number)
    if known is None:
        known = run.outcomes[line.number] = _outcome(run, line)
    return known


def _outcome(run: Run, line: Line) -> Outcome:
    settled = settled_outcome(run, line)
    if settled is not None:
        return settled
    best = run.chart.best_response(line)
    if best.options <= {Response.COMPLETE_REMISSION, Response.PARTIAL_REMISSION}:
        return Outcome.REMISSION
    regimen = regimen_of(run.chart, line)
    trial = run.pathway.thresholds.get(regimen.minimum_trial or "") if regimen else None
    if trial is not None and run.chart.timeline.span(line.start, line.end).most < trial.days:
        return Outcome.TOO_EARLY
    return Outcome.ONGOING if line.current else Outcome.INDETERMINATE


def settled_outcome(run: Run, line: Line) -> Outcome | None:
    """The outcome of a line that a finding settles: the first in order of id."""
    return next((o for rule, o in outcome_rules_of(run, line.number) if run.settled(rule, line.number)), None)


def outcome_rules_of(run: Run, subject: Subject) -> Sequence[tuple[Rule, Outcome]]:
    """The findings that settle the outcome of a line if they hold, in order of id."""
    found = _outcome_rules(run.pathway, len(run.chart.timeline.lines)).get(subject, ())
    line, catalogue = run.line(subject), run.pathway.catalogue
    return [
        (rule, outcome)
        for rule, outcome, of in found
        if of is None or (line is not None and any(catalogue.belongs(drug, of) for drug in line.drugs))
    ]


@lru_cache(maxsize=500)
def _outcome_rules(
    pathway: Pathway, lines: int
) -> Mapping[Subject, Sequence[tuple[Rule, Outcome, str | None]]]:
    """For each line the findings that settle its outcome, in order of id, and of which agent."""
    found: dict[Subject, list[tuple[Rule, Outcome, str | None]]] = {}
    for rule, finding, subject in concluding(pathway, FindingOf, lines):
        if isinstance(finding, FindingOf) and finding.outcome is not None and subject:
            found.setdefault(subject, []).append((rule, finding.outcome, finding.outcome_of))
    return found


def failed_agents(run: Run) -> Mapping[str, Line]:
    """The classes that failed beside another line: by a finding about the one of them, and the line."""
    found: dict[str, Line] = {}
    for rule, finding, subject in concluding(run.pathway, FindingOf, len(run.chart.timeline.lines)):
        line = run.line(subject)
        if (
            isinstance(finding, FindingOf)
            and finding.outcome is Outcome.RESISTANT
            and finding.outcome_of is not None
            and line is not None
            and run.settled(rule, subject)
        ):
            found[finding.outcome_of] = line
    return found
