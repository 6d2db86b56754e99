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
        """The steps in words: ``every 1 wk to 4 wk, then every 1 mo``."""
        parts = [f"every {s.text}" + (f" to {s.until_text}" if s.until_text else "") for s in self.steps]
        return ", then ".join(parts)
