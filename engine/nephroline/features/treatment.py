"""Features of what is and was given to a patient, and of what is proposed."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from nephroline.catalogue import Regimen
from nephroline.features.chart import REMISSIONS, Chart
from nephroline.features.doses import counted_amount, dose_open
from nephroline.features.episodes import begun_open, begun_within
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
from nephroline.record import Course, Exposure, Line, Reaction, Unlisted
from nephroline.terms import LOW_ONLY, Entry, Phase, Reads, Trait


@feature("taking", ("agent",), gives="flag", says="taking {0}", reads=Reads.EXPOSURES, trait=Trait.IN_USE)
def taking(chart: Chart, agent: str) -> Value:
    """Whether a drug, or one of a class, is in use just before as-of. Not listed: not taken.

    A drug that acts on after its last dose is in use for so long. One that may have ended leaves it unknown.
    """
    catalogue, treatment = chart.timeline.catalogue, chart.timeline.treatment
    rows = [row for drug, row in treatment.running.items() if catalogue.belongs(drug, agent)]
    if rows:
        shown = " and ".join(_in_use(chart, row) for row in sorted(rows, key=lambda row: row.drug))
        return Flag(True, f"taking {shown}")
    title = catalogue.title(agent)
    perhaps = [row for drug, row in treatment.perhaps_running.items() if catalogue.belongs(drug, agent)]
    if perhaps:
        return Flag(None, f"whether {title} is still taken is not known", stops_open(chart, perhaps))
    unnamed = [row for drug, row in treatment.running.items() if catalogue.may_belong(drug, agent)]
    if unnamed:
        return Flag(None, f"whether {title} is taken is not known", unnamed_open(unnamed))
    return Flag(False, f"not taking {title}")


@feature("may_be_taking", ("agent",), gives="flag", says="{0} is taken, or may be", reads=Reads.EXPOSURES)
def may_be_taking(chart: Chart, agent: str) -> Value:
    """Whether a drug, or one of a class, is in use just before as-of, or was begun and no end of it is known.

    For what is to be looked after as long as nobody says that it has ended.
    """
    catalogue, treatment = chart.timeline.catalogue, chart.timeline.treatment
    rows = [row for drug, row in treatment.perhaps_taken.items() if catalogue.belongs(drug, agent)]
    if not rows:
        return Flag(False, f"not taking {catalogue.title(agent)}")
    shown = [_in_use(chart, row) for row in sorted(rows, key=lambda row: row.drug)]
    return Flag(True, f"taking, or not known to have ended: {' and '.join(shown)}")


def _in_use(chart: Chart, row: Exposure) -> str:
    name = chart.called(row)
    given = f" {row.dose.text}" if row.dose else ""
    if row.end is not None:
        return f"{name}{given}, last given at {row.end}, which acts on"
    return f"{name}{given} since {row.start}, no stop recorded"


def stops_open(chart: Chart, rows: Iterable[Exposure]) -> tuple[Missing, ...]:
    """The stops of which is not known whether they have come."""
    drugs = chart.timeline.catalogue.drugs
    return tuple(
        Missing(f"end of {drugs[row.drug].title}", f"when {row.name or drugs[row.drug].title} was stopped")
        for row in rows
    )


def unnamed_open(rows: Iterable[Exposure | Unlisted]) -> tuple[Missing, ...]:
    """What is not known of drugs that a chart does not name, or that the catalogue does not know."""
    return tuple(
        Missing(f"which drug {row.name} was", f"which drug, or class of drugs, {row.name} was")
        for row in rows
    )


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
    """Whether a drug or class was given for this disease so far, or any line was this regimen.

    However imprecise its dates are. A class that is followed counts from above a low dose on.
    """
    timeline = chart.timeline
    catalogue, treatment = timeline.catalogue, timeline.treatment
    title = _regimen_title(chart, name)
    if name in catalogue.regimens:
        for line in timeline.lines:
            known = regimen_of(chart, line)
            if known is not None and known.id == name and not line.doubtful:
                return Flag(True, f"{title} given as line {line.number}")
        return _perhaps(chart, name, title)
    for course in treatment.immunosuppression:
        if catalogue.belongs(course.drug, name):
            return Flag(True, f"{title} given from {course.start}")
    rows = [r for course in treatment.followed for r in course.rows if catalogue.belongs(r.drug, name)]
    counted = [row for row in rows if Phase.LOW not in treatment.phases(row)]
    if counted:
        return Flag(True, f"{title} given from {counted[0].start}")
    doubtful = [row for row in rows if treatment.phases(row) != LOW_ONLY]
    if doubtful:
        return Flag(None, f"whether {title} was given is not known", dose_open(chart, doubtful))
    return _perhaps(chart, name, title)


def _perhaps(chart: Chart, name: str, title: str) -> Flag:
    """Not given; unknown if something was given that may have been it."""
    timeline = chart.timeline
    catalogue, treatment = timeline.catalogue, timeline.treatment
    agents = catalogue.regimens[name].agents if name in catalogue.regimens else (name,)
    acting = {a for a in agents if catalogue.within(a, name) or name in catalogue.regimens}
    unnamed = [
        row
        for course in (*treatment.immunosuppression, *treatment.followed)
        for row in course.rows
        if any(catalogue.may_belong(row.drug, agent) for agent in acting)
    ]
    immune = any(
        agent in catalogue.immunosuppressants
        or (agent in catalogue.classes and catalogue.classes[agent].makes_lines)
        for agent in acting
    )
    unlisted = timeline.unlisted if immune else ()
    if unnamed or unlisted:
        return Flag(None, f"whether {title} was given is not known", unnamed_open((*unnamed, *unlisted)))
    return Flag(False, f"{title} not given so far")


def regimen_of(chart: Chart, line: Line) -> Regimen | None:
    """The catalogue's regimen of a line: with what is given beside it if one names that, else its agents."""
    catalogue = chart.timeline.catalogue
    beside = frozenset((*line.drugs, *line.adjuncts))
    return catalogue.regimen_of(beside) or catalogue.regimen_of(frozenset(line.drugs))


