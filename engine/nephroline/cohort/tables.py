"""Tables of a cohort on disk: read in any order and of any size, and parted by patient."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

from nephroline.cohort.layout import (
    CHARTS,
    PATIENT,
    PATIENTS,
    ROW_COUNT,
    SECTIONS,
    TABLES,
    columns_of,
    table_schema,
)
from nephroline.errors import UsageError, did_you_mean, quoted

_ROWS = 65_536
"""Rows that are held at once while files are read."""
_NAMED = re.compile(rf"({'|'.join(TABLES)})(?:[-_.].*)?")


def table_of(file: Path, folder: Path) -> str:
    """Which table a file holds: by its name, or by the folder it stands in. Raises: UsageError."""
    for step in (file.name, *reversed(file.relative_to(folder).parts[:-1])):
        named = _NAMED.fullmatch(step.removesuffix(".parquet"))
        if named:
            return named[1]
    known = ", ".join(TABLES)
    raise UsageError.of(
        "the name of the file does not say which table it holds",
        f"name it, or the folder it stands in, after one of {known}: such as {TABLES[1]}-2024.parquet",
        file=str(file),
    )


def files_in(folder: Path) -> list[tuple[str, Path]]:
    """The Parquet files of a folder with their tables. Raises: UsageError."""
    return [(table_of(file, folder), file) for file in sorted(folder.rglob("*.parquet")) if file.is_file()]


def opened(table: str, file: Path) -> pq.ParquetFile:
    """A file with the columns of its table. Raises: UsageError naming the column and the remedy."""
    try:
        found = pq.ParquetFile(file)
    except (pa.ArrowException, OSError) as bad:
        told = str(bad).splitlines()[0]
        raise UsageError.of(f"is no Parquet file: {told}", "write it anew", file=str(file)) from None
    check_columns(table, found.schema_arrow.names, str(file))
    return found


def check_columns(table: str, there: Sequence[str], file: str) -> None:
    """Hold the columns of a table against the layout. Raises: UsageError naming the column and the remedy."""
    columns = columns_of(table)
    known = [one.name for one in columns]
    for name in there:
        if there.count(name) > 1:
            told = f"the column {quoted(name)} stands there twice"
            raise UsageError.of(told, "keep one of them", file=file, path=name)
        if name not in known:
            raise UsageError.of(
                f"{table} has no column {quoted(name)}",
                did_you_mean(name, known, see="known: " + ", ".join(known)),
                file=file,
                path=name,
            )
    for one in columns:
        if one.required and one.name not in there:
            raise UsageError.of(
                f"the column {quoted(one.name)} is missing",
                f"it holds {one.meaning}; nephroline schema cohort shows all",
                file=file,
                path=one.name,
            )


def rows_of(table: str, file: Path, only: str | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of a file in the layout, with where each stands; *only*: those of one patient.

    Raises: UsageError.
    """
    schema, begun = table_schema(table), 1
    with opened(table, file) as source:
        for batch in _whole(source, file):
            arrays = [_cell(batch, one.name, schema.field(one.name).type, file) for one in columns_of(table)]
            arrays.append(pa.array([str(file)] * len(batch), pa.string()))
            arrays.append(pa.array(range(begun, begun + len(batch)), pa.int64()))
            begun += len(batch)
            made = pa.RecordBatch.from_arrays(arrays, schema=schema)
            yield made if only is None else made.filter(pc.equal(made.column(PATIENT), only))


def _whole(source: pq.ParquetFile, file: Path) -> Iterator[pa.RecordBatch]:
    """The rows of a file. Raises: UsageError where it is damaged."""
    try:
        yield from source.iter_batches(batch_size=_ROWS)
    except (pa.ArrowException, OSError) as bad:
        raise UsageError.of(
            f"is damaged: {str(bad).splitlines()[0]}", "write it anew", file=str(file)
        ) from None


_PLAIN = re.compile(
    r"(?:large_)?string|bool|u?int\d+|date\d+.*|timestamp.*|float|double|halffloat|decimal.*|null"
)


def _cell(batch: pa.RecordBatch, name: str, kind: pa.DataType, file: Path) -> pa.Array:
    """A column as text, dates and numbers too, for the record reads them; without what is no value."""
    if name not in batch.schema.names:
        return pa.nulls(len(batch), kind)
    column = batch.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if kind == pa.string() and _PLAIN.fullmatch(str(column.type)) is None:
        raise UsageError.of(
            f"a column of {column.type} cannot be read",
            "give it the type that nephroline schema cohort shows",
            file=str(file),
            path=name,
        )
    try:
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.date32())
        if pa.types.is_floating(column.type) and kind == pa.string():
            return pa.array(map(_number, column.to_pylist()), kind)
        return column.cast(kind)
    except pa.ArrowException as bad:
        raise UsageError.of(
            f"a column of {column.type} cannot be read as {kind}: {str(bad).splitlines()[0]}",
            "give it the type that nephroline schema cohort shows",
            file=str(file),
            path=name,
        ) from None


def _number(value: float | None) -> str | None:
    """A number as a person writes it; not a number is no value."""
    if value is None or value != value:
        return None
    told = format(Decimal(repr(value)), "f")
    return told.rstrip("0").rstrip(".") if "." in told else told


# -- parted by patient -----------------------------------------------------------------------------------


def part_of(patient: str, parts: int) -> int:
    """In which part a patient is: by the id alone, the same on every machine."""
    return zlib.crc32(patient.encode()) % parts


