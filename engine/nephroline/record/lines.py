"""The lines of therapy that courses make.

A line is the interval with one set of agents. A class that is followed through all lines is no agent beside
others; while no other agent acts, its course is the line, from the first dose above a low one. What was given
at an imprecise time, so that nothing is sure to have run with it, is a line by itself: no combination is
asserted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from nephroline.exact import Fraction
from nephroline.record.models import Exposure
from nephroline.record.times import Moment
from nephroline.record.treatment import Course, Treatment
from nephroline.terms import Phase, spoken
from nephroline.truth import Truth

NOT_STOPPED = "not-stopped"
"""The stop reason of a line that runs, or whose agents all go on into the next line."""


class Line(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A line of therapy. `drugs` are its agents, `adjuncts` those of a followed class beside them.

    `running`: whether it runs at as-of (None: it may). `rows` are the exposures of its agents and adjuncts.
    `doubtful`: it is a line only if a dose that is not known was above a low one.
    """

    number: int
    drugs: tuple[str, ...]
    adjuncts: tuple[str, ...]
    start: Moment
    end: Moment | None
    rows: tuple[Exposure, ...]
    running: Truth
    stopped_for: str | None = None
    doubtful: bool = False

    @property
    def current(self) -> bool:
        """Whether it runs at as-of, or may."""
        return self.running is not False

    @property
    def begun(self) -> str:
        """How what is missing of it tells which it is: ``begun at 4 mo``, ``begun between 3 mo and 4 mo``."""
        at = "at " if self.start.precise and "-" not in self.start.label else ""
        return f"begun {at}{self.start}"

    @property
    def why_stopped(self) -> str:
        """What is asked where nobody wrote why it was stopped."""
        return f"why {' and '.join(map(spoken, self.drugs))} (line {self.number}) was stopped"


class _Stretch(msgspec.Struct):
    """A time with one set of agents, or with a followed class alone.

    `sure`: from when on it is certain to be a line, if that is later than its start.
    """

    start: Moment
    end: Moment | None
    agents: frozenset[str]
    alone: str = ""
    sure: Moment | None = None
    doubtful: bool = False


def lines_of(treatment: Treatment) -> tuple[Line, ...]:
    """Lines of therapy in order."""
    firm = [course for course in treatment.immunosuppression if not _floating(course)]
    floating = [course for course in treatment.immunosuppression if _floating(course)]
    stretches = _merged(_handovers(_merged(_stretches(treatment, firm)), treatment.windows.handover))
    stretches = [s for s in stretches if s.agents or s.alone]
    stretches += [_Stretch(c.start, c.end, frozenset((c.drug,))) for c in floating]
    stretches.sort(key=lambda s: (s.end is None, s.end.latest if s.end else 0, s.start.sort_key))
    return tuple(_line(i + 1, stretch, treatment) for i, stretch in enumerate(stretches))


# -- time, cut where something changes ------------------------------------------------------------


def _floating(course: Course) -> bool:
    """Whether there is no moment at which a course certainly ran."""
    return (
        course.end is not None
        and course.start.latest >= course.end.earliest
        and not (course.start.precise and course.end.precise)
    )


def _day_of_start(item: Course | Exposure) -> Fraction:
    start, end = item.start, item.end
    if end is not None and end.latest <= start.latest and not start.precise:
        return start.earliest
    return start.latest


def _days_of_end(courses: Sequence[Course]) -> dict[int, Fraction | None]:
    """When each course ends: one that may have ended when another began did so then."""
    found: dict[int, Fraction | None] = {}
    for i, course in enumerate(courses):
        end = course.end
        if end is None:
            found[i] = None
            continue
        begun = [
            day
            for j, other in enumerate(courses)
            if j != i and end.earliest <= (day := _day_of_start(other)) < end.latest
        ]
        at_once = end.latest <= course.start.latest
        found[i] = min(begun, default=end.latest + (1 if at_once else 0))
    return found


