"""What scenarios expect of a pathway, time by time, and whether an answer meets it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from nephroline.consultation import Consultation, consult
from nephroline.expecting import Expected, ExpectEntry, check
from nephroline.missing import thorough
from nephroline.pathway import Pathway
from nephroline.record import Moment, Record
from nephroline.replaying import decision_times, read_scenario

_Part = TypeVar("_Part", bound=Expected)


class Trial(msgspec.Struct, frozen=True):
    """A time of a scenario, and what is expected then of the pathway; `published`: of a published case.

    `called`: something is expected then, of this pathway or another.
    """

    file: str
    title: str
    record: Record
    moment: Moment
    expected: tuple[ExpectEntry, ...]
    published: bool
    called: bool

    @property
    def size(self) -> int:
        """How large the chart is: its dated facts."""
        record = self.record
        return len(record.observations) + len(record.exposures) + len(record.conditions)


def trials_of(pathway: Pathway, files: Sequence[Path]) -> list[Trial]:
    """Every decision time of some scenarios, those of published cases first.

    Raises: RecordError.
    """
    found: list[Trial] = []
    for file in files:
        scenario = read_scenario(file, pathway.catalogue)
        clock = scenario.record.clock
        for moment in decision_times(scenario):
            then = [row for row in scenario.expect if clock.read(row.at).latest == moment.latest]
            found.append(
                Trial(
                    scenario.file,
                    scenario.title,
                    scenario.record,
                    moment,
                    tuple(row for row in then if (row.pathway or scenario.pathway) == pathway.id),
                    not scenario.synthetic,
                    bool(then),
                )
            )
    return sorted(found, key=lambda trial: (not trial.published, trial.size))


def answer_of(pathway: Pathway, record: Record, at: str | Moment) -> Consultation:
    """What a pathway answers, as a replay asks it, without its outlook. Raises: as `consult`."""
    return consult(record, pathway, at, backend_name="reference", stops_seen=False)


def failing(trial: Trial, answer: Consultation, pathway: Pathway) -> Iterator[str]:
    """What an answer without its outlook fails of what is expected, whatever the outlook would say."""
    for entry in trial.expected:
        for good, text in check(_without_outlook(entry), answer, pathway.catalogue):
            if not good:
                yield text


def failing_thoroughly(trial: Trial, pathway: Pathway) -> Iterator[str]:
    """What the answer with its outlook fails, where something of the outlook is expected."""
    entries = [entry for entry in trial.expected if _without_outlook(entry) != entry]
    if not entries:
        return
    answer = thorough(trial.record, pathway, trial.moment, backend_name="reference", stops_seen=False)
    for entry in entries:
        for good, text in check(entry, answer, pathway.catalogue):
            if not good:
                yield text


def _without_outlook(entry: ExpectEntry) -> ExpectEntry:
    """The same without what an outlook can still turn: whether it is certain, what is not needed."""
    weaker = _weaker(entry)
    branches = [_weaker(branch) for branch in entry.any_of]
    return msgspec.structs.replace(weaker, any_of=[] if Expected() in branches else branches)


def _weaker(part: _Part) -> _Part:
    return msgspec.structs.replace(part, certain=None, not_needs=[])
