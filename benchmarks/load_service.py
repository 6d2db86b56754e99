"""How much the service bears: calls of patient-view at half and at three times what it manages.

    python benchmarks/load_service.py [--seconds 60]

It starts a server of its own on this machine alone. Capacity is what 8 connections get in 10 seconds; then arrivals
come at half of it over 200 open connections, then at three times it, with a look at ``/health`` each half second.
Each acknowledged answer must be among the decision records afterwards. At last a prefetch of 7 MB, one at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import httpx

ROOT = Path(__file__).resolve().parents[1]
CALL = json.loads((ROOT / "docs/cds-hooks/patient-view.json").read_text())
VIEW = "/cds-services/nephroline-patient-view"
PORT, CONNECTIONS = 8137, 200


async def call(client: httpx.AsyncClient) -> tuple[int, float]:
    """One call: its status, and how long it took."""
    began = time.perf_counter()
    answer = await client.post(VIEW, json=CALL | {"hookInstance": str(uuid4())})
    return answer.status_code, time.perf_counter() - began


async def capacity(client: httpx.AsyncClient, seconds: float) -> float:
    """Calls a second that 8 callers get, one after the other."""
    until, done = time.perf_counter() + seconds, 0

    async def calling() -> None:
        nonlocal done
        while time.perf_counter() < until:
            status, _ = await call(client)
            done += status == 200

    await asyncio.gather(*(calling() for _ in range(8)))
    return done / seconds


async def arrivals(client: httpx.AsyncClient, rate: float, seconds: float) -> list[tuple[int, float]]:
    """Calls that arrive at a rate, whatever became of those before."""
    running = []
    began = time.perf_counter()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        running.append(asyncio.create_task(call(client)))
    return await asyncio.gather(*running)


async def connected(client: httpx.AsyncClient) -> None:
    """Open all connections, as a client with many sessions does, and leave them open."""
    await asyncio.gather(*(client.get("/health") for _ in range(CONNECTIONS)))


def large() -> bytes:
    """A call whose prefetch is 7 MB: the example, with values that are not asked, as servers write them."""
    call = json.loads(json.dumps(CALL))
    entries, whole = call["prefetch"]["observations1"]["entry"], 0
    sample = entries[0]["resource"]
    while whole < _LARGE:
        day = (date(2009, 1, 1) + timedelta(days=len(entries) % 3600)).isoformat()
        name = f"l{len(entries)}"
        entry = {"fullUrl": f"urn:uuid:{uuid4()}", "resource": sample | _OTHER}
        entry["resource"] |= {"id": name, "effectiveDateTime": day, "issued": f"{day}T08:12:09.000+00:00"}
        entries.append(entry)
        whole += len(json.dumps(entry))
    return json.dumps(call).encode()


_LARGE = 7_000_000
_OTHER = {
    "meta": {"versionId": "1", "lastUpdated": "2019-06-01T08:00:00.000+00:00"},
    "category": [
        {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                    "code": "laboratory",
                    "display": "Laboratory",
                }
            ],
            "text": "Laboratory",
        }
    ],
    "code": {
        "coding": [
            {
                "system": "http://loinc.org",
                "code": "718-7",
                "display": "Hemoglobin [Mass/volume] in Blood",
            }
        ],
        "text": "Hemoglobin",
    },
    "encounter": {"reference": "Encounter/e1", "display": "Visit"},
    "performer": [{"reference": "Organization/lab", "display": "Central laboratory"}],
    "referenceRange": [
        {
            "low": {"value": 13, "unit": "g/dL", "system": "http://unitsofmeasure.org", "code": "g/dL"},
            "high": {"value": 17, "unit": "g/dL", "system": "http://unitsofmeasure.org", "code": "g/dL"},
            "text": "13-17 g/dL",
        }
    ],
}


async def prefetch(client: httpx.AsyncClient, times: int) -> list[float]:
    """How long calls with a prefetch of 7 MB took, one at a time."""
    body, took = large(), []
    sys.stdout.write(f"prefetch of {len(body) / 1e6:.1f} MB: ")
    for _ in range(times):
        began = time.perf_counter()
        answer = await client.post(VIEW, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 200, answer.text
        took.append(time.perf_counter() - began)
    return took


async def health(client: httpx.AsyncClient, until: float) -> list[float]:
    """How long the answers about health took meanwhile."""
    took = []
    while time.perf_counter() < until:
        began = time.perf_counter()
        assert (await client.get("/health")).status_code == 200
        took.append(time.perf_counter() - began)
        await asyncio.sleep(0.5)
    return took


def percentile(values: list[float], share: float) -> float:
    """Of some seconds the one below which a share of them lies, in milliseconds."""
    return statistics.quantiles(values, n=1000)[int(share * 1000) - 1] * 1000


async def measure(seconds: float, store: Path) -> None:
    """All of it; *store*: the file of the decision records."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    base = f"http://127.0.0.1:{PORT}"
    async with httpx.AsyncClient(base_url=base, limits=limits, timeout=60) as client:
        most = await capacity(client, 10)
        acknowledged = round(most * 10)
        sys.stdout.write(f"capacity: {most:.0f} calls/s\n")
        for name, rate in (("half", most / 2), ("three times", most * 3)):
            await connected(client)
            watched = asyncio.create_task(health(client, time.perf_counter() + seconds))
            found = await arrivals(client, rate, seconds)
            acknowledged += sum(status == 200 for status, _ in found)
            good = [took for status, took in found if status == 200]
            away = [took for status, took in found if status == 503]
            looks = await watched
            told = (
                f"{name}: {len(good)} answered, p99 {percentile(good, 0.99):.0f} ms; {len(away)} turned away"
            )
            if len(away) > 1:
                told += f", p99 {percentile(away, 0.99):.0f} ms"
            others = len(found) - len(good) - len(away)
            sys.stdout.write(f"{told}; {others} others; health at most {max(looks) * 1000:.0f} ms\n")
        with contextlib.closing(sqlite3.connect(store)) as records:
            (kept,) = records.execute("SELECT count(*) FROM decisions").fetchone()
        sys.stdout.write(f"{acknowledged} acknowledged, {kept} kept\n")
        took = await prefetch(client, 40)
        sys.stdout.write(f"p95 {percentile(took, 0.95):.0f} ms\n")


def main() -> int:
    """Start a server, measure it, and end it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "settings.toml"
        settings.write_text(
            f'[store]\nurl = "sqlite:///{folder}/store.sqlite3"\nkey_file = "{folder}/key"\n',
            encoding="utf-8",
        )
        command = [
            sys.executable,
            "-m",
            "nephroline",
            "serve",
            "--port",
            str(PORT),
            "--config",
            str(settings),
        ]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
            try:
                for _ in range(100):
                    try:
                        httpx.get(f"http://127.0.0.1:{PORT}/ready", timeout=1)
                        break
                    except httpx.TransportError:
                        time.sleep(0.2)
                asyncio.run(measure(given.seconds, Path(folder) / "store.sqlite3"))
            finally:
                server.terminate()
    return 0


if __name__ == "__main__":
    sys.exit(main())
