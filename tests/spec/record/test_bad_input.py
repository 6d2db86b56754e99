"""Wrong and hostile input gets one clear line with file, line, field and remedy, never a traceback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nephroline.consultation import consult
from nephroline.errors import InputError, RecordError, UsageError
from nephroline.pathway import load_pathway
from nephroline.record import read_record

BAD = {
    "unknown drug": (
        "exposures: [{drug: prednisoloone, from: 0 mo}]",
        "unknown drug `prednisoloone`",
        "prednisolone",
    ),
    "a drug of another class": (
        "exposures: [{drug: CsA, class: mycophenolate, from: 0 mo}]",
        "`CsA` is not of the class mycophenolate",
        "leave out `class`",
    ),
    "unknown class": (
        "exposures: [{drug: trial drug, class: mycofenolate, from: 0 mo}]",
        "unknown class `mycofenolate`",
        "did you mean `mycophenolate`?",
    ),
    "condition of no concern": (
        "conditions: [{name: gout, at: 0 mo}]",
        "unknown condition `gout`",
        "add `unlisted: true`",
    ),
    "unknown analyte": (
        "observations: [{at: 0 mo, protinuria: 3 g/d}]",
        "unknown analyte `protinuria`",
        "proteinuria",
    ),
    "unknown unit": ("observations: [{at: 0 mo, creatinine: 1 mg/dX}]", "unknown unit `mg/dX`", "mg/dL"),
    "wrong dimension": ("observations: [{at: 0 mo, albumin: 3 g/d}]", "`g/d` is not a unit for this", "g/dL"),
    "impossible value": (
        "observations: [{at: 0 mo, creatinine: 80 mg/dL}]",
        "not a possible serum creatinine",
        "did you mean µmol/L?",
    ),
    "end before start": (
        "exposures: [{drug: prednisolone, from: 4 mo, to: 2 mo}]",
        "the end (2 mo) is before the start (4 mo)",
        "check `from` and `to`",
    ),
    "two weights": (
        "weight: 70 kg\nobservations: [{at: 0 mo, weight: 71 kg}]",
        "given as both 70 kg and 71 kg",
        "keep the right one",
    ),
    "duplicate keys": (
        "sex: male\nsex: female",
        "the key `sex` is given twice (first on line 2)",
        "keep one",
    ),
    "anchors": ("notes: [&a x, *a]", "anchors and aliases are not accepted", "write the value out"),
    "tag": ("notes: [!!python/object:os.system x]", "is not accepted", "remove the tag"),
    "not a number": (
        "observations: [{at: 0 mo, creatinine: .nan mg/dL}]",
        "neither a value with a unit nor a word",
        "mg/dL",
    ),
    "infinity": (
        "observations: [{at: 0 mo, proteinuria: .inf g/d}]",
        "neither a value with a unit nor a word",
        "g/d",
    ),
    "no unit": ("observations: [{at: 0 mo, creatinine: 1.0}]", "has no unit", "mg/dL"),
    "not a time": ("observations: [{at: soon, creatinine: 1 mg/dL}]", "not a number with a unit", "ISO date"),
    "date without zero": (
        "observations: [{at: 2014-05-31, creatinine: 1 mg/dL}]",
        "time zero of this record is not",
        "time_zero",
    ),
    "no such day": ("time_zero: 2014-02-31", "not a day of the calendar", "ISO date"),
    "unknown field": ("wieght: 70 kg", "unknown field `wieght`", "did you mean `weight`?"),
    "unknown condition": (
        "conditions: [{name: hypertensoin, at: 0 mo}]",
        "unknown condition",
        "hypertension",
    ),
    "unknown state": (
        "conditions: [{name: hypertension, control: bad, at: 0 mo}]",
        "`bad` is not accepted",
        "uncontrolled",
    ),
    "unknown finding": (
        "findings: {cause_excluded: {value: true, at: 0 mo}}",
        "unknown finding",
        "secondary_cause_excluded",
    ),
    "unknown diagnosis": (
        "biopsies: [{at: 0 mo, diagnosis: menbranous}]",
        "unknown diagnosis",
        "did you mean `membranous`?",
    ),
    "diagnosis without glomeruli": (
        "biopsies: [{at: 0 mo, glomeruli: 0, diagnosis: mcd}]",
        "cannot carry a diagnosis",
        "remove the diagnosis",
    ),
    "glomeruli in words": ("biopsies: [{at: 0 mo, glomeruli: many}]", "expected a whole number", "many"),
    "unknown word": (
        "observations: [{at: 0 mo, response: grand}]",
        "not a word for response",
        "complete-remission",
    ),
    "overlap": (
        "exposures: [{drug: prednisolone, from: 0 mo, to: 3 mo}, {drug: prednisolone, from: 2 mo}]",
        "overlap",
        "end the first",
    ),
    "implausible dose": (
        "exposures: [{drug: rilmenidine, dose: 2 g/d, from: 0 mo}]",
        "not a possible dose",
        "as_printed",
    ),
    "bounds reversed": (
        "observations: [{at: {between: [9 mo, 8 mo]}, creatinine: 1 mg/dL}]",
        "wrong order",
        "earlier time first",
    ),
    "age": ("age: 340 years", "not a possible age", "34 years"),
    "missing field": ("exposures: [{drug: prednisolone}]", "the field `from` is missing", "add it"),
    "deep": ("notes: " + "[" * 60 + "]" * 60, "nested deeper", "flatten"),
    "two documents": ("---\nid: y", "more than one document", "one file"),
    "sex": ("sex: X", "`X` is not accepted", "female, male or unknown"),
    "stop reason": (
        "exposures: [{drug: prednisolone, from: 0 mo, to: 1 mo, stopped_for: boredom}]",
        "`boredom` is not accepted",
        "no-response",
    ),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_each_fault_is_one_line_with_place_and_remedy(name: str, tmp_path: Path) -> None:
    body, message, remedy = BAD[name]
    file = tmp_path / "chart.yaml"
    file.write_text(f"id: x\n{body}\n", encoding="utf-8")
    with pytest.raises(RecordError) as bad:
        read_record(file)
    assert len(bad.value.problems) == 1
    text = str(bad.value.problems[0])
    assert "\n" not in text
    assert message in text
    assert remedy in text
    assert bad.value.problems[0].file == str(file)
    assert bad.value.problems[0].line is not None


def test_all_faults_of_a_file_come_at_once(tmp_path: Path) -> None:
    file = tmp_path / "chart.yaml"
    file.write_text(
        "id: x\nobservations:\n  - {at: 0 mo, creatinine: 80 mg/dL, albumen: 3 g/dL}\nexposures: [{drug: foo, from: 0 mo}]\n"
    )
    with pytest.raises(RecordError) as bad:
        read_record(file)
    assert [(p.line, p.path) for p in bad.value.problems] == [
        (3, "observations[0].creatinine"),
        (3, "observations[0].albumen"),
        (4, "exposures[0].drug"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe\x00binary", "UTF-8"),
        (b"id: \x00", "NUL"),
        (b"id: \x07x", "control character"),
        (b"", "expected a record"),
        (b"- 1", "expected a record"),
        (b"id: [", "not valid YAML"),
        (b"a: " + b"x" * 8_000_001, "larger than 8 MB"),
        (b"[" * 60 + b"]" * 60, "nested deeper"),
        # A parser may give up before the reader does.
        (b"[" * 100_000, "nested deeper|not valid YAML"),
    ],
)
def test_what_is_no_record_at_all(content: bytes, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        read_record(content)


def test_a_file_of_50_mb_is_refused_without_reading_it(tmp_path: Path) -> None:
    file = tmp_path / "big.yaml"
    with file.open("wb") as out:
        out.truncate(50_000_000)
    with pytest.raises(RecordError, match="larger than 8 MB"):
        read_record(file)


@pytest.mark.parametrize(
    "data",
    [
        {"id": "x", "observations": [{"at": "0 mo", "creatinine": float("nan")}]},
        {"id": "x", "observations": [{"at": "0 mo", "creatinine": 1.0}]},
        {"id": "x", "observations": "none"},
        {"id": "x", "observations": [None]},
        {"id": None},
        {"id": "x", "findings": {"secondary_cause_excluded": True}},
        {},
    ],
)
def test_data_given_by_a_program_gets_the_same_manners(data: dict[str, Any]) -> None:
    with pytest.raises(RecordError):
        read_record(data)


@pytest.mark.parametrize(
    ("at", "message"),
    [
        ("-1900 mo", "150 years before time zero"),
        ("someday", "as-of"),
        ("2014-05-31", "time zero of this record is not"),
        ("4 kg", "as-of"),
    ],
)
def test_a_decision_time_that_cannot_be_is_refused(at: str, message: str) -> None:
    record = read_record({"id": "x", "observations": [{"at": "0 mo", "creatinine": "1 mg/dL"}]})
    with pytest.raises(UsageError, match=message):
        consult(record, load_pathway("kdigo-2012/fsgs"), at)


def test_an_empty_chart_has_no_time_to_consult_at() -> None:
    with pytest.raises(UsageError, match="no dated item"):
        consult(read_record({"id": "x"}), load_pathway("kdigo-2012/fsgs"))


def test_a_missing_pathway_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean `kdigo-2012/fsgs`"):
        load_pathway("kdigo-2012/fsg")
    with pytest.raises(UsageError, match="no such pathway file"):
        load_pathway("nowhere.yaml")


def test_hostile_text_is_cut_and_made_printable() -> None:
    with pytest.raises(InputError) as bad:
        read_record({"id": "x", "observations": [{"at": "0 mo", "a\x1b[31m" + "b" * 5000: "1"}]})
    text = bad.value.problems[0].message
    assert "\x1b" not in text
    assert len(text) < 200


def test_no_traceback_reaches_the_screen(tmp_path: Path) -> None:
    file = tmp_path / "chart.yaml"
    file.write_text("id: x\nobservations: [{at: 0 mo, creatinine: 80 mg/dL}]\n")
    done = subprocess.run(
        [sys.executable, "-m", "nephroline", "consult", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_what_the_catalogue_does_not_have_is_kept_and_named_when_its_author_says_so() -> None:
    record = read_record(
        {
            "id": "x",
            "conditions": [{"name": "gout", "at": "1 mo", "unlisted": True}],
            "observations": [{"at": "0 mo", "proteinuria": "9 g/d"}, {"at": "2 mo", "proteinuria": "8 g/d"}],
            "exposures": [{"drug": "powder of a friend", "dose": "50 mcg", "from": "0 mo", "unlisted": True}],
        }
    )
    faults = consult(record, load_pathway("kdigo-2012/fsgs"), "2 mo").faults
    assert faults == [
        "powder of a friend: not in the catalogue, so no rule reads it; with `class` it counts as one of it",
        "gout: not in the catalogue, so no rule reads it",
    ]
    assert not record.exposures


def test_what_the_catalogue_has_after_all_counts_and_is_named() -> None:
    record = read_record(
        {
            "id": "x",
            "conditions": [{"name": "hypertension", "at": "1 mo", "unlisted": True}],
            "observations": [{"at": "0 mo", "proteinuria": "9 g/d"}, {"at": "2 mo", "proteinuria": "8 g/d"}],
            "exposures": [{"drug": "CsA", "from": "0 mo", "unlisted": True}],
        }
    )
    answer = consult(record, load_pathway("kdigo-2012/fsgs"), "2 mo")
    assert answer.faults == [
        "CsA: marked as unlisted, but the catalogue has it, so it counts",
        "hypertension: marked as unlisted, but the catalogue has it, so it counts",
    ]
    assert [line.drugs for line in answer.lines] == [["cyclosporine"]]
    assert [condition.name for condition in record.conditions] == ["hypertension"]


def test_a_decision_time_beyond_any_life_is_refused() -> None:
    record = read_record({"id": "x", "time_zero": "presentation"})
    with pytest.raises(UsageError, match="more than 150 years after time zero"):
        consult(record, load_pathway("kdigo-2012/fsgs"), "180 years")
    with pytest.raises(UsageError, match="more than 200 years from time zero"):
        consult(record, load_pathway("kdigo-2012/fsgs"), "1000000000 mo")


@pytest.mark.parametrize(
    "wrap", [lambda inner: [inner], lambda inner: (inner,), lambda inner: {"deeper": inner}]
)
@pytest.mark.parametrize("depth", [45, 3000])
def test_what_is_nested_without_end_is_refused(wrap: Callable[[Any], Any], depth: int) -> None:
    value: Any = "x"
    for _ in range(depth):
        value = wrap(value)
    with pytest.raises(RecordError, match="nested too deeply"):
        read_record({"id": "x", "note": value})


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"deeper": inner}])
@pytest.mark.parametrize(("depth", "told"), [(39, "unknown field"), (40, "nested too deeply")])
def test_forty_floors_are_not_too_deep(wrap: Callable[[Any], Any], depth: int, told: str) -> None:
    value: Any = "x"
    for _ in range(depth):
        value = wrap(value)
    with pytest.raises(RecordError, match=told):
        read_record({"id": "x", "note": value})
