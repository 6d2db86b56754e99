"""How long a body may take to arrive, and one line of the log for each request, without whom it was about."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from nephroline.service.problems import SlowError
from nephroline.yamlfile import mapping


class RequestLimits:
    """Middleware that ends requests whose bodies do not arrive, and tells of every request.

    The log has method, place by its template, status and time: no address, no query, nothing of a body.
    """

    def __init__(self, seconds: float, log: Any) -> None:
        self._seconds, self._log = seconds, log

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """The app with these limits."""

        async def limited(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != ScopeType.HTTP:
                await app(scope, receive, send)
                return
            began, status = time.perf_counter(), 0
            until, whole = began + self._seconds, False

            async def timely() -> Any:
                nonlocal whole
                if whole:
                    return await receive()
                try:
                    async with asyncio.timeout(max(0.0, until - time.perf_counter())):
                        message = await receive()
                except TimeoutError:
                    raise SlowError from None
                whole = message["type"] == "http.request" and not message.get("more_body")
                return message

            async def told(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            try:
                await app(scope, timely, told)
            finally:
                template = mapping(scope).get("path_template") or "(none)"
                took = round((time.perf_counter() - began) * 1000, 1)
                self._log.info("request", method=scope["method"], place=template, status=status, ms=took)

        return limited
