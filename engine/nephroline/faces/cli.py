"""The command line. Commands import what they need when they run, so that ``--help`` is quick.

Exit codes: 0 fine; 1 an expectation was missed or a checked file has problems; 2 the input or the
command cannot be used; 3 the inference engine cannot be trusted here.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from nephroline.errors import InputError
    from nephroline.pathway import Pathway
    from nephroline.record import Record, RecordSource
    from nephroline.yamlfile import Document

DEFAULT_PATHWAY = "kdigo-2012/fsgs"

app = typer.Typer(
    name="nephroline",
    help="Treatment-pathway decision support for nephrotic syndrome: rules in YAML, reasons in the open.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Format = Literal["text", "json"]
RecordArgument = Annotated[
    str, typer.Argument(help="A record or scenario (YAML or JSON); - reads standard input.")
]
At = Annotated[
    str | None,
    typer.Option("--at", help="Decision time, such as '10 mo' or 2014-05-31. Default: the last dated item."),
]
PathwayOption = Annotated[
    str | None,
    typer.Option(
        "--pathway",
        "-p",
        help=f"A pathway id or YAML file. Default: the scenario's own, else {DEFAULT_PATHWAY}."
        " For `consult`, auto chooses it.",
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="Text for people, JSON for programs.")]
Shadow = Annotated[
    bool,
    typer.Option("--shadow", help="Infer twice, by durable_rules and by the reference, and compare."),
]


@app.command()
def consult(
    record: RecordArgument,
    at: At = None,
    pathway: PathwayOption = None,
    form: FormatOption = "text",
    shadow: Shadow = False,
    margins: Annotated[
        bool, typer.Option("--margins", help="Also how far each value stands from another answer.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Without the search for what missing data can change.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the basis of everything.")] = False,
) -> None:
    """Where does this patient stand, what is the next line, and what must be checked first?"""
    from nephroline.consultation import consult as ask

    selected = None
    if pathway == "auto":
        from nephroline.record import read_record
        from nephroline.selecting import select_pathway

        chart = read_record(_document(record))
        selected = select_pathway(chart, at)
        rules = selected.pathway
    else:
        chart, rules = _record_and_pathway(record, pathway)
    engine = "shadow" if shadow else "durable"
    if quick:
        answer = ask(chart, rules, at, backend_name=engine)
    else:
        from nephroline.outlook.report import thorough

        answer = thorough(chart, rules, at, margins=margins, backend_name=engine)
    if selected is not None:
        from nephroline.selecting import explained

        answer = explained(answer, selected)
    if form == "json":
        typer.echo(answer.to_json(indent=2))
        return
    from nephroline.faces.screen import Screen
    from nephroline.faces.text import show_consultation

    show_consultation(Screen(), answer, verbose=verbose)


@app.command()
def why(
    record: RecordArgument,
    name: Annotated[
        str,
        typer.Argument(help="A rule, finding, regimen or alert by its id; next-line for the chosen one."),
    ] = "next-line",
    at: At = None,
    pathway: PathwayOption = None,
    form: FormatOption = "text",
) -> None:
    """Show the full tree of reasons of a finding, recommendation, block or alert."""
    from nephroline.explain import why as explain

    chart, rules = _record_and_pathway(record, pathway)
    found = explain(chart, rules, name, at)
    if form == "json":
        _json([item.to_data() for item in found])
        return
    from nephroline.faces.screen import Screen
    from nephroline.faces.text import show_explanations

    show_explanations(Screen(), found)


@app.command(name="why-not")
def why_not(
    record: RecordArgument,
    regimen: Annotated[
        str, typer.Argument(help="A regimen by its id; `nephroline units regimens` lists all.")
    ],
    at: At = None,
    pathway: PathwayOption = None,
    form: FormatOption = "text",
) -> None:
    """Why is this regimen not the next line, and what is the least that would make it so?"""
    from nephroline.outlook.whynot import why_not as explain

    chart, rules = _record_and_pathway(record, pathway)
    found = explain(chart, rules, regimen, at)
    if form == "json":
        _json(found)
        return
    from nephroline.faces.outlook import show_why_not
    from nephroline.faces.screen import Screen

    show_why_not(Screen(), found)


@app.command(name="what-if")
def what_if(
    record: RecordArgument,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Set a datum now: creatinine=2.5mg/dL, biopsy.diagnosis=mcd, pregnancy=no; at another time:"
            " 'creatinine@4 mo=1.0 mg/dL'.",
        ),
    ] = None,
    removes: Annotated[
        list[str] | None,
        typer.Option("--remove", metavar="NAME", help="Remove a condition, drug, analyte or biopsy."),
    ] = None,
    wait: Annotated[
        str | None, typer.Option("--wait", metavar="TIME", help="Let time pass first, such as 8wk.")
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--also",
            metavar="CHANGES",
            help="Another one: 'creatinine=1 mg/dL; remove hiv; wait 8 wk'.",
        ),
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Write the changed record here.")
    ] = None,
    at: At = None,
    pathway: PathwayOption = None,
    form: FormatOption = "text",
) -> None:
    """What would the answer be with other data, and how does it differ from the one that is?"""
    from nephroline.errors import UsageError
    from nephroline.outlook.edits import Edit, setting, several
    from nephroline.outlook.whatif import what_if as ask

    document = _document(record)
    first = [setting(text) for text in sets or []] + [Edit("remove", name) for name in removes or []]
    first += [Edit("wait", value=wait)] if wait else []
    alternatives = ([first] if first else []) + [list(several(text)) for text in also or []]
    if not alternatives:
        raise UsageError.of("nothing is changed", "give --set, --remove, --wait or --also")
    if save is not None and len(alternatives) != 1:
        raise UsageError.of("one alternative is saved, not several", "give --save with a single alternative")
    found = ask(document, _pathway_of(document, pathway), alternatives, at)
    if save is not None:
        from nephroline.yamlfile import written

        _write(save, written(found.alternatives[0].data))
    if form == "json":
        _json(found.to_data())
        return
    from nephroline.faces.outlook import show_what_if
    from nephroline.faces.screen import Screen

    show_what_if(Screen(), found)


@app.command()
def replay(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Scenario files or folders. Default: the scenarios that come with Nephroline."),
    ] = None,
    pathway: Annotated[
        str | None,
        typer.Option("--pathway", "-p", help="Replay under this pathway instead of the scenario's own."),
    ] = None,
    form: FormatOption = "text",
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only the totals, and what was missed.")
    ] = False,
    plain: Annotated[bool, typer.Option("--ascii", help="Draw the timeline with plain signs only.")] = False,
    shadow: Shadow = False,
) -> None:
    """Walk scenarios through every moment at which something changed, and check what they expect."""
    from nephroline.catalogue import data_root
    from nephroline.faces.progress import Progress
    from nephroline.pathway import load_pathway
    from nephroline.replaying import read_scenario, scenario_files
    from nephroline.replaying import replay as walk

    files = scenario_files(paths or [str(data_root("scenarios"))])
    rules = load_pathway(pathway) if pathway else None
    done: list[Any] = []
    with Progress(len(files)) as progress:
        for file in files:
            heard = progress.of(file.name)
            scenario = read_scenario(file)
            done.append(walk(scenario, rules, backend_name="shadow" if shadow else "durable", progress=heard))
    failed = sum(len(item.failed) for item in done)
    if form == "json":
        _json({"scenarios": [item.to_data() for item in done]})
    else:
        from nephroline.faces.screen import Screen
        from nephroline.faces.text import show_replay

        out = Screen(plain=plain)
        for item in done:
            if not quiet or item.failed:
                show_replay(out, item, ascii_only=plain)
        passed = sum(item.passed for item in done)
        typer.echo(f"{len(done)} scenarios, {passed} expectations met, {failed} missed")
    if failed:
        raise typer.Exit(1)


@app.command()
def report(
    paths: Annotated[list[str], typer.Argument(help="Records, scenarios, or folders of them.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="The page to write; a .pdf is printed.")
    ] = Path("report.html"),
    pathway: PathwayOption = None,
    scale: Annotated[
        Literal["linear", "log"],
        typer.Option("--scale", help="How to draw values that spread over more than a factor of ten."),
    ] = "linear",
    pdf: Annotated[bool, typer.Option("--pdf", help="Also print the page to a PDF beside it.")] = False,
) -> None:
    """Draw the course of patients, with what the rules said at each decision, as one HTML page."""
    from nephroline.course import course_of
    from nephroline.faces.progress import Progress
    from nephroline.faces.report import page, write_pdf
    from nephroline.pathway import load_pathway
    from nephroline.replaying import MOST_DRAWN, read_course, scenario_files
    from nephroline.replaying import replay as walk

    files = scenario_files(paths)
    rules = load_pathway(pathway) if pathway else None
    courses: list[Any] = []
    with Progress(len(files)) as progress:
        for file in files:
            heard = progress.of(file.name)
            scenario = read_course(file, pathway or DEFAULT_PATHWAY)
            courses.append(course_of(walk(scenario, rules, most=MOST_DRAWN, progress=heard)))
        progress.of("drawing")
        html = page(courses, scale=scale)
        if out.suffix == ".pdf":
            write_pdf(html, out)
        else:
            _write(out, html)
            if pdf:
                write_pdf(html, out.with_suffix(".pdf"))
    typer.echo(f"{_count(len(courses), 'course')} drawn: {out.resolve()}")
    if pdf and out.suffix != ".pdf":
        typer.echo(f"on paper: {out.with_suffix('.pdf').resolve()}")


@app.command()
def pathways(form: FormatOption = "text") -> None:
    """List the pathways."""
    from nephroline.pathway import load_pathway, pathway_ids

    found = [load_pathway(name) for name in pathway_ids()]
    if form == "json":
        _json(
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
    _table([(p.id, f"{p.title} · {p.edition} · {len(p.rules)} rules") for p in found], (18,))


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
        _json(pathway_data(rules))
        return
    from nephroline.faces.screen import Screen

    show_pathway(Screen(), rules)


@app.command()
def compare(
    record: RecordArgument,
    pathways: Annotated[
        str, typer.Option("--pathways", metavar="A,B", help="The pathways, with commas between.")
    ] = "kdigo-2012/fsgs,kdigo-2021/fsgs",
    at: Annotated[str | None, typer.Option("--at", help="One decision time. Default: all.")] = None,
    form: FormatOption = "text",
) -> None:
    """Where do editions agree about this patient, where not, and what makes the difference?"""
    from nephroline.comparing import compare as ask
    from nephroline.consultation import decision_time
    from nephroline.errors import UsageError
    from nephroline.pathway import load_pathway
    from nephroline.record import read_record

    names = [name.strip() for name in pathways.split(",") if name.strip()]
    if len(names) < 2 or len(set(names)) < len(names):
        raise UsageError.of("a comparison takes two or more pathways", "--pathways A,B")
    chart = read_record(_document(record))
    found = ask(chart, [load_pathway(name) for name in names], decision_time(chart, at) if at else None)
    if form == "json":
        _json(found)
        return
    from nephroline.faces.comparison import show_comparison
    from nephroline.faces.screen import Screen

    show_comparison(Screen(), found)


@app.command()
def graph(
    pathway: Annotated[str, typer.Argument(help="A pathway id or YAML file.")] = DEFAULT_PATHWAY,
    record: Annotated[
        str | None,
        typer.Option("--record", "-r", help="Mark this patient's way: a record or scenario."),
    ] = None,
    form: Annotated[
        Literal["mermaid", "dot", "svg"] | None,
        typer.Option("--format", "-f", help="Default: by the ending of --out, else mermaid."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write here, not to the screen.")
    ] = None,
) -> None:
    """Draw the lines of therapy of a pathway, and the rules that lead from one to the next."""
    from nephroline.faces import graph as drawing
    from nephroline.pathway import load_pathway
    from nephroline.replaying import MOST_DRAWN, read_course
    from nephroline.replaying import replay as walk
    from nephroline.roadmap import roadmap_of

    rules = load_pathway(pathway)
    done = walk(read_course(_document(record), rules.id), rules, most=MOST_DRAWN) if record else None
    ending = {".svg": "svg", ".dot": "dot", ".gv": "dot"}.get(out.suffix if out else "", "mermaid")
    kind = form or ending
    draw = {"mermaid": drawing.mermaid, "dot": drawing.dot, "svg": drawing.svg}[kind]
    text = draw(roadmap_of(rules, done))
    if out is None:
        typer.echo(text, nl=False)
        return
    _write(out, text)
    typer.echo(f"drawn: {out.resolve()}")


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
        _json(
            [
                {"file": file, "kind": kind, "problems": [_problem_data(p) for p in found]}
                for file, kind, found in results
            ]
        )
    else:
        for problem in problems:
            typer.echo(str(problem))
        typer.echo(f"{_count(len(results), 'file')} checked, {_count(len(problems), 'problem')}")
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
        _json(
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
    _table([(f.signature, f.result, f.doc) for f in rows], (46, 22))


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
        _json(rows)
        return
    _table([(str(row["id"]), str(row["shown"])) for row in rows], (24,))


def _version(value: bool) -> None:
    if value:
        from nephroline.version import __version__

        typer.echo(f"nephroline {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Treatment-pathway decision support for nephrotic syndrome: rules in YAML, reasons in the open.

    Research and prototyping software; the decision stays with the treating clinician.
    """


