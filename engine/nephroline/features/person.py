"""Features of the person: age, sex, conditions, assertions, biopsies."""

from __future__ import annotations

from collections.abc import Sequence

from nephroline.exact import Fraction
from nephroline.features.chart import Chart, possibly_last
from nephroline.features.schema import feature
from nephroline.features.values import (
    Amount,
    Choice,
    Flag,
    Missing,
    Slot,
    Value,
    unknown_amount,
)
from nephroline.quantities import YEAR
from nephroline.record import Condition, Moment
from nephroline.terms import Entry, Reads
from nephroline.truth import Truth


@feature("age", gives="amount:time", says="age", reads=Reads.PERSON, enters=Entry.AGE)
def age(chart: Chart) -> Value:
    """Age at as-of; between its bounds, if the chart gives no more."""
    record, since = chart.timeline.record, chart.timeline.now
    zero = record.age_zero
    if zero is None and record.age_between is not None:
        low, high = (bound + since for bound in record.age_between)
        text = f"{int(low / YEAR)} to {int(high / YEAR)} years"
        return Amount(low, high, "time", text, (Missing("age", "age", Slot(Entry.AGE)),))
    if zero is None:
        return unknown_amount("time", Missing("age", "age", Slot(Entry.AGE)))
    now = zero + since
    return Amount(now, now, "time", f"{int(now / YEAR)} years")


@feature("sex", gives="choice:sex", says="sex", reads=Reads.PERSON, enters=Entry.SEX)
def sex(chart: Chart) -> Value:
    """Sex as recorded: female or male."""
    known = chart.timeline.record.sex
    if known is None:
        return Choice(frozenset({"female", "male"}), "unknown", (Missing("sex", "sex", Slot(Entry.SEX)),))
    return Choice(frozenset({known}), known)


@feature("has", ("condition", "state"), optional=1, gives="flag", says="{0} {1}")
def has(chart: Chart, condition: str, state: str | None = None) -> Value:
    """Whether the condition is there (and in a state), by its latest entry. Not recorded: unknown.

    A volunteered one, which a chart states when it is so, is not there if it is not recorded. Entries that
    differ, and of which it is not known which came last, leave it unknown. An assertion that excludes it
    counts as an entry.
    """
    title = chart.timeline.catalogue.conditions[condition].title
    entries = chart.timeline.noted(condition)
    excluded = chart.timeline.catalogue.conditions[condition].excluded_by
    exclusion = False if excluded is None else _excluded_since(chart, entries, excluded)
    if exclusion and excluded is not None:
        return Flag(False, _asserted(chart, excluded).text)
    last_ones = possibly_last(entries)
    if exclusion is None or len({_is(c, state) for c in last_ones}) > 1:
        told = [(_told(c), c.at) for c in last_ones]
        return _order_not_known(condition, title, told)
    if not entries and chart.timeline.catalogue.conditions[condition].volunteered:
        return Flag(False, f"{title}: not noted")
    if not entries or entries[-1].present is None:
        slot = Slot(Entry.CONDITION, condition, chart.timeline.as_of)
        missing = [Missing(condition, f"{title}: yes or no", slot)]
        if not entries and excluded is not None:
            missing = [*_asserted(chart, excluded).missing, *missing]
        return Flag(None, f"{title}: not known", tuple(missing))
    last = entries[-1]
    if not last.present:
        return Flag(False, f"no {title} ({last.at})")
    if state is None or last.state == state:
        shown = f"{last.state} {title}" if last.state else title
        return Flag(True, f"{shown} ({last.at})")
    if last.state is None:
        slot = Slot(Entry.STATE, condition, chart.timeline.as_of)
        lacking = Missing(condition, f"{title}: {state} or not", slot)
        return Flag(None, f"{title}, state not recorded", (lacking,))
    return Flag(False, f"{last.state} {title} ({last.at})")


@feature("recorded", ("condition",), gives="flag", says="{0} is recorded")
def recorded(chart: Chart, condition: str) -> Value:
    """Whether the chart says of a condition that it is there or that it is not: whether it was looked for."""
    title = chart.timeline.catalogue.conditions[condition].title
    entries = chart.timeline.noted(condition)
    if entries and entries[-1].present is not None:
        return Flag(True, f"{title} looked for ({entries[-1].at})")
    excluded = chart.timeline.catalogue.conditions[condition].excluded_by
    if excluded is not None and _excluded_since(chart, entries, excluded) is not False:
        return Flag(True, _asserted(chart, excluded).text)
    return Flag(False, f"{title} not looked for so far")


@feature("asserted", ("assertion",), gives="flag", says="{0}")
def asserted(chart: Chart, assertion: str) -> Value:
    """What a clinician last asserted; not asserted is unknown (a volunteered judgement: false)."""
    return _asserted(chart, assertion)


@feature("denied", ("assertion",), gives="flag", says="not: {0}")
def denied(chart: Chart, assertion: str) -> Value:
    """Whether a clinician last said in so many words that it is not so; what nobody said is not denied."""
    found = _asserted(chart, assertion)
    entries = [a for a in chart.timeline.assertions if a.name == assertion]
    return Flag(found.truth is False and bool(entries), found.text)


