"""Conditions back as text: one way to write each, whatever blanks, quotes and short forms its author used."""

from __future__ import annotations

from nephroline.lang.nodes import And, Ask, Compare, Holds, Is, Member, Node, Not, Or, RefersTo


def written(node: Node) -> str:
    """A condition in the rule language, every question by its full name.

    Equal conditions come out as equal text; `digest` rests on that.
    """
    match node:
        case And(operands=parts):
            return "(" + " and ".join(map(written, parts)) + ")"
        case Or(operands=parts):
            return "(" + " or ".join(map(written, parts)) + ")"
        case Not(operand=part):
            return f"not {written(part)}"
        case Compare():
            right = node.right if isinstance(node.right, str) else _question(node.right)
            return f"{_question(node.left)} {node.op} {right}"
        case Member():
            return f"{_question(node.left)} in ({', '.join(node.words)})"
        case Is(ask=ask):
            return _question(ask)
        case Holds(kind=RefersTo.DEFINITION, id=name):
            return name
        case Holds():
            return f"{node.kind}({node.id})"


def _question(ask: Ask) -> str:
    given = ", ".join(argument.name for argument in ask.arguments)
    return f"{ask.feature}({given})" if given else ask.feature
