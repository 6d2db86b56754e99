"""Read a record: from its public format to a checked `Record`, all problems reported at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from nephroline.catalogue import Catalogue, load_catalogue, spelling
from nephroline.errors import RecordError, did_you_mean, quoted
from nephroline.record.agreement import contradictions
from nephroline.record.conditions import implied
from nephroline.record.giving import GivingReader
from nephroline.record.heading import HeadReader
from nephroline.record.models import (
    Assertion,
    Biopsy,
    Condition,
    Exposure,
    Fault,
    Procedure,
    Record,
)
from nephroline.record.observing import UNKNOWN
from nephroline.record.shapes import (
    AssertionRow,
    BiopsyRow,
    ConditionRow,
    ProcedureRow,
    ReactionRow,
    RecordFile,
)
from nephroline.record.times import Clock
from nephroline.shapes import fit
from nephroline.version import RECORD_FORMAT
from nephroline.yamlfile import Document, FieldPath, mapping, read_bytes, read_file

RecordSource = str | Path | bytes | Mapping[str, Any] | Document
"""A path, the bytes of a YAML or JSON document, or data already read."""


def read_record(source: RecordSource, catalogue: Catalogue | None = None) -> Record:
    """Read one patient's chart.

    A scenario is accepted too: its `record` is taken.

    Raises:
        RecordError: with every problem found, each naming file, line, field and remedy.
    """
    document = open_document(source)
    path: FieldPath = ()
    if {"scenario", "record"} <= set(mapping(document.data)):
        path = ("record",)
    return record_at(document, path, catalogue or load_catalogue())


def open_document(source: RecordSource) -> Document:
    """Read a record or scenario file as data with places. Raises: RecordError."""
    if isinstance(source, Document):
        return source
    if isinstance(source, Mapping):
        return Document(_plain(dict(source), 0), "record")
    if isinstance(source, bytes):
        return read_bytes(source, "input", RecordError)
    if isinstance(source, Record):
        raise RecordError.of(
            "a record that was read cannot be changed", "pass its file, its text or its data"
        )
    return read_file(Path(source), str(source), RecordError)


def record_at(document: Document, path: FieldPath, catalogue: Catalogue) -> Record:
    """Read the record that stands at *path* of a document. Raises: RecordError."""
    data: Any = document.data
    for step in path:
        data = data[step]
    if not isinstance(data, dict):
        raise RecordError([document.problem(path, "expected a record: a mapping with `id`")])
    return _RecordReader(document, path, catalogue).record(data)  # pyright: ignore[reportUnknownArgumentType]


def _plain(value: Any, depth: int) -> Any:
    """Bring data given by a caller to what the YAML reader yields: numbers become text."""
    if depth > 40:
        raise RecordError.of("the record is nested too deeply", "flatten it")
    if isinstance(value, Mapping):
        return {str(k): _plain(v, depth + 1) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list | tuple):
        return [_plain(v, depth + 1) for v in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, date):
        return value.isoformat()[:10]
    return str(value)  # pyright: ignore[reportUnknownArgumentType]


class _RecordReader(HeadReader):
    """Reads one record, collecting problems; one use."""

    def record(self, data: Mapping[str, Any]) -> Record:
        head = fit(self.document, self.path, data, RecordFile, self.problems)
        if head is None:
            raise RecordError(self.problems)
        if head.format < 1:
            self.complain(("format",), f"{head.format} is no format", f"formats go from 1 to {RECORD_FORMAT}")
        if head.format > RECORD_FORMAT:
            newer = f"the record is of format {head.format}, and this version reads up to {RECORD_FORMAT}"
            self.complain(("format",), newer, "install a newer version of Nephroline")
        self.clock = Clock(self.catalogue.units, self.time_zero(head))
        observations = [
            found for i, row in enumerate(head.observations) for found in self.observations(i, row)
        ]
        observations += self.head_observations(head)
        age = self.age(head)
        giving = GivingReader(self)
        exposures = giving.exposures(head.exposures)
        record = Record(
            id=head.id,
            clock=self.clock,
            sex=self.sex(head.sex),
            age_zero=None if isinstance(age, tuple) else age,
            age_between=age if isinstance(age, tuple) else None,
            conditions=_ordered(self._conditions(head.conditions)),
            assertions=_ordered(self._assertions(head.findings)),
            biopsies=_ordered(self.each("biopsies", head.biopsies, BiopsyRow, self._biopsy)),
            observations=_ordered(observations),
            exposures=tuple(sorted(set(exposures), key=_exposure_key)),
            procedures=_ordered(self.each("procedures", head.procedures, ProcedureRow, self._procedure)),
            reactions=_ordered(self.each("reactions", head.reactions, ReactionRow, giving.reaction)),
            unlisted=tuple(sorted(set(giving.unlisted), key=repr)),
            faults=_ordered([*(Fault(text, self._zero) for text in head.unread), *self.faults]),
        )
        self.problems += contradictions(record, self.document, self.path, self.catalogue)
        if self.problems:
            raise RecordError(self.problems)
        return record

    # -- rows ----------------------------------------------------------------------------------

    def _conditions(self, rows: list[dict[str, Any]]) -> list[Condition]:
        """The conditions of a chart, and those that are there because they are."""
        found = self.each("conditions", rows, ConditionRow, self._condition)
        return [*found, *implied(found, self.catalogue)]

    def _condition(self, path: FieldPath, row: ConditionRow) -> Condition | None:
        label = self.catalogue.label_names.get(spelling(row.name))
        if label is not None:
            self._keep_label(path, label, row.at, present=row.present)
            return None
        if row.unlisted and spelling(row.name) not in self.catalogue.condition_names:
            self.keep_unlisted(path, row.name, row.at)
            return None
        name = self.known((*path, "name"), "condition", row.name, self.catalogue.condition_names)
        at = self.moment((*path, "at"), row.at)
        state = None if row.control == UNKNOWN else row.control
        if state is not None and state not in self.catalogue.states:
            self.complain(
                (*path, "control"),
                f"{quoted(state)} is not accepted",
                did_you_mean(
                    state,
                    self.catalogue.states,
                    see="accepted: " + ", ".join(self.catalogue.states),
                ),
            )
        if row.unlisted and at is not None:
            self.listed_all_the_same(row.name, at)
        present = None if row.present == UNKNOWN else bool(row.present)
        return Condition(name, at, present, state, row.cite) if name and at else None

    def _assertions(self, findings: Mapping[str, Any]) -> list[Assertion]:
        """The `findings` of a record, which are assertions here: rules conclude findings."""
        found: list[Assertion] = []
        for name, raw in findings.items():
            path: FieldPath = ("findings", name)
            label = self.catalogue.label_names.get(spelling(name))
            if label is None and name not in self.catalogue.assertions:
                self.complain(
                    path,
                    f"unknown finding {quoted(name)}",
                    did_you_mean(
                        name,
                        self.catalogue.assertions,
                        see="known: " + ", ".join(self.catalogue.assertions),
                    ),
                )
                continue
            rows: list[tuple[FieldPath, Any]] = (
                [((*path, i), item) for i, item in enumerate(raw)] if isinstance(raw, list) else [(path, raw)]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            )
            for where, item in rows:
                row = fit(self.document, (*self.path, *where), item, AssertionRow, self.problems)
                if row and label is not None:
                    self._keep_label(where, label, row.at, present=row.value)
                    continue
                at = self.moment((*where, "at"), row.at) if row else None
                if row and at and row.entered_in_error:
                    self.strike(name, at)
                elif row and at:
                    found.append(Assertion(name, row.value, at, row.cite))
        return found

    def _keep_label(self, path: FieldPath, label: str, at: Any, *, present: bool | str) -> None:
        """Keep a label that a clinician wrote, as an entry that is not used: the course decides."""
        moment = self.moment((*path, "at"), at)
        if moment is not None:
            said = f"{'' if present is True else 'not '}{self.catalogue.labels[label].title}"
            told = f"label in the chart: {said} ({moment}): not used, the course decides"
            self.faults.append(Fault(told, moment, dated=True))

    def _biopsy(self, path: FieldPath, row: BiopsyRow) -> Biopsy | None:
        at = self.moment((*path, "at"), row.at)
        diagnosis = None
        if row.diagnosis is not None and row.diagnosis != UNKNOWN:
            diagnosis = self.known(
                (*path, "diagnosis"), "diagnosis", row.diagnosis, self.catalogue.diagnosis_names
            )
        if row.glomeruli is not None and not 0 <= row.glomeruli <= 500:
            self.complain((*path, "glomeruli"), f"{row.glomeruli} is not a possible number of glomeruli")
        if row.glomeruli == 0 and diagnosis is not None:
            self.complain(
                (*path, "diagnosis"),
                "a biopsy without glomeruli cannot carry a diagnosis",
                "remove the diagnosis, or correct the number of glomeruli",
            )
        return Biopsy(at, row.glomeruli, diagnosis, row.variant, row.cite) if at else None

    def _procedure(self, path: FieldPath, row: ProcedureRow) -> Procedure | None:
        at = self.moment((*path, "at"), row.at)
        return Procedure(row.name, at, row.cite) if at else None


def _ordered(items: list[Any]) -> tuple[Any, ...]:
    """Sort by time then content, and drop repeats: the order and repeats of rows mean nothing."""
    return tuple(sorted(set(items), key=lambda item: (item.at.sort_key, repr(item))))


def _exposure_key(item: Exposure) -> tuple[Any, ...]:
    return (item.start.sort_key, item.drug, repr(item))
