"""Regions of values between which a pathway tells a difference, with one value to stand for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from nephroline.exact import Fraction
from nephroline.features import Slot, Threshold
from nephroline.quantities import decimal_text

_PLACES = 3
_FIGURES = 4


class Of(msgspec.Struct, frozen=True, gc=False):
    """Another open datum of which a bound is a multiple, and how to say it: ``its value at 24 mo``."""

    slot: Slot
    text: str


class Region(msgspec.Struct, frozen=True, gc=False):
    """A stretch of values (bounds None: open-ended), or one of some words.

    `value` stands for all of it: a number in base units, a word, or a truth. A bound with an `of` moves
    with that datum; `low` and `high` are then where it is for the value that was entered.
    """

    value: Any
    word: str = ""
    low: Fraction | None = None
    high: Fraction | None = None
    low_in: bool = True
    high_in: bool = True
    low_of: tuple[Fraction, Of] | None = None
    high_of: tuple[Fraction, Of] | None = None


class Span(msgspec.Struct, frozen=True, gc=False):
    """What an arm of a tree covers: some words, or all values between two bounds (None: no bound).

    A bound is in base units; with an `of`, it is a factor on the value of that datum.
    """

    words: tuple[str, ...] = ()
    low: Fraction | None = None
    high: Fraction | None = None
    low_in: bool = True
    high_in: bool = True
    low_of: Of | None = None
    high_of: Of | None = None

    @property
    def everything(self) -> bool:
        """Whether it leaves out nothing."""
        return not self.words and self.low is None and self.high is None

    @property
    def of(self) -> frozenset[Slot]:
        """The data with which its bounds move."""
        return frozenset(of.slot for of in (self.low_of, self.high_of) if of is not None)

    def text(self, scale: Scale | None) -> str:
        """Say it: ``≤ 1.2 mg/dL``, ``yes``, ``> 0.3 g/d and ≤ 3.5 g/d``, ``> 1.3 × its value at 24 mo``."""
        if scale is None:
            return " or ".join(self.words)
        low = _bound(self.low, self.low_of, scale)
        high = _bound(self.high, self.high_of, scale)
        if low and low == high:
            return f"exactly {low}"
        above = [("≥ " if self.low_in else "> ") + low] if low else []
        below = [("≤ " if self.high_in else "< ") + high] if high else []
        return " and ".join(above + below) or "any value"


def _bound(number: Fraction | None, of: Of | None, scale: Scale) -> str:
    if number is None:
        return ""
    if of is None:
        return scale.bound(number)
    if number < 1:
        return f"{of.text} / {decimal_text(1 / number, _PLACES)}"
    return f"{decimal_text(number, _PLACES)} × {of.text}"


class Scale(msgspec.Struct, frozen=True):
    """How numbers of a slot are written: the unit, and its size in base units."""

    unit: str
    factor: Fraction

    def text(self, value: Fraction) -> str:
        """A value with its unit."""
        return f"{decimal_text(value / self.factor, _PLACES)} {self.unit}".strip()

    def bound(self, value: Fraction) -> str:
        """A bound with its unit, in no more than four figures."""
        shown = value / self.factor
        places = min(_PLACES, max(0, _FIGURES - len(str(int(abs(shown))))))
        return f"{decimal_text(shown, places)} {self.unit}".strip()


Cuts = Mapping[Fraction, tuple[Fraction, Of] | None]
"""Where a range is cut; and, of a cut that moves with another datum, the factor and that datum."""


def between(cuts: Cuts, low: Fraction, high: Fraction) -> list[Region]:
    """Cut a range into the cut-points inside it and the open stretches between them.

    The range is widened to hold the cuts that move: what is said of one datum then needs no word about how
    far another can go.
    """
    moving = [cut for cut, of in cuts.items() if of is not None]
    low, high = min([low, *(cut / 2 for cut in moving)]), max([high, *(cut * 2 for cut in moving)])
    inside = sorted(cut for cut in cuts if low <= cut <= high)
    found: list[Region] = []
    edge, edge_in = low, True
    for number, cut in enumerate(inside):
        if edge < cut:
            start = None if number == 0 else edge
            middle = Region((edge + cut) / 2, "", start, cut, edge_in and number == 0, False)
            found.append(msgspec.structs.replace(middle, low_of=cuts.get(edge), high_of=cuts[cut]))
        # The ends of the range have nothing beyond them.
        start, end = None if cut == low else cut, None if cut == high else cut
        found.append(Region(cut, "", start, end, low_of=cuts[cut], high_of=cuts[cut]))
        edge, edge_in = cut, False
    if edge < high or not inside:
        start = edge if inside else None
        last = Region((edge + high) / 2, "", start, None, edge_in, True)
        found.append(msgspec.structs.replace(last, low_of=cuts.get(edge)))
    return found


def parted(regions: Sequence[Region], below: Mapping[Fraction, bool]) -> list[Region]:
    """Put cut-points to the stretch below them or above, where no condition tells them from it."""
    found: list[Region] = []
    opens: Region | None = None
    for each in regions:
        region = each if opens is None else msgspec.structs.replace(each, low=opens.low, low_in=True)
        opens = None
        side = below.get(region.low) if region.low is not None and region.low == region.high else None
        if side is True and found:
            found[-1] = msgspec.structs.replace(found[-1], high_in=True)
        elif side is False:
            opens = region
        else:
            found.append(region)
    return [*found, *([opens] if opens is not None else [])]


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
    first, last = regions[0], regions[-1]
    low, low_of = (first.low_of or (first.low, None)) if first.low is not None else (None, None)
    high, high_of = (last.high_of or (last.high, None)) if last.high is not None else (None, None)
    return Span((), low, high, first.low_in, last.high_in, low_of, high_of)


def ratios(thresholds: Iterable[Threshold]) -> list[Fraction]:
    """The factors by which values are compared with one another: 1 + each relative change."""
    found = {1 + form.exact for t in thresholds if (form := t.forms.get("ratio")) and form.exact is not None}
    return sorted(factor for factor in found if factor > 0)
