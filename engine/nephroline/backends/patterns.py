"""From a three-valued condition to conjunctive patterns, which is all that durable_rules does safely.

A truth is written as ``t``, ``f`` or ``u``. A condition *must* hold when it holds whatever the
unknown atoms are, by Kleene's tables: an atom must be ``t``, a negated atom ``f``. It *may* hold
when an atom is not ``f``, a negated atom not ``t``. Both are put in disjunctive normal form; each
conjunct is one pattern.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import msgspec

from nephroline.errors import InferenceError
from nephroline.lang import And, Atom, Node, Not, Or

MAX_CONJUNCTS = 64


class Literal(msgspec.Struct, frozen=True):
    """An atom, or its negation."""

    atom: Atom
    positive: bool = True


Conjunct = frozenset[Literal]


def normal_form(node: Node, *, positive: bool = True) -> list[Conjunct]:
    """Give the disjunctive normal form, without conjuncts that another one makes superfluous.

    A conjunct with an atom and its negation is kept: an unknown atom makes it unknown, not false.
    Raises: InferenceError when it grows beyond `MAX_CONJUNCTS`.
    """
    found = _reduced(_expand(node, positive))
    return sorted(found, key=lambda c: (len(c), sorted(map(written, c)))) if len(found) > 1 else found


@lru_cache(maxsize=4096)
def written(literal: Literal) -> str:
    """The text of a literal, by which literals are ordered: the same in every process."""
    return repr(literal)


def _expand(node: Node, positive: bool) -> list[Conjunct]:
    if isinstance(node, Not):
        return _expand(node.operand, not positive)
    if isinstance(node, (And, Or)):
        parts = [_expand(operand, positive) for operand in node.operands]
        if isinstance(node, Or) is positive:
            return _reduced([conjunct for part in parts for conjunct in part])
        grown: list[Conjunct] = [frozenset()]
        for part in parts:
            grown = _reduced([a | b for a, b in product(grown, part)])
        return grown
    return [frozenset({Literal(node, positive)})]


def _reduced(conjuncts: list[Conjunct]) -> list[Conjunct]:
    kept: list[Conjunct] = []
    for conjunct in sorted(set(conjuncts), key=len):
        if not any(other <= conjunct for other in kept):
            kept.append(conjunct)
    if len(kept) > MAX_CONJUNCTS:
        raise InferenceError(
            f"a condition grows to more than {MAX_CONJUNCTS} alternatives: split it into definitions"
        )
    return kept
