"""Times of a chart: days from time zero, exact or between two bounds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import msgspec

from nephroline.errors import quoted
from nephroline.exact import Fraction
from nephroline.quantities import MONTH, WEEK, YEAR, QuantityError, Unit, decimal_text, parse

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE_TIME = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?\s?(?:Z|[+-]\d{2}(?::?\d{2})?)?"
)
_PART_OF_DATE = re.compile(r"(?P<year>(?:1[89]|20|21)\d{2})(?:-(?P<month>\d{2}))?")


def is_date(text: str) -> bool:
    """Whether a time is written as an ISO date."""
    return _ISO_DATE.fullmatch(text) is not None


def day_of(text: str) -> str:
    """The date of a date-time, as it stands in its own zone; other text as it is."""
    match = _DATE_TIME.fullmatch(text)
    return match["day"] if match else text


_ISO_PERIOD = re.compile(r"P(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,6})D)?")
_PERIOD_UNITS = ("years", "mo", "wk", "d")
_FORMS = (
    "write an ISO date, a month as 2014-05, an offset such as 4 mo, 10 wk, 3 d or P4M, before 0 mo, or"
    " {between: [8 mo, 10 mo]}"
)
_BEFORE = "before "
# An open past is bounded by a human life, so that it stays an interval.
_LIFETIME = Fraction(130 * 365)
NEVER = Fraction(1_000_000)
"""More days than any chart spans: the latest end of what may still go on."""
_FARTHEST = 200
"""Years: what lies farther from time zero is a slip."""


class Moment(msgspec.Struct, frozen=True, gc=False):
    """A time as days from time zero; `earliest` < `latest` when it is known only imprecisely."""

    earliest: Fraction
    latest: Fraction
    label: str

    @property
    def precise(self) -> bool:
        """Whether it is one point."""
        return self.earliest == self.latest

    @property
    def open(self) -> bool:
        """Whether nothing bounds it from above."""
        return self.latest >= NEVER

    @property
    def lifelong(self) -> bool:
        """Whether nothing says how long ago it may be."""
        return self.latest - self.earliest >= _LIFETIME

    @property
    def sort_key(self) -> tuple[Fraction, Fraction]:
        """By the time it has certainly passed."""
        return (self.latest, self.earliest)

    def __str__(self) -> str:
        return self.label


class Clock(msgspec.Struct, frozen=True):
    """Reads times against a record's time zero (None: no calendar date is known)."""

    units: Mapping[str, Unit]
    zero: date | None = None

    def read(self, raw: Any) -> Moment:
        """Read a time. Raises: QuantityError with the accepted forms."""
        if isinstance(raw, dict):
            return self._between(raw)  # pyright: ignore[reportUnknownArgumentType]
        if not isinstance(raw, str):
            raise QuantityError(f"{quoted(raw)} is not a time", _FORMS)
        text = day_of(raw.strip())
        if text.startswith(_BEFORE):
            until = self._point(text.removeprefix(_BEFORE).strip()).earliest - 1
            return Moment(until - _LIFETIME, until, text)
        return self._point(text)

    def _point(self, text: str) -> Moment:
        """A time that is told by itself: a day, or part of a date."""
        part = _PART_OF_DATE.fullmatch(text)
        if part is not None:
            return self._part_of_date(text, int(part["year"]), part["month"])
        days = self._days(text)
        return Moment(days, days, text)

    def _between(self, raw: Mapping[Any, Any]) -> Moment:
        bounds: Any = raw.get("between")
        if set(raw) != {"between"} or not isinstance(bounds, list) or len(bounds) != 2:  # pyright: ignore[reportUnknownArgumentType]
            raise QuantityError(f"{quoted(dict(raw))} is not a time", _FORMS)
        early, late = (self.read(bound) for bound in bounds)  # pyright: ignore[reportUnknownVariableType]
        if late.latest < early.earliest:
            raise QuantityError("the two bounds are in the wrong order", "write the earlier time first")
        return Moment(early.earliest, late.latest, f"between {early.label} and {late.label}")

    def _part_of_date(self, text: str, year: int, month: str | None) -> Moment:
        """A month or year of the calendar: some day of it."""
        try:
            first = date(year, int(month or 1), 1)
        except ValueError:
            raise QuantityError(f"{quoted(text)} is not a month of the calendar", _FORMS) from None
        following = date(year + 1, 1, 1) if month in (None, "12") else date(year, first.month + 1, 1)
        last = following - timedelta(days=1)
        return Moment(self._date_days(first.isoformat()), self._date_days(last.isoformat()), text)

    def _days(self, text: str) -> Fraction:
        days = self._any_days(text)
        if abs(days) > _FARTHEST * YEAR:
            raise QuantityError(
                f"{quoted(text)} lies more than {_FARTHEST} years from time zero",
                "check the unit: 10 mo, 3 years, or a date",
            )
        return days

    def _any_days(self, text: str) -> Fraction:
        text = day_of(text)
        if is_date(text):
            return self._date_days(text)
        period = _ISO_PERIOD.fullmatch(text)
        if period and any(period.groups()):
            return sum(
                (
                    int(n) * self.units[u].factor
                    for n, u in zip(period.groups(), _PERIOD_UNITS, strict=True)
                    if n
                ),
                Fraction(0),
            )
        if text[:1].isdigit() and "." in text and text.replace(".", "").isdigit():
            raise QuantityError(f"{quoted(text)} is not read as a date", "write it as 2014-05-31")
        times = [u.code for u in self.units.values() if u.dimension == "time"]
        try:
            value = parse(text, self.units, accepted=times).exact
        except QuantityError as bad:
            raise QuantityError(str(bad), _FORMS) from None
        if value is None:
            raise QuantityError(f"{quoted(text)} is not one time", _FORMS)
        return value

    def _date_days(self, text: str) -> Fraction:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise QuantityError(f"{quoted(text)} is not a day of the calendar", _FORMS) from None
        if self.zero is None:
            raise QuantityError(
                f"{quoted(text)} is a date, but time zero of this record is not",
                "give `time_zero` as a date, or write offsets such as 4 mo",
            )
        return Fraction((day - self.zero).days)

    def unknown_after(self, start: Moment) -> Moment:
        """An end of which only is known that it does not come before a start."""
        return Moment(start.earliest, NEVER, "an unknown date")

    def at(self, days: Fraction, like: str) -> Moment:
        """Name a computed time: as a date if *like* is one or the record has one, else as an offset."""
        if self.zero is not None and (is_date(like) or _PART_OF_DATE.fullmatch(like)):
            return Moment(days, days, (self.zero + timedelta(days=round(days))).isoformat())
        return Moment(days, days, offset_text(days))

    def reached(self, moment: Moment) -> Moment:
        """The time at which a moment has certainly passed, named as the chart names it."""
        end = moment.label.removeprefix("between ").rsplit(" and ", 1)[-1]
        if self.zero is not None and _PART_OF_DATE.fullmatch(end):
            return self.at(moment.latest, self.zero.isoformat())
        return Moment(moment.latest, moment.latest, end)

    def about(self, days: Fraction, like: str) -> Moment:
        """Name a computed time to be read, not to be entered: as `at`, but an offset is rounded."""
        exact = self.at(days, like)
        if not exact.label.endswith(" d") or abs(days) < _TWO_WEEKS:
            return exact
        unit, size = ("wk", WEEK) if abs(days) < _TWO_MONTHS else ("mo", MONTH)
        return Moment(days, days, f"{decimal_text(days / size, 1)} {unit}")


_TWO_WEEKS, _TWO_MONTHS = 14, 61


def span_text(days: Fraction) -> str:
    """Say a length of time as clinicians do: days up to 2 weeks, weeks up to 26, then months."""
    if abs(days) < 14:
        return f"{decimal_text(days)} d"
    if abs(days) < 182:
        return f"{decimal_text(days / WEEK)} weeks"
    return f"{decimal_text(days / MONTH)} months"


def offset_text(days: Fraction) -> str:
    """Write an offset in the largest unit that says it exactly, else in days."""
    for unit, size in (("mo", MONTH), ("wk", WEEK)):
        if days % size == 0:
            return f"{days / size} {unit}"
    return f"{decimal_text(days)} d"
