"""A chart with some of its missing data entered, and what the pathway says of it; quick to vary.

A state is asked by the same rules as a consultation, but only for what is wanted. A varied state keeps
every answer of its parent that the new datum cannot reach.
"""

from __future__ import annotations

from collections.abc import Container
from functools import cached_property

import msgspec

from nephroline.consultation import Advised, Decision, LazyRun, Run, Subject, chart_of, decide, open_data
from nephroline.features import Chart, Missing, Slot
from nephroline.lang import Atom, Seen
from nephroline.missing.datum import Datum
from nephroline.missing.entering import entered
from nephroline.missing.regions import Region
from nephroline.missing.resting import for_next_line
from nephroline.pathway import Pathway, Reach, Rule
from nephroline.record import WEIGHT, Moment, Record
from nephroline.terms import Entry, Scope
from nephroline.truth import Truth


class _VariedRun(LazyRun, eq=False, kw_only=True):
    """A run that asks its parent what the datum that was entered cannot reach."""

    parent: LazyRun
    reach: Reach

    def decided(self, atom: Atom, subject: Subject) -> Seen:
        """See `Run.decided`."""
        return super().decided(atom, subject) if atom in self.reach.atoms else self.parent.see(atom, subject)

    def judge_clause(self, name: str, subject: Subject) -> Truth:
        """See `LazyRun.judge_clause`."""
        if name in self.reach.clauses:
            return super().judge_clause(name, subject)
        return self.parent.clause(name, subject)


class State(msgspec.Struct, frozen=True, eq=False, dict=True):
    """A record at a time, as a pathway sees it; `like` is a state with the same decision, if one is known."""

    record: Record
    run: LazyRun
    like: State | None = None

    @cached_property
    def decision(self) -> Decision:
        """What is to be done, no alternatives looked for."""
        return self.like.decision if self.like is not None else decide(self.run, alternatives=False)

    @cached_property
    def late_run(self) -> Run:
        """The run that knows what is proposed, for the rules that may ask."""
        return self.run.proposing(self.decision.proposed)

    def run_for(self, rule: Rule) -> Run:
        """The run that can judge a rule."""
        return self.late_run if self.run.pathway.depends.is_late(rule) else self.run

    @property
    def pathway(self) -> Pathway:
        """The rules."""
        return self.run.pathway

    @property
    def chart(self) -> Chart:
        """The chart."""
        return self.run.chart

    @cached_property
    def live(self) -> frozenset[str] | None:
        """The thresholds that the next line can still turn on; None: any."""
        return for_next_line(self.run)

    @property
    def advised(self) -> Advised:
        """What its decision comes to."""
        return self.decision.advised

    @cached_property
    def answer(self) -> tuple[Advised, tuple[Missing, ...]]:
        """What its decision comes to, and the data that could still change that."""
        return self.advised, open_data(self.run, self.decision)

    def settled(self, rule: Rule, subject: Subject) -> tuple[Truth, tuple[Missing, ...]]:
        """Whether a rule holds for good, and if that is unknown the data that would tell."""
        run = self.run_for(rule)
        if subject and subject not in run.subjects(Scope.LINE):
            return False, ()
        truth = run.settled(rule, subject)
        return truth, (() if truth is not None else run.lacking(rule, subject))

    def vary(self, datum: Datum, region: Region) -> State:
        """This state with a datum entered."""
        slot, parent = datum.slot, self.chart
        record = entered(self.record, datum, region, parent.timeline)
        weighs = slot.entry is Entry.OBSERVATION and slot.name == WEIGHT
        if weighs or slot.entry in (Entry.DOSE, Entry.TROUGH_TARGET, Entry.STOP_REASON):
            # Another treatment makes other lines: nothing of the parent is sure to hold.
            seen = parent.timeline.stops_seen
            return state_of(record, self.pathway, parent.timeline.as_of, stops_seen=seen)
        reach = self.pathway.depends.reach([(slot.entry, slot.name)])
        measured = slot.name if slot.entry is Entry.OBSERVATION else None
        timeline = parent.timeline.noting(record, assessed=_assesses(slot, self.pathway), analyte=measured)
        memo = parent.memo.kept(reach.questions, _assessed_before(parent, slot) if reach.judgements else None)
        chart = Chart(timeline, parent.judge_response, parent.judge_exposure, memo=memo)
        run = _VariedRun(self.pathway, chart, parent=self.run, reach=reach)
        return State(record, run, None if reach.choice else self)


def _assesses(slot: Slot, pathway: Pathway) -> bool:
    return slot.entry is Entry.OBSERVATION and pathway.catalogue.analytes[slot.name].assessment


def _assessed_before(chart: Chart, slot: Slot) -> Container[int]:
    """The assessments before a slot, which it cannot change."""
    if slot.at is None:
        return ()
    day = slot.at.earliest
    return {assessment.index for assessment in chart.timeline.assessments if assessment.at.latest < day}


def state_of(record: Record, pathway: Pathway, as_of: Moment, *, stops_seen: bool = True) -> State:
    """The state of a record at a time; *stops_seen*: see `Timeline`."""
    return State(record, LazyRun(pathway, chart_of(record, pathway, as_of, stops_seen=stops_seen)))
