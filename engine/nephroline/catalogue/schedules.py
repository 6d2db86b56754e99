"""What to measure while a drug is given, and when it is due."""

from __future__ import annotations

import msgspec

from nephroline.exact import Fraction
from nephroline.terms import Confidence


class Step(msgspec.Struct, frozen=True):
    """So often (days), until so long on the drug (None: to its end); `text` is the interval as printed."""

    every: Fraction
    until: Fraction | None
    text: str
    until_text: str


class Schedule(msgspec.Struct, frozen=True):
    """What to measure under a drug or class. `after_change`: also so long after a change of dose (days)."""

    agent: str
    measures: tuple[str, ...]
    steps: tuple[Step, ...]
    after_change: Fraction | None
    source: str
    confidence: Confidence
    note: str

    def step_at(self, on_drug: Fraction) -> Step:
        """The step in force after so long on the drug."""
        return next((s for s in self.steps if s.until is None or on_drug < s.until), self.steps[-1])

    @property
    def text(self) -> str:
        """The steps in words: ``every week until 4 wk, then every month``."""
        parts = [
            f"after {s.text}" if s.every == s.until else often(s.text) + f" until {s.until_text}"
            for s in self.steps[:-1]
        ]
        return ", ".join([*parts, ("then " if parts else "") + often(self.steps[-1].text)])


_ONE = {"1 d": "day", "1 wk": "week", "1 mo": "month"}


def often(interval: str) -> str:
    """An interval in words: ``every week``, ``every 3 mo``."""
    return f"every {_ONE.get(interval, interval)}"
