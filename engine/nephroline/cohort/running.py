"""Run a question over a cohort: part by part in a pool of processes, to tables; a second run goes on."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from nephroline.cohort.charts import Row, Unreadable, record_of
from nephroline.cohort.doors import Door, files_of, gather, rows_of_patient, size_of
from nephroline.cohort.judging import EVERY, LATEST, CohortQuestion, Judge
from nephroline.cohort.layout import PATIENT, RESULTS, TABLES, UNREADABLE, table_schema
from nephroline.cohort.tables import Parted, charts_of, read_part
from nephroline.errors import UsageError, quoted
from nephroline.pathway import RuleBase, load_rules
from nephroline.quantities import QuantityError
from nephroline.record import Clock, Record
from nephroline.selecting import AUTO, among_of
from nephroline.version import __version__

_RUN = "run.json"
_WORK = "work"
_LOCK = ".lock"
_ROWS_A_PART = 400_000
_MOST_PARTS = 120
"""Parts are few enough to have a file open for each table of each."""
_BATCH = 256


class RunOptions(msgspec.Struct, frozen=True):
    """What to run: the cohort, where its results go, the question, and how.

    `limit`: only so many patients. `workers`: processes; None: one for each processor. `force`: what stands
    in the folder of another run is removed.
    """

    source: Path
    out: Path
    question: CohortQuestion = CohortQuestion()
    limit: int | None = None
    workers: int | None = None
    force: bool = False


class Summary(msgspec.Struct, frozen=True):
    """What a run came to: patients judged, decisions, and the rows and patients that nobody could read."""

    patients: int
    decisions: int
    unreadable: int
    patients_unreadable: int


class Manifest(msgspec.Struct):
    """What stands in a folder of results: of which cohort, by which question and rules, if it is whole."""

    nephroline: str
    source: str
    door: Door
    inputs: list[tuple[str, int, int]]
    question: CohortQuestion
    limit: int | None
    rules: dict[str, str]
    parts: int
    gathered: bool = False
    summary: Summary | None = None

    @property
    def identity(self) -> tuple[Any, ...]:
        """What has to be the same for a run to go on with what stands there."""
        return self.nephroline, self.source, self.inputs, self.question, self.limit, self.rules


class Progressed(NamedTuple):
    """How far a run is: what it does, how much of that is done, and of how much."""

    what: str
    done: int
    of: int


Heard = Callable[[Progressed], None]


def run_cohort(options: RunOptions, heard: Heard | None = None) -> Summary:
    """Judge a cohort; a run that was broken off is gone on with.

    Results are tables in Parquet in the folder `out`: ``results`` with a row for each decision,
    ``unreadable`` with a row for each row that could not be read, and ``run.json``.

    Raises:
        UsageError: the cohort or its columns cannot be used; the folder holds another run.
        PathwayError: the rules cannot be used.
        InferenceError: the inference engine cannot be trusted here.
    """
    hear = heard or _nobody_hears
    inside = options.out.resolve()
    if inside == options.source.resolve() or options.source.resolve() in inside.parents:
        raise UsageError.of(
            "the results would stand among what is read", "name another folder", file=str(inside)
        )
    door, files = files_of(options.source)
    base = load_rules(options.question.rules)
    among_of(base, options.question.pathway)
    _times(options.question, base)
    workers = options.workers or os.cpu_count() or 1
    size = size_of(door, options.source, files)
    parts = _parts(size, workers)
    with _alone(options.out):
        manifest = _begun(options, door, files, base, parts)
        if manifest.summary is None:
            with _pool(options.question, workers) as pool:
                if not manifest.gathered or not (options.out / _WORK).is_dir():
                    _gather(options, manifest, files, size, pool, hear)
                manifest.summary = _judge(options, manifest, pool, hear)
            keep_manifest(options.out, manifest)
        shutil.rmtree(options.out / _WORK, ignore_errors=True)
    return manifest.summary


def _times(question: CohortQuestion, base: RuleBase) -> None:
    """Refuse a time that nobody could read, before a patient is looked at. Raises: UsageError."""
    for time in question.times:
        if time not in (LATEST, EVERY):
            try:
                Clock(base.catalogue.units, date(2000, 1, 1)).read(time)
            except QuantityError as bad:
                raise UsageError.of(f"--at: {bad}", bad.help) from None


@contextmanager
def _alone(out: Path) -> Generator[None]:
    """Hold a folder of results for one run, as long as its process lives. Raises: UsageError."""
    if out.exists() and not out.is_dir():
        raise UsageError.of("is no folder", "name a folder for the results", file=str(out))
    if out.exists() and any(out.iterdir()) and not (out / _RUN).exists() and not (out / _LOCK).exists():
        raise UsageError.of("is not empty", "name another folder for the results", file=str(out))
    try:
        out.mkdir(parents=True, exist_ok=True)
        held = (out / _LOCK).open("wb")
    except OSError as problem:
        raise UsageError.of(
            f"cannot be written: {problem.strerror}", "choose another folder", file=str(out)
        ) from None
    with held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError.of(
                "another run works there", "wait for it, or name another folder", file=str(out)
            ) from None
        yield


def _nobody_hears(progressed: Progressed) -> None:
    pass


def _parts(size: int, workers: int) -> int:
    """How many parts: enough for all workers, few rows in each, and not too many files."""
    return max(1, min(_MOST_PARTS, max(size // _ROWS_A_PART + 1, min(4 * workers, size // 2_000 + 1))))


@contextmanager
def _pool(question: CohortQuestion, workers: int) -> Generator[ProcessPoolExecutor]:
    # A process that has read tables holds threads, which a fork does not take along.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare, initargs=(question,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


# -- what stands there already ---------------------------------------------------------------------


def manifest_of(out: Path) -> Manifest:
    """What stands in a folder of results. Raises: UsageError."""
    file = out / _RUN
    try:
        return msgspec.json.decode(file.read_bytes(), type=Manifest)
    except OSError:
        raise UsageError.of(
            "holds no results of a cohort", "name the folder that `cohort run --out` wrote", file=str(out)
        ) from None
    except msgspec.DecodeError as bad:
        raise UsageError.of(f"cannot be read: {bad}", "run the cohort anew", file=str(file)) from None


def _begun(options: RunOptions, door: Door, files: Sequence[Path], base: RuleBase, parts: int) -> Manifest:
    """The manifest of this run: the one that stands there, if it is of the same."""
    new = Manifest(
        nephroline=__version__,
        source=str(options.source.resolve()),
        door=door,
        inputs=[(str(f), (told := f.stat()).st_size, told.st_mtime_ns) for f in files],
        question=options.question,
        limit=options.limit,
        rules=_digests(base, options.question.pathway),
        parts=parts,
    )
    out = options.out
    if (out / _RUN).exists():
        try:
            known = manifest_of(out)
        except UsageError:
            # What nobody can read is of another run.
            if not options.force:
                raise
        else:
            if known.identity == new.identity:
                return known
            if not options.force:
                raise UsageError.of(
                    "holds the results of another run",
                    "name another folder, or remove them with --force",
                    file=str(out),
                )
    for name in (_WORK, "results", "unreadable"):
        shutil.rmtree(out / name, ignore_errors=True)
    keep_manifest(out, new)
    return new


def _digests(base: RuleBase, asked: str) -> dict[str, str]:
    """The pathways that may be asked, by the digests of their content."""
    return {name: base.pathway(name).digest for name in (base.pathway_ids if asked == AUTO else (asked,))}


def new_manifest(source: str, question: CohortQuestion, summary: Summary) -> Manifest:
    """The manifest of tables that were judged elsewhere, such as on Spark."""
    rules = _digests(load_rules(question.rules), question.pathway)
    return Manifest(
        __version__, source, "parquet", [], question, None, rules, 0, gathered=True, summary=summary
    )


def keep_manifest(out: Path, manifest: Manifest) -> None:
    """Write the manifest so that it is never half there."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    _whole(out / _RUN, lambda file: file.write_bytes(text + b"\n"))


