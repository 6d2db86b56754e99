"""The record as it is written: the public format, and the source of its JSON Schema."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from nephroline.shapes import Shape
from nephroline.version import RECORD_FORMAT

Time = str | dict[str, list[str]]
"""An ISO date, an offset (``4 mo``, ``P4M``), or ``{between: [8 mo, 10 mo]}``."""


class Row(Shape, frozen=True, kw_only=True):
    """What every row may carry: the place in the source, the text as printed, and a note."""

    cite: str = ""
    printed: str = ""
    note: str = ""


class ConditionRow(Row, frozen=True, kw_only=True):
    """A condition; `present: false` says that it is not there, `unknown` that it is no longer known.

    `unlisted: true`: the catalogue has no such condition; it is kept, and no rule reads it.
    """

    name: str
    at: Time
    control: str | None = None
    present: bool | Literal["unknown"] = True
    unlisted: bool = False


class AssertionRow(Row, frozen=True, kw_only=True):
    """An assertion by a clinician."""

    value: bool
    at: Time


class BiopsyRow(Row, frozen=True, kw_only=True):
    """A kidney biopsy."""

    at: Time
    glomeruli: int | None = None
    diagnosis: str | None = None
    variant: str | None = None
    description: dict[str, str] = {}


class ExposureRow(Row, frozen=True, kw_only=True):
    """One drug at one dose over one interval; a dose change is a new row.

    `unlisted: true`: the catalogue has no such drug; it is kept, and no rule reads it.
    """

    drug: str
    start: Time = msgspec.field(name="from")
    end: Time | None = msgspec.field(name="to", default=None)
    dose: str | None = None
    trough_target: str | None = None
    stopped_for: str | None = None
    as_printed: bool = False
    unlisted: bool = False


class ProcedureRow(Row, frozen=True, kw_only=True):
    """Something done to the patient."""

    name: str
    at: Time


class ObservationRow(Row, frozen=True, kw_only=True):
    """What was observed at one time; each analyte of the catalogue is a further field."""

    at: Time
    reported: bool = False


class RecordFile(Shape, frozen=True, kw_only=True):
    """One patient's chart. Absent and ``unknown`` mean the same; nothing is ever defaulted."""

    format: int = RECORD_FORMAT
    id: str
    sex: str | None = None
    age: str | None = None
    birth_date: str | None = None
    time_zero: str = "presentation"
    ethnicity: str | None = None
    weight: str | None = None
    height: str | None = None
    source: str = ""
    notes: list[str] = []
    conditions: list[dict[str, Any]] = []
    findings: dict[str, Any] = {}
    biopsies: list[dict[str, Any]] = []
    observations: list[dict[str, Any]] = []
    exposures: list[dict[str, Any]] = []
    procedures: list[dict[str, Any]] = []
