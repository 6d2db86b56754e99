"""Features of the values of a patient: the latest, computed, and since before treatment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from nephroline.catalogue import Formula
from nephroline.exact import Fraction
from nephroline.features.chart import Chart, tail
from nephroline.features.line import length_of
from nephroline.features.readings import latest_word, risen
from nephroline.features.schema import feature
from nephroline.features.values import (
    Amount,
    Choice,
    Flag,
    Missing,
    Slot,
    Threshold,
    Value,
    no_amount,
)
from nephroline.quantities import Quantity, decimal_text
from nephroline.record import Moment, Observation
from nephroline.terms import Entry, Trait


def recent(chart: Chart, analyte: str) -> Sequence[Observation]:
    """Values that may count as those of now: not too old, and not before a report that supersedes them."""
    timeline = chart.timeline
    oldest = timeline.now - timeline.windows.current
    seen = tail(timeline.observations.get(analyte, ()), oldest)
    known = timeline.catalogue.analytes[analyte]
    by, words = known.superseded_by, known.superseded_by_words
    reports = timeline.observations.get(by, ()) if by is not None else ()
    reported = [item for item in reports if not words or item.word in words]
    if not reported:
        return seen
    since = reported[-1].at.earliest
    return [item for item in seen if item.at.latest >= since]


@feature("latest", ("analyte",), gives="amount:analyte", says="{0}", trait=Trait.BARE)
def latest(chart: Chart, analyte: str) -> Value:
    """The latest value, no older than the pathway's `current_window`; a later word makes it unknown.

    An analyte with a formula (eGFR) is computed from the latest value of what it rests on, unless it was
    itself reported since.
    """
    formula = chart.timeline.catalogue.formula_of.get(analyte)
    if formula is not None:
        return computed(chart, formula)
    return chart.last(recent(chart, analyte), analyte, f"{_title(chart, analyte)} now", chart.timeline.as_of)


def computed(chart: Chart, formula: Formula) -> Amount:
    """What a formula gives now: as reported, else computed; without age or sex, as far as it is known."""
    timeline = chart.timeline
    reported, source = recent(chart, formula.gives), recent(chart, formula.source_analyte)
    title = _title(chart, formula.gives)
    if reported and (not source or source[-1].at.latest <= reported[-1].at.latest):
        return chart.last(reported, formula.gives, f"{title} now", timeline.as_of)
    base = latest(chart, formula.source_analyte)
    assert isinstance(base, Amount)  # noqa: S101
    return computed_from(chart, formula, base, timeline.as_of)


def computed_from(chart: Chart, formula: Formula, base: Amount, at: Moment) -> Amount:
    """What a formula gives of a value at a time; without age or sex, as far as it is known.

    Of an age between two bounds, it lies between what each gives.
    """
    timeline = chart.timeline
    record, known = timeline.record, timeline.catalogue.analytes[formula.gives]
    ages = [zero + at.latest for zero in record.ages_zero]
    if not ages or min(ages) < (formula.least_age.low or 0):
        slot = Slot(Entry.OBSERVATION, formula.gives, at)
        own = Missing(formula.gives, f"{known.title}, or the age to compute it", slot)
        return Amount(None, None, formula.result.dimension, "unknown", (own,), known)
    sexes = [record.sex] if record.sex else list(formula.sexes)
    missing = base.missing if record.sex else (*base.missing, Missing("sex", "sex", Slot(Entry.SEX)))
    if len(ages) > 1:
        missing = (*missing, Missing("age", "age", Slot(Entry.AGE)))
    people = [(age, sex) for age in ages for sex in sexes]
    least, most = (_carried(edge, base, formula) for edge in (base.low, base.high))
    # The more of the source, the less of the result.
    low = min((formula.value(most, *one) for one in people), default=None) if most else None
    high = max((formula.value(least, *one) for one in people), default=None) if least else None
    shown = " to ".join(dict.fromkeys(decimal_text(edge, 0) for edge in (low, high) if edge is not None))
    text = f"{shown} {known.units[0]} ({formula.title} from {base.text})" if shown else "unknown"
    return Amount(low, high, formula.result.dimension, text, missing, known)


def _carried(edge: Fraction | None, base: Amount, formula: Formula) -> Fraction | None:
    if edge is None or base.analyte is None:
        return None
    return base.analyte.convert(edge, base.dimension, formula.unit.dimension)


@feature("peak", ("analyte",), gives="amount:analyte", says="greatest {0} so far")
def peak(chart: Chart, analyte: str) -> Value:
    """The greatest value at any time so far; a word of it that is no number leaves open that it was more."""
    known, at = chart.timeline.catalogue.analytes[analyte], chart.timeline.as_of
    items = chart.timeline.observations.get(analyte, ())
    missing = (
        Missing(analyte, f"{known.title}: its greatest value so far", Slot(Entry.OBSERVATION, analyte, at)),
    )
    amounts = [chart.amount(item) for item in items if item.value is not None]
    carried = [amount.carried(amounts[0].dimension) for amount in amounts]
    values = [amount for amount in carried if amount is not None and amount.low is not None]
    if not values or len(values) < len(amounts):
        return Amount(None, None, known.dimensions[0], "unknown", missing, known)
    greatest = max(values, key=lambda amount: amount.low or 0)
    highs = [amount.high for amount in values if amount.high is not None]
    told = any(item.value is None and item.word not in known.trends for item in items)
    high = None if told or len(highs) < len(values) else max(highs)
    return msgspec.structs.replace(greatest, high=high, missing=() if high == greatest.low else missing)


@feature(
    "ever_above",
    ("analyte", "threshold:forms"),
    gives="flag",
    says="{0} above {1} at any time",
)
def ever_above(chart: Chart, analyte: str, limit: Threshold) -> Value:
    """Whether any value so far was above a limit, each judged in its own form.

    A value before the first line must be there: what treatment has lowered may have been more. A word that is
    no number and no trend leaves it open.
    """
    timeline = chart.timeline
    known, items = timeline.catalogue.analytes[analyte], timeline.observations.get(analyte, ())
    open_ended = all(item.value is None for item in _before_lines(chart, analyte)[0])
    for item in items:
        bound = _bound(item, limit)
        if item.value is None or bound is None:
            open_ended |= item.word not in known.trends
            continue
        low, high = item.value.low, item.value.high
        if low is not None and (low > bound or (low == bound and not item.value.low_in)):
            return Flag(True, f"{known.title} {item.text} ({item.at})")
        open_ended |= high is None or high > bound
    if not open_ended:
        return Flag(False, f"{known.title} never above {limit.first.text}")
    slot = Slot(Entry.OBSERVATION, analyte, timeline.as_of)
    return Flag(
        None,
        f"whether {known.title} was above {limit.first.text} once is not known",
        (Missing(analyte, f"{known.title}: its greatest value so far", slot),),
    )


def _before_lines(chart: Chart, analyte: str) -> tuple[Sequence[Observation], Moment]:
    """What was observed up to the start of the first line (up to as-of when untreated), and when that is."""
    timeline = chart.timeline
    at = timeline.lines[0].start if timeline.lines else timeline.as_of
    return timeline.before(at.latest, analyte), at


@feature("word", ("word-analyte",), gives="choice:words", says="{0} in words", trait=Trait.BARE)
def word(chart: Chart, analyte: str) -> Value:
    """The latest report in words, no older than `current_window`; after a later number alone, none.

    A later report of what is computed from it (eGFR, of creatinine) is such a number.
    """
    items = recent(chart, analyte)
    for formula in chart.timeline.catalogue.formula_of.values():
        reported = recent(chart, formula.gives) if formula.source_analyte == analyte else ()
        if reported and items and items[-1].at.latest < reported[-1].at.earliest:
            return Choice(frozenset({"not-in-words"}), f"{reported[-1].text} ({reported[-1].at}), not words")
    return latest_word(chart, items, analyte, chart.timeline.as_of)


@feature(
    "ever_reached", ("analyte", "threshold:value"), gives="flag", says="a value of {0} at or above {1} so far"
)
def ever_reached(chart: Chart, analyte: str, limit: Threshold) -> Value:
    """Whether a value of the chart reached a limit, each in its own form; what is not there did not."""
    none = f"no {_title(chart, analyte)} of {limit.first.text} or more on record"
    return _on_record(
        chart, analyte, limit, none, lambda value, bound: value.low is not None and value.low >= bound
    )


@feature("ever_below", ("analyte", "threshold:value"), gives="flag", says="a value of {0} below {1} so far")
def ever_below(chart: Chart, analyte: str, limit: Threshold) -> Value:
    """Whether a value of the chart was below a limit, each in its own form; what is not there was not."""
    none = f"no {_title(chart, analyte)} below {limit.first.text} on record"
    return _on_record(chart, analyte, limit, none, _is_below)


def _on_record(
    chart: Chart, analyte: str, limit: Threshold, none: str, holds: Callable[[Quantity, Fraction], bool]
) -> Flag:
    """Whether a value of the chart stands so to a limit in its own form; *none*: said where none does."""
    for item in chart.timeline.observations.get(analyte, ()):
        bound = _bound(item, limit)
        if item.value is not None and bound is not None and holds(item.value, bound):
            return Flag(True, f"{_title(chart, analyte)} {item.text} ({item.at})")
    return Flag(False, none)


def _bound(item: Observation, limit: Threshold) -> Fraction | None:
    """A limit in the form of a value; None without a number, or where the limit has no such form."""
    form = limit.forms.get(item.value.dimension) if item.value else None
    return form.exact if form else None


def _is_below(value: Quantity, bound: Fraction) -> bool:
    high = value.high
    return high is not None and (high < bound or (high == bound and not value.high_in))


@feature("low_for", ("analyte", "threshold:value"), gives="amount:time", says="time with {0} below {1}")
def low_for(chart: Chart, analyte: str, limit: Threshold) -> Value:
    """The time since the first of the last values in a row below a limit, each in its own form; or none.

    What is told in words between two numbers is no break.
    """
    since: Observation | None = None
    for item in reversed(chart.timeline.observations.get(analyte, ())):
        if item.value is None:
            continue
        bound = _bound(item, limit)
        if bound is None or not _is_below(item.value, bound):
            break
        since = item
    if since is None:
        return no_amount("time", f"{_title(chart, analyte)} is not below {limit.first.text}")
    below = f"{_title(chart, analyte)} below {limit.first.text}"
    return length_of(chart.timeline.span(since.at, None), below)


@feature("ever_reported", ("word-analyte", "word"), gives="flag", says="{0} reported as {1} at any time")
def ever_reported(chart: Chart, analyte: str, told: str) -> Value:
    """Whether any report so far said this word of it; what no report says was not reported."""
    title = _title(chart, analyte)
    found = next((o for o in chart.timeline.observations.get(analyte, ()) if o.word == told), None)
    if found is None:
        return Flag(False, f"{title} never reported as {told}")
    return Flag(True, f"{title} {found.text} ({found.at})")


@feature("pretreatment", ("analyte",), gives="amount:analyte", says="{0} before the first line")
def pretreatment(chart: Chart, analyte: str) -> Value:
    """The last value up to the start of the first line (up to as-of when untreated)."""
    items, at = _before_lines(chart, analyte)
    return chart.last(items, analyte, f"{_title(chart, analyte)} before the first line", at)


@feature(
    "change_from_pretreatment",
    ("analyte",),
    gives="amount:ratio",
    says="change in {0} from before treatment",
)
def change_from_pretreatment(chart: Chart, analyte: str) -> Value:
    """Relative change from `pretreatment` to `latest`: (now − before) / before."""
    before, now = pretreatment(chart, analyte), latest(chart, analyte)
    assert isinstance(before, Amount)  # noqa: S101
    assert isinstance(now, Amount)  # noqa: S101
    return chart.change(before, now)


@feature(
    "rise",
    ("analyte", "threshold:ratio"),
    gives="flag",
    says="{0} risen by more than {1} from before treatment",
)
def rise(chart: Chart, analyte: str, limit: Threshold) -> Value:
    """Whether the latest value exceeds the pretreatment value by more than a limit.

    A report in the analyte's steady words (normal, stable), with no number after it, counts as no rise.
    """
    change = change_from_pretreatment(chart, analyte)
    assert isinstance(change, Amount)  # noqa: S101
    words = latest_word(chart, recent(chart, analyte), analyte, chart.timeline.as_of)
    return risen(chart, change, words, analyte, limit)


@feature(
    "forms_apart",
    ("analyte", "threshold:forms"),
    gives="amount:ratio",
    says="difference between {0} in two forms, each against {1}",
)
def forms_apart(chart: Chart, analyte: str, limit: Threshold) -> Value:
    """How far apart the forms (24 hours, ratio to creatinine) of the last measured value are.

    Each is taken as a multiple of the threshold in its own form; the greater over the less, minus one. With
    one form only it is zero.
    """
    measured = [item for item in recent(chart, analyte) if item.value is not None]
    forms = {
        item.value.dimension: (item, item.value.low / form, item.value.high / form)
        for item in chart.timeline.at(analyte, measured[-1].at if measured else chart.timeline.as_of)
        if item.value and item.value.low is not None and item.value.high
        if (limit_form := limit.forms.get(item.value.dimension)) and (form := limit_form.exact)
    }
    if len(forms) < 2:
        return Amount(Fraction(0), Fraction(0), "ratio", "one form only")
    least = max(low for _, low, _ in forms.values()) / min(high for _, _, high in forms.values()) - 1
    smallest = min(low for _, low, _ in forms.values())
    most = max(high for _, _, high in forms.values()) / smallest - 1 if smallest else None
    shown = " and ".join(item.text for item, _, _ in forms.values())
    least = max(least, Fraction(0))
    told = f"{'' if most is not None else 'at least '}{decimal_text(least * 100, 0)} %"
    return Amount(least, most, "ratio", f"{told} ({shown}, {measured[-1].at})")


@feature("measured", ("any-analyte",), gives="flag", says="{0} was measured")
def measured(chart: Chart, analyte: str) -> Value:
    """Whether a value or a word about it is there, no older than `current_window`."""
    seen = [item for item in recent(chart, analyte) if item.value is not None or item.word is not None]
    title = _title(chart, analyte)
    return Flag(bool(seen), f"{title} seen ({seen[-1].at})" if seen else f"{title} not measured of late")


def _title(chart: Chart, analyte: str) -> str:
    return chart.timeline.catalogue.analytes[analyte].title
