"""Features of one line of therapy: its agents, its time, its response, its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nephroline.features.chart import ALL_RESPONSES, Chart
from nephroline.features.episodes import onsets
from nephroline.features.schema import feature
from nephroline.features.treatment import regimen_of, stops_open, unnamed_open
from nephroline.features.values import (
    Amount,
    Choice,
    Flag,
    Missing,
    Slot,
    Threshold,
    Value,
    gather,
    no_amount,
)
from nephroline.record import NOT_STOPPED, Length, Line, Moment, span_text
from nephroline.terms import Entry, Reads, Trait


def length_of(span: Length, of: str, missing: tuple[Missing, ...] = (), *, begun: str = "") -> Amount:
    """A length of time as an amount, from its least to its most; *of*: what lasts, whose dates would tell.

    *begun*: which of several it is; a datum is called the same whenever that was.
    """
    text = span_text(span.least)
    if span.most != span.least:
        text += f" to {span_text(span.most)}"
        which = f" ({begun})" if begun else ""
        missing = missing or (Missing(f"dates of {of}", f"the dates of {of}{which} more exactly"),)
    return Amount(span.least, span.most, "time", text, missing)


def named(chart: Chart, line: Line) -> str:
    """A line by its drugs."""
    return " + ".join(chart.timeline.catalogue.title(drug) for drug in line.drugs)


@feature("line.current", gives="flag", says="the line is running", reads=Reads.EXPOSURES)
def current(chart: Chart, line: Line) -> Value:
    """Whether the line is running just before as-of."""
    if line.running is None:
        return Flag(
            None, f"whether line {line.number} is running is not known", stops_open(chart, line.rows[-1:])
        )
    return Flag(
        line.running,
        f"line {line.number} " + ("is running" if line.running else f"ended at {line.end}"),
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
    return _agents(chart, line, agent, any)


@feature(
    "line.only",
    ("agent",),
    gives="flag",
    says="the line is {0} alone",
    reads=Reads.EXPOSURES,
    trait=Trait.AGENTS_OF_LINE,
)
def only(chart: Chart, line: Line, agent: str) -> Value:
    """Whether every agent of the line is a drug, or of a class (adjuncts do not count)."""
    return _agents(chart, line, agent, all)


@feature(
    "line.given_beside", ("agent",), gives="flag", says="{0} given during the line", reads=Reads.EXPOSURES
)
def given_beside(chart: Chart, line: Line, agent: str) -> Value:
    """Whether a drug, or one of a class, was given at any time while the line ran, for whatever reason.

    One of which the time is not known, so that it may have been, leaves it unknown.
    """
    timeline = chart.timeline
    title = timeline.catalogue.title(agent)
    rows = [row for row in timeline.exposures if timeline.catalogue.belongs(row.drug, agent)]
    until = line.end.latest if line.end else timeline.now
    perhaps = [
        row
        for row in rows
        if row.start.earliest < until and (row.end is None or row.end.latest > line.start.earliest)
    ]
    for row in perhaps:
        if row.start.latest < until and (row.end is None or row.end.earliest > line.start.latest):
            return Flag(True, f"{chart.called(row)} given from {row.start}")
    if perhaps:
        missing = tuple(Missing(f"dates of {title}", f"when {chart.called(r)} was given") for r in perhaps)
        return Flag(None, f"whether {title} was given during line {line.number} is not known", missing)
    return Flag(False, f"no {title} during line {line.number}")


def _agents(chart: Chart, line: Line, agent: str, each: Callable[[Iterable[bool]], bool]) -> Flag:
    catalogue = chart.timeline.catalogue
    own = [catalogue.belongs(drug, agent) for drug in line.drugs]
    perhaps = [a or catalogue.may_belong(drug, agent) for a, drug in zip(own, line.drugs, strict=True)]
    names = {row.drug: row.name for row in line.rows if row.name}
    drugs = " and ".join(names.get(drug) or catalogue.drugs[drug].title for drug in line.drugs)
    told = f"line {line.number} is {drugs}"
    if each(own) or not each(perhaps):
        return Flag(each(own), told)
    unnamed = [row for row in line.rows if catalogue.may_belong(row.drug, agent)]
    return Flag(None, told, unnamed_open(unnamed))


@feature(
    "line.regimen",
    gives="choice:regimen",
    says="regimen of the line",
    reads=Reads.EXPOSURES,
    trait=Trait.AGENTS_OF_LINE,
)
def regimen(chart: Chart, line: Line) -> Value:
    """The catalogue's regimen with these agents, or `other`."""
    known = regimen_of(chart, line)
    return Choice(frozenset({known.id if known else "other"}), known.title if known else "no listed regimen")


