"""The course of a patient over time: what a picture of it shows, before anybody draws it.

Times are days from time zero, values are in the unit of their panel. What was reported in words stays
words; what is known only between two times, or between two values, stays between them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from nephroline.catalogue import Analyte, Catalogue
from nephroline.consultation import Consultation
from nephroline.exact import Fraction
from nephroline.pathway import Pathway
from nephroline.quantities import decimal_text
from nephroline.record import Exposure, Moment, Observation, Record
from nephroline.replaying import Deed, Replayed
from nephroline.terms import Response


class Point(msgspec.Struct, frozen=True, gc=False):
    """A value, a range of values (`low` None: from nothing), or a word, at a time or between two."""

    start: float
    end: float
    low: float | None
    high: float | None
    word: str
    text: str
    when: str
    reported: bool = False
    cite: str = ""

    @property
    def value(self) -> float | None:
        """The value, when it is a single one."""
        return self.high if self.low == self.high else None


class Limit(msgspec.Struct, frozen=True):
    """A threshold of the pathway, where it cuts a panel."""

    value: float
    text: str
    title: str


class Panel(msgspec.Struct, frozen=True):
    """One analyte in one unit."""

    analyte: str
    title: str
    unit: str
    points: tuple[Point, ...]
    limits: tuple[Limit, ...]

    @property
    def numbers(self) -> list[Point]:
        """What was measured."""
        return [point for point in self.points if not point.word]


class Bar(msgspec.Struct, frozen=True):
    """A drug at one dose over a time; `end` None: no stop is recorded."""

    drug: str
    start: float
    end: float | None
    dose: str
    text: str
    line_drug: bool


class Event(msgspec.Struct, frozen=True):
    """Something that happened: a biopsy, a condition, a procedure."""

    start: float
    end: float
    kind: str
    text: str
    when: str


class ResponseStretch(msgspec.Struct, frozen=True):
    """A stretch of one response."""

    start: float
    end: float
    response: Response


class DecisionPoint(msgspec.Struct, frozen=True):
    """What the rules said at a time, and what was done. `again`: later times with the same answer."""

    number: int
    day: float
    when: str
    answer: Consultation
    deeds: tuple[Deed, ...] = ()
    again: tuple[str, ...] = ()


class DrawnCourse(msgspec.Struct, frozen=True):
    """All that is drawn; `begin` and `end` bound it in days, and `month` is the length of one.

    `undecided`: how many dated times of a long record were not consulted about.
    """

    replayed: Replayed
    begin: float
    end: float
    month: float
    panels: tuple[Panel, ...]
    bars: tuple[Bar, ...]
    events: tuple[Event, ...]
    phases: tuple[ResponseStretch, ...]
    decisions: tuple[DecisionPoint, ...]
    undecided: int = 0

    @property
    def title(self) -> str:
        """What the scenario calls itself."""
        return self.replayed.scenario.title

    @property
    def pathway(self) -> Pathway:
        """The pathway that answered."""
        return self.replayed.pathway


def course_of(replayed: Replayed) -> DrawnCourse:
    """The course of a replayed scenario."""
    record, pathway = replayed.scenario.record, replayed.pathway
    days = [float(moment.latest) for moment in (*record.moments(), *(step.at for step in replayed.steps))]
    begin, end = min([0.0, *days]), max([1.0, *days])
    return DrawnCourse(
        replayed,
        begin,
        end,
        float(pathway.catalogue.units["mo"].factor),
        tuple(_panels(record, pathway, begin)),
        tuple(_bars(record, pathway.catalogue, begin)),
        tuple(_events(record, pathway.catalogue, begin)),
        tuple(_phases(replayed, end)),
        tuple(_decisions(replayed)),
        max(len(record.moments()) - len(replayed.steps), 0),
    )


# -- what was observed -------------------------------------------------------------------------------


def _panels(record: Record, pathway: Pathway, begin: float) -> Iterator[Panel]:
    """A panel for each charted analyte and drug level, and each form of it that does not convert."""
    catalogue = pathway.catalogue
    for analyte in catalogue.analytes.values():
        seen = [o for o in record.observations if o.analyte == analyte.id]
        about = [o for o in record.observations if catalogue.analytes[o.analyte].speaks_of == analyte.id]
        drawn = analyte.charted or analyte.level_of is not None
        if not drawn or not (seen or about):
            continue
        for number, dimension in enumerate(_forms(analyte, seen)):
            code = _unit(analyte, seen, dimension, catalogue)
            factor = catalogue.units[code].factor
            points = [
                point
                for item in sorted((*seen, *about), key=lambda o: o.at.sort_key)
                if (point := _point(item, analyte, catalogue, dimension, factor, begin)) is not None
                and not (number and point.word)
            ]
            limits = [
                Limit(float(cut / factor), f"{decimal_text(cut / factor, 2)} {code}", limit.title)
                for limit in pathway.depends.levels(analyte.id)
                if (cut := limit.cut(dimension, analyte)) is not None
            ]
            yield Panel(analyte.id, analyte.title, code, tuple(points), tuple(limits))


def _unit(analyte: Analyte, seen: Sequence[Observation], dimension: str, catalogue: Catalogue) -> str:
    """The unit of a form that the chart itself uses most; where it uses none of ours, the preferred one."""
    ours = [code for code in analyte.units if catalogue.units[code].dimension == dimension]
    written = Counter(item.value.text.partition(" ")[2] for item in seen if item.value is not None)
    return max(ours, key=lambda code: written[code])


def _forms(analyte: Analyte, seen: Sequence[Observation]) -> list[str]:
    """The dimensions to draw: one, unless values were measured in forms that do not convert."""
    met = dict.fromkeys(item.value.dimension for item in seen if item.value is not None)
    found: list[str] = []
    for dimension in analyte.dimensions:
        reached = any(analyte.convert(Fraction(1), dimension, other) is not None for other in found)
        if dimension in met and not reached:
            found.append(dimension)
    return found or [analyte.dimensions[0]]


def _point(
    item: Observation, analyte: Analyte, catalogue: Catalogue, dimension: str, factor: Fraction, begin: float
) -> Point | None:
    start, end = _span(item.at, begin)
    title = catalogue.analytes[item.analyte].title
    text = f"{title} {item.text} ({item.at}{', as reported' if item.reported else ''})"
    if item.value is None:
        if item.word is None:
            return None
        return Point(start, end, None, None, item.text, text, str(item.at), item.reported, item.cite)
    low, high = (
        None if bound is None else analyte.convert(bound, item.value.dimension, dimension)
        for bound in (item.value.low, item.value.high)
    )
    if low is None and high is None:
        return None
    bounds = [None if bound is None else float(bound / factor) for bound in (low, high)]
    return Point(start, end, bounds[0], bounds[1], "", text, str(item.at), item.reported, item.cite)


def _span(at: Moment, begin: float) -> tuple[float, float]:
    return max(float(at.earliest), begin), max(float(at.latest), begin)


# -- what was given, and what happened ---------------------------------------------------------------


def _bars(record: Record, catalogue: Catalogue, begin: float) -> Iterator[Bar]:
    for row in sorted(record.exposures, key=lambda e: (e.start.sort_key, e.drug)):
        drug = catalogue.drugs[row.drug]
        end = None if row.end is None else float(row.end.latest)
        yield Bar(
            drug.title,
            max(float(row.start.earliest), begin),
            end,
            row.dose.text if row.dose else "",
            _given(row, drug.title),
            row.drug in catalogue.immunosuppressants,
        )


def _given(row: Exposure, title: str) -> str:
    until = f"to {row.end}" if row.end is not None else "no stop recorded"
    parts = [
        row.dose.text if row.dose else "dose not given",
        f"from {row.start} {until}",
        f"target trough {row.trough_target.text}" if row.trough_target else "",
        f"stopped for {row.stopped_for.replace('-', ' ')}" if row.stopped_for else "",
    ]
    return f"{title}, {', '.join(part for part in parts if part)}"


def _events(record: Record, catalogue: Catalogue, begin: float) -> Iterator[Event]:
    for biopsy in record.biopsies:
        shown = catalogue.diagnoses[biopsy.diagnosis].title if biopsy.diagnosis else "no diagnosis"
        count = "" if biopsy.glomeruli is None else f", {biopsy.glomeruli} glomeruli"
        yield Event(*_span(biopsy.at, begin), "biopsy", f"biopsy: {shown}{count}", str(biopsy.at))
    for condition in record.conditions:
        title = catalogue.conditions[condition.name].title
        how = {True: condition.state or "yes", False: "no", None: "no longer known"}[condition.present]
        yield Event(*_span(condition.at, begin), "condition", f"{title}: {how}", str(condition.at))
    for procedure in record.procedures:
        name = procedure.name.replace("_", " ").replace("-", " ")
        yield Event(*_span(procedure.at, begin), "procedure", name, str(procedure.at))


# -- how it went -------------------------------------------------------------------------------------


def _phases(replayed: Replayed, end: float) -> Iterator[ResponseStretch]:
    """Responses from the assessment that showed them to the one that showed another."""
    found: list[ResponseStretch] = []
    for step in replayed.steps:
        status = step.consultation.status
        since = status.since.offset_days if status.since else float(step.at.latest)
        if found and found[-1].response is status.response:
            continue
        if found:
            found[-1] = msgspec.structs.replace(found[-1], end=max(since, found[-1].start))
        found.append(ResponseStretch(since, end, status.response))
    return (phase for phase in found if phase.response not in (Response.UNKNOWN, Response.UNTREATED))


def _decisions(replayed: Replayed) -> list[DecisionPoint]:
    """Every decision time; a time with the same answer as the one before, and no deed, is told with it."""
    found: list[DecisionPoint] = []
    for step in replayed.steps:
        deeds = tuple(deed for deed in replayed.deeds if deed.at == step.at.label)
        if found and not deeds and _same(found[-1].answer, step.consultation):
            found[-1] = msgspec.structs.replace(found[-1], again=(*found[-1].again, step.at.label))
            continue
        number = len(found) + 1
        found.append(DecisionPoint(number, float(step.at.latest), step.at.label, step.consultation, deeds))
    return found


def _same(one: Consultation, two: Consultation) -> bool:
    """Whether two answers ask for the same."""
    return _said(one) == _said(two)


def _said(answer: Consultation) -> tuple[object, ...]:
    line = answer.next_line
    return (
        answer.answer.kind,
        answer.status.response,
        (line.rule, line.action, line.regimen) if line else None,
        tuple((finding.id, finding.line) for finding in answer.findings),
        tuple(alert.id for alert in answer.alerts),
        tuple(action.rule for action in answer.actions),
        tuple(blocked.regimen for blocked in answer.blocked),
    )
