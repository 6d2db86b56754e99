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

    `end_by`: when it had ended at the latest, where that is all that is known.
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


class Administered(NamedTuple):
    """A single dose."""

    resource: str
    drug: str
    known: bool
    at: str
    amount: str
    printed: str


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
                covering = next((one for one in ours if one.kind != kind and _covers(one, course)), None)
                if covering is not None:
                    same[course.resource] = f"{covering.resource} tells of the same course"
                elif any(_equal(one, course) for one in ours):
                    equal = next(one.resource for one in ours if _equal(one, course))
                    same[course.resource] = f"{equal} tells of the same course"
                else:
                    ours.append(course)
        scheduled = [course for course in ours if course.note != AS_NEEDED]
        if scheduled:
            beside = f"as needed, beside {scheduled[0].resource}"
            same |= {course.resource: beside for course in ours if course.note == AS_NEEDED}
        kept += _in_turn(scheduled or ours)
    return kept, same


def _covers(one: Prescribed, other: Prescribed) -> bool:
    """Whether one course was going on when another is said to have begun."""
    start = first_day(other.start)
    near = first_day(one.start) <= start <= last_day(one)
    return near and (not other.dose or one.dose == other.dose)


def last_day(course: Prescribed) -> str:
    """The last day on which a course certainly went on."""
    if course.end == UNKNOWN:
        return first_day(course.start)
    return first_day(course.end) or "9999"


def _equal(one: Prescribed, other: Prescribed) -> bool:
    return one.start == other.start and one.dose == other.dose and one.end == other.end


def _in_turn(rows: list[Prescribed]) -> Iterator[Prescribed]:
    """Courses of one drug: one that still runs is ended by the next that begins later.

    One that has ended nobody knows when did so by then.
    """
    ordered = sorted(_at_once(rows), key=lambda row: first_day(row.start))
    for number, row in enumerate(ordered):
        later = next(
            (one for one in ordered[number + 1 :] if first_day(one.start) > first_day(row.start)), None
        )
        if later is None:
            yield row
        elif row.end == UNKNOWN:
            yield row._replace(end_by=later.start)
        elif not row.end or first_day(row.end) > first_day(later.start):
            yield row._replace(end=later.start, note=row.note or "ended by the next order of the drug")
        else:
            yield row


def _at_once(rows: Sequence[Prescribed]) -> Iterator[Prescribed]:
    """Courses of one drug, those that begin together as one; what they make together nobody says."""
    groups: dict[str, list[Prescribed]] = {}
    for row in rows:
        groups.setdefault(first_day(row.start), []).append(row)
    for first, *others in groups.values():
        if not others:
            yield first
            continue
        said = list(dict.fromkeys(row.printed for row in (first, *others)))
        ends = {row.end for row in (first, *others)}
        last = max(ends, key=first_day)
        yield first._replace(
            dose="",
            printed="; ".join(said),
            end=next((one for one in ("", UNKNOWN) if one in ends), last),
            note="several doses at once",
        )