def _whole(file: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place, and then put it there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    write(draft)
    draft.replace(file)


# -- from the source to parts ----------------------------------------------------------------------


def _gather(
    options: RunOptions,
    manifest: Manifest,
    files: Sequence[Path],
    size: int,
    pool: ProcessPoolExecutor,
    hear: Heard,
) -> None:
    work = options.out / _WORK
    shutil.rmtree(work, ignore_errors=True)
    with Parted(work, manifest.parts) as parted:
        unread = gather(
            manifest.door,
            options.source,
            files,
            parted,
            rules=options.question.rules,
            limit=options.limit,
            pool=pool,
            heard=lambda done: hear(Progressed("reading", min(done, size), size)),
        )
    _write(
        options.out / "unreadable" / "source.parquet", UNREADABLE, [msgspec.to_builtins(u) for u in unread]
    )
    manifest.gathered = True
    keep_manifest(options.out, manifest)


def _write(file: Path, schema: pa.Schema, rows: Sequence[dict[str, Any]]) -> None:
    table = pa.Table.from_pylist(rows, schema=schema)
    _whole(file, lambda draft: pq.write_table(table, draft, compression="zstd"))


# -- from parts to results -------------------------------------------------------------------------


def _judge(options: RunOptions, manifest: Manifest, pool: ProcessPoolExecutor, hear: Heard) -> Summary:
    out, results = options.out, options.out / "results"
    waiting = [part for part in range(manifest.parts) if not _result(results, part).exists()]
    done = manifest.parts - len(waiting)
    tasks = [pool.submit(_judge_part, out, part) for part in waiting]
    for task in as_completed(tasks):
        task.result()
        done += 1
        hear(Progressed("deciding", done, manifest.parts))
    return _counted(out)


def _result(results: Path, part: int) -> Path:
    return results / f"part-{part:05d}.parquet"


_judges: list[Judge] = []
"""The judge of this process, made when it begins."""


def _prepare(question: CohortQuestion) -> None:
    _judges[:] = [Judge(question)]


def _judge_part(out: Path, part: int) -> None:
    """Judge the patients of a part, and write what came of it; begun again, it writes the same."""
    charts, strays = charts_of(read_part(out / _WORK, part))
    (judge,) = _judges
    decisions: list[dict[str, Any]] = []
    unread = list(strays)
    for batch in charts.combine_chunks().to_batches(max_chunksize=_BATCH):
        for row in judge(batch).to_pylist():
            problems = row.pop("unreadable")
            if problems:
                unread += problems
            else:
                decisions.append(row)
    _write(out / "unreadable" / f"part-{part:05d}.parquet", UNREADABLE, unread)
    # The results come last: a part is done when they are there.
    _write(_result(out / "results", part), RESULTS, decisions)


def results_of(out: Path, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of all results, part by part."""
    for file in sorted((out / "results").glob("part-*.parquet")):
        yield from pq.read_table(file, columns=columns).to_pylist()


def last_time(out: Path, patient: str) -> str | None:
    """The time of the last decision on a patient; None if there is none."""
    own = [row for row in results_of(out, [PATIENT, "at", "day"]) if row[PATIENT] == patient]
    return max(own, key=lambda row: row["day"])["at"] if own else None


def unreadable_of(out: Path) -> list[dict[str, Any]]:
    """The rows that nobody could read."""
    files = sorted((out / "unreadable").glob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def _counted(out: Path) -> Summary:
    patients, decisions = set[str](), 0
    for row in results_of(out, [PATIENT]):
        patients.add(row[PATIENT])
        decisions += 1
    unread = unreadable_of(out)
    return Summary(len(patients), decisions, len(unread), len({row[PATIENT] for row in unread} - {""}))


# -- one patient -----------------------------------------------------------------------------------


def chart_in(source: Path, patient: str, base: RuleBase) -> Record:
    """The record of one patient of a cohort. Raises: UsageError, RecordError."""
    found: dict[str, list[pa.RecordBatch]] = {table: [] for table in TABLES}
    for table, batch in rows_of_patient(source, patient, base.catalogue):
        found[table].append(batch)
    tables = {name: pa.Table.from_batches(rows, schema=table_schema(name)) for name, rows in found.items()}
    charts, strays = charts_of(tables)
    charted: list[Row] = charts.to_pylist()
    if not charted:
        if strays:
            told = Unreadable(**strays[0])
            raise UsageError.of(told.reason, told.remedy, file=told.file, line=told.row, path=told.field)
        raise UsageError.of(
            f"no patient {quoted(patient)} in the cohort",
            "check the id; it is that of patient_id",
            file=str(source),
        )
    return record_of(charted[0], base.catalogue)
