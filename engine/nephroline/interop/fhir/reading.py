"""What became of every resource: used and for what, left out and why, or not understood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

import msgspec


class Use(StrEnum):
    """What became of a resource, or of one part of it."""

    USED = "used"
    LEFT_OUT = "left-out"
    NOT_UNDERSTOOD = "not-understood"


class Fate(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a resource. `told`: what was read of it. `because`: why it is not used, or used so."""

    resource: str
    outcome: Use
    told: str = ""
    because: str = ""


class Account(msgspec.Struct, frozen=True):
    """The fate of every resource, in the order of the source."""

    fates: list[Fate]

    @property
    def counts(self) -> Counter[Use]:
        """How many resources were used, left out, and not understood; one that was used in part is used."""
        best: dict[str, Use] = {}
        for fate in self.fates:
            known = best.get(fate.resource)
            if known is None or _RANK.index(fate.outcome) < _RANK.index(known):
                best[fate.resource] = fate.outcome
        return Counter(best.values())

    @property
    def summary(self) -> str:
        """In a line: how much was used, and how much was not."""
        counts = self.counts
        total = sum(counts.values())
        told = f"{counts[Use.USED]} of {total} resource{'' if total == 1 else 's'} used"
        rest = [
            f"{counts[kind]} {words}"
            for kind, words in ((Use.NOT_UNDERSTOOD, "not understood"), (Use.LEFT_OUT, "left out"))
            if counts[kind]
        ]
        return f"{told}; {', '.join(rest)}" if rest else told


_RANK: Sequence[Use] = (Use.USED, Use.NOT_UNDERSTOOD, Use.LEFT_OUT)
