"""By which weight a dose is worked out: the one that is charted, the lowest of late, or the adjusted one.

No edition says which. The numbers are those of `shared/dosing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from nephroline.consultation.run import Run
from nephroline.exact import Fraction
from nephroline.features import Missing
from nephroline.quantities import decimal_text
from nephroline.record import WEIGHT, Observation, span_text

GRAMS = 1000
"""Grams in a kilogram; also milligrams in a gram, the base unit of mass."""


class Weighed(NamedTuple):
    """A weight (g), which one it is, and what should be measured; no weight where a dose cannot go by it.

    `instead`: which one it is in a few words, where it is not that of the scales.
    """

    grams: Fraction | None
    told: str
    missing: tuple[Missing, ...] = ()
    instead: str = ""


def weigh(run: Run, drug: str, *, adjusted: bool) -> Weighed:
    """The weight for the dose of a drug; *adjusted*: in the obese the adjusted one."""
    timeline = run.chart.timeline
    dose_in_mg = f"the dose of {run.pathway.catalogue.title(drug)} in mg"
    weights = known(run, WEIGHT)
    if not weights:
        return Weighed(None, "needs weight", (Missing(WEIGHT, dose_in_mg),))
    last = weights[-1]
    old = timeline.now - last.at.latest
    if _of_a_child(run, last):
        why = f"{dose_in_mg}: the weight of {last.at} is that of a child"
        return Weighed(None, f"needs weight: that of {last.at} is that of a child", (Missing(WEIGHT, why),))
    late = [one for one in weights if one.at.latest >= timeline.now - timeline.windows.current] or [last]
    lowest = min(late, key=_grams)
    grams = _grams(lowest)
    told = f"{_kilograms(grams)} of {lowest.at}" + (", the lowest of late" if lowest is not last else "")
    missing: tuple[Missing, ...] = ()
    if old > run.pathway.thresholds["weight_current"].days:
        told += f", {span_text(old)} old: weigh again"
        missing = (Missing(WEIGHT, f"{dose_in_mg}: the weight of {last.at} is {span_text(old)} old"),)
    if adjusted:
        return _adjusted(run, Weighed(grams, told, missing), dose_in_mg)
    return Weighed(grams, told, missing)


def _adjusted(run: Run, actual: Weighed, dose_in_mg: str) -> Weighed:
    """The adjusted weight of the obese; without a height, no weight where it may be the adjusted one."""
    grams, thresholds = actual.grams or Fraction(0), run.pathway.thresholds
    formula = next(iter(run.pathway.catalogue.ideal_weights.values()), None)
    heights = known(run, "height")
    sex = run.chart.timeline.record.sex
    if formula is None:
        return actual
    if not heights or sex is None:
        most = thresholds["weight_without_height"].forms["mass"].exact
        if most is None or grams <= most:
            return actual
        asked = "height" if not heights else "sex"
        why = f"{dose_in_mg}: by the adjusted weight, above {_kilograms(most)}"
        return Weighed(None, f"needs {asked}", (*actual.missing, Missing(asked, why)))
    height = heights[-1].value
    ideal = formula.ideal(height.exact, str(sex)) if height is not None and height.exact is not None else None
    obese = thresholds["weight_obese"].forms["ratio"].exact or Fraction(0)
    if ideal is None or grams <= ideal * (1 + obese):
        return actual
    adjusted = Fraction(round(formula.adjusted(ideal, grams) / GRAMS)) * GRAMS
    source = thresholds["weight_obese"].confidence
    told = f"{_kilograms(adjusted)}, the adjusted weight [{source}] of {actual.told}, at {heights[-1].text}"
    return Weighed(adjusted, told, actual.missing, f"adjusted weight {_kilograms(adjusted)} [{source}]")


def known(run: Run, analyte: str) -> Sequence[Observation]:
    """The values of an analyte that are single numbers, in order."""
    items = run.chart.timeline.observations.get(analyte, ())
    return [item for item in items if item.value is not None and item.value.exact is not None]


def _grams(item: Observation) -> Fraction:
    return item.value.exact if item.value is not None and item.value.exact is not None else Fraction(0)


def _kilograms(grams: Fraction) -> str:
    return f"{decimal_text(grams / GRAMS)} kg"


def _of_a_child(run: Run, weight: Observation) -> bool:
    """Whether a weight was measured before the patient was grown, and the patient is by now."""
    ages, grown = run.chart.timeline.record.ages_zero, run.pathway.thresholds["weight_grown"].days
    return bool(ages) and min(ages) + weight.at.earliest < grown <= max(ages) + run.chart.timeline.now
