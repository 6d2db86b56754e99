"""What was given, as several resources tell of it: courses and single doses, each once and in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nephroline.interop.fhir.times import first_day

AS_NEEDED = "as needed"
UNKNOWN = "unknown"
"""An end that has come, or may have, nobody knows when."""
_RANK = ("MedicationStatement", "MedicationRequest", "MedicationDispense")
"""Which kind tells best what was taken, where several tell of one course."""


class Prescribed(NamedTuple):
    """One drug at one dose over one interval; empty where it is not said. `drug`: an id, or its own name.

    `end_by`: when it had ended at the latest, where that is all that is known. `same_as`: what two doses have
    in common that are the same, however they are written. `silent`: no dose stands there at all. `piece`: the
    strength of the product, where it is an order that runs. `times`: at which times of the day.
    `of_order`: the order that a dispense names.
    """

    resource: str
    kind: str
    drug: str
    known: bool
    start: str
    end: str
    dose: str
    stopped_for: str
    taken: str
    printed: str
    note: str
    end_by: str = ""
    same_as: str = ""
    silent: bool = False
    piece: str = ""
    times: str = ""
    of_order: str = ""


class Administered(NamedTuple):
    """A single dose."""

    resource: str
    drug: str
    known: bool
    at: str
    amount: str
    printed: str
    of_order: str = ""


def joined(courses: Sequence[Prescribed]) -> tuple[list[Prescribed], dict[str, str]]:
    """Courses of one drug told by several kinds of resources, once each; and why the others are left out.

    A dispense or an order of a drug whose statement covers its start tells of the same course. Of two of one
    kind the later begins where it does, and ends the earlier one, if that has no end of its own.
    """
    kept: list[Prescribed] = []
    same: dict[str, str] = {}
    by_drug: dict[str, list[Prescribed]] = {}
    for course in courses:
        by_drug.setdefault(course.drug, []).append(course)
    for rows in by_drug.values():
        ours: list[Prescribed] = []
        for kind in _RANK:
            for course in sorted(
                (row for row in rows if row.kind == kind), key=lambda row: first_day(row.start)
            ):
                covering = next((one for one in ours if _is_of(course, one) or _covers(one, course)), None)
                if covering is not None:
                    same[course.resource] = f"{covering.resource} tells of the same course"
                elif any(_equal(one, course) for one in ours):
                    equal = next(one.resource for one in ours if _equal(one, course))
                    same[course.resource] = f"{equal} tells of the same course"
                else:
                    ours.append(course)
        scheduled = [course for course in ours if course.note != AS_NEEDED]
        for course in [course for course in ours if course.note == AS_NEEDED]:
            beside = next((one for one in scheduled if _goes_on(one, course.start)), None)
            if beside is None:
                scheduled.append(course)
            else:
                same[course.resource] = f"as needed, beside {beside.resource}"
        kept += _in_turn(scheduled)
    return kept, same


def _is_of(dispensed: Prescribed, order: Prescribed) -> bool:
    """Whether a dispense says that it is of an order, which ends for no dispense."""
    return bool(dispensed.of_order) and dispensed.of_order == order.resource


def _covers(one: Prescribed, other: Prescribed) -> bool:
    """Whether one course was going on when another, told by another kind, is said to have begun."""
    if one.kind == other.kind:
        return False
    same = not _at_another_time(one, other) and (not other.dose or one.same_as == other.same_as)
    return one.taken == other.taken and same and _goes_on(one, other.start)


def _goes_on(one: Prescribed, at: str) -> bool:
    return first_day(one.start) <= first_day(at) <= last_day(one)


def last_day(course: Prescribed) -> str:
    """The last day on which a course certainly went on."""
    if course.end == UNKNOWN:
        return first_day(course.start)
    return first_day(course.end) or "9999"


def _equal(one: Prescribed, other: Prescribed) -> bool:
    """Whether two tell of the same; two dosages of one order never do."""
    told = (one.start, one.same_as, one.end, one.taken)
    same = told == (other.start, other.same_as, other.end, other.taken)
    return same and one.resource != other.resource and not _at_another_time(one, other)


def _at_another_time(one: Prescribed, other: Prescribed) -> bool:
    """Whether two are for different times of the day, so that one may be beside the other."""
    return bool(one.times) and bool(other.times) and one.times != other.times


def _in_turn(rows: list[Prescribed]) -> Iterator[Prescribed]:
    """Courses of one drug: one that still runs is ended by the next that begins later.

    One that has ended nobody knows when did so by then. Where the next has an end and the one before had
    none, nobody knows whether that goes on after it; nor whether what may not be taken has ended it.
    """
    ordered = sorted(_at_once(rows), key=lambda row: first_day(row.start))
    goes_on = False
    for number, row in enumerate(ordered):
        later = next(
            (one for one in ordered[number + 1 :] if first_day(one.start) > first_day(row.start)), None
        )
        if goes_on and later is None and row.end not in ("", UNKNOWN):
            yield row._replace(end=UNKNOWN, note=row.note or "an earlier order has no end")
            continue
        goes_on = (goes_on and row.end != "") or not row.end
        if any(_beside(one, row) for one in ordered[:number]):
            why = "another order runs as well: together, or in its place?"
            row = row._replace(dose="", same_as="", note=row.note or why)  # noqa: PLW2901
        if later is None:
            yield row
        elif later.taken == UNKNOWN and not row.end:
            yield row._replace(end=UNKNOWN, note=row.note or "whether a later order was taken is not known")
        elif row.end == UNKNOWN:
            yield row._replace(end_by=later.start)
        elif not row.end or first_day(row.end) > first_day(later.start):
            yield row._replace(end=later.start, note=row.note or "ended by the next order of the drug")
        else:
            yield row


def _beside(one: Prescribed, other: Prescribed) -> bool:
    """Whether two that run are of two strengths or for two times of the day: perhaps one dose together."""
    both = bool(one.piece) and bool(other.piece) and one.piece != other.piece
    together = (both or _at_another_time(one, other)) and one.resource != other.resource
    return together and not one.end and first_day(one.start) < first_day(other.start)


def _at_once(rows: Sequence[Prescribed]) -> Iterator[Prescribed]:
    """Courses of one drug, those that begin together as one; what they make together nobody says."""
    groups: dict[str, list[Prescribed]] = {}
    for row in rows:
        groups.setdefault(first_day(row.start), []).append(row)
    for group in groups.values():
        first, *others = group
        yield first if not others else _together(group)


def _together(group: Sequence[Prescribed]) -> Prescribed:
    """Resources of one drug that begin on one day as one course.

    A dose that only one kind tells is that of all; where a statement tells of an end, it is that.
    """
    first = group[0]
    telling = [row for row in group if not row.silent]
    ends = {row.end for row in group}
    stated = next((row.end for row in group if row.kind == _RANK[0] and row.end), "")
    open_end = next((one for one in ("", UNKNOWN) if one in ends), max(ends, key=first_day))
    taken = {row.taken for row in group}
    found = first._replace(
        end=stated or open_end,
        taken=first.taken if len(taken) == 1 else UNKNOWN,
        stopped_for=next((row.stopped_for for row in group if row.stopped_for), ""),
    )
    kinds = {row.kind for row in telling}
    if len({row.same_as for row in telling}) == 1 and len(kinds) == len(telling):
        told = telling[0]
        return found._replace(dose=told.dose, printed=told.printed, note=told.note, same_as=told.same_as)
    said = list(dict.fromkeys(row.printed for row in group))
    return found._replace(dose="", printed="; ".join(said), note="several doses at once", same_as="")
