"""Doses as they are counted: unlike drugs of a class by what one equals of another."""

from __future__ import annotations

from nephroline.features.chart import Chart
from nephroline.features.values import Amount, Missing, unknown_amount
from nephroline.quantities import Quantity, decimal_text
from nephroline.record import Exposure


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
