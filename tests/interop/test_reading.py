"""Laws of reading FHIR: every resource has a fate, nothing crashes, nothing is invented, and the command."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from charts import ABOUT, Resource, bundle, observation, order, patient, quantity
from commands import run
from hypothesis import given, settings
from hypothesis import strategies as st

from nephroline.consultation import consult
from nephroline.errors import RecordError
from nephroline.interop.fhir import Use, read_fhir
from nephroline.pathway import load_pathway
from nephroline.record import read_record

EXAMPLE = Path(__file__).resolve().parents[2] / "scenarios/fhir/new-patient.json"
WHOLE: Resource = json.loads(EXAMPLE.read_text())
JUNK: list[Any] = [
    None,
    "",
    "x",
    0,
    -1,
    1e300,
    [],
    {},
    [None],
    {"coding": 3},
    "2019-13-45",
    "9999",
    True,
    [[]],
    "\u0000",
]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every field of a resource, with what holds it."""
    found: list[tuple[Any, Any]] = []
    pairs = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for key, inner in pairs:
        found.append((value, key))
        if isinstance(inner, dict | list):
            found += places(inner)
    return found


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 6))
def test_whatever_stands_in_it_every_resource_has_a_fate(seed: int, changes: int) -> None:
    rng = random.Random(seed)
    changed = copy.deepcopy(WHOLE)
    for _ in range(changes):
        held, key = rng.choice(places(changed["entry"]))
        held[key] = rng.choice(JUNK)
    try:
        found = read_fhir(json.dumps(changed).encode())
    except RecordError:
        return
    read_record(found.record)
    told = {fate.resource for fate in found.reading.fates}
    resources = [entry.get("resource") for entry in changed["entry"] if isinstance(entry, dict)]
    there = [one for one in resources if isinstance(one, dict) and isinstance(one.get("resourceType"), str)]
    for one in there:
        if isinstance(one.get("id"), str) and one["id"].strip() and one["resourceType"].strip():
            assert f"{one['resourceType'].strip()}/{one['id'].strip()}" in told


def test_the_example_is_read_as_the_pages_say() -> None:
    found = read_fhir(EXAMPLE)
    assert found.reading.summary == "17 of 19 resources used; 1 not understood, 1 left out"
    assert found.record == read_fhir(EXAMPLE.read_bytes()).record
    assert "Made-up" not in json.dumps(found.record)
    assert found.reading.counts[Use.NOT_UNDERSTOOD] == 1


def test_ndjson_and_folders_are_read_as_bundles(tmp_path: Path) -> None:
    lines = [json.dumps(entry["resource"]) for entry in WHOLE["entry"]]
    (tmp_path / "all.ndjson").write_text("\n".join([*lines, "{broken", ""]))
    found = read_fhir(tmp_path / "all.ndjson")
    whole = read_fhir(EXAMPLE).record
    assert found.record | {"unread": []} == whole | {"unread": []}
    assert any("is no JSON" in fate.because for fate in found.reading.fates)
    assert read_fhir(tmp_path).record == found.record
    nested = {"resourceType": "Bundle", "type": "batch-response", "entry": [{"resource": WHOLE}]}
    assert read_fhir(nested).record == whole


def test_every_answer_says_what_was_not_understood_and_how_much_was_left_out() -> None:
    taken = read_fhir(EXAMPLE).record
    answer = consult(read_record(taken), load_pathway("kdigo-2021/fsgs"), backend_name="reference")
    assert any("creatinine 900 mg/dL" in fault for fault in answer.faults)
    assert "FHIR: 17 of 19 resources used; 1 not understood, 1 left out" in answer.faults
    assert "unread" not in read_fhir(bundle(observation("2160-0", quantity(1, "mg/dL")))).record


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "is no JSON"),
        (b"[]", "holds no FHIR resource"),
        (b'{"resourceType": "Bundle"}', "no resource of a patient"),
        (json.dumps(bundle(patient(id="p2"))).encode(), "2 patients: Patient/p1, Patient/p2"),
        (b"\xff\xfe{}", "is no JSON"),
    ],
)
def test_what_is_no_chart_of_one_patient_is_one_error(content: bytes, told: str) -> None:
    with pytest.raises(RecordError) as caught:
        read_fhir(content)
    assert told in str(caught.value)
    assert len(caught.value.problems) == 1


def test_resources_of_another_patient_are_left_out() -> None:
    other = observation("2160-0", quantity(9, "mg/dL"), subject={"reference": "Patient/p2"})
    found = read_fhir(bundle(observation("2160-0", quantity(1, "mg/dL"), id="mine"), other))
    assert [row["creatinine"] for row in found.record["observations"]] == ["1 mg/dL"]
    assert any("it is about Patient/p2" in fate.because for fate in found.reading.fates)


