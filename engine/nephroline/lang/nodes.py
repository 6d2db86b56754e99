"""The tree of a condition: plain frozen data, the same for every backend.

A condition is made of `And`, `Or` and `Not` over atoms. An atom compares a question to a limit
(`Compare`), to words (`Member`), asks a yes-or-no question (`Is`), or refers to a definition or
finding of the pathway (`Holds`). Names of thresholds stay names: the pathway knows their values.

Nodes are compared by identity, which makes them quick to look up; `interned` makes equal nodes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

import msgspec


class Op(StrEnum):
    """Comparisons of amounts."""

    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="

    @property
    def flipped(self) -> Op:
        """The same comparison read from the other side."""
        return {"<": Op.GT, "<=": Op.GE, ">": Op.LT, ">=": Op.LE}[self.value]

    @property
    def negated(self) -> Op:
        """The comparison that holds when this one does not."""
        return {"<": Op.GE, "<=": Op.GT, ">": Op.LE, ">=": Op.LT}[self.value]

    @property
    def sign(self) -> str:
        """As printed for people."""
        return {"<=": "≤", ">=": "≥"}.get(self.value, self.value)


class RefersTo(StrEnum):
    """What a `Holds` refers to, and for whom."""

    DEFINITION = "definition"
    ANY_LINE = "any_line"
    FINDING = "finding"
    LINE_FINDING = "line.finding"

    @property
    def of_finding(self) -> bool:
        """Whether it refers to a finding, not to a definition."""
        return self in (RefersTo.FINDING, RefersTo.LINE_FINDING)


class Argument(msgspec.Struct, frozen=True, eq=False):
    """A parameter of a question: a name of the catalogue, or of a threshold."""

    name: str
    threshold: bool = False


class Ask(msgspec.Struct, frozen=True, eq=False):
    """A question to the chart: a feature with its parameters."""

    feature: str
    arguments: tuple[Argument, ...] = ()


class Compare(msgspec.Struct, frozen=True, eq=False):
    """An amount against a threshold, named, or against another amount."""

    left: Ask
    op: Op
    right: str | Ask


class Member(msgspec.Struct, frozen=True, eq=False):
    """A choice against words, of which it must be one."""

    left: Ask
    words: tuple[str, ...]


class Is(msgspec.Struct, frozen=True, eq=False):
    """A yes-or-no question."""

    ask: Ask


class Holds(msgspec.Struct, frozen=True, eq=False):
    """A definition or finding of the pathway holds."""

    kind: RefersTo
    id: str


class Not(msgspec.Struct, frozen=True, eq=False):
    """The operand does not hold."""

    operand: Node


class And(msgspec.Struct, frozen=True, eq=False):
    """All operands hold."""

    operands: tuple[Node, ...]


class Or(msgspec.Struct, frozen=True, eq=False):
    """Some operand holds."""

    operands: tuple[Node, ...]


Atom = Compare | Member | Is | Holds
Node = Atom | Not | And | Or
ATOMS = (Compare, Member, Is, Holds)


def atoms(node: Node) -> Iterator[Atom]:
    """Every atom of a condition, in order, with repeats."""
    if isinstance(node, (And, Or)):
        for operand in node.operands:
            yield from atoms(operand)
    elif isinstance(node, Not):
        yield from atoms(node.operand)
    else:
        yield node


def asks(node: Node) -> Iterator[Ask]:
    """Every question of a condition."""
    for atom in atoms(node):
        if isinstance(atom, Compare):
            yield atom.left
            if isinstance(atom.right, Ask):
                yield atom.right
        elif isinstance(atom, Member):
            yield atom.left
        elif isinstance(atom, Is):
            yield atom.ask


def threshold_names(node: Node) -> Iterator[str]:
    """Every threshold that a condition names."""
    for atom in atoms(node):
        if isinstance(atom, Compare) and isinstance(atom.right, str):
            yield atom.right
    for ask in asks(node):
        yield from (argument.name for argument in ask.arguments if argument.threshold)


class Shared(msgspec.Struct):
    """Every node and question of a pathway, by its structure."""

    nodes: dict[tuple[object, ...], Node]
    questions: dict[str, Ask]

    def copy(self) -> Shared:
        """A pool that starts with the same objects and grows on its own."""
        return Shared(dict(self.nodes), dict(self.questions))

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the keys out: they go by where objects are in memory, which is not kept."""
        return _pool, (tuple(self.nodes.values()), self.questions)


def _pool(nodes: Iterable[Node], questions: dict[str, Ask]) -> Shared:
    return Shared({_key(node): node for node in nodes}, questions)


def _key(node: Node) -> tuple[object, ...]:
    if isinstance(node, (And, Or)):
        return (type(node), *map(id, node.operands))
    # The text of an atom says all of it.
    return (Not, id(node.operand)) if isinstance(node, Not) else (repr(node),)


def interned(node: Node, pool: Shared) -> Node:
    """Give the same condition with equal nodes and questions made one object, by way of *pool*."""
    table = pool.nodes
    if isinstance(node, (And, Or)):
        made: Node = type(node)(tuple(interned(operand, pool) for operand in node.operands))
        return table.setdefault(_key(made), made)
    if isinstance(node, Not):
        made = Not(interned(node.operand, pool))
        return table.setdefault(_key(made), made)
    key = _key(node)
    if key not in table:
        table[key] = _with_shared_questions(node, pool)
    return table[key]


def _with_shared_questions(atom: Atom, pool: Shared) -> Atom:
    def shared(question: Ask) -> Ask:
        return pool.questions.setdefault(repr(question), question)

    if isinstance(atom, Compare):
        right = shared(atom.right) if isinstance(atom.right, Ask) else atom.right
        return Compare(shared(atom.left), atom.op, right)
    if isinstance(atom, Member):
        return Member(shared(atom.left), atom.words)
    return Is(shared(atom.ask)) if isinstance(atom, Is) else atom
