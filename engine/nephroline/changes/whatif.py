"""What if: the consultation as it would be, beside the one that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from nephroline.catalogue import Catalogue, load_catalogue
from nephroline.changes.edits import Changed, Edit, changed, in_order
from nephroline.consultation import Consultation, decision_time, headline
from nephroline.errors import RecordError, UsageError
from nephroline.record import Moment, Record, RecordSource, open_document, read_record, record_at
from nephroline.selecting import Among, consult
from nephroline.terms import spoken
from nephroline.yamlfile import mapping


class Difference(msgspec.Struct, frozen=True):
    """What of an answer is new and what is gone, under one heading."""

    about: str
    gone: list[str]
    new: list[str]


class Alternative(msgspec.Struct, frozen=True):
    """A record with changes: its data, its consultation, and how that differs from the one that is.

    `assumes`: drugs whose stop at the decision time or later is not seen, so that they go on in the wait.
    """

    edits: tuple[Edit, ...]
    data: Mapping[str, Any]
    consultation: Consultation
    differences: tuple[Difference, ...]
    assumes: tuple[str, ...] = ()


class WhatIf(msgspec.Struct, frozen=True):
    """The consultation that is, and some that would be."""

    base: Consultation
    alternatives: tuple[Alternative, ...]

    def to_data(self) -> dict[str, object]:
        """As plain data for JSON."""
        return {
            "base": self.base,
            "alternatives": [
                {
                    "changes": [edit.text for edit in alternative.edits],
                    "assumes": [f"{drug} goes on" for drug in alternative.assumes],
                    "differences": alternative.differences,
                    "consultation": alternative.consultation,
                }
                for alternative in self.alternatives
            ],
        }


def what_if(
    source: RecordSource,
    pathway: Among,
    alternatives: Sequence[Sequence[Edit]],
    as_of: str | Moment | None = None,
    *,
    backend_name: str = "durable",
    stops_seen: bool = True,
) -> WhatIf:
    """Consult about a record and about changed copies of it.

    Where *pathway* is None, each is asked of the pathway that fits it best: a change may be one of pathway.
    Raises: UsageError for a change that cannot be made, or after which the record is none; and as `consult`.
    """
    document = open_document(source)
    catalogue = load_catalogue() if pathway is None else pathway.catalogue
    record = read_record(document, catalogue)
    moment = decision_time(record, as_of)
    ask = partial(consult, backend_name=backend_name, stops_seen=stops_seen)
    base = ask(record, pathway, moment)
    data = mapping(document.data)
    data = mapping(data["record"]) if {"scenario", "record"} <= set(data) else data
    found: list[Alternative] = []
    for edits in alternatives:
        after, other = _changed(data, edits, record, moment, catalogue)
        answer = ask(other, pathway, after.at)
        told = tuple(differences(base, answer))
        found.append(Alternative(tuple(edits), after.data, answer, told, after.assumes))
    return WhatIf(base, tuple(found))


def _changed(
    data: Mapping[str, Any], edits: Sequence[Edit], record: Record, moment: Moment, catalogue: Catalogue
) -> tuple[Changed, Record]:
    """A changed record. Raises: UsageError that names the change after which the record is none."""

    def after(some: Sequence[Edit]) -> tuple[Changed, Record]:
        found = changed(data, some, record, moment, catalogue)
        return found, record_at(open_document(dict(found.data)), (), catalogue)

    try:
        return after(edits)
    except (RecordError, UsageError):
        ordered = in_order(edits)
        for number, edit in enumerate(ordered, start=1):
            try:
                after(ordered[:number])
            except RecordError as bad:
                first = bad.problems[0]
                raise UsageError.of(f"{edit.argument}: {first.message}", first.help) from None
        raise


def differences(before: Consultation, after: Consultation) -> list[Difference]:
    """What differs between two answers, heading by heading; nothing where they agree."""
    found: list[Difference] = []
    for about, read in _HEADINGS.items():
        old, new = read(before), read(after)
        gone = [item for item in old if item not in new]
        come = [item for item in new if item not in old]
        if gone or come:
            found.append(Difference(about, gone, come))
    return found


def _next_line(answer: Consultation) -> list[str]:
    line = answer.next_line
    if line is None:
        return [f"none: {headline(answer)}"]
    return [f"{line.title}{'' if line.certain else ' (not certain)'}"]


_HEADINGS: Mapping[str, Callable[[Consultation], list[str]]] = {
    "next line": _next_line,
    "status": lambda a: [spoken(a.status.response)],
    "pathway": lambda a: [
        a.pathway.id,
        f"{spoken(a.applicability.verdict)}: {a.applicability.because[0]}",
    ],
    "alternatives": lambda a: [line.title for line in a.alternatives],
    "findings": lambda a: [f"{f.title}{f' (line {f.line})' if f.line else ''}" for f in a.findings],
    "blocked": lambda a: [b.title for b in a.blocked],
    "alerts": lambda a: [f"{alert.severity}: {alert.title}" for alert in a.alerts],
    "actions": lambda a: [action.title for action in a.actions],
    "needs": lambda a: [need.why for need in a.needs],
    "in the chart": lambda a: a.faults,
}
