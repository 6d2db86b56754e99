"""Features of how the disease stands: the response now, and relapses."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from nephroline.exact import Fraction
from nephroline.features.chart import REMISSIONS, Chart
from nephroline.features.episodes import Onset, earlier, first_of_relapse, is_confirmed, onsets
from nephroline.features.line import length_of
from nephroline.features.schema import feature
from nephroline.features.treatment import stops_open
from nephroline.features.values import (
    Amount,
    Flag,
    Missing,
    Threshold,
    Value,
    gather,
    no_amount,
    unknown_amount,
)
from nephroline.quantities import decimal_text
from nephroline.record import Assessment, Course, Length, Moment
from nephroline.terms import Response
from nephroline.truth import Truth, every, some


@feature("response", gives="choice:response", says="response now")
def response(chart: Chart) -> Value:
    """The response at the last assessment within `current_window`.

    `untreated` before the first line, unless the disease has remitted by itself.
    """
    return chart.status


@feature("response_lasted", gives="amount:time", says="time in the present response")
def response_lasted(chart: Chart) -> Value:
    """The time since the present response was first seen, without a break."""
    since = chart.status_since
    if since is None:
        return unknown_amount("time", chart.unassessed("since when the response holds"))
    found = length_of(chart.timeline.span(since.at, None), "the present response")
    return msgspec.structs.replace(found, text=f"{found.text} (since {since.at})")


@feature("remission_lasted", gives="amount:time", says="time in remission")
def remission_lasted(chart: Chart) -> Value:
    """The time since the present remission, complete or partial, was first seen without a break; or none.

    A word, such as a stick, that may be of a remission and lies between two that are is no break.
    """
    since: Assessment | None = None
    unsure: Assessment | None = None
    bridged: Assessment | None = None
    for assessment, choice in zip(
        reversed(chart.timeline.assessments), reversed(chart.responses), strict=True
    ):
        if choice.options <= REMISSIONS and unsure is None:
            since, bridged = assessment, None
        elif (
            choice.options & REMISSIONS
            and since is not None
            and unsure is None
            and not chart.timeline.measured(assessment.at)
        ):
            bridged = assessment
        elif choice.options & REMISSIONS:
            unsure = assessment
        else:
            break
    unsure = unsure or bridged
    if since is None:
        if unsure is not None:
            return unknown_amount("time", chart.unassessed("whether there is a remission"))
        return no_amount("time", "not in remission")
    least = chart.timeline.span(since.at, None).least
    most = chart.timeline.span((unsure or since).at, None).most
    lacking = () if unsure is None else (chart.unassessed("since when the remission holds"),)
    found = length_of(Length(least, most), "the present remission", lacking)
    return msgspec.structs.replace(found, text=f"{found.text} (since {since.at})")


@feature("relapse_unconfirmed", gives="flag", says="the relapse is not confirmed")
def relapse_unconfirmed(chart: Chart) -> Value:
    """Whether the last assessment shows a relapse by one value, which the pathway wants to see again."""
    if not chart.timeline.assessments or str(Response.RELAPSE) not in chart.status.options:
        return Flag(False, "no relapse now")
    last = chart.timeline.assessments[-1]
    confirmed = is_confirmed(chart, first_of_relapse(chart))
    if confirmed is None:
        return Flag(None, "whether the relapse is more than one value is not known", _doubt(chart, last))
    return Flag(not confirmed, f"one value ({last.at})" if not confirmed else f"relapse at {last.at}")


def _doubt(chart: Chart, assessment: Assessment) -> tuple[Missing, ...]:
    return chart.response_at(assessment.index).doubt or (chart.unassessed("the relapse again"),)


@feature("relapses", ("threshold:time",), gives="amount:count", says="relapses within {0}")
def relapses(chart: Chart, window: Threshold) -> Value:
    """How many relapses began within the window before as-of: those that are sure, and those that may."""
    since = chart.timeline.now - window.days
    found = [(onset, late) for onset in onsets(chart) if (late := _late(onset.at, since)) is not False]
    return _count(found)


def _late(at: Moment, since: Fraction) -> Truth:
    """Whether something happened no sooner than a day."""
    return True if at.earliest >= since else None if at.latest >= since else False


@feature(
    "relapses_on",
    ("agent", "threshold:time", "threshold:time"),
    optional=1,
    gives="amount:count",
    says="relapses on {0} or within {1} of its end",
)
def relapses_on(chart: Chart, agent: str, after: Threshold, window: Threshold | None = None) -> Value:
    """How many relapses began while a drug or class was given, or within the window after its end.

    With a second time: of those only that began within so long before as-of, as `relapses` counts them.
    """
    timeline = chart.timeline
    since = None if window is None else timeline.now - window.days
    catalogue, treatment = timeline.catalogue, timeline.treatment
    courses = [
        c
        for c in (*treatment.immunosuppression, *treatment.followed)
        if (catalogue.belongs(c.drug, agent) if c.drug in catalogue.drugs else c.drug == agent)
    ]
    found: list[tuple[Onset, Truth]] = []
    for onset in onsets(chart):
        at = onset.at
        late: Truth = True if since is None else _late(at, since)
        on = every([late, some([_during(course, at, after) for course in courses])])
        if on is not False:
            unsure = [c.rows[-1] for c in courses if _during(c, at, after) is None]
            found.append(
                (onset if on else msgspec.structs.replace(onset, missing=stops_open(chart, unsure)), on)
            )
    return _count(found)


def _during(course: Course, at: Moment, after: Threshold) -> Truth:
    """Whether something happened in a course, or within a time after its end."""
    if at.latest <= course.start.earliest:
        return False
    if course.end is not None and at.earliest > course.end.latest + after.days:
        return False
    # Between two exposures of which the first ended nobody knows when, it may not have been given.
    lasted: Fraction | None = None
    ended: Moment | None = None
    for row in sorted(course.rows, key=lambda row: row.start.sort_key):
        goes_on = lasted is not None and (row.start.latest <= lasted or row.start == ended)
        if not goes_on and row.start.latest >= at.earliest:
            continue
        if row.end is None:
            return True
        reached = row.end.earliest + after.days
        lasted, ended = (reached if lasted is None or reached > lasted else lasted), row.end
    return True if lasted is not None and at.latest <= lasted else None


def _count(found: Sequence[tuple[Onset, Truth]]) -> Amount:
    sure = [onset for onset, truth in found if truth and onset.sure]
    labels = [onset.assessment.at.label for onset in sure]
    low, high = Fraction(len(sure)), Fraction(len(found))
    shown = f" ({', '.join(labels)})" if labels else ""
    text = (
        f"{decimal_text(low)}{shown}"
        if low == high
        else f"{decimal_text(low)} to {decimal_text(high)}{shown}"
    )
    missing = gather(item for onset, truth in found if not (truth and onset.sure) for item in onset.missing)
    return Amount(low, high, "count", text, missing)


@feature("remitted_before", gives="flag", says="complete remission before, not answered since")
def remitted_before(chart: Chart) -> Value:
    """Whether complete remission came before the last assessment, and no treatment answered disease since."""
    if not chart.timeline.assessments:
        return Flag(False, "no complete remission")
    certain, missing = earlier(chart, chart.timeline.assessments[-1], str(Response.COMPLETE_REMISSION))
    if certain is not None:
        return Flag(True, f"complete remission at {certain}")
    if missing:
        return Flag(None, "an earlier complete remission is not known", missing)
    return Flag(False, "no earlier complete remission")
