"""Cohorts: the same patients through three doors, the same decisions as one by one, and nothing lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cohorts import Doors, many_charts, write_doors

from nephroline import Record, consult
from nephroline.cohort import (
    CHARTS,
    JUDGED,
    CohortQuestion,
    Judge,
    RunOptions,
    chart_in,
    cohort_page,
    run_cohort,
)
from nephroline.cohort.charts import record_of
from nephroline.cohort.deciding import of_answer
from nephroline.cohort.tables import charts_of, read_part
from nephroline.cohort.tally import hidden
from nephroline.consultation import chart_of
from nephroline.errors import UsageError
from nephroline.pathway import load_rules
from nephroline.record import read_record

PATHWAY = "kdigo-2021/fsgs"


def results(out: Path) -> list[dict[str, Any]]:
    return [
        row for file in sorted((out / "results").glob("*.parquet")) for row in pq.read_table(file).to_pylist()
    ]


def unreadable(out: Path) -> list[dict[str, Any]]:
    return [
        row
        for file in sorted((out / "unreadable").glob("*.parquet"))
        for row in pq.read_table(file).to_pylist()
    ]


def ask(source: Path, out: Path, **question: Any) -> Any:
    return run_cohort(RunOptions(source, out, CohortQuestion(**question), workers=2))


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "nephroline", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, env=os.environ | {"COLUMNS": "100"})


# -- in ------------------------------------------------------------------------------------------------


def through(doors: Doors, place: Path, tmp: Path) -> dict[str, Record]:
    """Every record as it comes out of the parts of a run that has only gathered."""
    from concurrent.futures import ProcessPoolExecutor

    from nephroline.cohort.doors import files_of, gather
    from nephroline.cohort.tables import Parted

    door, files = files_of(place)
    with ProcessPoolExecutor(2) as pool, Parted(tmp, 3) as parted:
        unread = gather(
            door,
            place,
            files,
            parted,
            rules=None,
            limit=None,
            pool=pool,
            heard=lambda n: None,
        )
    assert unread == []
    catalogue = load_rules().catalogue
    found: dict[str, Record] = {}
    for part in range(3):
        charts, strays = charts_of(read_part(tmp, part))
        assert strays == []
        assert charts.schema == CHARTS
        found |= {chart["patient_id"]: record_of(chart, catalogue) for chart in charts.to_pylist()}
    return found


@pytest.mark.parametrize("door", ["records", "parquet", "fhir"])
def test_every_door_gives_the_same_record(doors: Doors, door: str, tmp_path: Path) -> None:
    assert through(doors, getattr(doors, door), tmp_path / "work") == doors.each


@pytest.mark.thorough
def test_a_thousand_patients_through_three_doors(tmp_path: Path) -> None:
    doors = write_doors(tmp_path / "doors", list(many_charts(1_000, 40_000)))
    for door in ("records", "parquet", "fhir"):
        assert through(doors, getattr(doors, door), tmp_path / door) == doors.each


def patients(tmp_path: Path, *rows: dict[str, Any], **tables: list[dict[str, Any]]) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, content in {"patients": list(rows), **tables}.items():
        pq.write_table(pa.Table.from_pylist(content), folder / f"{name}.parquet")
    return folder


NEPHROTIC = {"patient_id": "a", "at": "0 d", "name": "proteinuria", "value": 9.5, "unit": "g/d"}


def test_numbers_and_dates_of_a_laboratory_are_read_as_they_are(tmp_path: Path) -> None:
    from datetime import date

    folder = patients(
        tmp_path,
        {
            "patient_id": "a",
            "sex": "female",
            "birth_date": date(1980, 5, 1),
            "time_zero": date(2020, 1, 1),
            "weight": "70 kg",
        },
        observations=[
            {
                "patient_id": "a",
                "at": date(2020, 1, 1),
                "name": "proteinuria",
                "value": 9.5,
                "unit": "g/d",
                "comparator": ">",
            },
            {
                "patient_id": "a",
                "at": date(2020, 1, 1),
                "name": "albumin",
                "value": 18.0,
                "unit": "g/L",
                "comparator": None,
            },
        ],
        exposures=[
            {
                "patient_id": "a",
                "drug": "rituximab",
                "from": date(2020, 2, 1),
                "dose": 1000.0,
                "dose_unit": "mg",
                "single": True,
            }
        ],
        conditions=[{"patient_id": "a", "name": "diabetes", "at": date(2020, 1, 1), "present": False}],
        biopsies=[{"patient_id": "a", "at": date(2020, 1, 1), "glomeruli": 20, "diagnosis": "fsgs"}],
    )
    found = chart_in(folder, "a", load_rules())
    assert found == read_record(
        {
            "id": "a", "sex": "female", "birth_date": "1980-05-01", "time_zero": "2020-01-01", "weight": "70 kg",
            "observations": [{"at": "2020-01-01", "proteinuria": "> 9.5 g/d"}, {"at": "2020-01-01", "albumin": "18 g/L"}],
            "exposures": [{"drug": "rituximab", "doses": [{"at": "2020-02-01", "amount": "1000 mg"}]}],
            "conditions": [{"name": "diabetes", "at": "2020-01-01", "present": False}],
            "biopsies": [{"at": "2020-01-01", "glomeruli": 20, "diagnosis": "fsgs"}],
        }
    )  # fmt: skip


def test_a_row_that_cannot_be_read_is_told_with_its_place_and_its_patient_is_not_judged(
    tmp_path: Path,
) -> None:
    folder = patients(
        tmp_path,
        {"patient_id": "a"},
        {"patient_id": "b"},
        {"patient_id": "twice"},
        {"patient_id": "twice"},
        {"patient_id": None},
        observations=[
            NEPHROTIC,
            NEPHROTIC | {"patient_id": "b", "unit": "furlong"},
            NEPHROTIC | {"patient_id": "nobody"},
            NEPHROTIC | {"patient_id": "b", "name": "at"},
        ],
    )
    summary = ask(folder, tmp_path / "out")
    assert (summary.patients, summary.patients_unreadable) == (1, 3)
    told = {(Path(r["file"]).name, r["row"], r["patient_id"]): r for r in unreadable(tmp_path / "out")}
    assert set(told) == {
        ("observations.parquet", 2, "b"),
        ("observations.parquet", 3, "nobody"),
        ("observations.parquet", 4, "b"),
        ("patients.parquet", 4, "twice"),
        ("patients.parquet", 5, ""),
    }
    wrong = told["observations.parquet", 2, "b"]
    assert "furlong" in wrong["reason"]
    assert wrong["field"] == "proteinuria"
    assert [row["patient_id"] for row in results(tmp_path / "out")] == ["a"]


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"observations": [{"patient_id": "a", "at": "0 d", "name": "x"}]}, "`value`"),
        ({"observations": [NEPHROTIC | {"valeu": 1}]}, "did you mean `value`"),
        ({"lab": [NEPHROTIC]}, "which table it holds"),
        ({"exposures": [{"patient_id": "a", "drug": "x", "from": "0 d", "single": b"yes"}]}, "single"),
    ],
)  # fmt: skip
def test_tables_that_do_not_fit_are_refused_by_name(
    tmp_path: Path, tables: dict[str, Any], said: str
) -> None:
    folder = patients(tmp_path, {"patient_id": "a"}, **tables)
    with pytest.raises(UsageError) as bad:
        ask(folder, tmp_path / "out")
    assert said in str(bad.value)
    assert ".parquet" in str(bad.value)


def test_a_folder_without_a_cohort_or_with_two_kinds_is_refused(doors: Doors, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        ask(tmp_path / "nowhere", tmp_path / "out")
    (tmp_path / "in").mkdir()
    with pytest.raises(UsageError, match="holds no cohort"):
        ask(tmp_path / "in", tmp_path / "out")
    (tmp_path / "in" / "a.yaml").write_text("id: a")
    (tmp_path / "in" / "b.ndjson").write_text("{}")
    with pytest.raises(UsageError, match="beside each other"):
        ask(tmp_path / "in", tmp_path / "out")


def test_lines_of_nobody_and_lines_that_are_none_are_told(doors: Doors, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    patient = {"resourceType": "Patient", "id": "a", "gender": "male", "birthDate": "1980-01-01"}
    astray = {"resourceType": "Observation", "id": "o", "subject": {"reference": "urn:uuid:1"}}
    (tmp_path / "in" / "all.ndjson").write_text(f"{json.dumps(patient)}\n{json.dumps(astray)}\nnot json\n")
    ask(tmp_path / "in", tmp_path / "out")
    told = {row["row"]: row["reason"] for row in unreadable(tmp_path / "out")}
    assert told[2] == "Observation/o is of nobody who can be found"
    assert "no FHIR resource" in told[3]
    assert "no dated item" in told[None]


def test_resources_of_nobody_are_told_and_what_fhir_says_unreadably_stands_in_the_row(tmp_path: Path) -> None:
    lines = [
        {"resourceType": "Patient", "id": "a_1", "gender": "male", "birthDate": "1980-01-01"},
        {"resourceType": "Observation", "id": "good", "status": "final", "subject": {"reference": "Patient/a_1"}, "effectiveDateTime": "2020-01-01", "code": {"coding": [{"system": "http://loinc.org", "code": "2889-4"}]}, "valueQuantity": {"value": 9.5, "unit": "g/d"}},
        {"resourceType": "Observation", "id": "unit", "status": "final", "subject": {"reference": "Patient/a_1"}, "effectiveDateTime": "2020-01-02", "code": {"coding": [{"system": "http://loinc.org", "code": "2889-4"}]}, "valueQuantity": {"value": 9.5, "unit": "foo"}},
        {"resourceType": "Observation", "id": "nobody"},
        {"resourceType": "Bundle", "id": "b"},
        {"resourceType": "Patient"},
        {"resourceType": "Observation", "id": "ghost", "subject": {"reference": "Patient/ghost"}},
        {"resourceType": "Medication", "id": "m"},
    ]  # fmt: skip
    (tmp_path / "in").mkdir()
    text = "\ufeff" + "\n".join(json.dumps(line) for line in lines)
    (tmp_path / "in" / "all.ndjson").write_text(text, encoding="utf-8")
    ask(tmp_path / "in", tmp_path / "out")
    told = unreadable(tmp_path / "out")
    assert {row["row"] for row in told if row["row"]} == {4, 5, 6}
    assert [row["patient_id"] for row in told if row["row"] is None] == ["ghost"]
    (row,) = results(tmp_path / "out")
    assert row["patient_id"] == "a_1"
    assert any("unit" in entry for entry in row["in_chart"])


def test_cells_that_say_nothing_and_cells_of_which_nobody_can_say_yes_or_no(tmp_path: Path) -> None:
    folder = patients(
        tmp_path,
        {"patient_id": "a"},
        {"patient_id": "b"},
        observations=[
            NEPHROTIC,
            NEPHROTIC | {"value": None, "name": "albumin"},
            NEPHROTIC | {"patient_id": "b"},
        ],
        biopsies=[
            {"patient_id": "a", "at": "0 d", "glomeruli": 7.0, "diagnosis": "fsgs"},
            {"patient_id": "b", "at": "0 d", "glomeruli": 7.5, "diagnosis": "fsgs"},
        ],
        findings=[{"patient_id": "a", "at": "0 d", "name": "diffuse_effacement", "value": "TRUE"}],
    )
    assert ask(folder, tmp_path / "out").patients == 1
    assert chart_in(folder, "a", load_rules()).biopsies[0].glomeruli == 7
    assert [(row["patient_id"], row["row"]) for row in unreadable(tmp_path / "out")] == [("b", 2)]


def test_of_two_records_of_one_patient_neither_is_judged(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("one", "two"):
        (tmp_path / "in" / f"{name}.yaml").write_text(
            "{id: p, observations: [{at: 0 d, proteinuria: 9 g/d}]}"
        )
    (tmp_path / "in" / "wrong.yaml").write_text("{id: q, observations: [{at: 0 d, proteinuria: 9 furlong}]}")
    summary = ask(tmp_path / "in", tmp_path / "out")
    assert (summary.patients, summary.patients_unreadable) == (0, 2)
    assert command("cohort", "explain", tmp_path / "out", "q").returncode == 2


def test_tables_may_be_folders_and_what_is_packed_is_not_passed_over(tmp_path: Path) -> None:
    folder = patients(tmp_path, {"patient_id": "a"}, observations=[NEPHROTIC])
    whole = folder / "observations.parquet"
    moved = whole.rename(folder / "part-0.parquet")
    whole.mkdir()
    moved.rename(whole / "part-0.parquet")
    (whole / "_SUCCESS").write_text("")
    assert ask(folder, tmp_path / "out").patients == 1
    (folder / "more.ndjson.gz").write_bytes(b"x")
    with pytest.raises(UsageError, match="not read here"):
        ask(folder, tmp_path / "again")


def test_parts_that_have_gone_are_gathered_anew(doors: Doors, tmp_path: Path) -> None:
    class StoppedError(Exception):
        pass

    def stop(progressed: Any) -> None:
        if progressed.what == "deciding":
            raise StoppedError

    options = RunOptions(
        doors.parquet, tmp_path / "out", CohortQuestion(pathway=PATHWAY), workers=2, limit=30
    )
    with pytest.raises(StoppedError):
        run_cohort(options, stop)
    shutil.rmtree(tmp_path / "out" / "work")
    assert run_cohort(options).patients == 30


# -- decisions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pathway", [PATHWAY, "kdigo-2012/fsgs", "kdigo-2021/mcd", "kdigo-2021/membranous", "auto"]
)
def test_both_engines_say_the_same_at_every_time(doors: Doors, pathway: str) -> None:
    plain, words = (
        Judge(CohortQuestion(pathway=pathway, times=("every",), engine=name)) for name in ("plain", "consult")
    )
    for record in list(doors.each.values())[:6]:
        assert plain.rows(record) == words.rows(record)


def test_a_row_says_what_the_answer_says(doors: Doors) -> None:
    judge = Judge(CohortQuestion(pathway=PATHWAY, dated=False))
    for record in doors.each.values():
        (row,) = judge.rows(record)
        pathway = load_rules().pathway(PATHWAY)
        answer = consult(record, pathway)
        last = record.last_fact()
        assert last is not None
        assert row == of_answer(chart_of(record, pathway, last), answer)
        assert row.answer == answer.answer.kind
        assert len(row.missing) <= len(answer.needs)


def test_labels_are_dated_the_same_by_walking_back_and_by_asking_every_time(doors: Doors) -> None:
    walked, asked = (
        Judge(CohortQuestion(pathway=PATHWAY)),
        Judge(CohortQuestion(pathway=PATHWAY, times=("every",))),
    )
    seen = 0
    for record in doors.each.values():
        (row,) = walked.rows(record)
        every = asked.rows(record)
        for label in row.labels:
            times = [one.day for one in every if label.key in {x.key for x in one.labels}]
            last = {x.key: x for x in every[-1].labels}
            if label.key in last and label.since != row.day and every[-1].day == row.day:
                seen += 1
                assert label.since == last[label.key].since
                assert label.since in times
    assert seen


STEROID = {
    "id": "s", "sex": "male", "age": "40 years", "weight": "70 kg",
    "biopsies": [{"at": "0 d", "glomeruli": 20, "diagnosis": "fsgs"}],
    "findings": {"secondary_cause_excluded": {"value": True, "at": "0 d"}},
    "observations": [
        {"at": "0 d", "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "80 µmol/L"},
        {"at": "120 d", "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "80 µmol/L"},
        {"at": "130 d", "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "80 µmol/L"},
    ],
    "exposures": [
        {"drug": "prednisolone", "dose": "70 mg/d", "from": "1 d", "to": "131 d"},
        {"drug": "cyclosporine", "dose": "150 mg bid", "from": "131 d"},
    ],
}  # fmt: skip


def test_what_was_begun_stands_beside_what_was_advised() -> None:
    rows = Judge(CohortQuestion(pathway=PATHWAY, times=("every",))).rows(read_record(STEROID))
    began = {row.day: (row.begun, row.concordance, row.delay) for row in rows if row.begun}
    assert began == {
        1.0: (["prednisolone"], "concordant", 1.0),
        131.0: (["cyclosporine"], "concordant", 11.0),
    }
    last = rows[-1]
    assert [(one.id, one.since) for one in last.labels if one.id == "steroid-resistant"] == [
        ("steroid-resistant", 120.0)
    ]


@pytest.mark.parametrize(
    ("begun", "concordance"),
    [
        ("cyclosporine", "concordant"),
        ("tacrolimus", "alternative"),
        ("mycophenolate mofetil", "differs"),
        ("cyclophosphamide", "against-a-block"),
    ],
)
def test_how_what_was_begun_agrees(begun: str, concordance: str) -> None:
    given = [STEROID["exposures"][0], {"drug": begun, "dose": "unknown", "from": "131 d"}]  # type: ignore[index]
    chart = STEROID | {"exposures": given, "sex": "female"}
    rows = Judge(CohortQuestion(pathway=PATHWAY, times=("every",))).rows(read_record(chart))
    assert [row.concordance for row in rows if row.day == 131.0] == [concordance]


def test_a_time_at_which_a_label_is_not_known_does_not_end_it() -> None:
    seen = {"proteinuria": "9 g/d", "albumin": "18 g/L"}
    chart = {
        "id": "n", "age": "40 years", "biopsies": [{"at": "0 d", "glomeruli": 20, "diagnosis": "fsgs"}],
        "observations": [{"at": "0 d", **seen}, {"at": "300 d", "potassium": "4 mmol/L"}, {"at": "310 d", **seen}],
    }  # fmt: skip
    for times in (("every",), ("latest",)):
        last = Judge(CohortQuestion(pathway=PATHWAY, times=times)).rows(read_record(chart))[-1]
        assert [(one.id, one.since) for one in last.labels if one.id == "nephrotic-syndrome"] == [
            ("nephrotic-syndrome", 0.0)
        ]


def test_the_batch_function_takes_and_gives_arrow(doors: Doors, tmp_path: Path) -> None:
    through(doors, doors.parquet, tmp_path / "work")
    charts, _ = charts_of(read_part(tmp_path / "work", 0))
    judge = Judge(CohortQuestion(pathway=PATHWAY))
    (whole,) = charts.combine_chunks().to_batches(max_chunksize=10_000)
    one_by_one = [row for batch in charts.to_batches(max_chunksize=1) for row in judge(batch).to_pylist()]
    assert judge(whole).schema == JUDGED
    assert judge(whole).to_pylist() == one_by_one
    assert [batch.to_pylist() for batch in judge.batches([whole])] == [one_by_one]


# -- a run ---------------------------------------------------------------------------------------------


def test_a_run_that_was_broken_off_goes_on_and_comes_to_the_same(doors: Doors, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    options = RunOptions(doors.parquet, whole, CohortQuestion(pathway=PATHWAY), workers=2)
    done = run_cohort(options)

    class StoppedError(Exception):
        pass

    def stop(progressed: Any) -> None:
        if progressed.what == "deciding":
            raise StoppedError

    again = RunOptions(doors.parquet, broken, CohortQuestion(pathway=PATHWAY), workers=2)
    with pytest.raises(StoppedError):
        run_cohort(again, stop)
    assert json.loads((broken / "run.json").read_text())["summary"] is None
    ready = {file: file.stat().st_mtime_ns for file in (broken / "results").glob("*.parquet")}
    assert ready
    assert run_cohort(again) == done
    assert all(file.stat().st_mtime_ns == at for file, at in ready.items())
    assert results(broken) == results(whole)
    assert not (broken / "work").exists()
    with pytest.raises(UsageError, match="another run"):
        run_cohort(RunOptions(doors.parquet, broken, CohortQuestion(pathway="kdigo-2012/fsgs"), workers=2))
    assert (
        run_cohort(
            RunOptions(doors.parquet, broken, CohortQuestion(), workers=2, limit=3, force=True)
        ).patients
        == 3
    )


def test_what_is_not_ours_is_never_removed(doors: Doors, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="not empty"):
        run_cohort(RunOptions(doors.parquet, tmp_path, force=True))
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_one_run_at_a_time_and_never_among_what_is_read(doors: Doors, tmp_path: Path) -> None:
    import fcntl

    out = tmp_path / "out"
    out.mkdir()
    with (out / ".lock").open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(UsageError, match="another run works there"):
            ask(doors.parquet, out)
    with pytest.raises(UsageError, match="among what is read"):
        ask(doors.parquet, doors.parquet / "out")
    with pytest.raises(UsageError, match="--at"):
        ask(doors.parquet, out, times=("one day",))


@pytest.mark.parametrize("door", ["records", "parquet", "fhir"])
def test_every_door_comes_to_the_same_results(doors: Doors, door: str, tmp_path: Path) -> None:
    done = run_cohort(
        RunOptions(getattr(doors, door), tmp_path / "out", CohortQuestion(), limit=5, workers=2)
    )
    assert done.patients == 5
    each = {row["patient_id"]: row for row in results(tmp_path / "out")}
    judge = Judge(CohortQuestion())
    for name, row in each.items():
        (wanted,) = judge.rows(doors.each[name])
        assert (row["status"], row["answer"], row["missing"]) == (
            wanted.status,
            wanted.answer,
            wanted.missing,
        )


def test_the_commands(doors: Doors, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = command("cohort", "run", doors.parquet, "--out", out, "--limit", "8", "--every", "--workers", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert "8 patients judged" in done.stdout
    patient = results(out)[0]["patient_id"]
    told = command("cohort", "explain", out, patient)
    assert told.returncode == 0
    assert patient in told.stdout
    assert (
        json.loads(command("cohort", "explain", out, patient, "--format", "json").stdout)["record"] == patient
    )
    page = command("cohort", "report", out, "--out", tmp_path / "c.html")
    assert page.returncode == 0
    assert "Cohort of 8 patients" in (tmp_path / "c.html").read_text()
    nobody = command("cohort", "explain", out, "nobody")
    assert nobody.returncode == 2
    assert "no patient `nobody`" in nobody.stderr
    both = command("cohort", "run", doors.parquet, "--out", tmp_path / "o2", "--every", "--at", "2 mo")
    assert both.returncode == 2
    assert "different things" in both.stderr
    assert command("cohort", "report", tmp_path / "nowhere").returncode == 2


def test_unread_rows_end_with_one(tmp_path: Path) -> None:
    folder = patients(tmp_path, {"patient_id": "a"}, observations=[NEPHROTIC | {"unit": "furlong"}])
    done = command("cohort", "run", folder, "--out", tmp_path / "out", "--format", "json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["unreadable"] == 1


def test_the_layout_is_shown_with_types_and_meanings() -> None:
    told = json.loads(command("schema", "cohort").stdout)
    assert {"patients", "observations", "exposures"} <= set(told["in"])
    assert all(column["meaning"] for table in told["in"].values() for column in table)
    assert [column["column"] for column in told["out"]["results"]] == [field.name for field in JUDGED][:-1]


# -- counts --------------------------------------------------------------------------------------------


def test_no_small_group_can_be_worked_out() -> None:
    shown = {cell.name: cell.count for cell in hidden({"a": 40, "b": 12, "c": 3}, 5, 55)}
    assert shown == {"a": 40, "b": None, "c": None}
    assert {c.name: c.count for c in hidden({"a": 40, "b": 2, "c": 3}, 5, 45)} == {
        "a": 40,
        "b": None,
        "c": None,
    }
    assert {c.name: c.count for c in hidden({"a": 40, "b": 0}, 5, 40)} == {"a": 40, "b": 0}


def test_the_page_hides_small_groups_and_escapes_what_a_source_says(tmp_path: Path) -> None:
    folder = patients(
        tmp_path,
        *({"patient_id": f"p{i}"} for i in range(9)),
        observations=[NEPHROTIC | {"patient_id": f"p{i}"} for i in range(8)]
        + [NEPHROTIC | {"patient_id": "p8", "unit": "<script>alert(1)</script>"}],
    )
    ask(folder, tmp_path / "out")
    page = cohort_page(tmp_path / "out", least=5)
    assert "<script" not in page
    assert "alert(1)" not in page
    assert "Cohort of 8 patients" in page
