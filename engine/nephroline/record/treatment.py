"""What was given up to one decision time: courses of drugs, and the lines of therapy that they make.

An exposure that starts, changes or stops exactly at as-of is what the consultation is about, and is not seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property

import msgspec

from nephroline.catalogue import Catalogue
from nephroline.exact import Fraction
from nephroline.record.models import Exposure
from nephroline.record.times import Moment


class Windows(msgspec.Struct, frozen=True):
    """How near in time things must be to belong together (days); each pathway states them.

    `gap`: the longest pause inside one course. `handover`: the longest overlap of two lines that is
    not a line of its own. `together`: how old a value may be to count with an assessment.
    `current`: how old a value may be to count as the state now.
    """

    gap: Fraction
    handover: Fraction
    together: Fraction
    current: Fraction


class Course(msgspec.Struct, frozen=True, gc=False):
    """Continuous use of one drug: dose changes and short gaps bridged. `end` None: running."""

    drug: str
    start: Moment
    end: Moment | None
    rows: tuple[Exposure, ...]


class Line(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A line of therapy: the longest interval with one set of immunosuppressants.

    `end` None: running at as-of. `rows` are the exposures of its agents and adjuncts. `doubtful` are
    those adjuncts that would be agents if their dose, which is not known, were high.
    """

    number: int
    drugs: tuple[str, ...]
    adjuncts: tuple[str, ...]
    start: Moment
    end: Moment | None
    rows: tuple[Exposure, ...]
    stopped_for: str | None = None
    doubtful: tuple[str, ...] = ()

    @property
    def current(self) -> bool:
        """Whether it runs at as-of."""
        return self.end is None


