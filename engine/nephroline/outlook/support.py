"""What an outcome rests on, as far as a number can change it.

A support is a set of atoms with their truths that is enough for the outcome: in whatever chart they come
out like this, it is the same. Of a conjunction that fails, one failing part is enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from nephroline.consultation import Run, Subject
from nephroline.features import FEATURES
from nephroline.lang import And, Atom, Holds, Node, Not, Or, asks, atoms
from nephroline.outlook.touch import touched
from nephroline.pathway import Definition, Pathway, Rule
from nephroline.terms import Entry, Reads

Support = frozenset[tuple[Subject, Atom, bool | None]]
_NOTHING: Support = frozenset()


class Moving(msgspec.Struct, frozen=True, eq=False, dict=True):
    """What the numbers of some analytes can change in a pathway.

    `judged`: the atoms on which a response at an assessment rests; `far`: atoms that rest on responses.
    """

    atoms: frozenset[Atom]
    clauses: frozenset[str]
    judged: frozenset[Atom]
    far: frozenset[Atom]
    known: dict[int, bool] = {}

    def moves(self, node: Node) -> bool:
        """Whether a condition can change."""
        found = self.known.get(id(node))
        if found is None:
            found = self.known[id(node)] = any(atom in self.atoms for atom in atoms(node))
        return found


@lru_cache(maxsize=500)
def moving(pathway: Pathway, analytes: frozenset[str]) -> Moving:
    """What can change with the numbers of these analytes."""
    each = [touched(pathway, Entry.OBSERVATION, name) for name in sorted(analytes)]
    clauses = frozenset[str]().union(*(one.clauses for one in each))
    questions = frozenset(ask for one in each for ask in one.questions)

    def moves(atom: Atom) -> bool:
        if isinstance(atom, Holds):
            return not clauses.isdisjoint(pathway.depends.clauses_of(atom))
        return any(ask in questions for ask in asks(atom))

    every = frozenset(atom for one in each for atom in one.atoms)
    far = frozenset(
        atom for atom in every if any(FEATURES[ask.feature].reads is Reads.ALL for ask in asks(atom))
    )
    judged = frozenset(a for a in pathway.depends.response_atoms if any(ask in questions for ask in asks(a)))
    return Moving(frozenset(filter(moves, every)), clauses, judged, far)


class Supports:
    """Finds supports in one run."""

    def __init__(self, run: Run, moving: Moving) -> None:
        self._run, self._moving = run, moving
        self._known: dict[tuple[int, Subject], Support] = {}

    def of_rules(self, rules: Iterable[tuple[Rule, Subject]]) -> Support:
        """What the truths of some rules, and of their exceptions, rest on."""
        return _NOTHING.union(*(self._of_part(rule, subject) for rule, subject in rules))

    def of_node(self, node: Node, subject: Subject) -> Support:
        """What a condition rests on."""
        if not self._moving.moves(node):
            return _NOTHING
        key = (id(node), subject)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._look(node, subject)
        return found

    def _look(self, node: Node, subject: Subject) -> Support:
        if isinstance(node, Not):
            return self.of_node(node.operand, subject)
        if isinstance(node, (And, Or)):
            decisive = isinstance(node, Or)
            best: Support | None = None
            for operand in node.operands:
                if self._run.truth(operand, subject) is decisive:
                    found = self.of_node(operand, subject)
                    if not found:
                        # What cannot change decides: nothing else matters.
                        return _NOTHING
                    best = found if best is None or len(found) < len(best) else best
            if best is not None:
                return best
            return _NOTHING.union(*(self.of_node(operand, subject) for operand in node.operands))
        truth = self._run.see(node, subject).truth
        if not isinstance(node, Holds):
            return frozenset(((subject, node, truth),))
        parts = self._run.behind(node, subject)
        if truth is True:
            enough = [self._of_part(part, who) for part, who in parts if self._holds(part, who)]
            return min(enough, key=len)
        return _NOTHING.union(*(self._of_part(part, who) for part, who in parts))

    def _holds(self, part: Definition | Rule, subject: Subject) -> bool:
        if isinstance(part, Rule):
            return self._run.settled(part, subject) is True
        return self._run.truths[part.clause, subject] is True

    def _of_part(self, part: Definition | Rule, subject: Subject) -> Support:
        clauses = self._moving.clauses
        found = self.of_node(part.when, subject) if part.clause in clauses else _NOTHING
        if (
            not isinstance(part, Rule)
            or part.unless is None
            or part.exception not in clauses
            or self._run.truths[part.clause, subject] is False
        ):
            return found
        return found | self.of_node(part.unless, subject)
