"""What an outcome depends on, as a tree: at each branch a datum, at each leaf what follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from nephroline.features import Slot
from nephroline.missing.datum import Datum
from nephroline.missing.question import Reply
from nephroline.missing.regions import Region, Scale, Span, joined


class Leaf(msgspec.Struct, frozen=True):
    """An outcome; `stuck`: data without a slot, or already entered, that still leave it open."""

    outcome: Reply
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
        # What is denied is not denied again.
        others = [word for arm in self.arms for word in arm.span.words if word not in span.words]
        shorter = len(others) < len(span.words) and not any(
            word.replace(",", " ").split()[0] in ("no", "not") for word in others
        )
        shown = f"not {' or '.join(others)}" if shorter else span.text(None)
        return f"{self.title}: {shown}"


Tree = Leaf | Branch


def joined_trees(datum: Datum, trees: Sequence[Tree]) -> Tree:
    """Join regions that lead to the same (numbers: neighbours only); if all do, the datum does not matter.

    Unless what follows is measured from it.
    """
    groups: list[tuple[list[Region], Tree]] = []
    for region, tree in zip(datum.regions, trees, strict=True):
        same = [group for group in (groups if datum.scale is None else groups[-1:]) if group[1] == tree]
        if same:
            same[0][0].append(region)
        else:
            groups.append(([region], tree))
    first = groups[0][1]
    if all(tree == first for _, tree in groups):
        if not any(datum.slot in arm.span.of for branch in branches(first) for arm in branch.arms):
            return first
        groups = [(list(datum.regions), first)]
    return Branch(datum.slot, datum.title, datum.scale, tuple(Arm(joined(r), tree) for r, tree in groups))


def branches(tree: Tree) -> Iterator[Branch]:
    """Every branch of a tree, from the root."""
    if isinstance(tree, Branch):
        yield tree
        for arm in tree.arms:
            yield from branches(arm.then)
