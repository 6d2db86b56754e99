"""What an outcome depends on: the tree of regions, searched until nothing open can change it.

At each step one open datum is split into its regions. A branch ends when three-valued
logic is sure of the outcome; where all branches of a datum end alike, the datum does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Any

import msgspec

from nephroline.consultation import Subject, rests_on
from nephroline.exact import Fraction
from nephroline.features import WEIGHT, Missing, Slot
from nephroline.lang import Atom, Seen
from nephroline.outlook.regions import Region, Scale, Span, joined
from nephroline.outlook.slots import Field, field_of
from nephroline.outlook.states import State
from nephroline.outlook.support import Moving, Supports, moving
from nephroline.outlook.targets import Outcome, Target
from nephroline.terms import Entry

MOST_STATES = 700
"""A search that looks at more states than this stops, and says so."""


_NUMBERS = (Entry.OBSERVATION, Entry.DOSE, Entry.TROUGH_TARGET, Entry.AGE, Entry.GLOMERULI)
"""What has many regions."""


class Leaf(msgspec.Struct, frozen=True):
    """An outcome; `stuck`: data without a slot, or already entered, that still leave it open."""

    outcome: Outcome
    stuck: tuple[str, ...] = ()


class Arm(msgspec.Struct, frozen=True):
    """Some values of a datum, and what follows from them."""

    span: Span
    then: Tree


class Branch(msgspec.Struct, frozen=True):
    """A datum that matters, with an arm for each difference it makes."""

    slot: Slot
    title: str
    scale: Scale | None
    arms: tuple[Arm, ...]

    def text(self, span: Span) -> str:
        """Say an arm: ``serum creatinine ≤ 1.2 mg/dL``, ``pregnancy: no``."""
        if self.scale is not None:
            return f"{self.title} {span.text(self.scale)}"
        others = [word for arm in self.arms for word in arm.span.words if word not in span.words]
        shown = f"not {' or '.join(others)}" if len(others) < len(span.words) else span.text(None)
        return f"{self.title}: {shown}"


Tree = Leaf | Branch
_Taken = frozenset[tuple[Slot, Any]]
"""The data that were entered on the way to a state, with their values."""


class BoundError(Exception):
    """The search looked at more states than it may."""


class Grown:
    """A tree, with what was read at its root and how it went on; a pattern for others to be grown by."""

    def __init__(
        self, tree: Tree, reading: Reading, field: Field | None = None, found: Sequence[Grown] = ()
    ) -> None:
        self.tree, self.reading, self.field = tree, reading, field
        self._found = found

    def alike(self, other: Grown) -> bool:
        """Whether both were found in the same way: the same answers to the same questions led to both."""
        if self is other:
            return True
        if self.reading is not other.reading or self.tree != other.tree:
            return False
        if self.field is None or other.field is None:
            return self.field is other.field
        mine, others = self._stretches, other._stretches
        return (
            self.field.slot == other.field.slot
            and len(mine) == len(others)
            and all(a == b and c.alike(d) for (a, c), (b, d) in zip(mine, others, strict=True))
        )

    @cached_property
    def _stretches(self) -> list[tuple[Span, Grown]]:
        """What follows, where it turns: at a constant, or at a multiple of another open value."""
        assert self.field is not None  # noqa: S101
        pairs = list(zip(self.field.regions, self._found, strict=True))
        groups: list[list[tuple[Region, Grown]]] = []
        for region, then in pairs:
            if groups and self.field.scale is not None and groups[-1][-1][1].alike(then):
                groups[-1].append((region, then))
            else:
                groups.append([(region, then)])
        return [(joined([region for region, _ in group]), group[0][1]) for group in groups]

    def after(self, field: Field, number: int) -> Sequence[Grown]:
        """What followed here from a value of a field, to be tried for the same value elsewhere."""
        if self.field is None or self.field.slot != field.slot:
            return ()
        if len(self.field.regions) == len(field.regions):
            return (self._found[number],)
        return tuple(dict.fromkeys(self._found))


class _NewKinError(Exception):
    """Another value of an analyte turned out to be open after one was split without it."""


class Explorer:
    """Searches from one state; what it finds of a state serves every target."""

    def __init__(self, start: State, most: int = MOST_STATES) -> None:
        self.start = start
        self._most = most
        self._known: dict[_Taken, State] = {frozenset(): start}
        self.asked: dict[Slot, Missing] = {}
        self.exact = True
        self._fields: dict[tuple[_Taken, Slot, tuple[Slot, ...], frozenset[str] | None], Field] = {}
        self._live: frozenset[str] | None = None
        self.split: set[Slot] = set()
        """The data of which values were tried, for any target."""
        self._kin: dict[str, dict[Slot, None]] = {}
        """The values of each analyte that were ever open."""
        self._readings: dict[_Taken, Reading] = {}

    @property
    def states(self) -> int:
        """How many states were looked at."""
        return len(self._known)

    def explore(self, target: Target) -> Tree:
        """The tree of an outcome. Raises: BoundError."""
        self._live = target.live(self.start)
        self._readings.clear()
        while True:
            try:
                return self._grow(target, frozenset()).tree
            except _NewKinError:
                continue

    def _grow(self, target: Target, taken: _Taken, patterns: Sequence[Grown] = ()) -> Grown:
        """The tree from a state on; *patterns* were grown where only the value of one number was another."""
        reading = self._reading(target, taken, patterns)
        grown = self._grown(target, taken, patterns, reading)
        return next((pattern for pattern in patterns if pattern.alike(grown)), grown)

    def _reading(self, target: Target, taken: _Taken, patterns: Sequence[Grown]) -> Reading:
        """What is read of a state; if all that a pattern rests on is the same here, the same."""
        found = self._readings.get(taken)
        if found is None:
            state = self._known[taken]
            known = dict.fromkeys(pattern.reading for pattern in patterns)
            found = next((reading for reading in known if reading.holds_in(state)), None)
            found = found or Reading(target, state, frozenset(slot for slot, _ in taken))
            self._readings[taken] = found
        return found

    def _grown(self, target: Target, taken: _Taken, patterns: Sequence[Grown], reading: Reading) -> Grown:
        missing = reading.missing
        entered = frozenset(slot for slot, _ in taken)
        slots = [m.slot for m in missing if m.slot is not None and m.slot not in entered]
        slots += self._standing_in(slots, entered)
        if not slots:
            return Grown(Leaf(reading.outcome, tuple(dict.fromkeys(m.why for m in missing))), reading)
        for item in missing:
            if item.slot is not None:
                self.asked.setdefault(item.slot, item)
        self._meet(slots, entered)
        slot = min(slots, key=lambda s: (*self._rank(s, slots), slots.index(s)))
        field = self._field(taken, slot)
        self.exact = self.exact and field.exact
        self.split.add(slot)

        def at(number: int, near: Sequence[Grown] = ()) -> Grown:
            tried = (*near, *(one for pattern in patterns for one in pattern.after(field, number)))
            return self._grow(target, self._vary(taken, field, field.regions[number]), tried)

        if _halved(field, self._known[taken]):
            found = _segments(len(field.regions), at)
        else:
            found = [at(number) for number in range(len(field.regions))]
        return Grown(_joined(field, [grown.tree for grown in found]), reading, field, found)

    def _meet(self, slots: Iterable[Slot], entered: AbstractSet[Slot]) -> None:
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

    def _field(self, taken: _Taken, slot: Slot) -> Field:
        entered = {other for other, _ in taken}
        kin = [other for other in self._kin.get(slot.name, ()) if other != slot]
        beside = tuple(other for other in kin if other not in entered)
        key = (taken, slot, beside, self._live)
        if key not in self._fields:
            run = self._known[taken].run
            before = [other for other in kin if other in entered]
            self._fields[key] = field_of(slot, run.pathway, run.chart, beside, before, self._live)
        return self._fields[key]

    def _vary(self, taken: _Taken, field: Field, region: Region) -> _Taken:
        wanted = taken | {(field.slot, region.value)}
        if wanted not in self._known:
            if len(self._known) >= self._most:
                raise BoundError
            self._known[wanted] = self._known[taken].vary(field, region)
        return wanted


def _halved(field: Field, state: State) -> bool:
    """Whether a number changes nothing but how it, and changes from or to it, compare with constants."""
    slot, catalogue = field.slot, state.run.pathway.catalogue
    if field.scale is None or slot.entry is not Entry.OBSERVATION or slot.name == WEIGHT:
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


class Reading:
    """What is read of a state, and on demand what that rests on, as far as numbers can change it."""

    def __init__(self, target: Target, state: State, entered: AbstractSet[Slot]) -> None:
        self.outcome, self.missing = target.read(state)
        self._target, self._state = target, state
        self._numbers = [slot for slot in entered if slot.entry is Entry.OBSERVATION]

    @cached_property
    def _can(self) -> Moving:
        names = frozenset(slot.name for slot in self._numbers)
        return moving(self._state.run.pathway, names)

    @cached_property
    def _support(self) -> list[tuple[Subject, Atom, Seen]]:
        run = self._state.run
        found = self._target.support(self._state, Supports(run, self._can))
        return [(subject, atom, run.see(atom, subject)) for subject, atom, _ in found]

    @cached_property
    def _judged(self) -> Hashable:
        return self._judged_in(self._state)

    def _judged_in(self, state: State) -> Hashable:
        """How the responses are judged on which it rests: truths of responses do not form convex sets."""
        if not any(atom in self._can.far for _, atom, _ in self._support):
            return None
        run = state.run
        since = min(slot.at.earliest for slot in self._numbers if slot.at is not None)
        return frozenset(
            (assessment.index, atom, truth)
            for assessment in run.chart.timeline.assessments
            if assessment.at.latest >= since
            for atom, truth in rests_on(run.pathway, run.chart, assessment).items()
            if atom in self._can.judged
        )

    def holds_in(self, state: State) -> bool:
        """Whether all that it rests on is the same in a state that has other values of the same numbers."""
        self._target.ready(state)
        support = self._support
        for i, (subject, atom, seen) in enumerate(support):
            here = state.run.see(atom, subject)
            if here.truth is not seen.truth or (seen.truth is None and here.missing != seen.missing):
                # What told two states apart will tell others apart: it is looked at first from now on.
                support.insert(0, support.pop(i))
                return False
        if self._judged != self._judged_in(state):
            return False
        self._target.repeated(self._state, state)
        return True


def _joined(field: Field, trees: Sequence[Tree]) -> Tree:
    """Join regions that lead to the same (numbers: neighbours only); if all do, the datum does not matter.

    Unless what follows is measured from it.
    """
    groups: list[tuple[list[Region], Tree]] = []
    for region, tree in zip(field.regions, trees, strict=True):
        same = [group for group in (groups if field.scale is None else groups[-1:]) if group[1] == tree]
        if same:
            same[0][0].append(region)
        else:
            groups.append(([region], tree))
    first = groups[0][1]
    if all(tree == first for _, tree in groups):
        if not any(field.slot in arm.span.of for branch in branches(first) for arm in branch.arms):
            return first
        groups = [(list(field.regions), first)]
    return Branch(field.slot, field.title, field.scale, tuple(Arm(joined(r), tree) for r, tree in groups))


def branches(tree: Tree) -> Iterator[Branch]:
    """Every branch of a tree, from the root."""
    if isinstance(tree, Branch):
        yield tree
        for arm in tree.arms:
            yield from branches(arm.then)
