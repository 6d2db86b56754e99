"""A record while it is made of FHIR: its rows with the resources they came from, and what became of those.

The record reader judges it: a row or field that it refuses is taken out, with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from nephroline.catalogue import Catalogue
from nephroline.errors import Problem, RecordError
from nephroline.interop.fhir.reading import Fate, Use
from nephroline.interop.fhir.times import first_day
from nephroline.record import read_record
from nephroline.yamlfile import dotted, mapping

_ROW = re.compile(r"(?P<section>\w+)\[(?P<index>\d+)\](?:\.(?P<field>[\w-]+))?")
_SPARE = ("dose", "to", "stopped_for", "taken", "printed", "note", "trough_target", "control", "for", "what")
"""Fields without which a row still says something true."""
_MOST_ROUNDS = 12
UNDATED = "at some time"
"""What is told of a fact that has no date: it is of some time up to the last date of the chart."""
_NOBODY_OLDER = "1900-01-01"


class NotUsed(msgspec.Struct, frozen=True):
    """Why a resource, or a part of one, is not used; *odd*: it should have been."""

    because: str
    odd: bool = False


class DraftRow(msgspec.Struct):
    """A row of the record, with the resource it was read from.

    `number`: its place in the record that it was written from; such rows come first, in their order.
    """

    section: str
    data: dict[str, Any]
    resource: str
    number: int = 0

    @property
    def start(self) -> str:
        """Its first date."""
        data = self.data
        doses: list[Mapping[str, str]] = data.get("doses", [])
        inner = [str(value["at"]) for value in map(mapping, data.values()) if "at" in value]
        found = (data.get("at"), data.get("from"), *(dose["at"] for dose in doses), *inner)
        return next((str(value) for value in found if isinstance(value, str)), "")


class Draft:
    """The rows of a record and the fates of resources; one use."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.rows: list[DraftRow] = []
        self.fates: list[Fate] = []

    def tell(self, resource: str, outcome: Use, told: str = "", because: str = "") -> None:
        """What became of a resource."""
        self.fates.append(Fate(resource, outcome, told, because))

    def leave(self, resource: str, why: NotUsed) -> None:
        """Say why a resource is not used."""
        self.tell(resource, Use.NOT_UNDERSTOOD if why.odd else Use.LEFT_OUT, because=why.because)

    def add(self, section: str, data: dict[str, Any], resource: str, told: str) -> None:
        """A row, and what is told of it."""
        self.rows.append(DraftRow(section, data, resource))
        self.tell(resource, Use.USED, told)

    def time_zero(self) -> str:
        """The day on which the disease was first seen in this chart, else the first of anything."""
        judged = {analyte.id for analyte in self._catalogue.assessed}
        disease = [row for row in self.rows if row.section == "biopsies" or judged & set(row.data)]
        dated = [first_day(row.start) for row in disease or self.rows]
        return min(filter(None, dated), default="")

    def date_undated(self, born: str) -> None:
        """Date what has no date: between birth and the last date of the chart, if it has one."""
        undated = [row for row in self.rows if row.data.get("at") == ""]
        last = max((first_day(row.start) for row in self.rows), default="")
        for row in undated:
            if last:
                row.data["at"] = {"between": [first_day(born) or _NOBODY_OLDER, last]}
            else:
                self.rows.remove(row)
                self._take_back(row.resource, "nothing in the chart has a date")

    def accepted(self, head: dict[str, Any]) -> dict[str, Any]:
        """The record without the rows and fields that the record reader refuses. Raises: RecordError."""
        for _ in range(_MOST_ROUNDS):
            data, places = self._assembled(head)
            try:
                read_record(data, self._catalogue)
            except RecordError as bad:
                done = [self._refused(problem, head, places) for problem in bad.problems]
                if not any(done):
                    raise
            else:
                return data
        remedy = "read what is refused: nephroline fhir"
        raise RecordError.of("too much of the chart contradicts itself", remedy)

    def _assembled(self, head: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, DraftRow]]:
        data: dict[str, Any] = dict(head)
        places: dict[str, DraftRow] = {}
        for row in sorted(self.rows, key=_placed):
            if row.section == "findings":
                places |= _find(data.setdefault("findings", {}), row)
                continue
            rows: list[Any] = data.setdefault(row.section, [])
            places[dotted((row.section, len(rows)))] = row
            rows.append(row.data)
        return data, places

    def _refused(self, problem: Problem, head: dict[str, Any], places: Mapping[str, DraftRow]) -> bool:
        """Take out what the record reader complains of; whether it was there."""
        why = f"{problem.message} ({problem.help})" if problem.help else problem.message
        match = _ROW.match(problem.path)
        place, field = (f"{match['section']}[{match['index']}]", match["field"]) if match else ("", "")
        row = places.get(place) or next(
            (places[path] for path in _ends_of(problem.path) if path in places), None
        )
        if row is not None:
            if row not in self.rows:
                return True
            if field in _SPARE and field in row.data:
                del row.data[field]
                self.tell(row.resource, Use.USED, f"without its {field}", why)
            else:
                self.rows = [one for one in self.rows if one is not row]
                self._take_back(row.resource, why)
            return True
        name = re.split(r"[.\[]", problem.path)[0]
        if name in head and name not in ("id", "time_zero"):
            told = f"{name.replace('_', ' ')} {head.pop(name)}"
            self.tell(f"Patient/{head['id']}", Use.NOT_UNDERSTOOD, told, why)
            return True
        return False

    def _take_back(self, resource: str, why: str) -> None:
        """Say of a resource that was taken that the record refuses it."""
        for number, fate in enumerate(self.fates):
            if fate.resource == resource and fate.outcome is Use.USED:
                self.fates[number] = Fate(resource, Use.NOT_UNDERSTOOD, fate.told, why)
                return
        self.tell(resource, Use.NOT_UNDERSTOOD, because=why)


def _placed(row: DraftRow) -> tuple[bool, int, str]:
    return not row.number, row.number, "" if row.number else first_day(row.start)


def _find(found: dict[str, Any], row: DraftRow) -> dict[str, DraftRow]:
    """Put findings where the record has them, several of one name into a list; at which paths they stand."""
    places: dict[str, DraftRow] = {}
    for name, said in row.data.items():
        if name not in found:
            found[name] = said
            places[dotted(("findings", name))] = row
            continue
        if not isinstance(found[name], list):
            found[name] = [found[name]]
        found[name].append(said)
        places[dotted(("findings", name, len(found[name]) - 1))] = row
    return places


def _ends_of(path: str) -> Iterator[str]:
    """A path and those above it, the longest first, such as ``findings.name[1]`` after its ``.at``."""
    while path:
        yield path
        path = re.sub(r"[.\[][^.\[]*$|^[^.\[]*$", "", path)