def doubts(chart: Chart, line: Line) -> tuple[Missing, ...]:
    """The doses that would tell whether a doubtful line is one."""
    treatment = chart.timeline.treatment
    own = [row for row in line.rows if chart.timeline.catalogue.followed(row.drug)]
    return dose_open(chart, [row for row in own if Phase.LOW in treatment.phases(row)] or own)


@feature("treated", gives="flag", says="immunosuppression was given", reads=Reads.EXPOSURES)
def treated(chart: Chart) -> Value:
    """Whether any line of therapy has begun."""
    sure = [line for line in chart.timeline.lines if not line.doubtful]
    count = len(chart.timeline.lines)
    if sure:
        return Flag(True, f"{count} line{'s' if count > 1 else ''} of therapy so far")
    if count:
        return Flag(
            None, "whether a line of therapy has begun is not known", doubts(chart, chart.timeline.lines[0])
        )
    if chart.timeline.unlisted:
        return Flag(
            None, "whether a line of therapy has begun is not known", unnamed_open(chart.timeline.unlisted)
        )
    return Flag(False, "no line of therapy yet")


@feature("on_line", gives="flag", says="a line of therapy is running", reads=Reads.EXPOSURES)
def on_line(chart: Chart) -> Value:
    """Whether a line of therapy is running just before as-of."""
    line = chart.timeline.line
    if line is None:
        return Flag(False, "no line of therapy is running")
    if line.doubtful:
        return Flag(None, f"whether line {line.number} is one is not known", doubts(chart, line))
    if line.running is None:
        lacking = stops_open(chart, line.rows[-1:])
        return Flag(None, f"whether line {line.number} is running is not known", lacking)
    return Flag(True, f"line {line.number} is running")


@feature("begun_since", gives="flag", says="treatment was begun since the last assessment")
def begun_since(chart: Chart) -> Value:
    """Whether a line, or a full dose of a followed class, was begun at or after the last assessment.

    Then it is the answer to that assessment.
    """
    assessments = chart.timeline.assessments
    if not assessments:
        return Flag(False, "no treatment was begun since the last assessment")
    last = assessments[-1].at
    truth = begun_within(chart, last, chart.timeline.as_of)
    if truth is None:
        why = begun_open(chart, last, chart.timeline.as_of)
        return Flag(None, f"whether treatment was begun after the last assessment ({last}) is not known", why)
    return Flag(truth, f"{'' if truth else 'no '}treatment was begun after the last assessment ({last})")


@feature("reacted", ("agent",), gives="flag", says="an adverse reaction to {0} is charted")
def reacted(chart: Chart, agent: str) -> Value:
    """Whether an adverse reaction is charted to a drug, to one of a class, or to the class of a drug."""
    return _reaction(chart, agent)


def _reaction(chart: Chart, agent: str) -> Flag:
    catalogue = chart.timeline.catalogue
    charted = _charted(chart, agent)
    if charted is None:
        return Flag(False, f"no adverse reaction to {catalogue.title(agent)} is charted")
    what = charted.what or "adverse reaction"
    return Flag(True, f"{what} on {catalogue.drugs[charted.drug].title} ({charted.at})")


