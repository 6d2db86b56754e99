"""Read FHIR into the record format, and nothing else; what the format cannot say is left out, and told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from nephroline.catalogue import Catalogue, load_catalogue
from nephroline.errors import RecordError
from nephroline.interop.fhir.codes import Codes, load_codes
from nephroline.interop.fhir.drafting import Draft, DraftRow
from nephroline.interop.fhir.medications import Medications
from nephroline.interop.fhir.nodes import NOBODY, Node, codings, name_of, node, nodes, target, text
from nephroline.interop.fhir.reading import Account, Use
from nephroline.interop.fhir.resources import ResourceReader, person, said_alone
from nephroline.interop.fhir.rows import HEAD, RowMark, bare, mark_of
from nephroline.interop.fhir.source import Arrived, FhirSource, lines_of, results_inside
from nephroline.interop.fhir.times import order
from nephroline.interop.fhir.visits import Visits
from nephroline.yamlfile import listed


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
        addressed: dict[str, Node] = {}
        times = Counter(name_of(line.resource) for line in self._lines)
        for line in self._lines:
            if times[name_of(line.resource)] == 1:
                # Of two of one name, on two servers, only the address tells which is meant.
                addressed[name_of(line.resource)] = line.resource
            if line.url:
                addressed[line.url] = line.resource
        self._who: Node = {}
        self._visits = Visits()
        self._rows: dict[tuple[str, int], dict[str, Any]] = {}
        self._sources: dict[tuple[str, int], str] = {}
        self._resources = ResourceReader(
            codes, catalogue, Medications(codes, catalogue, addressed), self._draft
        )

    def record(self) -> FhirRecord:
        """The record, with the fate of every resource."""
        patient = self._who = self._patient()
        mine = {name_of(patient), *(line.url for line in self._lines if line.resource is patient)} - {""}
        written = self._written_head(patient)
        # Visits first: they date what was noted in them.
        for line in sorted(self._lines, key=lambda line: not _is(line.resource, "Encounter")):
            self._resource(line, mine if patient else None, rows=written is not None)
        self._resources.join()
        self._visits.tell(self._draft)
        self._draft.date_undated(person(patient).get("birth_date", ""))
        foreign = bool(self._draft.rows)
        self._draft.rows += [
            DraftRow(section, row, self._sources[section, number], number)
            for (section, number), row in sorted(self._rows.items())
        ]
        head = self._head(patient, written, foreign=foreign)
        record, account = self._draft.accepted(head), Account(self._draft.fates)
        unread = [*listed(record.get("unread")), *_unread(account)]
        return FhirRecord(record | ({"unread": unread} if unread else {}), account)

    def _newest(self, lines: list[Arrived]) -> list[Arrived]:
        """Of several versions of a resource the newest, unless it was deleted after that."""
        newest: dict[str, Arrived] = {}
        ended = {_place(line): _changed(line) for line in lines if line.deleted}
        there = [(_place(line), line) for line in lines if not line.deleted]
        times = Counter(name for name, _ in there)
        for name, line in there:
            known = newest.setdefault(name, line)
            if times[name] > 1 and _version(line) > _version(known):
                newest[name] = line
        kept: list[Arrived] = []
        for name, line in there:
            if times[name] == 1 and name not in ended:
                kept.append(line)
            elif name in ended and (not ended[name] or _changed(newest[name]) <= ended[name]):
                self._draft.tell(name_of(line.resource), Use.LEFT_OUT, because="it was deleted")
            elif text(line.resource, "id") and _version(line) < _version(newest[name]):
                self._draft.tell(name_of(line.resource), Use.LEFT_OUT, because="an older version of it")
            else:
                kept.append(line)
        return kept

    # -- whose chart it is -----------------------------------------------------------------------------

    def _patient(self) -> Node:
        found = {
            name_of(line.resource): line.resource for line in self._lines if _is(line.resource, "Patient")
        }
        about = _whose(line.resource for line in self._lines)
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

    def _written_head(self, patient: Node) -> tuple[RowMark, dict[str, str]] | None:
        """The head of the record that the Bundle was written from, if its Patient still says the same.

        What a server has added to it says nothing else.
        """
        mark = mark_of(patient)
        if mark is None or mark.section != HEAD:
            return None
        for added in ((), ("birth_date",), ("sex",), ("birth_date", "sex")):
            said = {key: value for key, value in person(patient).items() if key not in added}
            if mark.agrees(said):
                return mark, said
        why = "changed since it was written from a record: every resource is read as it stands now"
        self._draft.tell(name_of(patient), Use.USED, because=why)
        return None

    def _head(
        self, patient: Node, written: tuple[RowMark, dict[str, str]] | None, *, foreign: bool
    ) -> dict[str, Any]:
        """What stands at the head of the record; *foreign*: with resources that no row was written as."""
        said = person(patient)
        born = f"born {said['birth_date']}" if "birth_date" in said else ""
        told = ", ".join(filter(None, (said.get("sex"), born)))
        dead = patient.get("deceasedBoolean") is True or "deceasedDateTime" in patient
        if patient:
            told = (told or "neither sex nor date of birth") + ("; the patient has died" if dead else "")
            self._draft.tell(name_of(patient), Use.USED, told)
        if written is not None:
            mark, own = written
            row = mark.row(own)
            if foreign and mark.supposed:
                row["time_zero"] = mark.supposed
            return row
        subject = next(
            filter(None, (text(line.resource, *path) for line in self._lines for path in _SUBJECTS)), ""
        )
        head = {
            "id": subject.rsplit("/", 1)[-1] or NOBODY,
            "source": "FHIR R4",
            "time_zero": self._draft.time_zero(),
        }
        return {key: value for key, value in (head | said).items() if value}

    def _resource(self, line: Arrived, mine: set[str] | None, *, rows: bool) -> None:
        resource, name = line.resource, name_of(line.resource)
        about = next(filter(None, (text(resource, *path) for path in _SUBJECTS)), "")
        searched = _BY_SEARCH.search(about)
        if searched is not None and mine and self._is_called(searched["value"]):
            about = ""
        if line.wrong:
            self._draft.tell(name, Use.NOT_UNDERSTOOD, because=line.wrong)
        elif about and not (_same_patient(about, mine) if mine else _kind_of(about) in ("", "Patient")):
            self._draft.tell(name, Use.LEFT_OUT, because=f"it is about {about}")
        elif text(_subject(resource), "type") not in ("", "Patient"):
            self._draft.tell(name, Use.LEFT_OUT, because=f"it is about a {text(_subject(resource), 'type')}")
        elif others := [one for one in nodes(resource, "focus") if not _of(text(one, "reference"), mine)]:
            whom = text(others[0], "reference") or "somebody else"
            self._draft.tell(name, Use.LEFT_OUT, because=f"it is about {whom}")
        elif mine and self._of_another(resource):
            why = "its subject is named by an identifier that is none of the patient's"
            self._draft.tell(name, Use.NOT_UNDERSTOOD, because=why)
        elif nodes(resource, "modifierExtension"):
            why = "a modifier extension changes what it means in a way that is not known here"
            self._draft.tell(name, Use.NOT_UNDERSTOOD, because=why)
        elif _is(resource, "Encounter"):
            self._visits.note(resource, line.url)
        elif not (rows and self._row(resource, name)):
            self._resources.read(self._visits.dated(resource))
            if _is(resource, "DiagnosticReport"):
                for one in results_inside(resource):
                    self._resource(Arrived(one), mine, rows=False)

    def _is_called(self, value: str) -> bool:
        """Whether an identifier is one of the patient's."""
        return value in {text(one, "value") for one in nodes(self._who, "identifier")}

    def _of_another(self, resource: Node) -> bool:
        """Whether a subject is named by an identifier alone, and that is none of the patient's."""
        subject = _subject(resource)
        named = node(subject, "identifier")
        if text(subject, "reference") or not text(named, "value"):
            return False
        return not any(_one_identifier(named, one) for one in nodes(self._who, "identifier"))

    def _row(self, resource: Node, name: str) -> bool:
        """Make a resource that was written from a row that row again; whether it was, and says the same."""
        mark = mark_of(resource)
        if mark is None or mark.section == HEAD:
            return False
        native = said_alone(bare(resource), mark.section, self._codes, self._catalogue)
        if not mark.agrees(native):
            why = "changed since it was written from a record: read as it stands now"
            self._draft.tell(name, Use.USED, because=why)
            return False
        row, place = mark.row(native), (mark.section, mark.number)
        self._rows[place] = self._rows.get(place, {}) | row
        self._sources.setdefault(place, name)
        self._draft.tell(name, Use.USED, f"row {mark.number} of {mark.section}, as it was written")
        return True


