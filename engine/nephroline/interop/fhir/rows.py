"""Resources that were written from rows of a record: by a mark they become the same rows again.

A resource says what FHIR has an element for. Beside it stands our extension `urn:nephroline:row`: of which
section and row it is, and those fields that reading the resource alone would not give back. A resource that
was changed since, so that it says something else, is read as any other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from nephroline.interop.fhir.nodes import Node, nodes, text
from nephroline.yamlfile import listed, mapping

ROW = "urn:nephroline:row"
"""The address of the extension."""
HEAD = "head"
"""The section of what stands at the head of a record."""
_ITEM = "item"
_SIGNS = 16

Extension = dict[str, Any]


class RowMark(NamedTuple):
    """Of which row a resource is; `fields`: what it does not say itself; `without`: what it says beyond it.

    `said`: a digest of what the resource says itself. `supposed`: of a head, the day that stands for its time
    zero in every date, where the record has none.
    """

    section: str
    number: int
    fields: Mapping[str, Any]
    without: tuple[str, ...]
    said: str
    supposed: str = ""

    def row(self, native: Mapping[str, Any]) -> dict[str, Any]:
        """The row, from what the resource says itself."""
        return {key: value for key, value in native.items() if key not in self.without} | dict(self.fields)

    def agrees(self, native: Mapping[str, Any]) -> bool:
        """Whether the resource says what it said when it was written, whatever id a server gave it."""
        return self.said == digest(native)

    def extension(self) -> Extension:
        """The mark as an extension."""
        parts: list[Extension] = [
            {"url": "section", "valueCode": self.section},
            {"url": "number", "valueInteger": self.number},
            {"url": "said", "valueString": self.said},
        ]
        parts += [{"url": "without", "valueString": name} for name in self.without]
        if self.supposed:
            parts.append({"url": "time-zero", "valueDate": self.supposed})
        fields = {name: value for name, value in self.fields.items() if not _empty(value)}
        if fields:
            parts.append(_written("fields", fields))
        return {"url": ROW, "extension": parts}


def marked(section: str, number: int, row: Mapping[str, Any], native: Mapping[str, Any]) -> RowMark:
    """The mark by which what a resource says itself becomes a row again."""
    fields = {key: row[key] for key in sorted(row) if native.get(key) != row[key]}
    return RowMark(section, number, fields, tuple(sorted(native.keys() - row.keys())), digest(native))


def mark_of(resource: Node) -> RowMark | None:
    """The mark of a resource; none if it was not written from a row."""
    for extension in nodes(resource, "extension"):
        if text(extension, "url") == ROW:
            parts = {text(part, "url"): part for part in nodes(extension, "extension")}
            without = (
                text(part, "valueString")
                for part in nodes(extension, "extension")
                if text(part, "url") == "without"
            )
            fields: Any = _read(parts["fields"]) if "fields" in parts else {}
            number = text(parts.get("number", {}), "valueInteger")
            return RowMark(
                text(parts.get("section", {}), "valueCode"),
                int(number) if number.isdecimal() else 0,
                fields if isinstance(fields, dict) else {},
                tuple(without),
                text(parts.get("said", {}), "valueString"),
                text(parts.get("time-zero", {}), "valueDate"),
            )
    return None


def bare(resource: Node) -> Node:
    """A resource without its mark: what it says itself."""
    return {key: value for key, value in resource.items() if key != "extension"}


def digest(native: Mapping[str, Any]) -> str:
    """A digest of what a resource says itself, whatever its id and the zeros at the end of its numbers."""
    said = {key: value for key, value in native.items() if key != "id"}
    plain = _ZEROS.sub(r"\1", msgspec.json.encode(said, order="deterministic").decode())
    return sha256(plain.encode()).hexdigest()[:_SIGNS]


_ZEROS = re.compile(r"(\d)\.0+(?!\d)")


def _empty(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, Mapping | list) and not value)


def _written(name: str, value: Any) -> Extension:
    """A value of the record format as an extension: what is nested is nested, a list has items."""
    if isinstance(value, dict):
        inner = [_written(key, one) for key, one in mapping(value).items() if not _empty(one)]  # pyright: ignore[reportUnknownArgumentType]
        return {"url": name, "extension": inner}
    if isinstance(value, list):
        return {"url": name, "extension": [_written(_ITEM, one) for one in listed(value) if not _empty(one)]}  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, bool):
        return {"url": name, "valueBoolean": value}
    return {"url": name, "valueString": str(value)}


def _read(extension: Node) -> Any:
    if "valueBoolean" in extension:
        return extension["valueBoolean"] is True
    inner = nodes(extension, "extension")
    if not inner:
        said = extension.get("valueString")
        return said if isinstance(said, str) else ""
    if all(text(part, "url") == _ITEM for part in inner):
        return [_read(part) for part in inner]
    return {text(part, "url"): _read(part) for part in inner}
