"""Equations that compute one analyte from another, with age and sex; their constants stand in YAML."""

from __future__ import annotations

from functools import cached_property

import msgspec

from nephroline.catalogue.fields import AnalyteId, SourceId
from nephroline.exact import Fraction
from nephroline.quantities import Quantity, Unit
from nephroline.shapes import Shape
from nephroline.terms import Confidence

_PLACES = 3
_FINE = 12
"""Decimals of a result, and of the value that gives a result: fine enough to sit on its edge."""


class Surface(Shape, frozen=True, kw_only=True):
    """Body surface in m²: the root of height (cm) × weight (kg) / `divisor`."""

    id: str
    title: str
    divisor: float
    source: SourceId
    confidence: Confidence

    def value(self, height: Fraction, weight: Fraction) -> Fraction:
        """The surface in m², to two decimals, of a height in cm and a weight in g."""
        return Fraction(str(round((float(height * weight) / 1000 / self.divisor) ** 0.5, 2)))


class IdealTerms(Shape, frozen=True, kw_only=True):
    """The ideal weight of one sex at the least height."""

    sex: str
    weight: Quantity


class IdealWeight(Shape, frozen=True, kw_only=True):
    """The ideal weight: that of the least height, and so much more for each cm above it.

    The adjusted weight of someone heavier is the ideal one and `share` of what is above it.
    """

    id: str
    title: str
    least_height: Quantity
    per_cm: Quantity
    terms: tuple[IdealTerms, ...] = msgspec.field(name="sexes")
    share: Quantity
    source: SourceId
    confidence: Confidence
    note: str = ""

    def ideal(self, height: Fraction, sex: str) -> Fraction | None:
        """The ideal weight (g) at a height (cm); None below the least height, or for another sex."""
        start = {terms.sex: terms.weight.exact for terms in self.terms}.get(sex)
        least, each = self.least_height.exact, self.per_cm.exact
        if start is None or least is None or each is None or height < least:
            return None
        return start + (height - least) * each

    def adjusted(self, ideal: Fraction, actual: Fraction) -> Fraction:
        """The adjusted weight (g) of someone who is heavier than ideal."""
        return ideal + (self.share.exact or 0) * (actual - ideal)


class SexTerms(Shape, frozen=True, kw_only=True):
    """The constants of one sex."""

    sex: str
    kappa: float
    below: float
    factor: float


class Formula(Shape, frozen=True, kw_only=True, dict=True):
    """``scale × min(x/κ, 1)^below × max(x/κ, 1)^above × per_year^age × factor``, falling as x grows.

    x is the analyte `source_analyte` in `unit`; the result is the analyte `gives`, in `result`. The age is
    counted in `age_in`.
    """

    id: str
    title: str
    gives: AnalyteId
    result: Unit
    source_analyte: AnalyteId = msgspec.field(name="from")
    unit: Unit
    scale: float
    above: float
    per_year: float
    age_in: Unit
    terms: tuple[SexTerms, ...] = msgspec.field(name="sexes")
    least_age: Quantity
    source: SourceId
    confidence: Confidence
    bounds: str = ""

    @cached_property
    def sexes(self) -> dict[str, SexTerms]:
        """The constants by sex."""
        return {terms.sex: terms for terms in self.terms}

    def value(self, base: Fraction, age: Fraction, sex: str) -> Fraction:
        """The result for *base* (base units of x, above zero), *age* (days) and *sex*."""
        terms = self.sexes[sex]
        ratio = float(base / self.unit.factor) / terms.kappa
        found = self._middle(age, terms) * min(ratio, 1.0) ** terms.below * max(ratio, 1.0) ** self.above
        return Fraction(str(round(found, _PLACES)))

    def source_at(self, result: Fraction, age: Fraction, sex: str) -> Fraction:
        """The value of x, in its base units, at which the result is reached."""
        terms = self.sexes[sex]
        ratio = float(result) / self._middle(age, terms)
        times = ratio ** (1 / (terms.below if ratio > 1 else self.above))
        return Fraction(str(round(times * terms.kappa, _FINE))) * self.unit.factor

    def _middle(self, age: Fraction, terms: SexTerms) -> float:
        return float(self.scale * self.per_year ** float(age / self.age_in.factor) * terms.factor)
