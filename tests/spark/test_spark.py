"""A cohort on Spark comes to what it comes to in a pool of processes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cohorts import Doors
from pyspark import TaskContext
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from nephroline.cohort import JUDGED, CohortQuestion, RunOptions, cohort_page, run_cohort
from nephroline.cohort.layout import TABLES
from nephroline.cohort.spark import batches_by, charts, run_on_spark
from nephroline.errors import UsageError

QUESTION = CohortQuestion(pathway="kdigo-2021/fsgs")


def tables_of(folder: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for file in sorted(folder.rglob("*.parquet")):
        name = next(t for t in TABLES if t in (file.parent.name, file.stem.split("-")[0]))
        found.setdefault(name, []).append(str(file))
    return found


def rows(folder: Path) -> list[dict[str, Any]]:
    found = [row for file in folder.glob("*.parquet") for row in pq.read_table(file).to_pylist()]
    return sorted(found, key=lambda row: (row["patient_id"], row.get("day") or row.get("row") or 0))


def test_the_same_decisions_as_in_a_pool(doors: Doors, spark: SparkSession, tmp_path: Path) -> None:
    pool = run_cohort(RunOptions(doors.parquet, tmp_path / "pool", QUESTION, workers=2))
    done = run_on_spark(spark, tables_of(doors.parquet), tmp_path / "spark", QUESTION, partitions=3)
    assert done == pool
    assert rows(tmp_path / "spark" / "results") == rows(tmp_path / "pool" / "results")
    assert "Cohort of 24 patients" in cohort_page(tmp_path / "spark")


def test_the_script_shown_runs(
    doors: Doors,
    spark: SparkSession,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for table in ("patients", "observations", "exposures", "conditions", "biopsies", "findings"):
        folder = tmp_path / "cohort" / table
        folder.mkdir(parents=True)
        for file in doors.parquet.rglob("*.parquet"):
            if table in (file.parent.name, file.stem.split("-")[0]):
                shutil.copy(file, folder / f"{table}-{file.name}")
    page = (Path(__file__).resolve().parents[2] / "docs" / "cohorts.md").read_text()
    code = page.split("```python\n")[1].split("```")[0]
    # The session is older than this folder: it goes by whole paths.
    code = code.replace('f"cohort/', f'f"{tmp_path}/cohort/').replace(
        '"judged"', repr(str(tmp_path / "judged"))
    )
    exec(compile(code, "cohorts.md", "exec"), {})  # noqa: S102
    assert "24 patients judged" in capsys.readouterr().out
    assert "Cohort of 24 patients" in cohort_page(tmp_path / "judged")


def test_what_cannot_be_read_is_told_with_its_place(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    observed = {"at": "0 d", "name": "proteinuria", "value": "9 g/d"}
    content = {
        "patients": [
            {"patient_id": "a"},
            {"patient_id": "twice"},
            {"patient_id": "twice"},
            {"patient_id": "b"},
        ],
        "observations": [
            observed | {"patient_id": "a"},
            observed | {"patient_id": "nobody"},
            observed | {"patient_id": "b", "value": "9 furlong"},
        ],
    }
    for name, told in content.items():
        pq.write_table(pa.Table.from_pylist(told), folder / f"{name}.parquet")
    done = run_on_spark(spark, tables_of(folder), tmp_path / "out", QUESTION)
    assert (done.patients, done.patients_unreadable) == (1, 3)
    places = {
        (row["patient_id"], Path(row["file"]).name, row["row"])
        for row in rows(tmp_path / "out" / "unreadable")
    }
    assert {("nobody", "observations.parquet", 2), ("b", "observations.parquet", 3)} < places
    assert any(row["patient_id"] == "twice" for row in rows(tmp_path / "out" / "unreadable"))


def test_a_task_that_is_begun_again_does_no_harm(doors: Doors, spark: SparkSession, tmp_path: Path) -> None:
    judge = batches_by(QUESTION)

    def failing(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for number, batch in enumerate(judge(batches)):
            yield batch
            if number == 0 and TaskContext.get().attemptNumber() == 0:
                raise RuntimeError("the machine has gone")

    found = charts(spark, tables_of(doors.parquet)).repartition(2, "patient_id")
    found.mapInArrow(failing, from_arrow_schema(JUDGED)).write.parquet(str(tmp_path / "again"))
    run_cohort(RunOptions(doors.parquet, tmp_path / "pool", QUESTION, workers=2))
    again = [{k: v for k, v in row.items() if k != "unreadable"} for row in rows(tmp_path / "again")]
    assert again == rows(tmp_path / "pool" / "results")


def test_columns_that_do_not_fit_are_refused(spark: SparkSession, tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist([{"patient_id": "a", "sxe": "male"}]), tmp_path / "patients.parquet")
    with pytest.raises(UsageError, match="did you mean `sex`"):
        charts(spark, {"patients": [str(tmp_path / "patients.parquet")]})
