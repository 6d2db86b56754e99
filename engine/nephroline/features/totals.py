"""How much of a drug was given in all."""

from __future__ import annotations

from nephroline.exact import Fraction
from nephroline.features.chart import Chart
from nephroline.features.doses import uncounted
from nephroline.features.schema import feature
from nephroline.features.values import Amount, Missing, Slot, Value, gather
from nephroline.quantities import decimal_text
from nephroline.record import PER_DAY, PER_WEIGHT, WEIGHT, Exposure
from nephroline.terms import Entry, Reads

_MILLION = 1_000_000


@feature("cumulative_dose", ("agent",), gives="amount:mass", says="total dose of {0}", reads=Reads.ALL)
def cumulative_dose(chart: Chart, agent: str) -> Value:
    """The total given so far, over all courses; a dose that is not known leaves it open upwards.

    Of a class, unlike drugs are counted by what they equal; one without an equivalence leaves it open.
    """
    catalogue = chart.timeline.catalogue
    rows = [row for row in chart.timeline.exposures if catalogue.belongs(row.drug, agent)]
    least, most = Fraction(0), Fraction(0)
    missing: list[Missing] = []
    known = True
    for row in rows:
        factor = catalogue.counted(row.drug, agent)
        if factor is None:
            missing.append(uncounted(chart, row, agent))
        given = _given(chart, row, missing) if factor is not None else None
        if given is None or factor is None:
            known = False
            continue
        least += given[0] * factor
        most += given[1] * factor
        if row.start.lifelong:
            known = False
            missing.append(Missing(f"dates of {row.drug}", f"when {chart.called(row)} was begun"))
    if known and least != most and not missing:
        title = catalogue.title(agent)
        missing.append(Missing(f"dose of {title}", f"the doses of {title} and their dates more exactly"))
    low, high = decimal_text(least), decimal_text(most)
    text = "an unknown amount" if not least else f"at least {low} g"
    if known:
        text = f"{low} g" if low == high else f"{low} to {high} g"
    return Amount(least, most if known else None, "mass", text if rows else "none", gather(missing))


def _given(chart: Chart, row: Exposure, missing: list[Missing]) -> tuple[Fraction, Fraction] | None:
    """What an exposure gave in all, in grams, between its bounds; None if it is not known."""
    dose = row.dose
    at_once = row.end is not None and row.end.latest == row.start.latest and row.start.precise
    if (
        dose is not None
        and dose.dimension == "mass"
        and at_once
        and dose.low is not None
        and dose.high is not None
    ):
        return dose.low * row.count, dose.high * row.count
    a_day = _per_day(chart, row, missing)
    if a_day is None:
        return None
    span = chart.timeline.span(row.start, row.end)
    return a_day[0] * span.least, a_day[1] * span.most


def _per_day(chart: Chart, row: Exposure, missing: list[Missing]) -> tuple[Fraction, Fraction] | None:
    """The dose in g/d, between its bounds; None if it is not known."""
    dose, title = row.dose, chart.called(row)
    if dose is None or dose.low is None or dose.high is None or dose.dimension not in (PER_DAY, PER_WEIGHT):
        slot = Slot(Entry.DOSE, row.drug, row.start) if dose is None else None
        missing.append(Missing(f"dose of {title}", f"the daily dose of {title} from {row.start}", slot))
        return None
    if dose.dimension == PER_DAY:
        return dose.low, dose.high
    weight = chart.timeline.weight_at(row.start)
    if weight is None:
        slot = Slot(Entry.OBSERVATION, WEIGHT, row.start)
        missing.append(Missing(WEIGHT, f"{title} {dose.text} in mg", slot))
        return None
    return dose.low * weight / _MILLION, dose.high * weight / _MILLION
