"""Tricky patients of a hostile specialist: what must and must not be said was written before any answer was seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from nephroline.replaying import read_scenario, replay

FOLDER = Path(__file__).parent / "patients"
PATIENTS = {
    patient["record"]["id"]: patient
    for file in sorted(FOLDER.glob("*.yaml"))
    for patient in yaml.safe_load(file.read_text(encoding="utf-8"))
}


def scenario(patient: dict[str, Any]) -> dict[str, Any]:
    """A patient as a scenario: with each condition that was excluded, and each finding, as a row of its own."""
    record, at = patient["record"], patient.get("at")
    excluded = [{"name": name, "present": False, "at": at} for name in patient.get("excluded", ())]
    findings = {
        name: {"value": key == "asserted", "at": at}
        for key in ("asserted", "denied")
        for name in patient.get(key, ())
    }
    return {
        "scenario": patient["patient"],
        "synthetic": True,
        "pathway": patient["pathway"],
        "record": {
            **record,
            "conditions": [*excluded, *record.get("conditions", ())],
            "findings": {**findings, **record.get("findings", {})},
        },
        "expect": patient["expect"],
    }


@pytest.mark.parametrize("name", PATIENTS)
def test_what_must_and_must_not_be_said_of_a_tricky_patient(name: str, tmp_path: Path) -> None:
    file = tmp_path / f"{name}.yaml"
    file.write_text(yaml.safe_dump(scenario(PATIENTS[name]), allow_unicode=True), encoding="utf-8")
    patient = PATIENTS[name]
    # What is certain needs the search through missing data; all else stands without it.
    quick = not any("certain" in expected or "any_of" in expected for expected in patient["expect"])
    found = replay(read_scenario(file), quick=quick, most=1)
    assert found.failed == (), f"{patient['patient']}: {patient['why']}"


def test_there_are_fifty_of_each_disease_and_each_has_its_reason() -> None:
    for file in sorted(FOLDER.glob("*.yaml")):
        of_disease = [p for p in PATIENTS.values() if p["record"]["id"].startswith(f"{file.stem}-")]
        assert len(of_disease) == 50
        assert all(patient["why"] for patient in of_disease)
