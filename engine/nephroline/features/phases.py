"""Features of the course of a class that is followed through all lines: its phase, and its time at full dose.

A trial at full dose is counted where it was given: over dose changes, drugs of the class, and lines. It
begins anew with a relapse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import takewhile

import msgspec

from nephroline.exact import Fraction
from nephroline.features.chart import Chart
from nephroline.features.doses import adherence, dose_open
from nephroline.features.episodes import onsets
from nephroline.features.line import length_of, seen_after
from nephroline.features.schema import feature
from nephroline.features.treatment import stops_open, unnamed_open
from nephroline.features.values import (
    Amount,
    Choice,
    Flag,
    Missing,
    Threshold,
    Value,
    gather,
    no_amount,
    unknown_amount,
)
from nephroline.record import (
    AT_ONCE,
    PER_WEIGHT,
    Course,
    Exposure,
    Length,
    Line,
    Moment,
    weight_dose,
    weight_near,
)
from nephroline.terms import HIGH_ONLY, Phase, Reads, Trait

_ORDER = (Phase.NONE, Phase.LOW, Phase.REDUCED, Phase.HIGH)
Span = tuple[Fraction, Fraction]


def _course(chart: Chart, agent: str) -> Course | None:
    """The last course of a class."""
    return next((c for c in reversed(chart.timeline.treatment.followed) if c.drug == agent), None)


def _taken(chart: Chart, agent: str) -> Course | None:
    """The last course of a class, unless it has ended for certain."""
    course = _course(chart, agent)
    return None if course is None or course.running is False else course


@feature("phase", ("agent",), gives="choice:phase", says="phase of {0}")
def phase(chart: Chart, agent: str) -> Value:
    """The phase of a followed class by the dose that is taken now: high, reduced, low, or none.

    High from the edition's full dose on, an alternate-day and a capped one among them.
    """
    treatment = chart.timeline.treatment
    title = chart.timeline.catalogue.title(agent)
    course = _taken(chart, agent)
    if course is None:
        return _nothing(chart, agent, title)
    rows = [row for row in course.rows if row.end is None] or [
        row for row in course.rows if row.end is not None and row.end.latest >= chart.timeline.now
    ]
    now = rows or course.rows[-1:]
    possible = [treatment.phases(row) for row in now]
    if any(found == HIGH_ONLY for found in possible):
        options = {Phase.HIGH}
    else:
        options = {max(pair, key=_ORDER.index) for pair in _together(possible)}
    missing: tuple[Missing, ...] = dose_open(chart, now) if len(options) > 1 else ()
    if course.running is None:
        options.add(Phase.NONE)
        missing = (*stops_open(chart, now[-1:]), *missing)
    shown = " and ".join(_shown(chart, row) for row in now)
    words = " or ".join(str(p) for p in _ORDER if p in options)
    return Choice(frozenset(str(p) for p in options), f"{words} ({shown})", gather(missing))


def _together(possible: Sequence[frozenset[Phase]]) -> Iterator[tuple[Phase, ...]]:
    """Every way in which exposures that run together may be."""
    found: list[tuple[Phase, ...]] = [()]
    for phases in possible:
        found = [(*before, one) for before in found for one in phases]
    return iter(found)


def _nothing(chart: Chart, agent: str, title: str) -> Choice:
    running = chart.timeline.treatment.running.items()
    unnamed = [row for drug, row in running if chart.timeline.catalogue.may_belong(drug, agent)]
    if unnamed:
        options = frozenset(str(p) for p in Phase)
        return Choice(options, f"whether {title} is taken is not known", unnamed_open(unnamed))
    return Choice(frozenset({str(Phase.NONE)}), f"not taking {title}")


def _shown(chart: Chart, row: Exposure) -> str:
    name = chart.called(row)
    return f"{name} {row.dose.text if row.dose else 'at an unknown dose'} since {row.start}"


@feature("lowered", ("agent",), gives="flag", says="the dose of {0} has been lowered")
def lowered(chart: Chart, agent: str) -> Value:
    """Whether the dose of now is less than the one before it, of the same drug in the running course.

    A course that began at a dose below the full one, or was raised to it, has not been lowered. Single doses,
    such as pulses, are no dose to come down from.
    """
    course = _taken(chart, agent)
    title = chart.timeline.catalogue.title(agent)
    if course is None:
        return Flag(False, f"not taking {title}")
    last = course.rows[-1]
    now = _a_day(chart, last)
    for row in reversed(course.rows[:-1]):
        if row.drug != last.drug or (row.dose is not None and row.dose.dimension in AT_ONCE):
            continue
        before = _a_day(chart, row)
        if before is None or now is None:
            return Flag(None, f"whether the dose of {title} was lowered", dose_open(chart, [row, last]))
        if before != now:
            less = now < before
            return Flag(less, f"{_shown(chart, last)}, {'lowered' if less else 'raised'} from {_amount(row)}")
    return Flag(False, f"{_shown(chart, last)}, not lowered")


def _a_day(chart: Chart, row: Exposure) -> Fraction | None:
    """The dose in g a day, on the average of the days between doses; None if dose or weight is not known."""
    if row.dose is None or row.dose.exact is None:
        return None
    if row.dose.dimension != PER_WEIGHT:
        return row.dose.exact
    weight = weight_near(row, chart.timeline.treatment.weights, chart.timeline.windows.current)
    return None if weight is None else weight_dose(weight, row.dose.exact)


def _amount(row: Exposure) -> str:
    return row.dose.text if row.dose else "an unknown dose"


def _unbroken_since(course: Course, holds: Callable[[Exposure], bool]) -> Moment | None:
    """The start of the exposures up to the last that all are so; None if the last is not."""
    rows = tuple(takewhile(holds, reversed(course.rows)))
    return rows[-1].start if rows else None


@feature("time_on", ("agent",), gives="amount:time", says="time on {0}", reads=Reads.EXPOSURES)
def time_on(chart: Chart, agent: str) -> Value:
    """For how long a drug, or one of a class after the other, has been taken without a break, or none."""
    title, course = chart.timeline.catalogue.title(agent), chart.timeline.treatment.course_of(agent)
    if course is None or course.running is False:
        return no_amount("time", f"not taking {title}")
    if course.running is None:
        return unknown_amount("time", stops_open(chart, course.rows[-1:])[0])
    return length_of(chart.timeline.span(course.start, None), title)


@feature("since_infusions", ("agent",), gives="amount:time", says="time since the last infusions of {0}")
def since_infusions(chart: Chart, agent: str) -> Value:
    """The time since the first of the last single doses of a drug or class, up to a pause; or none.

    Doses are of one series if no longer apart than the longest pause inside a course.
    """
    timeline = chart.timeline
    title, gap = timeline.catalogue.title(agent), timeline.windows.gap
    rows = [row for row in timeline.treatment.exposures if timeline.catalogue.belongs(row.drug, agent)]
    if not rows:
        return no_amount("time", f"{title} was not given")
    first = rows[-1]
    for row in reversed(rows[:-1]):
        if first.start.earliest - row.start.latest > gap:
            break
        first = row
    return length_of(timeline.span(first.start, None), f"the last infusions of {title}")


@feature("course_lasted", ("agent",), gives="amount:time", says="time above a low dose of {0}")
def course_lasted(chart: Chart, agent: str) -> Value:
    """For how long the running course of a followed class has been above a low dose, without a break."""
    course = _taken(chart, agent)
    if course is None:
        return no_amount("time", f"not taking {chart.timeline.catalogue.title(agent)}")
    treatment = chart.timeline.treatment
    begin = _unbroken_since(course, lambda row: Phase.LOW not in treatment.phases(row))
    if begin is None:
        return no_amount("time", "not above a low dose")
    return length_of(chart.timeline.span(begin, None), chart.timeline.catalogue.title(agent))


@feature("phase_lasted", ("agent",), gives="amount:time", says="time at the present phase of {0}")
def phase_lasted(chart: Chart, agent: str) -> Value:
    """For how long a followed class has been in its present phase."""
    course = _taken(chart, agent)
    if course is None:
        return no_amount("time", f"not taking {chart.timeline.catalogue.title(agent)}")
    treatment = chart.timeline.treatment
    last = treatment.phases(course.rows[-1])
    begin = _unbroken_since(course, lambda row: treatment.phases(row) == last)
    assert begin is not None  # noqa: S101
    return length_of(chart.timeline.span(begin, None), chart.timeline.catalogue.title(agent))


@feature("time_at_full_dose", ("agent",), gives="amount:time", says="time at the full dose of {0}")
def time_at_full_dose(chart: Chart, agent: str) -> Value:
    """How long the last course of a followed class was at its full dose, in this episode.

    Whatever ran beside it; what was not taken does not count, and what may not have been counts as possible.
    """
    course = _course(chart, agent)
    title = chart.timeline.catalogue.title(agent)
    if course is None:
        return length_of(Length(Fraction(0), Fraction(0)), title)
    return _at_full_dose(chart, course, chart.timeline.as_of, title)


@feature(
    "line.time_at_full_dose",
    ("agent",),
    gives="amount:time",
    says="time at the full dose of {0}",
    trait=Trait.AGENTS_OF_LINE,
)
def line_time_at_full_dose(chart: Chart, line: Line, agent: str) -> Value:
    """The same up to the end of the line, of a course that was at its full dose on the line; else none."""
    return _on_line(chart, line, agent, line.end or chart.timeline.as_of)


@feature(
    "line.seen_at_full_dose",
    ("agent", "threshold:time"),
    gives="flag",
    says="assessed after {1} at the full dose of {0} or later",
)
def seen_at_full_dose(chart: Chart, line: Line, agent: str, least: Threshold) -> Value:
    """Whether the last assessment of the line came after so long at its full dose; else it is unknown.

    What was seen before tells nothing of the trial: many respond in its last weeks.
    """
    return seen_after(chart, line, lambda at: _on_line(chart, line, agent, at), least)


def _on_line(chart: Chart, line: Line, agent: str, end: Moment) -> Amount:
    """The time at full dose up to a day, of a course that was at its full dose on the line; else none."""
    treatment = chart.timeline.treatment
    title = chart.timeline.catalogue.title(agent)
    for course in reversed(treatment.followed):
        if course.drug != agent or course.start.latest >= end.latest:
            continue
        on = [row for row in course.rows if row in line.rows and Phase.HIGH in treatment.phases(row)]
        if not on:
            continue
        found = _at_full_dose(chart, course, end, title, begun=line.begun)
        if any(treatment.phases(row) == HIGH_ONLY for row in on):
            return found
        # What is certain was before the line; whether any of it was on the line is not.
        lacking = gather((*dose_open(chart, on), *found.missing))
        return msgspec.structs.replace(found, low=Fraction(0), missing=lacking)
    return length_of(Length(Fraction(0), Fraction(0)), title)


@feature(
    "line.full_dose_at_end", ("agent",), gives="flag", says="{0} at its full dose at the end of the line"
)
def full_dose_at_end(chart: Chart, line: Line, agent: str) -> Value:
    """Whether the last dose on the line of a followed class is its full dose."""
    treatment, catalogue = chart.timeline.treatment, chart.timeline.catalogue
    rows = [row for row in line.rows if catalogue.belongs(row.drug, agent)]
    if not rows:
        return Flag(False, f"no {catalogue.title(agent)} on the line")
    last = rows[-1]
    phases = treatment.phases(last)
    taken = last.taken is None
    told = _shown(chart, last)
    if phases == HIGH_ONLY and taken:
        return Flag(True, told)
    if Phase.HIGH not in phases or last.taken == "no":
        return Flag(False, told)
    return Flag(None, told, dose_open(chart, [last]) if taken else (adherence(chart, last),))


def full_dose_since(chart: Chart, agent: str) -> Moment | None:
    """When the trial at full dose that runs began; None if none does."""
    course = _course(chart, agent)
    if course is None:
        return None
    begins = _trial_begins(chart, course, chart.timeline.now)[1]
    high = [r for r in course.rows if chart.timeline.treatment.phases(r) == HIGH_ONLY]
    starts = [r.start for r in high if r.end is None or r.end.latest > begins]
    if not starts:
        return None
    first = starts[0]
    return first if first.latest >= begins else Moment(begins, begins, first.label)


def _at_full_dose(chart: Chart, course: Course, end: Moment, title: str, *, begun: str = "") -> Amount:
    possible_from, sure_from, lacking = _trial_begins_at(chart, course, end.latest)
    treatment = chart.timeline.treatment
    sure: list[Span] = []
    possible: list[Span] = []
    missing: list[Missing] = [*lacking]
    for row in course.rows:
        phases = treatment.phases(row)
        if Phase.HIGH not in phases or row.taken == "no":
            continue
        last = row.end if row.end is not None and row.end.latest <= end.latest else end
        possible.append((max(row.start.earliest, possible_from), max(last.latest, row.start.earliest)))
        if phases == HIGH_ONLY and row.taken is None:
            sure.append((max(row.start.latest, sure_from), last.earliest))
        elif row.taken is not None:
            missing.append(adherence(chart, row))
        else:
            missing += dose_open(chart, [row])
    found = Length(_union(sure), _union(possible))
    return length_of(found, title, gather(missing), begun=begun)


def _union(spans: Iterable[Span]) -> Fraction:
    """The length of time that spans cover."""
    total, reached = Fraction(0), None
    for start, end in sorted(spans):
        begin = start if reached is None else max(start, reached)
        if end > begin:
            total += end - begin
        reached = end if reached is None else max(reached, end)
    return total


def _trial_begins(chart: Chart, course: Course, until: Fraction) -> tuple[Fraction, Fraction]:
    possible, sure, _ = _trial_begins_at(chart, course, until)
    return possible, sure


def _trial_begins_at(
    chart: Chart, course: Course, until: Fraction
) -> tuple[Fraction, Fraction, tuple[Missing, ...]]:
    """From when on the trial of a course counts, at the earliest and for certain: its start, or a relapse."""
    inside = [
        onset
        for onset in onsets(chart)
        if onset.at.latest > course.start.earliest and onset.at.latest < until
    ]
    sure = [onset for onset in inside if onset.sure]
    earliest = max((o.at.earliest for o in sure), default=course.start.earliest)
    latest = max((o.at.latest for o in inside), default=course.start.earliest)
    last = inside[-1] if inside else None
    missing = last.missing if last is not None and not last.sure else ()
    return earliest, max(latest, earliest), missing
