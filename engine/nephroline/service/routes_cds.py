"""CDS Hooks 2.0: ``/cds-services``, its services and their feedback."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from nephroline.interop.cds_hooks import (
    Cards,
    Feedback,
    Hook,
    HookLink,
    HookRequest,
    hook_of,
    missing_keys,
    read_feedback,
    read_request,
)
from nephroline.service.hooking import answered
from nephroline.service.office import Office
from nephroline.service.problems import MissingDataError
from nephroline.service.settings import ClientSettings

_CACHED = "max-age=3600, must-revalidate"


@get("", summary="The services", media_type="application/json")
async def discover(request: Request[Any, Any, Any], office: NamedDependency[Office]) -> Response[bytes]:
    """What is offered, with the data that the rules ask; it changes with the rules, as the ETag does."""
    headers = {"ETag": office.etag, "Cache-Control": _CACHED}
    if office.etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    return Response(office.discovery, headers=headers, media_type="application/json")


@post("/{service:str}", status_code=200, summary="A call of a service")
async def call(
    service: FromPath[str], request: Request[Any, Any, Any], office: NamedDependency[Office]
) -> Response[Cards]:
    """The cards for a patient; none where there is no advice."""
    hook = _hook(service)
    client = await _client(service, request, office)
    asked = read_request(await request.body(), hook)
    fetched, absent = await _fetched(asked, client, office)
    links = [HookLink(label="What the rules are", url=f"{office.settings.base_url}/api/v1/pathways")]
    zone = office.settings.cds.zone
    told = await office.computing.run(answered, office.desk, asked, fetched, absent, links, zone)
    if told.made is not None and office.store is not None:
        await office.writing.run(office.store.keep, told.made, office.rules)
    return Response(Cards(cards=told.cards))


@post("/{service:str}/feedback", status_code=200, summary="What became of cards")
async def feedback(
    service: FromPath[str], request: Request[Any, Any, Any], office: NamedDependency[Office]
) -> Response[bytes]:
    """Feedback, kept with the decision that the card told."""
    _hook(service)
    await _client(f"{service}/feedback", request, office)
    told: Feedback = read_feedback(await request.body())
    if office.store is not None:
        for one in told.feedback:
            content = msgspec.json.encode(one).decode()
            await office.writing.run(office.store.feedback, service, one.card, one.outcome, content)
    return Response(b"", media_type="text/plain")


def _hook(service: str) -> Hook:
    hook = hook_of(service)
    if hook is None:
        raise NotFoundException("there is no such service")
    return hook


async def _client(place: str, request: Request[Any, Any, Any], office: Office) -> ClientSettings | None:
    """Who calls, by its token; nobody where none is required and none is given."""
    told = request.headers.get("authorization", "")
    if office.tokens is None or not (
        office.settings.tokens_required or (told and office.settings.cds.clients)
    ):
        return None
    return await office.tokens.client(told, f"{office.settings.base_url}/cds-services/{place}")


async def _fetched(
    asked: HookRequest, client: ClientSettings | None, office: Office
) -> tuple[dict[str, Any], dict[str, str]]:
    """What was not prefetched, read from the client's server; and what that does not hold.

    Raises: MissingDataError if something is not to be had.
    """
    lacking = missing_keys(asked, office.templates)
    if not lacking:
        return {}, {}
    own = client.fhir_servers if client is not None else office.settings.cds.fhir_servers
    allowed = {url.rstrip("/") for url in own}
    read = await office.reader.read(asked, lacking, office.templates, allowed)
    if read.failed:
        raise MissingDataError(read.failed)
    return read.found, read.absent


CDS = [Router("/cds-services", route_handlers=[discover, call, feedback])]
