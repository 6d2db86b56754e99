"""The chart as a form: every field of its rows, and what a change of one makes of the chart."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from nephroline.errors import RecordError, UsageError, quoted
from nephroline.workbench.sheet import Sheet, with_data
from nephroline.yamlfile import FieldPath, dotted, inline, listed, mapping, read_bytes

_HEAD = {
    "id": "",
    "sex": "female, male",
    "age": "40 years",
    "birth_date": "",
    "time_zero": "2024-05-31",
    "weight": "70 kg",
    "height": "170 cm",
}
"""The fields of the head, and how each is written. One that is not there is shown empty, to be filled in."""
_UNASKED = ("birth_date", "time_zero")
_OPEN = {"exposures": ("dose", "from", "to"), "biopsies": ("diagnosis", "glomeruli")}
"""Fields that a row of a section may get later."""
_ASIDE = ("cite", "printed", "note")
_MOST_ROWS = 150
"""More rows of one kind are edited as text: a form of thousands is nothing to read."""


class NewField(msgspec.Struct, frozen=True):
    """A field of a row to add: its key, its label, the list that completes it; whether a row needs it."""

    key: str
    label: str
    completes: str = ""
    hint: str = ""
    needed: bool = False


class Section(msgspec.Struct, frozen=True):
    """A kind of rows: the key of the chart, its title, and the fields of a row to add."""

    key: str
    title: str
    fields: tuple[NewField, ...]


_AT = NewField("at", "when", hint="4 mo, or 2024-05-31", needed=True)
SECTIONS = (
    Section(
        "observations",
        "Values",
        (
            _AT,
            NewField("name", "what", "analytes", needed=True),
            NewField("value", "value", hint="with its unit", needed=True),
        ),
    ),
    Section(
        "exposures",
        "Drugs",
        (
            NewField("drug", "drug", "drugs", needed=True),
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
        (
            NewField("name", "what", "conditions", needed=True),
            NewField("present", "there?", "yes-no", "yes"),
            _AT,
        ),
    ),
    Section(
        "findings",
        "What clinicians stated",
        (NewField("name", "what", "findings", needed=True), NewField("value", "so?", "yes-no", "yes"), _AT),
    ),
    Section(
        "reactions",
        "Reactions",
        (NewField("drug", "drug", "drugs", needed=True), NewField("what", "what happened"), _AT),
    ),
)


class FormCell(msgspec.Struct, frozen=True):
    """A field as it can be changed, with a hint of how it is written."""

    key: str
    path: str
    text: str
    completes: str = ""
    hint: str = ""


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
    head = _row(sheet.start, {key: data.get(key) for key in _HEAD if key in data or key not in _UNASKED})
    found: list[FormSection] = []
    for section in SECTIONS:
        entry = data.get(section.key)
        path = (*sheet.start, section.key)
        if section.key == "findings":
            named = list(mapping(entry).items())
            rows = [_finding((*path, name), name, value) for name, value in named]
        else:
            charted = [(n, mapping(row)) for n, row in enumerate(listed(entry)) if mapping(row)]
            rows = [_row((*path, n), row | _fillable(section.key, row)) for n, row in charted]
        found.append(FormSection(section, tuple(rows[-_MOST_ROWS:]), max(len(rows) - _MOST_ROWS, 0)))
    return head, found


def _fillable(section: str, row: Mapping[str, Any]) -> dict[str, None]:
    """Fields that a row has not, and may get; what was given in single doses has no course."""
    keys = () if "doses" in row else _OPEN.get(section, ())
    return {key: None for key in keys if key not in row}


def _row(path: FieldPath, row: Mapping[str, Any]) -> FormRow:
    cells = [
        FormCell(key, dotted((*path, key)), _shown(value), _completed(key), _HEAD.get(key, ""))
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


class FormEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A field that is set or removed, or a row that is removed, by its path; or a row to add to a section."""

    do: Literal["set", "remove", "add"]
    path: str = ""
    value: str = ""
    section: str = ""
    fields: dict[str, str] = {}