def _stretches(treatment: Treatment, courses: Sequence[Course]) -> list[_Stretch]:
    ends = _days_of_end(courses)
    now = treatment.as_of.latest
    edges: dict[Fraction, Moment] = {}
    for i, course in enumerate(courses):
        edges.setdefault(_day_of_start(course), course.start)
        end = ends[i]
        if end is not None and course.end is not None:
            exact = course.end if end == course.end.latest else Moment(end, end, course.end.label)
            edges.setdefault(end, exact)
        if course.last_given is not None:
            edges.setdefault(course.last_given.latest, course.last_given)
    for followed in treatment.followed:
        for row in followed.rows:
            edges.setdefault(_day_of_start(row), row.start)
            if row.end is not None:
                edges.setdefault(row.end.latest, row.end)
    # What goes on when another agent ends at as-of is the line from then on.
    ended = {end for end in ends.values() if end == now and treatment.stops_seen}
    # A course that began between two bounds, the later of which is as-of, has begun.
    begun = {now for course in courses if _day_of_start(course) == now and course.start.earliest < now}
    days = sorted(day for day in edges if day < now or day in ended or day in begun)
    found: list[_Stretch] = []
    for day in days:
        following = next((later for later in sorted(edges) if later > day), None)
        until = edges[following] if following is not None else None
        stretch = _Stretch(edges[day], until, (agents := _agents(courses, ends, day)))
        if not agents:
            _alone(stretch, found, treatment, day)
        if following is not None and following >= now and _goes_on(stretch, courses, treatment):
            stretch.end = None
        found.append(stretch)
    return found


def _goes_on(stretch: _Stretch, courses: Sequence[Course], treatment: Treatment) -> bool:
    """Whether what makes a stretch runs at as-of, whatever else ends or may end then."""
    own = [c for c in courses if c.drug in stretch.agents] if stretch.agents else []
    own += [c for c in treatment.followed if c.drug == stretch.alone]
    running = {c.drug for c in own if c.running is True}
    return bool(running) and running == ({*stretch.agents} or {stretch.alone})


def _agents(courses: Sequence[Course], ends: dict[int, Fraction | None], day: Fraction) -> frozenset[str]:
    """The agents of a day; one that only acts on gives way to one that was begun since."""
    active = [
        course
        for i, course in enumerate(courses)
        if _day_of_start(course) <= day and ((end := ends[i]) is None or day < end)
    ]
    return frozenset(
        course.drug
        for course in active
        if course.last_given is None
        or day < course.last_given.latest
        or not any(_day_of_start(other) > course.last_given.latest for other in active)
    )


def _alone(stretch: _Stretch, before: Sequence[_Stretch], treatment: Treatment, day: Fraction) -> None:
    """Make a stretch without agents the line of a followed class, if that is given above a low dose.

    After a line of other agents what is left of the same course is a line only at a high dose. Once it is a
    line, a taper goes on with it.
    """
    for course in treatment.followed:
        if not (_day_of_start(course) <= day and (course.end is None or day < course.end.latest)):
            continue
        rows = [r for r in course.rows if _day_of_start(r) <= day and (r.end is None or day < r.end.latest)]
        last = rows or [r for r in course.rows if _day_of_start(r) <= day][-1:]
        phases = _highest([treatment.phases(row) for row in last])
        previous = before[-1] if before else None
        goes_on = previous is not None and previous.alone == course.drug and previous.end is stretch.start
        left_over = any(s.agents and s.start.latest >= course.start.earliest for s in before)
        enough = {Phase.HIGH} if left_over else {Phase.HIGH, Phase.REDUCED}
        if not goes_on and not phases & enough:
            continue
        stretch.alone = course.drug
        stretch.doubtful = not phases <= enough
        return


def _highest(each: Sequence[frozenset[Phase]]) -> set[Phase]:
    """The phases in which a class may be that is given as several exposures at once: that of the highest."""
    rising = (Phase.LOW, Phase.REDUCED, Phase.HIGH)
    least = max((min(map(rising.index, phases)) for phases in each), default=0)
    return {phase for phases in each for phase in phases if rising.index(phase) >= least}


