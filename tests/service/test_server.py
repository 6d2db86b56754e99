"""The real server: its workers, its limits, its end; and a real FHIR server that it reads."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from callers import PATIENT, RESOURCES, free_port, hook_call, prefetched, served, waiting

from nephroline.service.store import Store

VIEW = "/cds-services/nephroline-patient-view"


def keys_of(base: str) -> tuple[str, ...]:
    return tuple(httpx.get(f"{base}/cds-services").json()["services"][0]["prefetch"])


def kept(folder: Path) -> int:
    store = Store(f"sqlite:///{folder}/store.sqlite3", folder / "key")
    try:
        found = list(store.every())
    finally:
        store.close()
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    assert all(one.intact for one in found)
    return len(found)


def test_two_workers_keep_one_chain_and_a_kill_loses_nothing_acknowledged(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "2") as (base, process):
        keys = keys_of(base)
        acknowledged = 0

        def calling(_: int) -> int:
            answered = 0
            with httpx.Client(timeout=30) as client:
                for _ in range(30):
                    try:
                        found = client.post(f"{base}{VIEW}", json=hook_call(prefetch=prefetched(keys=keys)))
                    except httpx.TransportError:
                        return answered
                    answered += found.status_code == 200
            return answered

        with ThreadPoolExecutor(4) as pool:
            running = [pool.submit(calling, number) for number in range(4)]
            time.sleep(2.5)
            os.killpg(process.pid, signal.SIGKILL)
            acknowledged = sum(one.result() for one in running)
    assert 0 < acknowledged <= kept(tmp_path)


def test_it_ends_what_it_has_begun(tmp_path: Path) -> None:
    with served(tmp_path) as (base, process):
        keys = keys_of(base)
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(
                httpx.post, f"{base}{VIEW}", json=hook_call(prefetch=prefetched(keys=keys)), timeout=30
            )
            time.sleep(0.7)
            process.send_signal(signal.SIGTERM)
            assert call.result().status_code == 200
        assert process.wait(30) in (0, -signal.SIGTERM)
    assert kept(tmp_path) == 1
    log = (tmp_path / "log").read_text()
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert {"place": "/cds-services/{service}", "status": 200}.items() <= lines[-1].items() or any(
        line.get("place") == "/cds-services/{service}" and line["status"] == 200 for line in lines
    )
    assert PATIENT["name"][0]["family"] not in log
    assert str(PATIENT["id"]) not in log


def test_too_much_at_once_is_turned_away_and_health_answers(tmp_path: Path) -> None:
    with served(tmp_path, server={"waiting": 2}) as (base, _):
        keys = keys_of(base)
        call = hook_call(prefetch=prefetched(keys=keys))

        def asking(_: int) -> httpx.Response:
            return httpx.post(f"{base}{VIEW}", json=call, timeout=60)

        with ThreadPoolExecutor(24) as pool:
            running = [pool.submit(asking, number) for number in range(60)]
            assert httpx.get(f"{base}/health", timeout=5).status_code == 200
            found = [one.result() for one in running]
    assert {one.status_code for one in found} == {200, 503}
    for one in found:
        if one.status_code == 503:
            assert int(one.headers["retry-after"]) > 0
            assert one.json()["resourceType"] == "OperationOutcome"


def test_bodies_that_are_large_or_slow(tmp_path: Path) -> None:
    with served(tmp_path, server={"body_mb": 0.1, "body_seconds": 1}) as (base, _):
        large = httpx.post(f"{base}/api/v1/consult", content=b" " * 200_000, timeout=10)
        assert large.status_code == 413
        assert large.headers["content-type"] == "application/problem+json"
        host, port = base.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as slow:
            head = f"POST /api/v1/consult HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            slow.sendall(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
            began = time.monotonic()
            answer = slow.recv(4096)
            assert answer.startswith(b"HTTP/1.1 408")
            assert time.monotonic() - began < 5


# -- a real FHIR server --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A FHIR R4 server with the chart of the example."""
    folder, port = tmp_path_factory.mktemp("hospital"), free_port()
    command = [sys.executable, "-m", "sekmet.cli", "serve", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        base = f"http://127.0.0.1:{port}/fhir"
        try:
            waiting(f"{base}/metadata", process)
            for one in RESOURCES:
                place = f"{base}/{one['resourceType']}/{one['id']}"
                put = httpx.put(
                    place, json=one, headers={"Content-Type": "application/fhir+json"}, timeout=30
                )
                assert put.status_code in (200, 201), put.text
            yield base
        finally:
            process.terminate()
            process.wait(30)


def test_what_is_not_prefetched_is_read_from_the_server(hospital: str, tmp_path: Path) -> None:
    with served(tmp_path, cds={"fhir_servers": [hospital]}) as (base, _):
        call = hook_call(
            fhirServer=hospital,
            fhirAuthorization={
                "access_token": "t",
                "token_type": "Bearer",
                "expires_in": 300,
                "scope": "patient/*.read",
                "subject": "nephroline",
            },
        )
        found = httpx.post(f"{base}{VIEW}", json=call, timeout=60)
        assert found.status_code == 200, found.text
        whole = httpx.post(
            f"{base}{VIEW}", json=hook_call(prefetch=prefetched(keys=keys_of(base))), timeout=60
        )
        summaries = [card["summary"] for card in found.json()["cards"]]
        assert summaries == [card["summary"] for card in whole.json()["cards"]]
        other = httpx.post(f"{base}{VIEW}", json=call | {"fhirServer": "http://127.0.0.1:9/fhir"}, timeout=60)
        assert other.status_code == 412
        assert "none that may be read" in other.text
    with served(tmp_path, cds={"fhir_servers": [hospital]}, fhir={"megabytes": 0.002}) as (base, _):
        # Each of the reads is smaller than that, all of them are not.
        large = httpx.post(f"{base}{VIEW}", json=call, timeout=60)
        assert large.status_code == 412
        assert "cannot be read" in large.text
    with served(tmp_path, cds={"fhir_servers": [hospital]}) as (base, _):
        context = call["context"] | {"patientId": "nobody"}
        assert httpx.post(f"{base}{VIEW}", json=call | {"context": context}, timeout=60).status_code == 412
