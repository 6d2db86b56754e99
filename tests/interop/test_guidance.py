"""An answer as FHIR: valid R4, nothing an order, everything that the answer says, and nothing that it does not."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import fhirkit
import pytest
from charts import Resource
from commands import run

from nephroline.catalogue import load_catalogue
from nephroline.consultation import Consultation, consult
from nephroline.errors import RecordError
from nephroline.interop.fhir import answer_as_fhir, outcome_of
from nephroline.pathway import load_pathway, load_rules
from nephroline.record import read_record
from nephroline.selecting import consult as ask
from nephroline.terms import spoken

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = sorted((ROOT / "scenarios").rglob("*.yaml"))
CASE = ROOT / "scenarios/pjnh-2015-case-2.yaml"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CHART: dict[str, Any] = {
    "id": "p1",
    "sex": "male",
    "age": "40 years",
    "weight": "70 kg",
    "height": "175 cm",
    "time_zero": "2019-03-04",
    "findings": {"secondary_cause_excluded": {"value": True, "at": "2019-03-04"}},
    "biopsies": [{"at": "2019-03-04", "glomeruli": 20, "diagnosis": "fsgs"}],
    "observations": [
        {"at": "2019-03-04", "proteinuria": "9 g/d", "albumin": "1.9 g/dL", "creatinine": "0.9 mg/dL"},
        {"at": "2019-07-10", "proteinuria": "8.8 g/d", "albumin": "2.0 g/dL", "creatinine": "0.9 mg/dL"},
    ],
    "exposures": [{"drug": "prednisolone", "dose": "70 mg/d", "from": "2019-03-06"}],
}


def answered(
    source: Any, at: str | None = None, name: str = "kdigo-2021/fsgs"
) -> tuple[Consultation, Resource]:
    record = read_record(source)
    answer = consult(record, load_pathway(name), at, backend_name="reference")
    return answer, answer_as_fhir(answer, record, recorded=NOW)


def resources(bundle: Resource, kind: str = "") -> list[Resource]:
    found = [entry["resource"] for entry in bundle["entry"]]
    return [one for one in found if kind in ("", one["resourceType"])]


def leaves(action: Resource) -> list[Resource]:
    return [leaf for one in action["action"] for leaf in leaves(one)] if "action" in action else [action]


@pytest.mark.parametrize("part", range(2))
def test_law_answers_of_the_scenarios_are_valid_and_nothing_is_an_order(part: int) -> None:
    base = load_rules()
    for file in SCENARIOS[part::8]:
        try:
            record = read_record(file)
        except RecordError:
            continue
        for moment in record.moments(2):
            answer = ask(record, base, moment, backend_name="reference")
            bundle = answer_as_fhir(answer, record, recorded=NOW)
            assert not fhirkit.validate(json.dumps(bundle)), file
            agrees(answer, bundle)


def agrees(answer: Consultation, bundle: Resource) -> None:
    """Whether a Bundle says what the answer says, and refers only to what it holds."""
    addresses = {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}
    text = json.dumps(bundle)
    for made in ("MedicationRequest", "ServiceRequest", "RequestGroup"):
        intents = {(one["status"], one["intent"]) for one in resources(bundle, made)}
        assert intents <= {("draft", "proposal"), ("draft", "option")}
    issues = [one["code"]["coding"][0]["code"] for one in resources(bundle, "DetectedIssue")]
    blocks = {reason.rule for regimen in answer.blocked for reason in regimen.reasons}
    assert issues[: len(answer.alerts)] == [alert.id for alert in answer.alerts]
    assert set(issues[len(answer.alerts) :]) == blocks
    told = [one["diagnostics"] for one in resources(bundle, "OperationOutcome")[0]["issue"]]
    assert all(f"missing: {need.why}" in told for need in answer.needs)
    plans = resources(bundle, "RequestGroup")
    actions = [leaf for plan in plans for leaf in leaves(plan)]
    stopped = {
        addresses[leaf["resource"]["reference"]]["medicationCodeableConcept"]["text"]
        for leaf in actions
        if "resource" in leaf and addresses[leaf["resource"]["reference"]].get("doNotPerform")
    }
    title = load_catalogue().title
    assert stopped == {title(act.agent) for act in answer.acts if act.act in ("stop", "hold")}
    titles = {leaf["title"].split(": ")[0] for leaf in actions}
    assert {act.title.split(": ")[0] for act in answer.acts} <= titles
    given(answer, bundle)
    for line in [answer.next_line] if answer.next_line else []:
        assert line.title in text
    assert all(json.dumps(one.title) in text for one in answer.alternatives)
    for url in set(json.dumps(bundle).split('"urn:uuid:')[1:]):
        assert f"urn:uuid:{url.split(chr(34))[0]}" in addresses


def given(answer: Consultation, bundle: Resource) -> None:
    """Whether every dose of the line is proposed, of a drug that is named, and nothing else as if it were."""
    proposed = [one for one in resources(bundle, "MedicationRequest") if "doNotPerform" not in one]
    doses = [
        (one["medicationCodeableConcept"].get("coding", [{}])[-1].get("code"), dose)
        for one in proposed
        for dose in one.get("dosageInstruction", [])
    ]
    numbers = [(drug, dose) for drug, dose in doses if "doseAndRate" in dose]
    assert all(drug for drug, _ in numbers)
    line = answer.next_line
    if line is not None and line.action == "start":
        # A low dose to which the class is tapered is no order beside the taper.
        tapered = [leaf["title"] for plan in resources(bundle, "RequestGroup") for leaf in leaves(plan)]
        after = {d.drug for d in line.doses if f"From the taper on {spoken(d.drug)}" in tapered}
        assert {dose.drug for dose in line.doses} - after <= {drug for drug, _ in doses}
        if after:
            assert any(act.act == "taper" for act in answer.acts)
    # What is not given every day is told in words alone.
    assert not any(
        word in dose["text"] for _, dose in numbers for word in ("in months", "consecutive", "first 3 days")
    )
    raised = [act.agent for act in answer.acts if act.act in ("raise", "reduce")]
    for act in answer.acts:
        if act.agent in raised and act.dose:
            assert not any(one["text"] == act.dose for _, one in doses)


def test_a_line_is_proposed_with_its_doses_source_and_strength() -> None:
    answer, bundle = answered(CHART, "2019-07-10")
    assert answer.next_line is not None
    plan = resources(bundle, "RequestGroup")[0]
    choice = plan["action"][0]
    assert choice["selectionBehavior"] == "at-most-one"
    chosen, *others = choice["action"]
    assert (chosen["precheckBehavior"], others[0]["precheckBehavior"]) == ("yes", "no")
    assert chosen["title"] == answer.next_line.title
    source = chosen["documentation"][0]
    assert source["label"].startswith("KDIGO 2021")
    grades = {
        one["url"].rsplit("-", 1)[-1]: one["valueCodeableConcept"] for one in source["document"]["extension"]
    }
    assert grades["strengthOfRecommendation"]["coding"][0]["code"] == "strong"
    assert grades["qualityOfEvidence"]["coding"][0]["code"] == "low"
    doses = [
        one["dosageInstruction"][0]
        for one in resources(bundle, "MedicationRequest")
        if "cyclosporine" in one["medicationCodeableConcept"]["text"] and "dosageInstruction" in one
    ]
    assert doses[0]["timing"]["repeat"] == {"frequency": 2, "period": 1, "periodUnit": "d"}
    assert doses[0]["doseAndRate"][0]["doseQuantity"]["code"] == "mg"
    guidance = resources(bundle)[0]
    assert guidance["resourceType"] == "GuidanceResponse"
    assert guidance["occurrenceDateTime"] == "2019-07-10"
    assert guidance["subject"] == {"reference": "Patient/p1"}


def test_a_taper_is_dosages_one_after_the_other_with_their_days() -> None:
    answer, bundle = answered(CHART, "2019-07-10")
    tapered = next(act for act in answer.acts if act.taper is not None)
    assert tapered.taper is not None
    rows = next(
        one["dosageInstruction"]
        for one in resources(bundle, "MedicationRequest")
        if len(one.get("dosageInstruction", [])) > 1
    )
    assert [row["sequence"] for row in rows] == list(range(1, len(tapered.taper.rows) + 1))
    bounds = [row["timing"]["repeat"]["boundsPeriod"] for row in rows]
    days = [
        (date.fromisoformat(one["end"]), date.fromisoformat(two["start"])) for one, two in pairwise(bounds)
    ]
    assert all(end + timedelta(days=1) == start for end, start in days)
    assert rows[0]["doseAndRate"][0]["doseQuantity"]["value"] < 70


def test_what_is_off_the_guideline_is_marked_so() -> None:
    answer, bundle = answered(CHART, "2019-07-10")
    actions = resources(bundle, "RequestGroup")[0]["action"]
    marks = {
        leaf["title"]: leaf["extension"][0]["valueBoolean"]
        for action in actions
        for leaf in leaves(action)
        if "extension" in leaf
    }
    said = {one.short or one.title: one.on_guideline for one in answer.actions}
    assert not all(said.values())
    assert said.items() <= marks.items()
    off = [leaf for action in actions for leaf in leaves(action) if marks.get(leaf["title"]) is False]
    assert all(leaf["documentation"][0]["label"].startswith("off-guideline") for leaf in off)


def test_what_is_missing_is_asked_for_by_code() -> None:
    bare = {"id": "p2", "biopsies": CHART["biopsies"], "time_zero": "2019-03-04"}
    bare["observations"] = [CHART["observations"][0]]
    _, bundle = answered(bare)
    guidance = resources(bundle)[0]
    assert guidance["status"] in ("data-required", "data-requested")
    asked = [
        one["codeFilter"][0]["code"][-1]["code"] for one in guidance["dataRequirement"] if "codeFilter" in one
    ]
    assert "secondary_cause_excluded" in asked
    assert {"type": "Patient", "mustSupport": ["birthDate"]} in guidance["dataRequirement"]


def test_of_a_chart_of_offsets_no_date_is_made() -> None:
    _, bundle = answered(CASE, "4 mo", "pjnh-2015/fsgs")
    dates = ("occurrenceDateTime", "authoredOn", "identifiedDateTime")
    assert not [one for one in resources(bundle) for name in dates if name in one]
    assert "timingDateTime" not in json.dumps(bundle)
    assert resources(bundle)[0]["reasonCode"][0]["text"] == "FSGS, as of 4 mo"


def test_the_same_answer_gives_the_same_bundle_but_for_when_it_was_written() -> None:
    record = read_record(CASE)
    answer = consult(record, load_pathway("pjnh-2015/fsgs"), "4 mo", backend_name="reference")
    one, other = (
        answer_as_fhir(answer, record, recorded=datetime(y, 1, 1, tzinfo=UTC)) for y in (2025, 2026)
    )
    assert one != other
    for bundle in (one, other):
        resources(bundle, "Provenance")[0].pop("recorded")
    assert one == other
    rules = resources(one, "Provenance")[0]["entity"][0]["what"]["identifier"]["value"]
    assert rules == answer.pathway.digest


def test_the_command_answers_in_fhir_and_refuses_in_fhir(tmp_path: Path) -> None:
    good = run("consult", str(CASE), "--at", "4 mo", "--format", "fhir", "--quick")
    assert good.returncode == 0
    assert json.loads(good.stdout)["entry"][0]["resource"]["resourceType"] == "GuidanceResponse"
    file = tmp_path / "bad.yaml"
    file.write_text("id: x\nobservations: [{at: 0 mo, albumin: 3}]\n")
    bad = run("consult", str(file), "--format", "fhir")
    assert bad.returncode == 2
    outcome = json.loads(bad.stdout)
    assert not fhirkit.validate(json.dumps(outcome))
    assert outcome["issue"][0]["expression"] == ["observations[0].albumin"]
    assert "error: " in bad.stderr


def test_a_fault_without_a_place_is_an_issue_too() -> None:
    with pytest.raises(RecordError) as refused:
        read_record({"id": "x", "sex": "unclear"})
    (issue,) = outcome_of(refused.value.problems)["issue"]
    assert issue["severity"] == "error"
    assert "unclear" in issue["diagnostics"]
