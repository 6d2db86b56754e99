"""Features of a line that ask for doses and levels, and for how long they were given."""

from __future__ import annotations

import msgspec

from nephroline.exact import Fraction
from nephroline.features.chart import Chart
from nephroline.features.doses import adherence, counted_amount
from nephroline.features.line import length_of, named, seen_after
from nephroline.features.schema import feature
from nephroline.features.values import (
    Amount,
    Flag,
    Missing,
    Slot,
    Threshold,
    Value,
    no_amount,
    unknown_amount,
)
from nephroline.quantities import decimal_text
from nephroline.record import PER_DAY, PER_WEIGHT, WEIGHT, Exposure, Length, Line, Moment, weight_near
from nephroline.record import dose_by_weight as by_weight
from nephroline.terms import Entry, Reads, Trait


def rows_of(chart: Chart, line: Line, agent: str) -> list[Exposure]:
    """The rows of a line in which a drug or class is given."""
    return [row for row in line.rows if chart.timeline.catalogue.belongs(row.drug, agent)]


@feature("line.dose", ("agent",), gives="amount:dose", says="dose of {0} on the line", reads=Reads.EXPOSURES)
def dose(chart: Chart, line: Line, agent: str) -> Value:
    """The last dose of a drug or class on the line; not known where the chart doubts that it was taken."""
    title = chart.timeline.catalogue.title(agent)
    rows = rows_of(chart, line, agent)
    if not rows or rows[-1].dose is None:
        slot = Slot(Entry.DOSE, rows[-1].drug, rows[-1].start) if rows else None
        return unknown_amount(
            "mass-rate", Missing(f"dose of {title}", f"the dose of {title} in the course {line.begun}", slot)
        )
    if rows[-1].taken is not None:
        return unknown_amount("mass-rate", adherence(chart, rows[-1]))
    return counted_amount(chart, rows[-1], agent)


@feature(
    "line.dose_by_weight",
    ("agent",),
    gives="amount:dose-rate-per-mass",
    says="dose of {0} by weight on the line",
    reads=Reads.EXPOSURES,
)
def dose_by_weight(chart: Chart, line: Line, agent: str) -> Value:
    """The last dose of a drug or class on the line per kilogram of the weight near it."""
    given = dose(chart, line, agent)
    assert isinstance(given, Amount)  # noqa: S101
    if given.dimension != PER_DAY or given.low is None or given.high is None:
        return given if given.dimension == PER_WEIGHT else unknown_amount(PER_WEIGHT, *given.missing)
    row = rows_of(chart, line, agent)[-1]
    weight = weight_near(row, chart.timeline.treatment.weights, chart.timeline.windows.current)
    if weight is None:
        slot = Slot(Entry.OBSERVATION, WEIGHT, row.start)
        return unknown_amount(PER_WEIGHT, Missing(WEIGHT, f"{given.text} per kilogram", slot))
    low, high = (by_weight(bound, weight) for bound in (given.low, given.high))
    return Amount(
        low, high, PER_WEIGHT, f"{given.text} at {decimal_text(weight / 1000, 1)} kg", given.missing
    )


def given_from(chart: Chart, line: Line, agent: str) -> Moment:
    """From when an agent of a line has been given without a break: it may come from an earlier line."""
    begun = [
        course.start
        for course in chart.timeline.treatment.immunosuppression
        if course.drug in line.drugs
        and chart.timeline.catalogue.belongs(course.drug, agent)
        and course.start.latest <= line.start.latest
        and (course.end is None or course.end.latest >= line.start.latest)
    ]
    return min(begun, key=lambda start: start.sort_key, default=line.start)


@feature(
    "line.time_on",
    ("agent",),
    gives="amount:time",
    says="time on {0} by the end of the line",
    reads=Reads.EXPOSURES,
)
def time_on(chart: Chart, line: Line, agent: str) -> Value:
    """From when an agent of the line has been given without a break, on earlier lines too, to the line's end.

    None if it is no agent of the line, so that no comparison holds.
    """
    return _on_agent(chart, line, agent, line.end)


def _on_agent(chart: Chart, line: Line, agent: str, end: Moment | None) -> Amount:
    catalogue = chart.timeline.catalogue
    # Also of a line that goes on with what only acts on, so that no dose of it lies on the line.
    if not any(catalogue.belongs(drug, agent) for drug in line.drugs):
        return no_amount("time", f"{catalogue.title(agent)} is no agent of line {line.number}")
    return length_of(
        chart.timeline.span(given_from(chart, line, agent), end), named(chart, line), begun=line.begun
    )


@feature(
    "line.seen_on",
    ("agent", "threshold:time"),
    gives="flag",
    says="assessed after {1} on {0} or later",
)
def seen_on(chart: Chart, line: Line, agent: str, least: Threshold) -> Value:
    """Whether the last assessment of the line came after so long on an agent of it; else it is unknown."""
    return seen_after(chart, line, lambda at: _on_agent(chart, line, agent, at), least)