class Parted:
    """Rows on their way to the part of their patient, each table in a file for each part."""

    def __init__(self, folder: Path, parts: int) -> None:
        self.folder, self.parts = folder, parts
        self._writers: dict[tuple[str, int], ipc.RecordBatchStreamWriter] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def add(self, table: str, batch: pa.RecordBatch) -> None:
        """Write each row to the part of its patient. A row without one goes to the first, and is told."""
        ids = batch.column(PATIENT).fill_null("").dictionary_encode()
        where = [part_of(str(one), self.parts) for one in ids.dictionary.to_pylist()]
        placed = pa.array(where, pa.int32()).take(ids.indices) if where else pa.array([], pa.int32())
        for part in sorted(set(where)):
            self._writer(table, part).write_batch(batch.filter(pc.equal(placed, part)))

    def _writer(self, table: str, part: int) -> ipc.RecordBatchStreamWriter:
        key = (table, part)
        if key not in self._writers:
            sink = self._open.enter_context(pa.OSFile(str(part_file(self.folder, table, part)), "wb"))
            options = ipc.IpcWriteOptions(compression="zstd")
            writer = ipc.new_stream(sink, table_schema(table), options=options)
            self._writers[key] = self._open.enter_context(writer)
        return self._writers[key]


def part_file(folder: Path, table: str, part: int) -> Path:
    """Where the rows of a table and a part are."""
    return folder / f"{table}-{part:05d}.arrow"


def read_part(folder: Path, part: int) -> dict[str, pa.Table]:
    """The tables of a part."""
    found: dict[str, pa.Table] = {}
    for table in TABLES:
        file = part_file(folder, table, part)
        if file.exists():
            with pa.OSFile(str(file), "rb") as source, ipc.open_stream(source) as reader:
                found[table] = reader.read_all()
        else:
            found[table] = table_schema(table).empty_table()
    return found


# -- one chart in a row ----------------------------------------------------------------------------------


class Misplaced(NamedTuple):
    """Why a row belongs to no patient, and the remedy."""

    reason: str
    remedy: str


STRAY = Misplaced("a row of a patient who is not in the table patients", "add the patient, or remove the row")
TWICE = Misplaced("the patient stands in the table patients twice", "give each patient one row")
NOBODY = Misplaced("a row without a patient", "fill in patient_id")


def charts_of(tables: dict[str, pa.Table]) -> tuple[pa.Table, list[dict[str, Any]]]:
    """The tables of whole patients as charts, in order of their ids; and the rows that belong to none."""
    strays: list[dict[str, Any]] = []
    order = [(PATIENT, "ascending"), ("file", "ascending"), (ROW_COUNT, "ascending")]
    people = tables[PATIENTS].sort_by(order)
    strays += _told(people.filter(_nobody(people)), NOBODY)
    people = people.filter(pc.invert(_nobody(people)))
    ids: list[str] = people.column(PATIENT).to_pylist()
    again = [i for i in range(1, len(ids)) if ids[i] == ids[i - 1]]
    strays += _told(people.take(pa.array(again, pa.int64())), TWICE)
    twice = {ids[i] for i in again}
    doubled = pa.array(sorted(twice), pa.string())
    kept = [i for i, one in enumerate(ids) if one not in twice]
    people = people.take(pa.array(kept, pa.int64()))
    known = people.column(PATIENT).combine_chunks()
    lists: list[pa.Array] = []
    for section in SECTIONS:
        rows = tables[section]
        place = pc.index_in(rows.column(PATIENT), value_set=known)
        # Of a patient who stands there twice the rows are told once, with that patient.
        lost = pc.and_(pc.is_null(place), pc.invert(pc.is_in(rows.column(PATIENT), value_set=doubled)))
        strays += _told(rows.filter(lost), STRAY)
        lists.append(_listed(rows, place, len(known), section))
    columns = [people.column(field.name) for field in table_schema(PATIENTS)]
    return pa.table([*columns, *lists], schema=CHARTS), strays


def _nobody(table: pa.Table) -> Any:
    return pc.equal(pc.utf8_trim_whitespace(table.column(PATIENT).fill_null("")), "")


def _listed(rows: pa.Table, place: Any, count: int, section: str) -> pa.Array:
    """The rows of a section, a list for each patient, each in the order of files and rows."""
    found = rows.append_column("place", place).filter(pc.is_valid(place))
    found = found.sort_by([("place", "ascending"), ("file", "ascending"), (ROW_COUNT, "ascending")])
    many = [0] * count
    for one in pc.value_counts(found.column("place")).to_pylist():
        many[one["values"]] = one["counts"]
    offsets = [0]
    for number in many:
        offsets.append(offsets[-1] + number)
    kind = CHARTS.field(section).type
    fields = [kind.value_type.field(i) for i in range(kind.value_type.num_fields)]
    arrays = [found.column(field.name).combine_chunks() for field in fields]
    struct = pa.StructArray.from_arrays(arrays, fields=fields)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), struct, type=kind)


def _told(rows: pa.Table, why: Misplaced) -> list[dict[str, Any]]:
    told = rows.select([PATIENT, "file", ROW_COUNT]).to_pylist()
    return [{**one, PATIENT: one[PATIENT] or "", "field": PATIENT, **why._asdict()} for one in told]


def in_batches(table: str, rows: Iterable[dict[str, Any]]) -> Iterator[pa.RecordBatch]:
    """Rows as plain data in batches of a table."""
    waiting: list[dict[str, Any]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) >= _ROWS:
            yield pa.RecordBatch.from_pylist(waiting, schema=table_schema(table))
            waiting = []
    if waiting:
        yield pa.RecordBatch.from_pylist(waiting, schema=table_schema(table))


def as_tables(charts: Sequence[dict[str, Any]]) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Charts as plain data, back in tables."""
    for batch in in_batches(PATIENTS, charts):
        yield PATIENTS, batch
    for section in SECTIONS:
        rows = ({PATIENT: one[PATIENT], **row} for one in charts for row in one[section])
        for batch in in_batches(section, rows):
            yield section, batch
