"""The text of a condition, and faults that point into it."""

from __future__ import annotations

import ast

import msgspec

from nephroline.errors import quoted
from nephroline.lang.nodes import Ask


class ConditionError(ValueError):
    """A condition that cannot be used; `line` (from 1) and `column` (from 0) point into its text."""

    def __init__(self, message: str, help: str, line: int, column: int) -> None:  # noqa: A002
        super().__init__(message)
        self.help, self.line, self.column = help, line, column


class ConditionText(msgspec.Struct, frozen=True):
    """The text that a tree of Python's grammar was read from."""

    text: str

    def no_number(self, node: ast.expr) -> None:
        """Refuse a number that stands for itself. Raises: ConditionError."""
        inner = node.operand if isinstance(node, ast.UnaryOp) else node
        if isinstance(inner, ast.Constant) and isinstance(inner.value, int | float | complex):
            raise self.error(
                node,
                f"the bare number {quoted(self.source(node))} has no unit and no source",
                "name a threshold: every number has a citation",
            )

    def source(self, node: ast.expr) -> str:
        """The text of a part."""
        if self.text.isascii() and "\n" not in self.text and node.end_col_offset is not None:
            # The common case; the general one reads the text anew each time. One for the bracket.
            return self.text[max(node.col_offset - 1, 0) : node.end_col_offset - 1]
        return ast.get_source_segment(f"({self.text}\n)", node) or ""

    def source_of(self, ask: Ask) -> str:
        """A question as it is written."""
        return f"{ask.feature}({', '.join(a.name for a in ask.arguments)})" if ask.arguments else ask.feature

    def refuse(self, node: ast.expr) -> ConditionError:
        """The fault of a part that conditions cannot have."""
        self.no_number(node)
        return self.error(
            node,
            f"{quoted(self.source(node))} is not accepted in a condition",
            "use names, comparisons, and, or, not, in",
        )

    def error(self, node: ast.expr, message: str, help: str = "") -> ConditionError:  # noqa: A002
        """A fault at a part."""
        column = node.col_offset - 1 if node.lineno == 1 else node.col_offset
        return ConditionError(message, help, node.lineno, max(column, 0))
