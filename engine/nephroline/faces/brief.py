"""The summary on a screen: fifteen lines that can be read in ten seconds."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from nephroline.consultation import Consultation
from nephroline.consultation.parts import SummaryOut
from nephroline.faces.commanding import count
from nephroline.faces.outlook import show_margins
from nephroline.faces.screen import Screen, rows_of

_LABEL = 9
_BUDGET = 15
"""Lines that an answer takes if it can; critical alerts may pass it."""
_JOIN = " · "
_LONG_ID = 20
_LEAST = {"critical": 99, "next": 4, "status": 2, "stop": 2, "hold": 2, "taper": 2}
"""Lines to which an entry is cut at most; one, if it is not named here."""
_MOST = {"critical": 99, "next": 5, "status": 3, "open": 3, "also": 2, "warning": 2, "first": 2, "not": 2}
"""Lines that an entry takes at most; two, if it is not named here."""
_FIRST_CUT = ("pathway", "also", "course", "first", "values", "drugs", "warning", "open", "status", "not")
"""Which entries give up lines first, where they are too many."""
_LEFT_TO = ("stop", "status", "open", "not", "refer", "first", "course", "values", "also", "warning")
_GROWS = {label: place for place, label in enumerate(_LEFT_TO)}
"""Which entries get what is left of the budget while they are cut, the first of them first."""
_DOSED = "next"
_WHY = "not"
"""The entry that has room of its own for what it is based on."""
_STYLE = {
    "critical": "bold red",
    "next": "bold green",
    "warning": "yellow",
    "not": "red",
    "open": "yellow",
    "in chart": "yellow",
    "status": "bold magenta",
}


class _Fitted(msgspec.Struct):
    """An entry with the lines that it may take, and those that it keeps at least."""

    entry: SummaryOut
    rows: int
    least: int


def show_brief(out: Screen, answer: Consultation, *, more: str = "") -> None:
    """The summary of an answer; *more*: how to see the rest."""
    patient, *entries = answer.summary
    who, *rest = patient.items
    head = [who if len(who) <= _LONG_ID else f"{who[:_LONG_ID]}…", *rest]
    room = out.room(_LABEL)
    out.paragraph(_JOIN.join(head), style="bold")
    for fitted in _fit(entries, room, _rows(head, out.room()) + 1):
        label = fitted.entry.label
        text = _cut(_told(fitted.entry, room, fitted.rows), room, fitted.rows)
        style = _STYLE.get(label, "")
        loud = style if label in ("critical", "next", "status") else ""
        out.hang(((f"{label.upper():<{_LABEL}}"[:_LABEL], style or "bold"),), ((text, loud),), _LABEL)
    out.paragraph(_JOIN.join(filter(None, (_unconfirmed(answer), more))), style="dim")
    if answer.outlook is not None:
        show_margins(out, answer.outlook)


def _fit(entries: Sequence[SummaryOut], room: int, taken: int) -> list[_Fitted]:
    """How many lines each entry gets, so that all of them take no more than the budget, if they can."""
    found = [_fitted(one, room) for one in entries]
    for label in (*_FIRST_CUT, *(one.label for one in reversed(entries) if one.label not in _FIRST_CUT)):
        for fitted in found:
            while (
                fitted.entry.label == label
                and fitted.rows > fitted.least
                and taken + sum(one.rows for one in found if one.entry.label != "critical") > _BUDGET
            ):
                fitted.rows -= 1
    for fitted in found:
        fitted.rows = _used(fitted.entry, room, fitted.rows)
    left = _BUDGET - taken - sum(one.rows for one in found if one.entry.label != "critical")
    for fitted in sorted(found, key=lambda one: _GROWS.get(one.entry.label, len(_GROWS))):
        if left > 0 and fitted.entry.label in _GROWS:
            rows = _used(fitted.entry, room, fitted.rows + left)
            left -= rows - fitted.rows
            fitted.rows = rows
    return found


def _used(entry: SummaryOut, room: int, rows: int) -> int:
    """The lines that an entry takes of those that it may: an item is not begun that does not fit."""
    return _rows([_cut(_told(entry, room, rows), room, rows)], room)


def _whole(entry: SummaryOut, room: int) -> int:
    """The lines that an entry takes uncut; what it is based on has the room that is left on them."""
    return _rows(entry.items if entry.label == _WHY else entry.items[: len(entry.items) - entry.basis], room)


def _fitted(entry: SummaryOut, room: int) -> _Fitted:
    """An entry with the lines that it takes where there is room for all."""
    rows = _whole(entry, room)
    # A dose is never cut: what is to be done has the lines that its first words take.
    # Nor is what stands right after it, such as that it is not certain.
    whole = _rows([*entry.items[:2], "9 more"], room) if entry.label == _DOSED else 1
    least = max(_LEAST.get(entry.label, 1), whole)
    return _Fitted(entry, min(rows, max(_MOST.get(entry.label, 2), whole)), least)


def _told(entry: SummaryOut, width: int, rows: int) -> Sequence[str]:
    """The items, with as much of what they are based on as there is room for."""
    items = entry.items
    for kept in range(len(items), len(items) - entry.basis, -1):
        if _rows(items[:kept], width) <= rows:
            return items[:kept]
    return items[: len(items) - entry.basis]


def _rows(items: Sequence[str], width: int) -> int:
    return rows_of(_JOIN.join(items), width)


def _cut(items: Sequence[str], width: int, rows: int) -> str:
    """Items up to what fits, with the number of those that do not."""
    if _rows(items, width) <= rows:
        return _JOIN.join(items)
    for kept in range(len(items) - 1, 0, -1):
        left = f"{len(items) - kept} more"
        if _rows([*items[:kept], left], width) <= rows:
            return _JOIN.join([*items[:kept], left])
    return _words(items, width, rows)


def _words(items: Sequence[str], width: int, rows: int) -> str:
    """The first item cut at a word, and how many more there are."""
    left = f"{_JOIN}{len(items) - 1} more" if len(items) > 1 else ""
    words = items[0].split(" ")
    for kept in range(len(words) - 1, 0, -1):
        text = f"{' '.join(words[:kept])} …{left}"
        if _rows([text], width) <= rows:
            return text
    return f"{words[0]} …{left}"


def _unconfirmed(answer: Consultation) -> str:
    """How much of what the answer rests on nobody has read in print."""
    unsure = len(answer.next_line.rests_on) if answer.next_line is not None else 0
    return f"rests on {count(unsure, 'number')} not confirmed in print" if unsure else ""
