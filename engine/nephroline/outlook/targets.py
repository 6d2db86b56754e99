"""What can be asked of a state: the answer about the next line, or whether a rule holds."""

from __future__ import annotations

from typing import Protocol

import msgspec

from nephroline.backends import PATIENT
from nephroline.consultation import Subject, decisive
from nephroline.features import Missing
from nephroline.outlook import live
from nephroline.outlook.states import State
from nephroline.outlook.support import Support, Supports
from nephroline.pathway import Rule

Outcome = object
"""What a target came to; two are the same when they are equal."""


class Target(Protocol):
    """Something to find out about a state."""

    def read(self, state: State) -> tuple[Outcome, tuple[Missing, ...]]:
        """The outcome, with the data that could still change it."""
        ...

    def ready(self, state: State) -> None:
        """Make a state ready to be held against a support."""
        ...

    def repeated(self, state: State, other: State) -> None:
        """Note that all on which it rests in a state is the same in an other."""
        ...

    def support(self, state: State, supports: Supports) -> Support:
        """What the outcome, and what could change it, rest on."""
        ...

    def live(self, start: State) -> frozenset[str] | None:
        """The thresholds on which the outcome can still turn, whatever is entered; None: any."""
        ...


class NextLine(msgspec.Struct, frozen=True):
    """The answer about the next line."""

    def read(self, state: State) -> tuple[Outcome, tuple[Missing, ...]]:
        """See `Target`."""
        return state.answer

    def ready(self, state: State) -> None:
        """See `Target`."""

    def repeated(self, state: State, other: State) -> None:
        """See `Target`."""
        other.choose_like(state)

    def support(self, state: State, supports: Supports) -> Support:
        """See `Target`."""
        run = state.run
        applied = (supports.of_node(node, PATIENT) for _, node, _ in run.pathway.applicability)
        return supports.of_rules(decisive(run, state.choosing)).union(*applied)

    def live(self, start: State) -> frozenset[str] | None:
        """See `Target`."""
        return start.live


class Holds(msgspec.Struct, frozen=True):
    """Whether a rule holds of the patient or of a line."""

    rule: Rule
    subject: Subject

    def read(self, state: State) -> tuple[Outcome, tuple[Missing, ...]]:
        """See `Target`."""
        return state.settled(self.rule, self.subject)

    def ready(self, state: State) -> None:
        """See `Target`: alerts may ask what is proposed."""
        if state.run.pathway.depends.is_late(self.rule):
            _ = state.choosing

    def repeated(self, state: State, other: State) -> None:
        """See `Target`."""

    def support(self, state: State, supports: Supports) -> Support:
        """See `Target`."""
        found = supports.of_rules([(self.rule, self.subject)])
        late = state.run.pathway.depends.is_late(self.rule)
        return found | NextLine().support(state, supports) if late else found

    def live(self, start: State) -> frozenset[str] | None:
        """See `Target`."""
        found = live.for_rule(start.run, self.rule, self.subject)
        if found is None or not start.run.pathway.depends.is_late(self.rule):
            return found
        return None if start.live is None else found | start.live
