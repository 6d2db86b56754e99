"""The chart as a form: every field of its rows, and what a change of one makes of the chart."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from nephroline.errors import RecordError, UsageError, quoted
from nephroline.workbench.sheet import Sheet, with_data
from nephroline.yamlfile import FieldPath, dotted, inline, listed, mapping, read_bytes

_HEAD = ("id", "sex", "age", "birth_date", "time_zero", "weight", "height")
_ASIDE = ("cite", "printed", "note")
_MOST_ROWS = 150
"""More rows of one kind are edited as text: a form of thousands is nothing to read."""


class NewField(msgspec.Struct, frozen=True):
    """A field of a row to add: its key, its label, and the list that completes it."""

    key: str
    label: str
    completes: str = ""
    hint: str = ""


class Section(msgspec.Struct, frozen=True):
    """A kind of rows: the key of the chart, its title, and the fields of a row to add."""

    key: str
    title: str
    fields: tuple[NewField, ...]


_AT = NewField("at", "when", hint="4 mo, or 2024-05-31")
SECTIONS = (
    Section(
        "observations",
        "Values",
        (_AT, NewField("name", "what", "analytes"), NewField("value", "value", hint="with its unit")),
    ),
    Section(
        "exposures",
        "Drugs",
        (
            NewField("drug", "drug", "drugs"),
            NewField("dose", "dose", hint="70 mg/d, 2 mg bid"),
            NewField("from", "from", hint="0 mo"),
            NewField("to", "to", hint="empty: it goes on"),
        ),
    ),
    Section(
        "biopsies",
        "Biopsies",
        (_AT, NewField("diagnosis", "diagnosis", "diagnoses"), NewField("glomeruli", "glomeruli")),
    ),
    Section(
        "conditions",
        "Conditions",
        (NewField("name", "what", "conditions"), NewField("present", "there?", "yes-no", "yes"), _AT),
    ),
    Section(
        "findings",
        "What clinicians stated",
        (NewField("name", "what", "findings"), NewField("value", "so?", "yes-no", "yes"), _AT),
    ),
    Section(
        "reactions", "Reactions", (NewField("drug", "drug", "drugs"), NewField("what", "what happened"), _AT)
    ),
)


class FormCell(msgspec.Struct, frozen=True):
    """A field as it can be changed."""

    key: str
    path: str
    text: str
    completes: str = ""


class FormRow(msgspec.Struct, frozen=True):
    """A row of the chart, or its head; `aside`: where it is from and what was noted, edited as text."""

    path: str
    cells: tuple[FormCell, ...]
    aside: str = ""


class FormSection(msgspec.Struct, frozen=True):
    """A section with its rows; `left_out`: how many are edited as text."""

    section: Section
    rows: tuple[FormRow, ...]
    left_out: int = 0


def form_of(sheet: Sheet) -> tuple[FormRow, list[FormSection]]:
    """The head and the sections of a chart."""
    data = sheet.data
    start: FieldPath = ("record",) if sheet.kind == "scenario" else ()
    known = [key for key in _HEAD if key in data]
    head = _row(start, {key: data.get(key) for key in dict.fromkeys((*known, "sex", "age", "weight"))})
    found: list[FormSection] = []
    for section in SECTIONS:
        entry = data.get(section.key)
        path = (*start, section.key)
        if section.key == "findings":
            named = list(mapping(entry).items())
            rows = [_finding((*path, name), name, value) for name, value in named]
        else:
            rows = [_row((*path, n), mapping(row)) for n, row in enumerate(listed(entry)) if mapping(row)]
        found.append(FormSection(section, tuple(rows[-_MOST_ROWS:]), max(len(rows) - _MOST_ROWS, 0)))
    return head, found


def _row(path: FieldPath, row: Mapping[str, Any]) -> FormRow:
    cells = [
        FormCell(key, dotted((*path, key)), _shown(value), _completed(key))
        for key, value in row.items()
        if key not in _ASIDE
    ]
    aside = " · ".join(_shown(row[key]) for key in _ASIDE if row.get(key))
    return FormRow(dotted(path), tuple(cells), aside)


def _finding(path: FieldPath, name: str, value: Any) -> FormRow:
    if not isinstance(value, dict):
        return FormRow(dotted(path), (FormCell(name, dotted(path), _shown(value)),))
    inner = _row(path, mapping(value))
    cells = [
        msgspec.structs.replace(cell, key=name if cell.key == "value" else cell.key) for cell in inner.cells
    ]
    return FormRow(inner.path, tuple(cells), inner.aside)


def _completed(key: str) -> str:
    """The list that completes a field."""
    fields = (field for section in SECTIONS for field in section.fields)
    return next((field.completes for field in fields if field.key == key), "")


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (dict, list)):
        return inline(value)
    return str(value)


# -- a change ----------------------------------------------------------------------------------------


class FormEdit(msgspec.Struct, frozen=True):
    """A field that is set or removed, by its path; or a row that is added to a section."""

    do: Literal["set", "remove", "add"]
    path: str = ""
    value: str = ""
    section: str = ""
    fields: dict[str, str] = {}


def edited(sheet: Sheet, edit: FormEdit) -> str:
    """The text of a chart after a change. Raises: UsageError when nothing stands at its path."""
    data = copy.deepcopy(sheet.data)
    if edit.do == "add":
        _add(data, edit.section, {key: text.strip() for key, text in edit.fields.items()})
    else:
        _set(data, sheet, edit)
    return with_data(sheet, data)


def _set(data: dict[str, Any], sheet: Sheet, edit: FormEdit) -> None:
    marks = {dotted(path): path for path in sheet.document.marks}
    head = edit.path.removeprefix("record.") if sheet.kind == "scenario" else edit.path
    path: FieldPath | None = marks.get(edit.path) or ((head,) if head in _HEAD else None)
    if path is None or not path:
        raise UsageError.of(f"nothing stands at {quoted(edit.path)}", "read the chart again")
    own = list(path[1:] if sheet.kind == "scenario" and path[0] == "record" else path)
    last: Any = own.pop()
    place: Any = data
    for step in own:
        place = place[step]
    if edit.do == "set" and edit.value.strip():
        place[last] = _value(edit.value.strip())
    elif isinstance(place, list):
        place.pop(last)
    else:
        place.pop(last, None)


def _add(data: dict[str, Any], section: str, fields: Mapping[str, str]) -> None:
    known = next((one for one in SECTIONS if one.key == section), None)
    if known is None:
        raise UsageError.of(f"no section {quoted(section)}", "add a value, a drug, a condition …")
    first = known.fields[0] if section != "observations" else known.fields[1]
    name = fields.get(first.key, "")
    if section != "biopsies" and not name:
        raise UsageError.of(f"{first.label}: it is missing", f"say what to add to {known.title.lower()}")
    given = {key: _value(text) for key, text in fields.items() if text}
    if section == "findings":
        data.setdefault(section, {})[name] = {"value": True} | {k: v for k, v in given.items() if k != "name"}
        return
    if section == "observations":
        row = {"at": given.get("at"), name: given.get("value")}
        given = {key: value for key, value in row.items() if value is not None}
    data[section] = [*listed(data.get(section)), given]


def _value(text: str) -> Any:
    """What is typed in a field: a word, yes or no, or in brackets what YAML makes of it."""
    if text.lower() in ("yes", "true", "no", "false"):
        return text.lower() in ("yes", "true")
    if text[:1] in ("{", "["):
        return read_bytes(f"x: {text}".encode(), "field", RecordError).data["x"]
    return text
