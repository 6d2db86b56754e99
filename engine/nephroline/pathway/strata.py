"""Put clauses into strata: each refers only to clauses of the strata before it.

Every truth has three values, so a clause needs the final word on what it refers to; a circle of
clauses, through `not` or otherwise, has no such word and is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nephroline.lang import Holds, Reference, asks, atoms
from nephroline.pathway.depends import AFTER_CHOICE
from nephroline.pathway.models import Clause


class CircleError(ValueError):
    """Clauses that refer to each other in a circle; `ids` are in order round it."""

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__(" → ".join(ids))
        self.ids = tuple(ids)


def depends_on(clause: Clause, findings: Mapping[str, Sequence[str]]) -> list[str]:
    """The ids of the clauses that a clause refers to."""
    found: list[str] = []
    for atom in atoms(clause.condition):
        if isinstance(atom, Holds):
            if atom.kind in (Reference.DEFINITION, Reference.ANY_LINE):
                found.append(f"definition:{atom.id}")
            else:
                found += findings[atom.id]
    return found


def stratify(
    clauses: Sequence[Clause], findings: Mapping[str, Sequence[str]]
) -> tuple[tuple[tuple[Clause, ...], ...], tuple[tuple[Clause, ...], ...]]:
    """Order clauses; *findings* maps each finding to the clauses that conclude it.

    Returns the strata before and after the choice of the next line. Raises: CircleError.
    """
    by_id = {clause.id: clause for clause in clauses}
    level: dict[str, int] = {}
    late: dict[str, bool] = {}

    def visit(name: str, trail: tuple[str, ...]) -> int:
        if name in trail:
            raise CircleError((*trail[trail.index(name) :], name))
        if name not in level:
            below = depends_on(by_id[name], findings)
            level[name] = 1 + max((visit(other, (*trail, name)) for other in below), default=-1)
            late[name] = any(q.feature == AFTER_CHOICE for q in asks(by_id[name].condition)) or any(
                late[other] for other in below
            )
        return level[name]

    for clause in clauses:
        visit(clause.id, ())

    def layers(*, after: bool) -> tuple[tuple[Clause, ...], ...]:
        chosen = sorted((c for c in clauses if late[c.id] is after), key=lambda c: (level[c.id], c.id))
        numbers = sorted({level[c.id] for c in chosen})
        return tuple(tuple(c for c in chosen if level[c.id] == n) for n in numbers)

    return layers(after=False), layers(after=True)
