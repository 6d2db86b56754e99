"""What can be dispensed: the strengths in which a drug is sold, and sums of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import combinations_with_replacement

from msgspec import field

from nephroline.catalogue.fields import DrugId, SourceId
from nephroline.exact import Fraction
from nephroline.quantities import Quantity
from nephroline.shapes import Shape
from nephroline.terms import Confidence

MOST_PIECES = 4
"""So many tablets or capsules at most make one dose (dispensing, not medicine)."""


class Supply(Shape, frozen=True, kw_only=True, dict=True):
    """The strengths of a drug by mouth; between which doses one is plausible, by kind of dose.

    `plausible` is an independent guard: a dose outside it is a fault of whatever worked it out. From
    `infused_from` on a dose is given into a vein, of which nothing is rounded to tablets.
    """

    id: DrugId = field(name="drug")
    strengths: tuple[Quantity, ...] = ()
    plausible: tuple[Quantity, ...] = ()
    infused_from: Quantity | None = None
    source: SourceId
    confidence: Confidence
    note: str = ""

    @cached_property
    def sums(self) -> Mapping[Fraction, tuple[Quantity, ...]]:
        """Every amount (g) that so few pieces make, with the fewest that make it, the largest first."""
        pieces = sorted(self.strengths, key=lambda one: one.exact or 0, reverse=True)
        found: dict[Fraction, tuple[Quantity, ...]] = {}
        for number in range(1, MOST_PIECES + 1):
            for chosen in combinations_with_replacement(pieces, number):
                total = sum((one.exact or Fraction(0) for one in chosen), Fraction(0))
                found.setdefault(total, chosen)
        return found

    def infused(self, dimension: str, amounts: tuple[Fraction, ...]) -> bool:
        """Whether amounts are given into a vein."""
        limit = self.infused_from
        if limit is None or limit.dimension != dimension or limit.exact is None or not amounts:
            return False
        return min(amounts) >= limit.exact

    def implausible(self, dimension: str, amounts: tuple[Fraction, ...]) -> str | None:
        """The plausible range that an amount leaves; None if it leaves none, or none is known."""
        for limits in self.plausible:
            low, high = limits.low or Fraction(0), limits.high or Fraction(0)
            if limits.dimension == dimension and not all(low <= amount <= high for amount in amounts):
                return limits.text
        return None
