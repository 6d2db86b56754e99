"""What the page asks, as raw requests: right ones, and what nobody's browser would send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

Client = TestClient[Litestar]
RECORD = """\
id: patient
sex: male
age: 40 years
weight: 70 kg
biopsies: [{at: 0 mo, glomeruli: 20, diagnosis: fsgs}]
observations:
  - {at: 0 mo, proteinuria: 9 g/d, albumin: 20 g/L, creatinine: 1.0 mg/dL, cite: p. 3}
  - {at: 4 mo, proteinuria: 9 g/d, albumin: 20 g/L}
exposures:
  - {drug: prednisolone, dose: 70 mg/d, from: 0 mo}
findings: {secondary_cause_excluded: {value: true, at: 0 mo}}
"""
SCENARIO = f"""\
scenario: a patient
synthetic: true
pathway: kdigo-2012/fsgs
record:
{"".join(f"  {line}" for line in RECORD.splitlines(keepends=True))}expect:
  - {{at: 4 mo, findings: [steroid-resistant]}}
clinicians_did:
  - {{at: 4 mo, regimen: cyclosporine-low-dose-prednisolone, note: as the paper says}}
"""
ALL = ("chart", "answer", "course", "why", "why-not", "what-if", "order", "editions", "fhir", "edit")


def ask(client: Client, what: str, **body: Any) -> Any:
    return client.post(f"/workbench/{what}", json={"text": RECORD, **body})


def edited(client: Client, text: str, **edit: Any) -> str:
    found = client.post("/workbench/edit", json={"text": text, "edit": edit})
    assert found.status_code == 200, found.text
    return found.text


def refused(found: Any) -> str:
    assert found.status_code == 422, found.text
    return str(found.json()["problems"][0]["message"])


def test_the_page_and_its_parts_load_nothing_from_elsewhere(client: Client) -> None:
    for place in (
        "/",
        "/rules",
        "/assets/script.js",
        "/assets/style.css",
        "/assets/nothing",
        "/workbench/examples/x",
    ):
        found = client.get(place)
        policy = found.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["cache-control"] == "no-store"
    assert client.get("/assets/nothing").status_code == 404
    assert ask(client, "chart", text="id: [").headers["x-content-type-options"] == "nosniff"
    assert "content-security-policy" not in client.get("/health").headers
    for page in ("/", "/rules"):
        text = client.get(page).text
        assert "http://" not in text
        assert " style=" not in text
        assert "onclick" not in text


@pytest.mark.parametrize("what", ALL)
@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"text": 3}', b'{"text": "id: x", "more": 1}', b'"x"', b"\xff", b'{"text": null}'],
)
def test_bodies_that_are_no_question_are_refused(client: Client, what: str, body: bytes) -> None:
    found = client.post(f"/workbench/{what}", content=body, headers={"Content-Type": "application/json"})
    assert found.status_code == 400
    assert "Traceback" not in found.text


@pytest.mark.parametrize(
    "text",
    ["", "  ", "3", "[]", "- a", "id: [", "a: &x 1\nb: *x", "id: !!python/object:os.system x", "{" * 50, "id: a\nid: b",
     "scenario: x", "scenario: x\nrecord: [1]", "scenario: [x]\npathway: 3\nrecord: {id: x}", '{"resourceType": "Bundle"}',
     "id: x\nobservations: {at: 0 mo}", "id: x\nfindings: [a]", "id: x\nobservations: [3, [4]]"],
)  # fmt: skip
@pytest.mark.parametrize("what", ["chart", "answer", "course"])
def test_charts_that_are_none_have_problems_and_no_answer(client: Client, what: str, text: str) -> None:
    found = ask(client, what, text=text)
    if found.status_code == 200:
        told = found.json()
        assert told["problems"]
        assert told["answer"] == ""
        assert all(one["message"] for one in told["problems"])
    else:
        assert refused(found)


def test_a_chart_has_a_form_its_times_and_the_quick_answer(client: Client) -> None:
    told = ask(client, "chart").json()
    assert told["moments"] == ["0 mo", "4 mo"]
    assert told["at"] == "4 mo"
    assert told["problems"] == []
    assert "steroid-resistant" in told["answer"]
    assert 'data-path="observations[1].proteinuria"' in told["form"]
    assert "p. 3" in told["form"]
    assert ask(client, "chart", at="0 mo").json()["at"] == "0 mo"
    scenario = ask(client, "chart", text=SCENARIO, at="4 mo").json()
    assert "as the paper says" in scenario["answer"]
    assert 'data-path="record.observations[1].proteinuria"' in scenario["form"]


def test_every_question_is_answered(client: Client) -> None:
    assert "STEROID" not in ask(client, "answer", quick=False, at="4 mo").json()["answer"]
    assert "<svg" in ask(client, "course").text
    why = ask(client, "why", names=["next-line"]).text
    assert "rules/" in why
    assert "when:" in why
    assert "Nothing of it holds" not in ask(client, "why", names=["steroid-resistant", "relapse"]).text
    assert "Why not" in ask(client, "why-not", about="tacrolimus").text
    assert "creatinine" in ask(client, "what-if", about="creatinine=4 mg/dL; wait 4 wk").text
    assert "Nothing changes" in ask(client, "what-if", about="weight=70 kg").text
    assert "May I order" in ask(client, "order", about="ibuprofen 400 mg tid").text
    assert "side by side" in ask(client, "editions").text
    assert ask(client, "fhir", time_zero="2024-05-31").json()["resourceType"] == "Bundle"
    assert "does not hold" in ask(client, "why", names=["relapse"]).text


def test_what_is_kept_is_verified_like_any_decision(tmp_path: Path) -> None:
    from callers import settings_of

    from nephroline.service.app import create_app
    from nephroline.service.store import opened
    from nephroline.service.verifying import Verification, verified

    settings = settings_of(tmp_path)
    with TestClient(create_app(settings)) as client:
        for text in (RECORD, SCENARIO):
            assert "Kept" in ask(client, "keep", text=text, at="4 mo").text
    store = opened(settings)
    try:
        assert [one.shows for one in verified(store)] == [Verification.SAME, Verification.SAME]
    finally:
        store.close()


def test_wrong_questions_are_told(client: Client) -> None:
    assert "unknown pathway" in refused(ask(client, "answer", pathway="../../etc/passwd"))
    assert "unknown" in refused(ask(client, "why", names=["nothing"]))
    assert "unknown regimen" in refused(ask(client, "why-not", about="nothing"))
    assert refused(ask(client, "what-if", about="=;"))
    assert refused(ask(client, "order", about="\u202e"))
    assert refused(ask(client, "answer", at="yesterday"))
    assert "only dates" in refused(ask(client, "fhir"))
    assert refused(client.get("/workbench/examples/%2e%2e/%2e%2e/pyproject.toml"))
    only = RECORD.replace("diagnosis: fsgs", "diagnosis: membranous")
    assert "only pathway" in refused(ask(client, "editions", text=only))


def test_examples_are_those_that_come_with_it(client: Client, root: Path) -> None:
    found = client.get("/workbench/examples/pjnh-2015-case-1.yaml")
    assert found.text == (root / "scenarios/pjnh-2015-case-1.yaml").read_text(encoding="utf-8")


def test_fhir_becomes_a_record_with_the_fate_of_each_resource(client: Client, root: Path) -> None:
    text = (root / "scenarios/fhir/new-patient.json").read_text(encoding="utf-8")
    told = ask(client, "chart", text=text).json()
    assert told["text"].startswith("id:")
    assert told["fates"].count("<tr>") > len(json.loads(text)["entry"])
    assert ask(client, "chart", text=told["text"]).json()["problems"] == []


@pytest.mark.parametrize("text", [RECORD, SCENARIO])
def test_fields_are_set_and_removed_and_rows_added(client: Client, text: str) -> None:
    start = "record." if text == SCENARIO else ""
    after = edited(client, text, do="set", path=f"{start}observations[1].albumin", value="21 g/L")
    assert "albumin: 21 g/L" in after
    assert after.count("albumin: 20 g/L") == 1
    assert "to: 6 mo" in edited(client, text, do="set", path=f"{start}exposures[0].to", value="6 mo")
    assert "height: 180 cm" in edited(client, text, do="set", path=f"{start}height", value="180 cm")
    assert "weight" not in edited(client, text, do="set", path=f"{start}weight", value=" ")
    assert "4 mo" not in edited(
        client, text.partition("expect:")[0], do="remove", path=f"{start}observations[1]"
    )
    assert "value: false" in edited(
        client, text, do="set", path=f"{start}findings.secondary_cause_excluded.value", value="no"
    )
    between = edited(
        client, text, do="set", path=f"{start}observations[1].at", value="{between: [3 mo, 4 mo]}"
    )
    assert "between: [3 mo, 4 mo]" in between
    added = edited(
        client,
        text,
        do="add",
        section="observations",
        fields={"at": "5 mo", "name": "potassium", "value": "4 mmol/L"},
    )
    assert "{at: 5 mo, potassium: 4 mmol/L}" in added
    assert "what: '[unclear] rash'" in edited(
        client,
        text,
        do="add",
        section="reactions",
        fields={"drug": "ramipril", "what": "[unclear] rash", "at": "1 mo"},
    )
    assert "steroid_unsuitable" in edited(
        client,
        text,
        do="add",
        section="findings",
        fields={"name": "steroid_unsuitable", "value": "yes", "at": "4 mo"},
    )


def test_a_row_goes_with_its_last_value(client: Client) -> None:
    once = edited(client, RECORD, do="set", path="observations[1].albumin", value="")
    twice = edited(client, once, do="set", path="observations[1].proteinuria", value="")
    assert "4 mo" not in twice


def test_the_first_row_makes_the_chart(client: Client) -> None:
    fields = {"drug": "ramipril", "dose": "5 mg/d", "from": "2024-05-31", "to": ""}
    text = edited(client, "", do="add", section="exposures", fields=fields)
    assert text.startswith("id: new-patient")
    assert "to" not in text.replace("total", "")


@pytest.mark.parametrize(
    "edit",
    [
        {"do": "set", "path": "", "value": "x"},
        {"do": "set", "path": "record", "value": "x"},
        {"do": "remove", "path": "record"},
        {"do": "remove", "path": "expect[0]"},
        {"do": "set", "path": "expect[0].at", "value": "x"},
        {"do": "remove", "path": "pathway"},
        {"do": "set", "path": "record.observations", "value": "x"},
        {"do": "set", "path": "record.observations[9].at", "value": "x"},
        {"do": "remove", "path": "record.id.x"},
        {"do": "add", "section": "expect", "fields": {}},
        {"do": "add", "section": "observations", "fields": {"at": "2 mo", "name": "albumin"}},
        {"do": "add", "section": "exposures", "fields": {"drug": "ramipril", "cite": "x"}},
        {"do": "add", "section": "findings", "fields": {"name": "secondary_cause_excluded"}},
    ],
)
def test_what_the_form_does_not_have_is_not_changed(client: Client, edit: dict[str, Any]) -> None:
    assert refused(client.post("/workbench/edit", json={"text": SCENARIO, "edit": edit}))


@pytest.mark.parametrize(
    ("text", "section", "fields"),
    [
        ("id: x\nfindings: []", "findings", {"name": "steroid_unsuitable", "at": "0 mo"}),
        ("id: x\nobservations: {a: b}", "observations", {"at": "0 mo", "name": "albumin", "value": "20 g/L"}),
    ],
)
def test_rows_are_not_added_to_what_is_none(
    client: Client, text: str, section: str, fields: dict[str, str]
) -> None:
    edit = {"do": "add", "section": section, "fields": fields}
    assert "mend" in client.post("/workbench/edit", json={"text": text, "edit": edit}).text


def test_two_fields_of_one_name_are_left_to_the_text(client: Client) -> None:
    text = "id: x\nfindings: {a.value: {value: true}, a: {value: {value: true}}}"
    edit = {"do": "set", "path": "findings.a.value", "value": "no"}
    found = client.post("/workbench/edit", json={"text": text, "edit": edit})
    assert found.status_code in (200, 422)
    if found.status_code == 200:
        assert found.text.count("false") == 1


def test_the_page_can_be_left_out(tmp_path: Path) -> None:
    from callers import settings_of

    from nephroline.service.app import create_app

    with TestClient(create_app(settings_of(tmp_path, server={"page": False}))) as bare:
        assert bare.get("/").status_code == 404
        assert bare.get("/health").status_code == 200


# -- rules -------------------------------------------------------------------------------------------

STATINS = "rules/safety/statins.yaml"


def test_a_file_of_rules_is_checked_and_tried(client: Client, root: Path) -> None:
    text = (root / STATINS).read_text(encoding="utf-8")
    assert client.get(f"/workbench/rules/files/{STATINS}").text == text
    same = client.post("/workbench/rules/check", json={"file": STATINS, "text": text}).json()
    assert same == {"problems": [], "pathways": []}
    other = text.replace("severity: critical", "severity: warning")
    assert client.post("/workbench/rules/check", json={"file": STATINS, "text": other}).json()["pathways"]
    broken = text.replace("taking(", "takin(", 1)
    told = client.post("/workbench/rules/check", json={"file": STATINS, "text": broken}).json()["problems"]
    assert told[0]["line"]
    done, changed, html = 0, 0, ""
    while not changed:
        question = {"file": STATINS, "text": other, "after": done}
        seen = client.post("/workbench/rules/changes", json=question).json()
        assert seen["done"] > done
        done, changed, html = seen["done"], seen["changed"], seen["changes"]
    assert "critical: " in html
    past = client.post(
        "/workbench/rules/changes", json={"file": STATINS, "text": other, "after": 10_000}
    ).json()
    assert past["changed"] == 0


def test_clauses_are_told_as_the_command_tells_them(client: Client, root: Path) -> None:
    text = (root / STATINS).read_text(encoding="utf-8")
    done, total, held = 0, 1, 0
    while done < total and not held:
        question = {"file": STATINS, "text": text, "after": done}
        seen = client.post("/workbench/rules/coverage", json=question).json()
        assert seen["done"] > done
        done, total = seen["done"], seen["total"]
        held = sum(clause["held"] for one in seen["conditions"] for clause in one["clauses"])
    assert held
    assert all(one["title"] and one["clauses"][0]["text"] for one in seen["conditions"])


def test_no_other_file_is_read(client: Client) -> None:
    for name in (
        "pyproject.toml",
        "rules/../pyproject.toml",
        "%2e%2e/pyproject.toml",
        "rules/catalogue/units.yaml",
    ):
        assert client.get(f"/workbench/rules/files/{name}").status_code in (404, 422)
    told = client.post("/workbench/rules/check", json={"file": "/etc/passwd", "text": "module: x"}).json()
    assert "no file of rules" in told["problems"][0]["message"]