@feature("asserted_since", ("assertion", "condition"), gives="flag", says="{0} since {1} was last noted")
def asserted_since(chart: Chart, assertion: str, condition: str) -> Value:
    """Whether a clinician asserts something, and said so when the condition was last noted or later.

    What was said before a condition was there does not speak of it. What nobody said is not asserted.
    """
    name = chart.timeline.catalogue.conditions[condition].title
    found = _asserted(chart, assertion)
    if found.truth is not True:
        return Flag(False, found.text)
    said = [a for a in chart.timeline.assertions if a.name == assertion][-1].at
    noted = [entry.at for entry in chart.timeline.noted(condition) if entry.present is not False]
    if not noted:
        return Flag(False, f"{name} not noted")
    if said.latest < noted[-1].earliest:
        return Flag(False, f"{found.text}: before {name} was noted ({noted[-1]})")
    return Flag(True, found.text)


def _asserted(chart: Chart, assertion: str) -> Flag:
    known = chart.timeline.catalogue.assertions[assertion]
    title = known.title
    entries = [a for a in chart.timeline.assertions if a.name == assertion]
    if not entries and known.volunteered:
        return Flag(False, f"{title}: not stated")
    if not entries:
        slot = Slot(Entry.ASSERTION, assertion, chart.timeline.as_of)
        return Flag(None, f"{title}: not recorded", (Missing(assertion, f"{title}: yes or no", slot),))
    last_ones = possibly_last(entries)
    if len({entry.value for entry in last_ones}) > 1:
        return _order_not_known(assertion, title, [("yes" if e.value else "no", e.at) for e in last_ones])
    last = entries[-1]
    return Flag(last.value, f"{title}: {'yes' if last.value else 'no'} ({last.at})")


def _excluded_since(chart: Chart, entries: Sequence[Condition], assertion: str) -> Truth:
    """Whether an assertion excludes a condition, and no entry says anything of it later."""
    made = [a for a in chart.timeline.assertions if a.name == assertion and a.value]
    stands = _asserted(chart, assertion).truth
    if not made or stands is False:
        return False
    if stands and any(all(entry.at.latest < a.at.earliest for entry in entries) for a in made):
        return True
    later = any(all(entry.at.earliest < a.at.latest for entry in entries) for a in made)
    return None if entries and later else False


def _is(entry: Condition, state: str | None) -> Truth:
    """What one entry says of a condition, in a state if one is asked for."""
    if not entry.present or state is None:
        return entry.present
    return None if entry.state is None else entry.state == state


def _order_not_known(datum: str, title: str, told: Sequence[tuple[str, Moment]]) -> Flag:
    """Entries that differ, of which any may be the last."""
    text = " or ".join(f"{said} ({at})" for said, at in told)
    return Flag(None, f"{title}: {text}, order not known", (Missing(datum, f"the dates of {title}"),))


def _told(entry: Condition) -> str:
    if entry.present is None:
        return "not known"
    return (entry.state or "yes") if entry.present else "no"


@feature("diagnosed", ("diagnosis",), gives="flag", says="biopsy shows {0}")
def diagnosed(chart: Chart, diagnosis: str) -> Value:
    """Whether any biopsy so far shows the diagnosis; unknown without a biopsy that shows anything."""
    title = chart.timeline.catalogue.diagnoses[diagnosis].title
    read = [b for b in chart.timeline.biopsies if b.diagnosis is not None]
    if not read:
        slot = Slot(Entry.BIOPSY, "", chart.timeline.as_of)
        return Flag(None, "no diagnostic biopsy", (Missing("biopsy", "a diagnostic kidney biopsy", slot),))
    shown = [b for b in read if b.diagnosis == diagnosis]
    if shown:
        return Flag(True, f"biopsy shows {title} ({shown[-1].at})")
    last = read[-1]
    other = chart.timeline.catalogue.diagnoses[str(last.diagnosis)].title
    return Flag(False, f"biopsy shows {other}, not {title} ({last.at})")


@feature("biopsied", gives="flag", says="a biopsy was done", reads=Reads.BIOPSIES)
def biopsied(chart: Chart) -> Value:
    """Whether a kidney biopsy is recorded up to as-of, readable or not."""
    done = chart.timeline.biopsies
    return Flag(bool(done), f"biopsy done ({done[-1].at})" if done else "no biopsy recorded")


@feature(
    "biopsy_glomeruli",
    gives="amount:count",
    says="glomeruli in the last biopsy",
    reads=Reads.BIOPSIES,
    enters=Entry.GLOMERULI,
)
def biopsy_glomeruli(chart: Chart) -> Value:
    """Glomeruli in the last biopsy."""
    done = possibly_last(chart.timeline.biopsies)
    uncounted = next((b for b in done if b.glomeruli is None), None)
    if not done or uncounted is not None:
        slot = Slot(Entry.BIOPSY, "", chart.timeline.as_of)
        slot = slot if uncounted is None else Slot(Entry.GLOMERULI, "", uncounted.at)
        return unknown_amount("count", Missing("biopsy", "the number of glomeruli in the biopsy", slot))
    counts = [Fraction(b.glomeruli or 0) for b in done]
    text = " or ".join(f"{b.glomeruli} ({b.at})" for b in done)
    if len(set(counts)) == 1:
        return Amount(counts[0], counts[0], "count", text)
    lacking = (Missing("biopsy", "the dates of the biopsies"),)
    return Amount(min(counts), max(counts), "count", f"{text}, order not known", lacking)
