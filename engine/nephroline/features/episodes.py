"""Episodes of the disease: what was begun in answer to it, earlier remissions, relapses confirmed or not.

Responses are judged against the disease, not the line. An active state is answered when treatment is begun: a
line, or a full dose of a class that is followed. After that, it is this treatment that responds or does not.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

import msgspec

from nephroline.exact import Fraction
from nephroline.features.chart import REMISSIONS, Chart
from nephroline.features.doses import dose_open
from nephroline.features.memo import Greatest, Prefix
from nephroline.features.values import Amount, Missing, Slot, gather
from nephroline.record import Assessment, Exposure, Moment, Observation
from nephroline.terms import HIGH_ONLY, Entry, Phase, Response
from nephroline.truth import Truth, some

_ACTIVE = frozenset((str(Response.RELAPSE), str(Response.NO_RESPONSE), str(Response.INDETERMINATE)))


# -- what was begun --------------------------------------------------------------------------------


class Begun(msgspec.Struct, frozen=True, gc=False):
    """The begin of a treatment; `sure`: that it was one is certain, or else what would tell."""

    at: Moment
    sure: bool
    missing: tuple[Missing, ...] = ()


def begun(chart: Chart) -> Sequence[Begun]:
    """Every begin of a line, and of a full dose of a followed class, in order."""
    found = chart.memo.begun
    if found is None:
        lines = [Begun(line.start, not line.doubtful) for line in chart.timeline.lines]
        found = tuple(sorted((*lines, *_rises(chart)), key=lambda b: b.at.sort_key))
        chart.memo.begun = found
    return found


def _rises(chart: Chart) -> Iterator[Begun]:
    treatment = chart.timeline.treatment
    for course in treatment.followed:
        before: Exposure | None = None
        for row in course.rows:
            phases = treatment.phases(row)
            was = treatment.phases(before) if before is not None else frozenset((Phase.NONE,))
            if Phase.HIGH in phases and was != HIGH_ONLY:
                sure = phases == HIGH_ONLY and Phase.HIGH not in was
                unclear = [item for item in (before, row) if item is not None]
                unclear = [item for item in unclear if len(treatment.phases(item)) > 1]
                yield Begun(row.start, sure, () if sure else dose_open(chart, unclear))
            before = row


def begun_within(chart: Chart, since: Moment, until: Moment) -> Truth:
    """Whether a treatment was begun at or after one moment and before another."""
    answers: list[Truth] = []
    for item in begun(chart):
        if item.at.latest < since.earliest or item.at.earliest >= until.latest:
            continue
        inside = item.at.earliest >= since.latest and item.at.latest < until.earliest
        at_once = item.at.precise and since.precise and until.precise
        answers.append(True if (inside or at_once) and item.sure else None)
    return some(answers)


def begun_open(chart: Chart, since: Moment, until: Moment) -> tuple[Missing, ...]:
    """What would tell whether a treatment was begun between two moments."""
    near = [b for b in begun(chart) if b.at.latest >= since.earliest and b.at.earliest < until.latest]
    doses = gather(item for b in near for item in b.missing)
    return doses or (Missing("dates of treatment", f"what was begun after {since}, and when"),)


# -- what came before --------------------------------------------------------------------------------


def earlier(chart: Chart, assessment: Assessment, wanted: str) -> Prefix:
    """Whether the disease had a response before, with no active state in between that was answered.

    Gives the label of when it had (None: it had not, or it is not known), and what is missing to tell.
    """
    # What held before each assessment is kept, so that a long series is walked once.
    prefixes = chart.memo.prefixes.setdefault(wanted, [(None, ())])
    timeline = chart.timeline
    while len(prefixes) <= assessment.index:
        index = len(prefixes)
        prefixes.append(_step(chart, wanted, prefixes[-1], timeline.assessments[index - 1], index))
    return prefixes[assessment.index]


def _was_ill(chart: Chart, assessment: Assessment) -> bool:
    """Whether a biopsy, a report, treatment or an active value shows that the disease was there by then."""
    timeline, until = chart.timeline, assessment.at.latest
    return (
        any(biopsy.at.earliest <= until for biopsy in timeline.biopsies)
        or any(item.at.earliest <= until for item in timeline.observations.get("response", ()))
        or any(row.start.earliest <= until for row in _treating(chart))
        or any(chart.response_at(i).options - REMISSIONS for i in range(assessment.index))
    )


def _treating(chart: Chart) -> Sequence[Exposure]:
    treatment = chart.timeline.treatment
    return [row for c in (*treatment.immunosuppression, *treatment.followed) for row in c.rows]


_NEVER: Prefix = (None, ())


def _step(chart: Chart, wanted: str, before: Prefix, last: Assessment, index: int) -> Prefix:
    choice = chart.response_at(last.index)
    if not _was_ill(chart, last):
        # What is measured of a healthy person is no remission.
        return before
    if choice.options == frozenset((wanted,)):
        return last.at.label, ()
    at = chart.timeline.assessments[index].at
    answered: Truth = False
    if choice.options & _ACTIVE:
        answered = begun_within(chart, last.at, at)
    ends: list[Prefix] = []
    for option in choice.options:
        if option == wanted:
            ends.append((last.at.label, ()))
        elif option not in _ACTIVE or answered is False or before == _NEVER:
            ends.append(before)
        elif answered:
            ends.append((None, ()))
        else:
            ends.append((None, begun_open(chart, last.at, at)))
    yes = [end for end in ends if end[0] is not None]
    if len(yes) == len(ends):
        return yes[0]
    lacking = tuple(item for end in ends for item in end[1])
    if not yes:
        return None, lacking
    unclear = Missing("response", f"the response at {last.at} more exactly")
    return None, (*choice.missing, *lacking) or (unclear,)


# -- the baseline of an episode ------------------------------------------------------------------------


def episode_baseline(chart: Chart, assessment: Assessment, analyte: str, now: Amount) -> Amount:
    """The greatest value of the episode before an assessment, in its form if there is one.

    An episode begins after a complete remission. Where nothing was measured before and nothing given, the
    value is its own baseline.
    """
    key = (assessment.index, analyte, now.dimension)
    found = chart.memo.baselines.get(key)
    if found is None:
        found = chart.memo.baselines[key] = _episode_baseline(chart, assessment, analyte, now)
    return found


def _episode_baseline(chart: Chart, assessment: Assessment, analyte: str, now: Amount) -> Amount:
    timeline = chart.timeline
    items, precise = timeline.observations.get(analyte, ()), analyte in timeline.precise
    since = _remitted(chart, assessment.index)
    last = bisect_left(items, assessment.at.earliest, key=_day)
    first = 0 if since is None else bisect_right(items, since, key=_day)
    if since is not None and not precise:
        items = [item for item in items[:last] if item.at.earliest > since]
        first, last = 0, len(items)
    latest = next((items[n] for n in range(last - 1, first - 1, -1) if items[n].value is not None), None)
    if latest is not None:
        for dimension in dict.fromkeys((now.dimension, chart.amount(latest).dimension)):
            # Of a long series only what has come since the assessment before is looked at.
            key = (analyte, dimension, first)
            walked = chart.memo.greatest.setdefault(key, Greatest(first)) if precise else Greatest(first)
            found = _greatest(chart, items, dimension, walked, last)
            if found is not None:
                return found
    if since is None and not any(b.at.earliest < assessment.at.latest for b in begun(chart)):
        return now
    title = timeline.catalogue.analytes[analyte].title
    lines = [line for line in timeline.lines if line.start.latest < assessment.at.latest]
    at = lines[0].start if lines else assessment.at
    lacking = Missing(analyte, f"{title} before treatment", Slot(Entry.OBSERVATION, analyte, at))
    return Amount(None, None, now.dimension, "unknown", (lacking,), now.analyte)


def _day(item: Observation) -> Fraction:
    return item.at.latest


def _remitted(chart: Chart, index: int) -> Fraction | None:
    """When the last complete remission before an assessment was seen; None if there was none."""
    walked = chart.memo.remitted
    while len(walked) <= index:
        last = chart.timeline.assessments[len(walked) - 1]
        remission = chart.response_at(last.index).options == frozenset((str(Response.COMPLETE_REMISSION),))
        walked.append(last.at.latest if remission else walked[-1])
    return walked[index]


def _greatest(
    chart: Chart, items: Sequence[Observation], dimension: str, walked: Greatest, last: int
) -> Amount | None:
    """The greatest of the values that can be told in a form, up to a place; None if there is none.

    *walked*: how far that is known already; it is brought up to there.
    """
    if walked.up_to > last:
        walked = Greatest(walked.first)
    for item in items[max(walked.up_to, walked.first) : last]:
        if item.value is None:
            continue
        amount = chart.amount(item)
        own = amount.carried(dimension)
        if own is None:
            continue
        size = (own.low or Fraction(0), own.high or Fraction(0))
        if walked.greatest is None or size > walked.size:
            walked.greatest, walked.size = msgspec.structs.replace(own, text=amount.text), size
        if own.low is not None:
            walked.low = own.low if walked.low is None else max(walked.low, own.low)
        walked.high = None if walked.high is None or own.high is None else max(walked.high, own.high)
    walked.up_to = last
    if walked.greatest is None:
        return None
    return msgspec.structs.replace(walked.greatest, low=walked.low, high=walked.high)


# -- relapses ----------------------------------------------------------------------------------------


class Onset(msgspec.Struct, frozen=True, gc=False):
    """The assessment at which a relapse was seen; `sure`: that it came is certain, and confirmed.

    `at`: when it began; between two assessments if what the first showed is not known.
    """

    assessment: Assessment
    at: Moment
    sure: bool
    missing: tuple[Missing, ...] = ()


def onsets(chart: Chart) -> Sequence[Onset]:
    """Every relapse that began, or may have, in order; one that was not confirmed is none."""
    found = chart.memo.onsets
    if found is None:
        found = chart.memo.onsets = tuple(_onsets(chart))
    return found


def _onsets(chart: Chart) -> Iterator[Onset]:
    relapse = str(Response.RELAPSE)
    goes_on = False
    perhaps: Onset | None = None
    for assessment, choice in zip(chart.timeline.assessments, chart.responses, strict=True):
        if relapse not in choice.options:
            if perhaps is not None:
                yield perhaps
            goes_on, perhaps = False, None
            continue
        confirmed = is_confirmed(chart, assessment)
        if not goes_on and confirmed is not False:
            # What may have begun before, and goes on, is one relapse: it began between the two.
            at = assessment.at
            if perhaps is not None:
                at = Moment(perhaps.at.earliest, at.latest, at.label)
            sure = choice.options == frozenset((relapse,)) and confirmed is True
            found = Onset(assessment, at, sure, choice.missing or _to_confirm(chart, assessment))
            if sure:
                yield found
                goes_on, perhaps = True, None
            else:
                perhaps = perhaps or found
    if perhaps is not None:
        yield perhaps


def first_of_relapse(chart: Chart) -> Assessment:
    """The assessment at which the relapse of the last one was first seen."""
    relapse = str(Response.RELAPSE)
    assessments = chart.timeline.assessments
    first = assessments[-1]
    for assessment in reversed(assessments[:-1]):
        if chart.response_at(assessment.index).options != frozenset((relapse,)):
            break
        first = assessment
    return first


def is_confirmed(chart: Chart, assessment: Assessment) -> Truth:
    """Whether a relapse is more than one value by itself.

    It is if nothing speaks against it by the pathway's own condition, if it was treated, or if the next
    assessment is not in remission.
    """
    choice = chart.response_at(assessment.index)
    if choice.unconfirmed is False:
        return True
    timeline = chart.timeline
    later = timeline.assessments[assessment.index + 1 :][:1]
    until = later[0].at if later else timeline.as_of
    if begun_within(chart, assessment.at, until):
        return True
    if not later:
        return None if choice.unconfirmed is None else False
    following = chart.response_at(later[0].index).options
    if not following & REMISSIONS:
        return True
    return False if following <= REMISSIONS and choice.unconfirmed else None


def _to_confirm(chart: Chart, assessment: Assessment) -> tuple[Missing, ...]:
    analyte = chart.timeline.catalogue.assessed[0]
    return (Missing(analyte.id, f"{analyte.title} again, after {assessment.at}"),)


def measured_in_other_form(chart: Chart, assessment: Assessment, items: Sequence[Observation]) -> bool:
    """Whether the values of an assessment have no earlier one of their form to be compared with."""
    for item in items:
        if item.value is None:
            continue
        amount = chart.amount(item)
        base = episode_baseline(chart, assessment, item.analyte, amount)
        if base.known and base.carried(amount.dimension) is None:
            return True
    return False
