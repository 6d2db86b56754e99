"""The chart as it stood at one decision time: what was visible, what was given, assessments.

Facts (observations, biopsies, conditions, assertions) count up to and including as-of, what was given only
before it (see `treatment`). A fact dated between two bounds is visible once the later bound is reached.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Protocol, TypeVar

import msgspec

from nephroline.catalogue import Catalogue
from nephroline.exact import Fraction
from nephroline.record.lines import Line, lines_of
from nephroline.record.models import (
    Assertion,
    Biopsy,
    Condition,
    Exposure,
    Observation,
    Reaction,
    Record,
    Unlisted,
)
from nephroline.record.times import NEVER, Moment
from nephroline.record.treatment import Course, Treatment
from nephroline.record.windows import Windows

WEIGHT = "weight"
"""The analyte that carries between a dose per day and a dose per weight."""


class _Dated(Protocol):
    @property
    def at(self) -> Moment: ...


D = TypeVar("D", bound=_Dated)


class Length(msgspec.Struct, frozen=True, gc=False):
    """A length of time in days, between its least and its greatest possible value."""

    least: Fraction
    most: Fraction


class Assessment(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A moment with response data, and the number of the line it judges (None: untreated).

    `alone`: only what was measured at that moment counts, nothing from shortly before it.
    """

    index: int
    at: Moment
    line: int | None
    alone: bool = False


