"""The record as it is written: the public format, and the source of its JSON Schema."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from nephroline.shapes import Shape
from nephroline.version import RECORD_FORMAT

Time = str | dict[str, list[str]]
"""An ISO date, an offset (``4 mo``, ``P4M``), or ``{between: [8 mo, 10 mo]}``."""


class Row(Shape, frozen=True, kw_only=True):
    """What every row may carry: the place in the source, the text as printed, and a note.

    `entered_in_error: true`: struck out in the chart; it is kept and told, and not used.
    """

    cite: str = ""
    printed: str = ""
    note: str = ""
    entered_in_error: bool = False


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


class SingleDose(Shape, frozen=True, kw_only=True):
    """One dose, given once."""

    at: Time
    amount: str


class ExposureRow(Row, frozen=True, kw_only=True):
    """One drug, or one of a class, at one dose over one interval; a dose change is a new row.

    `to: unknown`: it has ended, or may have, and nobody knows when; left out, it goes on. `doses`: single
    doses, in the place of `dose`, `from` and `to`. `for`: what it is given for, if not for this disease.
    `taken`: whether it was taken as prescribed. `unlisted: true`: the catalogue may not have such a drug;
    with `class` it counts as one of that class.
    """

    drug: str
    start: Time | None = msgspec.field(name="from", default=None)
    end: Time | None = msgspec.field(name="to", default=None)
    dose: str | None = None
    doses: list[SingleDose] = []
    trough_target: str | None = None
    stopped_for: str | None = None
    purpose: str | None = msgspec.field(name="for", default=None)
    taken: Literal["yes", "no", "partly", "unknown"] | None = None
    kind: str | None = msgspec.field(name="class", default=None)
    as_printed: bool = False
    unlisted: bool = False


class ReactionRow(Row, frozen=True, kw_only=True):
    """An adverse reaction to a drug, for which it is not to be given again."""

    drug: str
    at: Time
    what: str = ""


class ProcedureRow(Row, frozen=True, kw_only=True):
    """Something done to the patient."""

    name: str
    at: Time


class ObservationRow(Row, frozen=True, kw_only=True):
    """What was observed at one time; each analyte of the catalogue is a further field.

    `as_printed: true`: the values stand in the source as they are written here. One that looks like a slip
    of the unit is used then; one that is impossible is kept and not used.
    """

    at: Time
    reported: bool = False
    as_printed: bool = False


class RecordFile(Shape, frozen=True, kw_only=True):
    """One patient's chart. Absent and ``unknown`` mean the same; nothing is ever defaulted.

    `unread`: what the chart held that nobody could read, or did; every answer says so.
    """

    format: int = RECORD_FORMAT
    id: str
    sex: str | None = None
    age: str | None = None
    birth_date: str | int | None = None
    time_zero: str = "presentation"
    ethnicity: str | None = None
    weight: str | None = None
    height: str | None = None
    source: str = ""
    notes: list[str] = []
    unread: list[str] = []
    conditions: list[dict[str, Any]] = []
    findings: dict[str, Any] = {}
    biopsies: list[dict[str, Any]] = []
    observations: list[dict[str, Any]] = []
    exposures: list[dict[str, Any]] = []
    procedures: list[dict[str, Any]] = []
    reactions: list[dict[str, Any]] = []
