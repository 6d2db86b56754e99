"""Features of what may not last: conditions that pass, values that rise within days, what was given."""

from __future__ import annotations

from nephroline.features.chart import Chart, possibly_last, tail
from nephroline.features.latest import computed_from, latest, recent
from nephroline.features.line import length_of
from nephroline.features.person import has
from nephroline.features.schema import feature
from nephroline.features.treatment import stops_open
from nephroline.features.values import Amount, Flag, Missing, Slot, Threshold, Value, no_amount
from nephroline.record import Condition, Exposure
from nephroline.terms import Entry, Reads, Trait


@feature("has_now", ("condition", "state"), optional=1, gives="flag", says="{0} {1} now")
def has_now(chart: Chart, condition: str, state: str | None = None) -> Value:
    """As `has`, by an entry no older than the pathway's `current_window`.

    An older one tells nothing of a condition that passes, such as an infection: it is not there now. Of any
    other, an older entry that it was there leaves it unknown.
    """
    found = has(chart, condition, state)
    entries = chart.timeline.noted(condition)
    if not isinstance(found, Flag) or found.truth is False or not entries:
        return found
    known = chart.timeline.catalogue.conditions[condition]
    oldest = chart.timeline.now - chart.timeline.windows.current
    last_ones = possibly_last(entries)
    if all(entry.at.earliest >= oldest for entry in last_ones):
        return found
    if known.passes and all(entry.at.latest < oldest for entry in last_ones):
        return Flag(False, f"{found.text}: too long ago to be so now")
    slot = Slot(Entry.STATE if state else Entry.CONDITION, condition, chart.timeline.as_of)
    asked = f"{known.title}: {state} or not, now" if state else f"{known.title} now: yes or no"
    return Flag(None, f"{found.text}: not known for now", (Missing(condition, asked, slot),))


@feature("called", ("condition", "state"), gives="flag", says="{0} is called {1}")
def called(chart: Chart, condition: str, state: str) -> Value:
    """Whether the chart says in so many words that a condition is there and in a state.

    A state that is not told is none: what is not said to be mild or latent counts as if it were not.
    """
    found = has(chart, condition, state)
    if isinstance(found, Flag) and found.truth is True:
        return found
    title = chart.timeline.catalogue.conditions[condition].title
    return Flag(False, f"{title} is not called {state}")


@feature(
    "given_since",
    ("agent", "condition"),
    gives="flag",
    says="{0} given since {1} was noted",
    reads=Reads.ALL,
)
def given_since(chart: Chart, agent: str, condition: str) -> Value:
    """Whether a drug or class is taken, or was given at or after the condition was noted.

    That is treatment of it on the record. Noted: at the first of the entries in a row that say that the
    condition is there; without any there is none.
    """
    timeline = chart.timeline
    title, name = timeline.catalogue.title(agent), timeline.catalogue.conditions[condition].title
    noted = _present_since(chart, condition)
    if noted is None:
        return Flag(False, f"{name} not noted")
    rows = _given(chart, agent)
    given = next((row for row in rows if row.end is None or row.end.earliest >= noted.at.latest), None)
    if given is not None:
        return Flag(True, f"{chart.called(given)} given ({given.start})")
    if any(row.end is not None and row.end.latest >= noted.at.earliest for row in rows):
        missing = (Missing(f"end of {title}", f"when {title} was ended"),)
        return Flag(None, f"whether {title} was given since {name} was noted is not known", missing)
    return Flag(False, f"no {title} since {name} was noted ({noted.at})")


@feature(
    "treated_for",
    ("agent", "condition"),
    gives="flag",
    says="{0} given for {1}",
    reads=Reads.ALL,
)
def treated_for(chart: Chart, agent: str, condition: str) -> Value:
    """Whether a drug or class was begun since a condition was noted, and runs or outlasted its last entry.

    What ran before the condition was noted, such as prophylaxis, is no treatment of it; nor is what had ended
    when it was noted again.
    """
    timeline = chart.timeline
    title, name = timeline.catalogue.title(agent), timeline.catalogue.conditions[condition].title
    noted = _present_since(chart, condition)
    if noted is None:
        return Flag(False, f"{name} not noted")
    last = timeline.noted(condition)[-1].at
    rows = _given(chart, agent)
    begun = [row for row in rows if row.start.latest >= noted.at.earliest]
    given = next((row for row in begun if row.end is None or row.end.latest >= last.latest), None)
    if given is not None:
        return Flag(True, f"{chart.called(given)} given ({given.start})")
    return Flag(False, f"no {title} begun since {name} was noted ({noted.at})")


