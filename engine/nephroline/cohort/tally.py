"""What a cohort comes to: counts of patients, small ones hidden, remission in time, the flow of lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from nephroline.cohort.layout import PATIENT
from nephroline.quantities import MONTH
from nephroline.terms import Response, spoken

ResultRow = Mapping[str, Any]
"""A row of the results."""
Called = Callable[[str], str]
"""What a thing is called by its id."""


class Cell(msgspec.Struct, frozen=True):
    """A group and how many are in it; None: so few that it is not told, or next to such a one."""

    name: str
    count: int | None


class Counted(msgspec.Struct, frozen=True):
    """A table of groups, of how many, and of what."""

    title: str
    cells: list[Cell]
    of: str


class Reached(msgspec.Struct, frozen=True):
    """The share that had reached remission so many months after the line began; None: too few are left.

    `left`: how many were on the line without remission and followed until then.
    """

    months: int
    share: float | None
    left: int | None


class InTime(msgspec.Struct, frozen=True):
    """Remission while on the first line of therapy, of those who were assessed on it."""

    of: int
    not_assessed: int
    rows: list[Reached]


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
    """The lines of therapy, one after the other; `of`: patients who had one."""

    of: int
    nodes: list[Node]
    links: list[Link]


# -- counts ------------------------------------------------------------------------------------------------


def hidden(counts: Mapping[str, int], least: int, of: int | None = None) -> list[Cell]:
    """Counts with those below *least* hidden, and so many more that none of these can be worked out.

    Where the counts make up *of*, what is hidden together has at least two groups and *least* members.
    Where each stands by itself, one that leaves out fewer than *least* of *of* is hidden too.
    """
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    small = {name for name, count in ordered if 0 < count < least}
    if of is not None and sum(counts.values()) == of:
        for name, count in reversed(ordered):
            if not small or (len(small) > 1 and sum(counts[one] for one in small) >= least):
                break
            if count:
                small.add(name)
    elif of is not None:
        small |= {name for name, count in ordered if 0 < of - count < least}
    return [Cell(name, None if name in small else count) for name, count in ordered]


def latest(rows: Iterable[ResultRow]) -> list[ResultRow]:
    """The last decision on each patient."""
    found: dict[str, ResultRow] = {}
    for row in rows:
        known = found.get(row[PATIENT])
        if known is None or row["day"] >= known["day"]:
            found[row[PATIENT]] = row
    return list(found.values())


def one_each(
    title: str, values: Iterable[str | None], least: int, *, none: str = "none", called: Called = spoken
) -> Counted:
    """A table in which each patient stands once."""
    counts = Counter(called(value) if value else none for value in values)
    return Counted(title, hidden(counts, least, counts.total()), f"of {counts.total():,} patients")


MOST = 20
"""Of many groups so many are told, the most frequent."""


def several(title: str, values: Iterable[Iterable[str]], least: int, *, called: Called = spoken) -> Counted:
    """A table in which a patient may stand several times, or not at all; the most frequent of many."""
    found = [set(map(called, each)) for each in values]
    counts = Counter(name for each in found for name in each)
    cells = hidden(dict(counts.most_common(MOST)), least, len(found))
    note = f"; the {MOST} most frequent of {len(counts)}" if len(counts) > MOST else ""
    return Counted(title, cells, f"of {len(found):,} patients{note}")


def ever(rows: Iterable[ResultRow]) -> list[dict[str, ResultRow]]:
    """The labels that each patient was ever seen with, by what they are: the row in which each came first."""
    found: dict[str, dict[str, ResultRow]] = {}
    for row in sorted(rows, key=lambda one: one["day"]):
        own = found.setdefault(row[PATIENT], {})
        for label in row["labels"]:
            own.setdefault(label["id"], {**row, "label": label})
    return list(found.values())


def by_year(patients: Sequence[Mapping[str, ResultRow]], least: int, called: Called) -> list[Counted]:
    """Labels by the year in which each patient first had them, where charts bear dates."""
    years: dict[str, Counter[str]] = {}
    for own in patients:
        for name, row in own.items():
            since = row["label"]["since"]
            if row["date"] is not None and since is not None:
                first = row["date"] - timedelta(days=row["day"] - since)
                years.setdefault(called(name), Counter())[str(first.year)] += 1
    found: list[Counted] = []
    for name, counts in sorted(years.items(), key=lambda item: -item[1].total()):
        if counts.total() >= least:
            cells = sorted(hidden(counts, least, counts.total()), key=lambda cell: cell.name)
            found.append(Counted(name, cells, f"of {counts.total():,} patients with it"))
    return found


def concordance(rows: Iterable[ResultRow], least: int) -> Counted | None:
    """What was begun beside what was advised; None where no time of a beginning was asked."""
    counts = Counter(spoken(row["concordance"]) for row in rows if row["concordance"])
    of = counts.total()
    title = "Lines begun, beside what was advised on that day"
    return Counted(title, hidden(counts, least, of), f"of {of:,} lines") if of else None


# -- remission in time -------------------------------------------------------------------------------------

MONTHS = (3, 6, 12, 24)


def remissions(rows: Sequence[ResultRow], least: int) -> InTime:
    """Cumulative incidence of remission on the first line; that it ends without one competes with it.

    By Aalen and Johansen's estimator; who is still on the line without remission at the last decision is
    followed no further. Who was never assessed on it is counted apart.
    """
    first = [(row["day"], row["lines"][0]) for row in rows if row["lines"]]
    assessed = [(day, line) for day, line in first if line["best_response"] != Response.UNKNOWN]
    known = sorted(_course(day, line) for day, line in assessed)
    found: list[Reached] = []
    for months in MONTHS:
        days = float(MONTH) * months
        share, without = 0.0, 1.0
        for time in sorted({time for time, _ in known if time <= days}):
            at_risk = sum(1 for other, _ in known if other >= time)
            share += without * sum(1 for one in known if one == (time, _REMISSION)) / at_risk
            ended = sum(1 for other, what in known if other == time and what != _FOLLOWED)
            without *= 1 - ended / at_risk
        left = sum(1 for time, _ in known if time > days)
        told = len(known) >= least and (left == 0 or left >= least)
        found.append(Reached(months, share if told else None, left if told else None))
    return InTime(len(assessed), len(first) - len(assessed), found)


_REMISSION, _ENDED, _FOLLOWED = 0, 1, 2


def _course(day: float, line: ResultRow) -> tuple[float, int]:
    """After how many days what came of a line: remission, its end without one, or no more is known."""
    if line["remission"] is not None:
        return max(line["remission"] - line["from"], 0.0), _REMISSION
    if line["to"] is not None and line["to"] <= day:
        return line["to"] - line["from"], _ENDED
    return day - line["from"], _FOLLOWED


# -- the flow ----------------------------------------------------------------------------------------------

_LINES = 4
_OTHER = "other"
_SHARE = 50
"""What is drawn on its own takes at least this part of its column, so that it can be seen."""


def flow(rows: Sequence[ResultRow], least: int, called: Called) -> Flow:
    """Who went from which line of therapy to which; what few went through stands together."""
    paths = [
        [" + ".join(dict.fromkeys(map(called, line["drugs"]))) for line in row["lines"][:_LINES]]
        for row in rows
        if row["lines"]
    ]
    often = [Counter(path[i] for path in paths if len(path) > i) for i in range(_LINES)]
    bound = [max(least, counts.total() // _SHARE) for counts in often]
    named = [[n if often[i][n] >= bound[i] else _OTHER for i, n in enumerate(path)] for path in paths]
    nodes = Counter((i + 1, name) for path in named for i, name in enumerate(path))
    links = Counter((i + 1, path[i], path[i + 1]) for path in named for i in range(len(path) - 1))
    return Flow(
        len(paths),
        [Node(line, name, count) for (line, name), count in sorted(nodes.items()) if count >= least],
        [Link(line, a, b, count) for (line, a, b), count in sorted(links.items()) if count >= least],
    )
