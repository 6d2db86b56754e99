"""The meaning of inference, for reading: each clause is judged by the language itself."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from nephroline.backends.base import Fact, Stage, Truths
from nephroline.lang import Look, Seen, truth_of
from nephroline.pathway import Clause


class ReferenceStage(msgspec.Struct, frozen=True):
    """The clauses of one stratum."""

    clauses: tuple[Clause, ...]

    def fire(self, facts: Sequence[Fact]) -> Truths:
        """Judge every clause for every fact of its scope."""
        return {
            (clause.id, fact.subject): truth_of(clause.condition, _seen_in(fact))
            for clause in self.clauses
            for fact in facts
            if fact.scope is clause.scope
        }


def _seen_in(fact: Fact) -> Look:
    return lambda atom: Seen(fact.atoms.get(atom))


class Reference(msgspec.Struct, frozen=True):
    """Pure Python, no state."""

    name: str = "reference"

    def prepare(self, clauses: Sequence[Clause]) -> Stage:
        """Keep the clauses as they are."""
        return ReferenceStage(tuple(clauses))
