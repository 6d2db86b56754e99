"""The commands of those who write or review rules and records: list, show, check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from nephroline.faces.commanding import (
    FormatOption,
    QuickOption,
    RulesOption,
    app,
    complete_pathway,
    count,
    rule_base,
    show_json,
    show_table,
)

_SCENARIOS = "Scenario files or folders. Default: the scenarios that come with Nephroline."
_SIDE = "A folder of rules, or a file of answers made with `nephroline answers`; `packaged`: our own."
_OURS = "packaged"
_FORMATS = {
    "record": "a patient's chart",
    "scenario": "a record, with the pathway to ask and what is expected of its answers",
    "pathway": "the rules of one disease in one edition",
    "module": "rules, definitions and numbers that several pathways use",
    "catalogue": "what charts and rules may name: analytes, drugs, conditions, regimens …",
    "consultation": "an answer",
    "cohort": "the tables of a cohort, in and out, as Arrow types them",
}
_Format = Literal["record", "scenario", "pathway", "module", "catalogue", "codes", "consultation", "cohort"]
_Pathways = Annotated[
    list[str] | None,
    typer.Option(
        "--pathway",
        "-p",
        help="Only under this pathway; give it again for another. Default: all.",
        autocompletion=complete_pathway,
    ),
]


def _complete_shown(typed: str) -> list[str]:
    from nephroline.pathway import load_rules

    editions = [name for name in load_rules().edition_ids if name.startswith(typed)]
    return [*editions, *complete_pathway(typed)]


@app.command(short_help="List the pathways.")
def pathways(rules: RulesOption = None, form: FormatOption = "text") -> None:
    """List the pathways."""
    base = rule_base(rules)
    found = [base.pathway(name) for name in base.pathway_ids]
    if form == "json":
        show_json(
            [
                {
                    "id": p.id,
                    "title": p.title,
                    "edition": p.edition,
                    "uses": list(p.uses),
                    "rules": len(p.rules),
                    "digest": p.digest,
                }
                for p in found
            ]
        )
        return
    show_table([(p.id, f"{p.title} · {p.edition} · {len(p.rules)} rules") for p in found], (18,))


@app.command(short_help="Show a pathway as text, rule by rule.")
def show(
    pathway: Annotated[
        str,
        typer.Argument(
            help="A pathway id or YAML file; or an edition (kdigo-2021): its safety and care.",
            autocompletion=_complete_shown,
        ),
    ],
    rules: RulesOption = None,
    form: FormatOption = "text",
) -> None:
    """Show a pathway as text: each rule in plain English, its statement, its grade, its file and line."""
    from nephroline.faces.rulebook import pathway_data, show_pathway

    base = rule_base(rules, pathway)
    found = base.edition(pathway) if pathway in base.edition_ids else base.pathway(pathway)
    if form == "json":
        show_json(pathway_data(found))
        return
    from nephroline.faces.screen import Screen

    show_pathway(Screen(), found)


@app.command(short_help="Check rules, records and scenarios.")
def check(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            help="Pathway, module, record or scenario files, or folders. Default: the rules themselves."
        ),
    ] = None,
    rules: RulesOption = None,
    form: FormatOption = "text",
) -> None:
    """Check rules, records and scenarios; list every problem with its line and remedy."""
    from nephroline.tools.checking import check_files

    results = check_files(paths or [], rules)
    problems = [problem for _, _, found in results for problem in found]
    if form == "json":
        show_json(
            [
                {"file": file, "kind": kind, "problems": [_problem_data(p) for p in found]}
                for file, kind, found in results
            ]
        )
    else:
        for problem in problems:
            typer.echo(str(problem))
        typer.echo(f"{count(len(results), 'file')} checked, {count(len(problems), 'problem')}")
    if problems:
        raise typer.Exit(1)


@app.command(short_help="Keep every answer to a set of scenarios in a file.")
def answers(
    out: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write; one that ends in .gz is packed.")
    ],
    scenarios: Annotated[list[str] | None, typer.Argument(help=_SCENARIOS)] = None,
    pathway: _Pathways = None,
    rules: RulesOption = None,
    quick: QuickOption = False,
) -> None:
    """Keep every answer to a set of scenarios in a file, to be compared with others by diff-answers."""
    from nephroline.answers import write_answers

    write_answers(_answered(scenarios, pathway, rules, quick=quick), out)
    typer.echo(f"answers written to {out}")


@app.command(name="diff-answers", short_help="Show which answers an edit of the rules changes.")
def diff_answers(
    old: Annotated[str, typer.Argument(metavar="OLD", help=_SIDE)],
    new: Annotated[str, typer.Argument(metavar="NEW", help=_SIDE)],
    scenarios: Annotated[list[str] | None, typer.Argument(help=_SCENARIOS)] = None,
    pathway: _Pathways = None,
    quick: QuickOption = False,
    form: FormatOption = "text",
) -> None:
    """Show which answers differ between two sets of rules, and how: what an edit changes.

    Exits with 1 if any do.
    """
    from nephroline.answers import differences, read_answers

    def side(name: str) -> Any:
        if name == _OURS or Path(name).is_dir():
            return _answered(scenarios, pathway, None if name == _OURS else name, quick=quick)
        return read_answers(Path(name))

    found = differences(side(old), side(new))
    if form == "json":
        show_json(found)
    else:
        from nephroline.faces.differing import show_differences
        from nephroline.faces.screen import Screen

        show_differences(Screen(), found)
    if not found.equal:
        raise typer.Exit(1)


def _answered(
    scenarios: list[str] | None, pathways: list[str] | None, rules: str | None, *, quick: bool
) -> Any:
    from nephroline.answers import all_answers
    from nephroline.catalogue import data_root
    from nephroline.faces.progress import Progress
    from nephroline.replaying import scenario_files

    files = scenario_files(scenarios or [str(data_root("scenarios"))])
    with Progress(len(files)) as progress:
        return all_answers(
            files,
            pathways or (),
            rules=rules,
            quick=quick,
            heard=lambda name, done, of: progress.files_done(name, done),
        )


@app.command(short_help="Print the JSON Schema of a public format.")
def schema(
    kind: Annotated[
        Literal["record", "scenario", "pathway", "module", "catalogue", "codes", "consultation", "cohort"]
        | None,
        typer.Argument(help="Which format. Without it, all are listed."),
    ] = None,
    write: Annotated[
        Path | None, typer.Option("--write", help="Write all schemas into this folder instead.")
    ] = None,
    rules: RulesOption = None,
    form: FormatOption = "text",
) -> None:
    """Print the JSON Schema of a public format, which is JSON in either form; or list the formats."""
    if kind == "cohort" and write is None:
        from nephroline.faces.cohorts import layout

        show_json(layout())
        return
    from nephroline.tools.schemas import KINDS, schema_text

    if kind is None and write is None:
        if form == "json":
            show_json([{"kind": name, "meaning": meaning} for name, meaning in _FORMATS.items()])
        else:
            show_table(list(_FORMATS.items()), (13,))
        return
    catalogue = rule_base(rules).catalogue
    if write is None:
        typer.echo(schema_text(str(kind), catalogue), nl=False)
        return
    write.mkdir(parents=True, exist_ok=True)
    for name in KINDS:
        (write / f"{name}.schema.json").write_text(schema_text(name, catalogue), encoding="utf-8")
    typer.echo(f"{len(KINDS)} schemas written to {write}")


@app.command(short_help="Which clauses of the rules do scenarios test?")
def coverage(
    paths: Annotated[list[str] | None, typer.Argument(help=_SCENARIOS)] = None,
    pathways: _Pathways = None,
    rules: RulesOption = None,
    form: FormatOption = "text",
    modules: Annotated[
        list[str] | None,
        typer.Option("--module", "-m", help="Only what this module states; give it again for another."),
    ] = None,
    least: Annotated[
        int | None,
        typer.Option("--fail-under", min=0, max=100, metavar="PERCENT", help="Exit with 1 below this share."),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also what is tested, with the scenario and time.")
    ] = False,
) -> None:
    """Which clauses of the rules do scenarios test? A clause is tested when it alone decides, both ways."""
    from nephroline.catalogue import data_root
    from nephroline.coverage import coverage_of
    from nephroline.errors import UsageError, did_you_mean, quoted
    from nephroline.faces.coverage import show_coverage
    from nephroline.faces.progress import Progress
    from nephroline.faces.screen import Screen
    from nephroline.replaying import scenario_files

    files = scenario_files(paths or [str(data_root("scenarios"))])
    base = rule_base(rules, pathways[0] if pathways else None)
    names = pathways or base.pathway_ids
    with Progress(len(files) * len(names)) as progress:
        found = [coverage_of(base.pathway(name), files, heard=progress.of) for name in names]
    if modules:
        known = {condition.module for item in found for condition in item.conditions}
        for name in modules:
            if name not in known:
                told = f"no module {quoted(name)} states a condition of {', '.join(names)}"
                raise UsageError.of(told, did_you_mean(name, known))
        found = [item for item in (each.of_modules(modules) for each in found) if item.clauses]
    if form == "json":
        show_json({"pathways": [item.to_data() for item in found]})
    else:
        out = Screen()
        for number, item in enumerate(found):
            if number:
                out.line()
            show_coverage(out, item, verbose=verbose)
    below = [item for item in found if least is not None and item.covered * 100 < least * item.clauses]
    for item in below:
        typer.echo(f"{item.pathway}: {item.covered} of {item.clauses} clauses is under {least} %", err=True)
    if below:
        raise typer.Exit(1)


@app.command(short_help="List every question that a rule may ask of a chart.")
def features(form: FormatOption = "text") -> None:
    """List every question that a rule may ask of a chart."""
    from nephroline.features import FEATURES

    rows = sorted(FEATURES.values(), key=lambda f: (str(f.scope), f.name))
    if form == "json":
        show_json(
            [
                {
                    "name": f.name,
                    "written": f.signature,
                    "scope": str(f.scope),
                    "parameters": list(f.parameters),
                    "result": f.result,
                    "meaning": f.doc,
                }
                for f in rows
            ]
        )
        return
    show_table([(f.signature, f.result, f.doc) for f in rows], (46, 22))


@app.command(short_help="List what a chart may hold.")
def units(
    kind: Annotated[
        Literal["analytes", "drugs", "conditions", "findings", "labels", "diagnoses", "regimens"],
        typer.Argument(help="What to list."),
    ] = "analytes",
    rules: RulesOption = None,
    form: FormatOption = "text",
) -> None:
    """List what a chart may hold: analytes with their units and words, or drugs, conditions and so on."""
    from nephroline.tools.lists import listing

    rows = listing(kind, rule_base(rules).catalogue)
    if form == "json":
        show_json(rows)
        return
    show_table([(str(row["id"]), str(row["shown"])) for row in rows], (24,))


def _problem_data(problem: Any) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "field": problem.path,
        "message": problem.message,
        "help": problem.help,
    }
