"""Makes a chart that breaks a law smaller, row by row and field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def smaller(chart: dict[str, Any], fails: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The chart without every row and field that it can fail without."""
    shrunk = True
    while shrunk:
        shrunk = False
        for other in _less(chart):
            if fails(other):
                chart, shrunk = other, True
                break
    return chart


def _less(chart: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The chart without one of its rows, and without one field of a row."""
    for name, value in chart.items():
        if isinstance(value, list) and value:
            yield chart | {name: []}
        elif name != "id" and value:
            yield {key: item for key, item in chart.items() if key != name}
    for name, rows in chart.items():
        if isinstance(rows, list):
            for i, row in enumerate(rows):
                yield chart | {name: rows[:i] + rows[i + 1 :]}
                for field in row:
                    if field not in ("at", "drug", "from", "name"):
                        yield chart | {
                            name: [*rows[:i], {k: v for k, v in row.items() if k != field}, *rows[i + 1 :]]
                        }
        elif isinstance(rows, dict):
            for field in rows:
                yield chart | {name: {k: v for k, v in rows.items() if k != field}}
