"""Put clauses into strata: each refers only to clauses of the strata before it.

Every truth has three values, so a clause needs the final word on what it refers to; a circle of
clauses, through `not` or otherwise, has no such word and is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from nephroline.lang import asks
from nephroline.pathway.depends import after_choice
from nephroline.pathway.models import Clause, Pathway
from nephroline.terms import Scope

Strata = tuple[tuple[Clause, ...], ...]


class CircleError(ValueError):
    """Clauses that refer to each other in a circle; `ids` are in order round it."""

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__(" → ".join(ids))
        self.ids = tuple(ids)


def strata_of(draft: Pathway) -> tuple[Strata, Strata]:
    """The strata of a pathway before and after the choice of the next line. Raises: CircleError."""
    clauses: list[Clause] = []
    assessments: list[Clause] = []
    for definition in draft.definitions.values():
        own = assessments if definition.scope is Scope.ASSESSMENT else clauses
        own.append(Clause(definition.clause, definition.scope, definition.when))
    for rule in draft.rules.values():
        clauses.append(Clause(rule.clause, rule.scope, rule.when))
        if rule.unless is not None:
            clauses.append(Clause(rule.exception, rule.scope, rule.unless))
    # An assessment is judged by the language itself, not by inference; but not in a circle either.
    _levels(assessments, draft)
    level = _levels(clauses, draft)
    late: dict[str, bool] = {}
    for clause in sorted(clauses, key=lambda clause: level[clause.id]):
        below = draft.depends.clauses_of(clause.condition)
        late[clause.id] = any(map(after_choice, asks(clause.condition))) or any(late[name] for name in below)

    def layers(*, after: bool) -> Strata:
        chosen = sorted((c for c in clauses if late[c.id] is after), key=lambda c: (level[c.id], c.id))
        numbers = sorted({level[c.id] for c in chosen})
        return tuple(tuple(c for c in chosen if level[c.id] == n) for n in numbers)

    return layers(after=False), layers(after=True)


def _levels(clauses: Sequence[Clause], draft: Pathway) -> dict[str, int]:
    """How many clauses stand one on the other below each."""
    by_id = {clause.id: clause for clause in clauses}
    level: dict[str, int] = {}

    def visit(name: str, trail: tuple[str, ...]) -> int:
        if name in trail:
            raise CircleError((*trail[trail.index(name) :], name))
        if name not in level:
            below = draft.depends.clauses_of(by_id[name].condition)
            level[name] = 1 + max((visit(other, (*trail, name)) for other in below), default=-1)
        return level[name]

    for clause in clauses:
        visit(clause.id, ())
    return level
