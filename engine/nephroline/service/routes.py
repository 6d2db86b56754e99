"""``/api/v1``: a question in JSON, the answer as the command of its name prints it with ``--format json``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from litestar import MediaType, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from nephroline.changes.whynot import WhyNot
from nephroline.comparing import Compared
from nephroline.consultation import Consultation
from nephroline.errors import UsageError
from nephroline.ordering import OrderAnswer
from nephroline.service.office import Office
from nephroline.service.questions import (
    CompareQuestion,
    ConsultQuestion,
    FhirQuestion,
    OrderQuestion,
    PathwayHead,
    ReplayQuestion,
    ReportQuestion,
    WhatIfQuestion,
    WhyNotQuestion,
    WhyQuestion,
)
from nephroline.service.store import Manner
from nephroline.version import ANSWER_FORMAT, __version__
from nephroline.yamlfile import mapping


async def _plain(office: Office, answer: Callable[[Any], Any], question: Any) -> Any:
    """An answer as plain data; what is an object says in which form it is."""

    def computed() -> Any:
        found: Any = msgspec.to_builtins(answer(question))
        return {"format": ANSWER_FORMAT} | dict(mapping(found)) if isinstance(found, dict) else found

    return await office.computing.run(computed)


@post("/consult", status_code=200, summary="Where the patient stands, the next line, what comes first")
async def consult(data: JSONBody[ConsultQuestion], office: NamedDependency[Office]) -> Response[Consultation]:
    """As `nephroline consult --format json`. With `keep`, a decision record is written before it answers."""
    if data.keep and office.store is None:
        raise UsageError.of("keep: nothing is kept here", "leave it out, or set store.url")
    answer = await office.computing.run(office.desk.consult, data)
    headers: dict[str, str] = {}
    if data.keep:
        record = await office.computing.run(office.desk.chart, data)
        manner = Manner(
            auto=bool(answer.pathway.chosen_because) and "scenario" not in (data.record or {}),
            thorough=not data.quick,
            margins=data.margins,
            stops_seen=not data.before_stops,
        )
        headers["Nephroline-Decision"] = await office.keep(answer, record, "api", manner)
    return Response(answer, headers=headers)


@post("/order", status_code=200, summary="May this drug be given now, at what dose, what first?")
async def order(data: JSONBody[OrderQuestion], office: NamedDependency[Office]) -> Response[OrderAnswer]:
    """As `nephroline order --format json`."""
    return Response(await _plain(office, office.desk.order, data))


@post("/why", status_code=200, summary="The reasons of a finding, recommendation, block or alert")
async def why(data: JSONBody[WhyQuestion], office: NamedDependency[Office]) -> Response[list[dict[str, Any]]]:
    """As `nephroline why --format json`."""
    return Response(await _plain(office, office.desk.why, data))


@post("/why-not", status_code=200, summary="Why a regimen is not the next line, and what would do")
async def why_not(data: JSONBody[WhyNotQuestion], office: NamedDependency[Office]) -> Response[WhyNot]:
    """As `nephroline why-not --format json`."""
    return Response(await _plain(office, office.desk.why_not, data))


@post("/what-if", status_code=200, summary="The answer with other data, and how it differs")
async def what_if(
    data: JSONBody[WhatIfQuestion], office: NamedDependency[Office]
) -> Response[dict[str, Any]]:
    """As `nephroline what-if --format json`."""
    return Response(await _plain(office, office.desk.what_if, data))


@post("/compare", status_code=200, summary="Where editions agree about a patient, and where not")
async def compare(
    data: JSONBody[CompareQuestion], office: NamedDependency[Office]
) -> Response[list[Compared]]:
    """As `nephroline compare --format json`."""
    return Response(await _plain(office, office.desk.compare, data))


@post("/replay", status_code=200, summary="A scenario or record through all its moments")
async def replay(data: JSONBody[ReplayQuestion], office: NamedDependency[Office]) -> Response[dict[str, Any]]:
    """As `nephroline replay --format json`."""
    return Response(await _plain(office, office.desk.replay, data))


@post("/report", status_code=200, media_type=MediaType.HTML, summary="The course of a patient as one page")
async def report(data: JSONBody[ReportQuestion], office: NamedDependency[Office]) -> str:
    """As `nephroline report`: HTML that needs nothing else."""
    return await office.computing.run(office.desk.report, data)


@post("/fhir", status_code=200, summary="FHIR read as a record, or a record written as FHIR")
async def fhir(data: JSONBody[FhirQuestion], office: NamedDependency[Office]) -> Response[dict[str, Any]]:
    """As `nephroline fhir --format json`; of a record the Bundle that `nephroline fhir RECORD` writes."""
    return Response(msgspec.to_builtins(await office.computing.run(office.desk.fhir, data)))


@get("/pathways", summary="What can be asked")
async def pathways(office: NamedDependency[Office]) -> list[PathwayHead]:
    """Every pathway, with the digest of what it says."""
    return office.desk.pathways()


@get("/health", include_in_schema=False)
async def health() -> dict[str, str]:
    """Whether it runs."""
    return {"status": "ok", "version": __version__}


@get("/ready", include_in_schema=False)
async def ready(office: NamedDependency[Office]) -> Response[dict[str, str]]:
    """Whether it can answer now, and keep what it answers."""
    kept = office.store is None or await office.writing.run(office.store.ready)
    told = {"status": "ok" if kept else "the store cannot be reached"}
    return Response(told, status_code=200 if kept else 503)


API: list[HTTPRouteHandler | Router] = [
    health,
    ready,
    Router(
        "/api/v1",
        route_handlers=[consult, order, why, why_not, what_if, compare, replay, report, fhir, pathways],
    ),
]
