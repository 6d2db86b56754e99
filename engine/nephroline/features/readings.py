"""How words and changes are read, of a patient, a line or an assessment."""

from __future__ import annotations

from collections.abc import Sequence

from nephroline.features.chart import Chart, possibly_last
from nephroline.features.values import (
    Amount,
    Choice,
    Flag,
    Missing,
    Slot,
    Threshold,
)
from nephroline.record import Moment, Observation
from nephroline.terms import Entry


def latest_word(chart: Chart, items: Sequence[Observation], analyte: str, at: Moment) -> Choice:
    """The last of *items* as a word; a number without a word at that moment is `not-in-words`."""
    known = chart.timeline.catalogue.analytes[analyte]
    missing = Missing(analyte, f"{known.title} in words", Slot(Entry.OBSERVATION, analyte, at))
    anything = frozenset({*known.words, "not-in-words"})
    peers = possibly_last(items)
    moments = {item.at.sort_key for item in peers}
    options = frozenset[str]()
    for moment in moments:
        here = [item for item in peers if item.at.sort_key == moment]
        spoken = frozenset(item.word for item in here if item.word is not None)
        measured = any(item.value is not None for item in here)
        options |= spoken or (frozenset({"not-in-words"}) if measured else anything)
    if not peers or options == anything:
        return Choice(anything, "not reported", (missing,))
    if options == frozenset({"not-in-words"}):
        return Choice(options, "a number, not words")
    said = next(item for item in reversed(peers) if item.word is not None)
    how = ", as reported" if said.reported else ""
    return Choice(options, f"{said.text} ({said.at}{how})", (missing,) if len(options) > 1 else ())


def risen(chart: Chart, change: Amount, words: Choice, analyte: str, limit: Threshold) -> Flag:
    """Whether a relative change exceeds a limit; without a number, a report of steadiness says no."""
    form = limit.forms["ratio"].exact
    assert form is not None  # noqa: S101
    title = chart.timeline.catalogue.analytes[analyte].title
    if change.low is not None and (change.low > form or (change.low == form and not change.low_in)):
        return Flag(True, f"{title} {change.text} (limit +{limit.first.text}, {limit.title})")
    if change.high is not None and change.high <= form:
        return Flag(False, f"{title} {change.text} (limit +{limit.first.text}, {limit.title})")
    if change.low is None and words.options <= set(chart.timeline.catalogue.analytes[analyte].steady_words):
        return Flag(False, f"{title} or renal function {words.text}")
    return Flag(None, f"whether {title} rose by more than {limit.first.text} is not known", change.missing)
