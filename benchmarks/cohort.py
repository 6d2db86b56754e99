"""Measure the judging of cohorts in one run: CPU time a patient, against answers with words.

    python benchmarks/cohort.py [--patients 150] [--commit faec39a]

The registry is that of `registry.py`. `plain` goes from a batch of Arrow to a batch of Arrow; an answer with
words is a record read and its JSON written, by this engine and by that of an earlier commit.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from registry import write

import nephroline
from nephroline.cohort import CohortQuestion, Judge
from nephroline.cohort.charts import written
from nephroline.cohort.layout import TABLES, table_schema
from nephroline.cohort.tables import charts_of, files_in, rows_of

ROOT = Path(__file__).resolve().parent.parent
PATHWAY = "kdigo-2021/fsgs"

# Run by the earlier engine, so it uses only what both have.
_EARLIER = """
import json, sys, time
import nephroline
charts = json.load(open(sys.argv[1]))
pathway = nephroline.load_pathway(sys.argv[2])
def go():
    for chart in charts:
        nephroline.consult(nephroline.read_record(chart), pathway).to_json()
go()
times = []
for _ in range(3):
    start = time.process_time(); go(); times.append(time.process_time() - start)
print(min(times) / len(charts))
"""


def charts(folder: Path) -> pa.RecordBatch:
    """All charts of a registry in one batch."""
    found: dict[str, list[pa.RecordBatch]] = {table: [] for table in TABLES}
    for table, file in files_in(folder):
        found[table] += rows_of(table, file)
    tables = {name: pa.Table.from_batches(rows, schema=table_schema(name)) for name, rows in found.items()}
    whole, _ = charts_of(tables)
    (batch,) = whole.combine_chunks().to_batches(max_chunksize=1_000_000)
    return batch


def each(work: Callable[[], object], patients: int) -> float:
    times: list[float] = []
    for _ in range(3):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times) / patients


def earlier(commit: str, records: list[object], folder: Path) -> float:
    packed = subprocess.run(["git", "archive", commit], capture_output=True, check=True, cwd=ROOT).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    file = folder / "charts.json"
    file.write_text(json.dumps(records))
    command = [sys.executable, "-c", _EARLIER, str(file), PATHWAY]
    done = subprocess.run(
        command, capture_output=True, check=True, text=True, env={"PYTHONPATH": str(folder / "engine")}
    )
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patients", type=int, default=150)
    parser.add_argument("--commit", default="faec39a")
    asked = parser.parse_args()
    with TemporaryDirectory() as place:
        write(Path(place) / "registry", asked.patients, 36, 1)
        batch = charts(Path(place) / "registry")
        told = (written(chart)[0] for chart in batch.to_pylist())
        records: list[object] = [{name: part for name, part in one.items() if part} for one in told]
        judge = Judge(CohortQuestion(pathway=PATHWAY, dated=False))
        dated = Judge(CohortQuestion(pathway=PATHWAY))
        pathway = judge.base.pathway(PATHWAY)

        def words() -> None:
            for chart in records:
                assert isinstance(chart, dict)
                nephroline.consult(nephroline.read_record(chart), pathway).to_json()

        judge(batch)
        found = {
            "plain": each(lambda: judge(batch), asked.patients),
            "plain, labels dated": each(lambda: dated(batch), asked.patients),
            "with words": each(words, asked.patients),
            f"with words, {asked.commit}": earlier(asked.commit, records, Path(place) / "earlier"),
        }
    for name, seconds in found.items():
        print(f"{name}: {seconds * 1000:.1f} ms a patient; plain is {found['plain'] / seconds:.2f} × that")


if __name__ == "__main__":
    main()
