"""Features of what is and was given to a patient, and of what is proposed."""

from __future__ import annotations

import msgspec

from nephroline.features.chart import Chart
from nephroline.features.doses import counted_amount
from nephroline.features.schema import feature
from nephroline.features.values import (
    Flag,
    Missing,
    Slot,
    Value,
    gather,
    no_amount,
    unknown_amount,
)
from nephroline.record import Line
from nephroline.terms import Entry, Reads, Trait


@feature("taking", ("agent",), gives="flag", says="taking {0}", reads=Reads.EXPOSURES, trait=Trait.IN_USE)
def taking(chart: Chart, agent: str) -> Value:
    """Whether a drug, or one of a class, is in use just before as-of. Not listed: not taken."""
    catalogue = chart.timeline.catalogue
    rows = [row for drug, row in chart.timeline.running.items() if catalogue.belongs(drug, agent)]
    if not rows:
        return Flag(False, f"not taking {catalogue.title(agent)}")
    shown = " and ".join(
        catalogue.drugs[row.drug].title + (f" {row.dose.text}" if row.dose else "") + f" since {row.start}"
        for row in sorted(rows, key=lambda row: row.drug)
    )
    return Flag(True, f"taking {shown}, no stop recorded")


@feature("dose", ("agent",), gives="amount:dose", says="dose of {0}", reads=Reads.EXPOSURES)
def dose(chart: Chart, agent: str) -> Value:
    """The dose in use just before as-of; none if it is not taken, so that no comparison holds."""
    catalogue = chart.timeline.catalogue
    rows = [row for drug, row in chart.timeline.running.items() if catalogue.belongs(drug, agent)]
    title = catalogue.title(agent)
    if not rows:
        return no_amount("mass-rate", f"not taking {title}")
    if len(rows) != 1 or rows[0].dose is None:
        slot = Slot(Entry.DOSE, rows[0].drug, rows[0].start) if len(rows) == 1 else None
        return unknown_amount("mass-rate", Missing(f"dose of {title}", f"the present dose of {title}", slot))
    found = counted_amount(chart, rows[0], agent)
    return msgspec.structs.replace(found, text=f"{found.text} since {rows[0].start}")


@feature("tried", ("regimen-or-agent",), gives="flag", says="{0} tried", reads=Reads.EXPOSURES)
def tried(chart: Chart, name: str) -> Value:
    """Whether any line so far, running or past, was this regimen, or had this drug or class as an agent."""
    catalogue = chart.timeline.catalogue
    title = _regimen_title(chart, name)
    open_doses: list[Missing] = []
    for line in chart.timeline.lines:
        sets = (frozenset(line.drugs), frozenset({*line.drugs, *line.doubtful}))
        if name in catalogue.regimens:
            given = [(r := catalogue.regimen_of(drugs)) is not None and r.id == name for drugs in sets]
        else:
            given = [any(catalogue.belongs(drug, name) for drug in drugs) for drugs in sets]
        if all(given):
            return Flag(True, f"{title} given as line {line.number}")
        if any(given):
            open_doses += doubts(chart, line)
    if open_doses:
        return Flag(None, f"whether {title} was given is not known", gather(open_doses))
    return Flag(False, f"{title} not given so far")


def doubts(chart: Chart, line: Line) -> tuple[Missing, ...]:
    """The doses that would tell whether a drug is an agent of the line or an adjunct."""
    found: list[Missing] = []
    for drug in line.doubtful:
        title = chart.timeline.catalogue.drugs[drug].title
        row = next((row for row in line.rows if row.drug == drug and row.dose is None), None)
        slot = Slot(Entry.DOSE, drug, row.start) if row else None
        found.append(Missing(f"dose of {title}", f"the dose of {title} on line {line.number}", slot))
    return tuple(found)


@feature("treated", gives="flag", says="immunosuppression was given", reads=Reads.EXPOSURES)
def treated(chart: Chart) -> Value:
    """Whether any line of therapy has begun."""
    count = len(chart.timeline.lines)
    return Flag(
        bool(count),
        f"{count} line{'s' if count > 1 else ''} of therapy so far" if count else "no line of therapy yet",
    )


@feature("on_line", gives="flag", says="a line of therapy is running", reads=Reads.EXPOSURES)
def on_line(chart: Chart) -> Value:
    """Whether a line of therapy is running just before as-of."""
    line = chart.timeline.line
    return Flag(
        line is not None,
        f"line {line.number} is running" if line else "no line of therapy is running",
    )


@feature("line_begun_since", gives="flag", says="a line was begun since the last assessment")
def line_begun_since(chart: Chart) -> Value:
    """Whether the running line was begun at or after the last assessment, and so in answer to it."""
    line, assessments = chart.timeline.line, chart.timeline.assessments
    if line is None or not assessments:
        return Flag(False, "no line was begun since the last assessment")
    last = assessments[-1].at
    if line.start.earliest >= last.earliest:
        return Flag(True, f"line {line.number} was begun after the last assessment ({last})")
    return Flag(False, f"the last assessment ({last}) is of after line {line.number} was begun")


@feature(
    "proposed",
    ("agent",),
    gives="flag",
    says="the next line holds {0}",
    reads=Reads.EXPOSURES,
    trait=Trait.AFTER_CHOICE,
)
def proposed(chart: Chart, agent: str) -> Value:
    """Whether the next line holds a drug or class. Only alerts and what is done beside it may ask."""
    catalogue = chart.timeline.catalogue
    held = any(catalogue.within(proposed, agent) for proposed in chart.proposed)
    title = catalogue.title(agent)
    return Flag(held, f"the next line {'holds' if held else 'does not hold'} {title}")


def _regimen_title(chart: Chart, name: str) -> str:
    catalogue = chart.timeline.catalogue
    return catalogue.regimens[name].title if name in catalogue.regimens else catalogue.title(name)