_MOST_UNREAD = 10


def _unread(account: Account) -> Iterator[str]:
    """What every answer is to say of a chart that was not used as a whole: what to look at, and how much."""
    odd = [fate for fate in account.fates if fate.outcome is Use.NOT_UNDERSTOOD]
    for fate in odd[:_MOST_UNREAD]:
        yield f"not understood: {fate.resource}: {', '.join(filter(None, (fate.told, fate.because)))}"
    if len(odd) > _MOST_UNREAD:
        yield f"not understood: {len(odd) - _MOST_UNREAD} more"
    if account.counts[Use.USED] < account.counts.total():
        yield f"FHIR: {account.summary}"


_SUBJECTS = (("subject", "reference"), ("patient", "reference"))


def _subject(resource: Node) -> Node:
    return node(resource, "subject") or node(resource, "patient")


def _kind_of(reference: str) -> str:
    return target(reference).rpartition("/")[0]


def _one_identifier(one: Node, other: Node) -> bool:
    """Whether two identifiers are the same; of two systems they are not."""
    systems = {text(one, "system"), text(other, "system")} - {""}
    return text(one, "value") == text(other, "value") and len(systems) < 2


def _whose(resources: Iterable[Node]) -> set[str]:
    """The people of whom resources tell: by reference, else by identifier, else by name alone."""
    found: set[str] = set()
    named: dict[str, str] = {}
    for resource in resources:
        subject = _subject(resource)
        reference, inside = text(subject, "reference"), node(subject, "identifier")
        identifier = " ".join(filter(None, (text(inside, "system"), text(inside, "value"))))
        if _kind_of(reference) not in ("", "Patient"):
            continue
        if reference.startswith("#"):
            reference = f"{name_of(resource)}{reference}"
        key = target(reference) or identifier or text(subject, "display")
        if reference and identifier:
            named[identifier] = key
        if key:
            found.add(key)
    return {named.get(key, key) for key in found}


