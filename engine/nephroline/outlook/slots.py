"""A slot of a chart: the regions its datum can fall into, and the chart with the datum entered."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from nephroline.catalogue import Analyte, Catalogue
from nephroline.exact import Fraction
from nephroline.features import PER_DAY, PER_WEIGHT, WEIGHT, Chart, Slot, Threshold, possibly_last, weight_at
from nephroline.outlook.regions import (
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
from nephroline.quantities import Quantity
from nephroline.record import Assertion, Biopsy, Condition, Moment, Observation, Record, Timeline
from nephroline.terms import Entry

_OLDEST = Fraction(130 * 365)
_MOST_GLOMERULI = 200
_MANY_CUTS = 60
"""With more places to cut than this, the search is not called exact."""


class Field(msgspec.Struct, frozen=True):
    """A slot with the regions of its datum; `scale` None: words. `exact` False: too many values."""

    slot: Slot
    title: str
    regions: tuple[Region, ...]
    scale: Scale | None = None
    dimension: str = ""
    exact: bool = True


class About(msgspec.Struct, frozen=True):
    """A pathway, and of its thresholds those that can make a difference (None: all)."""

    pathway: Pathway
    live: frozenset[str] | None = None

    def limits(self, names: Iterable[str]) -> list[Threshold]:
        """The thresholds against which anything about these names is held."""
        found = self.pathway.depends.limits(names)
        return found if self.live is None else [limit for limit in found if limit.name in self.live]

    def limits_of(self, analyte: Analyte) -> list[Threshold]:
        """The thresholds against which an analyte is held, or the drug whose level it is."""
        return self.limits([analyte.id, *([analyte.level_of] if analyte.level_of else [])])


def field_of(
    slot: Slot,
    pathway: Pathway,
    chart: Chart,
    beside: Sequence[Slot] = (),
    taken: Sequence[Slot] = (),
    live: frozenset[str] | None = None,
) -> Field:
    """The regions of a slot's datum.

    *beside*: other values of the analyte that are open too, *taken*: those that were just entered, *live*:
    the thresholds that can make a difference (None: all).
    """
    catalogue, about = pathway.catalogue, About(pathway, live)
    title = title_of(slot, catalogue, chart.timeline.as_of)
    match slot.entry:
        case Entry.OBSERVATION:
            return _measured(slot, title, about, chart, beside, taken)
        case Entry.DOSE:
            return _dosed(slot, title, about)
        case Entry.TROUGH_TARGET:
            analyte = next(a for a in catalogue.analytes.values() if a.level_of == slot.name)
            kind = analyte.dimensions[0]
            near = about.limits([analyte.id, slot.name])
            marks = {cut: None for limit in near if (cut := limit.cut(kind, analyte)) is not None}
            return _numbers(slot, title, pathway, analyte, kind, marks)
        case Entry.AGE:
            years = catalogue.units["years"]
            cuts = [form.exact for limit in about.limits(["age"]) if (form := limit.forms.get("time"))]
            found = between({cut: None for cut in cuts if cut is not None}, Fraction(0), _OLDEST)
            return Field(slot, title, tuple(found), Scale("years", years.factor), "time")
        case Entry.GLOMERULI:
            counts = [f.exact for t in about.limits(["biopsy_glomeruli"]) if (f := t.forms.get("count"))]
            named = any(b.at == slot.at and b.diagnosis for b in chart.timeline.biopsies)
            regions = whole([c for c in counts if c is not None], 1 if named else 0, _MOST_GLOMERULI)
            return Field(slot, title, tuple(regions), Scale("glomeruli", Fraction(1)), "count")
        case _:
            return Field(slot, title, tuple(_words(slot, pathway)))


def title_of(slot: Slot, catalogue: Catalogue, now: Moment) -> str:
    """How people call the datum of a slot; with its time, unless that is now."""
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
            return f"why line {slot.name} was stopped"
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
    about: About,
    chart: Chart,
    beside: Sequence[Slot],
    taken: Sequence[Slot],
) -> Field:
    pathway = about.pathway
    analyte = pathway.catalogue.analytes[slot.name]
    if not analyte.units:
        return Field(slot, title, tuple(Region(word, word.replace("-", " ")) for word in analyte.words))
    seen = [item for item in chart.timeline.observations.get(slot.name, ()) if item.value]
    dimension = seen[-1].value.dimension if seen and seen[-1].value else analyte.dimensions[0]
    now = chart.timeline.as_of
    moving = {other.at or now: Of(other, _its_value(other, now)) for other in taken}
    cuts = _cuts(slot, about, chart, analyte, dimension, moving)
    exact = len(cuts) <= _MANY_CUTS and len({*beside, *taken}) <= 1
    exact = exact and not (slot.name == WEIGHT and _makes_a_total(about, chart))
    factors = ratios(about.limits([analyte.id]))
    for other in beside:
        # Where the order of the two open values among their cuts changes.
        theirs = _cuts(other, about, chart, analyte, dimension)
        later = other.at is None or (slot.at is not None and other.at.latest > slot.at.latest)
        turns = {cut / factor if later else cut * factor for cut in theirs for factor in factors}
        cuts = dict.fromkeys(turns) | cuts
    found = _numbers(slot, title, pathway, analyte, dimension, cuts, exact=exact)
    if beside or taken:
        return found
    below = _sides(slot, about, chart, analyte, dimension)
    return msgspec.structs.replace(found, regions=tuple(parted(found.regions, below)))


def _makes_a_total(about: About, chart: Chart) -> bool:
    """Whether the weight decides a total dose that a condition asks for: that can turn at any weight."""
    by_weight = {e.drug for e in chart.timeline.exposures if e.dose and e.dose.dimension == PER_WEIGHT}
    names = {
        *by_weight,
        *(kind for drug in by_weight for kind in about.pathway.catalogue.drugs[drug].classes),
    }
    return any("mass" in limit.forms for limit in about.limits(names))


def _its_value(other: Slot, now: Moment) -> str:
    return (
        "its value now" if other.at is None or other.at.latest == now.latest else f"its value at {other.at}"
    )


def _cuts(
    slot: Slot,
    about: About,
    chart: Chart,
    analyte: Analyte,
    dimension: str,
    moving: Mapping[Moment, Of] | None = None,
) -> dict[Fraction, tuple[Fraction, Of] | None]:
    """Where a pathway tells a difference: at its limits, and at changes from or to other values.

    *moving*: the values, by their time, with which a cut moves.
    """
    return {
        **_changes(slot, about, chart, analyte, dimension, moving),
        **dict.fromkeys(_limits(about, analyte, dimension)),
        **dict.fromkeys(_derived(slot, about, chart, analyte, dimension)),
    }


def _sides(slot: Slot, about: About, chart: Chart, analyte: Analyte, dimension: str) -> dict[Fraction, bool]:
    """The cuts that only limits make, with whether they go with what is below: see `belongs_below`."""
    others = {
        *_changes(slot, about, chart, analyte, dimension, None),
        *_derived(slot, about, chart, analyte, dimension),
    }
    sides = about.pathway.depends.belongs_below
    return {
        cut: side
        for cut, limits in _limits(about, analyte, dimension).items()
        for side in (True, False)
        if cut not in others and all(sides.get(limit.name) is side for limit in limits)
    }


def _limits(about: About, analyte: Analyte, dimension: str) -> dict[Fraction, list[Threshold]]:
    """The limits of an analyte, by where they cut."""
    found: dict[Fraction, list[Threshold]] = {}
    for limit in about.limits_of(analyte):
        cut = limit.cut(dimension, analyte)
        if cut is not None:
            found.setdefault(cut, []).append(limit)
    return found


def _derived(slot: Slot, about: About, chart: Chart, analyte: Analyte, dimension: str) -> Iterator[Fraction]:
    """Where something that is computed from the value crosses a limit of its own."""
    if slot.name == WEIGHT:
        yield from _weights(about.pathway, chart)
    yield from _computed(slot, about, chart, analyte, dimension)


def _changes(
    slot: Slot,
    about: About,
    chart: Chart,
    analyte: Analyte,
    dimension: str,
    moving: Mapping[Moment, Of] | None,
) -> dict[Fraction, tuple[Fraction, Of] | None]:
    """Where a change from or to another value crosses a limit."""
    pathway = about.pathway
    near = about.limits_of(analyte)
    found: dict[Fraction, tuple[Fraction, Of] | None] = {}
    for others, backwards in zip(_compared(slot, pathway, chart), (False, True), strict=True):
        for item in others:
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


def _computed(slot: Slot, about: About, chart: Chart, analyte: Analyte, dimension: str) -> Iterator[Fraction]:
    """The values at which something computed from them crosses one of its limits."""
    record = chart.timeline.record
    for formula in about.pathway.catalogue.formulas.values():
        if formula.source_analyte != slot.name or record.age_zero is None:
            continue
        age = record.age_zero + chart.timeline.now
        for limit in about.limits([formula.gives]):
            form = limit.forms.get(formula.result.dimension)
            for sex in [record.sex] if record.sex else formula.sexes:
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
    for line in lines:
        before = [item for item in seen if item.at.latest <= line.start.latest]
        if at.latest <= line.start.latest and (not before or before[-1].at.earliest <= at.latest):
            # The slot's value would be the one from which this line is measured.
            followers += [item for item in seen if item.at.latest > line.start.earliest]
    return list(dict.fromkeys(bases)), list(dict.fromkeys(followers))


def _compares_visits(pathway: Pathway, analyte: str) -> bool:
    """Whether a condition measures an analyte from one assessment to another."""
    return any(
        ask.feature == "assessment.risen_in" and ask.arguments[0].name == analyte
        for ask in pathway.nodes.questions.values()
    )


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


def _numbers(
    slot: Slot,
    title: str,
    pathway: Pathway,
    analyte: Analyte,
    dimension: str,
    cuts: Cuts,
    *,
    exact: bool = True,
) -> Field:
    unit = next(u for code in analyte.units if (u := pathway.catalogue.units[code]).dimension == dimension)
    regions = between(cuts, *_plausible(analyte, dimension))
    return Field(slot, title, tuple(regions), Scale(unit.code, unit.factor), dimension, exact)


def _plausible(analyte: Analyte, dimension: str) -> tuple[Fraction, Fraction]:
    for quantity in analyte.plausible:
        assert quantity.low is not None and quantity.high is not None  # noqa: S101, PT018
        low = analyte.convert(quantity.low, quantity.dimension, dimension)
        high = analyte.convert(quantity.high, quantity.dimension, dimension)
        if low is not None and high is not None:
            return low, high
    raise AssertionError(f"no plausible range of {analyte.id} in {dimension}")


def _dosed(slot: Slot, title: str, about: About) -> Field:
    catalogue = about.pathway.catalogue
    drug = catalogue.drugs[slot.name]
    near = about.limits([drug.id, *drug.classes])
    kind_of = catalogue.class_of_lines(drug.id)
    adjunct = [*kind_of.adjunct_up_to, *(q for limits in kind_of.adjunct_beside.values() for q in limits)]
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
    return Field(slot, title, regions, Scale(code, unit.factor), kind, exact)


# -- entering ----------------------------------------------------------------------------------------


def entered(record: Record, field: Field, region: Region, timeline: Timeline) -> Record:
    """The record with a datum entered; what stood at the same moment gives way."""
    slot, value = field.slot, region.value
    at = slot.at or timeline.as_of
    change = msgspec.structs.replace
    match slot.entry:
        case Entry.OBSERVATION:
            if field.scale is None:
                new = Observation(slot.name, at, word=value, reported=True)
            else:
                quantity = Quantity(value, value, field.dimension, field.scale.text(value))
                new = Observation(slot.name, at, quantity)
            kept = [o for o in record.observations if o.analyte != slot.name or o.at != at]
            insort(kept, new, key=lambda item: item.at.sort_key)
            return change(record, observations=tuple(kept))
        case Entry.CONDITION | Entry.STATE:
            entry = Condition(slot.name, at, value is not False, value or None)
            conditions = [c for c in record.conditions if c.name != slot.name or c.at != at]
            insort(conditions, entry, key=lambda item: item.at.sort_key)
            return change(record, conditions=tuple(conditions))
        case Entry.ASSERTION:
            assertions = [a for a in record.assertions if a.name != slot.name or a.at != at]
            insort(assertions, Assertion(slot.name, value, at), key=lambda item: item.at.sort_key)
            return change(record, assertions=tuple(assertions))
        case Entry.BIOPSY:
            biopsies = list(record.biopsies)
            insort(biopsies, Biopsy(at, None, value), key=lambda item: item.at.sort_key)
            return change(record, biopsies=tuple(biopsies))
        case Entry.GLOMERULI:
            count = int(value)
            biopsies = [change(b, glomeruli=count) if b.at == at else b for b in record.biopsies]
            return change(record, biopsies=tuple(biopsies))
        case Entry.SEX:
            return change(record, sex=value)
        case Entry.AGE:
            return change(record, age_zero=value - timeline.now, age_supposed=True)
        case _:
            return _exposures_entered(record, field, value, at, timeline)


def _exposures_entered(
    record: Record, field: Field, value: str | Fraction, at: Moment, timeline: Timeline
) -> Record:
    slot = field.slot
    rows = list(record.exposures)
    for i, row in enumerate(rows):
        if slot.entry is Entry.STOP_REASON:
            line = timeline.lines[int(slot.name) - 1]
            mine = row.drug in line.drugs and row.end is not None and row.end.latest == at.latest
            if mine and isinstance(value, str):
                rows[i] = msgspec.structs.replace(row, stopped_for=value)
        elif row.drug == slot.name and row.start == at and isinstance(value, Fraction):
            text = field.scale.text(value) if field.scale else str(value)
            quantity = Quantity(value, value, field.dimension, text)
            if slot.entry is Entry.DOSE:
                rows[i] = msgspec.structs.replace(row, dose=quantity)
            else:
                rows[i] = msgspec.structs.replace(row, trough_target=quantity)
    return msgspec.structs.replace(record, exposures=tuple(rows))
