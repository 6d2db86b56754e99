"""Fit read YAML to typed shapes (msgspec structs), with errors an author can act on.

The structs are also where the JSON Schemas of the public formats come from.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from typing import Any, TypeVar, cast

import msgspec

from nephroline.errors import Problem, did_you_mean, quoted
from nephroline.yamlfile import Document, FieldPath

T = TypeVar("T")
_PLACE = re.compile(r" - at `\$(?P<path>.*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `([^`]*)`")
_STEP = re.compile(r"\.(?P<name>[^.\[\]]+)|\[(?P<index>\d+)\]")
_KINDS: dict[str, str] = {
    "str": "text",
    "int": "a whole number",
    "bool": "true or false",
    "object": "a mapping of fields",
    "array": "a list",
    "null": "nothing",
    "float": "a number",
}


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The base of everything that is read from a file: immutable, no unknown field."""


def fit(
    document: Document,
    path: FieldPath,
    data: Any,
    shape: type[T],
    problems: list[Problem],
    *,
    dec_hook: Callable[[type, Any], Any] | None = None,
) -> T | None:
    """Convert *data* at *path* to *shape*; what is wrong is added to *problems*.

    Unknown fields are left out, so that the rest is looked at too; after another failure it gives None.
    *dec_hook* reads types that a file writes as text, as msgspec says.
    """
    try:
        return msgspec.convert(data, shape, strict=False, dec_hook=dec_hook)
    except msgspec.ValidationError as bad:
        message = str(bad)
        match = _PLACE.search(message)
        steps: FieldPath = ()
        if match:
            message = message[: match.start()]
            steps = tuple(
                int(step["index"]) if step["index"] else step["name"]
                for step in _STEP.finditer(match["path"])
            )
        problems.append(_problem(document, (*path, *steps), message, _at(data, steps), shape))
        unknown = _UNKNOWN.match(message)
        # A place inside a mapping is told as [...]: the field cannot be left out to look at the rest.
        if unknown is None or (match and "[...]" in match["path"]):
            return None
        return fit(document, path, _without(data, steps, unknown[1]), shape, problems, dec_hook=dec_hook)


def _without(data: Any, steps: FieldPath, name: str) -> Any:
    """A copy without a field."""
    if not steps:
        return {key: value for key, value in data.items() if key != name}
    found: Any = copy(data)
    found[steps[0]] = _without(data[steps[0]], steps[1:], name)
    return found


def _at(data: Any, steps: FieldPath) -> Any:
    for step in steps:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _problem(document: Document, path: FieldPath, message: str, value: Any, shape: type) -> Problem:
    names: list[str] = re.findall(r"`([^`]*)`", message)
    if message.startswith("Object contains unknown field"):
        fields = sorted(_fields(shape, value))
        see = "fields here: " + ", ".join(fields) if fields else ""
        return document.problem(
            (*path, names[0]),
            f"unknown field {quoted(names[0])}",
            did_you_mean(names[0], fields, see=see),
        )
    if message.startswith("Object missing required field"):
        return document.problem(path, f"the field {quoted(names[0])} is missing", "add it")
    if message.startswith("Expected") and len(names) >= 1:
        wanted = " or ".join(_KINDS.get(n.strip(), n.strip()) for n in names[0].split("|"))
        return document.problem(path, f"expected {wanted}, got {_kind(value)}")
    if message.startswith("Invalid enum value"):
        allowed = _choices(shape, path)
        return document.problem(
            path,
            f"{quoted(value)} is not one of the accepted words",
            did_you_mean(str(value), allowed, see="accepted: " + ", ".join(allowed) if allowed else ""),
        )
    return document.problem(path, message[0].lower() + message[1:])


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, dict):
        return "a mapping of fields"
    if isinstance(value, list):
        return "a list"
    return quoted(value)


def _fields(shape: type, value: Any) -> set[str]:
    """Field names of the struct, anywhere inside *shape*, that fits *value* best."""
    best: set[str] = set()
    given = set(value) if isinstance(value, dict) else set()  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    score = -1
    for struct in _structs(shape, set()):
        names = {f.encode_name for f in msgspec.structs.fields(struct)}
        overlap = len(names & given) * 100 - len(names)
        if overlap > score or not best:
            best, score = names, overlap
    return best


def _structs(shape: Any, seen: set[Any]) -> list[Any]:
    if shape in seen:
        return []
    seen.add(shape)
    found: list[Any] = []
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        found.append(shape)
        for f in msgspec.structs.fields(shape):
            found += _structs(f.type, seen)
    arguments: tuple[Any, ...] = getattr(cast("Any", shape), "__args__", ())
    for argument in arguments:
        found += _structs(argument, seen)
    return found


def _choices(shape: type, path: FieldPath) -> list[str]:
    """Words of the enum that the last named step of *path* takes."""
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    for struct in _structs(shape, set()):
        for f in msgspec.structs.fields(struct):
            if f.encode_name == name:
                for kind in (f.type, *getattr(f.type, "__args__", ())):
                    members = getattr(kind, "__members__", None)
                    if members:
                        return [str(member.value) for member in members.values()]
    return []
