"""A chart with some of its missing data entered, and what the pathway says of it; quick to vary.

A state is asked by the same rules as a consultation, but only for what is wanted. A varied state keeps
every answer of its parent that the new datum cannot touch.
"""

from __future__ import annotations

from collections.abc import Container, Hashable
from functools import cached_property
from typing import cast
from weakref import ref

import msgspec

from nephroline.consultation import (
    Candidate,
    Choosing,
    Run,
    Subject,
    applicability,
    chart_of,
    choose,
    open_blocks,
)
from nephroline.features import Chart, Missing, Slot, gather
from nephroline.lang import Ask, Atom, Seen
from nephroline.outlook import live
from nephroline.outlook.regions import Region
from nephroline.outlook.slots import Field, entered
from nephroline.outlook.touch import Touched, touched
from nephroline.pathway import Pathway, Recommend, Rule
from nephroline.record import Moment, Record, Timeline
from nephroline.terms import Action, Answer, Entry, Scope, Verdict

_SHARED_BY_LINES = ("exposures", "courses", "running", "lines")
"""What of a timeline depends on exposures alone."""


class Said(msgspec.Struct, frozen=True):
    """What the answer about the next line is: its kind, and what is asked for."""

    kind: Answer
    action: Action | None = None
    what: str = ""


