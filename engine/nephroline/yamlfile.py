"""Read YAML safely, keeping the place of every field.

A document becomes plain dicts, lists, text, booleans and None. Numbers stay text, so that no value
ever passes through a binary float; whoever knows the field reads the number. Anchors, aliases and
tags are refused (a chart needs none of them, and they hide bombs), and so are duplicate keys, more
than one document, too deep nesting and too large files.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import msgspec
import yaml

from nephroline.errors import InputError, Problem, quoted

MAX_BYTES = 8_000_000
MAX_DEPTH = 40

_CONSTANTS: Mapping[str, bool | None] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "~": None,
    "": None,
}
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

FieldPath = tuple[str | int, ...]
"""The way to a field: ``("observations", 2, "creatinine")``."""


class Readable(Protocol):
    """A file inside a package or on disk."""

    def read_bytes(self) -> bytes:
        """Give the whole content."""
        ...


class Mark(msgspec.Struct, frozen=True):
    """Where a value starts and ends (counted from 0), and the quote it is written in."""

    line: int
    column: int
    end_line: int
    style: str | None = None


class Document(msgspec.Struct, frozen=True):
    """A file as data, with the place of every field."""

    data: Any
    file: str
    lines: tuple[str, ...] = ()
    marks: dict[FieldPath, Mark] = {}

    def problem(self, path: FieldPath, message: str, help: str = "") -> Problem:  # noqa: A002
        """Say what is wrong with the field at *path*, or with its nearest known parent."""
        known = path
        while known and known not in self.marks:
            known = known[:-1]
        mark = self.marks.get(known)
        return Problem(
            message,
            help,
            file=self.file,
            line=mark.line + 1 if mark else None,
            column=mark.column + 1 if mark else None,
            path=dotted(path),
        )


class Place(NamedTuple):
    """A field of a document, for those that find fault with it later."""

    document: Document
    path: FieldPath = ()

    def __truediv__(self, step: str | int) -> Place:
        """A field inside it."""
        return Place(self.document, (*self.path, step))

    def problem(self, message: str, remedy: str = "") -> Problem:
        """A fault of it."""
        return self.document.problem(self.path, message, remedy)

    @property
    def text(self) -> str:
        """File and line, such as ``rules/safety/cni.yaml:42``."""
        found = self.problem("")
        return f"{found.file}:{found.line}" if found.line else found.file

    def inside(self, line: int, column: int) -> tuple[int | None, int | None]:
        """Carry a place inside a condition to its place in the file, across quotes and folded lines."""
        mark = self.document.marks.get(self.path)
        if mark is None:
            return None, None
        if mark.style and mark.style[0] in "|>":
            return mark.line + 1 + line, None
        offset = 1 if mark.style else 0
        if mark.end_line == mark.line:
            return mark.line + 1, mark.column + offset + column + 1
        # A scalar over several lines is folded: each line is stripped and joined by one blank.
        first = self.document.lines[mark.line][mark.column + offset :].rstrip()
        if column <= len(first):
            return mark.line + 1, mark.column + offset + column + 1
        rest = column - len(first) - 1
        for number in range(mark.line + 1, min(mark.end_line + 1, len(self.document.lines))):
            text = self.document.lines[number]
            inner = text.strip()
            if rest <= len(inner):
                return number + 1, len(text) - len(text.lstrip()) + rest + 1
            rest -= len(inner) + 1
        return mark.line + 1, None


def mapping(value: Any) -> dict[str, Any]:
    """The value when it is a mapping, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """The items when it is a list or tuple, else none."""
    return list(cast("list[Any]", value)) if isinstance(value, (list, tuple)) else []


def dotted(path: FieldPath) -> str:
    """Write a path as people do: ``observations[2].creatinine``."""
    out = ""
    for step in path:
        out += f"[{step}]" if isinstance(step, int) else f".{step}" if out else step
    return out


def read_file(path: Readable, name: str, error: type[InputError]) -> Document:
    """Read a file; *name* is how errors call it. Raises *error*."""
    try:
        content = _at_most(path, MAX_BYTES + 1)
    except FileNotFoundError:
        raise error.of("no such file", file=name) from None
    except OSError as problem:
        raise error.of(f"cannot be read: {problem.strerror}", file=name) from None
    return read_bytes(content, name, error)


def _at_most(path: Readable, most: int) -> bytes:
    """The content, or its beginning: a pipe or a device may never end."""
    if not isinstance(path, Path):
        return path.read_bytes()
    with path.open("rb") as file:
        return file.read(most)


