"""Commands that exchange charts with other systems."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nephroline.faces.commanding import At, RulesOption, app, content_of, rule_base, show_json

if TYPE_CHECKING:
    from nephroline.faces.screen import Screen
    from nephroline.interop.fhir import FhirRecord


@app.command(short_help="Read FHIR: the record it makes, what became of each resource.")
def fhir(
    source: Annotated[
        str,
        typer.Argument(
            metavar="BUNDLE",
            help="A FHIR R4 Bundle, NDJSON, or a folder of them; - reads standard input.",
        ),
    ],
    at: At = None,
    rules: RulesOption = None,
    form: Annotated[
        Literal["record", "reading", "json"],
        typer.Option(
            "--format",
            "-f",
            help="The record as YAML, what became of each resource, or both as JSON.",
        ),
    ] = "reading",
) -> None:
    """Read the chart of one patient from FHIR: the record that it makes, and what became of each resource.

    With --at, the short answer at that time stands below the reading.
    """
    from nephroline.interop.fhir import load_codes, read_fhir
    from nephroline.yamlfile import written

    base = rule_base(rules)
    codes = load_codes(base.catalogue, Path(rules) if rules else None)
    found = read_fhir(content_of(source), base.catalogue, codes)
    if form == "json":
        show_json({"record": found.record, "summary": found.reading.summary, "reading": found.reading.fates})
    elif form == "record":
        typer.echo(written(found.record), nl=False)
        typer.echo(f"# {found.reading.summary}", err=True)
    else:
        from nephroline.faces.screen import Screen

        _show_reading(Screen(), found)
    if at is not None and form == "reading":
        from nephroline.faces.brief import show_brief
        from nephroline.faces.screen import Screen
        from nephroline.record import read_record
        from nephroline.selecting import thorough

        out = Screen()
        out.line()
        show_brief(out, thorough(read_record(found.record, base.catalogue), base, at))


_STYLES = {"used": "green", "not-understood": "yellow", "left-out": "dim"}
_TITLES = {"used": "USED", "not-understood": "NOT UNDERSTOOD", "left-out": "LEFT OUT"}


def _show_reading(out: Screen, found: FhirRecord) -> None:
    """What became of each resource: what was used first, then what should have been, then the rest."""
    out.line((f"{found.record['id']}: {found.reading.summary}", "bold"))
    for outcome, style in _STYLES.items():
        fates = [fate for fate in found.reading.fates if fate.outcome == outcome]
        if not fates:
            continue
        out.line()
        out.line((_TITLES[outcome], f"bold {style}"))
        for fate in fates:
            told = " · ".join(filter(None, (fate.told, fate.because)))
            out.hang(((f"  {fate.resource}  ", style),), ((told, ""),), 4)
