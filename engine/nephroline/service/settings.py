"""What a site sets: a TOML file, and the environment over it. Defaults are safe ones.

``NEPHROLINE_SERVER__PORT=8080`` stands for ``port`` in ``[server]``; lists and tables are given as JSON.
"""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from nephroline.errors import UsageError

PREFIX = "NEPHROLINE_"
_ASYMMETRIC = ("ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA")
"""The algorithms that an entry of a client may name: none that shares a key, and never ``none``."""


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file; what it does not know it refuses."""


class ServerSettings(_Table, frozen=True):
    """``[server]``: where it listens and what it bears.

    `public_url`: how clients reach it, as tokens name it; required unless it listens to this machine alone.
    `body_mb`: the most that a request holds; `body_seconds`: the time it may take to arrive.
    `waiting`: how many requests may wait to be computed, in each worker; more are turned away.
    `page`: whether the workbench is served at ``/``.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    public_url: str = ""
    trusted_proxies: list[str] = []
    body_mb: float = 64
    body_seconds: float = 30
    waiting: int = 16
    stop_seconds: int = 30
    allowed_origins: list[str] = []
    rules: str = ""
    page: bool = True


class ClientSettings(_Table, frozen=True):
    """A client of CDS Hooks that is trusted.

    `jwks`: its keys, at an https address or in a file. `audience`: what its tokens are for, if not the
    address of the service that is called. `fhir_servers`: those that may be read with a token it hands on.
    """

    issuer: str
    jwks: str
    audience: str = ""
    algorithms: list[str] = msgspec.field(default_factory=lambda: ["ES384", "RS384"])
    fhir_servers: list[str] = []


class CdsSettings(_Table, frozen=True):
    """``[cds]``: who may call. Without a list of clients, only this machine may, without tokens.

    `fhir_servers`: what may be read for clients without a token.
    `time_zone`: where the patients are (``Europe/Lisbon``), for what day it is; empty: the server's own.
    """

    clients: list[ClientSettings] = []
    require_token: bool = True
    fhir_servers: list[str] = []
    time_zone: str = ""

    @property
    def zone(self) -> ZoneInfo | None:
        """The time zone; none: the server's own. Raises: UsageError."""
        try:
            return ZoneInfo(self.time_zone) if self.time_zone else None
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise UsageError.of(
                f"cds.time_zone: there is no {self.time_zone!r}", "name one as Europe/Lisbon"
            ) from None


class FhirSettings(_Table, frozen=True):
    """``[fhir]``: how servers are read: `seconds` for a read, `pages` of a search, `megabytes` of a call."""

    seconds: float = 5
    pages: int = 20
    megabytes: float = 64


class StoreSettings(_Table, frozen=True):
    """``[store]``: decision records.

    `url`: an SQLAlchemy address; empty: nothing is kept. `key_file`: the key by which patients are hashed;
    it is made where it is missing. `days`: how long records and answers are kept; 0: until they are
    forgotten.
    """

    url: str = "sqlite:///nephroline.sqlite3"
    key_file: str = ""
    days: int = 0


class Settings(_Table, frozen=True):
    """All of it."""

    server: ServerSettings = ServerSettings()
    cds: CdsSettings = CdsSettings()
    fhir: FhirSettings = FhirSettings()
    store: StoreSettings = StoreSettings()
    log: Literal["json", "text"] = "json"

    @property
    def base_url(self) -> str:
        """How clients reach it."""
        server = self.server
        host = f"[{server.host}]" if ":" in server.host else server.host
        return (server.public_url or f"http://{host}:{server.port}").rstrip("/")

    @property
    def tokens_required(self) -> bool:
        """Whether a call of CDS Hooks needs a token."""
        cds = self.cds
        return cds.require_token and (bool(cds.clients) or not self.local)

    @property
    def local(self) -> bool:
        """Whether only this machine reaches it: by where it listens, and by its public address."""
        public = urlsplit(self.server.public_url).hostname
        return is_loopback(self.server.host) and (not public or is_loopback(public))


def read_settings(
    file: Path | None, environment: Mapping[str, str], **given: Mapping[str, object]
) -> Settings:
    """The settings of a file, with the environment over it, and what was *given* over both.

    Raises: UsageError with the field, if they cannot be used.
    """
    data = _of_file(file) if file is not None else {}
    for table, entries in _of_environment(environment).items():
        data[table] = {**data.get(table, {}), **entries}
    for table, values in given.items():
        data[table] = {**data.get(table, {}), **{k: v for k, v in values.items() if v is not None}}
    try:
        found = msgspec.convert(data, Settings, strict=False)
    except msgspec.ValidationError as bad:
        raise UsageError.of(f"the settings cannot be used: {bad}", "see docs/service.md") from None
    _checked(found)
    return found


def _of_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as bad:
        raise UsageError.of(f"cannot be read: {bad.strerror}", "check the path", file=str(file)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as bad:
        raise UsageError.of(f"is no TOML: {bad}", "mend it", file=str(file)) from None


def _of_environment(environment: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, value in environment.items():
        table, sign, field = name.removeprefix(PREFIX).lower().partition("__")
        if name.startswith(PREFIX) and sign and table in Settings.__struct_fields__:
            listed = value.lstrip()[:1] in ("[", "{")
            try:
                found.setdefault(table, {})[field] = msgspec.json.decode(value.encode()) if listed else value
            except msgspec.DecodeError as bad:
                raise UsageError.of(f"{name}: no JSON: {bad}", "give lists as JSON") from None
    return found


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _checked(settings: Settings) -> None:
    server, local, _ = settings.server, settings.local, settings.cds.zone
    if not is_loopback(server.host) and not server.public_url:
        raise UsageError.of(
            "server.public_url: it is missing", f"say how clients reach {server.host}: https://…"
        )
    if server.public_url and urlsplit(server.public_url).scheme not in ("http", "https"):
        raise UsageError.of("server.public_url: no address", "give it as https://host/path")
    if not local and not settings.cds.require_token and not settings.cds.clients:
        raise UsageError.of(
            "cds.require_token: tokens are not required, and not only this machine reaches it",
            "list the clients, or listen to 127.0.0.1",
        )
    if server.workers < 1 or server.waiting < 1:
        raise UsageError.of("server.workers and server.waiting: at least 1", "give whole numbers")
    for number, client in enumerate(settings.cds.clients):
        wrong = [name for name in client.algorithms if name not in _ASYMMETRIC]
        if wrong or not client.algorithms:
            raise UsageError.of(
                f"cds.clients[{number}].algorithms: {', '.join(wrong) or 'none'} cannot be trusted",
                f"use some of {', '.join(_ASYMMETRIC)}",
            )
        if urlsplit(client.jwks).scheme == "http" and not is_loopback(urlsplit(client.jwks).hostname or ""):
            raise UsageError.of(
                f"cds.clients[{number}].jwks: not over http", "give an https address or a file"
            )
    for url in (*settings.cds.fhir_servers, *(u for c in settings.cds.clients for u in c.fhir_servers)):
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise UsageError.of(f"cds fhir_servers: {url} is not https", "patients' data need TLS")


def key_file(settings: Settings) -> Path:
    """Where the key lies by which patients are hashed."""
    return Path(settings.store.key_file or "nephroline.key")
