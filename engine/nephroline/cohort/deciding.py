"""One decision as a row: what was inferred and decided, without a word of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from math import floor
from typing import Any

import msgspec

from nephroline.consultation import Decision, Run, needs, regimens_out
from nephroline.consultation.acting import acts_named, depends_on
from nephroline.consultation.answer import Consultation, LineOut
from nephroline.consultation.doses import doses
from nephroline.consultation.needs import is_presumed, lacking
from nephroline.consultation.telling import alerts_of, earned, line_of, status_of
from nephroline.consultation.wording import when
from nephroline.features import REMISSIONS, Chart
from nephroline.quantities import YEAR

NOT_ASKED = "not-asked"

LabelKey = tuple[str, int | None]
"""What a label is, and of which line."""


def _data(names: Iterable[str]) -> list[str]:
    """Data by what they are, without the number of the line that they are of: the same for all patients."""
    return list(dict.fromkeys(_COURSE.sub("", name) for name in names))


_COURSE = re.compile(r" \(line \d+\)")


class LabelRow(msgspec.Struct):
    """A finding that is earned; `since`: the time from which it has held, once that is looked for."""

    id: str
    line: int | None
    presumed: bool
    since: float | None = None
    since_at: str | None = None

    @property
    def key(self) -> LabelKey:
        """What it is, and of which line."""
        return self.id, self.line


class LineRow(msgspec.Struct, rename={"started": "from", "ended": "to"}):
    """A line of therapy as judged; `remission`: the day on which one was first seen on it."""

    n: int
    drugs: list[str]
    regimen: str | None
    started: float
    ended: float | None
    exposure: str
    best_response: str
    outcome: str
    remission: float | None = None


class ActRow(msgspec.Struct):
    """What to do with an agent."""

    agent: str
    act: str


class AlertRow(msgspec.Struct):
    """An alert."""

    id: str
    severity: str


class DecisionRow(msgspec.Struct, kw_only=True):
    """A decision; the columns of `layout.RESULTS`, by name."""

    patient_id: str
    at: str
    day: float
    date: date | None
    sex: str | None
    age: float | None
    pathway: str
    edition: str
    verdict: str
    answer: str
    status: str
    status_since: float | None
    provisional: bool
    labels: list[LabelRow]
    action: str | None
    regimen: str | None
    alternatives: list[str]
    acts: list[ActRow]
    certain: bool | None
    outlook: str = NOT_ASKED
    missing: list[str]
    alerts: list[AlertRow]
    blocked: list[str]
    in_chart: list[str]
    lines: list[LineRow]
    begun: list[str] = []
    concordance: str | None = None
    delay: float | None = None


def of_run(run: Run, decision: Decision) -> DecisionRow:
    """The row of what was inferred and decided."""
    chart, act = run.chart, decision.act
    status = status_of(run)
    offered = [one for one in (act, *decision.alternatives) if one is not None]
    lacks = lacking(run, decision, [item for one in offered for item in doses(run, one)[1]])
    asked = needs((*lacks.next_line, *lacks.rules, *lacks.always))
    return _row(
        chart,
        pathway=run.pathway.id,
        edition=run.pathway.edition,
        verdict=str(decision.applied.verdict),
        answer=str(decision.kind),
        status=str(status.response),
        status_since=None if status.since is None else status.since.offset_days,
        provisional=status.provisional,
        labels=[
            LabelRow(one.id, subject or None, one.outcome is not None and is_presumed(run, run.line(subject)))
            for _, one, subject in earned(run)
        ],
        action=None if act is None else str(act.action),
        regimen=act.regimen.id if act is not None and act.regimen is not None else None,
        alternatives=[one.regimen.id for one in decision.alternatives if one.regimen is not None],
        acts=[ActRow(agent, word) for _, agent, word in acts_named(run, decision)],
        certain=None if act is None else not depends_on(run, act, decision),
        missing=_data(need.datum for need in asked),
        alerts=[AlertRow(rule.id, str(alert.severity)) for rule, alert, _ in alerts_of(run, decision)],
        blocked=[out.regimen.id for out in regimens_out(run)],
        lines=list(_lines(chart, [line_of(run, line) for line in chart.timeline.lines])),
    )


def of_answer(chart: Chart, answer: Consultation) -> DecisionRow:
    """The row of an answer in words: the same, where one pathway was asked."""
    line = answer.next_line
    return _row(
        chart,
        pathway=answer.pathway.id,
        edition=answer.pathway.edition,
        verdict=str(answer.applicability.verdict),
        answer=str(answer.answer.kind),
        status=str(answer.status.response),
        status_since=None if answer.status.since is None else answer.status.since.offset_days,
        provisional=answer.status.provisional,
        labels=[LabelRow(one.id, one.line, one.presumed) for one in answer.findings],
        action=None if line is None else str(line.action),
        regimen=None if line is None else line.regimen,
        alternatives=[one.regimen for one in answer.alternatives if one.regimen is not None],
        acts=[ActRow(one.agent, one.act) for one in answer.acts],
        certain=None if line is None else line.certain,
        missing=_data(need.datum for need in answer.needs),
        alerts=[AlertRow(one.id, str(one.severity)) for one in answer.alerts],
        blocked=[one.regimen for one in answer.blocked],
        lines=list(_lines(chart, answer.lines)),
    )


def _row(chart: Chart, **told: Any) -> DecisionRow:
    """A row with who the patient is at the decision time."""
    record, now = chart.timeline.record, chart.timeline.as_of
    ages = [float((zero + now.latest) / YEAR) for zero in record.ages_zero]
    zero = record.clock.zero
    return DecisionRow(
        patient_id=record.id,
        at=now.label,
        day=when(now).offset_days,
        date=None if zero is None else zero + timedelta(days=floor(now.latest)),
        sex=record.sex,
        age=round(ages[0], 2) if len(ages) == 1 else None,
        in_chart=[fault.text for fault in record.faults if fault.seen_at(chart.timeline.now)],
        **told,
    )


def _lines(chart: Chart, lines: list[LineOut]) -> Iterator[LineRow]:
    for line, known in zip(lines, chart.timeline.lines, strict=True):
        judged = chart.judged(known)
        seen = (float(one.at.latest) for one, choice in judged if choice.options <= REMISSIONS)
        yield LineRow(
            n=line.n,
            drugs=line.drugs,
            regimen=line.regimen,
            started=line.started.offset_days,
            ended=None if line.ended is None else line.ended.offset_days,
            exposure=str(line.exposure),
            best_response=line.best_response,
            outcome=str(line.outcome),
            remission=next(seen, None),
        )
