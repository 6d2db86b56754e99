"""The server: uvicorn with its workers, and what each of them needs."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
from typing import TYPE_CHECKING

import msgspec
import structlog
import uvicorn

from nephroline.service.settings import Settings

if TYPE_CHECKING:
    from litestar import Litestar

_HANDED_ON = "NEPHROLINE_SERVED"
"""The environment variable in which workers find the settings."""


def run(settings: Settings) -> None:
    """Serve until it is told to stop; what was begun is finished first."""
    server = settings.server
    os.environ[_HANDED_ON] = msgspec.json.encode(settings).decode()
    counters = tempfile.mkdtemp(prefix="nephroline-metrics-") if server.workers > 1 else ""
    if counters:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = counters
    try:
        uvicorn.run(
            "nephroline.service.serving:served",
            factory=True,
            host=server.host,
            port=server.port,
            workers=server.workers,
            proxy_headers=bool(server.trusted_proxies),
            forwarded_allow_ips=server.trusted_proxies or None,
            server_header=False,
            access_log=False,
            log_config=None,
            backlog=512,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=server.stop_seconds,
            h11_max_incomplete_event_size=65_536,
        )
    finally:
        if counters:
            shutil.rmtree(counters, ignore_errors=True)


def served() -> Litestar:
    """The application of a worker, for the settings that were handed on to it."""
    from nephroline.service.app import create_app

    settings = msgspec.json.decode(os.environ[_HANDED_ON], type=Settings)
    log_to_stderr(settings.log)
    return create_app(settings)


def log_to_stderr(form: str) -> None:
    """Log a line for each thing that happens: JSON, or text for people."""
    last = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, last],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("uvicorn.error").setLevel(logging.INFO)
