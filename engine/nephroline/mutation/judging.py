"""What becomes of a mutant where it could matter: what is expected there, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from nephroline.consultation import Consultation
from nephroline.consultation.run import concluding, prepare
from nephroline.errors import NephrolineError
from nephroline.mutation.apart import telling_apart
from nephroline.mutation.base import Bases
from nephroline.mutation.changes import Mutant, SmallChange
from nephroline.mutation.least import least_chart
from nephroline.mutation.trials import Trial, answer_of, failing, failing_thoroughly
from nephroline.pathway import Pathway

_KEPT = 40
"""After so many mutants, what was prepared for them is let go."""


class End(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    """It answers otherwise, and nothing that is expected says so."""
    ALIKE = "alike"
    """No scenario makes it answer otherwise, although what was changed came out otherwise somewhere."""
    UNREACHED = "unreached"
    """No scenario comes where it could matter."""


class Wanted(msgspec.Struct, frozen=True):
    """What a scenario could expect at a time, so that a mutant would not survive.

    `chart`: its record without all that is not needed for that, if the least chart was asked for.
    """

    file: str
    pathway: str
    at: str
    expect: dict[str, Any]
    chart: dict[str, Any] | None = None

    @property
    def row(self) -> dict[str, Any]:
        """The expectation as a scenario writes it."""
        return {"at": self.at, **self.expect}


class Result(SmallChange, frozen=True, kw_only=True):
    """What became of a mutant of some pathways, and by which scenario.

    `by`: the scenario and time that killed it; `failed`: what was not met; `published`: whether that is a
    published case. `wanted`: what would kill it.
    """

    pathways: tuple[str, ...]
    end: End
    by: str = ""
    failed: str = ""
    published: bool = False
    wanted: Wanted | None = None


END_ORDER = (End.KILLED, End.SURVIVED, End.ALIKE, End.UNREACHED)
"""Of what becomes of a mutant in several pathways the first counts."""

_FAULTS = (
    NephrolineError,
    AssertionError,
    LookupError,
    ArithmeticError,
    ValueError,
    TypeError,
    AttributeError,
)
"""With these a mutant that makes no sense ends."""


class MutantJudge:
    """Judges mutants of one pathway by the times of some scenarios.

    `unmet`: what the pathway itself does not meet, by which no mutant is killed.
    """

    def __init__(self, pathway: Pathway, trials: Sequence[Trial]) -> None:
        self._pathway = pathway
        self._trials = list(trials)
        self._answers: dict[tuple[int, str], Consultation] = {}
        self.unmet: dict[str, None] = {}

    def where(self, mutants: Sequence[Mutant], searching: bool) -> Iterator[tuple[Mutant, list[Trial]]]:
        """Each mutant, with the times at which it could matter.

        They are those at which something is expected of the pathway; *searching*: of any.
        """
        bases = Bases(self._pathway)
        found: list[tuple[Mutant, list[Trial]]] = [(mutant, []) for mutant in mutants]
        for i, trial in enumerate(self._trials):
            if not (trial.called if searching else trial.expected):
                continue
            missed = [] if searching else list(failing(trial, self._ours(trial), self._pathway))
            if missed:
                self.unmet.update(
                    dict.fromkeys(f"{trial.file} at {trial.moment.label}: {text}" for text in missed)
                )
                self._trials[i] = msgspec.structs.replace(trial, expected=())
                continue
            base = bases.of(trial.record, trial.moment)
            for mutant, trials in found:
                if mutant.matters(base):
                    trials.append(trial)
        for n, (mutant, trials) in enumerate(found):
            if n % _KEPT == 0:
                # Let go of what was prepared for the ones before.
                for kept in (prepare, concluding):
                    kept.cache_clear()
            yield mutant, trials

    def judged(self, mutant: Mutant, pathways: tuple[str, ...], trials: Sequence[Trial]) -> Result:
        """What becomes of a mutant at some times; of those that differ, the smallest chart is named."""
        if not trials:
            return _result(mutant, pathways, End.UNREACHED)
        changed = mutant.make()
        least: tuple[int, Wanted] | None = None
        for trial in trials:
            try:
                answer = answer_of(changed, trial.record, trial.moment)
                failed = next(failing(trial, answer, changed), "")
                apart = {} if failed else telling_apart(self._ours(trial), answer)
                if apart:
                    # Without its outlook an answer that is the same is not asked for it.
                    failed = next(failing_thoroughly(trial, changed), "")
            except _FAULTS as fault:
                failed, apart = f"no answer: {type(fault).__name__}", {}
            if failed:
                by = f"{trial.title} at {trial.moment.label}, {self._pathway.id}"
                return _result(mutant, pathways, End.KILLED, by=by, failed=failed, published=trial.published)
            if apart and (least is None or trial.size < least[0]):
                least = trial.size, Wanted(trial.file, self._pathway.id, trial.moment.label, apart)
        if least is None:
            return _result(mutant, pathways, End.ALIKE)
        return _result(mutant, pathways, End.SURVIVED, wanted=least[1])

    def _ours(self, trial: Trial) -> Consultation:
        """What the pathway answers."""
        key = id(trial.record), trial.moment.label
        found = self._answers.get(key)
        if found is None:
            found = self._answers[key] = answer_of(self._pathway, trial.record, trial.moment)
        return found


def _result(mutant: Mutant, pathways: tuple[str, ...], end: End, **fields: Any) -> Result:
    changed = {name: getattr(mutant, name) for name in SmallChange.__struct_fields__}
    return Result(**changed, pathways=pathways, end=end, **fields)


def with_least_chart(result: Result, mutant: Mutant, pathway: Pathway) -> Result:
    """A result with the least chart that would kill the mutant, if it survived."""
    wanted = result.wanted
    if wanted is None:
        return result
    chart, expect = least_chart(wanted.file, wanted.at, pathway, mutant.make())
    return msgspec.structs.replace(result, wanted=msgspec.structs.replace(wanted, chart=chart, expect=expect))
