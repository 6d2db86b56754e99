"""What an outcome depends on: the tree of regions, searched until nothing open can change it.

At each step the least burdensome open datum is split into its regions. A branch ends when three-valued
logic is sure of the outcome; where all branches of a datum end alike, the datum does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import combinations

import msgspec

from nephroline.exact import Fraction
from nephroline.features import Missing, Slot
from nephroline.outlook.regions import Scale, Span, joined
from nephroline.outlook.slots import Field, field_of
from nephroline.outlook.states import State

Outcome = object
"""What a target came to; two are the same when they are equal."""

Target = Callable[[State], tuple[Outcome, tuple[Missing, ...]]]
"""Reads an outcome from a state, with the data that could still change it."""

MOST_STATES = 400
"""A search that looks at more states than this stops, and says so."""


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
Way = Mapping[Slot, Span]
"""A way to a leaf: the values of each datum on it."""


class BoundError(Exception):
    """The search looked at more states than it may."""


class Explorer:
    """Searches from one state; what it finds of a state serves every target."""

    def __init__(self, start: State, most: int = MOST_STATES) -> None:
        self.start = start
        self._most = most
        self._known: dict[frozenset[tuple[Slot, int]], State] = {frozenset(): start}
        self.asked: dict[Slot, Missing] = {}
        self.exact = True
        self._fields: dict[tuple[frozenset[tuple[Slot, int]], Slot, tuple[Slot, ...]], Field] = {}

    @property
    def states(self) -> int:
        """How many states were looked at."""
        return len(self._known)

    def explore(self, target: Target) -> Tree:
        """The tree of an outcome. Raises: BoundError."""
        return self._grow(target, frozenset())

    def _grow(self, target: Target, taken: frozenset[tuple[Slot, int]]) -> Tree:
        state = self._known[taken]
        outcome, missing = target(state)
        entered = {slot for slot, _ in taken}
        slots = [m.slot for m in missing if m.slot is not None and m.slot not in entered]
        if not slots:
            return Leaf(outcome, tuple(dict.fromkeys(m.why for m in missing)))
        for item in missing:
            if item.slot is not None:
                self.asked.setdefault(item.slot, item)
        slot = min(slots, key=lambda s: (self._burden(s), _paired(s, slots), slots.index(s)))
        beside = _beside(slot, slots)
        field = self._field(taken, slot, beside)
        self.exact = self.exact and field.exact
        count = len(field.regions)
        if field.scale is None or beside:
            trees = [self._grow(target, self._vary(taken, field, number)) for number in range(count)]
            return _joined(field, list(enumerate(trees)))
        return _joined(field, self._segments(target, taken, field))

    def _segments(
        self, target: Target, taken: frozenset[tuple[Slot, int]], field: Field
    ) -> list[tuple[int, Tree]]:
        """The tree of each region of a number, by halves.

        Each atom of a rule turns at most once as a number grows; so where the two ends of a stretch are
        alike in every atom, all between them is.
        """
        marks: dict[int, Hashable] = {}
        trees: dict[Hashable, Tree] = {}

        def mark(number: int) -> Hashable:
            if number not in marks:
                after = self._vary(taken, field, number)
                marks[number] = self._known[after].signature(target)
                if marks[number] not in trees:
                    trees[marks[number]] = self._grow(target, after)
            return marks[number]

        def divide(first: int, last: int) -> None:
            if last - first < 2:
                return
            if mark(first) == mark(last):
                marks.update(dict.fromkeys(range(first + 1, last), mark(first)))
                return
            middle = (first + last) // 2
            mark(middle)
            divide(first, middle)
            divide(middle, last)

        last = len(field.regions) - 1
        mark(0)
        mark(last)
        divide(0, last)
        return [(number, trees[marks[number]]) for number in range(last + 1)]

    def _burden(self, slot: Slot) -> int:
        catalogue = self.start.run.pathway.catalogue
        return list(catalogue.burdens).index(catalogue.burden(slot.entry, slot.name).id)

    def _field(self, taken: frozenset[tuple[Slot, int]], slot: Slot, beside: tuple[Slot, ...]) -> Field:
        key = (taken, slot, beside)
        if key not in self._fields:
            run = self._known[taken].run
            self._fields[key] = field_of(slot, run.pathway, run.chart, beside)
        return self._fields[key]

    def _vary(
        self, taken: frozenset[tuple[Slot, int]], field: Field, number: int
    ) -> frozenset[tuple[Slot, int]]:
        wanted = taken | {(field.slot, number)}
        if wanted not in self._known:
            if len(self._known) >= self._most:
                raise BoundError
            self._known[wanted] = self._known[taken].vary(field, field.regions[number])
        return wanted


def _beside(slot: Slot, slots: Sequence[Slot]) -> tuple[Slot, ...]:
    """Other open values of the same thing: the two are compared with one another."""
    same = (s for s in slots if s != slot and (s.entry, s.name) == (slot.entry, slot.name))
    return tuple(dict.fromkeys(same))


def _paired(slot: Slot, slots: Sequence[Slot]) -> tuple[bool, Fraction]:
    """Pairs of values come last, the earlier one first: that makes the smaller tree."""
    pair = bool(_beside(slot, slots))
    return pair, slot.at.latest if pair and slot.at is not None else Fraction(0)


def _joined(field: Field, arms: Sequence[tuple[int, Tree]]) -> Tree:
    """Join regions that lead to the same (numbers: neighbours only); if all do, the datum does not matter."""
    groups: list[tuple[list[int], Tree]] = []
    for number, tree in arms:
        same = [group for group in (groups if field.scale is None else groups[-1:]) if group[1] == tree]
        if same:
            same[0][0].append(number)
        else:
            groups.append(([number], tree))
    if all(tree == groups[0][1] for _, tree in groups):
        return groups[0][1]
    found = [Arm(joined([field.regions[n] for n in numbers]), tree) for numbers, tree in groups]
    return Branch(field.slot, field.title, field.scale, tuple(found))


class Verdict(msgspec.Struct, frozen=True, dict=True):
    """What a tree means: the outcomes, the data on which they depend, and the least that settles them."""

    tree: Tree

    @cached_property
    def leaves(self) -> list[tuple[Way, Leaf]]:
        """Every leaf with the way to it."""
        return list(_leaves(self.tree, {}))

    @property
    def outcomes(self) -> list[Outcome]:
        """The different outcomes, in order of the tree."""
        found: list[Outcome] = []
        for _, leaf in self.leaves:
            if leaf.outcome not in found:
                found.append(leaf.outcome)
        return found

    @property
    def certain(self) -> bool:
        """Whether the outcome is the same whatever the open data are."""
        return isinstance(self.tree, Leaf) and not self.tree.stuck

    @cached_property
    def slots(self) -> Mapping[Slot, str]:
        """Every datum in the tree, with its title."""
        return {branch.slot: branch.title for branch in _branches(self.tree)}

    @cached_property
    def texts(self) -> Mapping[tuple[Slot, Span], str]:
        """Every arm in words."""
        return {
            (branch.slot, arm.span): branch.text(arm.span)
            for branch in _branches(self.tree)
            for arm in branch.arms
        }

    @cached_property
    def ways(self) -> list[tuple[Way, Leaf]]:
        """What is enough for each outcome: ways without the data that they do not need, each once."""
        found: list[tuple[Way, Leaf]] = []
        for way, leaf in self.leaves:
            needed = dict(way)
            for slot in way:
                fewer = {other: span for other, span in needed.items() if other != slot}
                if all(other == leaf for path, other in self.leaves if _meet(path, fewer)):
                    needed = fewer
            if not any(other == leaf and _within(needed, wider) for wider, other in found):
                found = [(path, other) for path, other in found if other != leaf or not _within(path, needed)]
                found.append((needed, leaf))
        return found

    @cached_property
    def settling(self) -> list[tuple[Slot, ...]]:
        """The smallest sets of data that settle the outcome, whatever their values turn out to be."""
        clashes = self._clashes
        slots = list(self.slots)
        found: list[tuple[Slot, ...]] = []
        for size in range(len(slots) + 1):
            for chosen in combinations(slots, size):
                held = set(chosen)
                if any(set(smaller) <= held for smaller in found):
                    continue
                if all(clash & held for clash in clashes):
                    found.append(chosen)
        return found

    @cached_property
    def essential(self) -> tuple[Slot, ...]:
        """The data of which each alone can change the outcome."""
        single = {slot for clash in self._clashes if len(clash) == 1 for slot in clash}
        return tuple(slot for slot in self.slots if slot in single)

    @cached_property
    def _clashes(self) -> set[frozenset[Slot]]:
        """For each two leaves that differ: the data on which their ways part."""
        found: set[frozenset[Slot]] = set()
        for (one, leaf), (two, other) in combinations(self.leaves, 2):
            if leaf != other:
                found.add(frozenset(slot for slot in one if slot in two and one[slot].apart(two[slot])))
        return {clash for clash in found if not any(other < clash for other in found)}


def _meet(one: Way, two: Way) -> bool:
    """Whether some values go both ways."""
    return not any(slot in two and span.apart(two[slot]) for slot, span in one.items())


def _within(one: Way, wider: Way) -> bool:
    """Whether a way asks for all that a wider one does."""
    return all(one.get(slot) == span for slot, span in wider.items())


def _branches(tree: Tree) -> Iterator[Branch]:
    if isinstance(tree, Branch):
        yield tree
        for arm in tree.arms:
            yield from _branches(arm.then)


def _leaves(tree: Tree, way: Way) -> Iterator[tuple[Way, Leaf]]:
    if isinstance(tree, Leaf):
        yield way, tree
        return
    for arm in tree.arms:
        yield from _leaves(arm.then, {**way, tree.slot: arm.span})
