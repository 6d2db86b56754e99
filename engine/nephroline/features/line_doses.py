"""Features of a line that ask for doses and levels, and for how long they were given."""

from __future__ import annotations

from nephroline.exact import Fraction
from nephroline.features.chart import Chart
from nephroline.features.doses import counted_amount, counted_dose, uncounted
from nephroline.features.line import length_of
from nephroline.features.schema import feature
from nephroline.features.values import (
    Amount,
    Flag,
    Missing,
    Slot,
    Threshold,
    Value,
    gather,
    unknown_amount,
)
from nephroline.record import Exposure, Length, Line
from nephroline.terms import Entry, Reads, Trait

WEIGHT = "weight"
"""The analyte that carries between a dose per day and a dose per weight."""

PER_DAY, PER_WEIGHT = "mass-rate", "dose-rate-per-mass"


def rows_of(chart: Chart, line: Line, agent: str) -> list[Exposure]:
    """The rows of a line in which a drug or class is given."""
    return [row for row in line.rows if chart.timeline.catalogue.belongs(row.drug, agent)]


def _within(chart: Chart, line: Line, row: Exposure) -> Length:
    """The part of an exposure that falls into the line."""
    start = row.start if row.start.latest >= line.start.latest else line.start
    end = row.end
    if line.end is not None and (end is None or end.latest > line.end.latest):
        end = line.end
    return chart.timeline.span(start, end)


@feature("line.dose", ("agent",), gives="amount:dose", says="dose of {0} on the line", reads=Reads.EXPOSURES)
def dose(chart: Chart, line: Line, agent: str) -> Value:
    """The last dose of a drug or class on the line."""
    title = chart.timeline.catalogue.title(agent)
    rows = rows_of(chart, line, agent)
    if not rows or rows[-1].dose is None:
        slot = Slot(Entry.DOSE, rows[-1].drug, rows[-1].start) if rows else None
        return unknown_amount(
            "mass-rate", Missing(f"dose of {title}", f"the dose of {title} on line {line.number}", slot)
        )
    return counted_amount(chart, rows[-1], agent)


@feature(
    "line.time_at_dose",
    ("agent", "threshold:dose", "threshold:dose"),
    gives="amount:time",
    says="time on {0} at {1} (or at its maximum of {2})",
)
def time_at_dose(chart: Chart, line: Line, agent: str, per_day: Threshold, most: Threshold) -> Value:
    """Time on the line at or above a daily dose, or at the most that is given per day.

    The weight on record carries between mg/kg/d and mg/d. Time at a dose that is not known counts as
    possible, not as certain.
    """
    least, longest = Fraction(0), Fraction(0)
    missing: list[Missing] = []
    for row in rows_of(chart, line, agent):
        span = _within(chart, line, row)
        reached = _at_dose(chart, row, agent, per_day, most, missing)
        if reached is not False:
            longest += span.most
        if reached:
            least += span.least
    return length_of(Length(least, longest), f"line {line.number}", gather(missing))


def _at_dose(
    chart: Chart, row: Exposure, agent: str, per_day: Threshold, most: Threshold, missing: list[Missing]
) -> bool | None:
    title = chart.timeline.catalogue.drugs[row.drug].title
    given = counted_dose(chart, row, agent)
    if given is None and row.dose is not None:
        missing.append(uncounted(chart, row, agent))
        return None
    if given is None or given.low is None or given.high is None:
        slot = Slot(Entry.DOSE, row.drug, row.start) if given is None else None
        missing.append(Missing(f"dose of {title}", f"the dose of {title} from {row.start}", slot))
        return None
    for limit in (per_day, most):
        form = limit.forms.get(given.dimension)
        if form is not None and form.exact is not None:
            if given.low >= form.exact:
                return True
            if limit is per_day and given.high < form.exact:
                return False
    per_kg = per_day.forms.get(PER_WEIGHT)
    if given.dimension == PER_DAY and per_kg is not None and per_kg.exact is not None:
        weight = weight_near(chart, row)
        if weight is not None:
            return weight <= weight_at(given.low, per_kg.exact)
        slot = Slot(Entry.OBSERVATION, WEIGHT, row.start)
        missing.append(Missing(WEIGHT, f"{title} {given.text} per kilogram", slot))
        return None
    missing.append(Missing(f"dose of {title}", f"the daily dose of {title}: {given.text} is not per day"))
    return None


def weight_near(chart: Chart, row: Exposure) -> Fraction | None:
    """The weight (g) at the start of an exposure: the last one up to then, else the first after it."""
    weights = [w for w in chart.timeline.observations.get(WEIGHT, ()) if w.value is not None]
    near = [w for w in weights if w.at.earliest <= row.start.latest] or weights[:1]
    return (near[-1].value.exact or None) if near and near[-1].value is not None else None


def weight_at(dose: Fraction, rate: Fraction) -> Fraction:
    """The weight (g) at which a dose per day (g/d) is this dose per weight (mg/kg/d)."""
    return dose * 1_000_000 / rate


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
    """Time on the line with the trough at or above a level.

    Each measurement speaks for the time since the one before it, the last also for the time to the
    line's end; without any measurement nothing is certain.
    """
    whole = chart.timeline.span(line.start, line.end)
    level = _level(chart, drug)
    items = [i for i in chart.timeline.in_line(line, level) if i.value] if level else []
    if not items or level is None:
        why = f"the measured trough of {chart.timeline.catalogue.title(drug)} on line {line.number}"
        slot = Slot(Entry.OBSERVATION, level, line.end or chart.timeline.as_of) if level else None
        lacking = Missing(level or f"{drug}_trough", why, slot)
        return length_of(Length(Fraction(0), whole.most), f"line {line.number}", (lacking,))
    least, most = Fraction(0), Fraction(0)
    begin = line.start.latest
    for i, item in enumerate(items):
        end = chart.timeline.end_of(line) if i == len(items) - 1 else item.at.latest
        amount = chart.amount(item)
        compared = low.form_for(amount)
        if compared is not None and compared[0].low is not None:
            limit, value = compared[0].low, compared[1]
            if value.low is not None and value.low >= limit:
                least += end - begin
            if value.high is None or value.high >= limit:
                most += end - begin
        begin = end
    return length_of(Length(least, most), f"line {line.number}")


@feature(
    "line.trough_target",
    ("agent",),
    gives="amount:mass-concentration",
    says="target trough of {0}",
    reads=Reads.EXPOSURES,
    trait=Trait.LEVEL,
)
def trough_target(chart: Chart, line: Line, drug: str) -> Value:
    """The target trough written on the exposure."""
    rows = [row for row in rows_of(chart, line, drug) if row.trough_target is not None]
    title = chart.timeline.catalogue.title(drug)
    if not rows or rows[-1].trough_target is None:
        mine = rows_of(chart, line, drug)
        slot = Slot(Entry.TROUGH_TARGET, mine[-1].drug, mine[-1].start) if mine else None
        missing = Missing(f"target trough of {title}", f"the target trough of {title}", slot)
        return unknown_amount("mass-concentration", missing)
    quantity = rows[-1].trough_target
    level = _level(chart, drug)
    analyte = chart.timeline.catalogue.analytes[level] if level else None
    why = f"the target trough of {title} more exactly: {quantity.text}"
    inexact = () if quantity.exact is not None else (Missing(f"target trough of {title}", why),)
    return Amount(quantity.low, quantity.high, quantity.dimension, quantity.text, inexact, analyte)
