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
from nephroline.record.models import (
    Assertion,
    Biopsy,
    Condition,
    Exposure,
    Observation,
    Record,
)
from nephroline.record.times import Moment
from nephroline.record.treatment import Course, Line, Treatment, Windows

FAR = Fraction(1_000_000)
"""More days than any chart spans."""


class _Dated(Protocol):
    @property
    def at(self) -> Moment: ...


D = TypeVar("D", bound=_Dated)


class Length(msgspec.Struct, frozen=True, gc=False):
    """A length of time in days, between its least and its greatest possible value."""

    least: Fraction
    most: Fraction


class Assessment(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A moment with response data, and the number of the line it judges (None: untreated)."""

    index: int
    at: Moment
    line: int | None


class Timeline(msgspec.Struct, frozen=True, eq=False, dict=True):
    """The view of a record at `as_of`.

    What is inherited was worked out for a timeline that agrees with it there; see `noting`.
    """

    record: Record
    catalogue: Catalogue
    as_of: Moment
    windows: Windows
    inherited_treatment: Treatment | None = None
    inherited_assessments: tuple[Assessment, ...] | None = None

    def noting(self, record: Record, *, assessed: bool) -> Timeline:
        """The timeline of a record that says something else, but not of what was given.

        *assessed*: whether it may have other assessments.
        """
        assessments = None if assessed else self.assessments
        return Timeline(record, self.catalogue, self.as_of, self.windows, self.treatment, assessments)

    @property
    def now(self) -> Fraction:
        """As-of in days from time zero."""
        return self.as_of.latest

    def _visible(self, items: Iterable[D]) -> tuple[D, ...]:
        return tuple(item for item in items if item.at.latest <= self.now)

    @cached_property
    def observations(self) -> Mapping[str, Sequence[Observation]]:
        """Visible observations of each analyte, in the order in which they had certainly happened."""
        found: dict[str, list[Observation]] = defaultdict(list)
        for item in self._visible(self.record.observations):
            found[item.analyte].append(item)
        return found

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Visible conditions in order."""
        return self._visible(self.record.conditions)

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
        known = self.inherited_treatment
        return known or Treatment(self.record.exposures, self.catalogue, self.as_of, self.windows)

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

    @property
    def lines(self) -> tuple[Line, ...]:
        """See `Treatment`."""
        return self.treatment.lines

    @property
    def line(self) -> Line | None:
        """See `Treatment`."""
        return self.treatment.line

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
        )

    @cached_property
    def assessments(self) -> tuple[Assessment, ...]:
        """Moments with response data, in order."""
        if self.inherited_assessments is not None:
            return self.inherited_assessments
        kinds = [a.id for a in self.catalogue.analytes.values() if a.assessment]
        times = {item.at.sort_key: item.at for kind in kinds for item in self.observations.get(kind, ())}
        ordered = [times[key] for key in sorted(times)]
        return tuple(Assessment(i, at, self._line_at(at)) for i, at in enumerate(ordered))

    def _line_at(self, at: Moment) -> int | None:
        for line in reversed(self.lines):
            if at.latest > line.start.latest:
                inside = line.end is None or at.latest <= line.end.latest
                return line.number if inside and at.earliest >= line.start.earliest else None
        return None

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

    @cached_property
    def _days(self) -> Mapping[str, Sequence[Fraction]]:
        return {name: [item.at.latest for item in items] for name, items in self.observations.items()}

    def in_line(self, line: Line, analyte: str) -> list[Observation]:
        """Observations that tell how the line went: after its start, up to its end."""
        found = self.between(analyte, line.start.latest, self.end_of(line))
        return [item for item in found if item.at.earliest >= line.start.earliest]

    def before(self, days: Fraction, analyte: str) -> Sequence[Observation]:
        """Observations up to and including a day."""
        return self.between(analyte, -FAR, days)

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