@pytest.mark.parametrize(
    "reference", ["https://ehr.example/fhir/Patient/p1", "Patient/p1/_history/3", "urn:uuid:1"]
)
def test_a_patient_is_known_by_every_kind_of_reference(reference: str) -> None:
    whole = bundle(observation("2160-0", quantity(1, "mg/dL"), subject={"reference": reference}))
    whole["entry"][0]["fullUrl"] = "urn:uuid:1"
    assert read_fhir(whole).record["observations"]


def test_of_several_versions_the_newest_is_read() -> None:
    old = observation("2160-0", quantity(9, "mg/dL"), meta={"versionId": "1"})
    new = observation("2160-0", quantity(1, "mg/dL"), "2019-03-05", meta={"versionId": "2"})
    found = read_fhir(bundle(new, old))
    assert [row["creatinine"] for row in found.record["observations"]] == ["1 mg/dL"]
    assert any(fate.because == "an older version of it" for fate in found.reading.fates)


@pytest.mark.parametrize(
    ("deleted", "changed", "left"),
    [
        ("2019-04-01T00:00:00Z", "2019-03-05T00:00:00Z", False),
        ("2019-04-01T00:00:00Z", "2019-05-05T00:00:00Z", True),
        ("", "2019-05-05T00:00:00Z", False),
    ],
)
def test_what_was_deleted_is_not_read_unless_it_was_made_again(
    deleted: str, changed: str, left: bool
) -> None:
    value = observation("2160-0", quantity(9, "mg/dL"), meta={"lastUpdated": changed})
    whole = bundle(value, observation("2823-3", quantity(4, "mmol/L")))
    gone = {"request": {"method": "DELETE", "url": "Observation/o-2160-0"}}
    whole["entry"].insert(0, gone | ({"response": {"lastModified": deleted}} if deleted else {}))
    found = read_fhir(whole)
    assert ("creatinine" in str(found.record)) is left
    assert any(fate.because == "it was deleted" for fate in found.reading.fates) is not left


def test_resources_without_an_id_are_told_apart() -> None:
    whole = bundle(observation("2160-0", quantity(9, "mg/dL")), observation("2823-3", quantity(4, "mmol/L")))
    for entry in whole["entry"][1:]:
        del entry["resource"]["id"]
    whole["entry"][2]["fullUrl"] = "urn:uuid:7b"
    found = read_fhir(whole)
    assert {fate.resource for fate in found.reading.fates} == {
        "Patient/p1",
        "Observation/entry 2",
        "Observation/7b",
    }


def test_a_row_that_the_record_refuses_is_taken_out_and_told() -> None:
    stop = order("prednisone", "70 mg daily")
    stop["dosageInstruction"][0]["timing"] = {
        "repeat": {"boundsPeriod": {"start": "2019-03-05", "end": "2019-01-01"}}
    }
    found = read_fhir(bundle(stop, observation("2160-0", quantity(1, "mg/dL"))))
    told = [fate for fate in found.reading.fates if fate.resource.startswith("MedicationRequest")]
    assert any(fate.because for fate in told)
    read_record(found.record)


@pytest.mark.parametrize("form", ["record", "reading", "json"])
def test_the_command_shows_the_record_and_the_reading(form: str) -> None:
    done = run("fhir", str(EXAMPLE), "--format", form)
    assert done.returncode == 0
    if form == "record":
        assert yaml.safe_load(done.stdout)["id"] == "new-patient"
        assert "17 of 19 resources used" in done.stderr
    elif form == "json":
        assert {row["outcome"] for row in json.loads(done.stdout)["reading"]} == {
            "used",
            "left-out",
            "not-understood",
        }
    else:
        assert "NOT UNDERSTOOD" in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        ["consult", str(EXAMPLE), "--at", "2019-07-05"],
        ["consult", "-", "--at", "2019-07-05"],
        ["why", str(EXAMPLE), "steroid-resistant"],
        ["order", str(EXAMPLE), "cyclosporine 125 mg bid"],
        ["compare", str(EXAMPLE)],
        ["replay", str(EXAMPLE), "--quick"],
        ["check", str(EXAMPLE)],
    ],
    ids=lambda command: " ".join(command[:2])[:12],
)
def test_every_command_takes_fhir_where_it_takes_a_record(command: list[str]) -> None:
    done = run(*command, stdin=EXAMPLE.read_text() if "-" in command else None)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    if command[0] != "check":
        assert "FHIR: 17 of 19 resources used" in done.stderr


def test_a_subject_in_words_is_no_other_patient() -> None:
    found = read_fhir(bundle(observation("2160-0", quantity(1, "mg/dL"), subject={"display": "him"})))
    assert found.record["observations"]
    assert ABOUT["reference"] not in json.dumps(found.record)
