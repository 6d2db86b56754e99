"""The tables of a cohort: what each column holds, and its type in Arrow. Data, and no more than that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import pyarrow as pa

Kind = Literal["text", "flag", "count", "texts"]

PATIENT = "patient_id"


class Column(NamedTuple):
    """A column of an input table: its name, what it holds, whether every row needs it."""

    name: str
    meaning: str
    kind: Kind = "text"
    required: bool = False


_PATIENT = Column(PATIENT, "the patient, by the id of the table `patients`", required=True)
_AT = Column("at", "when: a date, or an offset such as `10 mo`", required=True)
_UNTIL = Column("until", "where the time is not precise: no later than this")
_REST = (
    Column("entered_in_error", "struck out in the chart: kept and told, not used", "flag"),
    Column("cite", "the place in the source"),
    Column("note", "a note"),
)

PATIENTS = "patients"

HEAD: tuple[Column, ...] = (
    Column("sex", "female, male"),
    Column("age", "at time zero, with its unit: `34 years`"),
    Column("birth_date", "in the place of `age`, where time zero is a date"),
    Column("time_zero", "a date; without it times are offsets"),
    Column("ethnicity", "as charted"),
    Column("weight", "at time zero: `70 kg`"),
    Column("height", "`170 cm`"),
    Column("unread", "what of the source nobody could read; every answer says so", "texts"),
)

SECTIONS: Mapping[str, tuple[Column, ...]] = {
    "observations": (
        _AT,
        _UNTIL,
        Column("name", "the analyte, by any name that a record accepts", required=True),
        Column("value", "a number, or words; with its unit, unless that has its column", required=True),
        Column("unit", "the unit of a number"),
        Column("comparator", "<, <=, >= or > before a number"),
        Column("reported", "told by somebody, not measured here", "flag"),
        Column("as_printed", "the source prints it so: see docs/record.md", "flag"),
        *_REST,
    ),
    "exposures": (
        Column("drug", "the drug or its class, by any name that a record accepts", required=True),
        Column("from", "when it was begun, or the single dose was given", required=True),
        Column("from_until", "where its beginning is not precise: no later than this"),
        Column("to", "when it ended; `unknown`: it has ended, or may have; empty: it goes on"),
        Column("to_until", "where its end is not precise: no later than this"),
        Column("dose", "`60 mg/d`, `2 mg bid`; a number with `dose_unit`; `unknown`"),
        Column("dose_unit", "the unit of a number"),
        Column("single", "a single dose, given at `from`", "flag"),
        Column("trough_target", "`100-175 ng/mL`"),
        Column("stopped_for", "no-response, toxicity, intolerance, remission, relapse, patient-choice, plan"),
        Column("for", "what it is given for, if not for this disease"),
        Column("taken", "yes, no, partly, unknown"),
        Column("class", "the class of a drug that is not named or not listed"),
        Column("as_printed", "the source prints it so", "flag"),
        Column("unlisted", "the catalogue may not have it", "flag"),
        *_REST,
    ),
    "conditions": (
        Column("name", "the condition", required=True),
        _AT,
        _UNTIL,
        Column("present", "true (if empty), false, unknown"),
        Column("control", "controlled, uncontrolled"),
        Column("unlisted", "the catalogue may not have it", "flag"),
        *_REST,
    ),
    "biopsies": (
        _AT,
        _UNTIL,
        Column("glomeruli", "how many were seen", "count"),
        Column("diagnosis", "what it shows"),
        Column("variant", "the variant"),
        *_REST,
    ),
    "findings": (
        Column("name", "what a clinician asserts, such as secondary_cause_excluded", required=True),
        Column("value", "whether it is so", "flag", required=True),
        _AT,
        _UNTIL,
        *_REST,
    ),
    "procedures": (Column("name", "what was done", required=True), _AT, _UNTIL, *_REST),
    "reactions": (
        Column("drug", "the drug that is not to be given again", required=True),
        _AT,
        _UNTIL,
        Column("what", "what it did"),
        *_REST,
    ),
}
"""What a chart holds beside its head, each a table of its own."""

ROW_COUNT = "row"
ORIGIN = (pa.field("file", pa.string()), pa.field(ROW_COUNT, pa.int64()))
"""Where a row stands: a file, and a row of it that counts from 1 (a line, where the file has lines)."""

_TYPES: Mapping[Kind, pa.DataType] = {
    "text": pa.string(),
    "flag": pa.bool_(),
    "count": pa.int64(),
    "texts": pa.list_(pa.string()),
}


def arrow_type(column: Column) -> pa.DataType:
    """The Arrow type of a column."""
    return _TYPES[column.kind]


def kept_type(column: Column) -> pa.DataType:
    """The type in which a column is kept: text, for a cell that cannot be read is the record's to refuse."""
    return _TYPES["texts" if column.kind == "texts" else "text"]


def columns_of(table: str) -> tuple[Column, ...]:
    """The columns of an input table."""
    return (_PATIENT, *(HEAD if table == PATIENTS else SECTIONS[table]))


TABLES = (PATIENTS, *SECTIONS)


