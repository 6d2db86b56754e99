"""The commands that speak of a patient: consult, why, what if, replay, report."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from nephroline.faces.commanding import (
    AUTO,
    At,
    FormatOption,
    PathwayOption,
    QuickOption,
    RecordArgument,
    RulesOption,
    ShadowOption,
    app,
    asked_for,
    asked_of,
    complete_asked,
    complete_datum,
    complete_drug,
    complete_named,
    complete_regimen,
    count,
    document_of,
    errors_as_fhir,
    record_and_pathway,
    rule_base,
    show_answer,
    show_fhir,
    show_json,
    write,
)


@app.command(short_help="Where the patient stands, the next line, what comes first.")
def consult(
    record: RecordArgument,
    at: At = None,
    pathway: PathwayOption = None,
    rules: RulesOption = None,
    form: Annotated[
        Literal["text", "json", "fhir"],
        typer.Option("--format", "-f", help="Text for people, JSON for programs, or a FHIR R4 Bundle."),
    ] = "text",
    shadow: ShadowOption = False,
    margins: Annotated[
        bool, typer.Option("--margins", help="Also how far each value stands from another answer.")
    ] = False,
    before_stops: Annotated[
        bool,
        typer.Option(
            "--before-stops",
            help="Decide as if the drugs that end on that very day still ran, as replay does.",
        ),
    ] = False,
    quick: QuickOption = False,
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose", "-v", count=True, help="Show the whole answer; -vv with the basis of everything."
        ),
    ] = 0,
) -> None:
    """Where does this patient stand, what is the next line, and what must be checked first?"""
    from nephroline.selecting import consult as ask
    from nephroline.selecting import thorough

    engine = "shadow" if shadow else "durable"
    seen = not before_stops
    with errors_as_fhir(form == "fhir"):
        chart, asked = record_and_pathway(record, pathway, rules)
        if quick:
            answer = ask(chart, asked, at, backend_name=engine, stops_seen=seen)
        else:
            answer = thorough(chart, asked, at, margins=margins, backend_name=engine, stops_seen=seen)
    if form == "fhir":
        from nephroline.interop.fhir import answer_as_fhir

        show_fhir(answer_as_fhir(answer, chart, asked.catalogue, recorded=datetime.now(UTC)))
        return
    show_answer(answer, form=form, verbose=verbose, more="more: -v · reasons: nephroline why")


@app.command(short_help="The reasons of a finding, recommendation, block or alert.")
def why(
    record: RecordArgument,
    name: Annotated[
        str,
        typer.Argument(
            help="A rule, finding, regimen or alert by its id; next-line for the chosen one.",
            autocompletion=complete_named,
        ),
    ] = "next-line",
    at: At = None,
    pathway: PathwayOption = None,
    rules: RulesOption = None,
    form: FormatOption = "text",
) -> None:
    """Show the full tree of reasons of a finding, recommendation, block or alert."""
    from nephroline.explain import why as explain

    found = explain(*record_and_pathway(record, pathway, rules), name, at)
    if form == "json":
        show_json([item.to_data() for item in found])
        return
    from nephroline.faces.screen import Screen
    from nephroline.faces.text import show_explanations

    show_explanations(Screen(), found)


@app.command(name="why-not", short_help="Why a regimen is not the next line, and what would do.")
def why_not(
    record: RecordArgument,
    regimen: Annotated[
        str,
        typer.Argument(
            help="A regimen by its id; `nephroline units regimens` lists all.",
            autocompletion=complete_regimen,
        ),
    ],
    at: At = None,
    pathway: PathwayOption = None,
    rules: RulesOption = None,
    form: FormatOption = "text",
) -> None:
    """Why is this regimen not the next line, and what is the least that would make it so?"""
    from nephroline.changes.whynot import why_not as explain

    found = explain(*record_and_pathway(record, pathway, rules), regimen, at)
    if form == "json":
        show_json(found)
        return
    from nephroline.faces.outlook import show_why_not
    from nephroline.faces.screen import Screen

    show_why_not(Screen(), found)


@app.command(short_help="May this drug be given now, at what dose, what first?")
def order(
    record: RecordArgument,
    text: Annotated[
        str,
        typer.Argument(
            metavar="ORDER",
            help="A drug and a dose as a chart has it: 'cyclosporine 100 mg bid'.",
            autocompletion=complete_drug,
        ),
    ],
    at: At = None,
    pathway: PathwayOption = None,
    rules: RulesOption = None,
    form: FormatOption = "text",
) -> None:
    """May this be given now? Judged as if it were begun: why not, at what dose, what first, what instead."""
    from nephroline.ordering import order as judge

    found = judge(*record_and_pathway(record, pathway, rules), text, at)
    if form == "json":
        show_json(found)
        return
    from nephroline.faces.ordered import show_order
    from nephroline.faces.screen import Screen

    show_order(Screen(), found)


@app.command(name="what-if", short_help="The answer with other data, and how it differs.")
def what_if(
    record: RecordArgument,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Set a datum now: creatinine=2.5mg/dL, biopsy.diagnosis=mcd, pregnancy=no; at another time:"
            " 'creatinine@4 mo=1.0 mg/dL'.",
            autocompletion=complete_datum,
        ),
    ] = None,
    removes: Annotated[
        list[str] | None,
        typer.Option("--remove", metavar="NAME", help="Remove a condition, drug, analyte or biopsy."),
    ] = None,
    wait: Annotated[
        list[str] | None,
        typer.Option("--wait", metavar="TIME", help="Let time pass first: 8wk, 3mo, or up to a date."),
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
    force: Annotated[
        bool, typer.Option("--force", help="Let --save write over a file, the record itself too.")
    ] = False,
    at: At = None,
    pathway: PathwayOption = None,
    rules: RulesOption = None,
    form: FormatOption = "text",
) -> None:
    """What would the answer be with other data, and how does it differ from the one that is?"""
    from nephroline.changes.edits import Edit, setting, several
    from nephroline.changes.whatif import what_if as ask
    from nephroline.errors import UsageError

    document = document_of(record)
    first = [setting(text) for text in sets or []] + [Edit("remove", name) for name in removes or []]
    first += [Edit("wait", value=time) for time in wait or []]
    alternatives = ([first] if first else []) + [list(several(text)) for text in also or []]
    if not alternatives:
        raise UsageError.of("nothing is changed", "give --set, --remove, --wait or --also")
    if save is not None and len(alternatives) != 1:
        raise UsageError.of("one alternative is saved, not several", "give --save with a single alternative")
    if save is not None and save.exists() and not force:
        itself = record != "-" and save.samefile(record)
        told = f"{save} is the record itself" if itself else f"{save} is there already"
        raise UsageError.of(told, "save the changed record in another file, or give --force")
    found = ask(document, asked_of(document, pathway, rules), alternatives, at)
    if save is not None:
        from nephroline.yamlfile import written

        write(save, written(found.alternatives[0].data))
        if any(edit.verb == "wait" for edit in first):
            decided = found.alternatives[0].consultation.as_of.label
            typer.echo(f"a record holds no decision time: consult it with --at '{decided}'", err=True)
    if form == "json":
        show_json(found.to_data())
        return
    from nephroline.faces.outlook import show_what_if
    from nephroline.faces.screen import Screen

    show_what_if(Screen(), found)


@app.command(short_help="Where editions agree about a patient, and where not.")
def compare(
    record: RecordArgument,
    pathways: Annotated[
        str, typer.Option("--pathways", metavar="A,B", help="The pathways, with commas between.")
    ] = "kdigo-2012/fsgs,kdigo-2021/fsgs",
    at: Annotated[str | None, typer.Option("--at", help="One decision time. Default: all.")] = None,
    rules: RulesOption = None,
    form: FormatOption = "text",
) -> None:
    """Where do editions agree about this patient, where not, and what makes the difference?"""
    from nephroline.comparing import compare as ask
    from nephroline.consultation import decision_time
    from nephroline.errors import UsageError
    from nephroline.record import read_record
    from nephroline.replaying import drawn_at_most

    names = [name.strip() for name in pathways.split(",") if name.strip()]
    if len(names) < 2 or len(set(names)) < len(names):
        raise UsageError.of("a comparison takes two or more pathways", "--pathways A,B")
    base = rule_base(rules)
    chart = read_record(document_of(record), base.catalogue)
    when = decision_time(chart, at) if at else None
    most = drawn_at_most(chart)
    found = ask(chart, [base.pathway(name) for name in names], when, most=most)
    if when is None and len(found) < len(chart.moments()):
        told = (
            f"compared at {len(found)} of {len(chart.moments())} dates, evenly chosen; --at compares at one"
        )
        typer.echo(told, err=True)
    if form == "json":
        show_json(found)
        return
    from nephroline.faces.comparison import show_comparison
    from nephroline.faces.screen import Screen

    show_comparison(Screen(), found)


@app.command(short_help="Walk scenarios through every moment, and check them.")
def replay(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            help="Scenario or record files, or folders. Default: the scenarios that come with Nephroline."
        ),
    ] = None,
    pathway: PathwayOption = None,
    rules: RulesOption = None,
    form: FormatOption = "text",
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only the totals, and what was missed.")
    ] = False,
    quick: QuickOption = False,
    plain: Annotated[bool, typer.Option("--ascii", help="Draw the timeline with plain signs only.")] = False,
    shadow: ShadowOption = False,
) -> None:
    """Walk scenarios through every moment at which something changed, and check what they expect."""
    from nephroline.catalogue import data_root
    from nephroline.faces.progress import Progress
    from nephroline.replaying import read_course, scenario_files
    from nephroline.replaying import replay as walk

    files = scenario_files(paths or [str(data_root("scenarios"))])
    base = rule_base(rules, pathway)
    done: list[Any] = []
    with Progress(len(files)) as progress:
        for file in files:
            heard = progress.of(file.name)
            scenario = read_course(document_of(str(file), base.catalogue), base.catalogue)
            asked = asked_for(base, pathway, scenario)
            engine = "shadow" if shadow else "durable"
            done.append(walk(scenario, asked, backend_name=engine, quick=quick, progress=heard))
    failed = sum(len(item.failed) for item in done)
    if form == "json":
        show_json({"scenarios": [item.to_data() for item in done]})
    else:
        from nephroline.faces.screen import Screen
        from nephroline.faces.text import show_replay

        out = Screen(plain=plain)
        for item in done:
            if not quiet or item.failed:
                show_replay(out, item, ascii_only=plain)
        passed = sum(item.passed for item in done)
        typer.echo(f"{count(len(done), 'scenario')}, {count(passed, 'expectation')} met, {failed} missed")
    if failed:
        raise typer.Exit(1)


@app.command(short_help="Draw the course of patients as one HTML page.")
def report(
    paths: Annotated[list[str], typer.Argument(help="Records, scenarios, or folders of them.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="The page to write; a .pdf is printed.")
    ] = Path("report.html"),
    pathway: PathwayOption = None,
    rules: RulesOption = None,
    scale: Annotated[
        Literal["linear", "log"],
        typer.Option("--scale", help="How to draw values that spread over more than a factor of ten."),
    ] = "linear",
    quick: QuickOption = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="Also print the page to a PDF beside it.")] = False,
) -> None:
    """Draw the course of patients, with what the rules said at each decision, as one HTML page."""
    from nephroline.course import course_of
    from nephroline.faces.progress import Progress
    from nephroline.replaying import drawn_at_most, read_course, scenario_files
    from nephroline.replaying import replay as walk
    from nephroline.report import page, write_pdf

    files = scenario_files(paths)
    base = rule_base(rules, pathway)
    courses: list[Any] = []
    with Progress(len(files)) as progress:
        for file in files:
            heard = progress.of(file.name)
            scenario = read_course(document_of(str(file), base.catalogue), base.catalogue)
            asked = asked_for(base, pathway, scenario)
            most = drawn_at_most(scenario.record)
            courses.append(course_of(walk(scenario, asked, quick=quick, most=most, progress=heard)))
        progress.of("drawing")
        html = page(courses, scale=scale)
        if out.suffix == ".pdf":
            write_pdf(html, out)
        else:
            write(out, html)
            if pdf:
                write_pdf(html, out.with_suffix(".pdf"))
    typer.echo(f"{count(len(courses), 'course')} drawn: {out.resolve()}")
    if pdf and out.suffix != ".pdf":
        typer.echo(f"on paper: {out.with_suffix('.pdf').resolve()}")


@app.command(short_help="Draw the lines of therapy of a pathway as a diagram.")
def graph(
    pathway: Annotated[
        str | None,
        typer.Argument(
            help=f"A pathway id or YAML file. Default: the scenario's own, else {AUTO}, by the record.",
            autocompletion=complete_asked,
        ),
    ] = None,
    record: Annotated[
        str | None,
        typer.Option("--record", "-r", help="Mark this patient's way: a record or scenario."),
    ] = None,
    rules: RulesOption = None,
    form: Annotated[
        Literal["mermaid", "dot", "svg"] | None,
        typer.Option("--format", "-f", help="Default: by the ending of --out, else mermaid."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write here, not to the screen.")
    ] = None,
) -> None:
    """Draw the lines of therapy of a pathway, and the rules that lead from one to the next."""
    from nephroline.errors import UsageError
    from nephroline.phrases import taken
    from nephroline.replaying import drawn_at_most, read_course
    from nephroline.replaying import replay as walk
    from nephroline.report import graph as drawing
    from nephroline.roadmap import roadmap_of
    from nephroline.selecting import select

    base = rule_base(rules, pathway)
    done = None
    if record is not None:
        course = read_course(document_of(record), base.catalogue)
        selected = select(course.record, asked_for(base, pathway, course))
        if selected.because:
            typer.echo(taken(selected.reference), err=True)
        found = selected.pathway
        done = walk(course, found, most=drawn_at_most(course.record))
    elif pathway in (None, AUTO):
        raise UsageError.of("there is no record to choose a pathway by", "name a pathway, or give --record")
    else:
        found = base.pathway(str(pathway))
    ending = {".svg": "svg", ".dot": "dot", ".gv": "dot"}.get(out.suffix if out else "", "mermaid")
    kind = form or ending
    draw = {"mermaid": drawing.mermaid, "dot": drawing.dot, "svg": drawing.svg}[kind]
    text = draw(roadmap_of(found, done))
    if out is None:
        typer.echo(text, nl=False)
        return
    write(out, text)
    typer.echo(f"drawn: {out.resolve()}")
