"""Tokens: those of listed clients, for this service, now and once; and no other."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
from callers import ISSUER, Signer, hook_call, prefetched, settings_of
from cryptography.hazmat.primitives.asymmetric import ec
from litestar import Litestar
from litestar.testing import TestClient

from nephroline.errors import UsageError
from nephroline.service.app import create_app

VIEW = "/cds-services/nephroline-patient-view"
PUBLIC = "https://cds.example/nephroline"
HERE = f"{PUBLIC}{VIEW}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tokens")


@pytest.fixture(scope="module")
def signer(folder: Path) -> Signer:
    return Signer(folder)


def protected(folder: Path, signer: Signer) -> Litestar:
    clients = [{"issuer": ISSUER, "jwks": str(signer.file)}]
    server = {"public_url": PUBLIC}
    return create_app(settings_of(folder, cds={"clients": clients}, server=server))


@pytest.fixture(scope="module")
def guarded(folder: Path, signer: Signer) -> Iterator[TestClient[Litestar]]:
    with TestClient(protected(folder, signer)) as client:
        yield client


def call(client: TestClient[Litestar], token: str | None, place: str = VIEW) -> tuple[int, str]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    keys = tuple(client.get("/cds-services").json()["services"][0]["prefetch"])
    found = client.post(place, json=hook_call(prefetch=prefetched(keys=keys)), headers=headers)
    return found.status_code, found.text


def test_a_good_token_is_accepted_once(guarded: TestClient[Litestar], signer: Signer) -> None:
    token = signer.token(HERE)
    assert call(guarded, token)[0] == 200
    status, told = call(guarded, token)
    assert status == 401
    assert "used before" in told


def test_a_token_is_remembered_by_other_workers_and_after_a_restart(
    folder: Path, guarded: TestClient[Litestar], signer: Signer
) -> None:
    token = signer.token(HERE)
    assert call(guarded, token)[0] == 200
    with TestClient(protected(folder, signer)) as another:
        assert call(another, token)[0] == 401
        assert call(another, signer.token(HERE))[0] == 200


def none_token(**claims: Any) -> str:
    def part(data: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    now = int(time.time())
    told = {"iss": ISSUER, "aud": HERE, "iat": now, "exp": now + 300, "jti": str(uuid4())} | claims
    return f"{part({'alg': 'none', 'kid': 'k1'})}.{part(told)}."


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"exp": int(time.time()) - 60, "iat": int(time.time()) - 120}, "expired"),
        ({"nbf": int(time.time()) + 86_400}, "not hold yet"),
        ({"aud": "https://elsewhere.example"}, "another service"),
        ({"aud": PUBLIC}, "another service"),
        ({"iss": "https://somebody.example"}, "issuer"),
        ({"exp": int(time.time()) + 86_400}, "too long"),
        *(({name: None}, "") for name in ("exp", "iat", "jti", "aud", "iss")),
        ({"jti": 7}, ""),
        ({"jti": "x" * 10_000}, ""),
    ],
)
def test_a_token_whose_claims_do_not_hold(
    guarded: TestClient[Litestar], signer: Signer, claims: dict[str, Any], words: str
) -> None:
    audience = claims.pop("aud", HERE) if claims.get("aud") else HERE
    status, told = call(guarded, signer.token(audience, **claims))
    assert status == 401
    assert words in told
    assert json.loads(told)["resourceType"] == "OperationOutcome"


def test_a_token_of_another_key_or_algorithm(
    guarded: TestClient[Litestar], signer: Signer, folder: Path
) -> None:
    assert call(guarded, Signer(folder).token(HERE))[0] == 401
    assert call(guarded, Signer(folder, ec.SECP256R1(), "ES256").token(HERE))[0] == 401
    shared = jwt.encode({"iss": ISSUER, "aud": HERE}, "a secret that both know" * 3, "HS256", {"kid": "k1"})
    assert call(guarded, shared)[0] == 401
    assert call(guarded, none_token())[0] == 401
    assert call(guarded, signer.token(HERE, head={"jku": "https://evil.example/keys"}))[0] == 401
    assert call(guarded, signer.token(HERE, head={"kid": "other"}))[0] == 401
    assert call(guarded, signer.token(HERE)[:-6] + "AAAAAA")[0] == 401


@pytest.mark.parametrize("token", [None, "", "x", "a.b.c", "..", "é.é.é", "A" * 100_000])
def test_what_is_no_token(guarded: TestClient[Litestar], token: str | None) -> None:
    if token is not None and not token.isascii():
        return
    status, told = call(guarded, token)
    assert status in (401, 431)
    assert "Traceback" not in told


def test_feedback_needs_a_token_of_its_own_place(guarded: TestClient[Litestar], signer: Signer) -> None:
    item = {"card": str(uuid4()), "outcome": "accepted", "outcomeTimestamp": "2026-11-27T10:00:00Z"}
    for audience, status in ((HERE, 401), (f"{HERE}/feedback", 200)):
        headers = {"Authorization": f"Bearer {signer.token(audience)}"}
        found = guarded.post(f"{VIEW}/feedback", json={"feedback": [item]}, headers=headers)
        assert found.status_code == status


def test_the_discovery_needs_none(guarded: TestClient[Litestar]) -> None:
    assert guarded.get("/cds-services").status_code == 200


@pytest.mark.parametrize(
    "tables",
    [
        {"server": {"host": "0.0.0.0"}},  # noqa: S104 - that it is refused is the test
        {"server": {"host": "0.0.0.0", "public_url": "https://x.example"}, "cds": {"require_token": False}},  # noqa: S104
        {"cds": {"clients": [{"issuer": "x", "jwks": "https://x.example", "algorithms": ["HS256"]}]}},
        {"cds": {"clients": [{"issuer": "x", "jwks": "https://x.example", "algorithms": ["none"]}]}},
        {"cds": {"clients": [{"issuer": "x", "jwks": "http://x.example/keys"}]}},
        {"cds": {"fhir_servers": ["http://ehr.example/fhir"]}},
        {"server": {"public_url": "https://x.example"}, "cds": {"require_token": False}},
        {"server": {"colour": "red"}},
        {"server": {"workers": 0}},
        {"cds": {"time_zone": "Europe/Atlantis"}},
        {"cds": {"time_zone": "../../etc/passwd"}},
    ],
)
def test_settings_that_are_not_safe_are_refused(tmp_path: Path, tables: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        settings_of(tmp_path, **tables)


def test_tokens_without_a_store_are_refused(tmp_path: Path, signer: Signer) -> None:
    clients = [{"issuer": ISSUER, "jwks": str(signer.file)}]
    settings = settings_of(tmp_path, cds={"clients": clients}, store={"url": ""})
    with pytest.raises(UsageError, match="store"):
        create_app(settings)
