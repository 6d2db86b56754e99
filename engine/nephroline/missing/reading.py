"""What is read of a state, and what that rests on: so that a state which agrees with it need not be read."""

from __future__ import annotations

from collections.abc import Hashable
from collections.abc import Set as AbstractSet
from functools import cached_property

from nephroline.consultation import Subject, rests_on
from nephroline.features import Slot
from nephroline.lang import Atom, Seen
from nephroline.missing.question import Question
from nephroline.missing.resting import Supports
from nephroline.missing.state import State
from nephroline.pathway import Reach
from nephroline.terms import Entry


class Reading:
    """What is read of a state, and on demand what that rests on, as far as numbers can change it."""

    def __init__(self, question: Question, state: State, entered: AbstractSet[Slot]) -> None:
        self.outcome, self.missing = question.read(state)
        self._question, self._state = question, state
        self._numbers = [slot for slot in entered if slot.entry is Entry.OBSERVATION]

    @cached_property
    def _reach(self) -> Reach:
        return self._state.pathway.depends.reach((slot.entry, slot.name) for slot in self._numbers)

    @cached_property
    def _support(self) -> list[tuple[Subject, Atom, Seen]]:
        run = self._question.run_of(self._state)
        found = self._question.support(self._state, Supports(run, self._reach))
        return [(subject, atom, run.see(atom, subject)) for subject, atom, _ in found]

    @cached_property
    def _judged(self) -> Hashable:
        return self._judged_in(self._state)

    def _judged_in(self, state: State) -> Hashable:
        """How the responses are judged on which it rests: truths of responses do not form convex sets."""
        if not any(atom in self._reach.far for _, atom, _ in self._support):
            return None
        run = state.run
        since = min(slot.at.earliest for slot in self._numbers if slot.at is not None)
        return frozenset(
            (assessment.index, atom, truth)
            for assessment in run.chart.timeline.assessments
            if assessment.at.latest >= since
            for atom, truth in rests_on(run.pathway, run.chart, assessment).items()
            if atom in self._reach.judged
        )

    def holds_in(self, state: State) -> bool:
        """Whether all that it rests on is the same in a state that has other values of the same numbers."""
        run, support = self._question.run_of(state), self._support
        for i, (subject, atom, seen) in enumerate(support):
            here = run.see(atom, subject)
            if here.truth is not seen.truth or (seen.truth is None and here.missing != seen.missing):
                # What told two states apart will tell others apart: it is looked at first from now on.
                support.insert(0, support.pop(i))
                return False
        return self._judged == self._judged_in(state)