def read_bytes(content: bytes, name: str, error: type[InputError]) -> Document:
    """Read YAML (JSON is YAML too) as UTF-8, or in an older encoding that can be told. Raises: *error*."""
    if len(content) > MAX_BYTES:
        raise error([_too_large(name)])
    text = _decoded(content)
    if text is None:
        raise error.of("is not text in UTF-8", "is it a binary file?", file=name)
    if "\0" in text:
        raise error.of("is not text: it holds NUL bytes", "is it a binary file?", file=name)
    return _DataBuilder(text, name, error).document()


def _decoded(content: bytes) -> str | None:
    """The text of a file; None if it is none.

    Without a mark of its own, what is not UTF-8 is what Windows and older systems of hospitals write
    (Windows-1252, of which Latin-1 is the printable part), if it holds no control characters.
    """
    try:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return content.decode("utf-16")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _CONTROLS.search(content):
        return None
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return None


def _too_large(name: str) -> Problem:
    return Problem(
        f"is larger than {MAX_BYTES // 1_000_000} MB",
        "a record holds one patient: split the file",
        file=name,
    )


def written(data: Mapping[str, Any], *, rows: bool = False) -> str:
    """Data as a YAML document, in the order of its fields; *rows*: each row of a list on one line."""
    flow = None if rows else False
    text: Any = yaml.safe_dump(
        dict(data),
        sort_keys=False,
        allow_unicode=True,
        width=_ENDLESS if rows else 110,
        default_flow_style=flow,
    )
    return str(text)


def inline(value: Any) -> str:
    """A mapping or list as it is written within a line of YAML."""
    text: Any = yaml.safe_dump(
        value, sort_keys=False, allow_unicode=True, width=_ENDLESS, default_flow_style=True
    )
    return str(text).strip()


_ENDLESS = 1_000_000


class _DataBuilder:
    """Turn parser events into data; one use."""

    def __init__(self, text: str, name: str, error: type[InputError]) -> None:
        self._text, self._name, self._error = text, name, error
        self._marks: dict[FieldPath, Mark] = {}
        self._duplicates: list[Problem] = []

    def document(self) -> Document:
        try:
            data = self._document(iter(yaml.parse(self._text, Loader=_Loader)))
        except yaml.MarkedYAMLError as bad:
            mark: Any = bad.problem_mark or bad.context_mark
            raise self._error.of(
                f"is not valid YAML: {bad.problem or bad.context}",
                "check indentation, quotes and colons",
                file=self._name,
                line=mark.line + 1 if mark else None,
                column=mark.column + 1 if mark else None,
            ) from None
        except yaml.YAMLError:
            raise self._error.of(
                "is not valid YAML: it holds a control character",
                "is it a binary file?",
                file=self._name,
            ) from None
        if self._duplicates:
            raise self._error(self._duplicates)
        return Document(data, self._name, tuple(self._text.splitlines()), self._marks)

    def _document(self, events: Iterator[Any]) -> Any:
        data: Any = None
        seen = False
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if seen:
                    raise self._refuse(event, "holds more than one document", "one file, one document")
                seen = True
            elif isinstance(event, yaml.NodeEvent):
                data = self._node(event, events, ())
        return data

    def _node(self, event: Any, events: Iterator[Any], path: FieldPath) -> Any:
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise self._refuse(event, "anchors and aliases are not accepted", "write the value out")
        if event.tag not in (None, "!"):
            raise self._refuse(event, f"the tag {quoted(event.tag)} is not accepted", "remove the tag")
        if len(path) > MAX_DEPTH:
            raise self._refuse(event, f"is nested deeper than {MAX_DEPTH} levels", "flatten it")
        start = event.start_mark
        style = getattr(event, "style", None)
        self._marks[path] = Mark(start.line, start.column, event.end_mark.line, style)
        if isinstance(event, yaml.ScalarEvent):
            value: str = event.value
            return value if style else _CONSTANTS.get(value, value)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, path)
        return self._mapping(events, path)

    def _sequence(self, events: Iterator[Any], path: FieldPath) -> list[Any]:
        items: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, events, (*path, len(items))))
        return items

    def _mapping(self, events: Iterator[Any], path: FieldPath) -> dict[str, Any]:
        items: dict[str, Any] = {}
        for event in events:
            mark: Any = event.start_mark
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent):
                raise self._refuse(event, "a key must be plain text", "quote it or restructure")
            key = str(event.value)
            here = (*path, key)
            if key in items:
                first = self._marks[here].line + 1
                self._duplicates.append(
                    Problem(
                        f"the key {quoted(key)} is given twice (first on line {first})",
                        "keep one of them",
                        file=self._name,
                        line=mark.line + 1,
                        column=mark.column + 1,
                        path=dotted(here),
                    )
                )
            items[key] = self._node(next(events), events, here)
        return items

    def _refuse(self, event: Any, message: str, remedy: str) -> InputError:
        mark = event.start_mark
        return self._error.of(message, remedy, file=self._name, line=mark.line + 1, column=mark.column + 1)