def table_schema(table: str) -> pa.Schema:
    """An input table as it is kept for the run: its columns, and where each row stands."""
    return pa.schema([*(pa.field(one.name, kept_type(one)) for one in columns_of(table)), *ORIGIN])


def _section_type(section: str) -> pa.DataType:
    fields = [pa.field(one.name, kept_type(one)) for one in SECTIONS[section]]
    return pa.list_(pa.struct([*fields, *ORIGIN]))


CHARTS = pa.schema(
    [
        *list(table_schema(PATIENTS)),
        *(pa.field(section, _section_type(section)) for section in SECTIONS),
    ]
)
"""One chart in a row: the head of a patient, and a list of rows for each section."""

_LABEL = pa.struct(
    [
        pa.field("id", pa.string()),
        pa.field("line", pa.int32()),
        pa.field("presumed", pa.bool_()),
        pa.field("since", pa.float64()),
        pa.field("since_at", pa.string()),
    ]
)
_LINE = pa.struct(
    [
        pa.field("n", pa.int32()),
        pa.field("drugs", pa.list_(pa.string())),
        pa.field("regimen", pa.string()),
        pa.field("from", pa.float64()),
        pa.field("to", pa.float64()),
        pa.field("exposure", pa.string()),
        pa.field("best_response", pa.string()),
        pa.field("outcome", pa.string()),
        pa.field("remission", pa.float64()),
    ]
)
_ACT = pa.struct([pa.field("agent", pa.string()), pa.field("act", pa.string())])
_ALERT = pa.struct([pa.field("id", pa.string()), pa.field("severity", pa.string())])
UNREADABLE = pa.schema(
    [
        pa.field(PATIENT, pa.string()),
        *ORIGIN,
        pa.field("field", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("remedy", pa.string()),
    ]
)
"""A row that nobody could read: where it stands, and why. Its patient is not judged."""

_MEANINGS: tuple[tuple[str, pa.DataType, str], ...] = (
    (PATIENT, pa.string(), "the patient"),
    ("at", pa.string(), "the decision time, as the chart tells it"),
    ("day", pa.float64(), "the same in days from time zero"),
    ("date", pa.date32(), "the same as a date, where time zero is one"),
    ("sex", pa.string(), "sex"),
    ("age", pa.float64(), "age in years; empty where it is not one number"),
    ("pathway", pa.string(), "the pathway that was asked"),
    ("edition", pa.string(), "its edition"),
    ("verdict", pa.string(), "applies, provisional or does-not-apply"),
    ("answer", pa.string(), "what kind of answer it is: next-line, continue, needs-data …"),
    ("status", pa.string(), "the response now"),
    ("status_since", pa.float64(), "the day from which it has held"),
    ("provisional", pa.bool_(), "a value that the definition of the response asks for is missing"),
    ("labels", pa.list_(_LABEL), "findings that are earned, by which line, and since which decision time"),
    ("action", pa.string(), "what to do with the line: start, continue, taper …"),
    ("regimen", pa.string(), "the regimen of that"),
    ("alternatives", pa.list_(pa.string()), "the regimens of its alternatives"),
    ("acts", pa.list_(_ACT), "what to do with each agent"),
    ("certain", pa.bool_(), "no datum that a rule of the answer asks for is missing; null without a line"),
    ("outlook", pa.string(), "not-asked: what missing data could change is told by `cohort explain`"),
    ("missing", pa.list_(pa.string()), "data that are asked for"),
    ("alerts", pa.list_(_ALERT), "alerts"),
    ("blocked", pa.list_(pa.string()), "regimens that are out"),
    ("in_chart", pa.list_(pa.string()), "entries of the chart that were kept and not used, or not read"),
    (
        "lines",
        pa.list_(_LINE),
        "lines of therapy as judged; `remission`: the day on which one was first seen",
    ),
    ("begun", pa.list_(pa.string()), "the drugs of a line that begins at this time (every change)"),
    (
        "concordance",
        pa.string(),
        "what begins, beside what was advised then; null where no line begins",
    ),
    ("delay", pa.float64(), "days for which what was begun had been advised before"),
)

RESULTS = pa.schema([pa.field(name, kind) for name, kind, _ in _MEANINGS])
"""One decision in a row."""

JUDGED = pa.schema([*RESULTS, pa.field("unreadable", pa.list_(pa.struct(list(UNREADABLE))))])
"""What the batch function gives: decisions; and for a chart that could not be read, why."""


def layout_as_data() -> dict[str, Any]:
    """The layout as plain data: the tables that come in and those that go out, with types and meanings."""
    return {
        "in": {
            table: [
                {
                    "column": one.name,
                    "type": str(arrow_type(one)),
                    "required": one.required,
                    "meaning": one.meaning,
                }
                for one in columns_of(table)
            ]
            for table in TABLES
        },
        "out": {
            "results": [{"column": n, "type": str(kind), "meaning": said} for n, kind, said in _MEANINGS],
            "unreadable": [{"column": field.name, "type": str(field.type)} for field in UNREADABLE],
        },
    }
