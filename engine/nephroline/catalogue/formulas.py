"""Equations that compute one analyte from another, with age and sex; their constants stand in YAML."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from nephroline.exact import Fraction
from nephroline.terms import Confidence

_PLACES = 3
_FINE = 12
"""Decimals of a result, and of the value that gives a result: fine enough to sit on its edge."""


class Surface(msgspec.Struct, frozen=True):
    """Body surface in m²: the root of height (cm) × weight (kg) / `divisor`."""

    id: str
    title: str
    divisor: float
    cite: str
    confidence: Confidence

    def value(self, height: Fraction, weight: Fraction) -> Fraction:
        """The surface in m², to two decimals, of a height in cm and a weight in g."""
        return Fraction(str(round((float(height * weight) / 1000 / self.divisor) ** 0.5, 2)))


class SexTerms(msgspec.Struct, frozen=True):
    """The constants of one sex."""

    kappa: float
    below: float
    factor: float


class Formula(msgspec.Struct, frozen=True):
    """``scale × min(x/κ, 1)^below × max(x/κ, 1)^above × per_year^age × factor``, falling as x grows.

    x is the analyte `source` in a unit of `unit_factor` base units of `dimension`; `year` is one year in
    days. The result is in the base unit of the analyte `gives`, of `result_dimension`.
    """

    id: str
    title: str
    gives: str
    source: str
    dimension: str
    unit_factor: Fraction
    result_dimension: str
    scale: float
    above: float
    per_year: float
    year: Fraction
    sexes: Mapping[str, SexTerms]
    least_age: Fraction
    cite: str
    confidence: Confidence
    bounds: str

    def value(self, base: Fraction, age: Fraction, sex: str) -> Fraction:
        """The result for *base* (base units of the source, above zero), *age* (days) and *sex*."""
        terms = self.sexes[sex]
        ratio = float(base / self.unit_factor) / terms.kappa
        found = self._middle(age, terms) * min(ratio, 1.0) ** terms.below * max(ratio, 1.0) ** self.above
        return Fraction(str(round(found, _PLACES)))

    def source_at(self, result: Fraction, age: Fraction, sex: str) -> Fraction:
        """The value of the source, in its base units, at which the result is reached."""
        terms = self.sexes[sex]
        ratio = float(result) / self._middle(age, terms)
        times = ratio ** (1 / (terms.below if ratio > 1 else self.above))
        return Fraction(str(round(times * terms.kappa, _FINE))) * self.unit_factor

    def _middle(self, age: Fraction, terms: SexTerms) -> float:
        return float(self.scale * self.per_year ** float(age / self.year) * terms.factor)
