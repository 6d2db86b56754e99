"""The application: ``/api/v1``, CDS Hooks, health and metrics, in one ASGI app."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import structlog
from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.plugins.prometheus import PrometheusConfig, PrometheusController

from nephroline.errors import InferenceError, InputError, UsageError
from nephroline.interop.cds_hooks import discovery, prefetch_templates
from nephroline.interop.fhir import load_codes
from nephroline.pathway import load_rules
from nephroline.service import problems
from nephroline.service.fetching import FhirReader
from nephroline.service.gate import BusyError, Gate
from nephroline.service.limits import RequestLimits
from nephroline.service.office import Office
from nephroline.service.questions import Desk
from nephroline.service.routes import API
from nephroline.service.routes_cds import CDS
from nephroline.service.routes_page import PAGE, page_headers
from nephroline.service.rulekeeping import packed
from nephroline.service.settings import Settings
from nephroline.service.store import opened
from nephroline.service.tokens import TokenError, Tokens
from nephroline.version import __version__
from nephroline.workbench.bench import Bench
from nephroline.workbench.workshop import Workshop

_EXPIRE_SECONDS = 3600


class _Metrics(PrometheusController):
    path = "/metrics"
    include_in_schema = False
    openmetrics_format = True


def office_of(settings: Settings) -> Office:
    """Everything behind the handlers, made once for each worker. Raises: UsageError, PathwayError."""
    site = Path(settings.server.rules) if settings.server.rules else None
    base = load_rules(site)
    codes = load_codes(base.catalogue, site)
    desk = Desk(base, codes)
    desk.warm()
    store = opened(settings) if settings.store.url else None
    if settings.tokens_required and store is None:
        remedy = "name a database: it remembers which tokens were used"
        raise UsageError.of("store.url: tokens are required, and nothing is kept", remedy)
    templates = prefetch_templates(base, codes)
    offered = msgspec.json.encode(discovery(base, templates), order="deterministic")
    return Office(
        settings=settings,
        desk=desk,
        bench=Bench(base, codes),
        workshop=Workshop(base),
        computing=Gate(settings.server.waiting, "computing"),
        writing=Gate(_WRITING, "writing"),
        store=store,
        rules=packed(site) if store is not None else b"",
        tokens=Tokens(settings.cds.clients, store.first_use) if store is not None else None,
        reader=FhirReader(settings.fhir),
        templates=templates,
        discovery=offered,
        etag=f'"{hashlib.sha256(offered).hexdigest()[:32]}"',
    )


_WRITING = 1000


def create_app(settings: Settings) -> Litestar:
    """The application for some settings. Raises: UsageError, PathwayError."""
    office = office_of(settings)
    log = structlog.get_logger("nephroline")

    @asynccontextmanager
    async def life(_: Litestar) -> AsyncGenerator[None]:
        expiring = asyncio.create_task(_expire(office, log)) if office.store and settings.store.days else None
        try:
            yield
        finally:
            if expiring is not None:
                expiring.cancel()
            await office.reader.close()
            await asyncio.to_thread(office.computing.close)
            await asyncio.to_thread(office.writing.close)
            if office.store is not None:
                office.store.close()

    server = settings.server
    metrics = PrometheusConfig(app_name="nephroline", prefix="nephroline", group_path=True)
    return Litestar(
        route_handlers=[*API, *CDS, _Metrics, *(PAGE if server.page else ())],
        lifespan=[life],
        state=State({"log": log}),
        dependencies={"office": Provide(lambda: office, sync_to_thread=False, use_cache=True)},
        middleware=[RequestLimits(server.body_seconds, log).middleware, metrics.middleware, page_headers],
        request_max_body_size=int(server.body_mb * 1_000_000),
        cors_config=CORSConfig(
            allow_origins=server.allowed_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=["ETag"],
        )
        if server.allowed_origins
        else None,
        openapi_config=OpenAPIConfig(
            title="Nephroline",
            version=__version__,
            description="Treatment-pathway decision support for nephrotic syndrome. Research and prototyping "
            "software, not a medical device; the decision stays with the treating clinician.",
            path="/api/v1",
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        ),
        exception_handlers={
            InputError: problems.bad_input,
            InferenceError: problems.no_trust,
            BusyError: problems.too_busy,
            TokenError: problems.no_token,
            problems.MissingDataError: problems.no_data,
            HTTPException: problems.refused,
            RecursionError: problems.too_deep,
            problems.SlowError: problems.too_slow,
            Exception: problems.failed,
        },
        logging_config=None,
    )


async def _expire(office: Office, log: Any) -> None:
    """Erase, each hour, what is older than it may be."""
    while True:
        store: Any = office.store
        try:
            await office.writing.run(store.expire, office.settings.store.days)
        except Exception as bad:
            log.warning("expiring failed", kind=type(bad).__name__)
        await asyncio.sleep(_EXPIRE_SECONDS)