def _level(chart: Chart, drug: str) -> str | None:
    return next((a.id for a in chart.timeline.catalogue.analytes.values() if a.level_of == drug), None)


@feature(
    "line.trough_measured",
    ("agent",),
    gives="flag",
    says="a trough of {0} was measured on the line",
)
def trough_measured(chart: Chart, line: Line, drug: str) -> Value:
    """Whether a trough was measured on the line."""
    level = _level(chart, drug)
    items = [i for i in chart.timeline.in_line(line, level) if i.value] if level else []
    if items:
        return Flag(True, f"trough {items[-1].text} ({items[-1].at})")
    return Flag(False, "no trough measured")


@feature(
    "line.time_at_trough",
    ("agent", "threshold:level"),
    gives="amount:time",
    says="time on {0} with the trough at or above {1}",
)
def time_at_trough(chart: Chart, line: Line, drug: str, low: Threshold) -> Value:
    """Time with the trough at or above a level, up to the end of the line.

    It counts from when the drug has been given without a break, on earlier lines too. Each measurement speaks
    for the time since the one before it, the last also for the time to the line's end; without any
    measurement nothing is certain.
    """
    start, last = given_from(chart, line, drug), chart.timeline.end_of(line)
    whole = chart.timeline.span(start, line.end)
    level = _level(chart, drug)
    items = [i for i in chart.timeline.between(level, start.latest, last) if i.value] if level else []
    if not items or level is None:
        why = f"the measured trough of {chart.timeline.catalogue.title(drug)} in the course {line.begun}"
        slot = Slot(Entry.OBSERVATION, level, line.end or chart.timeline.as_of) if level else None
        lacking = Missing(level or f"{drug}_trough", why, slot)
        return length_of(Length(Fraction(0), whole.most), named(chart, line), (lacking,))
    least, most = Fraction(0), Fraction(0)
    begin, soonest = start.latest, start.earliest
    for i, item in enumerate(items):
        end = last if i == len(items) - 1 else item.at.latest
        amount = chart.amount(item)
        compared = low.form_for(amount)
        if compared is not None and compared[0].low is not None:
            limit, value = compared[0].low, compared[1]
            if value.low is not None and value.low >= limit:
                least += end - begin
            if value.high is None or value.high >= limit:
                most += end - soonest
        begin = soonest = end
    found = length_of(Length(least, most), named(chart, line), begun=line.begun)
    # What falls short is said: the level, not only for how long.
    return msgspec.structs.replace(found, text=f"{found.text}, trough {items[-1].text} ({items[-1].at})")


@feature(
    "line.trough_now",
    ("agent",),
    gives="amount:mass-concentration",
    says="trough of {0} now",
    trait=Trait.LEVEL,
)
def trough_now(chart: Chart, line: Line, drug: str) -> Value:
    """The last trough on the line, if it was measured at the dose that is taken now."""
    level = _level(chart, drug)
    rows = rows_of(chart, line, drug)
    since = rows[-1].start if rows else line.start
    title = chart.timeline.catalogue.title(drug)
    why = f"the trough of {title} at the present dose"
    slot = Slot(Entry.OBSERVATION, level, line.end or chart.timeline.as_of) if level else None
    items = (
        [i for i in chart.timeline.in_line(line, level) if i.at.earliest > since.earliest] if level else []
    )
    if level is None or not items:
        analyte = chart.timeline.catalogue.analytes[level] if level else None
        lacking = (Missing(level or f"{drug}_trough", why, slot),)
        return Amount(None, None, "mass-concentration", "not measured", lacking, analyte)
    return chart.last(items, level, why, line.end or chart.timeline.as_of)


@feature(
    "line.trough_target",
    ("agent",),
    gives="amount:mass-concentration",
    says="target trough of {0}",
    reads=Reads.EXPOSURES,
    trait=Trait.LEVEL,
)
def trough_target(chart: Chart, line: Line, drug: str) -> Value:
    """The target trough written on the exposure; not known where the chart doubts that it was taken."""
    rows = [row for row in rows_of(chart, line, drug) if row.trough_target is not None]
    title = chart.timeline.catalogue.title(drug)
    if not rows or rows[-1].trough_target is None:
        mine = rows_of(chart, line, drug)
        slot = Slot(Entry.TROUGH_TARGET, mine[-1].drug, mine[-1].start) if mine else None
        missing = Missing(f"target trough of {title}", f"the target trough of {title}", slot)
        return unknown_amount("mass-concentration", missing)
    doubted = [row for row in rows_of(chart, line, drug) if row.taken is not None]
    if doubted:
        return unknown_amount("mass-concentration", adherence(chart, doubted[0]))
    quantity = rows[-1].trough_target
    level = _level(chart, drug)
    analyte = chart.timeline.catalogue.analytes[level] if level else None
    why = f"the target trough of {title} more exactly: {quantity.text}"
    inexact = () if quantity.exact is not None else (Missing(f"target trough of {title}", why),)
    return Amount(quantity.low, quantity.high, quantity.dimension, quantity.text, inexact, analyte)
