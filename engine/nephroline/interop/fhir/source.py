"""Where resources come from: a Bundle, `$everything`, Bulk Data NDJSON, or a folder of such files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from nephroline.errors import RecordError, quoted
from nephroline.interop.fhir.nodes import Node, Resource, nodes, target, text
from nephroline.yamlfile import mapping

MAX_BYTES = 64_000_000
"""A Bundle of one patient is smaller; what is larger holds many."""
_MARK = b'"resourceType"'
_NDJSON = ".ndjson"

FhirSource = str | Path | bytes | Mapping[str, Any]
"""A file or folder, the bytes of one, or a resource already read."""


class Arrived(NamedTuple):
    """A resource, with its address where a Bundle gives one; or what is wrong with a line that is none.

    `deleted`: it is not a resource, but tells that one was deleted, at its `meta.lastUpdated`.
    """

    resource: Node
    url: str = ""
    wrong: str = ""
    deleted: bool = False


def is_fhir(content: bytes) -> bool:
    """Whether bytes look like FHIR, so that they are read as such and not as a record."""
    return content[:64].lstrip()[:1] == b"{" and _MARK in content


def lines_of(source: FhirSource) -> list[Arrived]:
    """Every resource of a source. Raises: RecordError if it cannot be read at all."""
    if isinstance(source, Mapping):
        return list(_unpacked(source, ""))
    if isinstance(source, bytes):
        return list(_content(source, "input"))
    path = Path(source)
    if not path.is_dir():
        return list(_file(path))
    files = sorted(file for kind in ("*.json", "*.ndjson") for file in path.rglob(kind))
    if not files:
        raise RecordError.of(
            "the folder holds no FHIR file", "name one with .json or .ndjson files", file=str(path)
        )
    return [line for file in files for line in _file(file)]


def _file(path: Path) -> Iterator[Arrived]:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as problem:
        raise RecordError.of(
            f"cannot be read: {problem.strerror}", "check the path", file=str(path)
        ) from None
    yield from _content(content, str(path), lines=path.suffix == _NDJSON)


_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError)
"""What is no JSON, or a number that nobody can hold."""


def _content(content: bytes, name: str, *, lines: bool = False) -> Iterator[Arrived]:
    if len(content) > MAX_BYTES:
        raise RecordError.of(
            f"is larger than {MAX_BYTES // 1_000_000} MB",
            "a record holds one patient: split the file",
            file=name,
        )
    content = content.removeprefix(b"\xef\xbb\xbf")
    decoder = msgspec.json.Decoder(float_hook=Decimal)
    try:
        whole: Any = None if lines else decoder.decode(content)
    except _BROKEN as bad:
        rows = content.splitlines()
        if len(rows) < 2 or not is_fhir(rows[0]) or not rows[0].rstrip().endswith(b"}"):
            remedy = "give a FHIR R4 Bundle in JSON, or NDJSON with a resource a line"
            raise RecordError.of(f"is no JSON: {bad}", remedy, file=name) from None
        whole = None
    if whole is not None:
        if not text(mapping(whole), "resourceType"):
            raise RecordError.of("holds no FHIR resource", "give a Bundle, or a resource a line", file=name)
        yield from _unpacked(mapping(whole), "")
        return
    for number, row in enumerate(content.splitlines(), 1):
        if not row.strip():
            continue
        try:
            yield from _unpacked(mapping(decoder.decode(row)), "", place=f"line {number}")
        except _BROKEN as bad:
            line = {"resourceType": "line", "id": f"{Path(name).name}:{number}"}
            yield Arrived(line, "", f"is no JSON: {bad}")


def _unpacked(resource: Node, url: str, depth: int = 0, place: str = "") -> Iterator[Arrived]:
    """A resource, or those of a Bundle; one without an id is named by its address or its place."""
    kind = text(resource, "resourceType")
    if kind == "Bundle" and depth < 5:
        for number, entry in enumerate(nodes(resource, "entry"), 1):
            inner = mapping(entry.get("resource"))
            if text(entry, "request", "method") == "DELETE":
                yield _deleted(entry)
            elif inner:
                yield from _unpacked(inner, text(entry, "fullUrl"), depth + 1, f"entry {number}")
    elif kind:
        named = text(resource, "id") or target(url).rpartition("/")[2] or place
        yield Arrived({**resource, "id": named} if named else resource, url)
    else:
        yield Arrived(
            resource,
            url,
            f"is no resource: it has no resourceType, only {quoted(', '.join(sorted(resource)[:3]))}",
        )


def results_inside(report: Node) -> Iterator[Resource]:
    """The results inside a report that stands: of its patient, and of its time if they have none."""
    if text(report, "status") not in _STANDS:
        return
    inside = {text(one, "id"): one for one in nodes(report, "contained")}
    times = {key: value for key, value in report.items() if key.startswith("effective")}
    whose = {key: report[key] for key in ("subject", "encounter") if key in report}
    waiting = [text(one, "reference") for one in nodes(report, "result")]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop(0).removeprefix("#")
        found = inside.get(name, {})
        if name in seen or text(found, "resourceType") != "Observation":
            continue
        seen.add(name)
        waiting += [text(one, "reference") for one in nodes(found, "hasMember")]
        dated = any(key.startswith("effective") for key in found)
        yield {**found, **whose, **({} if dated else times), "id": f"{text(report, 'id')}.{name}"}


_STANDS = ("final", "amended", "corrected", "appended", "preliminary", "partial")
"""The statuses of a report whose results were found."""


def _deleted(entry: Node) -> Arrived:
    """That a resource was deleted, by an entry of a history or a transaction."""
    kind, _, named = target(text(entry, "request", "url")).rpartition("/")
    head = {
        "resourceType": kind,
        "id": named,
        "meta": {"lastUpdated": text(entry, "response", "lastModified")},
    }
    return Arrived(head, text(entry, "fullUrl"), deleted=True)
