"""A course in a few lines of a terminal: responses, values and drugs over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from nephroline.course import Bar, DrawnCourse, Panel
from nephroline.faces.screen import Screen, columns
from nephroline.terms import Response

_LETTERS = {
    Response.COMPLETE_REMISSION: ("C", "green"),
    Response.PARTIAL_REMISSION: ("P", "cyan"),
    Response.RELAPSE: ("R", "red"),
    Response.NO_RESPONSE: ("n", "yellow"),
    Response.INDETERMINATE: ("i", ""),
}
_LABEL, _NOTE, _INDENT, _LEAST, _MOST = 18, 15, 2, 24, 96
_DRUGS = 6
_TICK = 8


class Signs(msgspec.Struct, frozen=True):
    """The signs that a timeline is made of."""

    levels: str
    drug: str
    goes_on: str
    word: str
    below: str
    asked: str
    acted: str
    dash: str


UNICODE = Signs("▁▂▃▄▅▆▇█", "━", "▶", "~", "<", "·", "▲", "–")
ASCII = Signs("0123456789", "=", ">", "~", "<", ".", "^", "-")


def show_timeline(out: Screen, course: DrawnCourse, *, ascii_only: bool = False) -> None:
    """Print a course on the width of the terminal."""
    signs = ASCII if ascii_only else UNICODE
    room = min(out.width, _MOST) - _INDENT - _LABEL - _NOTE
    narrow = room < _LEAST
    width = room + _NOTE if narrow else room

    def column(day: float) -> int:
        share = (day - course.begin) / (course.end - course.begin)
        return min(int(share * width), width - 1)

    def row(label: str, cells: Sequence[str], note: str, style: str = "") -> None:
        text = "".join(cells)
        shown = "" if narrow else f" {note}"
        out.line((" " * _INDENT + _fit(label), "bold"), (text, style), (shown, "dim"))

    unit, days = ("months", course.month) if course.end - course.begin > 3 * course.month else ("days", 1.0)
    out.line((" " * _INDENT + _fit(unit), "dim"), (_ticks(course, width, days, column), "dim"))
    _responses(out, course, width, column)
    for panel in course.panels:
        if panel.points:
            cells, note = _values(panel, width, column, signs)
            row(panel.title, cells, note)
    drugs: dict[str, list[Bar]] = {}
    for bar in course.bars:
        if bar.line_drug:
            drugs.setdefault(bar.drug, []).append(bar)
    for drug, bars in list(drugs.items())[:_DRUGS]:
        row(drug, _given(bars, width, column, signs), bars[-1].dose, "cyan")
    if len(drugs) > _DRUGS:
        out.line((" " * _INDENT + f"and {len(drugs) - _DRUGS} more drugs", "dim"))
    row("decisions", _asked(course, width, column, signs), f"{signs.acted} acted")
    met = dict.fromkeys(phase.response for phase in course.phases)
    said = [f"{_LETTERS[r][0]} {str(r).replace('-', ' ')}" for r in _LETTERS if r in met]
    words = any(point.word for panel in course.panels for point in panel.points)
    out.paragraph(
        " · ".join([*said, *([f"{signs.word} in words"] if words else [])]), indent=_INDENT, style="dim"
    )


def _fit(label: str) -> str:
    """A label cut to its column."""
    while columns(label) > _LABEL - 1:
        label = label[:-2] + "." if label.endswith(".") else label[:-1] + "."
    return label + " " * (_LABEL - columns(label))


def _ticks(course: DrawnCourse, width: int, days: float, column: Callable[[float], int]) -> str:
    span = (course.end - course.begin) / days
    step = next(s for s in _steps() if span / s * _TICK <= width)
    cells = [" "] * (width + _TICK)
    tick = -(-course.begin / days // step) * step
    while tick * days <= course.end:
        for i, sign in enumerate(f"{tick:g}"):
            cells[column(tick * days) + i] = sign
        tick += step
    return "".join(cells).rstrip()


def _steps() -> Sequence[float]:
    return [base * 10**power for power in range(7) for base in (1, 2, 3, 6)]


def _responses(out: Screen, course: DrawnCourse, width: int, column: Callable[[float], int]) -> None:
    cells: list[tuple[str, str]] = [(" ", "")] * width
    for phase in course.phases:
        for i in range(column(phase.start), column(phase.end) + 1):
            cells[i] = _LETTERS[phase.response]
    out.line((" " * _INDENT + _fit("response"), "bold"), *cells)


def _values(panel: Panel, width: int, column: Callable[[float], int], signs: Signs) -> tuple[list[str], str]:
    """The height of each value; the last one wins where two share a column, and numbers over words."""
    values = [point.value for point in panel.numbers if point.value is not None]
    most = max([v for p in panel.numbers for v in (p.low, p.high) if v is not None], default=1.0) or 1.0
    cells = [" "] * width
    for point in sorted(panel.points, key=lambda point: not point.word):
        if point.word:
            sign = signs.word
        elif point.value is None:
            sign = signs.below
        else:
            sign = signs.levels[min(int(point.value / most * len(signs.levels)), len(signs.levels) - 1)]
        for i in range(column(point.start), column(point.end) + 1):
            cells[i] = sign
    if not values:
        return cells, panel.unit
    low, high = min(values), max(values)
    shown = f"{low:.3g}" if low == high else f"{low:.3g}{signs.dash}{high:.3g}"
    return cells, f"{shown} {panel.unit}"


def _given(bars: Sequence[Bar], width: int, column: Callable[[float], int], signs: Signs) -> list[str]:
    cells = [" "] * width
    for bar in bars:
        last = width - 1 if bar.end is None else max(column(bar.end) - 1, column(bar.start))
        for i in range(column(bar.start), last + 1):
            cells[i] = signs.drug
        if bar.end is None:
            cells[-1] = signs.goes_on
    return cells


def _asked(course: DrawnCourse, width: int, column: Callable[[float], int], signs: Signs) -> list[str]:
    cells = [" "] * width
    for decision in sorted(course.decisions, key=lambda decision: bool(decision.deeds)):
        cells[column(decision.day)] = signs.acted if decision.deeds else signs.asked
    return cells
