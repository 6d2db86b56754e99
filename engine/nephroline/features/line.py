"""Features of one line of therapy: its agents, its time, its response, its end."""

from __future__ import annotations

from nephroline.features.chart import ALL_RESPONSES, Chart
from nephroline.features.schema import feature
from nephroline.features.treatment import doubts
from nephroline.features.values import (
    Amount,
    Choice,
    Flag,
    Missing,
    Slot,
    Value,
    no_amount,
)
from nephroline.record import NOT_STOPPED, Length, Line, span_text
from nephroline.terms import Entry, Reads, Trait


def length_of(span: Length, of: str, missing: tuple[Missing, ...] = ()) -> Amount:
    """A length of time as an amount, from its least to its most; *of*: what lasts, whose dates would tell."""
    text = span_text(span.least)
    if span.most != span.least:
        text += f" to {span_text(span.most)}"
        missing = missing or (Missing(f"dates of {of}", f"the dates of {of} more exactly"),)
    return Amount(span.least, span.most, "time", text, missing)


@feature("line.current", gives="flag", says="the line is running", reads=Reads.EXPOSURES)
def current(_chart: Chart, line: Line) -> Value:
    """Whether the line is running just before as-of."""
    return Flag(
        line.current,
        f"line {line.number} " + ("is running" if line.current else f"ended at {line.end}"),
    )


@feature("line.latest_line", gives="flag", says="the line is the latest", reads=Reads.EXPOSURES)
def latest_line(chart: Chart, line: Line) -> Value:
    """Whether no later line has begun."""
    last = line.number == len(chart.timeline.lines)
    return Flag(last, "the latest line" if last else "a later line followed")


@feature(
    "line.has",
    ("agent",),
    gives="flag",
    says="the line holds {0}",
    reads=Reads.EXPOSURES,
    trait=Trait.AGENTS_OF_LINE,
)
def has(chart: Chart, line: Line, agent: str) -> Value:
    """Whether a drug, or a drug of a class, is an agent of the line (adjuncts do not count)."""
    catalogue = chart.timeline.catalogue
    if any(catalogue.belongs(drug, agent) for drug in line.drugs):
        truth: bool | None = True
    else:
        truth = None if any(catalogue.belongs(drug, agent) for drug in line.doubtful) else False
    drugs = " and ".join(catalogue.drugs[drug].title for drug in line.drugs)
    return Flag(truth, f"line {line.number} is {drugs}", doubts(chart, line) if truth is None else ())


@feature(
    "line.regimen",
    gives="choice:regimen",
    says="regimen of the line",
    reads=Reads.EXPOSURES,
    trait=Trait.AGENTS_OF_LINE,
)
def regimen(chart: Chart, line: Line) -> Value:
    """The catalogue's regimen with these agents, or `other`."""
    known = regimens_of(chart, line)
    titles = [
        chart.timeline.catalogue.regimens[name].title if name != "other" else "no listed regimen"
        for name in known
    ]
    missing = doubts(chart, line) if len(known) > 1 else ()
    return Choice(frozenset(known), " or ".join(titles), missing)


def regimens_of(chart: Chart, line: Line) -> list[str]:
    """What the line's regimen may be: more than one when a dose leaves it open."""
    catalogue = chart.timeline.catalogue
    found = [catalogue.regimen_of(frozenset({*line.drugs, *more})) for more in ((), line.doubtful)]
    return list(dict.fromkeys(regimen.id if regimen else "other" for regimen in found))


@feature("line.duration", gives="amount:time", says="time on the line", reads=Reads.EXPOSURES)
def duration(chart: Chart, line: Line) -> Value:
    """From the start of the line to its end or as-of.

    Where the dose of a drug does not tell whether it is an adjunct, its start or end may have begun a new
    line.
    """
    whole = chart.timeline.span(line.start, line.end)
    turns = [
        at
        for row in line.rows
        if row.drug in line.doubtful
        for at in (row.start, row.end)
        if at is not None and line.start.latest < at.latest < chart.timeline.end_of(line)
    ]
    if not turns:
        return length_of(whole, f"line {line.number}")
    last = max(turns, key=lambda at: at.latest)
    least = chart.timeline.span(last, line.end).least
    return length_of(Length(least, whole.most), f"line {line.number}", doubts(chart, line))


@feature("line.since_end", gives="amount:time", says="time since the line ended", reads=Reads.EXPOSURES)
def since_end(chart: Chart, line: Line) -> Value:
    """From the end of the line to as-of; none while it runs, so that no comparison holds."""
    if line.end is None:
        return no_amount("time", "not ended")
    return length_of(chart.timeline.span(line.end, None), f"line {line.number}")


@feature("line.exposure", gives="choice:exposure", says="exposure on the line", trait=Trait.EXPOSURE)
def exposure(chart: Chart, line: Line) -> Value:
    """Adequate, presumed, inadequate or unknown, by the pathway's `exposure` section."""
    return chart.exposure(line)


@feature("line.response", gives="choice:response", says="response on the line")
def response(chart: Chart, line: Line) -> Value:
    """The response at the last assessment of the line, if within `current_window` of its end or as-of."""
    judged = chart.judged(line)
    oldest = chart.timeline.end_of(line) - chart.timeline.windows.current
    if not judged or judged[-1][0].at.latest < oldest:
        why = f"the response {'now' if line.current else 'at the end of line ' + str(line.number)}"
        return Choice(ALL_RESPONSES, "not assessed", (chart.unassessed(why, line),))
    assessment, choice = judged[-1]
    return Choice(
        choice.options,
        f"{choice.text} ({assessment.at})" if "(" not in choice.text else choice.text,
        choice.missing,
    )


@feature("line.best_response", gives="choice:response", says="best response on the line")
def best_response(chart: Chart, line: Line) -> Value:
    """The best response at any assessment of the line; no assessment is unknown."""
    return chart.best_response(line)


@feature("line.relapsed", gives="flag", says="a relapse on the line")
def relapsed(chart: Chart, line: Line) -> Value:
    """Whether a relapse certainly began on the line."""
    onsets = [a for a in chart.relapses if a.line == line.number]
    return Flag(bool(onsets), f"relapse at {onsets[-1].at}" if onsets else "no relapse on the line")


@feature(
    "line.stopped_for",
    gives="choice:stop_reason",
    says="reason for stopping",
    reads=Reads.EXPOSURES,
    trait=Trait.STOP_REASON,
)
def stopped_for(chart: Chart, line: Line) -> Value:
    """Why the line was stopped; `not-stopped` while it runs or its drugs go on into the next line."""
    if line.current or line.stopped_for == NOT_STOPPED:
        return Choice(frozenset({NOT_STOPPED}), "not stopped")
    if line.stopped_for is None:
        slot = Slot(Entry.STOP_REASON, str(line.number), line.end)
        missing = Missing(f"why line {line.number} was stopped", "the reason for stopping", slot)
        return Choice(frozenset(chart.timeline.catalogue.stop_reasons), "not recorded", (missing,))
    return Choice(frozenset({line.stopped_for}), line.stopped_for.replace("-", " "))
