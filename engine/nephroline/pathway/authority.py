"""A rule as an edition tells it: its own words, or those of the edition's `authority`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from nephroline.pathway.modules import Module, Stated
from nephroline.pathway.shapes import AuthorityEntry, RuleEntry, StatementEntry
from nephroline.terms import Confidence, StatementKind
from nephroline.yamlfile import Place

POLICY_SOURCE = "nephroline"
_STATEMENT = (
    "source",
    "kind",
    "id",
    "grade",
    "strength",
    "certainty",
    "confidence",
    "grade_confidence",
    "reviewed",
)


class Told(NamedTuple):
    """A rule with its statement: where the statement stands, and the module whose source it cites.

    The statement is None if one was begun that lacks its kind or confidence. `policy`: nobody states it.
    """

    entry: RuleEntry
    statement: StatementEntry | None
    place: Place
    module: Module
    policy: bool = False


def told(stated: Stated[RuleEntry], said: Sequence[Stated[AuthorityEntry]]) -> Told:
    """Put on a rule what editions and pathways say of it, one after the other.

    A rule of which nobody says who states it is a choice of this rule base, and off-guideline.
    """
    entry, statement = stated.entry, stated.entry.statement
    policy = statement is None and not any(_states(one.entry) for one in said)
    if policy:
        statement = StatementEntry(kind=StatementKind.POLICY, confidence=Confidence.POLICY)
        entry = msgspec.structs.replace(entry, on_guideline=False)
    found = Told(entry, statement, stated.place / "statement", stated.module, policy)
    for one in said:
        found = found._replace(entry=_worded(found.entry, one.entry))
        if _states(one.entry):
            found = Told(found.entry, _statement(one.entry), one.place, one.module)
    return found


def _states(said: AuthorityEntry) -> bool:
    return any(getattr(said, name) for name in _STATEMENT)


def _statement(said: AuthorityEntry) -> StatementEntry | None:
    """The statement of an authority; without its kind or confidence it is not one."""
    if said.kind is None or said.confidence is None:
        return None
    given: dict[str, Any] = {name: getattr(said, name) for name in _STATEMENT}
    return StatementEntry(**given)


def _worded(entry: RuleEntry, said: AuthorityEntry) -> RuleEntry:
    """A rule in the words of an authority."""
    own = {"title": said.title, "rationale": said.rationale, "on_guideline": said.on_guideline}
    entry = msgspec.structs.replace(entry, **{k: v for k, v in own.items() if v is not None})
    changes: dict[str, dict[str, Any]] = {
        "recommend": {
            "title": said.says,
            "detail": said.detail,
            "preference": said.preference,
            "reassess": said.reassess,
            "dose": said.dose,
            "taper": said.taper,
        },
        "block": {"until": said.until},
        "alert": {"detail": said.detail},
    }
    for field, words in changes.items():
        conclusion: Any = getattr(entry, field)
        given = {k: v for k, v in words.items() if v is not None}
        if conclusion is not None and given:
            entry = msgspec.structs.replace(entry, **{field: msgspec.structs.replace(conclusion, **given)})
    return entry
