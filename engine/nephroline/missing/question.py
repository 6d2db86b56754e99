"""What can be asked of a state: what is advised about the line of therapy, or whether a rule holds."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

import msgspec

from nephroline.backends import PATIENT
from nephroline.consultation import Run, Subject, decisive
from nephroline.features import Missing
from nephroline.missing.resting import Support, Supports, for_rule
from nephroline.missing.state import State
from nephroline.pathway import Rule

Reply = Hashable
"""What a question came to; two outcomes are the same when they are equal."""


class Question(Protocol):
    """Something to find out about a state."""

    def read(self, state: State) -> tuple[Reply, tuple[Missing, ...]]:
        """The outcome, with the data that could still change it."""
        ...

    def run_of(self, state: State) -> Run:
        """The run of a state that can answer."""
        ...

    def support(self, state: State, supports: Supports) -> Support:
        """What the outcome, and what could change it, rest on."""
        ...

    def live(self, start: State) -> frozenset[str] | None:
        """The thresholds on which the outcome can still turn, whatever is entered; None: any."""
        ...


class NextLine(msgspec.Struct, frozen=True):
    """What is advised about the line of therapy."""

    def read(self, state: State) -> tuple[Reply, tuple[Missing, ...]]:
        """See `Question`."""
        return state.answer

    def run_of(self, state: State) -> Run:
        """See `Question`."""
        return state.run

    def support(self, state: State, supports: Supports) -> Support:
        """See `Question`."""
        applied = (supports.of_node(node, PATIENT) for _, node, _ in state.pathway.applicability)
        return supports.of_rules(decisive(state.run, state.decision.act)).union(*applied)

    def live(self, start: State) -> frozenset[str] | None:
        """See `Question`."""
        return start.live


class RuleHolds(msgspec.Struct, frozen=True):
    """Whether a rule holds of the patient or of a line."""

    rule: Rule
    subject: Subject

    def read(self, state: State) -> tuple[Reply, tuple[Missing, ...]]:
        """See `Question`."""
        return state.settled(self.rule, self.subject)

    def run_of(self, state: State) -> Run:
        """See `Question`."""
        return state.run_for(self.rule)

    def support(self, state: State, supports: Supports) -> Support:
        """See `Question`."""
        found = supports.of_rules([(self.rule, self.subject)])
        late = state.pathway.depends.is_late(self.rule)
        return found | NextLine().support(state, supports) if late else found

    def live(self, start: State) -> frozenset[str] | None:
        """See `Question`."""
        found = for_rule(start.run_for(self.rule), self.rule, self.subject)
        if found is None or not start.pathway.depends.is_late(self.rule):
            return found
        return None if start.live is None else found | start.live