def _charted(chart: Chart, agent: str) -> Reaction | None:
    """The first charted adverse reaction to a drug, to one of a class, or to the class of a drug."""
    concerns = chart.timeline.catalogue.reaction_concerns
    return next((one for one in chart.timeline.reactions if concerns(one.drug, agent)), None)


@feature("taking_what_harmed", gives="flag", says="a drug is taken to which an adverse reaction is charted")
def taking_what_harmed(chart: Chart) -> Value:
    """Whether a drug runs to which, or to a class of which, an adverse reaction is charted.

    What is given in single doses and only acts on is not given again by that.
    """
    catalogue = chart.timeline.catalogue
    for row in chart.timeline.treatment.running.values():
        if catalogue.acting_time(row.drug) is not None:
            continue
        charted = _charted(chart, row.drug)
        if charted is not None:
            what = charted.what or "an adverse reaction"
            return Flag(True, f"{chart.called(row)}: {what} is charted ({charted.at})")
    return Flag(False, "no drug is taken to which an adverse reaction is charted")


@feature(
    "not_tolerated",
    ("agent",),
    gives="flag",
    says="{0} was not tolerated",
    trait=Trait.STOP_REASON,
)
def not_tolerated(chart: Chart, agent: str) -> Value:
    """Whether a drug or class was ended for toxicity or intolerance, or an adverse reaction is charted.

    A reason that stands at a dose which a taper follows counts. An end without a reason leaves it unknown,
    unless the disease was in remission then, or the same was given again.
    """
    timeline = chart.timeline
    catalogue, treatment = timeline.catalogue, timeline.treatment
    title = catalogue.title(agent)
    told = _reaction(chart, agent)
    if told.truth:
        return told
    missing: list[Missing] = []
    for course in (*treatment.immunosuppression, *treatment.followed):
        rows = [row for row in course.rows if catalogue.belongs(row.drug, agent)]
        for row in rows:
            if row.stopped_for in catalogue.stops_for_harm and row.end is not None and not row.end.open:
                reason = str(row.stopped_for).replace("-", " ")
                return Flag(True, f"{title} ended for {reason} ({row.end})")
        last = rows[-1] if rows else None
        ended = last is not None and last.end is not None and course.running is False
        if last is not None and ended and not any(row.stopped_for for row in rows) and not course.last_given:
            if _in_remission_at_end(chart, course) or _given_again(chart, course):
                continue
            missing.append(_why_ended(chart, course, last, title))
    if missing:
        return Flag(None, f"why {title} was ended is not recorded", gather(missing))
    return Flag(False, f"{title} not ended for harm")


def _in_remission_at_end(chart: Chart, course: Course) -> bool:
    """Whether the last assessment before the end of a course certainly shows a remission."""
    end = course.end
    if end is None:
        return False
    before = [a for a in chart.timeline.assessments if a.at.latest <= end.earliest]
    return bool(before) and chart.response_at(before[-1].index).options <= REMISSIONS


def _given_again(chart: Chart, course: Course) -> bool:
    """Whether a later course is one of the same: of the drug, or of a class that is followed."""
    treatment, end = chart.timeline.treatment, course.end
    return end is not None and any(
        other.drug == course.drug and other.start.latest > end.latest
        for other in (*treatment.immunosuppression, *treatment.followed)
    )


def _why_ended(chart: Chart, course: Course, last: Exposure, title: str) -> Missing:
    line = next((ln for ln in chart.timeline.lines if last in ln.rows and last.drug in ln.drugs), None)
    alone = line is not None and line.end is not None and last.end is not None
    slot = None
    if line is not None and alone and line.end is not None and last.end is not None:
        same = line.end.latest == last.end.latest
        slot = Slot(Entry.STOP_REASON, str(line.number), line.end) if same else None
    name = line.why_stopped if line is not None and slot else f"why {title} was stopped"
    return Missing(name, f"why {title} was stopped ({course.rows[-1].end})", slot)


@feature("not_taken", ("agent",), gives="flag", says="{0} not taken as prescribed", reads=Reads.EXPOSURES)
def not_taken(chart: Chart, agent: str) -> Value:
    """Whether the chart says, or doubts, that what is given now is not taken as prescribed."""
    catalogue = chart.timeline.catalogue
    rows = [row for drug, row in chart.timeline.running.items() if catalogue.belongs(drug, agent)]
    doubted = [row for row in rows if row.taken is not None]
    title = catalogue.title(agent)
    if doubted:
        how = {"no": "not taken", "partly": "partly taken"}.get(str(doubted[0].taken), "perhaps not taken")
        return Flag(True, f"{title} {how} since {doubted[0].start}")
    return Flag(False, f"nothing says that {title} is not taken")


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
