"""Single changes to a state that could take an obstacle away, found from the conditions in the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from nephroline.changes.edits import Edit
from nephroline.changes.obstacles import Obstacle
from nephroline.exact import Fraction
from nephroline.features import FEATURES, Slot
from nephroline.lang import Ask, Atom, Compare, Holds, asks, threshold_names
from nephroline.missing.datum import Datum, datum_of
from nephroline.missing.regions import Region, Scale, joined
from nephroline.missing.state import State, state_of
from nephroline.quantities import decimal_text
from nephroline.record import Clock, Line, Moment
from nephroline.terms import Entry, Reads, Scope, Trait

_LONGEST_WAIT = Fraction(1_096)
"""Three years: what takes longer is not a plan."""


_FOUND_OUT = (Entry.OBSERVATION, Entry.CONDITION, Entry.ASSERTION, Entry.BIOPSY, Entry.SEX, Entry.AGE)
"""What is missing, and can be entered by a change."""


class Move(msgspec.Struct, frozen=True):
    """One change. `can`: it lies ahead; else it would need another past, or another person.

    `found_out`: it enters what is not known yet, and changes nothing that the chart says.
    """

    edit: Edit
    can: bool
    datum: Datum | None = None
    region: Region | None = None
    days: Fraction | None = None
    drug: str = ""
    found_out: bool = False

    def told(self, regions: Sequence[Region]) -> str:
        """The change in words, with the values of some neighbouring regions."""
        if self.datum is None or self.datum.scale is None or not regions:
            return self.edit.text
        return f"{self.datum.title} {joined(regions).text(self.datum.scale)}"

    def within(self, regions: Sequence[Region]) -> Move:
        """The change to a value that stands for some neighbouring regions."""
        if self.datum is None or self.datum.scale is None or len(regions) < 2:
            return self
        first, last = regions[0], regions[-1]
        low, high = first.low, last.high
        value = (low + high) / 2 if low is not None and high is not None else first.value
        whole = Region(value, "", low, high, first.low_in, last.high_in)
        short = nice(whole, self.datum.scale) or whole
        edit = msgspec.structs.replace(self.edit, value=self.datum.scale.text(short.value))
        return msgspec.structs.replace(self, edit=edit, region=short)

    def among(self) -> int | None:
        """Which region of its datum a number is set to."""
        if self.datum is None or self.region is None or self.datum.scale is None:
            return None
        mine = self.region
        every = enumerate(self.datum.regions)
        return next((i for i, other in every if (other.low, other.high) == (mine.low, mine.high)), None)

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
            return state_of(run.chart.timeline.so_far, run.pathway, later)
        if self.datum is None or self.region is None:
            kept = tuple(row for row in state.record.exposures if row.drug != self.drug)
            record = msgspec.structs.replace(state.record, exposures=kept)
            return state_of(record, run.pathway, now, stops_seen=run.chart.timeline.stops_seen)
        datum = self.datum
        if self.can and datum.slot.at is not None:
            # What is entered now stays the latest after a wait.
            datum = msgspec.structs.replace(datum, slot=msgspec.structs.replace(datum.slot, at=now))
        return state.vary(datum, self.region)


def _touching(state: State, obstacle: Obstacle) -> Iterator[Move]:
    line = state.run.line(obstacle.subject)
    if obstacle.subject in (0, *state.run.subjects(Scope.LINE)):
        for missing in state.run.see(obstacle.atom, obstacle.subject).missing:
            if missing.slot is not None and missing.slot.entry in _FOUND_OUT:
                for move in _entries(state, missing.slot, can=True):
                    yield msgspec.structs.replace(move, found_out=True)
    for ask in asks(obstacle.atom):
        yield from _moves(state, ask, line)
    yield from _waits(state, obstacle.atom, line)


def _moves(state: State, ask: Ask, line: Line | None) -> Iterator[Move]:
    """The changes that could change the answer to a question."""
    chart = state.chart
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
            if feature.enters is not None:
                yield from _entries(state, Slot(feature.enters), can=False)
        case Reads.SERIES:
            yield from _entries(state, Slot(Entry.OBSERVATION, names[0], at), can=not past)
            lines = chart.timeline.lines
            begun = line or (lines[0] if lines else None)
            if begun is not None:
                # Changes are measured from here: another value then would be another past.
                yield from _entries(state, Slot(Entry.OBSERVATION, names[0], begun.start), can=False)
        case Reads.EXPOSURES:
            if feature.trait is Trait.STOP_REASON and line is not None and line.end is not None:
                yield from _entries(state, Slot(Entry.STOP_REASON, str(line.number), line.end), can=False)
            yield from _withdrawn(state, names, can=feature.trait is Trait.IN_USE)
        case Reads.ALL:
            for analyte in chart.timeline.catalogue.analytes.values():
                if analyte.assessment or analyte.level_of in names:
                    yield from _entries(state, Slot(Entry.OBSERVATION, analyte.id, at), can=not past)


def _entries(state: State, slot: Slot, *, can: bool) -> Iterator[Move]:
    datum = datum_of(slot, state.pathway, state.chart)
    for region in datum.regions:
        value = nice(region, datum.scale) if datum.scale else region
        if value is None:
            continue
        edit = _edit(slot, value, datum.scale, state)
        if edit is not None:
            yield Move(edit, can, datum, value)


def _edit(slot: Slot, region: Region, scale: Scale | None, state: State) -> Edit | None:
    """The change as a person would make it; None for what has no form on the command line."""
    shown = scale.text(region.value) if scale else str(region.value)
    yes_or_no = {True: "yes", False: "no", None: "yes"}
    at_now = slot.at is None or slot.at == state.chart.timeline.as_of
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
            return Edit("set", f"{slot.name}@{slot.at}", shown)
        case _:
            line = state.chart.timeline.lines[int(slot.name) - 1]
            return Edit("set", f"stopped_for.{line.drugs[0]}@{slot.at}", shown)


def nice(region: Region, scale: Scale) -> Region | None:
    """A region with a value that can be written shortly, near its cut; None for a single point."""
    if region.low is not None and region.low == region.high:
        return None
    near = region.value
    if region.high is None and region.low is not None:
        near = region.low * Fraction(11, 10)
    elif region.low is None and region.high is not None:
        near = region.high * Fraction(9, 10)
    for value in (near, region.value):
        for places in range(6):
            short = Fraction(decimal_text(value / scale.factor, places)) * scale.factor
            above = region.low is None or short > region.low or (region.low_in and short == region.low)
            below = region.high is None or short < region.high or (region.high_in and short == region.high)
            if above and below and (region.low is not None or short > 0):
                return msgspec.structs.replace(region, value=short)
    return None


def _withdrawn(state: State, names: Iterable[str], *, can: bool) -> Iterator[Move]:
    """The course of a drug taken out of the record: to stop it now, or never to have given it."""
    catalogue = state.pathway.catalogue
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
    named = () if isinstance(atom, Holds) else threshold_names(atom)
    limits = [form.exact for name in named if (form := run.pathway.thresholds[name].forms.get("time"))]
    ahead = {limit - start + more for limit in limits if limit for start in passed for more in (0, 1)}
    for days in sorted(days for days in ahead if 0 < days <= _LONGEST_WAIT):
        yield Move(Edit("wait", value=_length(days, timeline.record.clock)), can=True, days=days)


def _length(days: Fraction, clock: Clock) -> str:
    """A length of time in words that read back exactly."""
    short = clock.at(days, "").label
    return short if clock.read(short).latest == days else f"{decimal_text(days, 12)} d"


class Moves:
    """The moves that touch obstacles; each is found and made once for all searches from one state."""

    def __init__(self) -> None:
        self._touching: dict[tuple[State, Obstacle], tuple[Move, ...]] = {}
        self._made: dict[tuple[State, Edit], State] = {}

    def touching(self, state: State, obstacle: Obstacle) -> tuple[Move, ...]:
        """Every single change that touches an atom."""
        key = (state, obstacle)
        if key not in self._touching:
            self._touching[key] = tuple(_touching(state, obstacle))
        return self._touching[key]

    def _after(self, state: State, move: Move) -> State:
        key = (state, move.edit)
        if key not in self._made:
            self._made[key] = move.made(state)
        return self._made[key]

    def helpful(
        self, state: State, obstacles: Iterable[Obstacle], may: Callable[[Move], bool]
    ) -> list[tuple[Move, State]]:
        """Changes that each take an obstacle away, with the states they lead to.

        Of those that take away the same the first, and of waits the shortest.
        """
        wanted = list(dict.fromkeys(obstacles))
        found: dict[tuple[str, frozenset[int]], tuple[Move, State]] = {}
        helped: set[Edit] = set()
        for obstacle in wanted:
            for move in self.touching(state, obstacle):
                if move.edit in helped or not may(move):
                    continue
                there = self._after(state, move)
                if not obstacle.gone(there):
                    continue
                helped.add(move.edit)
                gone = frozenset(i for i, other in enumerate(wanted) if other.gone(there))
                known = found.get((move.key, gone))
                if known is None or _shorter(move, known[0]):
                    found[move.key, gone] = (move, there)
        return list(found.values())


def _shorter(one: Move, other: Move) -> bool:
    return one.days is not None and other.days is not None and one.days < other.days


def until(move: Move, now: Moment, state: State) -> str:
    """The day a wait ends, as the record writes its times."""
    assert move.days is not None  # noqa: S101
    return state.record.clock.at(now.latest + move.days, now.label).label
