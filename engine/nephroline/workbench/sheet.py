"""The chart of the page, as it is typed, pasted or dropped: a record, a scenario, or FHIR."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from nephroline.catalogue import Catalogue
from nephroline.errors import Problem, RecordError
from nephroline.interop.fhir import Codes, is_fhir, read_fhir
from nephroline.interop.fhir.reading import Fate
from nephroline.replaying import Scenario, read_course
from nephroline.yamlfile import Document, FieldPath, mapping, read_bytes, written

_NAME = "chart"
"""How problems call it."""


class Sheet(msgspec.Struct, frozen=True):
    """A chart whose text is YAML or JSON: its data, and what is wrong with it.

    `course` is None while something is wrong. `text`: what stands in the place of the text that was given,
    where that was FHIR; then `fates` has the reading of each resource.
    """

    document: Document
    course: Scenario | None
    problems: tuple[Problem, ...] = ()
    text: str | None = None
    summary: str = ""
    fates: tuple[Fate, ...] = ()

    @property
    def kind(self) -> str:
        """What it is: a record or a scenario."""
        return "scenario" if "scenario" in mapping(self.document.data) else "record"

    @property
    def start(self) -> FieldPath:
        """The way to the record in the document."""
        return ("record",) if self.kind == "scenario" else ()

    @property
    def data(self) -> dict[str, Any]:
        """The record's own data."""
        data = mapping(self.document.data)
        return mapping(data.get("record")) if self.kind == "scenario" else data


def read_sheet(text: str, catalogue: Catalogue, codes: Codes) -> Sheet:
    """Read a chart. Raises: RecordError when it is no YAML, or no FHIR that can be read."""
    content = text.encode()
    if not text.strip():
        raise RecordError.of("the chart is empty", "open an example, or add a value or a drug")
    if text.lstrip()[:1] == "{" and is_fhir(content):
        found = read_fhir(content, catalogue, codes)
        own = written(found.record, rows=True)
        sheet = _of_document(read_bytes(own.encode(), _NAME, RecordError), catalogue)
        return msgspec.structs.replace(
            sheet, text=own, summary=found.reading.summary, fates=tuple(found.reading.fates)
        )
    return _of_document(read_bytes(content, _NAME, RecordError), catalogue)


def _of_document(document: Document, catalogue: Catalogue) -> Sheet:
    """The sheet of a document, with every problem found. Raises: RecordError when it is no mapping."""
    if not mapping(document.data):
        raise RecordError(
            [document.problem((), "expected the fields of a record", "such as `id: new-patient`")]
        )
    try:
        return Sheet(document, read_course(document, catalogue))
    except RecordError as bad:
        return Sheet(document, None, tuple(bad.problems))


def with_data(sheet: Sheet, data: Mapping[str, Any]) -> str:
    """The text of a sheet with other data of its record."""
    whole = mapping(sheet.document.data)
    return written({**whole, "record": dict(data)} if sheet.kind == "scenario" else data, rows=True)
