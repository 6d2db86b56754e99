"""Between rows of tables and the record: one kind of chart, whichever door it came through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from nephroline.catalogue import Catalogue
from nephroline.cohort.layout import HEAD, PATIENT, ROW_COUNT, SECTIONS, Column, Kind
from nephroline.errors import Problem, RecordError
from nephroline.record import Record, record_at
from nephroline.yamlfile import Document, FieldPath, listed, mapping

Row = dict[str, Any]
"""A row as plain data; an absent key and None mean the same."""

_BETWEEN = "between"
_PAIRS = {"at": "until", "from": "from_until", "to": "to_until"}
"""The columns of a time that is not precise: no earlier than the one, no later than the other."""
_NAMED = ("at", "until", "reported", "as_printed", "entered_in_error", "cite", "note", "printed")
"""What a row of observations holds beside its analytes."""


class Unreadable(msgspec.Struct, frozen=True):
    """A row that nobody could read."""

    patient_id: str
    file: str
    row: int | None
    field: str
    reason: str
    remedy: str

    @classmethod
    def of(cls, patient: str, problem: Problem) -> Unreadable:
        """A problem of a record as a row of its own."""
        return cls(patient, problem.file, problem.line, problem.path, problem.message, problem.help)


# -- from a chart to the record ------------------------------------------------------------------------


def record_of(chart: Row, catalogue: Catalogue) -> Record:
    """Read a chart as a record is read. Raises: RecordError, each problem with the row that it stands in."""
    data, origins = written(chart)
    try:
        return record_at(Document(data, str(chart.get("file") or "")), (), catalogue)
    except RecordError as bad:
        raise RecordError([_placed(problem, origins, chart) for problem in bad.problems]) from None


_Origins = dict[str, tuple[str, int | None]]
"""From a field of the record, such as ``exposures[3]``, to the file and row that it came from."""


def written(chart: Row) -> tuple[dict[str, Any], _Origins]:
    """The record that a chart says, in the public format, and where each of its rows stands."""
    data: dict[str, Any] = {"id": chart[PATIENT]}
    data |= {one.name: chart[one.name] for one in HEAD if chart.get(one.name) is not None}
    origins: _Origins = {}
    for section in SECTIONS:
        rows: Sequence[Row] = chart.get(section) or ()
        items = [_written_row(section, row) for row in rows]
        if section == "findings":
            found: dict[str, list[Row]] = {}
            for item, row in zip(items, rows, strict=True):
                name = str(item.pop("name", ""))
                origins[f"{section}.{name}[{len(found.setdefault(name, []))}]"] = _origin(row)
                found[name].append(item)
            data[section] = found
        else:
            data[section] = items
            origins |= {f"{section}[{i}]": _origin(row) for i, row in enumerate(rows)}
    return data, origins


def _origin(row: Row) -> tuple[str, int | None]:
    return str(row.get("file") or ""), row.get(ROW_COUNT)


def _placed(problem: Problem, origins: _Origins, chart: Row) -> Problem:
    """A problem with the file and row of the field that it is of, and the column of that row."""
    for field, (file, row) in origins.items():
        if problem.path == field or problem.path.startswith(f"{field}."):
            return problem._replace(file=file, line=row, path=problem.path[len(field) + 1 :] or field)
    file, row = _origin(chart)
    return problem._replace(file=file, line=row)


def _kept(row: Row, columns: Sequence[Column], *without: str) -> Row:
    """The cells of a row that say something; a flag that is not set says nothing."""
    found: Row = {}
    for one in columns:
        value = row.get(one.name)
        if value is not None and value != "" and one.name not in without:
            found[one.name] = _truth(value) if one.kind == "flag" else value
    return found


def _truth(value: Any) -> Any:
    """Yes or no, if a cell says either; else what it says."""
    return {"true": True, "false": False}.get(str(value).strip().lower(), value)


def _timed(row: Row, found: Row) -> Row:
    """Times that are not precise, from two columns to one field."""
    for name, until in _PAIRS.items():
        last = row.get(until)
        if last:
            found[name] = {_BETWEEN: [row.get(name), last]}
        found.pop(until, None)
    return found


def _written_row(section: str, row: Row) -> Row:
    """A row of a section in the public format."""
    columns = SECTIONS[section]
    if section == "observations":
        return _observation(row, columns)
    if section == "exposures":
        return _exposure(row, columns)
    found = _timed(row, _kept(row, columns))
    # Of a condition it may be text: it may be unknown, too.
    return found | {"present": _truth(found["present"])} if "present" in found else found


def _observation(row: Row, columns: Sequence[Column]) -> Row:
    found = _timed(row, _kept(row, columns, "name", "value", "unit", "comparator"))
    # Without a value, its unit says nothing.
    parts = (row.get("comparator"), row.get("value"), row.get("unit")) if row.get("value") else ()
    told = " ".join(str(part) for part in parts if part)
    name = str(row.get("name") or "")
    # A name that is a field of the row is no analyte, and must not stand in the place of the field.
    analyte = f"observations.{name}" if name in _NAMED or not name else name
    return found | {analyte: told or "unknown"}


def _exposure(row: Row, columns: Sequence[Column]) -> Row:
    found = _timed(row, _kept(row, columns, "dose", "dose_unit", "single"))
    parts = (row.get("dose"), row.get("dose_unit")) if row.get("dose") else ()
    dose = " ".join(str(part) for part in parts if part)
    if _truth(row.get("single")):
        at = found.pop("from", None)
        # That it ended when it was given says nothing more.
        found.pop("to", None)
        found["doses"] = [{"at": at, "amount": dose or "unknown"}]
    elif dose:
        found["dose"] = dose
    return found


# -- from a record to a chart --------------------------------------------------------------------------


def chart_of(data: Mapping[str, Any], file: str, lines: Mapping[FieldPath, int] | None = None) -> Row:
    """A record in the public format, as plain data that was read without a problem, as a chart.

    *lines*: in which line of the file a field stands.
    """
    known = lines or {}
    chart: Row = {PATIENT: str(data.get("id", "")), "file": file, ROW_COUNT: known.get(())}
    for one in HEAD:
        value = data.get(one.name)
        chart[one.name] = value if value is None or one.kind == "texts" else str(value)
    for section in SECTIONS:
        rows = _rows(section, data.get(section))
        kinds: dict[str, Kind] = {one.name: one.kind for one in SECTIONS[section]}
        chart[section] = [
            {name: _cell(value, kinds[name]) for name, value in row.items() if name in kinds}
            | {"file": file, ROW_COUNT: _line(known, path)}
            for path, row in rows
        ]
    return chart


def _line(known: Mapping[FieldPath, int], path: FieldPath) -> int | None:
    """The line of a field, or of the nearest that holds it."""
    while path and path not in known:
        path = path[:-1]
    return known.get(path)


def _rows(section: str, written: Any) -> Iterator[tuple[FieldPath, Row]]:
    if section == "findings":
        for name, entry in mapping(written).items():
            for i, item in enumerate(entry if isinstance(entry, list) else [entry]):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
                place: FieldPath = (section, name, i) if isinstance(entry, list) else (section, name)
                yield place, _split({"name": name, **mapping(item)})
        return
    for i, raw in enumerate(written if isinstance(written, list) else []):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        row = mapping(raw)
        if section == "observations":
            shared = _split({key: value for key, value in row.items() if key in _NAMED})
            for name in (one for one in row if one not in _NAMED):
                yield (section, i), shared | {"name": name, "value": str(row[name])}
        elif section == "exposures" and row.get("doses"):
            yield from _singles((section, i), row)
        else:
            yield (section, i), _split(row)


def _singles(path: FieldPath, row: Mapping[str, Any]) -> Iterator[tuple[FieldPath, Row]]:
    """Single doses, a row each; the last bears the reason for which they ended."""
    shared = {key: value for key, value in row.items() if key != "doses"}
    doses = [mapping(one) for one in row["doses"]]
    for i, one in enumerate(doses, 1):
        own = {"from": one.get("at"), "dose": str(one.get("amount")), "single": True}
        yield path, _split(shared | own | ({} if i == len(doses) else {"stopped_for": None}))


def _split(row: Mapping[str, Any]) -> Row:
    """A row with a time that is not precise in two columns."""
    found: Row = {}
    for key, value in row.items():
        bounds = mapping(value).get(_BETWEEN) if key in _PAIRS else None
        if isinstance(bounds, list):
            found[key], found[_PAIRS[key]] = (str(one) for one in bounds)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        else:
            found[key] = value
    return found


def _cell(value: Any, kind: Kind) -> Any:
    """A value as it is kept: as text."""
    if value is None:
        return None
    word = str(value).lower() if isinstance(value, bool) else str(value)
    return [str(one) for one in listed(value)] if kind == "texts" else word