class Timeline(msgspec.Struct, frozen=True, eq=False, dict=True):
    """The view of a record at `as_of`; `stops_seen`: whether the stops of that day are (see `treatment`).

    What is inherited was worked out for a timeline that agrees with it there; see `noting`.
    """

    record: Record
    catalogue: Catalogue
    as_of: Moment
    windows: Windows
    stops_seen: bool = True
    inherited_treatment: tuple[Treatment, tuple[Line, ...]] | None = None
    inherited_assessments: tuple[Assessment, ...] | None = None
    inherited_observations: Mapping[str, Sequence[Observation]] | None = None

    def noting(self, record: Record, *, assessed: bool, analyte: str | None) -> Timeline:
        """The timeline of a record that says something else, but not of what was given.

        *assessed*: whether it may have other assessments. *analyte*: of which it has other observations.
        """
        observations = dict(self.observations)
        if analyte is not None:
            own = self._visible(item for item in record.observations if item.analyte == analyte)
            observations[analyte] = own
            if not own:
                del observations[analyte]
        assessments = None if assessed else self.assessments
        return msgspec.structs.replace(
            self,
            record=record,
            inherited_treatment=(self.treatment, self.lines),
            inherited_assessments=assessments,
            inherited_observations=observations,
        )

    @property
    def now(self) -> Fraction:
        """As-of in days from time zero."""
        return self.as_of.latest

    def _visible(self, items: Iterable[D]) -> tuple[D, ...]:
        return tuple(item for item in items if item.at.latest <= self.now)

    @cached_property
    def observations(self) -> Mapping[str, Sequence[Observation]]:
        """Visible observations of each analyte, in the order in which they had certainly happened."""
        if self.inherited_observations is not None:
            return self.inherited_observations
        found: dict[str, list[Observation]] = defaultdict(list)
        for item in self._visible(self.record.observations):
            found[item.analyte].append(item)
        return found

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Visible conditions in order."""
        return self._visible(self.record.conditions)

    def noted(self, condition: str) -> list[Condition]:
        """What is noted of one condition, in order."""
        return [entry for entry in self.conditions if entry.name == condition]

    @cached_property
    def assertions(self) -> tuple[Assertion, ...]:
        """Visible assertions in order."""
        return self._visible(self.record.assertions)

    @cached_property
    def biopsies(self) -> tuple[Biopsy, ...]:
        """Visible biopsies in order."""
        return self._visible(self.record.biopsies)

    @cached_property
    def treatment(self) -> Treatment:
        """What was given."""
        if self.inherited_treatment is not None:
            return self.inherited_treatment[0]
        weights = tuple(w for w in self.observations.get(WEIGHT, ()) if w.value is not None)
        given = self.record.exposures
        return Treatment(given, self.catalogue, self.as_of, self.windows, weights, self.stops_seen)

    @property
    def exposures(self) -> tuple[Exposure, ...]:
        """See `Treatment`."""
        return self.treatment.exposures

    @property
    def courses(self) -> tuple[Course, ...]:
        """See `Treatment`."""
        return self.treatment.courses

    @property
    def running(self) -> Mapping[str, Exposure]:
        """See `Treatment`."""
        return self.treatment.running

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Lines of therapy in order."""
        return self.inherited_treatment[1] if self.inherited_treatment else lines_of(self.treatment)

    @property
    def line(self) -> Line | None:
        """The line that runs at as-of, or may."""
        return self.lines[-1] if self.lines and self.lines[-1].current else None

    @cached_property
    def unlisted(self) -> tuple[Unlisted, ...]:
        """What may be of any class, and was given for the disease by its purpose or by why it ended."""
        begun = [item for item in self.record.unlisted if item.start.latest < self.now]
        return tuple(item for item in begun if item.end is None or item.end.earliest <= self.now)

    @cached_property
    def reactions(self) -> tuple[Reaction, ...]:
        """Visible adverse reactions in order."""
        return self._visible(self.record.reactions)

    def weight_at(self, at: Moment) -> Fraction | None:
        """The weight (g) near a time: the last one up to then, else the first after it."""
        weights = self.treatment.weights
        near = [w for w in weights if w.at.earliest <= at.latest] or weights[:1]
        return near[-1].value.exact if near and near[-1].value is not None else None

    @cached_property
    def so_far(self) -> Record:
        """The record without what as-of does not see."""
        record = self.record
        return msgspec.structs.replace(
            record,
            conditions=self.conditions,
            assertions=self.assertions,
            biopsies=self.biopsies,
            observations=self._visible(record.observations),
            exposures=self.exposures,
            procedures=self._visible(record.procedures),
            reactions=self.reactions,
            unlisted=self.unlisted,
        )

    @cached_property
    def assessments(self) -> tuple[Assessment, ...]:
        """Moments with response data, in order."""
        if self.inherited_assessments is not None:
            return self.inherited_assessments
        kinds = self.catalogue.assessed
        # How it changes is told beside the values; by itself it is no response.
        told = (i for kind in kinds for i in self.observations.get(kind.id, ()) if i.word not in kind.trends)
        times = {item.at.sort_key: item.at for item in told}
        times |= {at.sort_key: at for at in self.told_by_stops}
        ordered = [times[key] for key in sorted(times)]
        return tuple(Assessment(i, at, self._line_at(at)) for i, at in enumerate(ordered))

    @cached_property
    def told_by_stops(self) -> Mapping[Moment, str]:
        """What the reasons for stopping say of the response, where no value or report of that time does."""
        told = self.catalogue.told_by_stops
        kinds = [a.id for a in self.catalogue.assessed]
        seen = sorted(
            item.at.latest
            for kind in kinds
            for item in self.observations.get(kind, ())
            if item.value is not None or item.word is not None
        )
        found: dict[Moment, str] = {}
        for course in (*self.treatment.immunosuppression, *self.treatment.followed):
            for row in course.rows:
                word = told.get(row.stopped_for or "")
                if word is None or row.end is None or not row.end.precise:
                    continue
                near = self.windows.together
                first = bisect_left(seen, row.end.latest - near)
                if first == len(seen) or seen[first] > row.end.latest + near:
                    found.setdefault(row.end, word)
        return found

    def _line_at(self, at: Moment) -> int | None:
        begun = [line for line in self.lines if at.latest > line.start.latest]
        if not begun:
            return None
        # The one begun last: what is seen is not laid to an older one of which nobody knows when it ended.
        line = max(begun, key=lambda line: (line.start.sort_key, line.number))
        # What is seen shortly after its end, before anything else is begun, still tells of a line.
        inside = line.end is None or at.latest <= line.end.latest + self.windows.together
        return line.number if inside and at.earliest >= line.start.earliest else None

    def between(self, analyte: str, after: Fraction, up_to: Fraction) -> Sequence[Observation]:
        """Observations that had certainly happened after one day and up to another, in order."""
        days = self._days.get(analyte, ())
        return self.observations.get(analyte, ())[bisect_right(days, after) : bisect_right(days, up_to)]

    def at(self, analyte: str, moment: Moment) -> list[Observation]:
        """Observations of exactly one moment."""
        days = self._days.get(analyte, ())
        first, last = bisect_left(days, moment.latest), bisect_right(days, moment.latest)
        if first == last:
            return []
        found = self.observations[analyte][first:last]
        return [item for item in found if item.at.earliest == moment.earliest]

    def measured(self, moment: Moment) -> bool:
        """Whether a number by which a response is judged stands at exactly one moment."""
        return any(
            item.value is not None for kind in self.catalogue.assessed for item in self.at(kind.id, moment)
        )

    @cached_property
    def _days(self) -> Mapping[str, Sequence[Fraction]]:
        return {name: [item.at.latest for item in items] for name, items in self.observations.items()}

    @cached_property
    def precise(self) -> frozenset[str]:
        """The analytes of which every observation has one point in time."""
        return frozenset(
            name for name, items in self.observations.items() if all(item.at.precise for item in items)
        )

    @cached_property
    def in_one_form(self) -> frozenset[str]:
        """The analytes of which all values are of one form, such as an amount a day."""
        return frozenset(
            name
            for name, items in self.observations.items()
            if len({item.value.dimension for item in items if item.value is not None}) <= 1
        )

    def in_line(self, line: Line, analyte: str) -> list[Observation]:
        """Observations that tell how the line went: after its start, up to its end."""
        found = self.between(analyte, line.start.latest, self.end_of(line))
        return [item for item in found if item.at.earliest >= line.start.earliest]

    def before(self, days: Fraction, analyte: str) -> Sequence[Observation]:
        """Observations up to and including a day."""
        return self.between(analyte, -NEVER, days)

    def span(self, start: Moment, end: Moment | None) -> Length:
        """The time from *start* to *end*, or to as-of."""
        last = end or self.as_of
        return Length(
            max(last.earliest - start.latest, Fraction(0)),
            max(last.latest - start.earliest, Fraction(0)),
        )

    def end_of(self, line: Line) -> Fraction:
        """The day the line ended, or as-of."""
        return line.end.latest if line.end else self.now
