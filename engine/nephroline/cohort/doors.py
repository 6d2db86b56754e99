"""The three doors of a cohort: tables of Parquet, FHIR Bulk NDJSON, a folder of records.

Behind each stand the same rows, parted by patient; what nobody could read is told, and nothing is lost.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Literal

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from nephroline.catalogue import Catalogue
from nephroline.cohort.charts import Row, Unreadable, chart_of
from nephroline.cohort.layout import PATIENT, PATIENTS
from nephroline.cohort.tables import STRAY, Parted, as_tables, files_in, opened, part_of, rows_of
from nephroline.errors import InputError, UsageError
from nephroline.interop.fhir import read_fhir
from nephroline.pathway import load_rules
from nephroline.record import open_document, read_record
from nephroline.yamlfile import Document, FieldPath, mapping

Door = Literal["parquet", "fhir", "records"]
_SUFFIXES: dict[str, Door] = {
    ".parquet": "parquet",
    ".ndjson": "fhir",
    ".yaml": "records",
    ".yml": "records",
    ".json": "records",
}
_PASSED = (".md", ".txt", ".crc")
"""What may stand beside a cohort and is none of it."""
Heard = Callable[[int], None]
"""What hears of rows, lines or files that are done."""


def files_of(source: Path) -> tuple[Door, list[Path]]:
    """By which door a source comes, and its files. Raises: UsageError."""
    if not source.exists():
        remedy = "name the folder that holds the cohort"
        raise UsageError.of("no such file or folder", remedy, file=str(source))
    files = sorted(f for f in (source.rglob("*") if source.is_dir() else [source]) if f.is_file())
    found: dict[Door, list[Path]] = {}
    for file in files:
        door = _SUFFIXES.get(file.suffix)
        if door is not None:
            found.setdefault(door, []).append(file)
        elif file.suffix not in _PASSED and not file.name.startswith((".", "_")):
            raise UsageError.of("is of a kind that is not read here", "unpack or remove it", file=str(file))
    if not found:
        raise UsageError.of(
            "holds no cohort",
            "give a folder with Parquet tables, FHIR NDJSON, or records in YAML or JSON",
            file=str(source),
        )
    if len(found) > 1:
        kinds = " and ".join(sorted(found))
        raise UsageError.of(f"holds {kinds} beside each other", "give one kind in a folder", file=str(source))
    ((door, named),) = found.items()
    return door, named


def size_of(door: Door, source: Path, files: Sequence[Path]) -> int:
    """How many rows, lines or files there are to read; lines are reckoned by size. Raises: UsageError."""
    if door == "parquet":
        return sum(opened(table, file).metadata.num_rows for table, file in files_in(_folder(source)))
    if door == "fhir":
        return sum(file.stat().st_size for file in files) // _LINE
    return len(files) * _PER_RECORD


_LINE, _PER_RECORD = 700, 40
"""About how many bytes a resource takes in NDJSON, and how many rows a record holds: for the parts only."""


def _folder(source: Path) -> Path:
    return source if source.is_dir() else source.parent


def gather(
    door: Door,
    source: Path,
    files: Sequence[Path],
    parted: Parted,
    *,
    rules: str | None,
    limit: int | None,
    pool: ProcessPoolExecutor,
    heard: Heard,
) -> list[Unreadable]:
    """Read a whole source into its parts; what could not be read. Raises: UsageError."""
    if door == "parquet":
        return _tables(source, parted, limit, heard)
    if door == "fhir":
        return _resources(files, parted, rules, limit, pool, heard)
    return _records(files[:limit], parted, rules, pool, heard)


# -- Parquet -----------------------------------------------------------------------------------------------


def _tables(source: Path, parted: Parted, limit: int | None, heard: Heard) -> list[Unreadable]:
    files, done = files_in(_folder(source)), 0
    if not any(table == PATIENTS for table, _ in files):
        raise UsageError.of(
            "holds no table patients", "add it: a row for each patient, with patient_id", file=str(source)
        )
    first = None if limit is None else pa.array(_first(files, limit), pa.string())
    for table, file in files:
        for batch in rows_of(table, file):
            done += len(batch)
            ours = None if first is None else pc.is_in(batch.column(PATIENT), value_set=first)
            parted.add(table, batch if ours is None else batch.filter(ours))
            heard(done)
    return []


def _first(files: Sequence[tuple[str, Path]], limit: int) -> list[str]:
    """The first patients of the table of patients."""
    found: dict[str, None] = {}
    for table, file in files:
        if table == PATIENTS:
            for batch in rows_of(table, file):
                found |= dict.fromkeys(one for one in batch.column(PATIENT).to_pylist() if one)
                if len(found) >= limit:
                    return list(islice(found, limit))
    return list(found)


# -- records -----------------------------------------------------------------------------------------------

_CHUNK = 20


def _records(
    files: Sequence[Path], parted: Parted, rules: str | None, pool: ProcessPoolExecutor, heard: Heard
) -> list[Unreadable]:
    unread: list[Unreadable] = []
    work = pool.map(partial(_record_there, rules=rules), files, chunksize=_CHUNK)
    for number, found in enumerate(work, 1):
        if isinstance(found, list):
            unread += found
        else:
            _add(parted, [found])
        heard(number * _PER_RECORD)
    return unread


def _add(parted: Parted, charts: Sequence[Row]) -> None:
    for table, batch in as_tables(charts):
        parted.add(table, batch)


def _record_there(file: Path, *, rules: str | None) -> Row | list[Unreadable]:
    """The same in a process of the pool."""
    return _read_record(file, _catalogue(rules))


def _read_record(file: Path, catalogue: Catalogue) -> Row | list[Unreadable]:
    """A record as a chart, or its problems. It is read once as a record, so that its problems are those."""
    patient = ""
    try:
        document = open_document(file)
        data = mapping(document.data)
        patient = str(mapping(data.get("record", data)).get("id") or "")
        read_record(document, catalogue)
    except InputError as bad:
        return [Unreadable.of(patient, problem) for problem in bad.problems]
    path: FieldPath = ("record",) if {"scenario", "record"} <= set(data) else ()
    return chart_of(mapping(data["record"]) if path else data, str(file), _lines(document, path))


def _lines(document: Document, path: FieldPath) -> dict[FieldPath, int]:
    depth = len(path)
    return {where[depth:]: mark.line + 1 for where, mark in document.marks.items() if where[:depth] == path}


@lru_cache(maxsize=1)
def _catalogue(rules: str | None) -> Catalogue:
    return load_rules(rules).catalogue


# -- FHIR ----------------------------------------------------------------------------------------------------

_REFERRED = re.compile(rb'"reference"\s*:\s*"(?:[^"]*/)?([A-Z][A-Za-z]+/[A-Za-z0-9.\-]{1,64})"')
_BY_PATIENT = re.compile(r"(?:.*/)?Patient/([^/?#\s]+)(?:/_history/.*)?\s*")
_SHARED = frozenset(
    (
        *("Device", "Endpoint", "Group", "HealthcareService", "Library", "Location", "Medication"),
        *("OperationOutcome", "Organization", "PlanDefinition", "Practitioner", "PractitionerRole"),
        *("Substance", "ValueSet"),
    )
)
"""Kinds of resources that may be of nobody: they go to those who refer to them."""


class _Pointer(msgspec.Struct):
    reference: str = ""


class _Resource(msgspec.Struct, rename={"kind": "resourceType"}):
    """What tells whose a resource is; the rest of it is not looked at here."""

    kind: str
    id: str | int = ""
    subject: _Pointer | None = None
    patient: _Pointer | None = None
    beneficiary: _Pointer | None = None

    @property
    def of(self) -> str:
        """The id of its patient; empty if it is of nobody."""
        if self.kind == "Patient":
            return str(self.id)
        named = _BY_PATIENT.fullmatch(self._pointer.reference) if self._pointer is not None else None
        return named[1] if named else ""

    @property
    def _pointer(self) -> _Pointer | None:
        return self.subject or self.patient or self.beneficiary

    @property
    def astray(self) -> bool:
        """Whether it is of somebody, and nobody can say of whom."""
        return not self.of and (self._pointer is not None or self.kind not in _SHARED)

    @property
    def name(self) -> str:
        """How others refer to it."""
        return f"{self.kind}/{self.id}"


def _resources(
    files: Sequence[Path],
    parted: Parted,
    rules: str | None,
    limit: int | None,
    pool: ProcessPoolExecutor,
    heard: Heard,
) -> list[Unreadable]:
    """Lines to the part of their patient; then each patient is read from theirs."""
    scratch = parted.folder / "lines"
    scratch.mkdir(parents=True, exist_ok=True)
    wanted = None if limit is None else set(islice(_people(files), limit))
    unread, shared, done = list[Unreadable](), dict[str, bytes](), 0
    sinks = [(scratch / f"fhir-{part:05d}.ndjson").open("wb") for part in range(parted.parts)]
    try:
        for file, number, line, resource in _lines_of(files):
            done += len(line)
            heard(done // _LINE)
            if isinstance(resource, msgspec.DecodeError):
                told = f"is no FHIR resource: {resource}"
                unread.append(Unreadable("", str(file), number, "", told, "mend or remove the line"))
            elif resource.astray:
                told = f"{resource.name} is of nobody who can be found"
                unread.append(Unreadable("", str(file), number, "subject", told, "refer to Patient/<id>"))
            elif not resource.of:
                shared[resource.name] = line
            elif wanted is None or resource.of in wanted:
                sink = sinks[part_of(resource.of, parted.parts)]
                sink.write(msgspec.json.encode(resource.of) + b"\t" + line + b"\n")
    finally:
        for sink in sinks:
            sink.close()
    whole = scratch / "shared.msgpack"
    whole.write_bytes(msgspec.msgpack.encode(shared))
    names = [Path(sink.name) for sink in sinks]
    for charts, problems in pool.map(partial(_read_part, shared=whole, rules=rules), names):
        _add(parted, charts)
        unread += problems
    return unread


def _lines_of(files: Sequence[Path]) -> Iterator[tuple[Path, int, bytes, _Resource | msgspec.DecodeError]]:
    """The lines of files with what they say; or with why they say nothing."""
    for file in files:
        with file.open("rb") as stream:
            for number, raw in enumerate(stream, 1):
                line = raw.removeprefix(b"\xef\xbb\xbf").strip()
                if line:
                    yield file, number, line, _decoded(line)


def _decoded(line: bytes) -> _Resource | msgspec.DecodeError:
    try:
        return msgspec.json.decode(line, type=_Resource)
    except msgspec.DecodeError as bad:
        return bad


def _people(files: Sequence[Path]) -> Iterator[str]:
    """The ids of patients, as they come."""
    for *_, resource in _lines_of(files):
        if isinstance(resource, _Resource) and resource.kind == "Patient" and resource.id:
            yield resource.of


def _read_part(file: Path, *, shared: Path, rules: str | None) -> tuple[list[Row], list[Unreadable]]:
    """The charts of the patients of a part."""
    lines: dict[str, list[bytes]] = defaultdict(list)
    with file.open("rb") as stream:
        for row in stream:
            who, _, line = row.rstrip(b"\n").partition(b"\t")
            lines[msgspec.json.decode(who, type=str)].append(line)
    others = msgspec.msgpack.decode(shared.read_bytes(), type=dict[str, bytes])
    charts, unread = list[Row](), list[Unreadable]()
    for patient, own in lines.items():
        found = _chart(patient, own, others, _catalogue(rules))
        if isinstance(found, list):
            unread += found
        else:
            charts.append(found)
    return charts, unread


def _chart(
    patient: str, lines: Sequence[bytes], shared: dict[str, bytes], catalogue: Catalogue
) -> Row | list[Unreadable]:
    if not any(msgspec.json.decode(line, type=_Resource).kind == "Patient" for line in lines):
        return [Unreadable(patient, f"Patient/{patient}", None, "", STRAY.reason, STRAY.remedy)]
    try:
        taken = read_fhir(b"\n".join(_with_shared(lines, shared)) + b"\n", catalogue)
    except InputError as bad:
        return [Unreadable.of(patient, problem) for problem in bad.problems]
    # The patient bears the id of the resource, by which they are asked for.
    return chart_of({**taken.record, "id": patient}, f"Patient/{patient}")


def _with_shared(lines: Sequence[bytes], shared: dict[str, bytes]) -> Iterator[bytes]:
    """The resources of a patient, and those of nobody that they refer to, such as a Medication."""
    yield from lines
    waiting, known = list(lines), set[str]()
    while waiting:
        for name in (found.decode() for found in _REFERRED.findall(waiting.pop())):
            if name in shared and name not in known:
                known.add(name)
                waiting.append(shared[name])
                yield shared[name]


# -- one patient -----------------------------------------------------------------------------------------


def rows_of_patient(source: Path, patient: str, catalogue: Catalogue) -> Iterator[tuple[str, pa.RecordBatch]]:
    """The rows of one patient by table, wherever they stand. Raises: UsageError, RecordError."""
    door, files = files_of(source)
    if door == "parquet":
        for table, file in files_in(_folder(source)):
            yield from ((table, batch) for batch in rows_of(table, file, patient))
        return
    if door == "records":
        yield from _of_records(files, patient, catalogue)
        return
    own, shared = list[bytes](), dict[str, bytes]()
    for _, _, line, resource in _lines_of(files):
        if isinstance(resource, _Resource):
            if resource.of == patient:
                own.append(line)
            elif not resource.of:
                shared[resource.name] = line
    if own:
        found = _chart(patient, own, shared, catalogue)
        yield from as_tables([found] if not isinstance(found, list) else [_refused(patient, found)])


def _of_records(
    files: Sequence[Path], patient: str, catalogue: Catalogue
) -> Iterator[tuple[str, pa.RecordBatch]]:
    # A file is often called after its patient.
    for file in sorted(files, key=lambda one: patient not in one.name):
        found = _read_record(file, catalogue)
        if isinstance(found, list):
            if found[0].patient_id == patient:
                _refused(patient, found)
        elif found[PATIENT] == patient:
            yield from as_tables([found])
            return


def _refused(patient: str, problems: Sequence[Unreadable]) -> Row:
    raise UsageError.of(f"{patient} cannot be read: {problems[0].reason}", problems[0].remedy)
