"""CDS Hooks 2.0, requirement by requirement: docs/cds-hooks/requirements.tsv names the test of each."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import fhirkit
import pytest
from callers import BUNDLE, PATIENT, hook_call, prefetched, settings_of
from litestar import Litestar
from litestar.testing import TestClient

from nephroline.interop.cds_hooks import analytes_asked
from nephroline.interop.fhir import TakenFor, load_codes
from nephroline.pathway import load_rules
from nephroline.service.app import create_app
from nephroline.service.settings import key_file
from nephroline.service.store import Store

VIEW, SIGN, SELECT = (
    f"/cds-services/nephroline-{hook}" for hook in ("patient-view", "order-sign", "order-select")
)
Client = TestClient[Litestar]


def drafted(*drafts: tuple[str, str, str], **more: Any) -> dict[str, Any]:
    """Draft orders, each with its id, drug and dose."""
    entries = [
        {
            "resource": {
                "resourceType": "MedicationRequest",
                "id": id_,
                "status": "draft",
                "intent": "order",
                "subject": {"reference": f"Patient/{PATIENT['id']}"},
                "medicationCodeableConcept": {"text": drug},
                "dosageInstruction": [{"text": dose}] if dose else [],
            }
            | more
        }
        for id_, drug, dose in drafts
    ]
    return {"resourceType": "Bundle", "entry": entries}


def signing(keys: tuple[str, ...], *drafts: tuple[str, str, str], **more: Any) -> dict[str, Any]:
    call = hook_call("order-sign", prefetch=prefetched(keys=keys))
    return call | {"context": call["context"] | {"draftOrders": drafted(*drafts, **more)}}


def empty_parts(data: Any) -> list[str]:
    """Where something null or empty stands, but in the list of cards."""
    if isinstance(data, dict):
        return [
            f"{key}.{place}" if place else key
            for key, value in data.items()
            for place in ([""] if value in (None, "", [], {}) and key != "cards" else empty_parts(value))
        ]
    return [place for one in data for place in empty_parts(one)] if isinstance(data, list) else []


# -- discovery ---------------------------------------------------------------------------------------------


def test_the_discovery_describes_each_service(client: Client) -> None:
    found = client.get("/cds-services")
    assert found.status_code == 200
    assert found.headers["content-type"].startswith("application/json")
    services = found.json()["services"]
    assert {(one["hook"], one["id"]) for one in services} == {
        (hook, f"nephroline-{hook}") for hook in ("patient-view", "order-select", "order-sign")
    }
    for one in services:
        assert one["title"]
        assert one["description"]
        assert one["usageRequirements"]
    assert empty_parts(found.json()) == []


def test_the_discovery_has_an_etag_that_spares_a_client_the_rest(client: Client) -> None:
    found = client.get("/cds-services")
    again = client.get("/cds-services", headers={"If-None-Match": found.headers["etag"]})
    assert again.status_code == 304
    assert not again.content
    assert client.get("/cds-services", headers={"If-None-Match": '"other"'}).status_code == 200


def test_prefetch_asks_what_the_rules_ask_by_plain_queries(client: Client) -> None:
    templates = client.get("/cds-services").json()["services"][0]["prefetch"]
    tokens = {token for one in templates.values() for token in re.findall(r"\{\{(.*?)\}\}", one)}
    assert tokens == {"context.patientId"}
    assert templates["patient"] == "Patient/{{context.patientId}}"
    asked: set[str] = set()
    for key, one in templates.items():
        assert len(one) < 1500
        if key != "patient":
            query = parse_qs(urlsplit(one).query)
            assert set(query) <= {"patient", "code", "_include"}
            asked |= set(",".join(query.get("code", [])).split(","))
    base = load_rules()
    wanted = analytes_asked(base)
    for (system, code), meaning in load_codes(base.catalogue).table.items():
        if isinstance(meaning, TakenFor) and meaning.kind == "analyte" and system == "http://loinc.org":
            assert (f"{system}|{code}" in asked) is (meaning.id in wanted)


# -- cards -------------------------------------------------------------------------------------------------


def test_a_card_has_what_it_must_and_nothing_that_is_empty(client: Client, keys: tuple[str, ...]) -> None:
    found = client.post(VIEW, json=hook_call(prefetch=prefetched(keys=keys)))
    assert found.status_code == 200
    told = found.json()
    assert set(told) == {"cards"}
    assert empty_parts(told) == []
    assert len({card["uuid"] for card in told["cards"]}) == len(told["cards"]) > 0
    for card in told["cards"]:
        assert 0 < len(card["summary"]) < 140
        assert card["indicator"] in ("info", "warning", "critical")
        assert card["source"]["label"]
        assert all(
            reason["display"] and reason["system"] and reason["code"] for reason in card["overrideReasons"]
        )
        for link in card["links"]:
            assert link["type"] == "absolute"
            assert link["url"].startswith("http")
            assert "appContext" not in link
        assert ("suggestions" in card) is ("selectionBehavior" in card)


def test_the_next_line_is_a_card_with_its_authority_and_proposals(
    client: Client, keys: tuple[str, ...]
) -> None:
    cards = client.post(VIEW, json=hook_call(prefetch=prefetched(keys=keys))).json()["cards"]
    (card,) = [one for one in cards if "suggestions" in one]
    assert card["source"]["label"].startswith("KDIGO 2021")
    assert "**NEXT**" in card["detail"]
    assert PATIENT["name"][0]["family"] not in card["detail"]
    assert card["selectionBehavior"] == "at-most-one"
    for suggestion in card["suggestions"]:
        assert suggestion["label"]
        assert suggestion["uuid"]
        for action in suggestion["actions"]:
            assert action["type"] == "create"
            assert action["description"]
            resource = action["resource"]
            assert resource["status"] == "draft"
            assert resource["subject"] == {"reference": f"Patient/{PATIENT['id']}"}
            assert "id" not in resource
            assert not fhirkit.validate(json.dumps(resource))


def test_what_is_off_the_guideline_is_labelled_so(client: Client, keys: tuple[str, ...]) -> None:
    cards = client.post(VIEW, json=hook_call(prefetch=prefetched(keys=keys))).json()["cards"]
    told = json.dumps(cards)
    assert all(
        "off-guideline" in card["summary"] or "Nephroline" not in card["source"]["label"] for card in cards
    )
    assert "1C" in told


def test_the_same_call_gives_the_same_cards_and_another_has_its_own(
    client: Client, keys: tuple[str, ...]
) -> None:
    call = hook_call(prefetch=prefetched(keys=keys))
    first, second = (client.post(VIEW, json=call).json() for _ in range(2))
    assert first == second
    other = client.post(VIEW, json=hook_call(prefetch=prefetched(keys=keys))).json()
    assert {card["uuid"] for card in other["cards"]}.isdisjoint(card["uuid"] for card in first["cards"])


def test_a_patient_of_other_doctors_gets_no_card(client: Client, keys: tuple[str, ...]) -> None:
    nobody = dict.fromkeys(keys) | {"patient": PATIENT}
    found = client.post(VIEW, json=hook_call(prefetch=nobody))
    assert (found.status_code, found.json()) == (200, {"cards": []})


def test_a_chart_that_cannot_be_judged_gets_a_card_that_says_what_is_missing(
    client: Client, keys: tuple[str, ...]
) -> None:
    biopsy = [entry for entry in BUNDLE["entry"] if entry["resource"]["resourceType"] == "Procedure"]
    condition = [entry for entry in BUNDLE["entry"] if entry["resource"].get("id") == "c1"]
    chart = dict.fromkeys(keys) | {"patient": PATIENT}
    chart["conditions"] = {"resourceType": "Bundle", "entry": biopsy + condition}
    (card,) = client.post(VIEW, json=hook_call(prefetch=chart)).json()["cards"]
    assert "missing" in card["summary"]
    assert "proteinuria" in card["detail"]


def test_markup_in_a_chart_is_text_in_a_card(client: Client, keys: tuple[str, ...]) -> None:
    chart = prefetched(keys=keys)
    drug = {
        "resourceType": "MedicationRequest",
        "id": "x",
        "status": "active",
        "intent": "order",
        "authoredOn": "2019-03-05",
        "subject": {"reference": f"Patient/{PATIENT['id']}"},
        "medicationCodeableConcept": {"text": "<img src=x onerror=alert(1)> [a](javascript:alert(1))"},
    }
    chart["medicationRequests"] = {"resourceType": "Bundle", "entry": [{"resource": drug}]}
    found = client.post(VIEW, json=hook_call(prefetch=chart))
    assert found.status_code == 200
    assert "<img" not in found.text
    assert "](javascript" not in found.text


# -- orders ------------------------------------------------------------------------------------------------


def test_a_draft_that_must_not_be_given_gets_a_card_that_takes_it_back(
    client: Client, keys: tuple[str, ...]
) -> None:
    (card,) = client.post(SIGN, json=signing(keys, ("d1", "ibuprofen 400 MG", "400 mg tid"))).json()["cards"]
    assert card["indicator"] in ("warning", "critical")
    assert "ibuprofen" in card["summary"]
    assert "paracetamol" in card["detail"]
    ((action,),) = [one["actions"] for one in card["suggestions"]]
    assert (action["type"], action["resourceId"]) == ("delete", "MedicationRequest/d1")
    assert "resource" not in action


def test_a_draft_of_which_nothing_is_to_be_said_gets_none(client: Client, keys: tuple[str, ...]) -> None:
    found = client.post(SIGN, json=signing(keys, ("d1", "paracetamol 500 MG", "")))
    assert (found.status_code, found.json()) == (200, {"cards": []})


def test_what_is_not_judged_is_told(client: Client, keys: tuple[str, ...]) -> None:
    (card,) = client.post(SIGN, json=signing(keys, ("d1", "a drug that nobody knows", ""))).json()["cards"]
    assert "not judged" in card["summary"]
    for dose in ("5000 mg bid", "as directed by the clinic"):
        cards = client.post(SIGN, json=signing(keys, ("d1", "cyclosporine 100 MG", dose))).json()["cards"]
        assert any("dose was not judged" in one["summary"] for one in cards), cards
    many = [(f"d{number}", "paracetamol", "") for number in range(60)]
    (card,) = client.post(SIGN, json=signing(keys, *many)).json()["cards"]
    assert "10 of these orders" in card["summary"]


def test_a_page_that_others_follow_is_not_all(client: Client, keys: tuple[str, ...]) -> None:
    chart = prefetched(keys=keys)
    page = {"resourceType": "Bundle", "link": [{"relation": "next", "url": "x"}]}
    error = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
    for part in (page, {"resourceType": "Bundle", "entry": [{"resource": error}]}):
        found = client.post(VIEW, json=hook_call(prefetch=chart | {"procedures": part}))
        assert found.status_code == 412


def test_of_a_selection_only_what_is_selected_is_judged(client: Client, keys: tuple[str, ...]) -> None:
    call = signing(keys, ("d1", "ibuprofen", "400 mg tid"), ("d2", "naproxen", "500 mg bid")) | {
        "hook": "order-select"
    }
    both = client.post(SELECT, json=call).json()["cards"]
    assert len(both) == 2
    call["context"]["selections"] = ["MedicationRequest/d9"]
    assert client.post(SELECT, json=call).status_code == 400
    call["context"]["selections"] = ["MedicationRequest/d2"]
    (card,) = client.post(SELECT, json=call).json()["cards"]
    assert "naproxen" in card["summary"]


def test_a_draft_for_somebody_else_is_told(client: Client, keys: tuple[str, ...]) -> None:
    call = signing(keys, ("d1", "ibuprofen", "400 mg tid"), subject={"reference": "Patient/other"})
    (card,) = client.post(SIGN, json=call).json()["cards"]
    assert "another patient" in card["summary"]


# -- what is refused -----------------------------------------------------------------------------------------


def test_without_the_data_it_answers_412_and_names_them(client: Client, keys: tuple[str, ...]) -> None:
    for prefetch in (
        None,
        {},
        prefetched(keys=keys, without=("patient",)),
        prefetched(without=("conditions",)),
    ):
        found = client.post(VIEW, json=hook_call(prefetch=prefetch) if prefetch is not None else hook_call())
        assert found.status_code == 412
        told = found.json()
        assert told["resourceType"] == "OperationOutcome"
        named = {place for issue in told["issue"] for place in issue["expression"]}
        assert named <= {f"prefetch.{key}" for key in keys}
        assert named


def test_an_outcome_in_the_prefetch_is_no_data(client: Client, keys: tuple[str, ...]) -> None:
    chart = prefetched(keys=keys)
    chart["procedures"] = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "timeout"}],
    }
    found = client.post(VIEW, json=hook_call(prefetch=chart))
    assert found.status_code == 412
    assert [issue["expression"] for issue in found.json()["issue"]] == [["prefetch.procedures"]]


def test_another_patient_than_that_of_the_context_is_refused(client: Client, keys: tuple[str, ...]) -> None:
    chart = prefetched(keys=keys) | {"patient": PATIENT | {"id": "somebody-else"}}
    found = client.post(VIEW, json=hook_call(prefetch=chart))
    assert found.status_code == 400
    assert "another patient" in found.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hook": "order-sign"}, "hook"),
        ({"hookInstance": ""}, "hookInstance"),
        ({"context": {}}, "patientId"),
        ({"context": {"patientId": "../../etc/passwd"}}, "patientId"),
        ({"context": {"patientId": "x y"}}, "patientId"),
        ({"context": 1}, "context"),
        ({"prefetch": []}, "prefetch"),
    ],
)
def test_a_call_that_is_none_is_refused_in_words(client: Client, change: dict[str, Any], words: str) -> None:
    found = client.post(VIEW, json=hook_call() | change)
    assert found.status_code == 400
    assert found.json()["resourceType"] == "OperationOutcome"
    assert words in found.text
    assert "Traceback" not in found.text


@pytest.mark.parametrize("content", [b"", b"[" * 100_000, b'{"hook": "patient-view"', b"\xff", b"null"])
def test_hostile_calls_are_refused_cleanly(client: Client, content: bytes) -> None:
    found = client.post(VIEW, content=content)
    assert found.status_code == 400
    assert found.json()["resourceType"] == "OperationOutcome"


def test_an_unknown_service_is_not_there(client: Client) -> None:
    for place in ("/cds-services/other", "/cds-services/other/feedback"):
        assert client.post(place, json=hook_call()).status_code == 404


# -- feedback ------------------------------------------------------------------------------------------------


def test_feedback_is_kept(client: Client, keys: tuple[str, ...]) -> None:
    cards = client.post(VIEW, json=hook_call(prefetch=prefetched(keys=keys))).json()["cards"]
    accepted = {"card": cards[0]["uuid"], "outcome": "accepted", "outcomeTimestamp": "2026-11-27T10:00:00Z"}
    overridden = accepted | {"outcome": "overridden", "overrideReason": {"userComment": "known"}}
    for one in (accepted | {"acceptedSuggestions": [{"id": "s"}]}, overridden):
        assert client.post(f"{VIEW}/feedback", json={"feedback": [one]}).status_code == 200
    refused = client.post(f"{VIEW}/feedback", json={"feedback": [{"card": 1}]})
    assert refused.status_code == 400


# -- the rest ------------------------------------------------------------------------------------------------


def test_an_alert_names_itself_in_its_source(client: Client, keys: tuple[str, ...]) -> None:
    chart = prefetched(keys=keys)
    chart["observations1"] = {
        "resourceType": "Observation",
        "id": "k",
        "status": "final",
        "subject": {"reference": f"Patient/{PATIENT['id']}"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
        "effectiveDateTime": date.today().isoformat(),
        "valueQuantity": {
            "value": 84,
            "unit": "mm[Hg]",
            "code": "mm[Hg]",
            "system": "http://unitsofmeasure.org",
        },
    }
    first, *_ = client.post(VIEW, json=hook_call(prefetch=chart)).json()["cards"]
    assert first["indicator"] == "critical"
    assert first["source"]["topic"]["code"] == "low-pressure"
    assert first["source"]["topic"]["display"]


def test_a_call_may_name_an_earlier_day(client: Client, keys: tuple[str, ...]) -> None:
    def called(told: str) -> Any:
        call = hook_call(prefetch=prefetched(keys=keys), extension={"org.nephroline": {"asOf": told}})
        return client.post(VIEW, json=call)

    earlier = (date.today() - timedelta(days=30)).isoformat()
    assert f"· {earlier} ·" in called(earlier).json()["cards"][-1]["detail"].replace("\\-", "-")
    assert called("2999-01-01").status_code == 200
    assert called("soon").status_code == 400


def test_browsers_of_listed_places_may_call(tmp_path: Path) -> None:
    here = create_app(settings_of(tmp_path, server={"allowed_origins": ["https://ehr.example"]}))
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    with TestClient(here) as client:
        good = client.options(VIEW, headers=asked | {"Origin": "https://ehr.example"})
        assert good.headers["access-control-allow-origin"] == "https://ehr.example"
        bad = client.options(VIEW, headers=asked | {"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in bad.headers


def test_each_requirement_is_held_by_a_test_or_a_reason(root: Path) -> None:
    table = (root / "docs/cds-hooks/requirements.tsv").read_text().splitlines()[1:]
    tests = "".join(file.read_text() for file in (root / "tests/service").glob("test_*.py"))
    assert len(table) == 120
    for row in table:
        held = row.split("\t")[3]
        assert held.startswith("reason: ") or f"def {held}(" in tests, row


@pytest.mark.parametrize("name", ["patient-view", "order-select", "order-sign"])
def test_the_examples_are_answered(client: Client, root: Path, name: str) -> None:
    call = json.loads((root / f"docs/cds-hooks/{name}.json").read_text())
    found = client.post(f"/cds-services/nephroline-{name}", json=call)
    assert found.status_code == 200
    assert found.json()["cards"]


def test_the_day_is_that_of_the_patients(tmp_path: Path, keys: tuple[str, ...]) -> None:
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        settings = settings_of(tmp_path, cds={"time_zone": zone})
        with TestClient(create_app(settings)) as client:
            assert client.post(VIEW, json=hook_call(prefetch=prefetched(keys=keys))).status_code == 200
    store = Store(settings.store.url, key_file(settings))
    days = {one.as_of for one in store.every()}
    store.close()
    assert len(days) == 2, days
