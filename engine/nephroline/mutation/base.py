"""What a consultation of the unchanged pathway looked at: what no change touches comes out the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, partial
from typing import Any

import msgspec

from nephroline.backends import backend
from nephroline.consultation import Run, decided
from nephroline.consultation.judges import SeenAt
from nephroline.features import Chart, Threshold
from nephroline.lang import Atom, Decide, Deciders, Look, Seen
from nephroline.pathway import Pathway
from nephroline.record import Line, Moment, Record


class LookedAt(msgspec.Struct, frozen=True):
    """An atom that was looked at: of which chart and line or assessment, and how it came out."""

    chart: Chart
    subject: Any
    seen: Seen


class _Noting(Deciders):
    """Deciders that note what is asked of them."""

    def __init__(self, thresholds: Mapping[str, Threshold]) -> None:
        super().__init__(thresholds)
        self.asked: dict[Atom, list[LookedAt]] = {}

    def _decider(self, atom: Atom) -> Decide:
        decide = super()._decider(atom)

        def noting(chart: Chart, subject: Any) -> Seen:
            seen = decide(chart, subject)
            self.asked.setdefault(atom, []).append(LookedAt(chart, subject, seen))
            return seen

        return noting


class Base(msgspec.Struct, frozen=True, dict=True):
    """A consultation of the unchanged pathway, with every atom that it looked at.

    `alternatives`: something could be done instead; what comes after the choice is asked again of each.
    """

    run: Run
    alternatives: bool
    asked: Mapping[Atom, list[LookedAt]]

    @cached_property
    def standing(self) -> frozenset[str]:
        """The rules that hold, or may."""
        run = self.run
        return frozenset(
            rule.id
            for rule in run.pathway.rules.values()
            if any(run.settled(rule, subject) is not False for subject in run.subjects(rule.scope))
        )

    def again(self, clauses: Iterable[str]) -> bool:
        """Whether one of some clauses is asked again for what could be done instead."""
        return self.alternatives and not self._late.isdisjoint(clauses)

    @cached_property
    def _late(self) -> frozenset[str]:
        return frozenset(clause.id for stratum in self.run.pathway.late_strata for clause in stratum)

    @cached_property
    def drugs(self) -> frozenset[str]:
        """The drugs that the chart names."""
        return frozenset(exposure.drug for exposure in self.run.chart.timeline.record.exposures)

    @cached_property
    def assessed(self) -> list[Look]:
        """How atoms come out at each assessment, with what was known before, and by its own values alone."""
        chart, pathway = self.run.chart, self.run.pathway
        return [
            SeenAt(pathway, one, chart, {})
            for assessment in chart.timeline.assessments
            for one in (assessment, msgspec.structs.replace(assessment, alone=True))
        ]

    @cached_property
    def exposed(self) -> list[Look]:
        """How atoms come out on each line."""
        return [partial(self._on, line) for line in self.run.chart.timeline.lines]

    def _on(self, line: Line, atom: Atom) -> Seen:
        return self.run.pathway.deciders[atom](self.run.chart, line)


class Bases:
    """Consults the unchanged pathway, one time after the other."""

    def __init__(self, pathway: Pathway) -> None:
        self._pathway = msgspec.structs.replace(pathway)
        self._noting = _Noting(pathway.thresholds)
        vars(self._pathway)["deciders"] = self._noting

    def of(self, record: Record, moment: Moment) -> Base:
        """What a consultation looks at."""
        self._noting.asked = {}
        run, decision = decided(record, self._pathway, moment, backend("reference"), stops_seen=False)
        return Base(run, bool(decision.alternatives), dict(self._noting.asked))
