"""From an amount to what can be dispensed: inside its range, below its most, of few pieces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec

from nephroline.catalogue import Supply
from nephroline.exact import Fraction
from nephroline.quantities import Quantity, decimal_text


class Dispensed(msgspec.Struct, frozen=True):
    """What is given: `each` of the equal doses of a day from least to most (g), and `daily` their sums.

    `pieces` make the least of each. `note`: that nothing that can be dispensed lies inside the range.
    """

    each: tuple[Fraction, ...] = ()
    daily: tuple[Fraction, ...] = ()
    pieces: tuple[Quantity, ...] = ()
    note: str = ""


def dispense(
    amounts: Sequence[Fraction], most: Fraction | None, times: int, supply: Supply | None, rounding: Fraction
) -> Dispensed:
    """Round *amounts* (g a day, or at once: one, or from and to) to what the strengths of a drug make.

    One amount is rounded by *rounding* at most, to what is near and takes few pieces; where nothing is
    inside, it is the nearest below. *most*: it is never exceeded. Without strengths the amounts stay as
    they are.
    """
    if not amounts:
        return Dispensed()
    low, high = min(amounts) / times, max(amounts) / times
    if supply is None or not supply.strengths:
        each = tuple(dict.fromkeys((low, high)))
        return Dispensed(each, tuple(one * times for one in each))
    if low == high:
        cap = high * (1 + rounding) if most is None else min(high * (1 + rounding), most / times)
        inside = _within(supply, low * (1 - rounding), cap)
        chosen = min(inside, key=lambda one: (_trouble(supply, one, low), one), default=None)
        each = () if chosen is None else (chosen,)
    else:
        inside = _within(supply, low, high)
        each = tuple(dict.fromkeys((min(inside), max(inside)))) if inside else ()
    note = ""
    if not each:
        below = _within(supply, Fraction(0), high)
        if not below:
            return Dispensed(note="less than the smallest piece that is sold")
        each, note = (max(below),), "the nearest below that can be dispensed"
    return Dispensed(each, tuple(one * times for one in each), supply.sums[each[0]], note)


def nearest(amount: Fraction, supply: Supply | None) -> tuple[Fraction, tuple[Quantity, ...]]:
    """The amount (g) near *amount* that can be dispensed in few pieces, the lower of two, and its pieces.

    It is that of a step down, which is not to be too deep (`_depth`).
    """
    if amount <= 0 or supply is None or not supply.strengths:
        return amount, ()
    chosen = min(supply.sums, key=lambda one: (_trouble(supply, one, amount) + _depth(one, amount), one))
    return chosen, supply.sums[chosen]


def pieces_told(pieces: Iterable[Quantity]) -> str:
    """Pieces as they are counted out: ``50 + 2 × 10 mg``."""
    counted = [(one, len(list(group))) for one, group in groupby(pieces)]
    if not counted:
        return ""
    told = [
        f"{f'{number} × ' if number > 1 else ''}{decimal_text((one.exact or Fraction(0)) * 1000)}"
        for one, number in counted
    ]
    return " + ".join(told) + " mg"


_PIECE = Fraction(1, 40)
"""One piece less is worth so much of the amount (dispensing, not medicine)."""
_DEEP = Fraction(1, 6)
"""A step that goes below what is wanted by more of it than this is too deep (dispensing, not medicine)."""


def _trouble(supply: Supply, chosen: Fraction, wanted: Fraction) -> Fraction:
    return len(supply.sums[chosen]) * _PIECE + abs(chosen - wanted) / wanted


def _depth(chosen: Fraction, wanted: Fraction) -> Fraction:
    """What weighs against a step that is too deep: twice the share by which it is."""
    return max(wanted * (1 - _DEEP) - chosen, Fraction(0)) / wanted * 2


def _within(supply: Supply, low: Fraction, high: Fraction) -> list[Fraction]:
    return [amount for amount in supply.sums if low <= amount <= high]
