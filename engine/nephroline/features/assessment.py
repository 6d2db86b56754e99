"""Features of one assessment."""

from __future__ import annotations

from nephroline.features.chart import Chart
from nephroline.features.readings import latest_word, risen
from nephroline.features.schema import feature
from nephroline.features.values import Amount, Flag, Missing, Threshold, Value, gather
from nephroline.record import Assessment, Observation
from nephroline.terms import Trait


def _near(chart: Chart, assessment: Assessment, analyte: str) -> list[Observation]:
    """Values of the same moment, else those up to `together_window` before it."""
    timeline = chart.timeline
    same = timeline.at(analyte, assessment.at)
    if same:
        return same
    oldest = assessment.at.earliest - timeline.windows.together
    found = timeline.between(analyte, oldest - 1, assessment.at.latest)
    return [item for item in found if item.at.earliest >= oldest]


@feature("assessment.value", ("analyte",), gives="amount:analyte", says="{0}", trait=Trait.BARE)
def value(chart: Chart, assessment: Assessment, analyte: str) -> Value:
    """The value at the assessment, or shortly before it (`together_window`)."""
    title = chart.timeline.catalogue.analytes[analyte].title
    return chart.last(
        _near(chart, assessment, analyte), analyte, f"{title} at {assessment.at}", assessment.at
    )


@feature("assessment.word", ("word-analyte",), gives="choice:words", says="{0} in words", trait=Trait.BARE)
def word(chart: Chart, assessment: Assessment, analyte: str) -> Value:
    """The report in words at the assessment, or shortly before it."""
    return latest_word(chart, _near(chart, assessment, analyte), analyte, assessment.at)


@feature(
    "assessment.rise",
    ("analyte", "threshold:ratio"),
    gives="flag",
    says="{0} risen by more than {1} since the line began",
)
def rise(chart: Chart, assessment: Assessment, analyte: str, limit: Threshold) -> Value:
    """Whether the value exceeds the line's baseline by more than a limit.

    Without a number, a report in the analyte's steady words (normal, stable) counts as no rise.
    """
    words = latest_word(chart, _near(chart, assessment, analyte), analyte, assessment.at)
    moved = change(chart, assessment, analyte)
    assert isinstance(moved, Amount)  # noqa: S101
    return risen(chart, moved, words, analyte, limit)


@feature(
    "assessment.change",
    ("analyte",),
    gives="amount:ratio",
    says="change in {0} since the line began",
)
def change(chart: Chart, assessment: Assessment, analyte: str) -> Value:
    """Relative change from the baseline of the latest line begun before the assessment."""
    now = value(chart, assessment, analyte)
    assert isinstance(now, Amount)  # noqa: S101
    begun = [line for line in chart.timeline.lines if line.start.latest < assessment.at.latest]
    if not begun:
        missing = Missing(analyte, "a line of therapy to compare with")
        return Amount(None, None, "ratio", "no line of therapy", (missing,))
    line = begun[-1]
    return chart.change(chart.baseline(line, analyte), now)


@feature("assessment.earlier", ("response",), gives="flag", says="{0} earlier, since the last line began")
def earlier(chart: Chart, assessment: Assessment, wanted: str) -> Value:
    """Whether an earlier assessment, since the latest line began, had this response."""
    starts = [line.start.latest for line in chart.timeline.lines if line.start.latest < assessment.at.latest]
    since = starts[-1] if starts else None
    shown = wanted.replace("-", " ")
    # What held before each assessment is kept, so that a long series is walked once.
    prefixes = chart.memo.prefixes.setdefault((wanted, since), [(None, ())])
    while len(prefixes) <= assessment.index:
        other = chart.timeline.assessments[len(prefixes) - 1]
        certain, missing = prefixes[-1]
        if certain is None and (since is None or other.at.latest > since):
            choice = chart.response_at(other.index)
            if choice.options == frozenset({wanted}):
                certain = other.at.label
            elif wanted in choice.options:
                missing = choice.missing
        prefixes.append((certain, missing))
    certain, missing = prefixes[assessment.index]
    if certain is not None:
        return Flag(True, f"{shown} at {certain}")
    if missing:
        return Flag(None, f"{shown} earlier is not known", missing)
    return Flag(False, f"no earlier {shown}")


@feature(
    "assessment.risen_in",
    ("analyte", "response", "threshold:ratio"),
    gives="flag",
    says="{0} risen by more than {2} within {1}",
    trait=Trait.ACROSS_ASSESSMENTS,
)
def risen_in(chart: Chart, assessment: Assessment, analyte: str, wanted: str, limit: Threshold) -> Value:
    """Whether the value exceeds, by more than a limit, the lowest at the assessments just before it.

    Those count that had the response without a break, since the latest line began.
    """
    shown = wanted.replace("-", " ")
    title = chart.timeline.catalogue.analytes[analyte].title
    starts = [line.start.latest for line in chart.timeline.lines if line.start.latest < assessment.at.latest]
    values: list[Amount] = []
    for other in reversed(chart.timeline.assessments[: assessment.index]):
        if starts and other.at.latest <= starts[-1]:
            break
        choice = chart.response_at(other.index)
        if wanted not in choice.options:
            break
        if len(choice.options) > 1:
            return Flag(None, f"{shown} just before is not known", choice.missing)
        measured = value(chart, other, analyte)
        assert isinstance(measured, Amount)  # noqa: S101
        values.append(measured)
    if not values:
        return Flag(False, f"no {shown} just before")
    now = value(chart, assessment, analyte)
    assert isinstance(now, Amount)  # noqa: S101
    form = limit.forms["ratio"].exact
    assert form is not None  # noqa: S101
    changes = [chart.change(measured, now) for measured in values]
    if any(moved.low is not None and moved.low > form for moved in changes):
        return Flag(True, f"{title} risen by more than {limit.first.text} within {shown}")
    if all(moved.high is not None and moved.high <= form for moved in changes):
        return Flag(False, f"{title} not risen by more than {limit.first.text} within {shown}")
    missing = [item for moved in changes for item in moved.missing]
    return Flag(None, f"a rise of {title} within {shown} is not known", gather(missing))
