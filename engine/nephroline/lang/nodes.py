"""The tree of a condition: plain frozen data, the same for every backend.

A condition is made of `And`, `Or` and `Not` over atoms. An atom compares a question to a limit
(`Compare`), to words (`Member`), asks a yes-or-no question (`Is`), or refers to a definition or
finding of the pathway (`Holds`). Names of thresholds stay names: the pathway knows their values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def _node(cls: type[T]) -> type[T]:
    """Make a frozen dataclass that computes its hash once: nodes are looked up far more than made."""
    made = dataclass(frozen=True)(cls)
    whole: Any = made.__hash__

    def cached(self: Any) -> int:
        store: dict[str, int] = self.__dict__
        if "_hash" not in store:
            store["_hash"] = whole(self)
        return store["_hash"]

    setattr(made, "__hash__", cached)  # noqa: B010 - a type checker refuses the plain assignment
    return made


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


class Reference(StrEnum):
    """What a `Holds` refers to, and for whom."""

    DEFINITION = "definition"
    ANY_LINE = "any_line"
    FINDING = "finding"
    LINE_FINDING = "line.finding"


@_node
class Argument:
    """A parameter of a question: a name of the catalogue, or of a threshold."""

    name: str
    threshold: bool = False


@_node
class Ask:
    """A question to the chart: a feature with its parameters."""

    feature: str
    arguments: tuple[Argument, ...] = ()


@_node
class Compare:
    """An amount against a threshold, named, or against another amount."""

    left: Ask
    op: Op
    right: str | Ask


@_node
class Member:
    """A choice against words, of which it must be one."""

    left: Ask
    words: tuple[str, ...]


@_node
class Is:
    """A yes-or-no question."""

    ask: Ask


@_node
class Holds:
    """A definition or finding of the pathway holds."""

    kind: Reference
    id: str


@_node
class Not:
    """The operand does not hold."""

    operand: Node


@_node
class And:
    """All operands hold."""

    operands: tuple[Node, ...]


@_node
class Or:
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


def interned(node: Node, table: dict[Node, Node]) -> Node:
    """Give the same condition with every node shared through *table*: equal nodes become one object."""
    known = table.get(node)
    if known is None:
        if isinstance(node, And):
            known = And(tuple(interned(operand, table) for operand in node.operands))
        elif isinstance(node, Or):
            known = Or(tuple(interned(operand, table) for operand in node.operands))
        elif isinstance(node, Not):
            known = Not(interned(node.operand, table))
        else:
            known = node
        table[known] = known
    return known
