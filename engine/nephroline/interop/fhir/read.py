"""Read FHIR into the record format, and nothing else; what the format cannot say is left out, and told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from nephroline.catalogue import Catalogue, load_catalogue
from nephroline.errors import RecordError
from nephroline.interop.fhir.codes import Codes, TakenFor, load_codes
from nephroline.interop.fhir.conditions import Asserted, Diagnosed, Noted, stated
from nephroline.interop.fhir.courses import UNKNOWN, Administered, Prescribed, joined, last_day
from nephroline.interop.fhir.drafting import Draft, DraftRow, NotUsed
from nephroline.interop.fhir.medications import Medications
from nephroline.interop.fhir.nodes import (
    Node,
    denied,
    name_of,
    node,
    nodes,
    status,
    target,
    text,
    title_of,
    words,
)
from nephroline.interop.fhir.observations import Tested, Value, observed
from nephroline.interop.fhir.reading import Account, Use
from nephroline.interop.fhir.source import Arrived, FhirSource, lines_of
from nephroline.interop.fhir.times import day, effective, first_day, order, period
from nephroline.quantities import QuantityError, parse

_MEDICATION = ("MedicationRequest", "MedicationStatement", "MedicationDispense", "MedicationAdministration")
_SEXES = {"male": "male", "female": "female"}


class FhirRecord(msgspec.Struct, frozen=True):
    """A record as it was read from FHIR, as plain data, and what became of every resource."""

    record: dict[str, Any]
    reading: Account


def read_fhir(
    source: FhirSource, catalogue: Catalogue | None = None, codes: Codes | None = None
) -> FhirRecord:
    """Read the chart of one patient from FHIR R4.

    Args:
        source: a Bundle, NDJSON, a folder of them, or a resource already read.
        catalogue: what may be observed and given; default: the one that comes with Nephroline.
        codes: what codes of other systems are taken for; default: those that come with Nephroline.

    Raises:
        RecordError: the source cannot be read, or holds several patients or nothing of one.
    """
    known = catalogue or load_catalogue()
    return _ChartReader(lines_of(source), known, codes or load_codes(known)).record()


class _ChartReader:
    """Reads the resources of one patient; one use."""

    def __init__(self, lines: list[Arrived], catalogue: Catalogue, codes: Codes) -> None:
        self._catalogue, self._codes = catalogue, codes
        self._draft = Draft(catalogue)
        self._lines = self._newest(lines)
        self._values: list[tuple[str, Value]] = []
        self._courses: list[Prescribed] = []
        self._given: list[Administered] = []
        self._biopsies: list[tuple[str, str, str]] = []
        self._diagnosed: list[tuple[str, Diagnosed]] = []
        addressed: dict[str, Node] = {}
        for line in lines:
            addressed[name_of(line.resource)] = line.resource
            if line.url:
                addressed[line.url] = line.resource
        self._medications = Medications(codes, catalogue, addressed)

    def record(self) -> FhirRecord:
        """The record, with the fate of every resource."""
        patient = self._patient()
        mine = {name_of(patient), *(line.url for line in self._lines if line.resource is patient)} - {""}
        for line in self._lines:
            self._resource(line, mine if patient else None)
        self._measured()
        self._treated()
        self._biopsied()
        head = self._head(patient)
        return FhirRecord(self._draft.accepted(head), Account(self._draft.fates))

    def _newest(self, lines: list[Arrived]) -> list[Arrived]:
        """Of several versions of a resource the newest."""
        newest: dict[str, Arrived] = {}
        for line in lines:
            name = name_of(line.resource)
            if _version(line) > _version(newest.get(name, line)) or name not in newest:
                newest[name] = line
        kept: list[Arrived] = []
        for line in lines:
            name = name_of(line.resource)
            if text(line.resource, "id") and _version(line) < _version(newest[name]):
                self._draft.tell(name, Use.LEFT_OUT, because="an older version of it")
            else:
                kept.append(line)
        return kept

    # -- whose chart it is -----------------------------------------------------------------------------

    def _patient(self) -> Node:
        found = {
            name_of(line.resource): line.resource for line in self._lines if _is(line.resource, "Patient")
        }
        about = {target(text(line.resource, *path)) for line in self._lines for path in _SUBJECTS} - {""}
        if len(found) > 1:
            raise RecordError.of(
                f"{len(found)} patients: {', '.join(sorted(found)[:3])}",
                "a record holds one patient: split the file",
            )
        if not found and len(about) > 1:
            raise RecordError.of(
                f"resources of {len(about)} patients, and no Patient",
                "a record holds one patient: split the file",
            )
        if not self._lines:
            raise RecordError.of("no resource of a patient", "give a Bundle with a Patient and what is known")
        return next(iter(found.values())) if found else {}

    def _head(self, patient: Node) -> dict[str, Any]:
        subject = next(
            filter(None, (text(line.resource, *path) for line in self._lines for path in _SUBJECTS)), ""
        )
        head: dict[str, Any] = {
            "id": text(patient, "id") or subject.rsplit("/", 1)[-1] or "unknown",
            "source": "FHIR R4",
            "time_zero": self._draft.time_zero(),
        }
        sex = _SEXES.get(text(patient, "gender"))
        if sex:
            head["sex"] = sex
        born = day(text(patient, "birthDate"))
        if born:
            head["birth_date"] = born
        if patient:
            told = ", ".join(filter(None, (sex, f"born {born}" if born else "")))
            dead = (
                "; the patient has died"
                if patient.get("deceasedBoolean") is True or "deceasedDateTime" in patient
                else ""
            )
            self._draft.tell(name_of(patient), Use.USED, (told or "neither sex nor date of birth") + dead)
        return {key: value for key, value in head.items() if value}

    # -- one resource ----------------------------------------------------------------------------------

    def _resource(self, line: Arrived, mine: set[str] | None) -> None:
        resource, name = line.resource, name_of(line.resource)
        if line.wrong:
            self._draft.tell(name, Use.NOT_UNDERSTOOD, because=line.wrong)
            return
        kind = text(resource, "resourceType")
        about = next(filter(None, (text(resource, *path) for path in _SUBJECTS)), "")
        if mine and about and about not in mine and _ids(about) not in map(_ids, mine):
            self._draft.tell(name, Use.LEFT_OUT, because=f"it is about {about}")
        elif kind == "Observation":
            for found in observed(resource, self._codes, self._catalogue):
                match found:
                    case Value():
                        self._values.append((name, found))
                    case Tested(condition, at, present, printed):
                        self._state(name, Noted(condition, at, present, printed))
                    case NotUsed():
                        self._draft.leave(name, found)
        elif kind == "Condition":
            for said in stated(resource, self._codes, self._catalogue):
                self._condition(name, said)
        elif kind in _MEDICATION:
            for given in self._medications.read(resource):
                match given:
                    case Prescribed():
                        self._courses.append(given)
                    case Administered():
                        self._given.append(given)
                    case NotUsed():
                        self._draft.leave(name, given)
        elif kind in ("Procedure", "DiagnosticReport"):
            self._done(resource, name)
        elif kind == "AllergyIntolerance":
            self._reaction(resource, name)
        elif kind == "Medication":
            self._draft.tell(name, Use.USED, "looked up where it is referred to")
        elif kind != "Patient":
            self._draft.tell(name, Use.LEFT_OUT, because=f"no rule reads a resource of the type {kind}")

    def _condition(self, name: str, said: Noted | Asserted | Diagnosed | NotUsed) -> None:
        match said:
            case Noted():
                self._state(name, said)
            case Asserted(finding, at, value, printed):
                row = {"value": value, "at": day(at), "printed": printed}
                self._draft.add(
                    "findings", {finding: row}, name, f"{finding}: {'yes' if value else 'no'} ({day(at)})"
                )
            case Diagnosed():
                self._diagnosed.append((name, said))
            case NotUsed():
                self._draft.leave(name, said)

    def _state(self, name: str, said: Noted) -> None:
        data: dict[str, Any] = {"name": said.name, "at": day(said.at), "printed": said.printed}
        if said.present is not True:
            data["present"] = "unknown" if said.present is None else False
        there = {True: "", False: "not ", None: "perhaps "}[said.present]
        known = next(
            (row for row in self._draft.rows if row.section == "conditions" and _alike(row.data, data)), None
        )
        if known is not None:
            self._draft.tell(name, Use.LEFT_OUT, because=f"{known.resource} says the same")
            return
        self._draft.add("conditions", data, name, f"{said.name} {there}there ({day(said.at)})")

    def _done(self, resource: Node, name: str) -> None:
        """A procedure or a report: a kidney biopsy, or what a condition tells of what was done."""
        concept, state = node(resource, "code"), text(resource, "status")
        meaning = self._codes.best(concept)
        concluded = [
            (found, ", ".join(words(one)[:1]))
            for one in nodes(resource, "conclusionCode")
            if isinstance(found := self._codes.best(one), TakenFor) and found.kind == "diagnosis"
        ]
        at = (
            text(resource, "performedDateTime")
            or period(node(resource, "performedPeriod"))[0]
            or effective(resource)
        )
        title = ", ".join(words(concept)[:1]) or "no code"
        if state in _UNDONE:
            self._draft.tell(name, Use.LEFT_OUT, because=f"{title}: its status is {state}")
        elif concluded and day(at):
            for found, said in concluded:
                self._biopsies.append((name, at, found.id))
                self._draft.tell(name, Use.USED, f"biopsy: {found.id} ({day(at)}; {said})")
        elif isinstance(meaning, TakenFor) and meaning.kind == "biopsy" and day(at):
            self._biopsies.append((name, at, ""))
            self._draft.tell(name, Use.USED, f"kidney biopsy ({day(at)})")
        elif isinstance(meaning, TakenFor) and meaning.kind == "condition" and day(at):
            self._state(name, Noted(meaning.id, at, True, title))
            ended = period(node(resource, "performedPeriod"))[1]
            if day(ended) > day(at):
                self._state(name, Noted(meaning.id, ended, False, f"{title} (ended)"))
        elif isinstance(meaning, TakenFor) and not day(at):
            self._draft.tell(name, Use.NOT_UNDERSTOOD, because=f"{title}: it has no date")
        elif text(resource, "resourceType") == "DiagnosticReport" and nodes(resource, "result"):
            self._draft.tell(name, Use.LEFT_OUT, because="a report: its results are read")
        else:
            self._draft.tell(name, Use.LEFT_OUT, because=f"{title}: no rule reads it")

    def _reaction(self, resource: Node, name: str) -> None:
        concept = node(resource, "code")
        title = title_of(concept)
        drugs = self._medications.named(concept)
        verified = status(resource, "verificationStatus", _ALLERGY)
        dates = (text(resource, key) for key in ("onsetDateTime", "recordedDate", "lastOccurrence"))
        at = next(filter(day, dates), "")
        if any(map(denied, words(concept))):
            self._draft.tell(name, Use.LEFT_OUT, because=f"{title}: its words deny it")
        elif verified in ("entered-in-error", "refuted"):
            self._draft.tell(name, Use.LEFT_OUT, because=f"{title}: {verified}")
        elif not drugs:
            self._draft.tell(name, Use.LEFT_OUT, because=f"{title}: no drug of the catalogue")
        elif not at:
            self._draft.tell(name, Use.NOT_UNDERSTOOD, because=f"{title}: it has no date")
        else:
            seen = [
                word
                for one in nodes(resource, "reaction")
                for what in nodes(one, "manifestation")
                for word in words(what)
            ]
            data = {
                "drug": drugs[0],
                "at": day(at),
                "what": ", ".join(dict.fromkeys(seen)) or title,
                "printed": title,
            }
            self._draft.add("reactions", data, name, f"reaction to {drugs[0]} ({day(at)})")

    # -- what several resources say together -----------------------------------------------------------

    def _measured(self) -> None:
        """One value of an analyte, day and form: the last of the day."""
        groups: dict[tuple[str, str, str], list[tuple[str, Value]]] = defaultdict(list)
        for name, value in self._values:
            groups[value.analyte, day(value.at), self._form(value)].append((name, value))
        for (analyte, at, _), found in groups.items():
            *others, (name, last) = sorted(found, key=lambda one: order(one[1].at))
            data = {"at": at, analyte: last.written}
            data |= {key: text for key, text in (("printed", last.printed), ("note", last.note)) if text}
            self._draft.add("observations", data, name, f"{analyte} {last.written} ({at})")
            for other, value in others:
                why = (
                    "the same value of that day"
                    if value.written == last.written
                    else f"{name} is later on that day"
                )
                self._draft.tell(other, Use.LEFT_OUT, f"{analyte} {value.written} ({at})", why)

    def _form(self, value: Value) -> str:
        units = self._catalogue.analytes[value.analyte].units
        try:
            return parse(value.written, self._catalogue.units, accepted=units).dimension
        except QuantityError:
            return "in words"

    def _treated(self) -> None:
        courses, same = joined(self._courses)
        for name, other in same.items():
            self._draft.tell(name, Use.LEFT_OUT, because=f"{other} tells of the same course")
        for course in courses:
            end: Any = UNKNOWN if course.end == UNKNOWN else day(course.end)
            if course.end_by:
                end = {"between": [day(course.start), day(course.end_by)]}
            data = {
                "drug": course.drug,
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
        for one in self._given:
            if any(_inside(one, course) for course in courses):
                self._draft.tell(one.resource, Use.LEFT_OUT, because="a dose of a course that is told")
            else:
                by_drug[one.drug].append(one)
        for drug, doses in by_drug.items():
            self._doses(drug, sorted(doses, key=lambda one: first_day(one.at)))

    def _doses(self, drug: str, doses: Iterable[Administered]) -> None:
        for one in doses:
            row: dict[str, Any] = {"drug": drug, "from": day(one.at), "to": day(one.at)}
            if one.amount:
                row = {"drug": drug, "doses": [{"at": day(one.at), "amount": one.amount}]}
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
        for name, at, diagnosis in sorted(self._biopsies, key=lambda one: first_day(one[1])):
            row = rows.setdefault(day(at), {"at": day(at)})
            source.setdefault(day(at), name)
            if diagnosis:
                row.setdefault("diagnosis", diagnosis)
        for name, said in sorted(self._diagnosed, key=lambda one: first_day(one[1].at)):
            told = [at for at, row in rows.items() if row.get("diagnosis") == said.diagnosis]
            before = [at for at, row in rows.items() if at <= day(said.at) and "diagnosis" not in row]
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


_UNDONE = (
    *("entered-in-error", "not-done", "cancelled", "preparation", "registered", "preliminary", "partial"),
    *("unknown", "on-hold"),
)
"""Of a procedure or a report: nothing that was done, or not yet what was found."""
_ALLERGY = ("confirmed", "unconfirmed", "refuted", "entered-in-error")
_SUBJECTS = (("subject", "reference"), ("patient", "reference"))


def _version(line: Arrived) -> tuple[int, str]:
    """What orders versions of a resource."""
    number = text(line.resource, "meta", "versionId")
    return (int(number) if number.isdecimal() else 0), text(line.resource, "meta", "lastUpdated")


def _ids(reference: str) -> str:
    """The id at the end of a reference."""
    return target(reference).rsplit("/", 1)[-1]


def _is(resource: Node, kind: str) -> bool:
    return text(resource, "resourceType") == kind


def _alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one.get(key) == other.get(key) for key in ("name", "at", "present"))


def _inside(one: Administered, course: Prescribed) -> bool:
    return course.drug == one.drug and first_day(course.start) <= first_day(one.at) <= last_day(course)


def _ends(course: Prescribed) -> str:
    if course.end_by:
        return f"no later than {day(course.end_by)}"
    return "an unknown end" if course.end == UNKNOWN else day(course.end) or "now"
