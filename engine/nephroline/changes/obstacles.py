"""What stands in the way of an outcome: the atoms for which a condition is not as it is wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from nephroline.consultation import Run, Subject
from nephroline.lang import And, Atom, Holds, Node, Not, Or
from nephroline.missing.state import State
from nephroline.pathway import Definition, Rule
from nephroline.terms import Scope


class Obstacle(msgspec.Struct, frozen=True):
    """An atom in the way, of whom it is asked, and what it would have to be."""

    atom: Atom
    subject: Subject
    wanted: bool

    def gone(self, state: State) -> bool:
        """Whether it is out of the way in another state."""
        if self.subject and self.subject not in state.run.subjects(Scope.LINE):
            return not self.wanted
        return state.run.see(self.atom, self.subject).truth is self.wanted


May = Callable[[Obstacle], bool]
"""Whether any change that may be made touches an obstacle."""


def in_the_way(run: Run, node: Node, subject: Subject, *, wanted: bool, may: May) -> list[Obstacle] | None:
    """The atoms for which a condition is not as wanted, references opened up.

    None when some of them can be moved by no change that *may* be made: then none of the others helps.
    """
    if run.truth(node, subject) is wanted:
        return []
    if isinstance(node, Not):
        return in_the_way(run, node.operand, subject, wanted=not wanted, may=may)
    if isinstance(node, (And, Or)):
        parts = [in_the_way(run, operand, subject, wanted=wanted, may=may) for operand in node.operands]
        return _together(parts) if isinstance(node, And) is wanted else _either(parts)
    if isinstance(node, Holds):
        parts = [
            _part_in_the_way(run, part, who, wanted=wanted, may=may)
            for part, who in run.behind(node, subject)
        ]
        return _either(parts) if wanted else _together(parts)
    obstacle = Obstacle(node, subject, wanted)
    return [obstacle] if may(obstacle) else None


def _part_in_the_way(
    run: Run, part: Definition | Rule, subject: Subject, *, wanted: bool, may: May
) -> list[Obstacle] | None:
    own = in_the_way(run, part.when, subject, wanted=wanted, may=may)
    if not isinstance(part, Rule) or part.unless is None:
        return own
    exception = in_the_way(run, part.unless, subject, wanted=not wanted, may=may)
    return _together([own, exception]) if wanted else _either([own, exception])


def _together(parts: Sequence[list[Obstacle] | None]) -> list[Obstacle] | None:
    """All must go: none can if one cannot."""
    found: list[Obstacle] = []
    for part in parts:
        if part is None:
            return None
        found += part
    return found


def _either(parts: Sequence[list[Obstacle] | None]) -> list[Obstacle] | None:
    """One must go: any that can."""
    movable = [part for part in parts if part is not None]
    return [obstacle for part in movable for obstacle in part] if movable else None