@feature("broken_off", ("agent",), gives="flag", says="{0} was broken off", reads=Reads.EXPOSURES)
def broken_off(chart: Chart, agent: str) -> Value:
    """Whether the last exposure to a drug or class ended for toxicity, intolerance or by the patient."""
    timeline = chart.timeline
    rows = _given(chart, agent)
    if (
        rows
        and rows[-1].end is not None
        and rows[-1].stopped_for in {*timeline.catalogue.stops_for_harm, "patient-choice"}
    ):
        return Flag(True, f"{chart.called(rows[-1])} ended ({rows[-1].end}): {rows[-1].stopped_for}")
    return Flag(False, f"nothing says that {timeline.catalogue.title(agent)} was broken off")


def _given(chart: Chart, agent: str) -> list[Exposure]:
    """The exposures to a drug or to any drug of a class."""
    timeline = chart.timeline
    return [row for row in timeline.treatment.exposures if timeline.catalogue.within(row.drug, agent)]


def _present_since(chart: Chart, condition: str) -> Condition | None:
    """The first entry of the unbroken run of entries that say that a condition is there."""
    found: Condition | None = None
    for entry in reversed(chart.timeline.noted(condition)):
        if not entry.present:
            break
        found = entry
    return found


@feature(
    "measured_since",
    ("analyte", "condition"),
    gives="flag",
    says="{0} was measured since {1} was last noted",
    reads=Reads.ALL,
)
def measured_since(chart: Chart, analyte: str, condition: str) -> Value:
    """Whether a number of it is there at or after the last entry of a condition; without one, any number."""
    entries = chart.timeline.noted(condition)
    title = chart.timeline.catalogue.analytes[analyte].title
    seen = [item for item in recent(chart, analyte) if item.value is not None]
    if entries:
        seen = [item for item in seen if item.at.earliest >= entries[-1].at.latest]
    return Flag(bool(seen), f"{title} seen ({seen[-1].at})" if seen else f"{title} not measured since")


@feature(
    "seen_without",
    ("analyte", "agent"),
    gives="flag",
    says="{0} was seen after {1} had ended, or {1} was never taken",
    reads=Reads.ALL,
)
def seen_without(chart: Chart, analyte: str, agent: str) -> Value:
    """Whether a value or a word about it is there from after the last day of a drug or class that was taken.

    While the drug runs there is none. What was there before it ended may be the drug's own work.
    """
    timeline = chart.timeline
    title, what = timeline.catalogue.title(agent), timeline.catalogue.analytes[analyte].title
    courses = [c for c in timeline.treatment.courses if timeline.catalogue.belongs(c.drug, agent)]
    if not courses:
        return Flag(True, f"{title} was never taken")
    if any(course.running for course in courses):
        return Flag(False, f"{title} is taken")
    unsure = [course for course in courses if course.running is None or course.end is None]
    if unsure:
        return Flag(None, f"when {title} ended is not known", stops_open(chart, [c.rows[-1] for c in unsure]))
    ended = max((course.end for course in courses if course.end), key=lambda end: end.latest)
    seen = [item for item in timeline.observations.get(analyte, ()) if item.at.earliest > ended.latest]
    return Flag(bool(seen), f"{what} {'seen' if seen else 'not seen'} after {title} had ended ({ended})")


@feature("has_lasted", ("condition",), gives="amount:time", says="time since {0} was first noted")
def has_lasted(chart: Chart, condition: str) -> Value:
    """The time since the first of the entries in a row that say that the condition is there; or none."""
    name = chart.timeline.catalogue.conditions[condition].title
    noted = _present_since(chart, condition)
    if noted is None:
        return no_amount("time", f"{name} not noted")
    return length_of(chart.timeline.span(noted.at, None), f"{name} since {noted.at}")


