"""The phase of a course by the dose that is taken: high, reduced or low."""

from __future__ import annotations

from collections.abc import Sequence

from nephroline.catalogue import Catalogue
from nephroline.exact import Fraction
from nephroline.quantities import Quantity
from nephroline.record.models import Exposure, Observation
from nephroline.record.windows import Windows
from nephroline.terms import Phase

PER_DAY, PER_WEIGHT = "mass-rate", "dose-rate-per-mass"
AT_ONCE = {"mass": PER_DAY, "dose-per-mass": PER_WEIGHT}
"""A single dose counts as that of its day."""

ANY = frozenset((Phase.HIGH, Phase.REDUCED, Phase.LOW))


def phases_of(
    row: Exposure, catalogue: Catalogue, windows: Windows, weights: Sequence[Observation]
) -> frozenset[Phase]:
    """The phases in which an exposure may be: more than one where dose or weight is not known."""
    kind = catalogue.class_of_lines(row.drug)
    factors, given = catalogue.counted_within(row.drug, kind.id), row.dose
    if given is None or factors is None or given.low is None or given.high is None:
        return ANY
    dimension = AT_ONCE.get(given.dimension, given.dimension)
    low, high = given.low * factors[0], given.high * factors[1]
    weight = weight_near(row, weights, windows.current)
    high_is = _reaches(dimension, (low, high), row, windows.full_doses.get(kind.id, ()), weight)
    if high_is is True:
        return frozenset((Phase.HIGH,))
    limits = [q.high for q in kind.low_up_to if q.dimension == dimension and q.high is not None]
    if dimension not in (PER_DAY, PER_WEIGHT) or not limits:
        return ANY
    most = max(limits)
    if high <= most:
        # No weight of an adult makes so little a full dose.
        return frozenset((Phase.LOW,))
    below = {Phase.REDUCED} if low > most else {Phase.LOW, Phase.REDUCED}
    return frozenset(below | ({Phase.HIGH} if high_is is None else set()))


def _reaches(
    dimension: str,
    given: tuple[Fraction, Fraction],
    row: Exposure,
    limits: Sequence[tuple[Quantity, int]],
    weight: Fraction | None,
) -> bool | None:
    """Whether a dose reaches any of the full doses; None if the weight would tell."""
    low, high = given
    answers: list[bool | None] = []
    for limit, every in limits:
        full = limit.exact
        if full is None or (every > 1 and row.every != every):
            continue
        if limit.dimension == dimension:
            answers.append(True if low >= full else False if high < full else None)
        elif (limit.dimension, dimension) == (PER_WEIGHT, PER_DAY):
            at_low, at_high = (weight_at(dose, full) for dose in (low, high))
            answers.append(
                None if weight is None else True if weight <= at_low else False if weight > at_high else None
            )
    if True in answers:
        return True
    return None if None in answers or not answers else False


def given_at_once(row: Exposure) -> bool:
    """Whether an exposure is of single doses, such as pulses, which do not go on."""
    return row.dose is not None and row.dose.dimension in AT_ONCE


def weight_near(row: Exposure, weights: Sequence[Observation], near: Fraction) -> Fraction | None:
    """The weight (g) by which a dose is judged: the lowest within so many days (*near*) of the exposure.

    Oedema adds to what is weighed, and no edition says which weight counts (policy). Where none is near, it
    is the last one up to its start, else the first after it.
    """
    since = row.start.earliest - near
    until = None if row.end is None else row.end.latest + near
    close = [w for w in weights if w.at.latest >= since and (until is None or w.at.earliest <= until)]
    known = [w.value.exact for w in close if w.value is not None and w.value.exact]
    if known:
        return min(known)
    before = [w for w in weights if w.at.earliest <= row.start.latest] or weights[:1]
    return (before[-1].value.exact or None) if before and before[-1].value is not None else None


def weight_at(dose: Fraction, rate: Fraction) -> Fraction:
    """The weight (g) at which a dose per day (g/d) is this dose per weight (mg/kg/d)."""
    return dose * 1_000_000 / rate


def weight_dose(weight: Fraction, rate: Fraction) -> Fraction:
    """The dose per day (g/d) that a dose per weight (mg/kg/d) is at a weight (g)."""
    return weight * rate / 1_000_000


def dose_by_weight(dose: Fraction, weight: Fraction) -> Fraction:
    """The dose per weight (mg/kg/d) that a dose per day (g/d) is at a weight (g)."""
    return dose * 1_000_000 / weight
