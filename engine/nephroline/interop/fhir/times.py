"""FHIR dates as times of the record: a day as the chart wrote it, a month or a year as some day of it.

A dateTime with a zone keeps the day that it names there: that is the day of the ward and of the patient.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from nephroline.interop.fhir.nodes import Node, node, text

_DATE = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})(?:T\S+)?)?)?", re.ASCII)
_ZERO = "1900-01-01"


def day(value: str) -> str:
    """The day, month or year of a FHIR date or dateTime; empty if it is none."""
    match = _DATE.fullmatch(value)
    if match is None:
        return ""
    try:
        date(int(match["year"]), int(match["month"] or 1), int(match["day"] or 1))
    except ValueError:
        return ""
    return "-".join(filter(None, (match["year"], match["month"], match["day"])))


def first_day(value: str) -> str:
    """The first day that a date may be."""
    return (day(value) + "-01-01")[: len(_ZERO)] if day(value) else ""


def order(value: str) -> tuple[str, str]:
    """What orders two times: the day as it was written, then the instant, if it has one."""
    try:
        instant = datetime.fromisoformat(value).astimezone(UTC).isoformat() if "T" in value else ""
    except (ValueError, OverflowError):
        instant = ""
    return first_day(value), instant


def effective(resource: Node) -> str:
    """When something was observed; a collection over a time counts from its end."""
    period = node(resource, "effectivePeriod")
    found = (
        text(resource, "effectiveDateTime"),
        text(resource, "effectiveInstant"),
        *_collected(period),
    )
    return next((value for value in found if day(value)), "")


def _collected(period: Node) -> tuple[str, ...]:
    """The times at which a collection may have ended; none of one that ended before it began."""
    start, end = text(period, "start"), text(period, "end")
    return () if day(end) and first_day(end) < first_day(start) else (end, start)


def period(element: Node) -> tuple[str, str]:
    """The start and the end of a Period; empty where they are not said."""
    start, end = text(element, "start"), text(element, "end")
    return (start if day(start) else ""), (end if day(end) else "")


_DAYS = {
    **dict.fromkeys(("d", "day", "days", "day(s)", "tag", "tage", "tagen"), 1),
    **dict.fromkeys(("wk", "week", "weeks", "woche", "wochen"), 7),
}
_COUNT = re.compile(r"(\d{1,4})(?:\.0+)?", re.ASCII)


def after(start: str, lasts: Node) -> str:
    """The day a whole number of days or weeks after another; empty where it cannot be told.

    How long a month is, nobody says.
    """
    count, unit = text(lasts, "value"), (text(lasts, "code") or text(lasts, "unit")).lower()
    whole = _COUNT.fullmatch(count)
    if len(day(start)) < len(_ZERO) or whole is None or unit not in _DAYS:
        return ""
    try:
        return (date.fromisoformat(day(start)) + timedelta(days=int(whole[1]) * _DAYS[unit])).isoformat()
    except OverflowError:
        return ""
