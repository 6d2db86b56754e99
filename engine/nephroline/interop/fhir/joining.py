"""What several resources say together: one value of a day, one course of what many tell of, one biopsy."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from nephroline.catalogue import Catalogue
from nephroline.exact import Fraction
from nephroline.interop.fhir.conditions import Diagnosed, Noted
from nephroline.interop.fhir.courses import UNKNOWN, Administered, Prescribed, joined, last_day
from nephroline.interop.fhir.drafting import Draft, DraftRow
from nephroline.interop.fhir.observations import Tested, Value
from nephroline.interop.fhir.reading import Use
from nephroline.interop.fhir.times import day, first_day, order
from nephroline.quantities import Quantity, QuantityError, parse


class Gathered:
    """What resources told, each with the resource that told it, until it is joined into a draft.

    `biopsies` are resource, time and diagnosis, which is empty where none is told.
    """

    def __init__(self, draft: Draft, catalogue: Catalogue) -> None:
        self._draft, self._catalogue = draft, catalogue
        self.values: list[tuple[str, Value]] = []
        self.tests: list[tuple[str, Tested]] = []
        self.courses: list[Prescribed] = []
        self.given: list[Administered] = []
        self.biopsies: list[tuple[str, str, str]] = []
        self.diagnosed: list[tuple[str, Diagnosed]] = []

    def join(self) -> None:
        """Make rows of all of it."""
        self._measured()
        self._treated()
        self._biopsied()

    def results(self) -> Iterator[tuple[str, Noted]]:
        """What the tests of a day say of a condition: of each its last result, of several a positive one.

        Of two results of one test that nothing puts in order, nobody knows which is right.
        """
        groups: dict[tuple[str, str], dict[str, list[tuple[str, Tested]]]] = {}
        for name, tested in self.tests:
            by_test = groups.setdefault((tested.condition, day(tested.at)), {})
            by_test.setdefault(tested.test, []).append((name, tested))
        for (condition, _), by_test in groups.items():
            last = [_last(found) for found in by_test.values()]
            name, said = max(last, key=lambda one: _WEIGHT.index(one[1].present))
            yield name, Noted(condition, said.at, said.present, said.printed)
            for other in {one for found in by_test.values() for one, _ in found} - {name}:
                self._draft.tell(other, Use.LEFT_OUT, because=f"{name} decides of that day: {said.printed}")

    def _measured(self) -> None:
        """One value of an analyte, day and form: the last of the day."""
        groups: dict[tuple[str, str, str], list[tuple[str, Value]]] = defaultdict(list)
        for name, value in self.values:
            groups[value.analyte, day(value.at), self._form(value)].append((name, value))
        for (analyte, at, _), all_of_it in groups.items():
            found = self._possible(all_of_it)
            *others, (name, last) = sorted(found, key=_weight)
            rivals = [one for one in found if _weight(one) == _weight((name, last))]
            if len({value.written for _, value in rivals}) > 1:
                for rival, value in rivals:
                    told = f"{analyte} {value.written} ({at})"
                    why = "another value of that day, and nothing tells which is right"
                    self._draft.tell(rival, Use.NOT_UNDERSTOOD, told, why)
                continue
            data = {"at": at, analyte: last.written}
            data |= {key: text for key, text in (("printed", last.printed), ("note", last.note)) if text}
            self._draft.add("observations", data, name, f"{analyte} {last.written} ({at})")
            for other, value in others:
                why = (
                    "the same value of that day"
                    if value.written == last.written
                    else f"{name} stands for that day"
                )
                self._draft.tell(other, Use.LEFT_OUT, f"{analyte} {value.written} ({at})", why)

    def _possible(self, found: list[tuple[str, Value]]) -> list[tuple[str, Value]]:
        """Values without those that no patient has, where others of that day are there."""
        kept = [one for one in found if self._plausible(one[1])] or found
        for name, value in found:
            if (name, value) not in kept:
                told = f"{value.analyte} {value.written} ({day(value.at)})"
                self._draft.tell(name, Use.NOT_UNDERSTOOD, told, "no patient has such a value")
        return kept

    def _plausible(self, value: Value) -> bool:
        read = self._quantity(value)
        return read is None or self._catalogue.analytes[value.analyte].implausible(read) is None

    def _form(self, value: Value) -> str:
        read = self._quantity(value)
        return read.dimension if read is not None else "in words"

    def _quantity(self, value: Value) -> Quantity | None:
        """A value as a quantity; none if it is told in words."""
        units = self._catalogue.analytes[value.analyte].units
        try:
            return parse(value.written, self._catalogue.units, accepted=units)
        except QuantityError:
            return None

    def _treated(self) -> None:
        courses, same = joined(self.courses)
        for name, why in same.items():
            self._draft.tell(name, Use.LEFT_OUT, because=why)
        told_by_doses = {course.resource: why for course in courses if (why := self._given_anyway(course))}
        for course in courses:
            if self._never_taken(course):
                self._draft.tell(course.resource, Use.LEFT_OUT, because=f"{course.drug}: it was not taken")
                continue
            if course.resource in told_by_doses:
                why = f"{course.drug}: {told_by_doses[course.resource]}"
                self._draft.tell(course.resource, Use.LEFT_OUT, because=why)
                continue
            end: Any = UNKNOWN if course.end == UNKNOWN else day(course.end)
            if course.end_by:
                end = {"between": [day(course.start), day(course.end_by)]}
            data = {
                "drug": self._catalogue.in_records(course.drug),
                "dose": course.dose,
                "from": day(course.start),
                "to": end,
                "stopped_for": course.stopped_for,
                "taken": course.taken,
                "printed": course.printed,
                "note": course.note,
            }
            row: dict[str, Any] = {key: value for key, value in data.items() if value}
            if not course.known:
                row["unlisted"] = True
            dose = course.dose or f"dose not understood ({course.note or course.printed})"
            self._draft.add(
                "exposures",
                row,
                course.resource,
                f"{course.drug} {dose}, {day(course.start)} to {_ends(course)}",
            )
        by_drug: dict[str, list[Administered]] = defaultdict(list)
        carried_out = {(one.of_order, one.drug): one.resource for one in self.given if one.of_order}
        for one in self.given:
            done = carried_out.get((one.resource, one.drug))
            if done is not None:
                self._draft.tell(one.resource, Use.LEFT_OUT, because=f"{done} tells that it was given")
                continue
            told = (course for course in courses if course.resource not in told_by_doses)
            inside = [course for course in told if _inside(one, course)]
            if inside:
                use, why = _of_course(one, inside[0])
                self._draft.tell(one.resource, use, f"{one.drug} {one.amount} ({day(one.at)})", why)
            else:
                by_drug[one.drug].append(one)
        for drug, doses in by_drug.items():
            self._doses(drug, sorted(doses, key=lambda one: first_day(one.at)))

    def _never_taken(self, course: Prescribed) -> bool:
        """Whether somebody says that a drug is not taken which nobody else says was ordered or given."""
        others = (one for one in self.courses if one.drug == course.drug and one.taken != course.taken)
        return course.taken == "no" and not any(others)

    def _given_anyway(self, course: Prescribed) -> str:
        """Why a course gives way to single doses that were given during it; empty where it does not.

        An order of a drug that is given in single doses says nothing that these do not say; and what was
        given was taken, whatever somebody says or meant.
        """
        given = [one for one in self.given if _inside(one, course)]
        if course.taken and given:
            return "it was given all the same"
        drug = self._catalogue.drugs.get(course.drug)
        classes = self._catalogue.classes
        infused = drug is not None and any(classes[one].acts_for is not None for one in drug.classes)
        by_doses = infused and not course.dose and any(one.amount for one in given)
        return "the doses that were given are told one by one" if by_doses else ""

    def _doses(self, drug: str, doses: Iterable[Administered]) -> None:
        for one in doses:
            named = self._catalogue.in_records(drug)
            row: dict[str, Any] = {"drug": named, "from": day(one.at), "to": day(one.at)}
            if one.amount:
                row = {"drug": named, "doses": [{"at": day(one.at), "amount": one.amount}]}
            if not one.known:
                row["unlisted"] = True
            if one.printed:
                row["printed"] = one.printed
            self._draft.add(
                "exposures", row, one.resource, f"{drug} {one.amount or 'of an unknown dose'} ({day(one.at)})"
            )

    def _biopsied(self) -> None:
        """Biopsies with the diagnoses that reports and problem lists give them."""
        rows: dict[str, dict[str, Any]] = {}
        source: dict[str, str] = {}
        conflicts: dict[str, str] = {}
        for name, at, diagnosis in sorted(self.biopsies, key=lambda one: first_day(one[1])):
            row = rows.setdefault(day(at), {"at": day(at)})
            source.setdefault(day(at), name)
            known = row.setdefault("diagnosis", diagnosis) if diagnosis else ""
            if diagnosis and known != diagnosis:
                conflicts[day(at)] = (
                    f"reports of {day(at)} say {known or 'several diagnoses'} and {diagnosis}"
                )
                row["diagnosis"] = ""
        for at, why in conflicts.items():
            del rows[at]["diagnosis"]
            self._draft.tell(source[at], Use.NOT_UNDERSTOOD, because=why)
        for name, said in sorted(self.diagnosed, key=lambda one: first_day(one[1].at)):
            told = [at for at, row in rows.items() if row.get("diagnosis") == said.diagnosis]
            before = [at for at, row in rows.items() if "diagnosis" not in row and _shortly(at, said.at)]
            if told:
                self._draft.tell(
                    name, Use.LEFT_OUT, because=f"{said.printed}: the biopsy of {told[0]} says it"
                )
                continue
            at = max(before, default=day(said.at))
            row = rows.setdefault(at, {"at": at})
            if "diagnosis" in row:
                because = f"{said.printed}: the biopsy of {at} says {row['diagnosis']}"
                self._draft.tell(name, Use.NOT_UNDERSTOOD, because=because)
                continue
            row |= {"diagnosis": said.diagnosis, "printed": said.printed}
            if at not in source:
                row["note"] = "by the list of problems, which names no biopsy"
            source.setdefault(at, name)
            self._draft.tell(name, Use.USED, f"biopsy: {said.diagnosis} ({at}; {said.printed})")
        self._draft.rows += [DraftRow("biopsies", row, source[at]) for at, row in rows.items()]


def _inside(one: Administered, course: Prescribed) -> bool:
    going_on = first_day(course.start) <= first_day(one.at) <= last_day(course)
    return course.drug == one.drug and going_on


def _of_course(one: Administered, course: Prescribed) -> tuple[Use, str]:
    """What becomes of a single dose that was given during a course of its drug, and why.

    What is more than the course gives in a day was given beside it, which a record cannot hold.
    """
    given, daily = _milligrams(one.amount), _milligrams(course.dose)
    times = _TIMES_A_DAY.search(course.dose)
    if given and daily and given > daily * (int(times[1]) if times else 1):
        return Use.NOT_UNDERSTOOD, f"more than the {course.dose} of the course that {course.resource} tells"
    if one.amount and not course.dose:
        return Use.NOT_UNDERSTOOD, "a dose of a course whose own cannot be read"
    return Use.LEFT_OUT, "a dose of a course that is told"


_MASS = re.compile(r"(\d+(?:\.\d+)?) ?(mg|g)\b")
_TIMES_A_DAY = re.compile(r"\b([2-6])x/d\b")


def _milligrams(dose: str) -> Fraction:
    """The greatest mass that a dose names; nothing where it names none."""
    found = [Fraction(value) * (1000 if unit == "g" else 1) for value, unit in _MASS.findall(dose)]
    return max(found, default=Fraction(0))


def _ends(course: Prescribed) -> str:
    if course.end_by:
        return f"no later than {day(course.end_by)}"
    return "an unknown end" if course.end == UNKNOWN else day(course.end) or "now"


_MONTHS_TO_A_DIAGNOSIS = 3


def _shortly(biopsy: str, noted: str) -> bool:
    """Whether a diagnosis was noted on the day of a biopsy or within some months after it."""
    first, then = first_day(biopsy), first_day(noted)
    if not first or then < first:
        return False
    months = (int(then[:4]) - int(first[:4])) * 12 + int(then[5:7]) - int(first[5:7])
    return months <= _MONTHS_TO_A_DIAGNOSIS


_STATES = ("preliminary", "", "amended", "corrected")


def _weight(one: tuple[str, Value]) -> tuple[tuple[str, str], int, Fraction]:
    """What orders values of a day: the hour, the state; of multiples of the normal the greatest counts."""
    _, value = one
    multiple = _MULTIPLE.fullmatch(value.written)
    state = _STATES.index(value.note) if value.note in _STATES else 1
    return order(value.at), state, Fraction(multiple[1]) if multiple else Fraction(0)


_MULTIPLE = re.compile(r"(\d+(?:\.\d+)?) ULN")
_WEIGHT = (False, None, True)
"""Results of several tests of one day: a positive one weighs most, then one that is not clear."""


def _last(found: list[tuple[str, Tested]]) -> tuple[str, Tested]:
    """The last of the results of one test on a day; what cannot be put in order is not known."""
    ordered = sorted(found, key=lambda one: order(one[1].at))
    name, last = ordered[-1]
    rivals = {one.present for _, one in ordered if order(one.at) == order(last.at)}
    return name, last if len(rivals) == 1 else last._replace(present=None)
