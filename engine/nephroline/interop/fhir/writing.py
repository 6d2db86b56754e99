"""Write a record as a Bundle: each row as the resource that FHIR has for it, marked to be read back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from math import floor
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from nephroline.catalogue import Catalogue, load_catalogue, phrase, spelling
from nephroline.errors import UsageError
from nephroline.exact import Fraction
from nephroline.interop.fhir.codes import Codes, Kind, load_codes
from nephroline.interop.fhir.nodes import HL7, UCUM, Resource, is_id
from nephroline.interop.fhir.resources import person, said_alone
from nephroline.interop.fhir.rows import HEAD, marked
from nephroline.interop.fhir.times import day
from nephroline.quantities import QuantityError, parse
from nephroline.record import Clock, Moment, RecordSource, open_document, read_record
from nephroline.yamlfile import listed, mapping

_NUMBER = re.compile(r"(?P<sign><=|>=|<|>)?\s*(?P<value>-?\d+(?:[.,]\d+)?)\s*(?P<unit>\D.*)")
_OF_ROW = frozenset(("at", "reported", "as_printed", "cite", "printed", "note", "entered_in_error"))
"""Fields of an observation that are no analyte."""


def write_fhir(
    source: RecordSource,
    catalogue: Catalogue | None = None,
    codes: Codes | None = None,
    *,
    time_zero: date | None = None,
) -> Resource:
    """Write a record as a FHIR R4 Bundle, from which `read_fhir` makes the same record again.

    Args:
        source: as in `read_record`.
        catalogue: what may be observed and given; default: the one that comes with Nephroline.
        codes: under which codes things are written; default: those that come with Nephroline.
        time_zero: the day that stands for time zero, of a record whose times are offsets. It is marked as
            supposed, so that reading the Bundle removes it.

    Raises:
        RecordError: the record has problems. UsageError: its times are offsets and no day is given, or they
            are dates and one is.
    """
    known = catalogue or load_catalogue()
    document = open_document(source)
    read = read_record(document, known)
    zero = read.clock.zero
    if zero is None and time_zero is None:
        remedy = "give a day that stands for time zero: --time-zero 2020-01-01"
        raise UsageError.of("the times of this record are offsets, and FHIR has only dates", remedy)
    if zero is not None and time_zero is not None:
        raise UsageError.of("this record has a time zero of its own", "leave --time-zero out")
    data = mapping(document.data)
    record = mapping(data["record"]) if "scenario" in data else data
    return _RecordWriter(known, codes or load_codes(known), zero, time_zero).bundle(record, read.sex)


class _RecordWriter:
    """Writes one record; one use."""

    def __init__(self, catalogue: Catalogue, codes: Codes, zero: date | None, supposed: date | None) -> None:
        self._catalogue, self._codes = catalogue, codes
        self._zero = zero or supposed or date.min
        self._supposed = supposed.isoformat() if supposed else ""
        self._clock = Clock(catalogue.units, self._zero)
        self._about: Resource = {}

    def bundle(self, record: Mapping[str, Any], sex: str | None) -> Resource:
        """All of it, the patient first; *sex* as it was read."""
        own = str(record["id"])
        id_ = own if is_id(own) else str(uuid5(NAMESPACE_URL, own))
        address = _address(own, "patient")
        self._about = {"reference": address}
        resources = [(address, self._patient(record, id_, sex))]
        for section, number, row in _rows(record):
            for resource in self._written(section, row):
                name = "-".join(filter(None, (section, str(number), resource.pop("id", ""))))
                native = said_alone(resource, section, self._codes, self._catalogue)
                whole = self._fields(section, row, native)
                mark = marked(section, number, whole, native).extension()
                head = {"resourceType": resource.pop("resourceType"), "id": name, "extension": [mark]}
                resources.append((_address(own, name), head | resource))
        entries = [{"fullUrl": url, "resource": resource} for url, resource in resources]
        return {"resourceType": "Bundle", "type": "collection", "entry": entries}

    def _fields(self, section: str, row: Mapping[str, Any], native: Mapping[str, Any]) -> Mapping[str, Any]:
        """Of a row with several analytes what belongs to the one that a resource says."""
        if section != "observations":
            return row
        mine = [name for name in row if name in native and name not in _OF_ROW]
        others = [name for name in row if name not in _OF_ROW and name not in mine]
        return {key: value for key, value in row.items() if not mine or key not in others}

    def _patient(self, record: Mapping[str, Any], id_: str, sex: str | None) -> Resource:
        head = {
            key: value
            for key, value in record.items()
            if key not in _SECTIONS and not (key == "findings" or value is None)
        }
        patient: Resource = {"resourceType": "Patient", "id": id_}
        if sex is not None:
            patient["gender"] = sex
        born = str(record.get("birth_date") or "")
        if day(born) == born and born:
            patient["birthDate"] = born
        mark = marked(HEAD, 0, head, person(patient))._replace(supposed=self._supposed)
        return {"resourceType": "Patient", "id": id_, "extension": [mark.extension()]} | patient

    def _written(self, section: str, row: Mapping[str, Any]) -> Iterator[Resource]:
        struck = row.get("entered_in_error") is True
        match section:
            case "observations":
                yield from self._observations(row, struck)
            case "conditions":
                yield self._condition(row, struck)
            case "findings":
                ((name, said),) = row.items()
                yield self._finding(str(name), mapping(said))
            case "biopsies":
                yield self._biopsy(row, struck)
            case "exposures":
                yield self._exposure(row, struck)
            case "reactions":
                yield self._reaction(row, struck)
            case _:
                yield self._procedure(row, struck)

    # -- each kind of row ------------------------------------------------------------------------------

    def _observations(self, row: Mapping[str, Any], struck: bool) -> Iterator[Resource]:
        """One Observation for each analyte."""
        names = [name for name in row if name not in _OF_ROW]
        for name in names:
            analyte = self._catalogue.analyte_names.get(spelling(name), name)
            value, dimension = self._value(analyte, str(row[name]))
            yield {
                "resourceType": "Observation",
                "id": _plain(name),
                "status": "entered-in-error" if struck else "final",
                "code": self._concept("analyte", analyte, self._title(analyte), dimension),
                "subject": self._about,
                **self._effective(row["at"]),
                **value,
            }
        if not names:
            yield {
                "resourceType": "Observation",
                "id": "nothing",
                "status": "entered-in-error" if struck else "final",
                "code": {"text": "no value"},
                "subject": self._about,
                **self._effective(row["at"]),
            }

    def _title(self, analyte: str) -> str:
        known = self._catalogue.analytes.get(analyte)
        return known.title if known is not None else analyte

    def _value(self, analyte: str, said: str) -> tuple[Resource, str]:
        """A value with the dimension of its unit: a quantity where it is one, else words."""
        if phrase(said) == "unknown":
            absent = {"coding": [{"system": f"{HL7}data-absent-reason", "code": "unknown"}]}
            return {"dataAbsentReason": absent}, ""
        match = _NUMBER.fullmatch(said.strip())
        known = self._catalogue.analytes.get(analyte)
        if match is None or known is None:
            return {"valueString": said}, ""
        try:
            dimension = parse(said, self._catalogue.units, accepted=known.units).dimension
        except QuantityError:
            return {"valueString": said}, ""
        written = match["unit"].strip()
        unit = next(unit for unit in self._catalogue.units.values() if written in unit.written)
        quantity: Resource = {"value": _decimal(match["value"]), "unit": written}
        if match["sign"]:
            quantity["comparator"] = match["sign"]
        return {"valueQuantity": quantity | {"system": UCUM, "code": unit.ucum}}, dimension

    def _condition(self, row: Mapping[str, Any], struck: bool) -> Resource:
        name = str(row["name"])
        id_ = self._catalogue.condition_names.get(spelling(name))
        there = row.get("present", True)
        verified = "confirmed" if there is True else "refuted" if there is False else "unconfirmed"
        resource: Resource = {
            "resourceType": "Condition",
            "verificationStatus": _status("condition-ver-status", "entered-in-error" if struck else verified),
            "code": self._concept("condition", id_, name),
            "subject": self._about,
            **_dated("recordedDate", self._day(row["at"])),
        }
        if there is True and not struck:
            resource["clinicalStatus"] = _status("condition-clinical", "active")
        return resource

    def _finding(self, name: str, said: Mapping[str, Any]) -> Resource:
        id_ = self._catalogue.assertion_names.get(spelling(name))
        resource: Resource = {
            "resourceType": "Observation",
            "id": _plain(name),
            "status": "entered-in-error" if said.get("entered_in_error") is True else "final",
            "code": self._concept("finding", id_, name),
            "subject": self._about,
            **self._effective(said["at"]),
        }
        if isinstance(said.get("value"), bool):
            resource["valueBoolean"] = said["value"]
        return resource

    def _biopsy(self, row: Mapping[str, Any], struck: bool) -> Resource:
        said = str(row.get("diagnosis") or "")
        id_ = self._catalogue.diagnosis_names.get(spelling(said))
        resource: Resource = {
            "resourceType": "DiagnosticReport",
            "status": "entered-in-error" if struck else "final",
            "code": self._concept("biopsy", "kidney", "kidney biopsy"),
            "subject": self._about,
            **self._effective(row["at"]),
        }
        if said:
            resource["conclusionCode"] = [self._concept("diagnosis", id_, said)]
        return resource

    def _exposure(self, row: Mapping[str, Any], struck: bool) -> Resource:
        name = str(row["drug"])
        doses = [mapping(one) for one in listed(row.get("doses"))]
        since = self._day(row["from"]) if row.get("from") else None
        until = self._day(row["to"]) if row.get("to") not in (None, "unknown") else None
        if doses:
            days = sorted(filter(None, (self._day(one["at"]) for one in doses)))
            since, until = (days[0], days[-1]) if days else (None, None)
        if since is not None and until is not None:
            since = min(since, until)
        state = "active" if row.get("to") is None and not doses else "completed" if until else "stopped"
        if row.get("taken") == "no":
            state = "not-taken"
        dose = "; ".join(f"{one.get('amount')} at {_said(one.get('at'))}" for one in doses) or row.get("dose")
        resource: Resource = {
            "resourceType": "MedicationStatement",
            "status": "entered-in-error" if struck else state,
            "medicationCodeableConcept": self._concept(
                "drug", self._catalogue.drug_names.get(spelling(name)), name
            ),
            "subject": self._about,
        }
        period = _dated("start", since) | _dated("end", until)
        if period:
            resource["effectivePeriod"] = period
        if row.get("stopped_for"):
            resource["statusReason"] = [{"text": str(row["stopped_for"])}]
        if dose:
            resource["dosage"] = [{"text": str(dose)}]
        return resource

    def _reaction(self, row: Mapping[str, Any], struck: bool) -> Resource:
        name = str(row["drug"])
        resource: Resource = {
            "resourceType": "AllergyIntolerance",
            "verificationStatus": _status(
                "allergyintolerance-verification", "entered-in-error" if struck else "confirmed"
            ),
            "code": self._concept("drug", self._catalogue.drug_names.get(spelling(name)), name),
            "patient": self._about,
            **_dated("onsetDateTime", self._day(row["at"])),
        }
        if not struck:
            resource["clinicalStatus"] = _status("allergyintolerance-clinical", "active")
        if row.get("what"):
            resource["reaction"] = [{"manifestation": [{"text": str(row["what"])}]}]
        return resource

    def _procedure(self, row: Mapping[str, Any], struck: bool) -> Resource:
        return {
            "resourceType": "Procedure",
            "status": "entered-in-error" if struck else "completed",
            "code": {"text": str(row["name"])},
            "subject": self._about,
            **_dated("performedDateTime", self._day(row["at"])),
        }

    # -- codes and times -------------------------------------------------------------------------------

    def _concept(self, kind: Kind, entry: str | None, title: str, dimension: str = "") -> Resource:
        """A concept by its codes, ours among them, and as the record calls it."""
        concept: Resource = {"text": title}
        if entry:
            codes = self._codes.for_writing(kind, entry, dimension)
            concept["coding"] = [{"system": system, "code": code} for system, code in codes]
        return concept

    def _effective(self, at: Any) -> Resource:
        moment = self._clock.read(at)
        if moment.precise or _written_day(at):
            return _dated("effectiveDateTime", self._day(at))
        start = None if moment.lifelong else self._calendar(moment.earliest)
        return {"effectivePeriod": _dated("start", start) | _dated("end", self._calendar(moment.latest))}

    def _day(self, at: Any) -> str | None:
        """The day of a time, or a month or year as it is written; of an imprecise one its last day."""
        if _written_day(at):
            return _written_day(at)
        moment: Moment = self._clock.read(at)
        return None if moment.open else self._calendar(moment.latest)

    def _calendar(self, days: Fraction) -> str:
        return (self._zero + timedelta(days=floor(days))).isoformat()


_SECTIONS = ("conditions", "biopsies", "observations", "exposures", "procedures", "reactions")


def _rows(record: Mapping[str, Any]) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """The rows of a record with their sections and places, counted from 1."""
    number = 0
    for name, found in mapping(record.get("findings")).items():
        ones: list[Any] = listed(found) if isinstance(found, list) else [found]
        for one in ones:
            number += 1
            yield "findings", number, {name: one}
    for section in _SECTIONS:
        for number, row in enumerate(listed(record.get(section)), 1):
            yield section, number, mapping(row)


def _address(record: str, name: str) -> str:
    """The address of a resource in its Bundle: the same for the same record and row."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'urn:nephroline:{record}/{name}')}"


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", name)[:40].strip("-")


def _said(at: Any) -> str:
    return at if isinstance(at, str) else " to ".join(map(str, listed(mapping(at).get("between"))))


def _written_day(at: Any) -> str:
    """A date, month or year that FHIR writes in the same way; empty if it is none."""
    return at if isinstance(at, str) and day(at) == at else ""


def _dated(name: str, value: str | None) -> Resource:
    return {name: value} if value else {}


def _status(system: str, code: str) -> Resource:
    return {"coding": [{"system": f"{HL7}{system}", "code": code}]}


def _decimal(text: str) -> float | int:
    """A number of JSON; a decimal comma is a point."""
    plain = text.replace(",", ".")
    return float(plain) if "." in plain else int(plain)
