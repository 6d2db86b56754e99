"""A cohort on one page that needs nothing else: counts, the flow through lines, what is missing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from nephroline.cohort.running import manifest_of, results_of, unreadable_of
from nephroline.cohort.tally import (
    MOST,
    Cell,
    Counted,
    Flow,
    InTime,
    ResultRow,
    by_year,
    concordance,
    ever,
    flow,
    latest,
    one_each,
    remissions,
    several,
)
from nephroline.consultation import NOTICE
from nephroline.consultation.wording import title_of_line
from nephroline.errors import UsageError
from nephroline.pathway import FindingOf, RuleBase, load_rules
from nephroline.report import report_style, templates_of
from nephroline.terms import Verdict, spoken


def cohort_page(out: Path, *, least: int = 5) -> str:
    """The page of a folder of results. Groups of fewer than *least* are not told.

    Raises: UsageError: the folder holds no results, or the run has not ended; the extra is not installed.
    """
    manifest = manifest_of(out)
    if manifest.summary is None:
        raise UsageError.of("the run has not ended", "give `cohort run` again: it goes on", file=str(out))
    rows: list[ResultRow] = list(results_of(out))
    last, held = latest(rows), ever(rows)
    titles = _Titles(load_rules(manifest.question.rules), tuple(manifest.rules))
    environment = templates_of("nephroline.cohort", {"count": _count})
    style = files("nephroline.cohort").joinpath("templates", "cohort.css").read_text(encoding="utf-8")
    begun, every = concordance(rows, least), len(rows) > len(last)
    dates = sorted(row["date"] for row in last if row["date"] is not None)
    return environment.get_template("cohort.html.jinja").render(
        manifest=manifest,
        summary=manifest.summary,
        least=least,
        tables=[*_tables(last, held if every else None, least, titles), *([begun] if begun else [])],
        years=by_year(held, least, titles.finding),
        strata=_strata(last, least, titles),
        dates=(dates[0], dates[-1]) if dates else None,
        unreadable=_reasons(out),
        style=report_style() + style,
        notice=NOTICE,
    )


def _strata(last: Sequence[ResultRow], least: int, titles: _Titles) -> list[Stratum]:
    """Each pathway by itself, for what is usual in one disease is not in another."""
    found: list[Stratum] = []
    for pathway in sorted({row["pathway"] for row in last}):
        ours = [row for row in last if row["pathway"] == pathway and row["verdict"] != Verdict.DOES_NOT_APPLY]
        if len(ours) >= least:
            went = flow(ours, least, titles.drug)
            found.append(Stratum(pathway, len(ours), drawn(went), went.of, remissions(ours, least)))
    return found


class _Titles:
    """What the rules of a run call findings, alerts, regimens and data."""

    def __init__(self, base: RuleBase, pathways: Sequence[str]) -> None:
        self._catalogue = base.catalogue
        self._findings: dict[str, str] = {}
        self._rules: dict[str, str] = {}
        for rule in (rule for name in pathways for rule in base.pathway(name).rules.values()):
            self._rules[rule.id] = rule.title
            if isinstance(rule.conclusion, FindingOf):
                self._findings[rule.conclusion.id] = rule.title

    def finding(self, name: str) -> str:
        return self._findings.get(name, spoken(name))

    def alert(self, name: str) -> str:
        return self._rules.get(name, spoken(name))

    def given(self, name: str) -> str:
        return title_of_line(self._catalogue, name)

    def drug(self, name: str) -> str:
        """A drug; one that is followed as a course of its class by that."""
        known = self._catalogue
        return known.class_of_lines(name).title if known.followed(name) else known.title(name)

    def datum(self, name: str) -> str:
        tables = (self._catalogue.analytes, self._catalogue.conditions, self._catalogue.assertions)
        return next((table[name].title for table in tables if name in table), spoken(name))


def _tables(
    last: Sequence[ResultRow],
    once: Sequence[Mapping[str, ResultRow]] | None,
    least: int,
    titles: _Titles,
) -> list[Counted]:
    """The tables of all patients; *once*: the labels that each ever held, where every time was asked."""
    held = [[one["id"] for one in row["labels"]] for row in last]
    alerts = [[one["id"] for one in row["alerts"]] for row in last]
    regimens = [row["regimen"] for row in last]
    ever_held = [] if once is None else [several("Labels ever held", once, least, called=titles.finding)]
    return [
        one_each("Pathway", (row["pathway"] for row in last), least, called=str),
        one_each("Whether it applies", (row["verdict"] for row in last), least),
        one_each("Response at the last decision", (row["status"] for row in last), least),
        several("Labels held at the last decision", held, least, called=titles.finding),
        *ever_held,
        one_each("Answer", (row["answer"] for row in last), least),
        one_each("Regimen of the answer", regimens, least, none="no regimen", called=titles.given),
        several("Data asked for", (row["missing"] for row in last), least, called=titles.datum),
        several("Alerts", alerts, least, called=titles.alert),
        several("Regimens that are out", (row["blocked"] for row in last), least, called=titles.given),
    ]


def _reasons(out: Path) -> list[Cell]:
    """Why rows could not be read, the most frequent first: by kind, without a word of the source."""
    counts = Counter(_QUOTED.sub("…", row["reason"]) for row in unreadable_of(out))
    return [Cell(reason, count) for reason, count in counts.most_common(MOST)]


_QUOTED = re.compile(r"`[^`]*`|\d{4}-\d\d(?:-\d\d)?")


def _count(count: int | None) -> str:
    """A count as it is shown."""
    return "hidden" if count is None else f"{count:,}"


# -- the flow as a picture ---------------------------------------------------------------------------------


class FlowBar(NamedTuple):
    """A line of therapy in the picture."""

    x: float
    y: float
    height: float
    name: str
    patients: int


class FlowBand(NamedTuple):
    """A way from one bar to another: the path of its middle, and how broad it is."""

    path: str
    width: float
    title: str


class Picture(NamedTuple):
    """The flow in a frame of *width* and *height*."""

    width: float
    height: float
    columns: list[tuple[float, str]]
    bars: list[FlowBar]
    bands: list[FlowBand]


class Stratum(NamedTuple):
    """The patients who were judged by one pathway: their flow, and remission on their first line."""

    pathway: str
    patients: int
    flow: Picture | None
    with_a_line: int
    remissions: InTime


_COLUMN, _LAST, _BAR, _GAP, _TOP, _TALL = 225.0, 30.0, 12.0, 18.0, 30.0, 320.0


def drawn(found: Flow) -> Picture | None:
    """The flow as bars and bands, each as tall as it has patients; None without any."""
    if not found.nodes:
        return None
    columns = sorted({node.line for node in found.nodes})
    whole = max(sum(node.count for node in found.nodes if node.line == line) for line in columns)
    scale = _TALL / whole
    bars: dict[tuple[int, str], FlowBar] = {}
    height = 0.0
    for line in columns:
        y = _TOP
        for node in sorted((n for n in found.nodes if n.line == line), key=lambda n: (-n.count, n.name)):
            tall = node.count * scale
            bars[line, node.name] = FlowBar((line - 1) * _COLUMN, y, tall, node.name, node.count)
            y += max(tall, _GAP) + 6
        height = max(height, y)
    out = {key: bar.y for key, bar in bars.items()}
    into = dict(out)
    bands: list[FlowBand] = []
    for link in found.links:
        source, target = (link.line, link.source), (link.line + 1, link.target)
        if source not in bars or target not in bars:
            continue
        broad = link.count * scale
        x1, x2 = bars[source].x + _BAR, bars[target].x
        y1, y2 = out[source] + broad / 2, into[target] + broad / 2
        out[source] += broad
        into[target] += broad
        middle = (x1 + x2) / 2
        path = f"M{x1:.1f},{y1:.1f} C{middle:.1f},{y1:.1f} {middle:.1f},{y2:.1f} {x2:.1f},{y2:.1f}"
        bands.append(FlowBand(path, broad, f"{link.source} → {link.target}"))
    heads = [((line - 1) * _COLUMN, f"line {line}") for line in columns]
    return Picture(len(columns) * _COLUMN + _LAST, height, heads, list(bars.values()), bands)
