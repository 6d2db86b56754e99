"""What rules conclude, and on whose authority."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from nephroline.catalogue import Catalogue, RegimenDose
from nephroline.terms import (
    About,
    Action,
    Certainty,
    Confidence,
    Direction,
    Outcome,
    ReassessFrom,
    Severity,
    StatementKind,
    Strength,
)


class Statement(msgspec.Struct, frozen=True):
    """What a source printed. `confidence` is that of the text, `grade_confidence` that of its grade."""

    source: str
    kind: StatementKind
    id: str
    strength: Strength
    certainty: Certainty
    confidence: Confidence
    grade_confidence: Confidence
    reviewed: str = ""

    @property
    def grade(self) -> str:
        """KDIGO's grade such as 2B; empty when the statement is not graded."""
        return (
            f"{self.strength}{self.certainty.letter}"
            if self.certainty.letter and self.strength in "12"
            else ""
        )


class TaperStage(msgspec.Struct, frozen=True):
    """A stage of a taper, by names of thresholds; see `TaperEntry`."""

    by: str | None
    every: tuple[str, ...]
    down_to: str | None = None
    most: str | None = None
    over: str | None = None
    in_all: str | None = None
    within: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The thresholds that it names."""
        alone = (self.by, self.down_to, self.most, self.over, self.in_all, self.within)
        return (*self.every, *(name for name in alone if name))


class Recommend(msgspec.Struct, frozen=True):
    """A recommendation."""

    action: Action
    regimen: str | None
    keep: bool
    title: str
    detail: str
    dose: Mapping[str, RegimenDose]
    preference: int
    reassess: str | None
    silent: bool
    rechallenge: bool
    before_first_dose: bool = False
    agent: str | None = None
    direction: Direction | None = None
    ends: bool = False
    reassess_from: ReassessFrom | None = None
    answers: bool = False
    about: About = About.LINE
    taper: tuple[TaperStage, ...] = ()
    spares: str | None = None
    urgent: bool = False
    last_resort: bool = False

    @property
    def of_line(self) -> bool:
        """Whether it competes to be what is done with the line of therapy, or with a course beside it."""
        return self.action.of_line and self.about is not About.BESIDE

    def names(self, catalogue: Catalogue) -> Iterator[str]:
        """The thresholds of its doses and times, those of its regimen among them."""
        for dose in self.dose.values():
            yield from (*dose.amount, *([dose.most] if dose.most else []))
        if self.reassess:
            yield self.reassess
        for stage in self.taper:
            yield from stage.names
        if self.regimen:
            yield from catalogue.regimens[self.regimen].thresholds


class Block(msgspec.Struct, frozen=True):
    """Regimens that are out: one by name, or all that contain an agent.

    `before_first_dose`: what it rests on is looked at before the first dose. While that is unknown the line
    stands, is not certain and asks for it; what would come instead is not followed. `adjunct`: the agent is
    out as an adjunct alone, and a regimen that has it beside its agents is begun without.
    """

    regimen: str | None
    agent: str | None
    until: str
    before_first_dose: bool = False
    adjunct: bool = False


class Alert(msgspec.Struct, frozen=True):
    """Something to notice."""

    severity: Severity
    detail: str


class FindingOf(msgspec.Struct, frozen=True):
    """A conclusion: this finding is earned; about a line, it may settle the line's outcome.

    `outcome_of`: only if this drug or class is an agent of the line.
    """

    id: str
    outcome: Outcome | None = None
    outcome_of: str | None = None


Conclusion = Recommend | Block | Alert | FindingOf
