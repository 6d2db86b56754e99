"""What a tree means: the outcomes, what is enough for each, and the least that settles which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import combinations

import msgspec

from nephroline.features import Slot
from nephroline.missing.question import Reply
from nephroline.missing.regions import Span
from nephroline.missing.tree import Leaf, Tree, branches
from nephroline.missing.ways import Way, meet, partings


class Meaning(msgspec.Struct, frozen=True, dict=True):
    """What a tree means: the outcomes, the data on which they depend, and the least that settles them."""

    tree: Tree

    @cached_property
    def leaves(self) -> list[tuple[Way, Leaf]]:
        """Every leaf with the way to it."""
        return list(_leaves(self.tree, {}))

    @property
    def outcomes(self) -> list[Reply]:
        """The different outcomes, in order of the tree."""
        found: list[Reply] = []
        for _, leaf in self.leaves:
            if leaf.outcome not in found:
                found.append(leaf.outcome)
        return found

    @cached_property
    def slots(self) -> Mapping[Slot, str]:
        """Every datum in the tree, with its title."""
        return {branch.slot: branch.title for branch in branches(self.tree)}

    @cached_property
    def texts(self) -> Mapping[tuple[Slot, Span], str]:
        """Every arm in words."""
        return {
            (branch.slot, arm.span): branch.text(arm.span)
            for branch in branches(self.tree)
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
                if all(other == leaf for path, other in self.leaves if meet(path, fewer)):
                    needed = fewer
            if not any(other == leaf and _within(needed, wider) for wider, other in found):
                found = [(path, other) for path, other in found if other != leaf or not _within(path, needed)]
                found.append((needed, leaf))
        return found

    @cached_property
    def settling(self) -> list[tuple[Slot, ...]]:
        """The smallest sets of data that settle the outcome, whatever their values turn out to be."""
        slots = list(self.slots)
        found: list[tuple[Slot, ...]] = []
        for size in range(len(slots) + 1):
            for chosen in combinations(slots, size):
                held = frozenset(chosen)
                if any(held.issuperset(smaller) for smaller in found):
                    continue
                if all(any(tells <= held for tells in clash) for clash in self._clashes):
                    found.append(chosen)
        return found

    @cached_property
    def essential(self) -> tuple[Slot, ...]:
        """The data of which each alone can change the outcome."""
        alone = {slot for clash in self._clashes if len(clash) == 1 for slot in next(iter(clash))}
        return tuple(slot for slot in self.slots if slot in alone)

    @cached_property
    def _clashes(self) -> set[frozenset[frozenset[Slot]]]:
        """For each two leaves that differ: the sets of data of which each tells them apart."""
        found = {
            partings(one, two) for (one, leaf), (two, other) in combinations(self.leaves, 2) if leaf != other
        }
        return {clash for clash in found if not any(other < clash for other in found)}


def _within(one: Way, wider: Way) -> bool:
    """Whether a way asks for all that a wider one does."""
    return all(one.get(slot) == span for slot, span in wider.items())


def _leaves(tree: Tree, way: Way) -> Iterator[tuple[Way, Leaf]]:
    if isinstance(tree, Leaf):
        yield way, tree
        return
    for arm in tree.arms:
        yield from _leaves(arm.then, {**way, tree.slot: arm.span})
