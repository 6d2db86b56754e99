"""What an outcome depends on: the tree of regions, searched until nothing open can change it.

At each step one open datum is split into its regions. A branch ends when three-valued
logic is sure of the outcome; where all branches of a datum end alike, the datum does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Any

from nephroline.exact import Fraction
from nephroline.features import Missing, Slot
from nephroline.missing.datum import Datum, datum_of
from nephroline.missing.question import Question
from nephroline.missing.reading import Reading
from nephroline.missing.regions import Region, Span, joined
from nephroline.missing.state import State
from nephroline.missing.tree import Leaf, Tree, joined_trees
from nephroline.record import WEIGHT
from nephroline.terms import Entry

MOST_STATES = 2000
"""A search that looks at more states than this stops, and says so.

They are counted over all questions of one consultation, the next line first: what is asked late of a large
chart may go without an answer. Of a long chart fewer are looked at, because each takes longer.
"""

_LONG = 100
"""Assessments: each as many more make a state take about as long again as one of an ordinary chart."""


_NUMBERS = (Entry.OBSERVATION, Entry.DOSE, Entry.TROUGH_TARGET, Entry.AGE, Entry.GLOMERULI)
"""What has many regions."""


_Taken = frozenset[tuple[Slot, Any]]
"""The data that were entered on the way to a state, with their values."""


class Grown:
    """A tree, with what was read at its root and how it went on; a pattern for others to be grown by."""

    def __init__(
        self, tree: Tree, reading: Reading, datum: Datum | None = None, found: Sequence[Grown] = ()
    ) -> None:
        self.tree, self.reading, self.datum = tree, reading, datum
        self._found = found

    def alike(self, other: Grown) -> bool:
        """Whether both were found in the same way: the same answers to the same questions led to both."""
        if self is other:
            return True
        if self.reading is not other.reading or self.tree != other.tree:
            return False
        if self.datum is None or other.datum is None:
            return self.datum is other.datum
        mine, others = self._stretches, other._stretches
        return (
            self.datum.slot == other.datum.slot
            and len(mine) == len(others)
            and all(a == b and c.alike(d) for (a, c), (b, d) in zip(mine, others, strict=True))
        )

    @cached_property
    def _stretches(self) -> list[tuple[Span, Grown]]:
        """What follows, where it turns: at a constant, or at a multiple of another open value."""
        assert self.datum is not None  # noqa: S101
        pairs = list(zip(self.datum.regions, self._found, strict=True))
        groups: list[list[tuple[Region, Grown]]] = []
        for region, then in pairs:
            if groups and self.datum.scale is not None and groups[-1][-1][1].alike(then):
                groups[-1].append((region, then))
            else:
                groups.append([(region, then)])
        return [(joined([region for region, _ in group]), group[0][1]) for group in groups]

    def after(self, datum: Datum, number: int) -> Sequence[Grown]:
        """What followed here from a value of a datum, to be tried for the same value elsewhere."""
        if self.datum is None or self.datum.slot != datum.slot:
            return ()
        if len(self.datum.regions) == len(datum.regions):
            return (self._found[number],)
        return tuple(dict.fromkeys(self._found))


class _NewKinError(Exception):
    """Another value of an analyte turned out to be open after one was split without it."""


class BoundError(Exception):
    """The search looked at more states than it may."""


class Search:
    """Searches from one state; what it finds of a state serves every question."""

    def __init__(self, start: State, most: int = MOST_STATES) -> None:
        self.start = start
        self._most = most // (1 + len(start.chart.timeline.assessments) // _LONG)
        self._known: dict[_Taken, State] = {frozenset(): start}
        self.asked: dict[Slot, Missing] = {}
        self.exact = True
        self._data: dict[tuple[_Taken, Slot, tuple[Slot, ...], frozenset[str] | None], Datum] = {}
        self._live: frozenset[str] | None = None
        self.tried: set[Slot] = set()
        """The data of which values were tried, for any question."""
        self._kin: dict[str, dict[Slot, None]] = {}
        """The values of each analyte that were ever open."""
        self._readings: dict[_Taken, Reading] = {}

    @property
    def states(self) -> int:
        """How many states were looked at."""
        return len(self._known)

    def tree_of(self, question: Question) -> Tree:
        """The tree of an outcome. Raises: BoundError."""
        self._live = question.live(self.start)
        self._readings.clear()
        while True:
            try:
                return self._grow(question, frozenset()).tree
            except _NewKinError:
                continue

    def _grow(self, question: Question, taken: _Taken, patterns: Sequence[Grown] = ()) -> Grown:
        """The tree from a state on; *patterns* were grown where only the value of one number was another."""
        reading = self._reading(question, taken, patterns)
        grown = self._grown(question, taken, patterns, reading)
        return next((pattern for pattern in patterns if pattern.alike(grown)), grown)

    def _reading(self, question: Question, taken: _Taken, patterns: Sequence[Grown]) -> Reading:
        """What is read of a state; if all that a pattern rests on is the same here, the same."""
        found = self._readings.get(taken)
        if found is None:
            state = self._known[taken]
            known = dict.fromkeys(pattern.reading for pattern in patterns)
            found = next((reading for reading in known if reading.holds_in(state)), None)
            found = found or Reading(question, state, frozenset(slot for slot, _ in taken))
            self._readings[taken] = found
        return found

    def _grown(self, question: Question, taken: _Taken, patterns: Sequence[Grown], reading: Reading) -> Grown:
        missing = reading.missing
        entered = frozenset(slot for slot, _ in taken)
        slots = [m.slot for m in missing if m.slot is not None and m.slot not in entered]
        slots += self._standing_in(slots, entered)
        if not slots:
            return Grown(Leaf(reading.outcome, tuple(dict.fromkeys(m.why for m in missing))), reading)
        for item in missing:
            if item.slot is not None:
                self.asked.setdefault(item.slot, item)
        self._introduce(slots, entered)
        slot = min(slots, key=lambda s: (*self._rank(s, slots), slots.index(s)))
        datum = self._datum(taken, slot)
        self.exact = self.exact and datum.exact
        self.tried.add(slot)

        def at(number: int, near: Sequence[Grown] = ()) -> Grown:
            tried = (*near, *(one for pattern in patterns for one in pattern.after(datum, number)))
            return self._grow(question, self._vary(taken, datum, datum.regions[number]), tried)

        if _halved(datum, self._known[taken]):
            found = _segments(len(datum.regions), at)
        else:
            found = [at(number) for number in range(len(datum.regions))]
        return Grown(joined_trees(datum, [grown.tree for grown in found]), reading, datum, found)

    def _introduce(self, slots: Iterable[Slot], entered: AbstractSet[Slot]) -> None:
        """Make known the open values of one analyte to each other: each is cut where it crosses another."""
        for slot in slots:
            if slot.entry is Entry.OBSERVATION:
                kin = self._kin.setdefault(slot.name, {})
                if slot not in kin:
                    kin[slot] = None
                    if any(other in entered for other in kin):
                        raise _NewKinError

    def _standing_in(self, slots: Sequence[Slot], entered: frozenset[Slot]) -> list[Slot]:
        """Values that were open, for which an earlier one that was entered now stands in as the latest."""
        timeline = self.start.run.chart.timeline
        current, begun = timeline.windows.current, {line.start.latest for line in timeline.lines}
        found: dict[Slot, None] = {}
        for kin in self._kin.values():
            for earlier in entered.intersection(kin):
                for later in kin:
                    if later in entered or later in slots or earlier.at is None or later.at is None:
                        continue
                    # At the beginning of a line the last value counts, however old it is.
                    ago = later.at.latest - earlier.at.latest
                    if 0 < ago <= current or (ago > 0 and later.at.latest in begun):
                        found[later] = None
        return sorted(found, key=str)

    def burden(self, slot: Slot) -> int:
        """The rank of what it takes to find out a datum, the least first."""
        catalogue = self.start.run.pathway.catalogue
        return list(catalogue.burdens).index(catalogue.burden(slot.entry, slot.name).id)

    def _rank(self, slot: Slot, slots: Sequence[Slot]) -> tuple[bool, bool, int, Fraction]:
        """Words before numbers, pairs of values before single ones: so the tree is small.

        Of a pair the earlier first: then the later is said as a multiple of it.
        """
        number = slot.entry in _NUMBERS
        pair = any(s != slot and (s.entry, s.name) == (slot.entry, slot.name) for s in slots)
        return number, not pair, self.burden(slot), slot.at.latest if slot.at is not None else Fraction(0)

    def _datum(self, taken: _Taken, slot: Slot) -> Datum:
        entered = {other for other, _ in taken}
        kin = [other for other in self._kin.get(slot.name, ()) if other != slot]
        beside = tuple(other for other in kin if other not in entered)
        key = (taken, slot, beside, self._live)
        if key not in self._data:
            run = self._known[taken].run
            before = [other for other in kin if other in entered]
            self._data[key] = datum_of(slot, run.pathway, run.chart, beside, before, self._live)
        return self._data[key]

    def _vary(self, taken: _Taken, datum: Datum, region: Region) -> _Taken:
        wanted = taken | {(datum.slot, region.value)}
        if wanted not in self._known:
            if len(self._known) >= self._most:
                raise BoundError
            self._known[wanted] = self._known[taken].vary(datum, region)
        return wanted


def _halved(datum: Datum, state: State) -> bool:
    """Whether a number changes nothing but how it, and changes from or to it, compare with constants."""
    slot, catalogue = datum.slot, state.run.pathway.catalogue
    if datum.scale is None or slot.entry is not Entry.OBSERVATION or slot.name == WEIGHT:
        return False
    return catalogue.analytes[slot.name].level_of is None


def _segments(count: int, at: Callable[[int, Sequence[Grown]], Grown]) -> list[Grown]:
    """What follows from each region of a number, by halves.

    The values from which the same answers follow, and another open value of the analyte, form a convex
    set: every atom holds a value against a constant or against a multiple of the other. So where the two
    ends of a stretch are alike in every answer, and in the order of those that follow from the values of
    the other, all between them is.
    """
    found: dict[int, Grown] = {0: at(0, ())}
    found[count - 1] = at(count - 1, (found[0],)) if count > 1 else found[0]
    stretches = [(0, count - 1)]
    while stretches:
        first, end = stretches.pop()
        if end - first < 2:
            continue
        if found[first].alike(found[end]):
            found.update(dict.fromkeys(range(first + 1, end), found[first]))
        else:
            middle = (first + end) // 2
            found[middle] = at(middle, (found[first], found[end]))
            stretches += [(middle, end), (first, middle)]
    return [found[number] for number in range(count)]
