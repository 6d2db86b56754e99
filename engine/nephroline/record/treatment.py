"""What was given up to one decision time: exposures as they are seen, courses of drugs, courses of classes.

Decisions count only before as-of: an exposure that starts or changes exactly then is what the consultation is
about, and is not seen. The end of a drug is a fact: it is seen up to and including as-of, unless the view is
that of before the day's stops. The lines of therapy that courses make are in `lines`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import msgspec

from nephroline.catalogue import Catalogue
from nephroline.exact import Fraction
from nephroline.record.models import Exposure, Observation
from nephroline.record.phases import phases_of
from nephroline.record.times import Moment
from nephroline.record.windows import Windows
from nephroline.terms import Phase
from nephroline.truth import Truth

_Name = Callable[[Exposure], str]


def _with_end_unseen(row: Exposure) -> Exposure:
    """A row whose end is not seen; its note may tell of a stop that has a reason."""
    note = "" if row.stopped_for is not None else row.note
    return msgspec.structs.replace(row, end=None, stopped_for=None, note=note)


class Course(msgspec.Struct, frozen=True, gc=False):
    """Continuous use of one drug, or of one class that is followed: changes and short gaps bridged.

    `drug` is the drug or the class. `end` None: running. `running` None: it has ended, or goes on; then
    `end` reaches as-of. `last_given`: of a drug that acts on after its last dose, when that was.
    """

    drug: str
    start: Moment
    end: Moment | None
    rows: tuple[Exposure, ...]
    running: Truth
    last_given: Moment | None = None


class Treatment(msgspec.Struct, frozen=True, eq=False, dict=True):
    """The view of what a record says was given, at `as_of`.

    `weights` carry between doses per day and per weight. `stops_seen`: whether the stops of the day are.
    """

    given: tuple[Exposure, ...]
    catalogue: Catalogue
    as_of: Moment
    windows: Windows
    weights: tuple[Observation, ...] = ()
    stops_seen: bool = True

    @cached_property
    def exposures(self) -> tuple[Exposure, ...]:
        """Exposures begun before as-of; of an end that may have come, `end` reaches as-of.

        One that begins between two bounds is seen once the later one is reached.
        """
        begun = [row for row in self.given if self._begun(row.start)]
        return tuple(self._seen(self._bounded(row, begun)) for row in begun)

    def _bounded(self, row: Exposure, begun: Sequence[Exposure]) -> Exposure:
        """A row of which nobody knows when it ended, ended by the time when the same was begun again.

        Years later there was a pause before that; and an immunosuppressant has ended where nothing was.
        """
        if row.end is None or not row.end.open:
            return row
        name = self._course_name(row)
        later = [
            other
            for other in begun
            if other is not row
            and other.start.earliest >= row.start.latest
            and self._course_name(other) == name
        ]
        starts = [other.start.latest for other in later]
        if not later and row.drug in self.catalogue.immunosuppressants:
            starts = [self.as_of.latest]
        unnamed = self.catalogue.drugs[row.drug].unnamed
        again = [other.start.latest for other in later if other.drug == row.drug or unnamed]
        if starts and min(starts) - row.start.latest > self.windows.unknown_end:
            last = min(starts) - self.windows.gap - 1
        elif again:
            last = min(again)
        else:
            return row
        return msgspec.structs.replace(row, end=msgspec.structs.replace(row.end, latest=last))

    def _begun(self, start: Moment) -> bool:
        now = self.as_of.latest
        return start.latest < now or (start.latest == now and start.earliest < now)

    def _seen(self, row: Exposure) -> Exposure:
        end, now = row.end, self.as_of.latest
        if end is not None and not end.precise and end.latest >= now and self._changes(row):
            return _with_end_unseen(row)
        if end is None or end.latest < now:
            return row if end is not None else msgspec.structs.replace(row, stopped_for=None)
        if end.latest == now and self.stops_seen and not self._goes_on(row):
            return row
        if end.earliest >= now:
            return _with_end_unseen(row)
        reason = row.stopped_for if end.open else None
        return msgspec.structs.replace(row, end=Moment(end.earliest, now, end.label), stopped_for=reason)

    def _goes_on(self, row: Exposure) -> bool:
        """Whether the same is given on from as-of: then its end is a change of dose, and no stop."""
        now = self.as_of.latest
        return any(other.start.latest == now for other in self._of_its_course(row))

    def _changes(self, row: Exposure) -> bool:
        """Whether a row ends where another of the same begins: the dose was changed, whenever it was."""
        end = row.end
        return end is not None and any(
            other.start.sort_key == end.sort_key for other in self._of_its_course(row)
        )

    def _of_its_course(self, row: Exposure) -> Iterator[Exposure]:
        """Other rows of the same that have not ended by as-of."""
        name = self._course_name(row)
        for other in self.given:
            if other is not row and not self._over(other) and self._course_name(other) == name:
                yield other

    def _over(self, row: Exposure) -> bool:
        """Whether a row has ended by as-of, so that nothing goes on with it."""
        now = self.as_of.latest
        return row.end is not None and (row.end.latest < now or (row.end.latest == now and self.stops_seen))

    def _course_name(self, row: Exposure) -> str:
        kind = self.catalogue.class_of_lines(row.drug)
        return kind.id if kind.followed_through_lines else row.drug

    # -- courses -------------------------------------------------------------------------------

    @cached_property
    def courses(self) -> tuple[Course, ...]:
        """Continuous use of each drug, in order of start."""
        return self._courses(self.exposures, lambda row: row.drug)

    @cached_property
    def immunosuppression(self) -> tuple[Course, ...]:
        """Courses, for the disease of this chart, of the drugs that make lines beside one another."""
        rows = [row for row in self._for_this_disease if not self.catalogue.followed(row.drug)]
        return self._courses(rows, lambda row: row.drug)

    @cached_property
    def followed(self) -> tuple[Course, ...]:
        """Courses, for the disease of this chart, of the classes that are followed through all lines."""
        rows = [row for row in self._for_this_disease if self.catalogue.followed(row.drug)]
        return self._courses(rows, self._course_name)

    def course_of(self, agent: str) -> Course | None:
        """The last continuous use of a drug, or of any drug of a class, whatever it was given for."""
        rows = [row for row in self.exposures if self.catalogue.belongs(row.drug, agent)]
        found = self._courses(rows, lambda row: agent)
        return found[-1] if found else None

    @cached_property
    def _for_this_disease(self) -> list[Exposure]:
        agents = self.catalogue.immunosuppressants
        return [row for row in self.exposures if row.drug in agents and row.purpose is None]

    def _courses(self, exposures: Iterable[Exposure], name: _Name) -> tuple[Course, ...]:
        by_name: dict[str, list[Exposure]] = defaultdict(list)
        for row in exposures:
            by_name[name(row)].append(row)
        found: list[Course] = []
        for drug, rows in by_name.items():
            group: list[Exposure] = []
            for row in rows:
                if group and self._parted(group, row):
                    found.append(self._course(drug, group))
                    group = []
                group.append(row)
            found.append(self._course(drug, group))
        return tuple(sorted(found, key=lambda c: (c.start.sort_key, c.drug)))

    def _parted(self, group: Sequence[Exposure], row: Exposure) -> bool:
        """Whether the pause before a row is too long for one course."""
        ends = [self._acting_end(before) for before in group]
        if any(end is None for end in ends):
            return False
        last = max(end.latest for end in ends if end is not None)
        longest = self.windows.gap
        if self._takes_turns(row, last):
            longest = self.windows.alternation
        return row.start.earliest - last > longest

    def _takes_turns(self, row: Exposure, since: Fraction) -> bool:
        """Whether another drug of a regimen that alternates was given in the pause before a row."""
        belongs = self.catalogue.belongs
        for regimen in self.catalogue.regimens.values():
            if not any(belongs(row.drug, agent) for agent in regimen.alternating):
                continue
            for other in self.exposures:
                turn = any(belongs(other.drug, agent) for agent in regimen.alternating)
                apart = other.drug != row.drug and self._course_name(other) != self._course_name(row)
                if turn and apart and other.start.latest < row.start.latest:
                    end = self._acting_end(other)
                    if end is None or end.latest > since:
                        return True
        return False

    def _acting_end(self, row: Exposure) -> Moment | None:
        """Until when an exposure acts; None: it runs."""
        if row.end is None:
            return None
        acts = self.catalogue.acting_time(row.drug)
        if acts is None:
            return row.end
        label = f"what acts on after {row.end.label}"
        end = Moment(row.end.earliest + acts, row.end.latest + acts, label)
        return None if end.earliest >= self.as_of.latest else end

    @cached_property
    def _reached(self) -> frozenset[Moment]:
        """Imprecise ends of which the later bound is as-of: they have come."""
        ends = (row.end for row in self.given if row.end is not None and self.stops_seen)
        return frozenset(end for end in ends if end.latest == self.as_of.latest)

    def _course(self, drug: str, rows: Sequence[Exposure]) -> Course:
        ends = [self._acting_end(row) for row in rows]
        acting = any(end is None for end in ends)
        end = None if acting else max((e for e in ends if e is not None), key=lambda e: e.sort_key)
        given = [row.end for row in rows if row.end is not None]
        passive = len(given) == len(rows) and any(self.catalogue.acting_time(row.drug) for row in rows)
        last = max(given, key=lambda e: e.sort_key) if passive else None
        now = self.as_of.latest
        running: Truth = acting
        if end is not None and not end.precise and end.latest >= now and end not in self._reached:
            running = None
            end = Moment(end.earliest, now, end.label)
        return Course(drug, rows[0].start, end, tuple(rows), running, last)

    # -- now -----------------------------------------------------------------------------------

    @cached_property
    def running(self) -> Mapping[str, Exposure]:
        """The exposure of each drug in use at as-of; a pause at its start does not end a course."""
        return {c.drug: c.rows[-1] for c in self.courses if c.running is True}

    @cached_property
    def perhaps_running(self) -> Mapping[str, Exposure]:
        """The exposure of each drug that may be in use at as-of, or may have ended."""
        return {c.drug: c.rows[-1] for c in self.courses if c.running is None}

    @cached_property
    def perhaps_taken(self) -> Mapping[str, Exposure]:
        """The exposure of each drug that is, or may be, in use at as-of."""
        return {**self.perhaps_running, **self.running}

    def phases(self, row: Exposure) -> frozenset[Phase]:
        """The phases in which an exposure to a followed class may be."""
        known = self._phases
        if row not in known:
            known[row] = phases_of(row, self.catalogue, self.windows, self.weights)
        return known[row]

    @cached_property
    def _phases(self) -> dict[Exposure, frozenset[Phase]]:
        return {}