@feature("line.duration", gives="amount:time", says="time on the line", reads=Reads.EXPOSURES)
def duration(chart: Chart, line: Line) -> Value:
    """From the start of the line to its end or as-of."""
    return length_of(chart.timeline.span(line.start, line.end), named(chart, line), begun=line.begun)


@feature("line.since_end", gives="amount:time", says="time since the line ended", reads=Reads.EXPOSURES)
def since_end(chart: Chart, line: Line) -> Value:
    """From the end of the line to as-of; none while it runs, so that no comparison holds."""
    if line.end is None:
        return no_amount("time", "not ended")
    return length_of(chart.timeline.span(line.end, None), named(chart, line), begun=line.begun)


@feature("line.since_relapse", gives="flag", says="begun since the last relapse")
def since_relapse(chart: Chart, line: Line) -> Value:
    """Whether no relapse began after the start of the line: it is the answer to the last one, or to none."""
    after = [onset for onset in onsets(chart) if onset.at.latest > line.start.earliest]
    if not after:
        return Flag(True, f"no relapse since line {line.number} was begun")
    if any(onset.sure and onset.at.earliest > line.start.latest for onset in after):
        return Flag(False, f"line {line.number} was begun before the last relapse")
    missing = gather(item for onset in after for item in onset.missing)
    return Flag(None, f"whether a relapse came since line {line.number} was begun is not known", missing)


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


@feature("line.assessed", gives="flag", says="the line was assessed")
def assessed(chart: Chart, line: Line) -> Value:
    """Whether any assessment of the line is there, by a value or in words, whatever it tells."""
    judged = chart.judged(line)
    if judged:
        return Flag(True, f"assessed at {judged[-1][0].at}")
    return Flag(False, "no assessment")


@feature("line.best_response", gives="choice:response", says="best response on the line")
def best_response(chart: Chart, line: Line) -> Value:
    """The best response at any assessment of the line; no assessment is unknown."""
    return chart.best_response(line)


@feature("line.relapsed", gives="flag", says="a relapse on the line")
def relapsed(chart: Chart, line: Line) -> Value:
    """Whether a relapse began on the line."""
    on = [onset for onset in onsets(chart) if onset.assessment.line == line.number]
    sure = [onset.assessment.at for onset in on if onset.sure]
    if sure:
        return Flag(True, f"relapse at {sure[-1]}")
    if on:
        return Flag(None, f"a relapse at {on[-1].assessment.at} is not certain", on[-1].missing)
    return Flag(False, "no relapse on the line")


@feature(
    "line.stopped_for",
    gives="choice:stop_reason",
    says="reason for stopping",
    reads=Reads.EXPOSURES,
    trait=Trait.STOP_REASON,
)
def stopped_for(chart: Chart, line: Line) -> Value:
    """Why the line was stopped; `not-stopped` while it runs or its drugs go on into the next line."""
    if line.running or line.stopped_for == NOT_STOPPED:
        return Choice(frozenset({NOT_STOPPED}), "not stopped")
    if line.stopped_for is None:
        slot = Slot(Entry.STOP_REASON, str(line.number), line.end)
        missing = Missing(line.why_stopped, "the reason for stopping", slot)
        return Choice(frozenset(chart.timeline.catalogue.stop_reasons), "not recorded", (missing,))
    return Choice(frozenset({line.stopped_for}), line.stopped_for.replace("-", " "))


@feature(
    "line.seen_throughout",
    ("threshold:time",),
    gives="flag",
    says="no longer than {0} on the line without an assessment",
)
def seen_throughout(chart: Chart, line: Line, longest: Threshold) -> Value:
    """Whether the line was assessed often enough to tell that no remission was missed; else it is unknown."""
    before = line.start.latest
    for assessment, _ in chart.judged(line):
        if assessment.at.earliest - before > longest.days:
            since = chart.timeline.record.clock.about(before, chart.timeline.as_of.label)
            why = f"the response between {since} and {assessment.at}"
            return Flag(
                None, f"no assessment for more than {longest.first.text}", (Missing("response", why),)
            )
        before = assessment.at.latest
    return Flag(True, f"assessed at least every {longest.first.text}")


def seen_after(chart: Chart, line: Line, given: Callable[[Moment], Amount], least: Threshold) -> Flag:
    """Whether the last assessment of a line came after so long *given* by its day; else it is unknown."""
    judged = chart.judged(line)
    if judged:
        last = judged[-1][0].at
        found = given(last)
        if found.low is not None and found.low >= least.days:
            return Flag(True, f"assessed {last}, after {found.text}")
        if found.high is not None and found.high >= least.days:
            return Flag(None, f"assessed {last}, after {found.text}", found.missing)
    why = "the response now" if line.end is None else f"the response at the end of the course {line.begun}"
    return Flag(None, f"not assessed after {least.first.text}", (chart.unassessed(why, line),))
