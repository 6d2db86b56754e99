"""What a client did not prefetch, read from its FHIR server with the token that it gave."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec

from nephroline.interop.cds_hooks import PATIENT, HookRequest, is_partial, query
from nephroline.interop.fhir.nodes import nodes, text
from nephroline.service.settings import FhirSettings
from nephroline.yamlfile import mapping

_NOT_THERE = (404, 405, 410, 501)
"""What servers answer that do not hold a kind of resource."""
_AT_ONCE = 6
_AS_LONG = 4
"""All reads of a call may take so many times as long as one."""


class Fetched(msgspec.Struct, frozen=True):
    """What was read, by prefetch key; what could not be, with why; and what the server does not hold."""

    found: dict[str, Any]
    failed: dict[str, str]
    absent: dict[str, str]


class _Purse:
    """The bytes that the reads of one call may take together."""

    def __init__(self, most: int) -> None:
        self._left = most

    def spend(self, number: int) -> None:
        """Take some. Raises: ValueError if there are no more."""
        self._left -= number
        if self._left < 0:
            raise ValueError("larger than is read")


class FhirReader:
    """Reads FHIR servers; one for the life of the service."""

    def __init__(self, settings: FhirSettings) -> None:
        self._settings = settings
        self._client = httpx.AsyncClient(timeout=settings.seconds, follow_redirects=False)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def read(
        self,
        request: HookRequest,
        keys: Collection[str],
        templates: Mapping[str, str],
        allowed: Collection[str],
    ) -> Fetched:
        """What some keys ask, from the server of a call, if that is allowed."""
        server = request.fhir_server.rstrip("/")
        if not server:
            return Fetched({}, dict.fromkeys(keys, "it was not prefetched, and no FHIR server is named"), {})
        if server not in allowed:
            return Fetched(
                {}, dict.fromkeys(keys, "the FHIR server is none that may be read for this client"), {}
            )
        headers = {"Accept": "application/fhir+json"}
        if request.fhir_authorization is not None:
            headers["Authorization"] = f"Bearer {request.fhir_authorization.access_token}"
        turn = asyncio.Semaphore(_AT_ONCE)
        purse = _Purse(int(self._settings.megabytes * 1_000_000))
        found: dict[str, Any] = {}
        failed: dict[str, str] = {}
        absent: dict[str, str] = {}

        async def one(key: str) -> None:
            async with turn:
                try:
                    found[key] = await self._whole(server, query(templates[key], request), headers, purse)
                except httpx.HTTPStatusError as bad:
                    code = bad.response.status_code
                    whether = failed if key == PATIENT or code not in _NOT_THERE else absent
                    whether[key] = f"the FHIR server answers {code}"
                except httpx.TimeoutException:
                    failed[key] = f"the FHIR server takes more than {self._settings.seconds:g} s"
                except (httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError, ValueError):
                    failed[key] = "the FHIR server cannot be read"

        try:
            async with asyncio.timeout(self._settings.seconds * _AS_LONG):
                await asyncio.gather(*map(one, keys))
        except TimeoutError:
            late = [key for key in keys if key not in found and key not in absent]
            failed |= dict.fromkeys(late, "the FHIR server takes too long")
        return Fetched(found, failed, absent)

    async def _whole(
        self, server: str, asked: str, headers: Mapping[str, str], purse: _Purse
    ) -> dict[str, Any]:
        """A resource, or all pages of a search as one Bundle; never from another server."""
        url = f"{server}/{asked}"
        entries: list[Any] = []
        for _ in range(self._settings.pages):
            page = await self._page(url, headers, purse)
            following = next(
                (text(one, "url") for one in nodes(page, "link") if text(one, "relation") == "next"), ""
            )
            page = {key: value for key, value in page.items() if key != "link"}
            if is_partial(page):
                raise ValueError("an error in the place of data")
            if text(page, "resourceType") != "Bundle":
                return page
            entries += nodes(page, "entry")
            if not following:
                return {"resourceType": "Bundle", "type": "searchset", "entry": entries}
            url = urljoin(f"{server}/", following)
            if urlsplit(url)[:2] != urlsplit(server)[:2]:
                raise ValueError("the next page is on another server")
        raise ValueError("more pages than are read")

    async def _page(self, url: str, headers: Mapping[str, str], purse: _Purse) -> dict[str, Any]:
        async with self._client.stream("GET", url, headers=dict(headers)) as answer:
            answer.raise_for_status()
            content = bytearray()
            async for part in answer.aiter_bytes():
                content += part
                purse.spend(len(part))
        return dict(mapping(msgspec.json.decode(bytes(content))))
