"""The questions of ``/api/v1``, and how each is answered: as by the command of its name."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from nephroline.changes import what_if, why_not
from nephroline.changes.edits import Edit, several
from nephroline.comparing import Compared, compare
from nephroline.consultation import Consultation, decision_time
from nephroline.errors import UsageError
from nephroline.explain import why
from nephroline.interop.fhir import Codes, read_fhir, write_fhir
from nephroline.interop.fhir.reading import Fate
from nephroline.ordering import OrderAnswer, order
from nephroline.pathway import Pathway, RuleBase
from nephroline.record import Record, read_record
from nephroline.replaying import drawn_at_most, read_course, replay
from nephroline.selecting import AUTO, Selected, among_of, consult, named, thorough
from nephroline.version import ANSWER_FORMAT
from nephroline.yamlfile import mapping

Chart = Annotated[
    dict[str, Any] | None,
    msgspec.Meta(description="A record or scenario, as `nephroline schema record` has it."),
]
Fhir = Annotated[dict[str, Any] | None, msgspec.Meta(description="A FHIR R4 Bundle of one patient.")]
At = Annotated[
    str | None, msgspec.Meta(description="Decision time: `10 mo`, `2014-05-31`. Default: the last fact.")
]
Asked = Annotated[
    str, msgspec.Meta(description="A pathway by its id; auto takes the newest edition that the biopsy shows.")
]


class ApiQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every question holds: a chart, as a record or as FHIR, when, and by which pathway."""

    record: Chart = None
    fhir: Fhir = None
    at: At = None
    pathway: Asked = AUTO


class ConsultQuestion(ApiQuestion, frozen=True):
    """Where does this patient stand, and what is the next line? As `nephroline consult`.

    `keep`: write a decision record.
    """

    quick: bool = False
    margins: bool = False
    before_stops: bool = False
    keep: bool = False


class OrderQuestion(ApiQuestion, frozen=True):
    """May this be given now? As `nephroline order`."""

    order: Annotated[str, msgspec.Meta(description="A drug and a dose, as a chart has it.")]


class WhyQuestion(ApiQuestion, frozen=True):
    """The reasons of something. As `nephroline why`."""

    name: str = "next-line"


class WhyNotQuestion(ApiQuestion, frozen=True):
    """Why is this regimen not the next line? As `nephroline why-not`."""

    regimen: str


class WhatIfQuestion(ApiQuestion, frozen=True):
    """The answer with other data. As `nephroline what-if --also`, each alternative in one text."""

    alternatives: Annotated[list[str], msgspec.Meta(min_length=1, max_length=20)]


class CompareQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where editions agree about a patient. As `nephroline compare`."""

    record: Chart = None
    fhir: Fhir = None
    at: At = None
    pathways: Annotated[list[str], msgspec.Meta(min_length=2, max_length=8)]


class ReplayQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scenario or record through all its moments. As `nephroline replay`."""

    record: Chart = None
    fhir: Fhir = None
    pathway: str | None = None
    quick: bool = False


class ReportQuestion(ReplayQuestion, frozen=True):
    """The course of a patient as one page. As `nephroline report`."""

    scale: Literal["linear", "log"] = "linear"


class FhirQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """FHIR read as a record, or a record written as FHIR. As `nephroline fhir`.

    `time_zero`: the day that stands for time zero, to write a record whose times are offsets.
    """

    record: Chart = None
    fhir: Fhir = None
    time_zero: date | None = None


class FhirReading(msgspec.Struct, frozen=True):
    """The record that FHIR makes, and what became of each resource."""

    record: dict[str, Any]
    summary: str
    reading: list[Fate]
    format: int = ANSWER_FORMAT


class PathwayHead(msgspec.Struct, frozen=True):
    """A pathway by its id, with the digest of what it says."""

    id: str
    title: str
    disease: str
    edition: str
    digest: str