@feature(
    "risen_within",
    ("analyte", "threshold:time"),
    gives="amount:ratio",
    says="rise of {0} within {1}",
    trait=Trait.WITHIN_A_TIME,
)
def risen_within(chart: Chart, analyte: str, window: Threshold) -> Value:
    """The relative rise of the latest value above the least of a window before it: (now − least) / least.

    Without another value in the window there is none, so that no comparison holds.
    """
    before, now = _least_before(chart, analyte, window)
    return chart.change(before, now) if before is not None else _alone(chart, analyte, window, "ratio")


@feature(
    "gained_within",
    ("analyte", "threshold:time"),
    gives="amount:analyte",
    says="gain of {0} within {1}",
    trait=Trait.WITHIN_A_TIME,
)
def gained_within(chart: Chart, analyte: str, window: Threshold) -> Value:
    """By how much the latest value exceeds the least of a window before it; without another value, none."""
    before, now = _least_before(chart, analyte, window)
    carried = now.carried(before.dimension) if before is not None else None
    if before is None or carried is None:
        return _alone(chart, analyte, window, now.dimension)
    low = None if carried.low is None or before.high is None else carried.low - before.high
    high = None if carried.high is None or before.low is None else carried.high - before.low
    text = f"{before.text} → {now.text}"
    missing = (*before.missing, *now.missing)
    return Amount(low, high, carried.dimension, text, missing, now.analyte)


@feature(
    "value_before",
    ("analyte", "threshold:time"),
    gives="amount:analyte",
    says="{0} at least {1} ago",
    trait=Trait.WITHIN_A_TIME,
)
def value_before(chart: Chart, analyte: str, ago: Threshold) -> Value:
    """The last value that is at least so long before as-of; without one there is none.

    One that a formula gives (eGFR) is as reported, else computed of what it rests on.
    """
    timeline = chart.timeline
    formula = timeline.catalogue.formula_of.get(analyte)
    limit = timeline.now - ago.days
    for name in (analyte, *((formula.source_analyte,) if formula else ())):
        # One that is said to be unknown, or told in words, is not passed over for an older one.
        items = [item for item in timeline.observations.get(name, ()) if item.at.latest <= limit]
        if not items:
            continue
        found = chart.last(items, name, f"{timeline.catalogue.analytes[name].title} then", items[-1].at)
        if formula is None or name == analyte:
            return found
        return computed_from(chart, formula, found, items[-1].at)
    known = timeline.catalogue.analytes[analyte]
    return no_amount(known.dimensions[0], f"no {known.title} {ago.first.text} ago or before")


@feature(
    "change_over",
    ("analyte", "threshold:time"),
    gives="amount:ratio",
    says="change in {0} over {1} or more",
    trait=Trait.WITHIN_A_TIME,
)
def change_over(chart: Chart, analyte: str, ago: Threshold) -> Value:
    """The relative change from the last value that is at least so old to the latest: (now − then) / then.

    Without so old a value there is none, so that no comparison holds.
    """
    then, now = value_before(chart, analyte, ago), latest(chart, analyte)
    assert isinstance(then, Amount)  # noqa: S101
    assert isinstance(now, Amount)  # noqa: S101
    if then.absent:
        return no_amount("ratio", then.text)
    return chart.change(then, now, chart.timeline.as_of)


def _least_before(chart: Chart, analyte: str, window: Threshold) -> tuple[Amount | None, Amount]:
    """The least value within a window before the latest, and the latest."""
    now = latest(chart, analyte)
    assert isinstance(now, Amount)  # noqa: S101
    seen = [item for item in recent(chart, analyte) if item.value is not None]
    if not seen:
        return None, now
    last = seen[-1]
    oldest = last.at.latest - window.days
    items = tail(chart.timeline.observations.get(analyte, ()), oldest)
    earlier = [item for item in items if item.value is not None and item.at.latest <= last.at.earliest]
    earlier = [item for item in earlier if item is not last]
    amounts = [chart.amount(item) for item in earlier]
    carried = [one for one in (a.carried(now.dimension) for a in amounts) if one is not None]
    known = [one for one in carried if one.low is not None]
    return min(known, key=lambda one: one.low or 0, default=None), now


def _alone(chart: Chart, analyte: str, window: Threshold, dimension: str) -> Amount:
    title = chart.timeline.catalogue.analytes[analyte].title
    return no_amount(dimension, f"no other {title} within {window.first.text}")
