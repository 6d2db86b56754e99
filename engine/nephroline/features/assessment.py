"""Features of one assessment."""

from __future__ import annotations

from nephroline.features.chart import Chart
from nephroline.features.episodes import earlier as earlier_response
from nephroline.features.episodes import episode_baseline
from nephroline.features.latest import computed_from
from nephroline.features.readings import latest_word, risen
from nephroline.features.schema import feature
from nephroline.features.values import Amount, Flag, Missing, Threshold, Value, gather
from nephroline.record import Assessment, Observation
from nephroline.terms import Trait


def _near(chart: Chart, assessment: Assessment, analyte: str) -> list[Observation]:
    """Values of the same moment, else those up to `together_window` before it."""
    timeline = chart.timeline
    same = timeline.at(analyte, assessment.at)
    if same or assessment.alone:
        return same
    oldest = assessment.at.earliest - timeline.windows.together
    found = timeline.between(analyte, oldest - 1, assessment.at.latest)
    return [item for item in found if item.at.earliest >= oldest]


@feature("assessment.value", ("analyte",), gives="amount:analyte", says="{0}", trait=Trait.BARE)
def value(chart: Chart, assessment: Assessment, analyte: str) -> Value:
    """The value at the assessment, or shortly before it (`together_window`)."""
    title = chart.timeline.catalogue.analytes[analyte].title
    own = chart.last(_near(chart, assessment, analyte), analyte, f"{title} at {assessment.at}", assessment.at)
    formula = chart.timeline.catalogue.formula_of.get(analyte)
    if own.known or formula is None:
        return own
    base = value(chart, assessment, formula.source_analyte)
    assert isinstance(base, Amount)  # noqa: S101
    return computed_from(chart, formula, base, assessment.at)


@feature("assessment.numbered", ("analyte",), gives="flag", says="{0} is there as a number")
def numbered(chart: Chart, assessment: Assessment, analyte: str) -> Value:
    """Whether a number stands at the assessment, or shortly before it (`together_window`)."""
    title = chart.timeline.catalogue.analytes[analyte].title
    there = any(item.value is not None for item in _near(chart, assessment, analyte))
    return Flag(there, f"{title} {'as' if there else 'without'} a number ({assessment.at})")


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
    """Relative change from the baseline of the latest line begun before the assessment.

    Before any line, from the greatest value of the episode. Across an amount a day and a ratio to creatinine,
    between the bounds of the creatinine excreted.
    """
    now = value(chart, assessment, analyte)
    assert isinstance(now, Amount)  # noqa: S101
    begun = [line for line in chart.timeline.lines if line.start.latest < assessment.at.latest]
    if not begun:
        return chart.change(episode_baseline(chart, assessment, analyte, now), now, assessment.at)
    return chart.change(chart.baseline(begun[-1], analyte), now, assessment.at)


@feature(
    "assessment.change_in_episode",
    ("analyte",),
    gives="amount:ratio",
    says="change in {0} in this episode",
    trait=Trait.ACROSS_ASSESSMENTS,
)
def change_in_episode(chart: Chart, assessment: Assessment, analyte: str) -> Value:
    """Relative change from the greatest value of the episode, which begins after a complete remission.

    No edition says from which value a partial remission is counted; the disease is older than the line.
    """
    now = value(chart, assessment, analyte)
    assert isinstance(now, Amount)  # noqa: S101
    return chart.change(episode_baseline(chart, assessment, analyte, now), now, assessment.at)


@feature("assessment.earlier", ("response",), gives="flag", says="{0} earlier")
def earlier(chart: Chart, assessment: Assessment, wanted: str) -> Value:
    """Whether an earlier assessment had this response, and no treatment answered active disease since."""
    shown = wanted.replace("-", " ")
    certain, missing = earlier_response(chart, assessment, wanted)
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

    Those count that had the response without a break; one reported without a number gives none to rise from.
    """
    shown = wanted.replace("-", " ")
    title = chart.timeline.catalogue.analytes[analyte].title
    values: list[Amount] = []
    open_before: tuple[Missing, ...] = ()
    for other in reversed(chart.timeline.assessments[: assessment.index]):
        choice = chart.response_at(other.index)
        if wanted not in choice.options:
            break
        measured = value(chart, other, analyte)
        assert isinstance(measured, Amount)  # noqa: S101
        open_before += choice.missing if len(choice.options) > 1 else ()
        if len(choice.options) > 1 and (measured.low is not None or measured.high is not None):
            return Flag(None, f"{shown} just before is not known", choice.missing)
        values.append(measured)
    numbers = [m for m in values if m.low is not None or m.high is not None]
    if not values or (open_before and not numbers):
        return Flag(False, f"no {shown} with a number just before")
    values = numbers or values
    now = value(chart, assessment, analyte)
    assert isinstance(now, Amount)  # noqa: S101
    form = limit.forms["ratio"].exact
    assert form is not None  # noqa: S101
    changes = [chart.change(measured, now, assessment.at) for measured in values]
    if open_before and any(moved.high is None or moved.high > form for moved in changes):
        return Flag(None, f"{shown} just before is not known", open_before)
    if any(moved.low is not None and moved.low > form for moved in changes):
        return Flag(True, f"{title} risen by more than {limit.first.text} within {shown}")
    if all(moved.high is not None and moved.high <= form for moved in changes):
        return Flag(False, f"{title} not risen by more than {limit.first.text} within {shown}")
    missing = [item for moved in changes for item in moved.missing]
    return Flag(None, f"a rise of {title} within {shown} is not known", gather(missing))
