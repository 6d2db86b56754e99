"""Embedding: a small typed API, safe in threads, that leaks nothing."""

from __future__ import annotations

import gc
import json
import resource
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import nephroline
from nephroline.record import Record


@pytest.fixture(scope="module")
def record() -> Record:
    return nephroline.read_record(Path(__file__).parent.parent / "scenarios/pjnh-2015-case-1.yaml")


def test_the_api_is_small_and_complete() -> None:
    assert len(nephroline.__all__) <= 25
    for name in nephroline.__all__:
        assert getattr(nephroline, name).__doc__
    with pytest.raises(AttributeError):
        nephroline.prescribe  # noqa: B018


def test_a_record_comes_from_a_path_bytes_or_data(record: Record) -> None:
    data = {
        "id": "x",
        "biopsies": [{"at": "0 mo", "glomeruli": 7}],
        "observations": [{"at": "0 mo", "proteinuria": "9 g/d"}],
    }
    assert nephroline.read_record(data).biopsies[0].glomeruli == 7
    assert nephroline.read_record(json.dumps(data).encode()) == nephroline.read_record(data)
    assert record.id == "pjnh-2015-case-1"


def test_the_answer_is_an_object_and_json(record: Record) -> None:
    answer = nephroline.consult(record, nephroline.load_pathway("pjnh-2015/fsgs"), "10 mo")
    assert answer.next_line is not None
    assert answer.next_line.regimen == "mycophenolate"
    assert json.loads(answer.to_json())["next_line"]["regimen"] == "mycophenolate"
    assert (
        answer.to_json()
        == nephroline.consult(record, nephroline.load_pathway("pjnh-2015/fsgs"), "10 mo").to_json()
    )


def test_threads_share_a_pathway(record: Record) -> None:
    pathway = nephroline.load_pathway("pjnh-2015/fsgs")
    times = ["0 mo", "4 mo", "8 mo", "10 mo", "14 mo", "24 mo", "42 mo", "102 mo"]
    alone = {at: nephroline.consult(record, pathway, at).to_json() for at in times}
    with ThreadPoolExecutor(6) as pool:
        together = list(
            pool.map(lambda at: (at, nephroline.consult(record, pathway, at).to_json()), times * 10)
        )
    assert all(text == alone[at] for at, text in together)


@pytest.mark.thorough
@pytest.mark.unmeasured  # many times the same lines
def test_a_thousand_consultations_leak_nothing(record: Record) -> None:
    pathway = nephroline.load_pathway("pjnh-2015/fsgs")

    def thousand() -> int:
        for _ in range(1000):
            nephroline.consult(record, pathway, "24 mo")
        gc.collect()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    first = thousand()
    assert thousand() - first < 2_000


def test_searches_leave_no_cycles_behind_and_give_the_collector_back(record: Record) -> None:
    pathway = nephroline.load_pathway("pjnh-2015/fsgs")

    def search() -> None:
        nephroline.thorough(record, pathway, "84 mo")
        nephroline.why_not(record, pathway, "mycophenolate", "84 mo")

    search()
    gc.collect()
    search()
    assert gc.collect() == 0
    with pytest.raises(nephroline.NephrolineError):
        nephroline.why_not(record, pathway, "aspirin", "84 mo")
    assert gc.isenabled()


def test_why_and_replay_are_there_too(record: Record, root: Path) -> None:
    (found,) = [
        e
        for e in nephroline.why(
            record, nephroline.load_pathway("pjnh-2015/fsgs"), "steroid-resistant", "4 mo"
        )
        if e.truth
    ]
    assert found.line == 1
    assert nephroline.replay(nephroline.read_scenario(root / "scenarios/pjnh-2015-case-2.yaml")).failed == ()


def test_doses_are_for_this_patient_when_the_weight_is_known() -> None:
    pathway = nephroline.load_pathway("kdigo-2012/fsgs")

    def dose(weight: str) -> str:
        record = nephroline.read_record(
            {
                "id": "x",
                "age": "40 years",
                "weight": weight,
                "biopsies": [{"at": "0 mo", "glomeruli": 20, "diagnosis": "fsgs"}],
                "observations": [{"at": "0 mo", "proteinuria": "9 g/d", "albumin": "2 g/dL"}],
            }
        )
        line = nephroline.consult(record, pathway).next_line
        assert line is not None
        return line.doses[0].for_this_patient

    assert dose("60 kg") == "60 mg/d (50 + 10 mg; 1 mg/kg/d × 60 kg of 0 mo)"
    assert dose("95 kg").startswith("80 mg/d (50 + 25 + 5 mg; ")
    assert dose("unknown") == "needs weight"


def test_a_report_that_contradicts_the_numbers_is_a_fault() -> None:
    record = nephroline.read_record(
        {
            "id": "x",
            "exposures": [{"drug": "prednisolone", "dose": "1 mg/kg/d", "from": "0 mo"}],
            "observations": [
                {"at": "0 mo", "proteinuria": "9 g/d"},
                {"at": "2 mo", "proteinuria": "9 g/d", "response": "complete-remission"},
            ],
        }
    )
    answer = nephroline.consult(record, nephroline.load_pathway("kdigo-2012/fsgs"))
    assert answer.status.response == "unknown"
    assert "report and numbers disagree" in answer.faults[0]


def test_a_value_is_compared_in_the_form_it_was_printed_in() -> None:
    """360 mg/mmol is above the printed 350 mg/mmol, though it is 3182 mg/g, below the printed 3500 mg/g."""
    pathway = nephroline.load_pathway("kdigo-2012/fsgs")
    for proteinuria, nephrotic in (
        ("360 mg/mmol", True),
        ("3182 mg/g", False),
        ("3.5 g/d", False),
        ("3.51 g/d", True),
    ):
        record = nephroline.read_record(
            {"id": "x", "observations": [{"at": "0 mo", "proteinuria": proteinuria, "albumin": "2 g/dL"}]}
        )
        found = {f.id for f in nephroline.consult(record, pathway).findings}
        assert ("nephrotic-syndrome" in found) is nephrotic, proteinuria
