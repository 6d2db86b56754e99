"""What to measure while a drug is given, and when it is due."""

from __future__ import annotations

from nephroline.catalogue.fields import AgentId, AnalyteId, SourceId
from nephroline.exact import Fraction
from nephroline.quantities import Quantity
from nephroline.shapes import Shape
from nephroline.terms import Confidence


class ScheduleStep(Shape, frozen=True, kw_only=True):
    """So often, until so long on the drug (None: to its end)."""

    every: Quantity
    until: Quantity | None = None

    @property
    def days(self) -> Fraction:
        """The interval in days."""
        return self.every.low or Fraction(1)


class Schedule(Shape, frozen=True, kw_only=True):
    """What to measure under a drug or class. `after_change`: also so long after a change of dose."""

    id: str
    agent: AgentId
    measure: tuple[AnalyteId, ...]
    steps: tuple[ScheduleStep, ...]
    source: SourceId
    confidence: Confidence
    after_change: Quantity | None = None
    note: str = ""

    def step_at(self, on_drug: Fraction) -> ScheduleStep:
        """The step in force after so long (days) on the drug."""
        return next(
            (s for s in self.steps if s.until is None or s.until.low is None or on_drug < s.until.low),
            self.steps[-1],
        )

    @property
    def text(self) -> str:
        """The steps in words: ``every week until 4 wk, then every month``."""
        parts = [
            f"after {s.every.text}"
            if s.until and s.every.low == s.until.low
            else f"{often(s.every.text)} until {s.until.text if s.until else ''}"
            for s in self.steps[:-1]
        ]
        return ", ".join([*parts, ("then " if parts else "") + often(self.steps[-1].every.text)])


_ONE = {"1 d": "day", "1 wk": "week", "1 mo": "month"}


def often(interval: str) -> str:
    """An interval in words: ``every week``, ``every 3 mo``."""
    return f"every {_ONE.get(interval, interval)}"
