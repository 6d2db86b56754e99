"""Features of one assessment."""

from __future__ import annotations

from nephroline.features.chart import Chart
from nephroline.features.schema import feature
from nephroline.features.values import Amount, Choice, Flag, Missing, Value, gather
from nephroline.record import Assessment, Observation


def _near(chart: Chart, assessment: Assessment, analyte: str) -> list[Observation]:
    """Values of the same moment, else those up to `together_window` before it."""
    series = chart.timeline.observations.get(analyte, ())
    same = [item for item in series if item.at.sort_key == assessment.at.sort_key]
    if same:
        return same
    oldest = assessment.at.earliest - chart.timeline.windows.together
    return [item for item in series if item.at.latest <= assessment.at.latest and item.at.earliest >= oldest]


@feature("assessment.value", ("analyte",), gives="amount:analyte", says="{0}")
def value(chart: Chart, assessment: Assessment, analyte: str) -> Value:
    """The value at the assessment, or shortly before it (`together_window`)."""
    title = chart.timeline.catalogue.analytes[analyte].title
    return chart.last(_near(chart, assessment, analyte), analyte, f"{title} at {assessment.at}")


@feature("assessment.word", ("word-analyte",), gives="choice:words", says="{0} in words")
def word(chart: Chart, assessment: Assessment, analyte: str) -> Value:
    """The report in words at the assessment, or shortly before it."""
    known = chart.timeline.catalogue.analytes[analyte]
    items = [item for item in _near(chart, assessment, analyte) if item.word is not None]
    if items and items[-1].word is not None:
        return Choice(frozenset({items[-1].word}), f"{items[-1].text} ({items[-1].at})")
    missing = Missing(analyte, f"{known.title} in words at {assessment.at}")
    return Choice(frozenset({*known.words, "not-in-words"}), "not reported in words", (missing,))


@feature("assessment.change", ("analyte",), gives="amount:ratio", says="change in {0} since the line began")
def change(chart: Chart, assessment: Assessment, analyte: str) -> Value:
    """Relative change from the baseline of the line that the assessment judges."""
    now = value(chart, assessment, analyte)
    assert isinstance(now, Amount)  # noqa: S101
    if assessment.line is None:
        missing = Missing(analyte, "a line of therapy to compare with")
        return Amount(None, None, "ratio", "no line of therapy", (missing,))
    line = chart.timeline.lines[assessment.line - 1]
    title = chart.timeline.catalogue.analytes[analyte].title
    base = chart.last(
        chart.timeline.before(line.start.latest, analyte), analyte, f"{title} when line {line.number} began"
    )
    return chart.change(base, now)


@feature("assessment.earlier", ("response",), gives="flag", says="{0} earlier, since the last line began")
def earlier(chart: Chart, assessment: Assessment, wanted: str) -> Value:
    """Whether an earlier assessment, since the latest line began, had this response."""
    starts = [line.start.latest for line in chart.timeline.lines if line.start.latest < assessment.at.latest]
    since = starts[-1] if starts else None
    missing: list[Missing] = []
    shown = wanted.replace("-", " ")
    for other in chart.timeline.assessments[: assessment.index]:
        if since is not None and other.at.latest <= since:
            continue
        choice = chart.response_at(other.index)
        if choice.options == {wanted}:
            return Flag(True, f"{shown} at {other.at}")
        if wanted in choice.options:
            missing += choice.missing
    if missing:
        return Flag(None, f"{shown} earlier is not known", gather(missing))
    return Flag(False, f"no earlier {shown}")


