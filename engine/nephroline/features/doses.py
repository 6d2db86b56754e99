"""Doses as they are counted: unlike drugs of a class by what one equals of another."""

from __future__ import annotations

from collections.abc import Iterable

from nephroline.features.chart import Chart
from nephroline.features.values import Amount, Missing, Slot, gather, unknown_amount
from nephroline.quantities import Quantity, decimal_text
from nephroline.record import PER_DAY, WEIGHT, Exposure
from nephroline.terms import Entry


def counted_amount(chart: Chart, row: Exposure, agent: str) -> Amount:
    """A dose as the doses of a drug or class are counted: unlike drugs of a class by their equivalence."""
    quantity = counted_dose(chart, row, agent)
    if quantity is None:
        return unknown_amount("mass-rate", uncounted(chart, row, agent))
    title, within = chart.timeline.catalogue.drugs[row.drug].title, (quantity.low_in, quantity.high_in)
    inexact = Missing(f"dose of {title}", f"the dose of {title} more exactly: {quantity.text}")
    missing = () if quantity.exact is not None else (inexact,)
    return Amount(quantity.low, quantity.high, quantity.dimension, quantity.text, missing, None, *within)


def counted_dose(chart: Chart, row: Exposure, agent: str) -> Quantity | None:
    """The same as a quantity; None if it is not known, or no source says what it equals."""
    catalogue = chart.timeline.catalogue
    factor, given = catalogue.counted(row.drug, agent), row.dose
    if given is None or factor is None:
        return None
    if factor == 1 or given.low is None or given.high is None:
        return given
    low, high = given.low * factor, given.high * factor
    text = f"{given.text} of {catalogue.drugs[row.drug].title}, counted as {decimal_text(factor, 2)} times"
    return Quantity(low, high, given.dimension, text, given.low_in, given.high_in)


def uncounted(chart: Chart, row: Exposure, agent: str) -> Missing:
    """That no source says what a dose equals."""
    catalogue = chart.timeline.catalogue
    reference = catalogue.classes[agent].counted_as if agent in catalogue.classes else None
    title = catalogue.drugs[row.drug].title
    counted = f" counted as {catalogue.title(reference)}" if reference else ""
    return Missing(f"dose of {title}", f"the dose of {title}{counted}: no equivalence in this rule base")


def adherence(chart: Chart, row: Exposure) -> Missing:
    """What is asked where the chart doubts that something was taken as prescribed."""
    title = chart.called(row)
    return Missing(f"adherence to {title}", f"whether {title} was taken as prescribed from {row.start}")


def dose_open(chart: Chart, rows: Iterable[Exposure]) -> tuple[Missing, ...]:
    """What would tell the phase of exposures: a dose that is not known, or the weight."""
    found: list[Missing] = []
    for row in rows:
        title = chart.called(row)
        if row.dose is None:
            slot = Slot(Entry.DOSE, row.drug, row.start)
            found.append(Missing(f"dose of {title}", f"the dose of {title} from {row.start}", slot))
        elif chart.timeline.weight_at(row.start) is None and row.dose.dimension == PER_DAY:
            slot = Slot(Entry.OBSERVATION, WEIGHT, row.start)
            found.append(Missing(WEIGHT, f"{title} {row.dose.text} per kilogram", slot))
        else:
            found.append(Missing(f"dose of {title}", f"the daily dose of {title} from {row.start}"))
    return gather(found)