def _place(line: Arrived) -> str:
    """Where a resource stands: its name, on the server that its address names, if it does."""
    name = name_of(line.resource)
    server, found, _ = line.url.partition(f"/{name}")
    return f"{server}/{name}" if found and "://" in server else name


def _version(line: Arrived) -> tuple[int, str, bool]:
    """What orders versions of a resource; of two of which nothing tells, what was struck out is the later."""
    number = text(line.resource, "meta", "versionId")
    verified = (code for _, code in codings(node(line.resource, "verificationStatus")))
    struck = "entered-in-error" in (text(line.resource, "status"), *verified)
    return (int(number) if _VERSION.fullmatch(number) else 0), _changed(line), struck


_VERSION = re.compile(r"\d{1,18}", re.ASCII)


def _changed(line: Arrived) -> str:
    """The instant at which a resource was last changed; empty where that is not told."""
    return order(text(line.resource, "meta", "lastUpdated"))[1]


def _same_patient(about: str, mine: set[str]) -> bool:
    """Whether a reference is to the patient: by address, else by type and id, on one server if both say."""
    if about in mine or about.lower() in {one.lower() for one in mine if one.startswith(_UUID)}:
        return True
    kind, _, id_ = target(about).rpartition("/")
    if kind not in ("", "Patient"):
        return False
    servers = {one.rpartition("/Patient/")[0] for one in (about, *mine) if "://" in one}
    return len(servers) < 2 and id_ in {target(one).rpartition("/")[2] for one in mine}


_UUID = "urn:uuid:"
_BY_SEARCH = re.compile(r"Patient\?identifier=(?:[^|]*\|)?(?P<value>[^&|]+)")


def _of(focus: str, mine: set[str] | None) -> bool:
    """Whether the focus of a resource is the patient."""
    return _kind_of(focus) in _NOBODY or (bool(focus and mine) and _same_patient(focus, mine or set()))


_NOBODY = ("Condition", "Procedure", "Observation", "MedicationRequest", "Encounter", "EpisodeOfCare")
"""What a resource can focus on that is no other person."""


def _is(resource: Node, kind: str) -> bool:
    return text(resource, "resourceType") == kind
