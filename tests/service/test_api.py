"""``/api/v1``: the answers of the command line, problems in words, and nothing of the disk."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from callers import BUNDLE, PATIENT
from litestar import Litestar
from litestar.testing import TestClient

ROOT = Path(__file__).resolve().parents[2]
SCENARIO = ROOT / "scenarios/pjnh-2015-case-1.yaml"
EDITIONS = ("kdigo-2012/fsgs", "kdigo-2021/fsgs")
CHART: dict[str, Any] = yaml.safe_load(SCENARIO.read_text())["record"]


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("chart") / "chart.yaml"
    file.write_text(yaml.safe_dump(CHART, allow_unicode=True))
    return file


@pytest.mark.parametrize(
    ("place", "question", "command"),
    [
        ("consult", {"quick": True}, ["consult", "{chart}", "--quick"]),
        ("consult", {}, ["consult", "{chart}"]),
        ("order", {"order": "tacrolimus 2 mg bid"}, ["order", "{chart}", "tacrolimus 2 mg bid"]),
        ("why", {"name": "steroid-resistant"}, ["why", "{chart}", "steroid-resistant"]),
        ("why-not", {"regimen": "tacrolimus"}, ["why-not", "{chart}", "tacrolimus"]),
        (
            "what-if",
            {"alternatives": ["creatinine=1 mg/dL"]},
            ["what-if", "{chart}", "--also", "creatinine=1 mg/dL"],
        ),
    ],
)
def test_an_answer_is_that_of_the_command_line(
    client: TestClient[Litestar], chart: Path, place: str, question: dict[str, Any], command: list[str]
) -> None:
    common = {"record": CHART, "at": "10 mo", "pathway": "kdigo-2012/fsgs"}
    found = client.post(f"/api/v1/{place}", json=common | question)
    assert found.status_code == 200
    words = [word.format(chart=chart) for word in command]
    told = ["--at", "10 mo", "--pathway", "kdigo-2012/fsgs", "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "nephroline", *words, *told], capture_output=True, text=True, check=True
    )
    assert found.json() == json.loads(done.stdout)


def test_compare_replay_report_and_fhir(client: TestClient[Litestar]) -> None:
    compared = client.post(
        "/api/v1/compare", json={"record": CHART, "at": "10 mo", "pathways": list(EDITIONS)}
    ).json()
    assert set(compared[0]["answers"]) == set(EDITIONS)
    scenario = yaml.safe_load(SCENARIO.read_text())
    (replayed,) = client.post("/api/v1/replay", json={"record": scenario, "quick": True}).json()["scenarios"]
    assert replayed["pathway"] == scenario["pathway"]
    page = client.post("/api/v1/report", json={"record": CHART, "quick": True})
    assert page.headers["content-type"].startswith("text/html")
    assert page.text.startswith("<!doctype html>")
    read = client.post("/api/v1/fhir", json={"fhir": BUNDLE}).json()
    assert read["record"]["id"] == PATIENT["id"]
    assert read["reading"]
    written = client.post("/api/v1/fhir", json={"record": CHART, "time_zero": "2010-01-01"}).json()
    assert written["resourceType"] == "Bundle"
    assert "format" not in written


def test_a_bundle_is_a_chart(client: TestClient[Litestar]) -> None:
    found = client.post("/api/v1/consult", json={"fhir": BUNDLE, "quick": True}).json()
    assert found["record"] == PATIENT["id"]
    assert found["next_line"] is not None


@pytest.mark.parametrize(
    ("place", "body", "status", "words"),
    [
        ("consult", {}, 422, "neither or both"),
        ("consult", {"record": CHART, "fhir": BUNDLE}, 422, "neither or both"),
        ("consult", {"record": {"id": "x", "colour": "red"}}, 422, "unknown field `colour`"),
        ("consult", {"record": CHART, "at": "tomorrow"}, 422, "tomorrow"),
        ("consult", {"record": CHART, "pathway": "/etc/passwd.yaml"}, 422, "unknown pathway"),
        ("consult", {"record": CHART, "pathway": str(SCENARIO)}, 422, "unknown pathway"),
        ("consult", {"record": CHART, "colour": 1}, 400, "colour"),
        ("consult", {"record": "scenarios/pjnh-2015-case-1.yaml"}, 400, "record"),
        ("order", {"record": CHART}, 400, "order"),
        ("order", {"record": CHART, "order": "sunshine"}, 422, "sunshine"),
        ("why-not", {"record": CHART, "regimen": "nothing"}, 422, "nothing"),
        ("what-if", {"record": CHART, "alternatives": []}, 400, "alternatives"),
        ("compare", {"record": CHART, "pathways": ["kdigo-2012/fsgs"]}, 400, "pathways"),
        ("fhir", {"record": CHART}, 422, "time_zero"),
        ("fhir", {"fhir": {"resourceType": "Patient"}}, 200, ""),
    ],
)
def test_a_question_that_cannot_be_answered_is_a_problem_in_words(
    client: TestClient[Litestar], place: str, body: dict[str, Any], status: int, words: str
) -> None:
    found = client.post(f"/api/v1/{place}", json=body)
    assert found.status_code == status
    if status != 200:
        assert found.headers["content-type"] == "application/problem+json"
        told = found.json()
        assert told["status"] == status
        assert told["type"].startswith("urn:nephroline:problem:")
        assert words in found.text.replace("time-zero", "time_zero")
        assert "Traceback" not in found.text


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b'{"record": ', 400),
        (b"[" * 200_000, 400),
        (b'{"record": ' * 50_000, 400),
        (b'{"record": {"id": "x", "age": 1e999999}}', 400),
        (b'{"record": NaN}', 400),
        (b'\xff\xfe{"record": 1}', 400),
        (b'"record"', 400),
    ],
)
def test_hostile_bodies_are_refused_cleanly(
    client: TestClient[Litestar], content: bytes, status: int
) -> None:
    found = client.post("/api/v1/consult", content=content, headers={"Content-Type": "application/json"})
    assert found.status_code == status
    assert found.headers["content-type"] == "application/problem+json"


def test_names_are_text_and_no_markup(client: TestClient[Litestar]) -> None:
    named = CHART | {"id": "<script>alert(1)</script>"}
    page = client.post("/api/v1/report", json={"record": named, "quick": True})
    assert "<script>alert" not in page.text


def test_other_places_and_methods(client: TestClient[Litestar]) -> None:
    assert client.get("/nothing").status_code == 404
    wrong = client.get("/api/v1/consult")
    assert wrong.status_code == 405
    assert wrong.headers["content-type"] == "application/problem+json"
    assert client.get("/health").json()["status"] == "ok"
    assert client.get("/ready").status_code == 200
    client.post("/api/v1/consult", json={"record": CHART, "quick": True})
    metrics = client.get("/metrics").text
    assert 'path="/api/v1/consult"' in metrics
    assert CHART["id"] not in metrics


def test_the_description_is_openapi_and_names_every_command(client: TestClient[Litestar]) -> None:
    described = client.get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    for name in ("consult", "order", "why", "why-not", "what-if", "compare", "replay", "report", "fhir"):
        assert f"/api/v1/{name}" in described["paths"]
    assert "Consultation" in described["components"]["schemas"]
