"""Tokens of CDS Hooks clients: signed by a key of a client that is listed, for this service, now, and once.

Nothing of a token is believed before its signature holds, but which client it claims to be of.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import msgspec

from nephroline.service.settings import ClientSettings

_LEEWAY = 10
"""Seconds by which clocks may differ."""
_LONGEST = 600
"""Seconds for which a token may hold: CDS Hooks asks for a short life."""
_REQUIRED = ["iss", "aud", "exp", "iat", "jti"]
_FRESH, _AGAIN, _STALE = 3600, 60, 86_400
"""Seconds for which keys are kept, after which an unknown one is looked for again, and for which they are
believed when they cannot be renewed."""
_MOST_KEYS = 1_000_000
_MOST_TOKEN = 16_384
_LONGEST_ID = 512
_ODD = "the token cannot be read"


class TokenError(Exception):
    """A token that is not accepted; what is wrong with it, and nothing of what stands in it."""


class Keys:
    """The keys of one client, from its configured place and no other."""

    def __init__(self, place: str) -> None:
        self._place, self._known = place, dict[str, jwt.PyJWK]()
        self._read = self._tried = float("-inf")
        self._lock = asyncio.Lock()

    async def key(self, name: str) -> jwt.PyJWK:
        """The key of a name. Raises: TokenError if the client has none such."""
        async with self._lock:
            now = time.monotonic()
            wanted = now - self._read > _FRESH or name not in self._known
            if wanted and now - self._tried > _AGAIN:
                self._tried = now
                await self._renew()
        if now - self._read > _STALE:
            raise TokenError("the keys of this client cannot be read")
        found = self._known.get(name)
        if found is None:
            raise TokenError("the token is signed by no key of this client")
        return found

    async def _renew(self) -> None:
        try:
            content = await self._content()
            keys = jwt.PyJWKSet.from_dict(msgspec.json.decode(content, type=dict[str, Any])).keys
        except (OSError, httpx.HTTPError, msgspec.MsgspecError, jwt.PyJWTError) as bad:
            if not self._known:
                raise TokenError("the keys of this client cannot be read") from bad
            return
        self._known = {key.key_id: key for key in keys if key.key_id}
        self._read = time.monotonic()

    async def _content(self) -> bytes:
        if urlsplit(self._place).scheme not in ("http", "https"):
            return await asyncio.to_thread(Path(self._place).read_bytes)
        async with (
            httpx.AsyncClient(timeout=5, follow_redirects=False) as client,
            client.stream("GET", self._place) as answer,
        ):
            answer.raise_for_status()
            content = b""
            async for part in answer.aiter_bytes():
                content += part
                if len(content) > _MOST_KEYS:
                    raise httpx.DecodingError("too many keys")
            return content


class Tokens:
    """Checks tokens against the clients that are listed.

    Args:
        first_use: whether the id of a token of an issuer was never seen before, until when it is to be kept.
    """

    def __init__(self, clients: list[ClientSettings], first_use: Callable[[str, str, int], bool]) -> None:
        self._clients: Mapping[str, ClientSettings] = {client.issuer: client for client in clients}
        self._keys = {client.issuer: Keys(client.jwks) for client in clients}
        self._first_use = first_use

    async def client(self, authorization: str, address: str) -> ClientSettings:
        """Whose token it is, if it is good for a call of an address. Raises: TokenError."""
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or len(token) > _MOST_TOKEN:
            raise TokenError("no bearer token")
        try:
            head = jwt.get_unverified_header(token)
            claimed = jwt.decode(token, options={"verify_signature": False}).get("iss")
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise TokenError(_ODD) from None
        client = self._clients.get(claimed) if isinstance(claimed, str) else None
        if client is None:
            raise TokenError("its issuer is not known here")
        if head.get("alg") not in client.algorithms:
            raise TokenError("its algorithm is not accepted")
        if "jku" in head and head["jku"] != client.jwks:
            raise TokenError("its keys are said to be somewhere else")
        if not isinstance(head.get("kid"), str):
            raise TokenError("it names no key")
        key = await self._keys[client.issuer].key(head["kid"])
        claims = self._verified(token, key, client, address)
        until = int(claims["exp"]) + _LEEWAY
        if not await asyncio.to_thread(self._first_use, client.issuer, str(claims["jti"]), until):
            raise TokenError("it was used before")
        return client

    @staticmethod
    def _verified(token: str, key: jwt.PyJWK, client: ClientSettings, address: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=client.algorithms,
                audience=client.audience or address,
                issuer=client.issuer,
                leeway=_LEEWAY,
                options={"require": _REQUIRED},
            )
        except jwt.PyJWTError as bad:
            raise TokenError(_WRONG.get(type(bad), "its signature or its claims do not hold")) from None
        except (ValueError, TypeError, OverflowError, RecursionError):
            raise TokenError(_ODD) from None
        identity = claims["jti"]
        if not isinstance(identity, str) or not 0 < len(identity) <= _LONGEST_ID:
            raise TokenError("its id is none")
        if claims["exp"] - claims["iat"] > _LONGEST:
            raise TokenError("it holds for too long")
        return claims


_WRONG: Mapping[type[Exception], str] = {
    jwt.ExpiredSignatureError: "it has expired",
    jwt.ImmatureSignatureError: "it does not hold yet",
    jwt.InvalidAudienceError: "it is for another service",
    jwt.MissingRequiredClaimError: "a claim is missing",
    jwt.InvalidSignatureError: "its signature does not hold",
}
