"""Single changes to a state that could take an obstacle away, found from the conditions in the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from nephroline.consultation import Run, Subject
from nephroline.exact import Fraction
from nephroline.features import FEATURES, Slot
from nephroline.lang import And, Ask, Atom, Compare, Holds, Node, Not, Or, asks, threshold_names
from nephroline.outlook.edits import Edit
from nephroline.outlook.regions import Region, Scale
from nephroline.outlook.slots import Field, field_of
from nephroline.outlook.states import State, state_of
from nephroline.pathway import Rule
from nephroline.quantities import decimal_text
from nephroline.record import Line, Moment
from nephroline.terms import Entry, Reads, Scope

_LONGEST_WAIT = Fraction(1_096)
"""Three years: what takes longer is not a plan."""

Way = tuple[Atom, Subject]
"""An atom in the way, and of whom it is asked."""


class Move(msgspec.Struct, frozen=True):
    """One change. `can`: it lies ahead; else it would need another past, or another person."""

    edit: Edit
    can: bool
    field: Field | None = None
    region: Region | None = None
    days: Fraction | None = None
    drug: str = ""

    @property
    def key(self) -> str:
        """What is changed; two moves of one key do not go together."""
        return "wait" if self.days is not None else self.edit.name

    def made(self, state: State) -> State:
        """The state after the change."""
        run = state.run
        now = run.chart.timeline.as_of
        if self.days is not None:
            later = run.chart.timeline.record.clock.at(now.latest + self.days, now.label)
            return state_of(state.record, run.pathway, later)
        if self.field is None or self.region is None:
            kept = tuple(row for row in state.record.exposures if row.drug != self.drug)
            record = msgspec.structs.replace(state.record, exposures=kept)
            return state_of(record, run.pathway, now)
        field = self.field
        if self.can and field.slot.at is not None:
            # What is entered now stays the latest after a wait.
            field = msgspec.structs.replace(field, slot=msgspec.structs.replace(field.slot, at=now))
        return state.vary(field, self.region)


def in_the_way(run: Run, node: Node, subject: Subject, *, wanted: bool) -> Iterator[Way]:
    """The atoms for which a condition is not as wanted, references opened up."""
    truth, _ = run.judged(node, subject)
    if truth is wanted:
        return
    if isinstance(node, Not):
        yield from in_the_way(run, node.operand, subject, wanted=not wanted)
    elif isinstance(node, (And, Or)):
        for operand in node.operands:
            yield from in_the_way(run, operand, subject, wanted=wanted)
    elif isinstance(node, Holds):
        for part, who in run.behind(node, subject):
            yield from in_the_way(run, part.when, who, wanted=wanted)
            if isinstance(part, Rule) and part.unless is not None and wanted:
                yield from in_the_way(run, part.unless, who, wanted=False)
    else:
        yield node, subject


def moves(state: State, ways: Iterable[Way]) -> list[Move]:
    """Every single change that touches one of some atoms, each once."""
    found: dict[Edit, Move] = {}
    for atom, subject in dict.fromkeys(ways):
        line = state.run.line(subject)
        for ask in asks(atom):
            for move in _moves(state, ask, line):
                found.setdefault(move.edit, move)
        for move in _waits(state, atom, line):
            found.setdefault(move.edit, move)
    return list(found.values())


def _moves(state: State, ask: Ask, line: Line | None) -> Iterator[Move]:
    """The changes that could change the answer to a question."""
    chart = state.run.chart
    now = chart.timeline.as_of
    feature = FEATURES[ask.feature]
    past = feature.scope is Scope.LINE and line is not None and line.end is not None
    at = line.end if past and line is not None and line.end is not None else now
    names = [argument.name for argument in ask.arguments if not argument.threshold]
    match feature.reads:
        case Reads.CONDITIONS:
            entry = Entry.CONDITION if names[0] in chart.timeline.catalogue.conditions else Entry.ASSERTION
            yield from _entries(state, Slot(entry, names[0], now), can=True)
        case Reads.BIOPSIES:
            yield from _entries(state, Slot(Entry.BIOPSY, "", now), can=True)
        case Reads.PERSON:
            yield from _entries(state, Slot(Entry(ask.feature)), can=False)
        case Reads.SERIES:
            yield from _entries(state, Slot(Entry.OBSERVATION, names[0], at), can=not past)
        case Reads.EXPOSURES:
            if ask.feature == "line.stopped_for" and line is not None and line.end is not None:
                yield from _entries(state, Slot(Entry.STOP_REASON, str(line.number), line.end), can=False)
            yield from _withdrawn(state, names, can=ask.feature == "taking")
        case Reads.ALL:
            for analyte in chart.timeline.catalogue.analytes.values():
                if analyte.assessment or analyte.level_of in names:
                    yield from _entries(state, Slot(Entry.OBSERVATION, analyte.id, at), can=not past)


def _entries(state: State, slot: Slot, *, can: bool) -> Iterator[Move]:
    field = field_of(slot, state.run.pathway, state.run.chart)
    for region in field.regions:
        value = nice(region, field.scale) if field.scale else region
        if value is None:
            continue
        edit = _edit(slot, value, field.scale, state)
        if edit is not None:
            yield Move(edit, can, field, value)


def _edit(slot: Slot, region: Region, scale: Scale | None, state: State) -> Edit | None:
    """The change as a person would make it; None for what has no form on the command line."""
    shown = scale.text(region.value) if scale else str(region.value)
    yes_or_no = {True: "yes", False: "no", None: "yes"}
    at_now = slot.at is None or slot.at == state.run.chart.timeline.as_of
    match slot.entry:
        case Entry.CONDITION:
            return Edit("set", slot.name, yes_or_no.get(region.value, str(region.value)))
        case Entry.ASSERTION:
            return Edit("set", slot.name, yes_or_no[region.value])
        case Entry.BIOPSY:
            return Edit("set", "biopsy.diagnosis", region.value)
        case Entry.SEX | Entry.AGE:
            return Edit("set", str(slot.entry), shown)
        case Entry.OBSERVATION if at_now:
            return Edit("set", slot.name, shown)
        case Entry.OBSERVATION:
            return Edit("set", f"{slot.name} at {slot.at}", shown)
        case _:
            return Edit("set", f"{slot.entry} of line {slot.name}", shown)


def nice(region: Region, scale: Scale) -> Region | None:
    """A region with a value that can be written shortly; None when it is a single point."""
    if region.low is not None and region.low == region.high:
        return None
    for places in range(6):
        short = Fraction(decimal_text(region.value / scale.factor, places)) * scale.factor
        above = region.low is None or short > region.low or (region.low_in and short == region.low)
        below = region.high is None or short < region.high or (region.high_in and short == region.high)
        if above and below and (region.low is not None or short > 0):
            return msgspec.structs.replace(region, value=short)
    return None


def _withdrawn(state: State, names: Iterable[str], *, can: bool) -> Iterator[Move]:
    """The course of a drug taken out of the record: to stop it now, or never to have given it."""
    catalogue = state.run.pathway.catalogue
    given = dict.fromkeys(row.drug for row in state.record.exposures)
    for name in names:
        agents = catalogue.regimens[name].agents if name in catalogue.regimens else (name,)
        for drug in given:
            if any(agent == drug or catalogue.belongs(drug, agent) for agent in agents):
                yield Move(Edit("remove", drug), can, drug=drug)


def _waits(state: State, atom: Atom, line: Line | None) -> Iterator[Move]:
    """The waits after which a time that an atom asks for is reached, or passed."""
    run = state.run
    timeline = run.chart.timeline
    passed = {Fraction(0)}
    if line is not None and line.end is None:
        passed.add(timeline.span(line.start, None).least)
    if isinstance(atom, Compare):
        reached = run.see(atom, line.number if line else 0).left
        low = getattr(reached, "low", None)
        if low is not None and getattr(reached, "dimension", "") == "time":
            passed.add(low)
    for name in threshold_names(atom) if not isinstance(atom, Holds) else ():
        limit = run.pathway.thresholds[name].forms.get("time")
        if limit is None or limit.exact is None:
            continue
        for start in passed:
            for days in (limit.exact - start, limit.exact - start + 1):
                if 0 < days <= _LONGEST_WAIT:
                    yield Move(Edit("wait", value=f"{decimal_text(days, 4)} d"), can=True, days=days)


def until(move: Move, now: Moment, state: State) -> str:
    """The day a wait ends, as the record writes its times."""
    assert move.days is not None  # noqa: S101
    return state.record.clock.at(now.latest + move.days, now.label).label
