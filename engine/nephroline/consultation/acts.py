"""An act: one thing to do, on the authority of one rule; and the order of several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from nephroline.catalogue import Regimen
from nephroline.consultation.run import Subject
from nephroline.features import Missing
from nephroline.pathway import Recommend, Rule
from nephroline.terms import Action, Direction

Lacks = tuple[str, tuple[Missing, ...]]
"""A rule by its id, and the data that would settle it."""


class Act(msgspec.Struct, frozen=True):
    """One thing to do, on the authority of one rule that stands.

    With drugs: `agents`, and the `regimen` that they make, if it has a name; beside them without: to
    investigate, to refer, to care. `depends_on`: the data that could bring in an exception.
    """

    rule: Rule
    recommend: Recommend
    subject: Subject
    regimen: Regimen | None
    agents: frozenset[str]
    depends_on: tuple[Missing, ...]
    course: str | None = None

    @property
    def action(self) -> Action:
        """What is to be done."""
        return self.recommend.action

    @property
    def what(self) -> str:
        """With what: a regimen that begins by its id; of what runs the drugs."""
        return (
            self.regimen.id
            if self.regimen and self.action is Action.START
            else " + ".join(sorted(self.agents))
        )

    def same_as(self, other: Act) -> bool:
        """Whether both ask for the same: then they do not conflict."""
        mine, theirs = self.recommend.direction, other.recommend.direction
        return self.action is other.action and mine is theirs and self.what == other.what

    @property
    def rank(self) -> tuple[int, int]:
        """Its preference; of two for safety, what takes more away comes first."""
        preference = self.recommend.preference
        return preference, self.leaves if preference == 0 else 0

    @property
    def leaves(self) -> int:
        """How much of a drug it leaves, to be compared: nothing, nothing for now, less, the same, or more."""
        if self.action is Action.STOP:
            return 0
        if self.recommend.direction is not None:
            return {Direction.HOLD: 1, Direction.REDUCE: 2, Direction.RAISE: 5}[self.recommend.direction]
        return {Action.TAPER: 3, Action.CONTINUE: 4}.get(self.action, 6)


def in_order(acts: Iterable[Act]) -> list[Act]:
    """Acts by rank, each once: of those that ask for the same, what a guideline says goes before a choice."""
    unique: list[Act] = []
    for act in sorted(acts, key=_order):
        if not any(act.same_as(other) for other in unique):
            unique.append(act)
    return unique


def _order(act: Act) -> tuple[object, ...]:
    return *act.rank, bool(act.depends_on), not act.rule.on_guideline, act.rule.id, act.subject


def sharing_first(ordered: Sequence[Act]) -> tuple[Act, ...]:
    """Those that share the first rank, if there are several."""
    first = tuple(act for act in ordered if act.rank == ordered[0].rank)
    return first if len(first) > 1 else ()


def undoes(other: Act, chosen: Act | None) -> bool:
    """Whether an alternative would leave more of a drug than what is to be done with it for safety."""
    if chosen is None or chosen.recommend.preference > 0 or not (other.agents & chosen.agents):
        return False
    return other.recommend.keep and chosen.recommend.keep and other.leaves > chosen.leaves
