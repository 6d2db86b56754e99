"""Backends by name, and the shadow that runs two and trusts them only when they agree."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from nephroline.backends.base import Backend, Fact, Stage, Truths
from nephroline.backends.durable import Durable
from nephroline.backends.reference import Reference
from nephroline.errors import InferenceError, UsageError, did_you_mean, quoted
from nephroline.pathway import Clause


class ShadowStage(msgspec.Struct, frozen=True):
    """The same stratum twice."""

    first: Stage
    second: Stage

    def fire(self, facts: Sequence[Fact]) -> Truths:
        """Give the common answer. Raises: InferenceError when they disagree."""
        truths = self.first.fire(facts)
        if truths != self.second.fire(facts):
            raise InferenceError("durable_rules and the reference disagree; no answer is given")
        return truths


class Shadow(msgspec.Struct, frozen=True):
    """durable_rules and the reference side by side."""

    name: str = "shadow"

    def prepare(self, clauses: Sequence[Clause]) -> Stage:
        """Prepare both."""
        return ShadowStage(Durable().prepare(clauses), Reference().prepare(clauses))


BACKENDS: dict[str, Backend] = {b.name: b for b in (Durable(), Reference(), Shadow())}


def backend(name: str) -> Backend:
    """Find a backend. Raises: UsageError."""
    found = BACKENDS.get(name)
    if found is None:
        raise UsageError.of(
            f"unknown backend {quoted(name)}",
            did_you_mean(name, BACKENDS, see="known: " + ", ".join(BACKENDS)),
        )
    return found