class _Lazy(dict[tuple[str, Subject], bool | None]):
    """Truths of clauses, judged when they are asked for."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        # The run holds its truths: held weakly, it is freed with its state, and not at some later time.
        self._run = ref(run)

    def __missing__(self, key: tuple[str, Subject]) -> bool | None:
        clause, subject = key
        run = self._run()
        assert run is not None  # noqa: S101
        if isinstance(run, _Varied) and clause not in run.can.clauses:
            truth = run.parent.truths[key]
        else:
            truth = run.truth(run.pathway.clauses[clause].condition, subject)
        self[key] = truth
        return truth


class _Varied(Run, eq=False, kw_only=True):
    """A run that asks its parent what the datum that was entered cannot change."""

    parent: Run
    can: Touched

    def decided(self, atom: Atom, subject: Subject) -> Seen:
        """See `Run.decided`."""
        return super().decided(atom, subject) if atom in self.can.atoms else self.parent.see(atom, subject)


class State(msgspec.Struct, frozen=True, eq=False, dict=True):
    """A record at a time, as a pathway sees it."""

    record: Record
    run: Run

    @cached_property
    def choosing(self) -> Choosing:
        """The competition for the next line, no alternatives; from here on alerts know what is proposed."""
        twin: State | None = vars(self).get("twin")
        found = self._choosing() if twin is None else twin.choosing
        chosen = found.chosen
        if chosen is not None and chosen.recommend.action is not Action.STOP:
            self.run.chart = msgspec.structs.replace(self.run.chart, proposed=chosen.agents)
        return found

    def _choosing(self) -> Choosing:
        found = choose(self.run, alternatives=False)
        if self.verdict is Verdict.DOES_NOT_APPLY:
            return msgspec.structs.replace(found, chosen=None, alternatives=(), conflict=())
        return found

    def choose_like(self, other: State) -> None:
        """Take over the choice of a state, because all that it rests on is the same here."""
        vars(self).setdefault("twin", other)

    @cached_property
    def _applied(self) -> tuple[Verdict, tuple[Missing, ...]]:
        applied = applicability(self.run)
        return applied.verdict, applied.missing

    @cached_property
    def live(self) -> frozenset[str] | None:
        """The thresholds that the next line can still turn on; None: any."""
        return live.for_next_line(self.run)

    @property
    def verdict(self) -> Verdict:
        """Whether the pathway speaks of the patient."""
        return self._applied[0]

    @cached_property
    def answer(self) -> tuple[Said, tuple[Missing, ...]]:
        """The answer about the next line, and the data that could still change it."""
        choosing, (verdict, missing) = self.choosing, self._applied
        if verdict is Verdict.DOES_NOT_APPLY:
            return Said(Answer.NOT_APPLICABLE), self._other_verdicts()
        open_data = [item for _, items in choosing.undecided for item in items]
        chosen = choosing.chosen
        if choosing.conflict:
            names = " and ".join(sorted(candidate.rule.id for candidate in choosing.conflict))
            return Said(Answer.CONFLICT, None, names), gather((*open_data, *missing))
        if chosen is not None:
            open_data += chosen.depends_on
            open_data += [item for _, items in open_blocks(self.run, chosen) for item in items]
        silent, silent_missing = self._silent()
        return self._said(chosen, silent=silent), gather((*open_data, *silent_missing, *missing))

    def _said(self, chosen: Candidate | None, *, silent: bool) -> Said:
        if chosen is not None and not (silent and chosen.recommend.action is Action.STOP):
            kind = Answer.CONTINUE if chosen.recommend.action is Action.CONTINUE else Answer.NEXT_LINE
            return Said(kind, chosen.recommend.action, chosen.what[1])
        if silent:
            # What is stopped counts too: silent with a line to stop is not the answer silent without one.
            action = None if chosen is None else chosen.recommend.action
            return Said(Answer.GUIDELINE_SILENT, action, "" if chosen is None else chosen.what[1])
        return Said(Answer.NOTHING_APPLIES)

    def _other_verdicts(self) -> tuple[Missing, ...]:
        """What could bring in a verdict that comes before: data that only confirm this one do not count."""
        found: list[Missing] = []
        for verdict, node, _ in self.run.pathway.applicability:
            truth, lacking = self.run.judged(node, 0)
            if truth:
                break
            if verdict is not Verdict.DOES_NOT_APPLY:
                found += lacking
        return gather(found)

    def _silent(self) -> tuple[bool, tuple[Missing, ...]]:
        """Whether a rule says that the source is silent; it matters only without a line to go on with."""
        missing: list[Missing] = []
        chosen = self.choosing.chosen
        if chosen is not None and chosen.recommend.action is not Action.STOP:
            return False, ()
        for rule, recommend, subject in self.run.rules(Recommend):
            if recommend.silent:
                if self.run.stands(rule, subject):
                    return True, self.run.depends_on(rule, subject)
                missing += self._lacking(rule, subject)
        return False, gather(missing)

    def settled(self, rule: Rule, subject: Subject) -> tuple[bool | None, tuple[Missing, ...]]:
        """Whether a rule holds for good, and if that is unknown the data that would tell."""
        if self.run.pathway.depends.is_late(rule):
            _ = self.choosing
        if subject and subject not in self.run.subjects(Scope.LINE):
            return False, ()
        truth = self.run.settled(rule, subject)
        return truth, (() if truth is not None else self._lacking(rule, subject))

    def _lacking(self, rule: Rule, subject: Subject) -> tuple[Missing, ...]:
        if self.run.truths[rule.clause, subject] is False:
            return ()
        found = list(self.run.missing(rule.when, subject))
        if rule.unless is not None:
            if self.run.truths[rule.exception, subject] is True:
                return ()
            found += self.run.missing(rule.unless, subject)
        return gather(found)

    def vary(self, field: Field, region: Region) -> State:
        """This state with a datum entered."""
        parent = self.run
        record = entered(self.record, field, region, parent.chart.timeline)
        pathway, before = parent.pathway, parent.chart.timeline
        timeline = Timeline(record, before.catalogue, before.as_of, before.windows)
        chart = Chart(timeline, parent.chart.judge_response, parent.chart.judge_exposure)
        if field.slot.entry in (Entry.DOSE, Entry.TROUGH_TARGET, Entry.STOP_REASON):
            can, run = None, Run(pathway, chart)
        else:
            vars(timeline).update({name: getattr(before, name) for name in _SHARED_BY_LINES})
            if not _assesses(field.slot, pathway):
                vars(timeline)["assessments"] = before.assessments
            can = touched(pathway, field.slot.entry, field.slot.name)
            run = _Varied(pathway, chart, parent=parent, can=can)
            _inherit(parent.chart, chart, can, field.slot)
        run.truths = _Lazy(run)
        state = State(record, run)
        if can is not None and not can.choice:
            state.choose_like(self)
        return state


def _assesses(slot: Slot, pathway: Pathway) -> bool:
    return slot.entry is Entry.OBSERVATION and pathway.catalogue.analytes[slot.name].assessment


def state_of(record: Record, pathway: Pathway, as_of: Moment) -> State:
    """The state of a record at a time."""
    run = Run(pathway, chart_of(record, pathway, as_of))
    run.truths = _Lazy(run)
    return State(record, run)


def _inherit(parent: Chart, child: Chart, can: Touched, slot: Slot) -> None:
    """Keep of what a chart remembers what the datum of a slot cannot change."""
    earlier = _before(parent, slot)
    for key, value in parent.memo.items():
        head = cast("tuple[Hashable, ...]", key)[0] if isinstance(key, tuple) else key
        if isinstance(head, Ask):
            if head not in can.questions:
                child.memo[key] = value
        elif (not can.judgements and head != "baseline") or key in earlier:
            child.memo[key] = value


def _before(chart: Chart, slot: Slot) -> Container[Hashable]:
    """The keys of the remembered responses at assessments before a slot, which cannot change them."""
    if slot.at is None:
        return ()
    day = slot.at.earliest
    return {("responses", a.index) for a in chart.timeline.assessments if a.at.latest < day}