# -- shared ------------------------------------------------------------------------------------------


def _record_and_pathway(source: str, pathway: str | None) -> tuple[Record, Pathway]:
    from nephroline.record import read_record

    document = _document(source)
    return read_record(document), _pathway_of(document, pathway)


def _document(source: str) -> Document:
    from nephroline.record import open_document

    content: RecordSource = sys.stdin.buffer.read() if source == "-" else Path(source)
    return open_document(content)


def _pathway_of(document: Document, pathway: str | None) -> Pathway:
    """The pathway that was asked for, else the scenario's own."""
    from nephroline.pathway import load_pathway
    from nephroline.yamlfile import mapping

    data = mapping(document.data)
    own: str | None = data.get("pathway") if "scenario" in data else None
    return load_pathway(pathway or own or DEFAULT_PATHWAY)


def _write(file: Path, text: str) -> None:
    from nephroline.errors import UsageError

    try:
        file.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise UsageError.of(f"{file} cannot be written: {problem.strerror}", "choose another file") from None


def _json(data: Any) -> None:
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(data), indent=2).decode())


def _table(rows: list[tuple[str, ...]], widths: tuple[int, ...]) -> None:
    from nephroline.faces.screen import Screen
    from nephroline.faces.text import table

    table(Screen(), rows, widths)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _problem_data(problem: Any) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "field": problem.path,
        "message": problem.message,
        "help": problem.help,
    }


def _complain(error: InputError) -> None:
    for problem in error.problems:
        typer.echo(f"error: {problem}", err=True)


def main() -> None:
    """Run the command line; no error of an author or a file ever shows a traceback."""
    from nephroline.errors import InferenceError, InputError

    # A command makes much that lives until it ends: looking through it often finds nothing to free.
    gc.set_threshold(50_000, 20, 50)
    try:
        app()
    except InputError as bad:
        _complain(bad)
        sys.exit(2)
    except InferenceError as bad:
        typer.echo(f"error: {bad}", err=True)
        sys.exit(3)
    except BrokenPipeError:
        # The reader (head, less) has gone; that is no error of ours.
        sys.stderr.close()
        sys.exit(0)
    finally:
        # What is left goes with the process; to look through it once more takes a sixth of a command.
        gc.freeze()
