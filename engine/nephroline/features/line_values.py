"""Features of a line that ask for values: at its beginning, on it, and how they changed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from nephroline.exact import Fraction
from nephroline.features.chart import Chart
from nephroline.features.line_doses import given_from, rows_of
from nephroline.features.readings import latest_word, risen
from nephroline.features.schema import feature
from nephroline.features.values import (
    Amount,
    Choice,
    Flag,
    Missing,
    Slot,
    Threshold,
    Value,
    gather,
)
from nephroline.record import Line, Moment, Observation
from nephroline.terms import Entry

_NUMBERS = Choice(frozenset({"not-in-words"}), "a number")


@feature("line.baseline", ("analyte",), gives="amount:analyte", says="{0} when the line began")
def baseline(chart: Chart, line: Line, analyte: str) -> Value:
    """The last value up to the start of the line."""
    return chart.baseline(line, analyte)


@feature("line.latest", ("analyte",), gives="amount:analyte", says="{0} on the line")
def latest(chart: Chart, line: Line, analyte: str) -> Value:
    """The last value on the line."""
    title = chart.timeline.catalogue.analytes[analyte].title
    return chart.last(
        chart.timeline.in_line(line, analyte),
        analyte,
        f"{title} in the course {line.begun}",
        _last_day(chart, line),
    )


@feature("line.change", ("analyte",), gives="amount:ratio", says="change in {0} on the line")
def change(chart: Chart, line: Line, analyte: str) -> Value:
    """Relative change from the line's baseline to its last value: (last − baseline) / baseline."""
    return chart.change(_amount(baseline(chart, line, analyte)), _amount(latest(chart, line, analyte)))


@feature("line.peak_change", ("analyte",), gives="amount:ratio", says="greatest rise of {0} on the line")
def peak_change(chart: Chart, line: Line, analyte: str) -> Value:
    """The greatest relative rise above the line's baseline at any time on the line."""
    measured = any(item.value is not None for item in chart.timeline.in_line(line, analyte))
    return _peak(chart, line, analyte, None) if measured else change(chart, line, analyte)


def _peak(chart: Chart, line: Line, analyte: str, agent: str | None) -> Amount:
    """The greatest rise above the value before the line, or before an agent of it was begun."""
    base, items = _base_and_items(chart, line, analyte, agent)
    measured = [item for item in items if item.value is not None]
    if not measured:
        return chart.change(base, _last_of(chart, line, analyte, items))
    rises = [chart.change(base, chart.amount(item)) for item in measured]
    known = [rise for rise in rises if rise.low is not None]
    if not known:
        return rises[-1]
    greatest = max(known, key=lambda rise: rise.low or Fraction(0))
    highs = [rise.high for rise in rises if rise.high is not None]
    worse = _told_worse(chart, items, analyte)
    # Any of them may have been the peak, and so may one that is told in words only.
    high = max(highs) if len(highs) == len(rises) and not worse else None
    missing = gather((*greatest.missing, *worse)) if high != greatest.high else greatest.missing
    return msgspec.structs.replace(greatest, high=high, missing=missing)


def _base_and_items(
    chart: Chart, line: Line, analyte: str, agent: str | None
) -> tuple[Amount, Sequence[Observation]]:
    """The value before a line, or before an agent of it was begun, and what was seen on the line since."""
    timeline = chart.timeline
    start = line.start if agent is None else given_from(chart, line, agent)
    if start.sort_key == line.start.sort_key:
        return chart.baseline(line, analyte), timeline.in_line(line, analyte)
    assert agent is not None  # noqa: S101
    title = timeline.catalogue.analytes[analyte].title
    why = f"{title} when {timeline.catalogue.title(agent)} was begun"
    base = chart.last(timeline.before(start.latest, analyte), analyte, why, start)
    return base, timeline.between(analyte, start.latest, timeline.end_of(line))


def _last_of(chart: Chart, line: Line, analyte: str, items: Sequence[Observation]) -> Amount:
    title = chart.timeline.catalogue.analytes[analyte].title
    return chart.last(items, analyte, f"{title} in the course {line.begun}", _last_day(chart, line))


def _told_worse(chart: Chart, items: Sequence[Observation], analyte: str) -> tuple[Missing, ...]:
    """The numbers that are missing where a word alone, or nothing, tells of a value that may have risen."""
    known = chart.timeline.catalogue.analytes[analyte]
    numbers = {item.at.sort_key for item in items if item.value is not None}
    told = (
        item
        for item in items
        if item.value is None and item.word not in known.steady_words and item.at.sort_key not in numbers
    )
    return tuple(
        Missing(analyte, f"{known.title} at {item.at}", Slot(Entry.OBSERVATION, analyte, item.at))
        for item in told
    )


