"""Months of the calendar as days: a length in months that is a minimum, and one that is a window.

As a minimum it is met after the fewest days that so many consecutive months can have (1: 28, 6: 181, 12:
365); as a window it reaches over the most (31, 184, 366).
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

import msgspec

from nephroline.exact import Fraction
from nephroline.quantities import MONTH, Quantity

_CALENDAR = ("mo", "years")
"""Units of which one is not always as many days as another."""
_COMMON = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LEAP = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_CYCLE = (*_COMMON, *_COMMON, *_LEAP, *_COMMON)
"""Four years, of which one is a leap year."""


class Counts(StrEnum):
    """How a length in months counts."""

    MINIMUM = "minimum"
    WINDOW = "window"


def of_calendar(length: Quantity) -> bool:
    """Whether a length is written in months or years."""
    return length.dimension == "time" and length.text.rsplit(" ", 1)[-1] in _CALENDAR


def in_days(length: Quantity, counts: Counts) -> Quantity:
    """A length that is written in months or years in days; parts of a month by the mean month."""
    months = None if length.exact is None else length.exact / MONTH
    if months is None or months.denominator != 1:
        return length
    days = Fraction(_days(int(months), counts))
    return msgspec.structs.replace(length, low=days, high=days)


@lru_cache(maxsize=200)
def _days(months: int, counts: Counts) -> int:
    size = len(_CYCLE)
    lengths = [sum(_CYCLE[(first + i) % size] for i in range(months)) for first in range(size)]
    return min(lengths) if counts is Counts.MINIMUM else max(lengths)
