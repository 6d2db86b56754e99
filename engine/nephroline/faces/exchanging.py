"""Commands that exchange charts with other systems."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nephroline.errors import UsageError, quoted
from nephroline.faces.commanding import (
    At,
    RulesOption,
    app,
    content_of,
    fhir_of,
    rule_base,
    show_fhir,
    show_json,
)

if TYPE_CHECKING:
    from nephroline.faces.screen import Screen
    from nephroline.interop.fhir import FhirRecord


@app.command(short_help="Read FHIR as a record, or write a record as FHIR.")
def fhir(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A FHIR R4 Bundle, NDJSON, a folder of them, or a record; - reads standard input.",
        ),
    ],
    at: At = None,
    rules: RulesOption = None,
    form: Annotated[
        Literal["record", "reading", "json", "bundle"] | None,
        typer.Option(
            "--format",
            "-f",
            help="Of FHIR: what became of each resource (reading, the default), the record as YAML, both as "
            "JSON, or a Bundle as it is written of a record.",
        ),
    ] = None,
    time_zero: Annotated[
        str | None,
        typer.Option(
            "--time-zero",
            metavar="DATE",
            help="The day that stands for time zero, to write a record whose times are offsets.",
        ),
    ] = None,
) -> None:
    """Read the chart of one patient from FHIR: the record that it makes, and what became of each resource.

    A record is written as a Bundle, from which the same record is read again. With --at, the short answer at
    that time stands below the reading.
    """
    from nephroline.interop.fhir import load_codes, write_fhir

    base = rule_base(rules)
    codes = load_codes(base.catalogue, Path(rules) if rules else None)
    content = content_of(source)
    found = fhir_of(content, base.catalogue, codes)
    if found is None or form == "bundle":
        if form not in (None, "bundle"):
            raise UsageError.of(f"{source} is a record, not FHIR", "leave --format out to write it as FHIR")
        if at is not None:
            raise UsageError.of("--at goes with the reading of FHIR", "nephroline consult answers at a time")
        made = content if found is None else found.record
        bundle = write_fhir(made, base.catalogue, codes, time_zero=_day(time_zero))
        show_fhir(bundle)
        return
    if time_zero is not None:
        raise UsageError.of("--time-zero goes with a record that is written", "leave it out to read FHIR")
    _show(found, form or "reading")
    if at is not None and form in (None, "reading"):
        from nephroline.faces.brief import show_brief
        from nephroline.faces.screen import Screen
        from nephroline.record import read_record
        from nephroline.selecting import thorough

        out = Screen()
        out.line()
        show_brief(out, thorough(read_record(found.record, base.catalogue), base, at))


def _day(written: str | None) -> date | None:
    """A day as it is given on the command line. Raises: UsageError if it is none."""
    try:
        return None if written is None else date.fromisoformat(written)
    except ValueError:
        raise UsageError.of(f"{quoted(written)} is no day", "--time-zero 2020-01-01") from None


def _show(found: FhirRecord, form: str) -> None:
    from nephroline.faces.screen import Screen
    from nephroline.yamlfile import written

    if form == "json":
        show_json({"record": found.record, "summary": found.reading.summary, "reading": found.reading.fates})
    elif form == "record":
        typer.echo(written(found.record), nl=False)
        typer.echo(f"# {found.reading.summary}", err=True)
    else:
        _show_reading(Screen(), found)


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
