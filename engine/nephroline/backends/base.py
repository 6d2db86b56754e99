"""What every way to infer has in common.

A stage holds the clauses of one stratum. It is given facts (one for the patient, one for each line),
in which every atom of its clauses already has a truth, and tells the truth of each clause for each
fact. What one stage concludes, the consultation adds to the facts of the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from nephroline.lang import Atom
from nephroline.pathway import Clause
from nephroline.terms import Scope

PATIENT = 0
"""The subject number of the patient; lines count from 1."""

Truths = dict[tuple[str, int], bool | None]
"""The truth of each clause (by id) for each subject (by number)."""


class Fact(msgspec.Struct, frozen=True, gc=False):
    """The truth of every atom that matters, for the patient or for one line; others are unknown."""

    scope: Scope
    subject: int
    atoms: Mapping[Atom, bool | None]


class Stage(Protocol):
    """One stratum, ready to fire."""

    def fire(self, facts: Sequence[Fact]) -> Truths:
        """Tell the truth of each clause for each fact of its scope."""
        ...


class Backend(Protocol):
    """A way to infer; the same one has the same hash, so that what it prepares is kept."""

    def __hash__(self) -> int: ...

    @property
    def name(self) -> str:
        """How it is called on the command line."""
        ...

    def prepare(self, clauses: Sequence[Clause]) -> Stage:
        """Make a stage of the clauses of one stratum."""
        ...
