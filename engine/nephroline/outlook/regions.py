"""Regions of values between which a pathway tells a difference, with one value to stand for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from nephroline.catalogue import Analyte
from nephroline.exact import Fraction
from nephroline.features import Threshold
from nephroline.pathway import Pathway
from nephroline.quantities import decimal_text

_PLACES = 3


class Region(msgspec.Struct, frozen=True, gc=False):
    """A stretch of values (bounds None: open-ended), or one of some words.

    `value` stands for all of it: a number in base units, a word, or a truth.
    """

    value: Any
    word: str = ""
    low: Fraction | None = None
    high: Fraction | None = None
    low_in: bool = True
    high_in: bool = True


class Span(msgspec.Struct, frozen=True, gc=False):
    """What an arm of a tree covers: some words, or all values between two bounds (None: no bound)."""

    words: tuple[str, ...] = ()
    low: Fraction | None = None
    high: Fraction | None = None
    low_in: bool = True
    high_in: bool = True

    def apart(self, other: Span) -> bool:
        """Whether no value falls into both."""
        if self.words or other.words:
            return not set(self.words) & set(other.words)
        return _ends_before(self, other) or _ends_before(other, self)

    def text(self, scale: Scale | None) -> str:
        """Say it: ``≤ 1.2 mg/dL``, ``yes``, ``> 0.3 g/d and ≤ 3.5 g/d``."""
        if scale is None:
            return " or ".join(self.words)
        if self.low is not None and self.low == self.high:
            return f"exactly {scale.text(self.low)}"
        above = [("≥ " if self.low_in else "> ") + scale.text(self.low)] if self.low is not None else []
        below = [("≤ " if self.high_in else "< ") + scale.text(self.high)] if self.high is not None else []
        return " and ".join(above + below) or "any value"


def _ends_before(one: Span, other: Span) -> bool:
    if one.high is None or other.low is None:
        return False
    return one.high < other.low or (one.high == other.low and not (one.high_in and other.low_in))


class Scale(msgspec.Struct, frozen=True):
    """How numbers of a slot are written: the unit, and its size in base units."""

    unit: str
    factor: Fraction

    def text(self, value: Fraction) -> str:
        """A value with its unit."""
        return f"{decimal_text(value / self.factor, _PLACES)} {self.unit}".strip()


def between(cuts: Iterable[Fraction], low: Fraction, high: Fraction) -> list[Region]:
    """Cut a range into the cut-points inside it and the open stretches between them."""
    inside = sorted({cut for cut in cuts if low <= cut <= high})
    found: list[Region] = []
    edge, edge_in = low, True
    for number, cut in enumerate(inside):
        if edge < cut:
            start = None if number == 0 else edge
            found.append(Region((edge + cut) / 2, "", start, cut, edge_in and number == 0, False))
        # The ends of the range have nothing beyond them.
        found.append(Region(cut, "", None if cut == low else cut, None if cut == high else cut))
        edge, edge_in = cut, False
    if edge < high or not inside:
        found.append(Region((edge + high) / 2, "", edge if inside else None, None, edge_in, True))
    return found


def whole(cuts: Iterable[Fraction], low: int, high: int) -> list[Region]:
    """The same for whole numbers."""
    found: list[Region] = []
    inside = sorted({int(cut) for cut in cuts if low <= cut <= high and cut == int(cut)})
    edge = low
    for cut in inside:
        if edge < cut:
            found.append(Region(Fraction(cut - 1), "", Fraction(edge), Fraction(cut - 1)))
        found.append(Region(Fraction(cut), "", Fraction(cut), Fraction(cut)))
        edge = cut + 1
    if edge <= high:
        found.append(Region(Fraction(edge), "", Fraction(edge), None))
    return found


def joined(regions: Sequence[Region]) -> Span:
    """Neighbouring stretches as one, or some words."""
    if regions[0].word:
        return Span(tuple(sorted(region.word for region in regions)))
    low, high = regions[0], regions[-1]
    return Span((), low.low, high.high, low.low_in, high.high_in)


def limits(pathway: Pathway, names: Iterable[str]) -> list[Threshold]:
    """The thresholds against which anything about these names is held, in order of name."""
    found = {limit for name in names for limit in pathway.limits_of.get(name, ())}
    return [pathway.thresholds[name] for name in sorted(found)]


def in_dimension(threshold: Threshold, dimension: str, analyte: Analyte | None) -> Fraction | None:
    """Where a threshold cuts values of a dimension; None if it does not speak of them."""
    same = threshold.forms.get(dimension)
    if same is not None:
        return same.exact
    if analyte is None:
        return None
    for kind, form in threshold.forms.items():
        if form.exact is not None:
            carried = analyte.convert(form.exact, kind, dimension)
            if carried is not None:
                return carried
    return None


def ratios(thresholds: Iterable[Threshold]) -> list[Fraction]:
    """The factors by which values are compared with one another: 1 + each relative change."""
    found = {1 + form.exact for t in thresholds if (form := t.forms.get("ratio")) and form.exact is not None}
    return sorted(factor for factor in found if factor > 0)
