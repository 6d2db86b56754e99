"""A datum that a chart has a slot for: how it is called, and the regions into which its values fall."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from nephroline.catalogue import Analyte
from nephroline.exact import Fraction
from nephroline.features import Chart, Slot, entering
from nephroline.missing.cuts import Limits, cuts_of, sides_of
from nephroline.missing.regions import (
    Cuts,
    Of,
    Region,
    Scale,
    between,
    parted,
    ratios,
    whole,
)
from nephroline.pathway import Pathway
from nephroline.record import PER_DAY, PER_WEIGHT, WEIGHT, Moment
from nephroline.terms import Entry

_OLDEST = Fraction(130 * 365)
_MOST_GLOMERULI = 200
_MANY_CUTS = 60
"""With more places to cut than this, the search is not called exact."""


class Datum(msgspec.Struct, frozen=True):
    """A slot with the regions of its datum; `scale` None: words. `exact` False: too many values."""

    slot: Slot
    title: str
    regions: tuple[Region, ...]
    scale: Scale | None = None
    dimension: str = ""
    exact: bool = True


def datum_of(
    slot: Slot,
    pathway: Pathway,
    chart: Chart,
    beside: Sequence[Slot] = (),
    taken: Sequence[Slot] = (),
    live: frozenset[str] | None = None,
) -> Datum:
    """The regions of a slot's datum.

    *beside*: other values of the analyte that are open too, *taken*: those that were just entered, *live*:
    the thresholds that can make a difference (None: all).
    """
    catalogue, limits = pathway.catalogue, Limits(pathway, live)
    title = title_of(slot, chart)
    match slot.entry:
        case Entry.OBSERVATION:
            return _measured(slot, title, limits, chart, beside, taken)
        case Entry.DOSE:
            return _dosed(slot, title, limits)
        case Entry.TROUGH_TARGET:
            analyte = next(a for a in catalogue.analytes.values() if a.level_of == slot.name)
            kind = analyte.dimensions[0]
            near = limits.of([analyte.id, slot.name])
            marks = {cut: None for limit in near if (cut := limit.cut(kind, analyte)) is not None}
            return _numbers(slot, title, pathway, analyte, kind, marks)
        case Entry.AGE:
            years = catalogue.units["years"]
            cuts = [
                form.exact for limit in limits.of(entering(slot.entry)) if (form := limit.forms.get("time"))
            ]
            found = between({cut: None for cut in cuts if cut is not None}, Fraction(0), _OLDEST)
            return Datum(slot, title, tuple(found), Scale("years", years.factor), "time")
        case Entry.GLOMERULI:
            counts = [f.exact for t in limits.of(entering(slot.entry)) if (f := t.forms.get("count"))]
            named = any(b.at == slot.at and b.diagnosis for b in chart.timeline.biopsies)
            regions = whole([c for c in counts if c is not None], 1 if named else 0, _MOST_GLOMERULI)
            return Datum(slot, title, tuple(regions), Scale("glomeruli", Fraction(1)), "count")
        case _:
            return Datum(slot, title, tuple(_words(slot, pathway)))


def title_of(slot: Slot, chart: Chart) -> str:
    """How people call the datum of a slot; with its time, unless that is now."""
    catalogue, now = chart.timeline.catalogue, chart.timeline.as_of
    match slot.entry:
        case Entry.OBSERVATION:
            title = catalogue.analytes[slot.name].title
            return title if slot.at is None or slot.at.latest == now.latest else f"{title} at {slot.at}"
        case Entry.CONDITION | Entry.STATE:
            return catalogue.conditions[slot.name].title
        case Entry.ASSERTION:
            return catalogue.assertions[slot.name].title
        case Entry.BIOPSY:
            return "biopsy"
        case Entry.DOSE:
            return f"dose of {catalogue.drugs[slot.name].title}"
        case Entry.TROUGH_TARGET:
            return f"target trough of {catalogue.drugs[slot.name].title}"
        case Entry.STOP_REASON:
            return next(line.why_stopped for line in chart.timeline.lines if str(line.number) == slot.name)
        case _:
            return str(slot.entry)


def _words(slot: Slot, pathway: Pathway) -> list[Region]:
    catalogue = pathway.catalogue
    match slot.entry:
        case Entry.CONDITION | Entry.STATE:
            asked = pathway.depends.states_asked.get(slot.name, ())
            other = next((state for state in catalogue.states if state not in asked), None)
            states = [Region(state, f"{state}") for state in asked]
            rest = Region(other, f"not {' or '.join(asked)}") if asked else Region(None, "yes")
            if slot.entry is Entry.STATE:
                return [*states, rest]
            if asked and slot.name not in pathway.depends.asked_plainly:
                # Only a state of it makes a difference: not there, and there otherwise, are the same.
                return [Region(False, f"no, or {rest.word}"), *states]
            present = Region(other, "yes, " + rest.word) if asked else rest
            return [Region(False, "no"), *states, present]
        case Entry.ASSERTION:
            return [Region(True, "yes"), Region(False, "no")]
        case Entry.SEX:
            return [Region("female", "female"), Region("male", "male")]
        case Entry.BIOPSY:
            return [Region(d.id, d.title) for d in catalogue.diagnoses.values()]
        case _:
            return [Region(reason, reason.replace("-", " ")) for reason in catalogue.stop_reasons]


def _measured(
    slot: Slot,
    title: str,
    limits: Limits,
    chart: Chart,
    beside: Sequence[Slot],
    taken: Sequence[Slot],
) -> Datum:
    pathway = limits.pathway
    analyte = pathway.catalogue.analytes[slot.name]
    if not analyte.units:
        return Datum(slot, title, tuple(Region(word, word.replace("-", " ")) for word in analyte.words))
    seen = [item for item in chart.timeline.observations.get(slot.name, ()) if item.value]
    dimension = seen[-1].value.dimension if seen and seen[-1].value else analyte.dimensions[0]
    now = chart.timeline.as_of
    moving = {other.at or now: Of(other, _its_value(other, now)) for other in taken}
    cuts = cuts_of(slot, limits, chart, analyte, dimension, moving)
    exact = len(cuts) <= _MANY_CUTS and len({*beside, *taken}) <= 1
    exact = exact and not (slot.name == WEIGHT and _makes_a_total(limits, chart))
    factors = ratios(limits.of([analyte.id]))
    for other in beside:
        # Where the order of the two open values among their cuts changes.
        theirs = cuts_of(other, limits, chart, analyte, dimension)
        later = other.at is None or (slot.at is not None and other.at.latest > slot.at.latest)
        turns = {cut / factor if later else cut * factor for cut in theirs for factor in factors}
        cuts = dict.fromkeys(turns) | cuts
    within = _charted(slot, chart, analyte, dimension)
    found = _numbers(slot, title, pathway, analyte, dimension, cuts, exact=exact, within=within)
    if beside or taken:
        return found
    below = sides_of(slot, limits, chart, analyte, dimension)
    return msgspec.structs.replace(found, regions=tuple(parted(found.regions, below)))


def _charted(
    slot: Slot, chart: Chart, analyte: Analyte, dimension: str
) -> tuple[Fraction | None, Fraction | None]:
    """The bounds between which the chart says that a value lies (None: no bound)."""
    items = chart.timeline.at(slot.name, slot.at) if slot.at is not None else []
    for item in items:
        if item.value is not None and item.value.exact is None:
            amount = chart.amount(item).carried(dimension)
            return (amount.low, amount.high) if amount is not None else (None, None)
    return None, None


def _numbers(
    slot: Slot,
    title: str,
    pathway: Pathway,
    analyte: Analyte,
    dimension: str,
    cuts: Cuts,
    *,
    exact: bool = True,
    within: tuple[Fraction | None, Fraction | None] = (None, None),
) -> Datum:
    unit = next(u for code in analyte.units if (u := pathway.catalogue.units[code]).dimension == dimension)
    low, high = _plausible(analyte, dimension)
    low, high = (low if within[0] is None else within[0]), (high if within[1] is None else within[1])
    inside = {cut: of for cut, of in cuts.items() if low <= cut <= high or of is not None}
    regions = between(inside, low, high)
    return Datum(slot, title, tuple(regions), Scale(unit.code, unit.factor), dimension, exact)


def _plausible(analyte: Analyte, dimension: str) -> tuple[Fraction, Fraction]:
    for quantity in analyte.plausible:
        assert quantity.low is not None and quantity.high is not None  # noqa: S101, PT018
        low = analyte.convert(quantity.low, quantity.dimension, dimension)
        high = analyte.convert(quantity.high, quantity.dimension, dimension)
        if low is not None and high is not None:
            return low, high
    raise AssertionError(f"no plausible range of {analyte.id} in {dimension}")


def _dosed(slot: Slot, title: str, limits: Limits) -> Datum:
    catalogue = limits.pathway.catalogue
    drug = catalogue.drugs[slot.name]
    kind_of = catalogue.class_of_lines(drug.id)
    full = [limits.pathway.thresholds[n] for n in kind_of.full_doses if n in limits.pathway.thresholds]
    near = [*limits.of([drug.id, *drug.classes]), *full]
    adjunct = kind_of.low_up_to
    kinds = {dimension for limit in near for dimension in limit.forms} | {q.dimension for q in adjunct}
    kind = PER_WEIGHT if PER_WEIGHT in kinds else PER_DAY
    found = [form.exact for limit in near if (form := limit.forms.get(kind))]
    found += [q.high for q in adjunct if q.dimension == kind]
    cuts = {cut: None for cut in found if cut is not None}
    code = "mg/kg/d" if kind == PER_WEIGHT else "mg/d"
    unit = catalogue.units[code]
    most = max(cuts, default=unit.factor) * 10
    regions = tuple(between(cuts, Fraction(0), most))
    # Where a total is asked for, it can turn at any dose.
    exact = not any("mass" in limit.forms for limit in near)
    return Datum(slot, title, regions, Scale(code, unit.factor), kind, exact)


def _makes_a_total(limits: Limits, chart: Chart) -> bool:
    """Whether the weight decides a total dose that a condition asks for: that can turn at any weight."""
    by_weight = {e.drug for e in chart.timeline.exposures if e.dose and e.dose.dimension == PER_WEIGHT}
    names = {
        *by_weight,
        *(kind for drug in by_weight for kind in limits.pathway.catalogue.drugs[drug].classes),
    }
    return any("mass" in limit.forms for limit in limits.of(names))


def _its_value(other: Slot, now: Moment) -> str:
    return (
        "its value now" if other.at is None or other.at.latest == now.latest else f"its value at {other.at}"
    )
