"""Where the values of a number are cut: between two cuts, nothing that a pathway asks comes out otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from nephroline.catalogue import Analyte
from nephroline.exact import Fraction
from nephroline.features import (
    FEATURES,
    Chart,
    Slot,
    Threshold,
    possibly_last,
)
from nephroline.missing.regions import Of, ratios
from nephroline.pathway import Pathway
from nephroline.record import PER_DAY, PER_WEIGHT, WEIGHT, Moment, Observation, weight_at
from nephroline.terms import Trait


class Limits(msgspec.Struct, frozen=True):
    """A pathway, and of its thresholds those that can make a difference (None: all)."""

    pathway: Pathway
    live: frozenset[str] | None = None

    def of(self, names: Iterable[str]) -> list[Threshold]:
        """The thresholds against which anything about these names is held."""
        found = self.pathway.depends.limits(names)
        return found if self.live is None else [limit for limit in found if limit.name in self.live]

    def of_analyte(self, analyte: Analyte) -> list[Threshold]:
        """The thresholds against which an analyte is held, or the drug whose level it is."""
        return self.of([analyte.id, *([analyte.level_of] if analyte.level_of else [])])


def cuts_of(
    slot: Slot,
    limits: Limits,
    chart: Chart,
    analyte: Analyte,
    dimension: str,
    moving: Mapping[Moment, Of] | None = None,
) -> dict[Fraction, tuple[Fraction, Of] | None]:
    """Where a pathway tells a difference: at its limits, and at changes from or to other values.

    *moving*: the values, by their time, with which a cut moves.
    """
    return {
        **_changes(slot, limits, chart, analyte, dimension, moving),
        **dict.fromkeys(_limits(limits, analyte, dimension)),
        **dict.fromkeys(_derived(slot, limits, chart, analyte, dimension)),
    }


def sides_of(
    slot: Slot, limits: Limits, chart: Chart, analyte: Analyte, dimension: str
) -> dict[Fraction, bool]:
    """The cuts that only limits make, with whether they go with what is below: see `belongs_below`."""
    others = {
        *_changes(slot, limits, chart, analyte, dimension, None),
        *_derived(slot, limits, chart, analyte, dimension),
    }
    sides = limits.pathway.depends.belongs_below
    return {
        cut: side
        for cut, held in _limits(limits, analyte, dimension).items()
        for side in (True, False)
        if cut not in others and all(sides.get(limit.name) is side for limit in held)
    }


def _limits(limits: Limits, analyte: Analyte, dimension: str) -> dict[Fraction, list[Threshold]]:
    """The limits of an analyte, by where they cut."""
    found: dict[Fraction, list[Threshold]] = {}
    for limit in limits.of_analyte(analyte):
        cut = limit.cut(dimension, analyte)
        if cut is not None:
            found.setdefault(cut, []).append(limit)
    return found


def _derived(
    slot: Slot, limits: Limits, chart: Chart, analyte: Analyte, dimension: str
) -> Iterator[Fraction]:
    """Where something that is computed from the value crosses a limit of its own."""
    if slot.name == WEIGHT:
        yield from _weights(limits.pathway, chart)
    yield from _computed(slot, limits, chart, analyte, dimension)


def _changes(
    slot: Slot,
    limits: Limits,
    chart: Chart,
    analyte: Analyte,
    dimension: str,
    moving: Mapping[Moment, Of] | None,
) -> dict[Fraction, tuple[Fraction, Of] | None]:
    """Where a change from or to another value crosses a limit."""
    pathway = limits.pathway
    near = limits.of_analyte(analyte)
    found: dict[Fraction, tuple[Fraction, Of] | None] = {}
    steps = list(_steps(pathway, analyte, dimension)) if _longest_window(pathway, slot.name) else []
    for others, backwards in zip(_compared(slot, pathway, chart), (False, True), strict=True):
        for item in others:
            for edge in _edges(item, analyte, dimension):
                stepped = (edge - step if backwards else edge + step for step in steps)
                found |= {cut: None for cut in stepped if cut > 0}
            of = (moving or {}).get(item.at)
            for factor in ratios(near):
                times = 1 / factor if backwards else factor
                for edge in _edges(item, analyte, dimension):
                    # A cut that stays where it is goes before one that happens to be there.
                    if of is None:
                        found[edge * times] = None
                    else:
                        found.setdefault(edge * times, (times, of))
    return found


def _computed(
    slot: Slot, limits: Limits, chart: Chart, analyte: Analyte, dimension: str
) -> Iterator[Fraction]:
    """The values at which something computed from them crosses one of its limits."""
    record = chart.timeline.record
    for formula in limits.pathway.catalogue.formulas.values():
        if formula.source_analyte != slot.name:
            continue
        ages = [zero + chart.timeline.now for zero in record.ages_zero]
        people = [(age, sex) for age in ages for sex in ([record.sex] if record.sex else formula.sexes)]
        for limit in limits.of([formula.gives]):
            form = limit.forms.get(formula.result.dimension)
            for age, sex in people:
                if form is not None and form.exact:
                    edge = formula.source_at(form.exact, age, sex)
                    carried = analyte.convert(edge, formula.unit.dimension, dimension)
                    if carried is not None:
                        yield carried


def _compared(slot: Slot, pathway: Pathway, chart: Chart) -> tuple[list[Observation], list[Observation]]:
    """The values with which one of a slot is compared: those it is measured from, and those from it.

    Every change is measured from the value before the line began in which it falls, or before the first;
    or from values of earlier visits, if the pathway compares visits.
    """
    seen = [item for item in chart.timeline.observations.get(slot.name, ()) if item.value]
    at, lines = slot.at or chart.timeline.as_of, chart.timeline.lines
    begun = [line for line in lines if line.start.earliest < at.latest]
    bases: list[Observation] = []
    followers: list[Observation] = []
    for line in dict.fromkeys((*lines[:1], *begun[-2:])):
        bases += possibly_last([item for item in seen if item.at.latest <= line.start.latest])
    if chart.timeline.assessments and _compares_visits(pathway, slot.name):
        started = max((line.start.latest for line in begun), default=None)
        within = [item for item in seen if started is None or item.at.latest > started]
        bases += [item for item in within if item.at.latest < at.latest]
        followers += [item for item in within if item.at.latest > at.latest]
    window = _longest_window(pathway, slot.name)
    bases += [item for item in seen if 0 < at.latest - item.at.latest <= window]
    followers += [item for item in seen if 0 < item.at.latest - at.latest <= window]
    for line in lines:
        before = [item for item in seen if item.at.latest <= line.start.latest]
        if at.latest <= line.start.latest and (not before or before[-1].at.earliest <= at.latest):
            # The slot's value would be the one from which this line is measured.
            followers += [item for item in seen if item.at.latest > line.start.earliest]
    return list(dict.fromkeys(bases)), list(dict.fromkeys(followers))


def _compares_visits(pathway: Pathway, analyte: str) -> bool:
    """Whether a condition measures an analyte from one assessment to another."""
    return any(
        FEATURES[ask.feature].trait is Trait.ACROSS_ASSESSMENTS and ask.arguments[0].name == analyte
        for ask in pathway.nodes.questions.values()
    )


def _longest_window(pathway: Pathway, analyte: str) -> Fraction:
    """The longest time within which a condition compares values of an analyte; 0 if none does."""
    times = (
        pathway.thresholds[ask.arguments[1].name].days
        for ask in pathway.nodes.questions.values()
        if FEATURES[ask.feature].trait is Trait.WITHIN_A_TIME and ask.arguments[0].name == analyte
    )
    return max(times, default=Fraction(0))


def _steps(pathway: Pathway, analyte: Analyte, dimension: str) -> Iterator[Fraction]:
    """The limits of an analyte as steps from one value to another."""
    for limit in pathway.depends.limits([analyte.id]):
        cut = limit.cut(dimension, analyte)
        if cut is not None:
            yield cut


def _edges(item: Observation, analyte: Analyte, dimension: str) -> list[Fraction]:
    found: dict[Fraction, None] = {}
    for edge in (item.value.low, item.value.high) if item.value else ():
        carried = analyte.convert(edge, item.value.dimension, dimension) if edge and item.value else None
        if carried is not None:
            found[carried] = None
    return list(found)


def _weights(pathway: Pathway, chart: Chart) -> frozenset[Fraction]:
    """The weights at which a dose given per day is a dose per kilogram that a condition names."""
    per_kg = [form.exact for limit in pathway.thresholds.values() if (form := limit.forms.get(PER_WEIGHT))]
    given = [row.dose.low for row in chart.timeline.exposures if row.dose and row.dose.dimension == PER_DAY]
    return frozenset(weight_at(dose, rate) for dose in given if dose for rate in per_kg if rate)
