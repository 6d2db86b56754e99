"""The command `mutate`: which slips in the rules no scenario would notice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nephroline.faces.commanding import (
    FormatOption,
    RulesOption,
    app,
    complete_pathway,
    count,
    rule_base,
    show_json,
)

if TYPE_CHECKING:
    from nephroline.faces.screen import Screen
    from nephroline.mutation import Mutation, Result

_DRAWN = 200
_SURVIVED, _BROKEN_OFF = 1, 130


def complete_kind(typed: str) -> list[str]:
    """The kinds of change that begin as typed."""
    from nephroline.mutation import Kind

    return [kind for kind in Kind if kind.startswith(typed)]


@app.command(short_help="Which slips in the rules would no scenario notice?")
def mutate(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SCENARIO]...", help="Scenarios or folders of them. Default: those of Nephroline."
        ),
    ] = None,
    pathways: Annotated[
        list[str] | None,
        typer.Option(
            "--pathway",
            "-p",
            help="A pathway id or YAML file; give it again for another. Default: all.",
            autocompletion=complete_pathway,
        ),
    ] = None,
    rules: RulesOption = None,
    modules: Annotated[
        list[str] | None,
        typer.Option("--module", "-m", help="Only what this module states; give it again for another."),
    ] = None,
    kinds: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            "-k",
            help="Only changes of this kind, such as edge; give it again for another.",
            autocompletion=complete_kind,
        ),
    ] = None,
    drawn: Annotated[
        int, typer.Option("--count", "-n", min=0, help="So many of all mutants, drawn by the seed; 0: all.")
    ] = _DRAWN,
    seed: Annotated[int, typer.Option("--seed", help="Which are drawn: the same seed draws the same.")] = 0,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=1, help="Begin no more after so long.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes. Default: one for each processor.")
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option("--log", metavar="FILE", help="Keep results here; the same command goes on from there."),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            "--save",
            metavar="DIR",
            help="Write for each survivor a scenario that would kill it: check it first.",
        ),
    ] = None,
    least: Annotated[
        int | None,
        typer.Option("--fail-under", min=0, max=100, metavar="PERCENT", help="Exit with 1 below this share."),
    ] = None,
    form: FormatOption = "text",
) -> None:
    """Which slips in the rules would no scenario notice?

    Each mutant is the rules with one small change: a limit by its last digit, a clause left out or turned
    round. It is killed when a scenario that the rules meet is not met by it. Survivors are listed with what a
    scenario could expect so that they would not be.
    """
    from nephroline.catalogue import data_root
    from nephroline.errors import UsageError, did_you_mean, quoted
    from nephroline.faces.progress import Counting
    from nephroline.mutation import Kind, MutationOptions, mutate
    from nephroline.replaying import scenario_files

    base = rule_base(rules, pathways[0] if pathways else None)
    for kind in kinds or ():
        if kind not in list(Kind):
            raise UsageError.of(f"unknown kind of change {quoted(kind)}", did_you_mean(kind, list(Kind)))
    names = tuple(pathways or base.pathway_ids)
    stated = {name for each in names for name in base.pathway(each).modules}
    for name in modules or ():
        if name not in stated:
            raise UsageError.of(
                f"no module {quoted(name)} is part of {', '.join(names)}", did_you_mean(name, stated)
            )
    options = MutationOptions(
        files=tuple(scenario_files(paths or [str(data_root("scenarios"))])),
        pathways=names,
        rules=Path(rules) if rules else None,
        modules=tuple(modules or ()),
        kinds=tuple(map(Kind, kinds or ())),
        count=drawn or None,
        seed=seed,
        seconds=seconds,
        workers=workers,
        log=log,
        least=save is not None,
    )
    with Counting() as counting:
        try:
            found = mutate(options, counting.tell)
        except KeyboardInterrupt:
            goes_on = "; the same command goes on from its log" if log is not None else ""
            typer.echo(f"stopped{goes_on}", err=True)
            raise typer.Exit(_BROKEN_OFF) from None
    if form == "json":
        show_json(found.to_data())
    else:
        show_mutation(found)
    if save is not None:
        _save(found, save)
    if least is not None and found.killed * 100 < least * len(found.results):
        typer.echo(f"{found.killed} of {len(found.results)} mutants is under {least} %", err=True)
        raise typer.Exit(_SURVIVED)


def show_mutation(found: Mutation) -> None:
    """The score, by kind; and each that was not killed, by module, with what would kill it."""
    from nephroline.faces.screen import Screen
    from nephroline.mutation import End

    out = Screen()
    ran = len(found.results)
    share = f" ({found.killed * 100 // ran} %)" if ran else ""
    drawn = f"drawn by seed {found.seed} of {found.of}" if found.drawn < found.of else "all there are"
    out.paragraph(f"{found.killed} of {count(ran, 'mutant')} killed{share}, {drawn}", style="bold")
    if not found.complete:
        out.paragraph(f"{found.drawn - ran} of those that were drawn have not been run", indent=2)
    if found.killed:
        out.paragraph(f"{found.by_published} of them by published cases", indent=2)
    for kind, (killed, of) in found.by_kind.items():
        out.line((f"  {killed:4} of {of:<4} {kind}", ""))
    if found.unmet:
        out.paragraph(
            f"{count(len(found.unmet), 'expectation')} of these scenarios the rules do not meet without an"
            " outlook; they kill nothing",
            indent=2,
        )
    left = [one for one in found.results if one.end is not End.KILLED]
    module = None
    for one in sorted(left, key=lambda one: (one.module, one.of, one.key)):
        if one.module != module:
            module = one.module
            out.line()
            out.paragraph(module or "thresholds and catalogue", style="bold")
        _survivor(out, one)


def _survivor(out: Screen, one: Result) -> None:
    from nephroline.mutation import End
    from nephroline.yamlfile import inline

    place = f" ({one.at})" if one.at else ""
    out.paragraph(f"{one.of}{place}: {one.kind}", indent=2)
    out.paragraph(f"{one.was} → {one.becomes}", indent=4)
    if one.wanted is not None:
        out.paragraph(f"{one.wanted.file} ({one.wanted.pathway}) could expect", indent=4)
        out.paragraph(inline(one.wanted.row), indent=6, style="dim")
    else:
        told = (
            "no scenario comes where it could matter"
            if one.end is End.UNREACHED
            else "no scenario makes it answer otherwise"
        )
        out.paragraph(told, indent=4, style="dim")


def _save(found: Mutation, folder: Path) -> None:
    """Write a scenario for each survivor for which there is a chart."""
    from nephroline.faces.commanding import write
    from nephroline.yamlfile import written

    folder.mkdir(parents=True, exist_ok=True)
    saved = 0
    for one in found.results:
        if one.wanted is None or one.wanted.chart is None:
            continue
        saved += 1
        data = {
            "scenario": f"mutant {saved}",
            "synthetic": True,
            "pathway": one.wanted.pathway,
            "record": one.wanted.chart,
            "expect": [one.wanted.row],
        }
        head = f"# Kills the mutant of {one.of}: {one.was} → {one.becomes}"
        write(folder / f"mutant-{saved}.yaml", f"{head}\n{written(data, rows=True)}")
    typer.echo(f"{count(saved, 'scenario')} written to {folder}: check each answer before you keep it")
