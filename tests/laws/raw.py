"""What the text of a chart says, read and moved without the engine: for charts whose times are precise."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

OPEN = (
    frozenset[str]()
    if os.environ.get("LAW_STRICT")
    else frozenset(("reason", "bound", "combined", "parted", "begun", "dose", "report"))
)
"""What is known to break a law, and is left out until it is mended; LAW_STRICT=1 leaves nothing out.

reason: why a line of a drug that acts on ended is `not-stopped` while it acts, and unknown later. bound: at the
later bound of an imprecise end a drug still may run. combined: what is taken in a combination is offered alone.
parted: where one of two agents stops just at as-of, no line of the other runs.
begun: what runs is begun with a combination that has it.
dose: a dose that is unknown beside another agent earns steroid resistance on the line of that agent.
report: a relapse that may be reported is not thought of where no remission is charted.
"""

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_DAYS = {"mo": Fraction(487, 16), "wk": Fraction(7), "d": Fraction(1)}
_PREDNISOLONE = {
    "prednisolone": 1.0,
    "prednisone": 1.0,
    "methylprednisolone": 1.25,
    "glucocorticoid": 1.0,
    "study steroid": 1.0,
}
"""How much prednisolone the steroids of these charts make."""
_FULL_PER_KG, _FULL, _FULL_ALTERNATE = 0.95, 80.0, 120.0
_PAUSE = 30


def number_of(text: str | None) -> float | None:
    """The first number of a text."""
    found = _NUMBER.search(text or "")
    return float(found.group()) if found else None


def day_of(chart: dict[str, Any], text: str) -> Fraction:
    """A precise time as days from time zero."""
    if "time_zero" in chart:
        return Fraction((date.fromisoformat(text) - date.fromisoformat(chart["time_zero"])).days)
    number, unit = text.split()
    return Fraction(number) * _DAYS[unit]


def given_rows(chart: dict[str, Any], drug: str) -> list[dict[str, Any]]:
    """The rows of a drug, for the disease of the chart."""
    return [row for row in chart["exposures"] if row["drug"] == drug and "for" not in row]


def _courses(chart: dict[str, Any]) -> Iterator[list[tuple[Fraction, Fraction | None, bool]]]:
    """Courses of steroid as stretches with whether they are at full dose; a short pause is bridged."""
    stretches: list[tuple[Fraction, Fraction | None, bool]] = []
    for drug in _PREDNISOLONE:
        for row in given_rows(chart, drug):
            if row.get("taken", "yes") != "yes":
                continue
            if "doses" in row:
                for dose in row["doses"]:
                    day = day_of(chart, dose["at"])
                    stretches.append((day, day, True))
                continue
            end = day_of(chart, row["to"]) if "to" in row else None
            stretches.append((day_of(chart, row["from"]), end, _is_full(chart, row)))
    stretches.sort(key=lambda item: item[0])
    course: list[tuple[Fraction, Fraction | None, bool]] = []
    for stretch in stretches:
        ends = [end for _, end, _ in course]
        if course and None not in ends and stretch[0] - max(end for end in ends if end is not None) > _PAUSE:
            yield course
            course = []
        course.append(stretch)
    if course:
        yield course


def _is_full(chart: dict[str, Any], row: dict[str, Any]) -> bool:
    """Whether a dose is a full one, as the editions print it, with what rounding leaves of 1 mg/kg."""
    text = row.get("dose", "unknown")
    amount, weight = number_of(text), number_of(chart.get("weight"))
    if amount is None:
        return False
    amount *= _PREDNISOLONE[row["drug"]] * (2 if text.endswith("bid") else 1)
    alternate = text.endswith(("/2d", "every other day"))
    if "mg/kg" in text:
        return amount / (2 if alternate else 1) >= _FULL_PER_KG
    if " g" in text:
        amount *= 1000
    if alternate and amount >= _FULL_ALTERNATE:
        return True
    per_day = amount / (2 if alternate else 1)
    return per_day >= _FULL or (weight is not None and per_day / weight >= _FULL_PER_KG)


def days_at_full_dose(chart: dict[str, Any], start: Fraction, end: Fraction) -> Fraction:
    """The days of steroid at full dose up to the end of a line, in the courses that it meets."""
    total = Fraction(0)
    for course in _courses(chart):
        last = (
            None
            if any(until is None for _, until, _ in course)
            else max(u for _, u, _ in course if u is not None)
        )
        if course[0][0] > end or (last is not None and last < start):
            continue
        reached = course[0][0]
        for begin, until, full in course:
            stop = end if until is None else min(until, end)
            if full and stop > max(begin, reached):
                total += stop - max(begin, reached)
                reached = stop
    return total


def days_at_trough(chart: dict[str, Any], drug: str, start: Fraction, end: Fraction) -> tuple[bool, Fraction]:
    """Whether a trough was measured on a line, and for how long it was in its target: each speaks for what came before."""
    least = {"cyclosporine": 100.0, "tacrolimus": 5.0}.get(drug)
    name = f"{drug}_trough"
    seen = sorted(
        (day, value)
        for row in chart["observations"]
        if name in row
        and start < (day := day_of(chart, row["at"])) <= end
        and (value := number_of(row[name])) is not None
    )
    total, before = Fraction(0), start
    for i, (day, value) in enumerate(seen):
        until = end if i == len(seen) - 1 else day
        if least is not None and value >= least:
            total += until - before
        before = until
    return bool(seen), total


def first_given(chart: dict[str, Any], drug: str, start: Fraction) -> Fraction:
    """When a drug that runs at a time was begun: the start of its rows that follow each other up to then."""
    rows = sorted(
        (
            day_of(chart, row["from"]),
            day_of(chart, row["to"]) if row.get("to", "unknown") != "unknown" else None,
        )
        for row in given_rows(chart, drug)
        if "from" in row
    )
    since = start
    for first, last in reversed(rows):
        if first < since and (last is None or last >= since):
            since = first
    return since


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def moved(value: Any, days: int) -> Any:
    """The same with every date so many days later."""
    match value:
        case dict():
            return {key: moved(item, days) for key, item in value.items()}
        case list():
            return [moved(item, days) for item in value]
        case str() if _DATE.fullmatch(value):
            return (date.fromisoformat(value) + timedelta(days=days)).isoformat()
        case _:
            return value


def shuffled(chart: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """The same with fields and rows in another order."""
    other = {key: chart[key] for key in rng.sample(sorted(chart), len(chart))}
    for section in ("observations", "exposures", "conditions", "reactions"):
        rows = [{key: row[key] for key in rng.sample(sorted(row), len(row))} for row in chart[section]]
        rng.shuffle(rows)
        other[section] = rows
    return other
