"""The commands of those who write or review rules and records: list, show, check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from nephroline.faces.commanding import FormatOption, app, count, show_json, show_table


@app.command()
def pathways(form: FormatOption = "text") -> None:
    """List the pathways."""
    from nephroline.pathway import load_pathway, pathway_ids

    found = [load_pathway(name) for name in pathway_ids()]
    if form == "json":
        show_json(
            [
                {
                    "id": p.id,
                    "title": p.title,
                    "edition": p.edition,
                    "extends": p.extends,
                    "rules": len(p.rules),
                    "digest": p.digest,
                }
                for p in found
            ]
        )
        return
    show_table([(p.id, f"{p.title} · {p.edition} · {len(p.rules)} rules") for p in found], (18,))


@app.command()
def show(
    pathway: Annotated[str, typer.Argument(help="A pathway id or YAML file.")],
    form: FormatOption = "text",
) -> None:
    """Show a pathway as text: each rule in plain English, its statement, its grade."""
    from nephroline.faces.rulebook import pathway_data, show_pathway
    from nephroline.pathway import load_pathway

    rules = load_pathway(pathway)
    if form == "json":
        show_json(pathway_data(rules))
        return
    from nephroline.faces.screen import Screen

    show_pathway(Screen(), rules)


@app.command()
def check(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            help="Pathway, record or scenario files, or folders. Default: Nephroline's own pathways."
        ),
    ] = None,
    form: FormatOption = "text",
) -> None:
    """Check pathway, record and scenario files; list every problem with its line and remedy."""
    from nephroline.faces.checking import check_files

    results = check_files(paths or [])
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


@app.command()
def schema(
    kind: Annotated[
        Literal["record", "scenario", "pathway", "consultation"],
        typer.Argument(help="Which format."),
    ] = "record",
    write: Annotated[
        Path | None, typer.Option("--write", help="Write all schemas into this folder instead.")
    ] = None,
) -> None:
    """Print the JSON Schema of a public format."""
    from nephroline.faces.schemas import KINDS, schema_text

    if write is None:
        typer.echo(schema_text(kind), nl=False)
        return
    write.mkdir(parents=True, exist_ok=True)
    for name in KINDS:
        (write / f"{name}.schema.json").write_text(schema_text(name), encoding="utf-8")
    typer.echo(f"{len(KINDS)} schemas written to {write}")


@app.command()
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


@app.command()
def units(
    kind: Annotated[
        Literal["analytes", "drugs", "conditions", "findings", "diagnoses", "regimens"],
        typer.Argument(help="What to list."),
    ] = "analytes",
    form: FormatOption = "text",
) -> None:
    """List what a chart may hold: analytes with their units and words, or drugs, conditions and so on."""
    from nephroline.faces.lists import listing

    rows = listing(kind)
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