def edited(sheet: Sheet, edit: FormEdit) -> str:
    """The text of a chart after a change. Raises: UsageError when the form has no such field or section."""
    data = copy.deepcopy(sheet.data)
    if edit.do == "add":
        fields = {key: text.strip() for key, text in edit.fields.items() if text.strip()}
        _add(data, _section(edit.section), fields)
    else:
        _set(data, sheet, edit)
    return with_data(sheet, data)


def _set(data: dict[str, Any], sheet: Sheet, edit: FormEdit) -> None:
    way: list[Any] = list(_path(sheet, edit.path))
    last = way.pop()
    place: Any = data
    for step in way:
        place = place[step]
    if edit.do == "set" and edit.value.strip():
        place[last] = _value(edit.value.strip())
    elif isinstance(place, list):
        place.pop(last)
    else:
        place.pop(last, None)
        if list(place) == ["at"] and way:
            # A time without anything of that time is no row.
            data[str(way[0])] = [row for row in listed(data[str(way[0])]) if row is not place]


def _path(sheet: Sheet, wanted: str) -> FieldPath:
    """The way to a field or row that the form shows, within the record. Raises: UsageError."""
    head, sections = form_of(sheet)
    rows = [head, *(row for part in sections for row in part.rows)]
    start = len(sheet.start)
    ways = {dotted(path): path for path in (sheet.start, *sheet.document.marks)}
    twice = Counter(map(dotted, sheet.document.marks))
    for row in rows:
        if row.path == wanted and row is not head and twice[wanted] == 1:
            return ways[wanted][start:]
        for cell in row.cells:
            if cell.path == wanted and twice[wanted] <= 1:
                return ways.get(wanted, (*ways[row.path], cell.key))[start:]
    raise UsageError.of(f"the form has no field {quoted(wanted)}", "change it in the text")


def _section(key: str) -> Section:
    known = next((one for one in SECTIONS if one.key == key), None)
    if known is None:
        raise UsageError.of(
            f"no section {quoted(key)}", f"use one of {', '.join(one.key for one in SECTIONS)}"
        )
    return known


def _add(data: dict[str, Any], section: Section, fields: Mapping[str, str]) -> None:
    missing = [one.label for one in section.fields if one.needed and one.key not in fields]
    if missing:
        raise UsageError.of(f"{section.title.lower()}: {', '.join(missing)} is missing", "fill it in")
    unknown = fields.keys() - {one.key for one in section.fields}
    if unknown:
        raise UsageError.of(f"{section.title.lower()}: no field {quoted(min(unknown))}", "leave it out")
    given = {key: _value(text) for key, text in fields.items()}
    here = data.get(section.key)
    if section.key == "findings":
        _state(data, here, fields["name"], {"value": True, **given})
        return
    if here is not None and not isinstance(here, list):
        raise UsageError.of(f"{section.key} is no list of rows", "mend it in the text")
    if section.key == "observations":
        given = {"at": given["at"], fields["name"]: given["value"]}
    data[section.key] = [*listed(here), given]


def _state(data: dict[str, Any], here: Any, name: str, given: dict[str, Any]) -> None:
    if here is not None and not isinstance(here, dict):
        raise UsageError.of("findings are no names with values", "mend them in the text")
    if name in mapping(here):
        raise UsageError.of(f"{quoted(name)} stands there already", "change it, or remove it first")
    own = {key: value for key, value in given.items() if key != "name"}
    data["findings"] = {**mapping(here), name: own}


def _value(text: str) -> Any:
    """What is typed in a field: a word, yes or no; or what YAML makes of brackets, if it makes anything."""
    if text.lower() in ("yes", "true", "no", "false"):
        return text.lower() in ("yes", "true")
    if text[:1] in ("{", "["):
        try:
            return mapping(read_bytes(f"x: {text}".encode(), "field", RecordError).data)["x"]
        except RecordError:
            return text
    return text
