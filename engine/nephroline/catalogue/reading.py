"""From raw entries to structs: quantities and units are read on the way, references are walked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

import msgspec

from nephroline.errors import Problem, did_you_mean, quoted
from nephroline.exact import Fraction
from nephroline.quantities import Quantity, QuantityError, Unit, parse
from nephroline.shapes import fit
from nephroline.yamlfile import FieldPath, Place, listed

T = TypeVar("T")
_NUMBER = re.compile(r"-?\d{1,20}(?:\.\d{1,20})?(?:/\d{1,20})?")
"""Exact numbers as files write them; a power of ten could be longer than all memory."""


def read_entry(
    place: Place,
    raw: Any,
    shape: type[T],
    units: Mapping[str, Unit],
    problems: list[Problem],
) -> T | None:
    """Read one entry of the catalogue; what is wrong is added to *problems*."""
    found = len(problems)
    prepared = _prepared(raw, shape, units, place, problems)
    if len(problems) > found:
        return None
    return fit(place.document, place.path, prepared, shape, problems, dec_hook=_number)


def _number(kind: type, value: object) -> Fraction:
    """An exact number, such as ``0.001`` or ``1/24``."""
    if kind is not Fraction:
        raise NotImplementedError
    try:
        if not _NUMBER.fullmatch(str(value)):
            raise ValueError  # noqa: TRY301
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{quoted(value)} is not a number") from None


def _prepared(raw: Any, kind: Any, units: Mapping[str, Unit], place: Place, problems: list[Problem]) -> Any:
    """Raw data with its quantities and units read, wherever the shape has one."""
    if kind is Quantity and isinstance(raw, str):
        try:
            return parse(raw, units)
        except QuantityError as bad:
            problems.append(place.problem(str(bad), bad.help))
            return raw
    if kind is Unit and isinstance(raw, str):
        if raw not in units:
            remedy = did_you_mean(raw, units, see="`nephroline units` lists them")
            problems.append(place.problem(f"unknown unit {quoted(raw)}", remedy))
        return units.get(raw, raw)
    if isinstance(raw, list):
        inner = _inside(kind)
        return [_prepared(item, inner, units, place / i, problems) for i, item in enumerate(listed(raw))]
    if isinstance(raw, dict):
        table = cast("dict[str, Any]", raw)
        kinds = _fields(kind)
        inner = _inside(kind)
        return {
            name: _prepared(value, kinds.get(name, inner), units, place / name, problems)
            for name, value in table.items()
        }
    return raw


@lru_cache(maxsize=256)
def _fields(kind: Any) -> Mapping[str, Any]:
    """The fields of a struct by the name that is written, with the type that matters of each."""
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return {}
    hints = get_type_hints(kind, include_extras=True)
    return {
        field.encode_name: _without_none(hints[field.name])
        for field in msgspec.structs.fields(kind)
        if field.name in hints
    }


@lru_cache(maxsize=256)
def _attributes(kind: Any) -> tuple[tuple[str, str, Any], ...]:
    """The attributes of a struct: each with the name that is written, and the type that matters."""
    kinds = _fields(kind)
    return tuple(
        (field.name, field.encode_name, kinds[field.encode_name])
        for field in msgspec.structs.fields(kind)
        if kinds.get(field.encode_name) is not None
    )


def _without_none(kind: Any) -> Any:
    options = [option for option in get_args(kind) if option is not type(None)]
    return options[0] if type(None) in get_args(kind) and len(options) == 1 else kind


def _inside(kind: Any) -> Any:
    """What a list or mapping holds."""
    arguments = [a for a in get_args(kind) if a is not Ellipsis]
    return arguments[-1] if arguments else None


def references(entry: msgspec.Struct) -> Iterator[tuple[FieldPath, str, tuple[str, ...]]]:
    """Every name of another entry in an entry: where it stands, it, and the sections it may be of."""
    yield from _references(entry, type(entry), ())


def _references(value: Any, kind: Any, path: FieldPath) -> Iterator[tuple[FieldPath, str, tuple[str, ...]]]:
    sections = _refers_to(kind)
    if sections:
        if isinstance(value, str):
            yield path, value, sections
    elif isinstance(value, msgspec.Struct):
        for name, written, inner in _attributes(type(value)):
            yield from _references(getattr(value, name), inner, (*path, written))
    elif isinstance(value, tuple):
        for i, item in enumerate(listed(value)):
            yield from _references(item, _inside(kind), (*path, i))
    elif isinstance(value, Mapping) and get_origin(kind) is not None:
        keys, values = get_args(kind)
        for name, item in cast("Mapping[str, Any]", value).items():
            yield from _references(name, keys, (*path, name))
            yield from _references(item, values, (*path, name))


def _refers_to(kind: Any) -> tuple[str, ...]:
    for note in getattr(kind, "__metadata__", ()):
        if isinstance(note, msgspec.Meta) and note.extra:
            return tuple(note.extra.get("refers_to", ()))
    return ()
