"""Questions drawn from our own description: whatever is sent, the service does not fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from callers import served
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import booleans
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

CHART: dict[str, Any] = yaml.safe_load(
    (Path(__file__).resolve().parents[2] / "scenarios/pjnh-2015-case-1.yaml").read_text()
)["record"]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with served(tmp_path_factory.mktemp("openapi")) as (base, _):
        yield schemathesis.openapi.from_url(f"{base}/api/v1/openapi.json")


# What hypothesis says of the strings that schemathesis draws.
@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonRoundTrippableCharactersWarning")
@pytest.mark.parametrize(
    "name", ["consult", "order", "why", "why-not", "what-if", "compare", "fhir", "pathways"]
)
def test_whatever_is_asked_it_does_not_fail(described: Any, name: str) -> None:
    operation = described[f"/api/v1/{name}"]["GET" if name == "pathways" else "POST"]

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(), booleans())
    def asked(case: Any, chart: bool) -> None:
        if chart and isinstance(case.body, dict):
            # A chart that is none is refused at once: half of the questions are about one that is.
            case.body |= {"record": CHART, "fhir": None}
        response = case.call()
        checks: list[Any] = [not_a_server_error]
        if response.status_code == 200:
            checks += [content_type_conformance, response_schema_conformance]
        case.validate_response(response, checks=checks)

    asked()
