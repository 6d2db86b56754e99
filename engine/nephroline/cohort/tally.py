"""What a cohort comes to: counts of patients, small ones hidden, and the flow through lines of therapy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from nephroline.cohort.layout import PATIENT
from nephroline.quantities import MONTH
from nephroline.terms import spoken

ResultRow = Mapping[str, Any]
"""A row of the results."""


class Cell(msgspec.Struct, frozen=True):
    """A group and how many patients are in it; None: so few that it is not told."""

    name: str
    count: int | None


class Counted(msgspec.Struct, frozen=True):
    """A table of groups, and how many patients it is of."""

    title: str
    cells: list[Cell]
    of: int
    note: str = ""


class Soon(msgspec.Struct, frozen=True):
    """How many were in remission so many months after a line began, of those who were followed so long."""

    months: int
    reached: int | None
    followed: int | None


class Node(msgspec.Struct, frozen=True):
    """A line of therapy in the flow: the how-manieth it is, what was given, and how many patients."""

    line: int
    name: str
    count: int


class Link(msgspec.Struct, frozen=True):
    """How many patients went from a line to the next."""

    line: int
    source: str
    target: str
    count: int


class Flow(msgspec.Struct, frozen=True):
    """The lines of therapy, one after the other."""

    nodes: list[Node]
    links: list[Link]


def hidden(counts: Mapping[str, int], least: int, of: int | None = None) -> list[Cell]:
    """Counts with those below *least* hidden; where *of* is told, so many that none can be worked out.

    With one count hidden, that it is the rest would tell it: the next smallest is hidden with it.
    """
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    small = {name for name, count in ordered if 0 < count < least}
    if of is not None and len(small) == 1 and sum(counts.values()) >= of:
        others = [name for name, count in reversed(ordered) if name not in small and count]
        small |= set(others[:1])
    return [Cell(name, None if name in small else count) for name, count in ordered]


def latest(rows: Iterable[ResultRow]) -> list[ResultRow]:
    """The last decision on each patient."""
    found: dict[str, ResultRow] = {}
    for row in rows:
        known = found.get(row[PATIENT])
        if known is None or row["day"] >= known["day"]:
            found[row[PATIENT]] = row
    return list(found.values())


Called = Callable[[str], str]
"""What a thing is called by its id."""


def one_each(
    title: str, values: Iterable[str | None], least: int, *, none: str = "none", called: Called = spoken
) -> Counted:
    """A table in which each patient stands once."""
    counts = Counter(called(value) if value else none for value in values)
    of = counts.total()
    return Counted(title, hidden(counts, least, of), of)


_MOST = 20


def several(title: str, values: Iterable[Iterable[str]], least: int, *, called: Called = spoken) -> Counted:
    """A table in which a patient may stand several times, or not at all; the most frequent of many."""
    found = [set(map(called, each)) for each in values]
    counts = Counter(name for each in found for name in each)
    kept = dict(counts.most_common(_MOST))
    note = f"the {_MOST} most frequent of {len(counts)}" if len(counts) > _MOST else ""
    return Counted(title, hidden(kept, least), len(found), note)


def by_year(rows: Sequence[ResultRow], least: int, called: Called) -> list[Counted]:
    """Labels by the year in which they were earned, where charts bear dates."""
    years: dict[str, Counter[str]] = {}
    for row in rows:
        for label in row["labels"]:
            if row["date"] is not None and label["since"] is not None:
                earned = row["date"] - timedelta(days=row["day"] - label["since"])
                years.setdefault(called(label["id"]), Counter())[str(earned.year)] += 1
    return [
        Counted(name, sorted(hidden(counts, least), key=lambda cell: cell.name), counts.total())
        for name, counts in sorted(years.items(), key=lambda item: -item[1].total())
    ]


def given(line: ResultRow, called: Called) -> str:
    """What a line of therapy is called: its regimen, or its drugs."""
    return called(line["regimen"]) if line["regimen"] else " + ".join(map(called, line["drugs"]))


_LINES = 4


def flow(rows: Sequence[ResultRow], least: int, called: Called) -> Flow:
    """Who went from which line of therapy to which; what few went through stands together."""
    paths = [[given(line, called) for line in row["lines"][:_LINES]] for row in rows]
    often = [Counter(path[i] for path in paths if len(path) > i) for i in range(_LINES)]
    bound = [max(least, counts.total() // _SHARE) for counts in often]
    named = [[n if often[i][n] >= bound[i] else _OTHER for i, n in enumerate(path)] for path in paths]
    nodes = Counter((i + 1, name) for path in named for i, name in enumerate(path))
    links = Counter((i + 1, path[i], path[i + 1]) for path in named for i in range(len(path) - 1))
    return Flow(
        [Node(line, name, count) for (line, name), count in sorted(nodes.items()) if count >= least],
        [Link(line, a, b, count) for (line, a, b), count in sorted(links.items()) if count >= least],
    )


_OTHER = "other"
_SHARE = 50
"""What is drawn on its own takes at least this part of its column, so that it can be seen."""

MONTHS = (3, 6, 12, 24)


def remissions(rows: Sequence[ResultRow], least: int) -> list[Soon]:
    """Remission on the first line of therapy, by the months since it was begun.

    Of those who were followed so long, or had reached it before; a later line counts as no remission.
    """
    found: list[Soon] = []
    first = [(row["day"], row["lines"][0]) for row in rows if row["lines"]]
    for months in MONTHS:
        days = float(MONTH) * months
        soon = [_within(line, days) for _, line in first]
        reached = sum(soon)
        followed = reached + sum(
            day - line["from"] >= days and not done for (day, line), done in zip(first, soon, strict=True)
        )
        told = all(part == 0 or part >= least for part in (reached, followed - reached))
        found.append(Soon(months, reached if told else None, followed if told else None))
    return found


def _within(line: ResultRow, days: float) -> bool:
    return line["remission"] is not None and line["remission"] - line["from"] <= days


def concordance(rows: Iterable[ResultRow], least: int) -> Counted | None:
    """What was begun beside what was advised; None where no time of a beginning was asked."""
    counts = Counter(spoken(row["concordance"]) for row in rows if row["concordance"])
    if not counts:
        return None
    return Counted(
        "Lines begun, beside what was advised", hidden(counts, least, counts.total()), counts.total()
    )
