"""The least chart on which a mutant answers otherwise, made from one on which it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from nephroline.errors import NephrolineError
from nephroline.mutation.apart import telling_apart
from nephroline.mutation.trials import answer_of
from nephroline.pathway import Pathway
from nephroline.record import open_document, read_record
from nephroline.yamlfile import listed, mapping

_KEPT = ("id", "at", "drug", "from", "name")
"""Fields without which a row says nothing."""


def least_chart(
    file: str, at: str, pathway: Pathway, changed: Pathway
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The record of a scenario without all that is not needed to tell two pathways apart; what tells them."""
    data: dict[str, Any] = open_document(Path(file)).data["record"]
    apart = partial(_apart, at=at, pathway=pathway, changed=changed)
    least = smaller(data, lambda other: bool(apart(other)))
    return least, apart(least)


def smaller(chart: dict[str, Any], shows: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """A chart without every section, row and field without which it still shows what it is to show."""
    shrunk = True
    while shrunk:
        shrunk = False
        for other in _less(chart):
            if shows(other):
                chart, shrunk = other, True
                break
    return chart


def _apart(data: dict[str, Any], *, at: str, pathway: Pathway, changed: Pathway) -> dict[str, Any]:
    try:
        record = read_record(data, pathway.catalogue)
        ours, theirs = (answer_of(one, record, at) for one in (pathway, changed))
    except NephrolineError:
        return {}
    return telling_apart(ours, theirs)


def _less(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The chart without one of its sections, rows or fields: the largest first."""
    for name, value in data.items():
        if name not in _KEPT:
            yield _without(data, name)
        if isinstance(value, list):
            rows = listed(value)
            for i in reversed(range(len(rows))):
                yield data | {name: rows[:i] + rows[i + 1 :]}
            for i, row in enumerate(rows):
                for field in mapping(row):
                    if field not in _KEPT:
                        yield data | {name: [*rows[:i], _without(mapping(row), field), *rows[i + 1 :]]}
        for field in mapping(value):
            yield data | {name: _without(mapping(value), field)}


def _without(data: dict[str, Any], field: str) -> dict[str, Any]:
    return {key: item for key, item in data.items() if key != field}
