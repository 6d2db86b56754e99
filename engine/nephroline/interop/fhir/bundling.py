"""A Bundle while it is made of an answer: its resources with their addresses, and what they all share."""

from __future__ import annotations

from datetime import timedelta
from math import floor
from uuid import NAMESPACE_URL, uuid5

from nephroline.catalogue import Catalogue
from nephroline.consultation import Consultation
from nephroline.consultation.parts import When
from nephroline.interop.fhir.codes import OWN, Codes, Kind
from nephroline.interop.fhir.nodes import NOBODY, UCUM, Resource, is_id
from nephroline.interop.fhir.times import day
from nephroline.record import Record


class Bundled:
    """The resources of one answer; one use.

    `engine` refers to the Device that answered; `group` is the identifier that all requests of it share.
    """

    def __init__(self, answer: Consultation, record: Record, catalogue: Catalogue, codes: Codes) -> None:
        self._zero, self._codes = record.clock.zero, codes
        self._whole = f"urn:nephroline:{answer.record}/{answer.as_of.label}"
        self.catalogue = catalogue
        id_ = record.id
        self.subject: Resource = (
            {"reference": f"Patient/{id_}"} if is_id(id_) else {"identifier": {"value": id_}}
        )
        if id_ == NOBODY:
            self.subject = {"display": "the patient of this chart, who is not named in it"}
        self.group = {"system": f"{OWN}answer", "value": str(uuid5(NAMESPACE_URL, self._whole))}
        self.entries: list[Resource] = []
        self.engine = self.add(_device(answer.engine.name, answer.engine.version), "engine")

    def add(self, resource: Resource, name: str) -> Resource:
        """Put a resource into the Bundle; a reference to it. The address is the same for the same answer."""
        address = f"urn:uuid:{uuid5(NAMESPACE_URL, f'{self._whole}/{name}')}"
        head = {"resourceType": resource["resourceType"], "id": name}
        self.entries.append({"fullUrl": address, "resource": head | resource})
        return {"reference": address, "type": resource["resourceType"]}

    def add_next(self, resource: Resource, kind: str) -> Resource:
        """The same, named by its kind and counted."""
        count = sum(entry["resource"]["id"].startswith(f"{kind}-") for entry in self.entries)
        return self.add(resource, f"{kind}-{count + 1}")

    def coding(self, kind: Kind, entry: str) -> list[Resource]:
        """Every code of an entry of the catalogue, ours among them."""
        return [{"system": system, "code": code} for system, code in self._codes.for_any(kind, entry)]

    def at(self, name: str, when: When | None, *, earlier: int = 0) -> Resource:
        """A time as a date, where the record has dates, or some days earlier; else nothing."""
        if self._zero is None or when is None:
            return {}
        if day(when.label) == when.label and not earlier:
            return {name: when.label}
        return {name: (self._zero + timedelta(days=floor(when.offset_days) - earlier)).isoformat()}

    def bounds(self, since: When, until: When | None) -> Resource:
        """The bounds of a step that the next one follows: its days, else how many."""
        if self._zero is not None:
            last = self.at("end", until, earlier=1)
            return {"boundsPeriod": self.at("start", since) | last}
        if until is None:
            return {}
        days = round(until.offset_days - since.offset_days)
        return {"boundsDuration": {"value": days, "unit": "d", "system": UCUM, "code": "d"}}


def _device(name: str, version: str) -> Resource:
    return {
        "resourceType": "Device",
        "deviceName": [{"name": name.capitalize(), "type": "user-friendly-name"}],
        "version": [{"value": version}],
    }
