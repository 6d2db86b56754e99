"""Orders are judged as if they were begun, by the same rules as every answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nephroline
from nephroline import OrderAnswer, order, read_record
from nephroline.catalogue import load_catalogue
from nephroline.pathway import load_pathway

ROOT = Path(__file__).resolve().parents[2]
CASE = ROOT / "scenarios/pjnh-2015-case-1.yaml"
NOT_THERE = (
    "diabetes",
    "psychiatric_disease",
    "osteoporosis",
    "hepatitis_b",
    "hepatitis_c",
    "hiv",
    "tuberculosis",
)


def chart(**parts: Any) -> dict[str, Any]:
    """Steroid-resistant FSGS of a man of 40 years and 70 kg, at 4 months, with nothing missing."""
    seen = {"albumin": "18 g/L", "creatinine": "80 µmol/L", "potassium": "4.1 mmol/L", "systolic": "118 mmHg"}
    seen |= {"leukocytes": "7 10^9/L", "neutrophils": "4 10^9/L", "glucose": "90 mg/dL"}
    base = {
        "id": "x",
        "sex": "male",
        "age": "40 years",
        "weight": "70 kg",
        "height": "175 cm",
        "conditions": [{"name": name, "present": False, "at": "0 mo"} for name in NOT_THERE],
        "findings": {
            name: {"value": True, "at": "0 mo"}
            for name in ("secondary_cause_excluded", "infection_screened", "vaccines_reviewed")
        },
        "biopsies": [{"at": "0 mo", "glomeruli": 20, "diagnosis": "fsgs"}],
        "observations": [{"at": f"{month} mo", "proteinuria": "9 g/d", **seen} for month in (0, 4)],
        "exposures": [{"drug": "prednisolone", "dose": "70 mg/d", "from": "0 mo", "to": "4 mo"}],
    }
    return base | parts


def judged(text: str, at: str = "4 mo", pathway: str = "kdigo-2021/fsgs", **parts: Any) -> OrderAnswer:
    return order(read_record(chart(**parts)), load_pathway(pathway), text, at)


def test_the_next_line_at_its_dose_may_be_given() -> None:
    found = judged("cyclosporine 125 mg bid")
    assert (found.verdict, found.dose, found.needs, found.instead) == ("first", [], [], [])
    assert "syphilis" in found.first
    assert found.doses[0].least == "250 mg/d"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("cyclosporine 250 mg bid", "250 mg bid is more than the most for this patient: 350 mg/d"),
        ("tacrolimus 50 mg/d", "50 mg/d is more than the most for this patient: 7 mg/d"),
    ],
)
def test_a_dose_above_that_of_this_patient_is_refused(text: str, fault: str) -> None:
    found = judged(text)
    assert found.verdict == "no"
    assert found.because == [fault]


def test_a_dose_below_that_of_this_patient_is_told() -> None:
    found = judged("cyclosporine 25 mg bid")
    assert found.verdict == "first"
    assert found.dose == ["25 mg bid is less than is given to this patient: 250 mg/d"]


def test_what_has_failed_is_refused_with_what_comes_instead() -> None:
    found = judged("prednisolone 70 mg/d")
    assert found.verdict == "no"
    assert "failed already" in found.because[0]
    assert found.instead[0].startswith("Start cyclosporine")


def test_what_is_too_early_is_not_now() -> None:
    found = judged("rituximab 1 g")
    assert found.verdict == "not-now"
    assert "Start tacrolimus" in found.instead


def test_a_partner_is_stopped_first() -> None:
    given = [*chart()["exposures"], {"drug": "simvastatin", "dose": "20 mg/d", "from": "0 mo"}]
    found = judged("cyclosporine 125 mg bid", exposures=given)
    assert found.verdict == "first"
    assert found.first[0].startswith("Stop simvastatin")
    assert "Simvastatin with cyclosporine" in [alert.title for alert in found.alerts]


def test_a_block_says_its_way_out() -> None:
    seen = [*chart()["observations"], {"at": "4 mo", "potassium": "6.1 mmol/L"}]
    found = judged("cyclosporine 125 mg bid", observations=[seen[0], {**seen[1], "potassium": "6.1 mmol/L"}])
    assert found.verdict == "no"
    assert found.blocked and all(reason.because for reason in found.blocked)


@pytest.mark.parametrize("text", ["ibuprofen 400 mg tid", "diclofenac 50 mg bid", "naproxen"])
def test_a_painkiller_is_refused_with_a_better_one(text: str) -> None:
    found = judged(text)
    assert found.verdict == "no"
    assert "paracetamol" in found.because[0]


def test_a_live_vaccine_is_refused_under_immunosuppression() -> None:
    running = [{"drug": "prednisolone", "dose": "70 mg/d", "from": "0 mo"}]
    assert judged("vaccine-yellow-fever", exposures=running).verdict == "no"
    assert judged("vaccine-influenza-inactivated", exposures=running).verdict == "yes"


def test_what_is_missing_could_forbid_it() -> None:
    findings = {"secondary_cause_excluded": {"value": True, "at": "0 mo"}}
    found = judged("cyclosporine 125 mg bid", conditions=chart()["conditions"][:3], findings=findings)
    assert found.verdict == "unknown"
    assert "hepatitis B: yes or no" in found.needs


def test_what_is_taken_is_taken_already_and_its_dose_may_change() -> None:
    given = [{"drug": "losartan", "dose": "50 mg/d", "from": "0 mo"}]
    assert judged("losartan 50 mg/d", exposures=given).verdict == "already"
    assert judged("losartan 100 mg/d", exposures=given).verdict == "yes"


def test_what_is_taken_and_has_to_stop_is_refused() -> None:
    running = [
        {"drug": "cyclosporine", "dose": "100 mg bid", "from": "0 mo"},
        {"drug": "simvastatin", "dose": "20 mg/d", "from": "0 mo"},
    ]
    found = judged("simvastatin 20 mg/d", exposures=running)
    assert found.verdict == "no"
    assert "simvastatin" in found.because[0].lower()


def test_of_a_child_no_order_is_judged() -> None:
    found = judged("losartan 50 mg/d", age="12 years")
    assert found.verdict == "not-judged"
    assert any("adult" in reason for reason in found.because)


def test_two_of_one_kind_are_told() -> None:
    given = [{"drug": "lisinopril", "dose": "10 mg/d", "from": "0 mo"}]
    found = judged("losartan 50 mg/d", exposures=given)
    assert "dual-ras-blockade" in [alert.id for alert in found.alerts]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the order is empty"),
        ("cyclosporin A 100 mg twise", "cyclosporin A"),
        ("ciclosporrin 100 mg bid", "unknown drug"),
        ("paracetmol 1 g/d", "did you mean `paracetamol`"),
        ("cyclosporine -5 mg/d", "order"),
        ("100 mg", "order"),
    ],
)
def test_an_order_that_cannot_be_read_gets_one_clear_error(text: str, told: str) -> None:
    with pytest.raises(nephroline.NephrolineError) as caught:
        judged(text)
    assert told in str(caught.value)


def test_every_drug_of_the_catalogue_can_be_ordered() -> None:
    record, pathway = read_record(chart()), load_pathway("kdigo-2021/fsgs")
    drugs = [drug for drug in load_catalogue().drugs.values() if not drug.unnamed]
    verdicts = {drug.id: order(record, pathway, drug.title, "4 mo").verdict for drug in drugs[::7]}
    assert set(verdicts.values()) <= {"no", "already", "not-now", "unknown", "first", "yes"}


def test_the_command_shows_the_same() -> None:
    command = [sys.executable, "-m", "nephroline", "order", str(CASE), "ibuprofen 400 mg tid", "--at", "4 mo"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "answer       No." in text
    done = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert (found["verdict"], found["drug"]) == ("no", "ibuprofen")


@pytest.mark.parametrize(
    ("reaction", "ordered", "verdict", "told"),
    [
        ("ramipril", "ramipril 5 mg", "no", "an adverse reaction to ramipril is charted"),
        ("ACE inhibitor", "enalapril", "no", "an adverse reaction to it"),
        ("ramipril", "enalapril", "first", "judge whether it is of the class"),
        ("prednisolone", "prednisolone", "no", "anaphylaxis on prednisolone"),
        ("ramipril", "losartan", "yes", ""),
    ],
)
def test_what_has_harmed_is_not_given_again(reaction: str, ordered: str, verdict: str, told: str) -> None:
    data = chart() | {"reactions": [{"drug": reaction, "at": "0 mo", "what": "anaphylaxis"}]}
    found = order(read_record(data), load_pathway("kdigo-2021/fsgs"), ordered)
    assert found.verdict == verdict, found
    assert told in "; ".join([*found.because, *found.first])