class Treatment(msgspec.Struct, frozen=True, eq=False, dict=True):
    """The view of what a record says was given, at `as_of`."""

    given: tuple[Exposure, ...]
    catalogue: Catalogue
    as_of: Moment
    windows: Windows

    @cached_property
    def exposures(self) -> tuple[Exposure, ...]:
        """Exposures begun before as-of; an end at or after as-of is not visible."""
        return tuple(
            e
            if e.end is not None and e.end.latest < self.as_of.latest
            else msgspec.structs.replace(e, end=None, stopped_for=None)
            for e in self.given
            if e.start.latest < self.as_of.latest
        )

    @cached_property
    def courses(self) -> tuple[Course, ...]:
        """Continuous use of each drug, in order of start."""
        by_drug: dict[str, list[Exposure]] = defaultdict(list)
        for row in self.exposures:
            by_drug[row.drug].append(row)
        found: list[Course] = []
        for drug, rows in by_drug.items():
            group: list[Exposure] = []
            for row in rows:
                last = group[-1].end if group else None
                if group and last is not None and row.start.earliest - last.latest > self.windows.gap:
                    found.append(Course(drug, group[0].start, last, tuple(group)))
                    group = []
                group.append(row)
            found.append(Course(drug, group[0].start, group[-1].end, tuple(group)))
        return tuple(sorted(found, key=lambda c: (c.start.sort_key, c.drug)))

    @cached_property
    def running(self) -> Mapping[str, Exposure]:
        """The exposure of each drug in use at as-of; a pause at its start does not end a course."""
        return {c.drug: c.rows[-1] for c in self.courses if c.end is None}

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Lines of therapy in order."""
        return _lines(self)

    @cached_property
    def line(self) -> Line | None:
        """The line that runs at as-of."""
        return self.lines[-1] if self.lines and self.lines[-1].current else None


# -- lines of therapy --------------------------------------------------------------------------------


NOT_STOPPED = "not-stopped"
"""The stop reason of a line that runs, or whose agents all go on into the next line."""


class _Segment(msgspec.Struct):
    """A stretch of time in which no exposure changes."""

    start: Moment
    end: Moment | None
    agents: frozenset[str]
    adjuncts: frozenset[str]
    doubtful: frozenset[str]


def _lines(treatment: Treatment) -> tuple[Line, ...]:
    courses = [c for c in treatment.courses if c.drug in treatment.catalogue.immunosuppressants]
    segments = _merge(_handovers(_merge(_segments(treatment, courses)), treatment.windows.handover))
    lines: list[Line] = []
    for segment in segments:
        if not segment.agents:
            continue
        rows = tuple(
            row
            for course in courses
            if course.drug in segment.agents | segment.adjuncts
            for row in course.rows
            if (segment.end is None or row.start.latest < segment.end.latest)
            and (row.end is None or row.end.latest > segment.start.latest)
        )
        lines.append(
            Line(
                len(lines) + 1,
                tuple(sorted(segment.agents)),
                tuple(sorted(segment.adjuncts)),
                segment.start,
                segment.end,
                rows,
                _stop_reason(segment, courses),
                tuple(sorted(segment.doubtful)),
            )
        )
    return tuple(lines)


def _stop_reason(segment: _Segment, courses: Sequence[Course]) -> str | None:
    """Why the line ended: `not-stopped` when all its agents go on into the next line."""
    if segment.end is None:
        return None
    ended = [
        course
        for course in courses
        if course.drug in segment.agents
        and course.end is not None
        and segment.start.latest < course.end.latest <= segment.end.latest
    ]
    if not ended:
        return NOT_STOPPED
    reasons = sorted(c.rows[-1].stopped_for or "" for c in ended if c.rows[-1].stopped_for)
    return reasons[0] if reasons else None


def _segments(treatment: Treatment, courses: Sequence[Course]) -> list[_Segment]:
    edges: dict[Fraction, Moment] = {}
    for course in courses:
        for row in course.rows:
            for moment in (row.start, row.end):
                if moment is not None:
                    edges.setdefault(moment.latest, moment)
    days = sorted(edges)
    found: list[_Segment] = []
    for i, day in enumerate(days):
        end = edges[days[i + 1]] if i + 1 < len(days) else None
        active = [c for c in courses if c.start.latest <= day and (c.end is None or day < c.end.latest)]
        found.append(_Segment(edges[day], end, *_split(treatment.catalogue, active, day)))
    return found


def _split(
    catalogue: Catalogue, active: Sequence[Course], day: Fraction
) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Tell the agents of a line from its adjuncts, by the catalogue's classes; and the doubtful adjuncts.

    A course of a class that can be an adjunct is one when another immunosuppressant runs beside it
    and its dose is low, not known, or a remainder of an earlier line.
    """
    agents = {c.drug for c in active}
    adjuncts: set[str] = set()
    doubtful: set[str] = set()
    for course in active:
        kind = catalogue.class_of_lines(course.drug)
        limits = kind.adjunct_up_to
        others = [c for c in active if not catalogue.class_of_lines(c.drug).adjunct_up_to]
        if not limits or not others:
            continue
        beside = {catalogue.class_of_lines(c.drug).id for c in others}
        if len(beside) == 1 and catalogue.counted(course.drug, kind.id) is not None:
            limits += kind.adjunct_beside.get(beside.pop(), ())
        row = next((r for r in reversed(course.rows) if r.start.latest <= day), course.rows[0])
        dose = row.dose
        low = dose is None or any(
            dose.dimension == limit.dimension
            and dose.high is not None
            and limit.high is not None
            and dose.high <= limit.high
            for limit in limits
        )
        remainder = all(course.start.latest < other.start.latest for other in others)
        if low or remainder:
            adjuncts.add(course.drug)
        if dose is None and not remainder:
            doubtful.add(course.drug)
    return frozenset(agents - adjuncts), frozenset(adjuncts), frozenset(doubtful)


def _merge(segments: Sequence[_Segment]) -> list[_Segment]:
    """Join neighbours with the same agents."""
    found: list[_Segment] = []
    for segment in segments:
        if found and found[-1].agents == segment.agents:
            found[-1] = msgspec.structs.replace(
                found[-1],
                end=segment.end,
                adjuncts=found[-1].adjuncts | segment.adjuncts,
                doubtful=found[-1].doubtful | segment.doubtful,
            )
        else:
            found.append(segment)
    return found


def _handovers(segments: Sequence[_Segment], longest: Fraction) -> list[_Segment]:
    """Give a short overlap, while one line hands over to the next, to the next line."""
    found = list(segments)
    for i in range(len(found) - 2, 0, -1):
        here, before, after = found[i], found[i - 1], found[i + 1]
        if (
            here.end is not None
            and here.end.latest - here.start.latest <= longest
            and before.agents
            and after.agents
            and here.agents == before.agents | after.agents
            and before.agents != here.agents != after.agents
        ):
            found[i + 1] = msgspec.structs.replace(after, start=here.start)
            del found[i]
    return found
