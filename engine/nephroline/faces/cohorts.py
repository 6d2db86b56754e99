"""The commands of cohorts: run, explain, report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from nephroline.faces.commanding import (
    FormatOption,
    RulesOption,
    app,
    complete_asked,
    count,
    rule_base,
    show_answer,
    show_json,
    write,
)

if TYPE_CHECKING:
    from nephroline.cohort import Summary

cohort = typer.Typer(
    help="Judge many patients: registries, trial screening, audits of a guideline.", no_args_is_help=True
)
app.add_typer(cohort, name="cohort", short_help="Judge many patients at once: run, explain, report.")

_OUT = Annotated[Path, typer.Argument(metavar="DIR", help="The folder that `cohort run --out` wrote.")]
_UNREAD = 1


@cohort.command(short_help="Judge a cohort; results are tables in Parquet.")
def run(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="IN",
            help="A folder of Parquet tables (see `nephroline schema cohort`), FHIR Bulk NDJSON, or records.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Where the results go.")],
    pathway: Annotated[
        str,
        typer.Option(
            "--pathway",
            "-p",
            help="A pathway id; auto takes the newest edition whose disease the biopsy shows.",
            autocompletion=complete_asked,
        ),
    ] = "auto",
    rules: RulesOption = None,
    every: Annotated[
        bool, typer.Option("--every", help="At each time at which something is dated, not at the last alone.")
    ] = False,
    at: Annotated[
        list[str] | None,
        typer.Option("--at", help="At this time, such as 2014-05-31 or '6 mo'; give it again for another."),
    ] = None,
    engine: Annotated[
        Literal["plain", "consult"],
        typer.Option(
            "--engine", help="plain: decisions without words; consult: from whole answers. They agree."
        ),
    ] = "plain",
    since: Annotated[
        bool,
        typer.Option("--since/--no-since", help="Look for the time from which each label was earned."),
    ] = True,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Only the first so many patients, to try it.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes. Default: one for each processor.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Remove the results of another run from the folder.")
    ] = False,
    form: FormatOption = "text",
) -> None:
    """Judge every patient of a cohort by the rules.

    Broken off, it goes on where it was when it is given again. The exit code is 1 if a row could not be
    read: its patient is not judged, and the table `unreadable` says why.
    """
    _needs_arrow()
    from nephroline.cohort import EVERY, LATEST, CohortQuestion, RunOptions, run_cohort
    from nephroline.errors import UsageError
    from nephroline.faces.progress import Counting

    if every and at:
        raise UsageError.of("--every and --at ask different things", "give one of them")
    times = (EVERY,) if every else tuple(at or (LATEST,))
    question = CohortQuestion(pathway=pathway, rules=rules, times=times, engine=engine, dated=since)
    options = RunOptions(source, out, question, limit=limit, workers=workers, force=force)
    with Counting() as counting:
        try:
            summary = run_cohort(options, lambda how_far: counting.tell(*how_far))
        except KeyboardInterrupt:
            typer.echo("stopped; the same command goes on from here", err=True)
            raise typer.Exit(130) from None
    _show(summary, out, form)
    if summary.unreadable:
        raise typer.Exit(_UNREAD)


def _show(summary: Summary, out: Path, form: str) -> None:
    if form == "json":
        show_json(summary)
        return
    typer.echo(
        f"{count(summary.patients, 'patient')} judged, {count(summary.decisions, 'decision')}: {out}/results"
    )
    if summary.unreadable:
        typer.echo(
            f"{count(summary.unreadable, 'row')} of {count(summary.patients_unreadable, 'patient')}"
            f" could not be read: {out}/unreadable"
        )
    typer.echo(f"the page: nephroline cohort report {out} · one patient: nephroline cohort explain {out} ID")


@cohort.command(short_help="The whole answer on one patient of a cohort.")
def explain(
    folder: _OUT,
    patient: Annotated[str, typer.Argument(metavar="ID", help="The patient, by patient_id.")],
    at: Annotated[
        str | None, typer.Option("--at", help="Decision time. Default: that of the last result.")
    ] = None,
    verbose: Annotated[
        int,
        typer.Option("--verbose", "-v", count=True, help="The whole answer; -vv with its basis."),
    ] = 0,
    form: FormatOption = "text",
) -> None:
    """The answer on one patient with all its reasons, as `consult` gives it, from the source of the run."""
    _needs_arrow()
    from nephroline.cohort import EVERY, chart_in, last_time, manifest_of
    from nephroline.selecting import among_of, thorough

    manifest = manifest_of(folder)
    question = manifest.question
    base = rule_base(question.rules)
    record = chart_in(Path(manifest.source), patient, base)
    # What was asked at every time was asked before the stops of that day.
    seen = question.times != (EVERY,)
    at = at or last_time(folder, patient)
    answer = thorough(record, among_of(base, question.pathway), at, stops_seen=seen)
    show_answer(answer, form=form, verbose=verbose, more="more: -v")


@cohort.command(short_help="A page of counts, with small groups hidden.")
def report(
    folder: _OUT,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The page.")] = Path("cohort.html"),
    least: Annotated[int, typer.Option("--least", min=1, help="Groups of fewer patients are not told.")] = 5,
) -> None:
    """One page that needs no network: counts, the flow through lines of therapy, remission, what is missing.

    A group of fewer patients than --least is hidden, and where its size could be worked out another with it.
    """
    _needs_arrow()
    from nephroline.cohort import cohort_page

    write(out, cohort_page(folder, least=least))
    typer.echo(f"written to {out}")


def layout() -> dict[str, Any]:
    """The tables of a cohort. Raises: UsageError where the optional part is not installed."""
    _needs_arrow()
    from nephroline.cohort import layout_as_data

    return layout_as_data()


def _needs_arrow() -> None:
    """Say how to get the optional part, if it is not there. Raises: UsageError."""
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        from nephroline.report import missing_extra

        raise missing_extra("cohort")
