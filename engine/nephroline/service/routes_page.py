"""``/``: the workbench. Every part of it is made by the service, anew for each question; nothing is kept."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from litestar import MediaType, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from nephroline.service.office import Office
from nephroline.service.store import Manner
from nephroline.workbench import drawing
from nephroline.workbench.bench import (
    AboutQuestion,
    AnswerQuestion,
    AnswerView,
    ChartView,
    EditQuestion,
    PageQuestion,
    ReasonsQuestion,
    SavingQuestion,
)
from nephroline.workbench.drawing import ASSETS, asset
from nephroline.workbench.workshop import ChangesView, CoverageView, RuleQuestion, RuleView
from nephroline.yamlfile import mapping

_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_RAW = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]


def page_headers(app: ASGIApp) -> ASGIApp:
    """Middleware: what belongs to the page, refusals too, loads nothing from elsewhere and is not kept."""

    async def with_headers(scope: Scope, receive: Receive, send: Send) -> None:
        path = str(mapping(scope).get("path", ""))
        ours = path in ("/", "/rules") or path.startswith(("/assets/", "/workbench/"))

        async def told(message: Message) -> None:
            if ours and message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_RAW]
            await send(message)

        await app(scope, receive, told)

    return with_headers


@get("/", media_type=MediaType.HTML, include_in_schema=False)
async def workbench(office: NamedDependency[Office]) -> str:
    """The page, empty of any patient."""
    return await office.computing.run(partial(office.bench.page, keeps=office.store is not None))


@get("/assets/{name:str}", include_in_schema=False)
async def assets(name: FromPath[str]) -> Response[bytes]:
    """Its style and its script."""
    if name not in ASSETS:
        raise NotFoundException
    return Response(asset(name), media_type=ASSETS[name])


@get("/workbench/examples/{name:path}", media_type=MediaType.TEXT, include_in_schema=False)
async def example(name: FromPath[Path], office: NamedDependency[Office]) -> str:
    """A scenario that comes with Nephroline."""
    return office.bench.example(name.as_posix().lstrip("/"))


@post("/workbench/edit", status_code=200, media_type=MediaType.TEXT, include_in_schema=False)
async def edit(data: JSONBody[EditQuestion], office: NamedDependency[Office]) -> str:
    """The text of the chart after a change in the form."""
    return await office.computing.run(office.bench.edit, data)


@post("/workbench/chart", status_code=200, include_in_schema=False)
async def chart(data: JSONBody[PageQuestion], office: NamedDependency[Office]) -> Response[ChartView]:
    """The chart as a form, with its times and the quick answer."""
    return Response(await office.computing.run(office.bench.chart, data))


@post("/workbench/answer", status_code=200, include_in_schema=False)
async def answer(data: JSONBody[AnswerQuestion], office: NamedDependency[Office]) -> Response[AnswerView]:
    """The answer at a time."""
    return Response(await office.computing.run(office.bench.answer, data))


@post("/workbench/keep", status_code=200, media_type=MediaType.HTML, include_in_schema=False)
async def keep(data: JSONBody[AnswerQuestion], office: NamedDependency[Office]) -> str:
    """Keep the answer that stands as a decision record."""
    made = await office.computing.run(office.bench.decided, data)
    manner = Manner(auto=made.auto, thorough=not data.quick, stops_seen=False)
    return drawing.kept(await office.keep(made.answer, made.record, "page", manner))


@post("/workbench/course", status_code=200, media_type=MediaType.HTML, include_in_schema=False)
async def course(data: JSONBody[PageQuestion], office: NamedDependency[Office]) -> str:
    """The picture of the course."""
    return await office.computing.run(office.bench.course, data)


@post("/workbench/why", status_code=200, media_type=MediaType.HTML, include_in_schema=False)
async def why(data: JSONBody[ReasonsQuestion], office: NamedDependency[Office]) -> str:
    """The trees of reasons."""
    return await office.computing.run(office.bench.why, data)


@post("/workbench/why-not", status_code=200, media_type=MediaType.HTML, include_in_schema=False)
async def why_not(data: JSONBody[AboutQuestion], office: NamedDependency[Office]) -> str:
    """Why a regimen is not the next line."""
    return await office.computing.run(office.bench.why_not, data)


@post("/workbench/what-if", status_code=200, media_type=MediaType.HTML, include_in_schema=False)
async def what_if(data: JSONBody[AboutQuestion], office: NamedDependency[Office]) -> str:
    """How the answer would differ."""
    return await office.computing.run(office.bench.what_if, data)


@post("/workbench/order", status_code=200, media_type=MediaType.HTML, include_in_schema=False)
async def order(data: JSONBody[AboutQuestion], office: NamedDependency[Office]) -> str:
    """May this be given now?"""
    return await office.computing.run(office.bench.order, data)


@post("/workbench/editions", status_code=200, media_type=MediaType.HTML, include_in_schema=False)
async def editions(data: JSONBody[PageQuestion], office: NamedDependency[Office]) -> str:
    """The pathways of the same disease, side by side."""
    return await office.computing.run(office.bench.editions, data)


@post("/workbench/fhir", status_code=200, include_in_schema=False)
async def fhir(data: JSONBody[SavingQuestion], office: NamedDependency[Office]) -> Response[dict[str, Any]]:
    """The record as a FHIR Bundle."""
    return Response(msgspec.to_builtins(await office.computing.run(office.bench.fhir, data)))


@get("/rules", media_type=MediaType.HTML, include_in_schema=False)
async def rules(office: NamedDependency[Office]) -> str:
    """The page for authors of rules."""
    return await office.computing.run(office.workshop.page)


@get("/workbench/rules/files/{name:path}", media_type=MediaType.TEXT, include_in_schema=False)
async def rule_file(name: FromPath[Path], office: NamedDependency[Office]) -> str:
    """The text of a file of rules."""
    return office.workshop.file(name.as_posix().lstrip("/"))


@get("/workbench/rules/graph/{name:path}", media_type="image/svg+xml", include_in_schema=False)
async def rule_graph(name: FromPath[Path], office: NamedDependency[Office]) -> str:
    """A pathway as a diagram."""
    return await office.computing.run(office.workshop.graph, name.as_posix().lstrip("/"))


@post("/workbench/rules/check", status_code=200, include_in_schema=False)
async def rule_check(data: JSONBody[RuleQuestion], office: NamedDependency[Office]) -> Response[RuleView]:
    """What is wrong with a text of rules."""
    return Response(await office.computing.run(office.workshop.check, data))


@post("/workbench/rules/changes", status_code=200, include_in_schema=False)
async def rule_changes(
    data: JSONBody[RuleQuestion], office: NamedDependency[Office]
) -> Response[ChangesView]:
    """Which answers a text of rules changes."""
    return Response(await office.computing.run(office.workshop.changes, data))


@post("/workbench/rules/coverage", status_code=200, include_in_schema=False)
async def rule_coverage(
    data: JSONBody[RuleQuestion], office: NamedDependency[Office]
) -> Response[CoverageView]:
    """Which clauses of a text of rules scenarios test."""
    return Response(await office.computing.run(office.workshop.coverage, data))


PAGE: list[HTTPRouteHandler | Router] = [
    Router(
        "/",
        route_handlers=[
            workbench,
            assets,
            example,
            edit,
            chart,
            answer,
            keep,
            course,
            why,
            why_not,
            what_if,
            order,
            editions,
            fhir,
            rules,
            rule_file,
            rule_graph,
            rule_check,
            rule_changes,
            rule_coverage,
        ],
    ),
]
"""The workbench and what it asks."""
