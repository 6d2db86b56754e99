"""A record that is written as FHIR is read back as the same record, and what stands in the Bundle is valid R4."""

from __future__ import annotations

import copy
import json
import random
from datetime import date
from pathlib import Path
from typing import Any

import fhirkit
import pytest
from charts import LOINC, Resource, observation, quantity
from commands import run
from hypothesis import given, settings
from hypothesis import strategies as st
from untidy import told

from nephroline.catalogue import load_catalogue
from nephroline.consultation import consult
from nephroline.errors import RecordError, UsageError
from nephroline.interop.fhir import TakenFor, load_codes, read_fhir, write_fhir
from nephroline.pathway import load_pathway
from nephroline.record import open_document, read_record
from nephroline.yamlfile import mapping

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = sorted((ROOT / "scenarios").rglob("*.yaml"))
CASES = [ROOT / f"scenarios/pjnh-2015-case-{number}.yaml" for number in (1, 2)]
ZERO = date(2012, 2, 29)
CATALOGUE = load_catalogue()
OUR_CODES = load_codes(CATALOGUE)


def plain(value: Any) -> Any:
    """Data without what is empty; one finding that stands in a list stands alone."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items() if one not in (None, "", [], {})}
    if isinstance(value, list) and len(value) == 1 and "value" in value[0]:
        return plain(value[0])
    return [plain(one) for one in value] if isinstance(value, list) else value


def sent(bundle: Resource) -> Resource:
    """A Bundle as it arrives: through JSON."""
    arrived: Resource = json.loads(json.dumps(bundle))
    return arrived


def written(source: Any) -> tuple[Any, Resource]:
    """The data of a record, and the Bundle that is written of it."""
    document = open_document(source)
    data = mapping(document.data)
    dated = read_record(document).clock.zero is not None
    bundle = write_fhir(document, time_zero=None if dated else ZERO)
    return data.get("record", data), sent(bundle)


def resources(bundle: Resource, kind: str = "") -> list[Resource]:
    found = [entry["resource"] for entry in bundle["entry"]]
    return [one for one in found if kind in ("", one["resourceType"])]


@pytest.mark.parametrize("part", range(4))
def test_law_each_scenario_is_read_back_as_it_was(part: int) -> None:
    """All of them, in four parts that can run side by side; each Bundle is valid R4."""
    seen = 0
    for file in SCENARIOS[part::4]:
        try:
            data, bundle = written(file)
        except RecordError:
            continue
        back = read_fhir(bundle)
        assert plain(back.record) == plain(data), file
        assert back.reading.counts == {"used": len(bundle["entry"])}
        assert not fhirkit.validate(json.dumps(bundle)), file
        seen += 1
    assert seen > 100


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(("date", "mo", "wk")))
def test_law_a_chart_that_is_written_gives_the_same_answer(seed: int, style: str) -> None:
    rng = random.Random(seed)
    chart, at = told(rng.randrange, precise=False, style=style)[:2]
    data, bundle = written(chart)
    back = read_fhir(bundle).record
    assert plain(back) == plain(open_document(data).data)
    pathway = load_pathway("kdigo-2021/fsgs")
    before, after = (
        consult(read_record(one), pathway, at, backend_name="reference") for one in (chart, back)
    )
    assert before.to_json() == after.to_json()


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_both_published_cases_stand_as_bundles_and_give_the_same_answers(file: Path) -> None:
    bundle = json.loads((ROOT / f"scenarios/fhir/{file.stem}.json").read_text())
    assert bundle == sent(write_fhir(file, time_zero=date(2010, 1, 1)))
    record, back = read_record(file), read_record(read_fhir(bundle).record)
    for name in ("pjnh-2015/fsgs", "kdigo-2021/fsgs"):
        pathway = load_pathway(name)
        for moment in record.moments():
            before, after = (
                consult(one, pathway, moment, backend_name="reference") for one in (record, back)
            )
            assert before.to_json() == after.to_json()


def test_what_it_says_is_said_in_the_codes_of_others_and_in_ours() -> None:
    _, bundle = written(CASES[0])
    codings = [
        (coding["system"], coding["code"])
        for one in resources(bundle)
        for concept in [
            one.get("code"),
            one.get("medicationCodeableConcept"),
            *one.get("conclusionCode", []),
        ]
        for coding in (concept or {}).get("coding", [])
    ]
    assert (LOINC, "1751-7") in codings
    assert all(isinstance(OUR_CODES.of(*coding), TakenFor) for coding in codings)


def test_units_are_those_of_ucum_and_say_how_the_chart_writes_them() -> None:
    _, bundle = written(CASES[0])
    ucum = {unit.ucum for unit in CATALOGUE.units.values()}
    found = [one["valueQuantity"] for one in resources(bundle, "Observation") if "valueQuantity" in one]
    assert found
    for value in found:
        assert value["system"] == "http://unitsofmeasure.org"
        assert value["code"] in ucum
        assert value["unit"]


def test_every_reference_is_to_a_resource_of_the_bundle() -> None:
    _, bundle = written(CASES[1])
    addresses = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(addresses)) == len(addresses)
    about = {(one.get("subject") or one.get("patient") or {}).get("reference") for one in resources(bundle)}
    assert about - {None} == {addresses[0]}
    assert len({one["id"] for one in resources(bundle)}) == len(addresses)


def example(**more: Any) -> dict[str, Any]:
    return {
        "id": "written",
        "sex": "female",
        "time_zero": "2019-03-04",
        "observations": [{"at": "2019-03-04", "proteinuria": "9 g/d", "albumin": "1.9 g/dL"}],
        "exposures": [{"drug": "prednisolone", "dose": "70 mg/d", "from": "2019-03-06"}],
    } | more


def test_a_value_that_was_changed_since_is_read_as_it_stands_now() -> None:
    bundle = written(example())[1]
    value = next(one for one in resources(bundle, "Observation") if "albumin" in one["id"])
    value["valueQuantity"]["value"] = 2.4
    back = read_fhir(bundle).record
    assert {"at": "2019-03-04", "albumin": "2.4 g/dL"} in back["observations"]
    assert "1.9 g/dL" not in str(back)


def test_what_others_add_goes_beside_the_rows_on_its_own_day() -> None:
    chart = example(time_zero="presentation", exposures=[])
    chart["observations"] = [{"at": "0 mo", "proteinuria": "9 g/d", "albumin": "1.9 g/dL"}]
    bundle = written(chart)[1]
    later = observation("2160-0", quantity(1.4, "mg/dL"), "2012-06-01")
    later["subject"] = {"reference": bundle["entry"][0]["fullUrl"]}
    bundle["entry"].append({"resource": later})
    back = read_fhir(bundle).record
    assert back["time_zero"] == ZERO.isoformat()
    assert {"at": "2012-06-01", "creatinine": "1.4 mg/dL"} in back["observations"]
    assert {"at": "0 mo", "proteinuria": "9 g/d", "albumin": "1.9 g/dL"} in back["observations"]


def test_what_a_server_does_to_a_bundle_changes_nothing_that_the_record_says() -> None:
    """Ids and references of its own, a birth date from its register, metadata, and numbers without their zeros."""
    chart = example(observations=[{"at": "2019-03-04", "proteinuria": "9.0 g/d", "albumin": "1.9 g/dL"}])
    data, bundle = written(chart | {"age": "40 years"})
    stored = json.loads(
        json.dumps(bundle).replace(bundle["entry"][0]["fullUrl"], "Patient/123").replace("9.0", "9")
    )
    for number, entry in enumerate(stored["entry"]):
        entry["resource"] |= {"id": f"server-{number}", "meta": {"versionId": "1"}}
        entry["fullUrl"] = f"https://fhir.example/{entry['resource']['resourceType']}/server-{number}"
    stored["entry"][0]["resource"] |= {"id": "123", "birthDate": "1979-01-01"}
    stored["entry"].reverse()
    back = read_fhir(stored).record
    assert back["id"] == "123"
    assert plain(back | {"id": "written"}) == json.loads(json.dumps(plain(data)).replace("9.0", "9"))


def test_without_the_head_that_was_written_every_row_is_read_by_its_dates() -> None:
    chart = example(time_zero="presentation", exposures=[])
    chart["observations"] = [{"at": "1 mo", "proteinuria": "9 g/d", "albumin": "1.9 g/dL"}]
    bundle = written(chart)[1]
    bundle["entry"][0]["resource"]["gender"] = "male"
    found = read_fhir(bundle)
    assert any("every resource is read as it stands now" in fate.because for fate in found.reading.fates)
    back = found.record
    assert back["time_zero"] == "2012-03-30"
    assert [row["at"] for row in back["observations"]] == ["2012-03-30", "2012-03-30"]


def test_a_mark_that_is_broken_breaks_nothing() -> None:
    bundle = written(example())[1]
    for junk in (None, 3, "x", [], {"url": "section"}, [{"url": "fields", "extension": [{"url": 3}]}]):
        for number in range(len(bundle["entry"])):
            broken = copy.deepcopy(bundle)
            broken["entry"][number]["resource"]["extension"][0]["extension"] = junk
            read_record(read_fhir(broken).record)


def test_a_row_that_was_struck_out_is_entered_in_error() -> None:
    rows = [{"drug": "ramipril", "dose": "5 mg/d", "from": "2019-03-04", "entered_in_error": True}]
    conditions = [{"name": "diabetes", "at": "2019-03-04", "entered_in_error": True}]
    data, bundle = written(example(exposures=rows, conditions=conditions))
    assert resources(bundle, "MedicationStatement")[0]["status"] == "entered-in-error"
    assert "clinicalStatus" not in resources(bundle, "Condition")[0]
    assert plain(read_fhir(bundle).record) == plain(data)


def test_offsets_are_written_only_with_a_day_for_time_zero() -> None:
    with pytest.raises(UsageError, match="--time-zero 2020-01-01"):
        write_fhir(CASES[0])
    with pytest.raises(UsageError, match="time zero of its own"):
        write_fhir(example(), time_zero=ZERO)
    text = json.dumps(write_fhir(CASES[0], time_zero=ZERO))
    assert "2012-02-29" in text


def test_the_command_writes_a_record_that_it_reads_again(tmp_path: Path) -> None:
    refused = run("fhir", str(CASES[0]))
    assert refused.returncode == 2
    assert "--time-zero" in refused.stderr
    bundle = tmp_path / "case.json"
    bundle.write_text(run("fhir", str(CASES[0]), "--time-zero", "2010-01-01").stdout)
    assert "53 of 53 resources used" in run("fhir", str(bundle)).stdout
    again = run("fhir", str(bundle), "--format", "bundle", "--time-zero", "2010-01-01")
    assert json.loads(again.stdout) == json.loads(bundle.read_text())


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--format", "record"), "is a record, not FHIR"),
        (("--time-zero", "soon"), "`soon` is no day"),
        (("--at", "4 mo"), "--at goes with the reading of FHIR"),
    ],
)
def test_what_does_not_go_together_is_refused(given: tuple[str, ...], told: str) -> None:
    result = run("fhir", str(CASES[0]), *given)
    assert result.returncode == 2
    assert told in result.stderr
