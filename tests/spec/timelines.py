"""Drawn timelines: what lines of therapy, and what phases of the steroid course, a chart makes.

Each is a YAML file in `timelines/`. It is run by `test_timelines.py`, which also holds its drawing against the
chart, and printed into `docs/features.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from chapters import HERE, LABEL, WIDTH, bar, column, pathway_to_ask, placed, row_of, series, ticks

from nephroline.errors import RecordError
from nephroline.pathway import Pathway
from nephroline.record import Moment, Record, read_record
from nephroline.yamlfile import read_file

ROOM = HERE / "timelines"


class ExpectedLine(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"start": "from", "end": "to"},
):
    """A line of therapy: its agents, the steroid beside them, its times; without an end it runs."""

    drugs: list[str]
    beside: list[str] = []
    start: Any
    end: Any = None
    stopped_for: str = ""


class Look(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The steroid course at one time: its phase, its days at full dose, and the line that runs, if one does."""

    at: str
    phase: str
    full_dose: str
    line: list[str] = []


class Drawn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A chart with the lines that are seen at `at`, and the steroid course over time."""

    title: str
    text: str
    record: dict[str, Any]
    at: str
    drawing: str
    lines: list[ExpectedLine]
    steroid: list[Look]


def timelines() -> Iterator[tuple[Path, Drawn]]:
    """Every timeline with its file, in order of their names."""
    for file in sorted(ROOM.glob("*.yaml")):
        yield file, msgspec.convert(read_file(file, file.name, RecordError).data, Drawn, strict=False)


def pathway_in(place: Path) -> Pathway:
    """The pathway under which timelines are read."""
    return pathway_to_ask(place, "a drawn timeline", [])


def record_in(drawn: Drawn, pathway: Pathway) -> Record:
    """The chart of a timeline, read."""
    return read_record({"id": "timeline", "time_zero": "presentation"} | drawn.record, pathway.catalogue)


def drawing(drawn: Drawn, record: Record) -> str:
    """The chart, the lines of therapy and the phases of the steroid course on one scale."""
    clock = record.clock
    last = float(clock.read(drawn.at).latest)

    def moment(raw: Any) -> Moment | None:
        return None if raw is None else clock.read(raw)

    rows = [row_of("", ticks(last))]
    rows += [row_of(label, text) for label, text in series(drawn.record, record, last)]
    for number, line in enumerate(drawn.lines, start=1):
        told = " + ".join(line.drugs)
        rows.append(row_of(f"line {number}", bar(told, clock.read(line.start), moment(line.end), last)))
    cells = [(column(float(clock.read(look.at).latest), last), look.phase) for look in drawn.steroid]
    rows.append(row_of("steroid", placed(cells)))
    assert all(len(row) <= LABEL + 2 * WIDTH for row in rows)
    return "\n".join(rows)


def printed(drawn: Drawn) -> list[str]:
    """The timeline as a page shows it."""
    lines = [
        f"### {drawn.title}",
        "",
        " ".join(drawn.text.split()),
        "",
        "```text",
        *drawn.drawing.splitlines(),
        "```",
        "",
    ]
    lines += ["| line | agents | beside them | from | to | stopped for |", "|---|---|---|---|---|---|"]
    for number, line in enumerate(drawn.lines, start=1):
        times = f"{_time(line.start)} | {'runs' if line.end is None else _time(line.end)}"
        told = line.stopped_for or ("" if line.end is None else "not recorded")
        lines.append(f"| {number} | {', '.join(line.drugs)} | {', '.join(line.beside)} | {times} | {told} |")
    lines += ["", "| at | steroid | so far at full dose | line that runs |", "|---|---|---|---|"]
    lines += [
        f"| {look.at} | {look.phase} | {look.full_dose} | {', '.join(look.line) or 'none'} |"
        for look in drawn.steroid
    ]
    return [*lines, ""]


def _time(raw: Any) -> str:
    return f"between {raw['between'][0]} and {raw['between'][1]}" if isinstance(raw, dict) else str(raw)
