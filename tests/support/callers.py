"""A client of CDS Hooks: the chart it prefetches, its calls, and its tokens."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from nephroline.service.settings import Settings, read_settings

ROOT = Path(__file__).resolve().parents[2]
_AS_OF = date(2019, 7, 5)
"""The day of which the example tells; a call is as of today."""


def _today(written: re.Match[str]) -> str:
    return (date.fromisoformat(written[0]) + (date.today() - _AS_OF)).isoformat()


_EXAMPLE = (ROOT / "scenarios/fhir/new-patient.json").read_text()
BUNDLE: dict[str, Any] = json.loads(re.sub(r"\b\d{4}-\d{2}-\d{2}", _today, _EXAMPLE))
RESOURCES: list[dict[str, Any]] = [entry["resource"] for entry in BUNDLE["entry"]]
PATIENT: dict[str, Any] = next(one for one in RESOURCES if one["resourceType"] == "Patient")
ISSUER = "https://ehr.example"


def settings_of(folder: Path, **tables: Any) -> Settings:
    store = {"url": f"sqlite:///{folder}/decisions.sqlite3", "key_file": str(folder / "key")}
    given = {"store": store, **tables}
    return read_settings(None, {}, **given)


def prefetched(*, without: tuple[str, ...] = (), keys: tuple[str, ...] = ()) -> dict[str, Any]:
    """The chart of the example as a client prefetches it: the patient, and everything else under one key."""
    others = [{"resource": one} for one in RESOURCES if one is not PATIENT]
    found: dict[str, Any] = dict.fromkeys(keys)
    found |= {"patient": PATIENT, "conditions": {"resourceType": "Bundle", "entry": others}}
    return {key: value for key, value in found.items() if key not in without}


def hook_call(hook: str = "patient-view", **more: Any) -> dict[str, Any]:
    context = {"userId": "Practitioner/1", "patientId": PATIENT["id"]}
    return {"hook": hook, "hookInstance": str(uuid4()), "context": context} | more


class Signer:
    """A client of CDS Hooks with a key of its own."""

    def __init__(self, folder: Path, curve: Any = None, algorithm: str = "ES384") -> None:
        self.key, self.algorithm = ec.generate_private_key(curve or ec.SECP384R1()), algorithm
        self.file = folder / f"{uuid4()}.json"
        public = json.loads(jwt.get_algorithm_by_name(algorithm).to_jwk(self.key.public_key()))
        self.file.write_text(json.dumps({"keys": [{**public, "kid": "k1", "use": "sig", "alg": algorithm}]}))

    def token(self, audience: str, *, head: dict[str, Any] | None = None, **claims: Any) -> str:
        now = int(time.time())
        told = {"iss": ISSUER, "aud": audience, "iat": now, "exp": now + 300, "jti": str(uuid4())} | claims
        wanted = {key: value for key, value in told.items() if value is not None}
        return jwt.encode(wanted, self.key, self.algorithm, {"kid": "k1", **(head or {})})


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def served(
    folder: Path, *words: str, **tables: dict[str, Any]
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server of its own, and where it is."""
    port, file = free_port(), folder / "settings.toml"
    told = {"store": {"url": f"sqlite:///{folder}/store.sqlite3", "key_file": str(folder / "key")}} | tables
    file.write_text(
        "\n".join(
            f"[{name}]\n" + "\n".join(f"{key} = {json.dumps(value)}" for key, value in table.items())
            for name, table in told.items()
        )
    )
    command = [
        sys.executable,
        "-m",
        "nephroline",
        "serve",
        "--port",
        str(port),
        "--config",
        str(file),
        *words,
    ]
    log = (folder / "log").open("w")
    with subprocess.Popen(command, stderr=log, stdout=log, text=True, start_new_session=True) as process:
        base = f"http://127.0.0.1:{port}"
        try:
            waiting(f"{base}/ready", process)
            yield base, process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)
            log.close()


def waiting(url: str, process: subprocess.Popen[Any]) -> None:
    for _ in range(300):
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert process.poll() is None
        time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")
