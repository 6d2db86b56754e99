"""A cohort on Spark: the same batch function by `mapInArrow`, over tables that stand on many machines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path

import pyarrow as pa
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.pandas.types import from_arrow_schema

from nephroline.cohort.judging import CohortQuestion, Judge
from nephroline.cohort.layout import (
    JUDGED,
    PATIENT,
    PATIENTS,
    RESULTS,
    ROW_COUNT,
    SECTIONS,
    TABLES,
    UNREADABLE,
    Column,
    columns_of,
    table_schema,
)
from nephroline.cohort.running import Summary, keep_manifest, new_manifest
from nephroline.cohort.tables import NOBODY, STRAY, TWICE, Misplaced, check_columns

_UNREADABLE = "unreadable"


def charts(spark: SparkSession, tables: Mapping[str, Iterable[str]]) -> DataFrame:
    """One chart in a row, from the files of each table of the layout.

    Rows whose patient is not in `patients`, or is there twice, come with the reason in a column of their own.
    Raises: UsageError where a table has other columns than the layout.
    """
    people = _read(spark, PATIENTS, tables[PATIENTS])
    head = [name for name in table_schema(PATIENTS).names if name != PATIENT]
    found = people.groupBy(PATIENT).agg(
        f.count("*").alias("_many"), *(f.first(name).alias(name) for name in head)
    )
    for section in SECTIONS:
        names = [field.name for field in table_schema(section) if field.name != PATIENT]
        files = list(tables.get(section, ()))
        if files:
            rows = _read(spark, section, files)
            # Sorted by file and row first, so that the order of tasks does not show.
            ordered = f.sort_array(f.collect_list(f.struct("file", ROW_COUNT, *names[:-2])))
            listed = f.transform(ordered, partial(_restored, names))
            found = found.join(rows.groupBy(PATIENT).agg(listed.alias(section)), PATIENT, "full_outer")
        else:
            found = found.withColumn(section, f.lit(None).cast(_list_of(section)))
    return found.withColumn(_UNREADABLE, _reason()).drop("_many")


def _kind(one: Column) -> str:
    """As `layout.kept_type`, in the words of Spark."""
    return "array<string>" if one.kind == "texts" else "string"


def _restored(names: list[str], row: SparkColumn) -> SparkColumn:
    return f.struct(*(row[name].alias(name) for name in names))


def _list_of(section: str) -> str:
    cells = [f"`{one.name}`:{_kind(one)}" for one in SECTIONS[section]]
    return f"array<struct<{','.join([*cells, 'file:string', f'{ROW_COUNT}:bigint'])}>>"


def _reason() -> SparkColumn:
    """Why a chart cannot be read although its rows can."""
    first = f.coalesce(*(f.element_at(section, 1)["file"] for section in SECTIONS), f.col("file"))
    row = f.coalesce(*(f.element_at(section, 1)[ROW_COUNT] for section in SECTIONS), f.col(ROW_COUNT))
    nobody = f.col(PATIENT).isNull()
    told = f.when(nobody, _told(NOBODY, first, row))
    told = told.when(f.col("_many").isNull(), _told(STRAY, first, row))
    told = told.when(f.col("_many") > 1, _told(TWICE, f.col("file"), f.col(ROW_COUNT)))
    return told.otherwise(f.lit(None))


def _told(reason: Misplaced, file: SparkColumn, row: SparkColumn) -> SparkColumn:
    cells = {
        PATIENT: f.coalesce(f.col(PATIENT), f.lit("")),
        "file": file,
        ROW_COUNT: row,
        "field": f.lit(PATIENT),
        "reason": f.lit(reason.reason),
        "remedy": f.lit(reason.remedy),
    }
    return f.array(f.struct(*(value.alias(name) for name, value in cells.items())))


def _read(spark: SparkSession, table: str, files: Iterable[str]) -> DataFrame:
    """The files of a table in the types of the layout, with where each row stands."""
    read = spark.read.option("mergeSchema", "true").parquet(*files)
    check_columns(table, read.columns, table)
    cells = [_cell(read, one) for one in columns_of(table)]
    place = f.col("_metadata.file_path").alias("file")
    return read.select(*cells, place, (f.col("_metadata.row_index") + 1).alias(ROW_COUNT))


def _cell(read: DataFrame, one: Column) -> SparkColumn:
    kind = _kind(one)
    if one.name not in read.columns:
        return f.lit(None).cast(kind).alias(one.name)
    cell, given = f.col(f"`{one.name}`"), dict(read.dtypes)[one.name]
    if given.startswith("timestamp"):
        cell = cell.cast("date")
    if given in ("float", "double"):
        # Not a number is no value; a number is written as a person does.
        cell = f.when(f.isnan(cell), f.lit(None)).otherwise(
            f.regexp_replace(f.format_string("%.15g", cell), r"\.0+$", "")
        )
    return cell.cast(kind).alias(one.name)


# -- judging ---------------------------------------------------------------------------------------------


def judged(found: DataFrame, question: CohortQuestion) -> DataFrame:
    """Charts judged: a pure function of each, so that a task may be begun again."""
    return found.mapInArrow(batches_by(question), from_arrow_schema(JUDGED))


def batches_by(question: CohortQuestion) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What `mapInArrow` calls on each worker."""
    return partial(_batches, question)


def _batches(question: CohortQuestion, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield from _judge(question).batches(batches)


@lru_cache(maxsize=1)
def _judge(question: CohortQuestion) -> Judge:
    """Once in each worker."""
    return Judge(question)


def run_on_spark(
    spark: SparkSession,
    tables: Mapping[str, Iterable[str]],
    out: Path | str,
    question: CohortQuestion,
    *,
    partitions: int | None = None,
) -> Summary:
    """Judge the tables of a cohort on Spark; `out` becomes a folder as `run_cohort` writes it.

    Args:
        spark: the session.
        tables: the Parquet files or folders of each table; `patients` at least.
        out: a folder that all machines write to.
        question: what is asked.
        partitions: into how many parts charts are dealt before they are judged; None: as Spark has them.

    Raises: UsageError: the tables do not fit the layout.
    """
    place = str(out)
    dealt = charts(spark, tables)
    if partitions is not None:
        dealt = dealt.repartition(partitions, PATIENT)
    found = judged(dealt, question).persist()
    decisions = found.where(f.col(_UNREADABLE).isNull()).select(*RESULTS.names)
    decisions.write.mode("overwrite").parquet(f"{place}/results")
    rows = found.where(f.col(_UNREADABLE).isNotNull()).select(f.explode(_UNREADABLE).alias("one"))
    told = rows.select(*(f.col("one")[name].alias(name) for name in UNREADABLE.names))
    told.write.mode("overwrite").parquet(f"{place}/unreadable")
    summary = Summary(
        patients=decisions.select(PATIENT).distinct().count(),
        decisions=decisions.count(),
        unreadable=told.count(),
        patients_unreadable=told.where(f.length(PATIENT) > 0).select(PATIENT).distinct().count(),
    )
    found.unpersist()
    if Path(place).is_dir():
        keep_manifest(Path(place), new_manifest(_source(tables), question, summary))
    return summary


def _source(tables: Mapping[str, Iterable[str]]) -> str:
    """The folder in which the table of patients stands, for `cohort explain`."""
    first = Path(next(iter(tables[PATIENTS])))
    return str(first if first.is_dir() and first.name not in TABLES else first.parent)