class Desk:
    """Answers questions with one rule base."""

    def __init__(self, base: RuleBase, codes: Codes) -> None:
        self.base, self.codes = base, codes

    def warm(self) -> None:
        """Put every pathway together, so that the first question waits for none."""
        for name in self.base.pathway_ids:
            self.base.pathway(name)

    def pathways(self) -> list[PathwayHead]:
        """What can be asked."""
        found = map(self.base.pathway, self.base.pathway_ids)
        return [PathwayHead(p.id, p.title, p.disease, p.edition, p.digest) for p in found]

    def consult(self, asked: ConsultQuestion) -> Consultation:
        """As `nephroline consult`."""
        record, among = self._chart(asked)
        seen = not asked.before_stops
        if asked.quick:
            return consult(record, among, asked.at, stops_seen=seen)
        return thorough(record, among, asked.at, margins=asked.margins, stops_seen=seen)

    def order(self, asked: OrderQuestion) -> OrderAnswer:
        """As `nephroline order`."""
        return order(*self._chart(asked), asked.order, asked.at)

    def why(self, asked: WhyQuestion) -> list[dict[str, Any]]:
        """As `nephroline why`."""
        return [item.to_data() for item in why(*self._chart(asked), asked.name, asked.at)]

    def why_not(self, asked: WhyNotQuestion) -> Any:
        """As `nephroline why-not`."""
        return why_not(*self._chart(asked), asked.regimen, asked.at)

    def what_if(self, asked: WhatIfQuestion) -> dict[str, Any]:
        """As `nephroline what-if`."""
        data = self._data(asked.record, asked.fhir)
        alternatives: list[list[Edit]] = [list(several(text)) for text in asked.alternatives]
        return what_if(data, self._among(asked.pathway, data), alternatives, asked.at).to_data()

    def compare(self, asked: CompareQuestion) -> list[Compared]:
        """As `nephroline compare`."""
        record = read_record(self._data(asked.record, asked.fhir), self.base.catalogue)
        if len(set(asked.pathways)) < len(asked.pathways):
            raise UsageError.of("pathways: one stands there twice", "name different ones")
        when = decision_time(record, asked.at) if asked.at else None
        pathways = [named(self.base, name) for name in asked.pathways]
        return compare(record, pathways, when, most=drawn_at_most(record))

    def replay(self, asked: ReplayQuestion) -> dict[str, Any]:
        """As `nephroline replay`."""
        return {"scenarios": [self._replayed(asked).to_data()]}

    def report(self, asked: ReportQuestion) -> str:
        """As `nephroline report`: a page."""
        from nephroline.course import course_of
        from nephroline.report import page

        return page([course_of(self._replayed(asked))], scale=asked.scale)

    def fhir(self, asked: FhirQuestion) -> FhirReading | dict[str, Any]:
        """As `nephroline fhir`."""
        if asked.record is not None and asked.fhir is None:
            return write_fhir(asked.record, self.base.catalogue, self.codes, time_zero=asked.time_zero)
        if asked.fhir is None or asked.record is not None:
            raise UsageError.of("neither or both of `fhir` and `record`", "send one of them")
        found = read_fhir(asked.fhir, self.base.catalogue, self.codes)
        return FhirReading(found.record, found.reading.summary, list(found.reading.fates))

    # -- the chart -------------------------------------------------------------------------------------

    def _chart(self, asked: ApiQuestion) -> tuple[Record, Selected | Pathway | RuleBase]:
        data = self._data(asked.record, asked.fhir)
        among = self._among(asked.pathway, data)
        own = data["record"] if "scenario" in data else data
        return read_record(own, self.base.catalogue), among

    def chart(self, asked: ApiQuestion) -> dict[str, Any]:
        """The record of a question, as it is kept."""
        data = self._data(asked.record, asked.fhir)
        return dict(data["record"] if "scenario" in data else data)

    def _data(self, record: dict[str, Any] | None, fhir: dict[str, Any] | None) -> dict[str, Any]:
        """A chart as plain data. A text in it is never the name of a file."""
        if (record is None) is (fhir is None):
            raise UsageError.of("neither or both of `record` and `fhir`", "send one chart")
        if fhir is not None:
            return read_fhir(fhir, self.base.catalogue, self.codes).record
        found = record or {}
        if "scenario" in found and not mapping(found.get("record")):
            raise UsageError.of("record.record: the scenario holds no record", "add it")
        return found

    def _among(self, pathway: str, data: dict[str, Any]) -> Selected | Pathway | RuleBase:
        own = data.get("pathway") if "scenario" in data else None
        return among_of(self.base, pathway, own if isinstance(own, str) else AUTO)

    def _replayed(self, asked: ReplayQuestion) -> Any:
        course = read_course(self._data(asked.record, asked.fhir), self.base.catalogue)
        name = asked.pathway or course.pathway
        among: Selected | Pathway | RuleBase = self.base if name == AUTO else named(self.base, name)
        if among is not self.base and not asked.pathway:
            among = Selected(named(self.base, name), ("the scenario names it",))
        return replay(course, among, quick=asked.quick, most=drawn_at_most(course.record))
