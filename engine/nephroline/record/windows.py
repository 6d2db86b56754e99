"""What a pathway says about how a chart is read: what belongs together in time, and what a full dose is."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from nephroline.exact import Fraction
from nephroline.quantities import Quantity

FullDoses = Mapping[str, tuple[tuple[Quantity, int], ...]]
"""For a class of drugs the doses from which on its phase is high, each with the days between two of it."""


class Windows(msgspec.Struct, frozen=True):
    """How near in time things must be to belong together (days); each pathway states them.

    `gap`: the longest pause inside one course; `alternation`: of one that takes turns with another.
    `unknown_end`: from when on a drug of which no end is known, and which is begun again, had a pause.
    `handover`: the longest overlap of two lines that is not a line of its own. `together`: how old a value
    may be to count with an assessment. `current`: how old it may be to count as the state now. `excretion`:
    the bounds of the creatinine that is excreted a day (mg/kg/d), by which a ratio is carried to an amount a
    day. `full_doses`: see `FullDoses`.
    """

    gap: Fraction
    alternation: Fraction
    unknown_end: Fraction
    handover: Fraction
    together: Fraction
    current: Fraction
    excretion: tuple[Fraction, Fraction] | None = None
    full_doses: FullDoses = {}