@feature(
    "line.rise",
    ("analyte", "threshold:ratio", "agent"),
    optional=1,
    gives="flag",
    says="{0} risen by more than {1} on the line",
)
def rise(chart: Chart, line: Line, analyte: str, limit: Threshold, agent: str | None = None) -> Value:
    """Whether any value on the line exceeds the line's baseline by more than a limit.

    With an agent: the value before that was begun, if it comes from an earlier line, and any value since.
    Without a number, a report in the analyte's steady words (normal, stable) counts as no rise.
    """
    _, items = _base_and_items(chart, line, analyte, agent)
    words = latest_word(chart, items, analyte, _last_day(chart, line))
    if any(item.value is not None for item in items) or _told_worse(chart, items, analyte):
        words = _NUMBERS
    return risen(chart, _peak(chart, line, analyte, agent), words, analyte, limit)


@feature(
    "line.up",
    ("analyte", "threshold:ratio", "agent"),
    optional=1,
    gives="flag",
    says="{0} up by more than {1} at the last value on the line",
)
def up(chart: Chart, line: Line, analyte: str, limit: Threshold, agent: str | None = None) -> Value:
    """Whether the last value on the line exceeds the line's baseline by more than a limit.

    With an agent: the value before that was begun, if it has run on from an earlier line. A report in the
    analyte's steady words (normal, stable), with no number after it, counts as not up.
    """
    base, items = _base_and_items(chart, line, analyte, agent)
    words = latest_word(chart, items, analyte, _last_day(chart, line))
    return risen(chart, chart.change(base, _last_of(chart, line, analyte, items)), words, analyte, limit)


@feature(
    "line.still_risen",
    ("analyte", "threshold:ratio", "agent", "threshold:time"),
    gives="flag",
    says="{0} still up by more than {1}, {3} after {2} was reduced",
)
def still_risen(
    chart: Chart, line: Line, analyte: str, limit: Threshold, agent: str, wait: Threshold
) -> Value:
    """Whether the last value, measured so long after the dose was reduced for it, still exceeds the baseline.

    A dose or a target trough that was lowered on the line counts as reduced: for it, if the value was up
    then. A value that has come back since, and is up once more, is a rise of its own.
    """
    title = chart.timeline.catalogue.title(agent)
    reduced = _reduced(chart, line, agent)
    if reduced is None:
        return Flag(False, f"{title} was not reduced on the line")
    name = chart.timeline.catalogue.analytes[analyte].title
    base, items = _base_and_items(chart, line, analyte, agent)
    then = [item for item in items if item.at.latest <= reduced.latest]
    if not then:
        return Flag(False, f"{title} was reduced while nothing was known to be up")
    # A word, or a value said to be unknown, that came last hides the number before it.
    value_then = chart.last(then, analyte, f"{name} when {title} was reduced", reduced)
    up_then = risen(chart, chart.change(base, value_then), _NUMBERS, analyte, limit)
    if not up_then.truth:
        return Flag(up_then.truth, f"when {title} was reduced: {up_then.text}", up_then.missing)
    from_then = reduced.latest + wait.days
    seen = [item for item in items if item.at.earliest >= from_then]
    if not seen and chart.timeline.end_of(line) < from_then:
        return Flag(False, f"{title} was reduced less than {wait.first.text} ago")
    between = [one for one in items if one.value is not None and one.at.earliest > reduced.latest]
    for item in between[:-1]:
        if risen(chart, chart.change(base, chart.amount(item)), _NUMBERS, analyte, limit).truth is False:
            return Flag(False, f"{name} was back after {title} was reduced: {item.text} ({item.at})")
    why = f"{name} {wait.first.text} or more after {title} was reduced"
    value_now = chart.last(seen, analyte, why, _last_day(chart, line))
    if not value_now.known:
        return Flag(None, f"{why} is not known", value_now.missing)
    return risen(chart, chart.change(base, value_now), _NUMBERS, analyte, limit)


def baseline_of(chart: Chart, line: Line, analyte: str) -> Amount:
    """The last value up to the start of the line, as an amount."""
    return _amount(baseline(chart, line, analyte))


def _reduced(chart: Chart, line: Line, agent: str) -> Moment | None:
    """When the dose, or else the target trough, was last lowered on the line."""
    found: Moment | None = None
    rows = sorted(rows_of(chart, line, agent), key=lambda row: row.start.sort_key)
    for before, after in pairwise(rows):
        pairs = ((before.dose, after.dose), (before.trough_target, after.trough_target))
        for old, new in pairs:
            if old and new and old.dimension == new.dimension and old.low and new.high and new.high < old.low:
                found = after.start
    return found


@feature("line.word", ("word-analyte",), gives="choice:words", says="{0} in words on the line")
def word(chart: Chart, line: Line, analyte: str) -> Value:
    """The last report in words on the line; after a later number alone, none of the words."""
    return latest_word(chart, chart.timeline.in_line(line, analyte), analyte, _last_day(chart, line))


def _last_day(chart: Chart, line: Line) -> Moment:
    return line.end or chart.timeline.as_of


def _amount(value: Value) -> Amount:
    assert isinstance(value, Amount)  # noqa: S101
    return value
