"""Margins: how far each value stands from where the answer would be another one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nephroline.catalogue import Variation
from nephroline.consultation import in_words
from nephroline.consultation.answer import MarginOut
from nephroline.exact import Fraction
from nephroline.features import Slot
from nephroline.missing.datum import Datum, datum_of
from nephroline.missing.regions import Region, Scale
from nephroline.missing.state import State
from nephroline.quantities import decimal_text
from nephroline.record import Observation
from nephroline.terms import Entry


def all_margins(state: State) -> list[MarginOut]:
    """The nearest value on each side at which the answer about the next line changes, for each value in use.

    In use are the latest value of each analyte and its value when the running line began. One value is
    moved at a time. A margin is fragile when it is no wider than the analyte's ordinary variation.
    """
    found: list[MarginOut] = []
    for item in _in_use(state):
        if item.value is None or item.value.exact is None:
            continue
        slot = Slot(Entry.OBSERVATION, item.analyte, item.at)
        datum = datum_of(slot, state.pathway, state.chart)
        if datum.scale is None or datum.dimension != item.value.dimension:
            continue
        found += _margins(state, item, item.value.exact, datum, datum.scale)
    return found


def _in_use(state: State) -> Iterator[Observation]:
    timeline = state.chart.timeline
    line = timeline.line
    for analyte in timeline.catalogue.analytes:
        if analyte not in state.pathway.depends.limits_of:
            continue
        latest = [o for o in timeline.observations.get(analyte, ()) if o.value is not None][-1:]
        first = [o for o in timeline.before(line.start.latest, analyte) if o.value][-1:] if line else []
        yield from dict.fromkeys([*latest, *first])


def _margins(
    state: State, item: Observation, value: Fraction, datum: Datum, scale: Scale
) -> Iterator[MarginOut]:
    here = next(i for i, region in enumerate(datum.regions) if _inside(region, value))
    above, below = datum.regions[here + 1 :], datum.regions[:here][::-1]
    for regions, upward in ((below, False), (above, True)):
        turn = _first_other(state, datum, regions)
        if turn is None:
            continue
        region, answer = turn
        cut = region.low if upward else region.high
        if cut is None:
            continue
        variation = state.pathway.catalogue.analytes[item.analyte].variation
        yield _margin(state, item, value, cut, scale, answer, variation)


def _first_other(state: State, datum: Datum, regions: Iterable[Region]) -> tuple[Region, str] | None:
    base = state.advised
    for region in regions:
        other = state.vary(datum, region)
        if other.advised != base:
            return region, in_words(state.pathway.catalogue, other.advised)
    return None


def _margin(
    state: State,
    item: Observation,
    value: Fraction,
    cut: Fraction,
    scale: Scale,
    then: str,
    variation: Variation | None,
) -> MarginOut:
    catalogue = state.pathway.catalogue
    ratio = (cut - value) / value if value else None
    fragile = None if variation is None or ratio is None else abs(ratio) <= variation.ratio
    away = "" if ratio is None else f"{'+' if ratio > 0 else ''}{decimal_text(ratio * 100, 0)} %"
    return MarginOut(
        datum=catalogue.analytes[item.analyte].title,
        value=f"{item.text} ({item.at})",
        cut=scale.bound(cut),
        away=away,
        then=then,
        variation=variation.text if variation else "",
        source=catalogue.sources[variation.source].short if variation else "",
        fragile=fragile,
    )


def _inside(region: Region, value: Fraction) -> bool:
    above = region.low is None or value > region.low or (region.low_in and value == region.low)
    below = region.high is None or value < region.high or (region.high_in and value == region.high)
    return above and below
