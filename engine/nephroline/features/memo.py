"""What was worked out of a chart is remembered, each once, and handed on where it still holds."""

from __future__ import annotations

from collections.abc import Container, Hashable
from typing import Any

import msgspec

from nephroline.exact import Fraction
from nephroline.features.values import Amount, Choice, Missing, Value
from nephroline.record import Line

Prefix = tuple[str | None, tuple[Missing, ...]]
"""Of a series walked so far: when something certainly was, else what is missing to tell."""


class Greatest(msgspec.Struct):
    """The greatest value of a series from one place on, as far as it was walked."""

    first: int
    up_to: int = 0
    greatest: Amount | None = None
    size: tuple[Fraction, Fraction] = (Fraction(0), Fraction(0))
    low: Fraction | None = None
    high: Fraction | None = Fraction(0)


class Memo(msgspec.Struct):
    """What was worked out of a chart, each once: answers to questions, and judgements."""

    of_patient: dict[Hashable, Value] = {}
    of_subject: dict[Hashable, dict[Hashable, Value]] = {}
    responses: dict[int, Choice] = {}
    lines: dict[tuple[str, Line], Choice] = {}
    baselines: dict[Hashable, Amount] = {}
    prefixes: dict[Hashable, list[Prefix]] = {}
    greatest: dict[Hashable, Greatest] = {}
    remitted: list[Fraction | None] = msgspec.field(default_factory=lambda: [None])
    begun: tuple[Any, ...] | None = None
    onsets: tuple[Any, ...] | None = None

    def kept(self, questions: Container[Hashable], indices: Container[int] | None) -> Memo:
        """What still holds when the answers to some questions have changed.

        *indices*: the assessments that are judged as before; None: all, and so is every line.
        """
        responses = self.responses
        if indices is not None:
            responses = {i: choice for i, choice in responses.items() if i in indices}
        return Memo(
            {question: value for question, value in self.of_patient.items() if question not in questions},
            {question: told for question, told in self.of_subject.items() if question not in questions},
            dict(responses),
            dict(self.lines) if indices is None else {},
        )
