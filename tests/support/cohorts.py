"""A cohort that comes through three doors: the same charts as YAML, as Parquet in any order, as Bulk NDJSON."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from hazards import hazardous

from nephroline import InputError, Record, read_fhir, read_record, write_fhir
from nephroline.cohort.charts import chart_of
from nephroline.cohort.layout import TABLES
from nephroline.cohort.tables import as_tables


class Doors(msgspec.Struct):
    """The folders, and the record of each patient as it is read alone."""

    records: Path
    parquet: Path
    fhir: Path
    each: dict[str, Record]


def many_charts(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Untidy charts with dates, in the words of the record format."""
    made, number = 0, seed
    while made < count:
        number += 1
        chart = dict(hazardous(number).chart) | {"id": f"p{made:05d}", "time_zero": "2020-01-01"}
        try:
            bundle = write_fhir(chart)
        except InputError:
            continue
        yield json.loads(json.dumps(read_fhir(bundle).record, default=str))
        made += 1


def bulk(bundle: dict[str, Any]) -> Iterator[str]:
    """The resources of a Bundle as a server exports them: a line each, referring to each other by type and id."""
    named = {
        one["fullUrl"]: f"{one['resource']['resourceType']}/{one['resource']['id']}"
        for one in bundle["entry"]
    }
    for one in bundle["entry"]:
        line = json.dumps(one["resource"])
        for url, name in named.items():
            line = line.replace(f'"{url}"', f'"{name}"')
        yield line


def write_doors(folder: Path, charts: list[dict[str, Any]]) -> Doors:
    doors = Doors(folder / "records", folder / "parquet", folder / "fhir", {})
    for place in (doors.records, doors.parquet, doors.fhir):
        place.mkdir(parents=True)
    lines: list[str] = []
    for chart in charts:
        (doors.records / f"{chart['id']}.yaml").write_text(yaml.safe_dump(chart, sort_keys=False))
        doors.each[chart["id"]] = read_record(chart)
        lines += bulk(write_fhir(chart))
    shuffled = random.Random(5)
    shuffled.shuffle(lines)
    half = len(lines) // 2
    (doors.fhir / "one.ndjson").write_text("\n".join(lines[:half]) + "\n")
    (doors.fhir / "two.ndjson").write_text("\n".join(lines[half:]) + "\n")
    tables: dict[str, list[pa.RecordBatch]] = {name: [] for name in TABLES}
    for name, batch in as_tables([chart_of(chart, "") for chart in charts]):
        tables[name].append(batch)
    for name, batches in tables.items():
        if batches:
            whole = pa.Table.from_batches(batches, schema=batches[0].schema)
            order = list(range(whole.num_rows))
            shuffled.shuffle(order)
            whole = whole.take(pa.array(order, pa.int64())).select(
                [n for n in whole.schema.names if n not in ("file", "row")]
            )
            cut = whole.num_rows // 3
            pq.write_table(whole.slice(0, cut), doors.parquet / f"{name}-1.parquet", compression="zstd")
            (doors.parquet / name).mkdir()
            pq.write_table(whole.slice(cut), doors.parquet / name / "rest.parquet", compression="zstd")
    return doors