def _merged(stretches: Sequence[_Stretch]) -> list[_Stretch]:
    """Join neighbours of one line."""
    found: list[_Stretch] = []
    for stretch in stretches:
        last = found[-1] if found else None
        same = last is not None and last.agents == stretch.agents and last.alone == stretch.alone
        if last is None or not same or last.end is None or last.end.latest != stretch.start.latest:
            found.append(stretch)
            continue
        sure = last.sure
        if last.doubtful and not stretch.doubtful and stretch.alone:
            sure = stretch.start
        doubtful = last.doubtful and stretch.doubtful
        found[-1] = msgspec.structs.replace(last, end=stretch.end, sure=sure, doubtful=doubtful)
    return found


def _handovers(stretches: Sequence[_Stretch], longest: Fraction) -> list[_Stretch]:
    """Give a short overlap, while one line hands over to the next, to the next line."""
    found = list(stretches)
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


# -- a line ----------------------------------------------------------------------------------------


def _line(number: int, stretch: _Stretch, treatment: Treatment) -> Line:
    agents = _courses_within(stretch, treatment.immunosuppression, stretch.agents)
    beside = [row for course in treatment.followed for row in course.rows if _meets(row, stretch)]
    rows = [row for course in agents for row in course.rows if _meets(row, stretch)]
    own = beside if stretch.alone else rows
    drugs = sorted({row.drug for row in own}) if stretch.alone else sorted(stretch.agents)
    adjuncts = [] if stretch.alone else sorted({row.drug for row in beside})
    courses = agents or [c for c in treatment.followed if c.drug == stretch.alone]
    end, running = _end(stretch, courses, treatment)
    start = stretch.start
    if stretch.sure is not None:
        start = Moment(start.earliest, stretch.sure.latest, f"between {start.label} and {stretch.sure.label}")
    reason = _reason_alone(own, end) if stretch.alone else _reason(agents, end, treatment)
    every = tuple(sorted({*rows, *beside}, key=lambda row: (row.start.sort_key, row.drug, repr(row))))
    return Line(number, tuple(drugs), tuple(adjuncts), start, end, every, running, reason, stretch.doubtful)


def _courses_within(stretch: _Stretch, courses: Iterable[Course], drugs: frozenset[str]) -> list[Course]:
    return [course for course in courses if course.drug in drugs and _meets(course, stretch)]


def _meets(item: Course | Exposure, stretch: _Stretch) -> bool:
    """Whether something was given in a stretch, or may have been."""
    begins = (
        stretch.end is None
        or item.start.latest < stretch.end.latest
        or (item.start.earliest <= stretch.end.latest and not item.start.precise)
    )
    at_once = item.end is not None and item.end.latest == item.start.latest
    lasts = (
        item.end is None
        or item.end.latest > stretch.start.latest
        or (at_once and item.end.latest >= stretch.start.latest)
    )
    return begins and lasts


def _end(stretch: _Stretch, courses: Sequence[Course], treatment: Treatment) -> tuple[Moment | None, Truth]:
    """When a line ended, and whether it runs."""
    if stretch.end is None:
        return None, True
    if stretch.end.latest < treatment.as_of.latest:
        return stretch.end, False
    unsure = any(course.running is None for course in courses)
    return stretch.end, None if unsure else False


def _reason(courses: Sequence[Course], end: Moment | None, treatment: Treatment) -> str | None:
    """Why the line ended: `not-stopped` when all its agents go on into the next line, beyond a handover."""
    if end is None:
        return None
    ended = [
        course
        for course in courses
        if (last := course.last_given or course.end) is not None
        and course.end is not None
        and last.earliest <= end.latest + treatment.windows.handover
    ]
    if not ended:
        return NOT_STOPPED
    reasons = sorted({reason for c in ended if (reason := c.rows[-1].stopped_for)})
    return reasons[0] if reasons else None


def _reason_alone(rows: Sequence[Exposure], end: Moment | None) -> str | None:
    """Why a followed class was ended as a line: a reason that a taper follows still counts."""
    if end is None:
        return None
    told = list(_told(rows, end))
    goes_on = any(row.end is None or row.end.latest > end.latest for row in rows)
    if told:
        return told[-1]
    return NOT_STOPPED if goes_on else None


def _told(rows: Sequence[Exposure], end: Moment) -> Iterator[str]:
    for row in sorted(rows, key=lambda row: row.end.sort_key if row.end else end.sort_key):
        if row.stopped_for and row.end is not None and row.end.latest <= end.latest:
            yield row.stopped_for
