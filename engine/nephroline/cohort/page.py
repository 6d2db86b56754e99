"""A cohort on one page that needs nothing else: counts, the flow through lines, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from nephroline.cohort.running import manifest_of, results_of, unreadable_of
from nephroline.cohort.tally import (
    Cell,
    Counted,
    Flow,
    ResultRow,
    by_year,
    concordance,
    flow,
    latest,
    one_each,
    remissions,
    several,
)
from nephroline.consultation import NOTICE
from nephroline.errors import UsageError
from nephroline.pathway import FindingOf, RuleBase, load_rules
from nephroline.report import report_style, templates_of
from nephroline.terms import spoken


def cohort_page(out: Path, *, least: int = 5) -> str:
    """The page of a folder of results. Groups of fewer patients than *least* are not told.

    Raises: UsageError: the folder holds no results, or the run has not ended; the extra is not installed.
    """
    manifest = manifest_of(out)
    if manifest.summary is None:
        raise UsageError.of("the run has not ended", "give `cohort run` again: it goes on", file=str(out))
    rows = results_of(out)
    last = latest(rows)
    titles = _Titles(load_rules(manifest.question.rules), tuple(manifest.rules))
    environment = templates_of("nephroline.cohort", {"count": _count})
    style = files("nephroline.cohort").joinpath("templates", "cohort.css").read_text(encoding="utf-8")
    return environment.get_template("cohort.html.jinja").render(
        manifest=manifest,
        summary=manifest.summary,
        least=least,
        tables=_tables(last, least, titles),
        years=by_year(last, least, titles.finding),
        remissions=remissions(last, least),
        concordance=concordance(rows, least),
        flow=drawn(flow(last, least, titles.given)),
        unreadable=_reasons(out),
        pathways=sorted({row["pathway"] for row in last}),
        style=report_style() + style,
        notice=NOTICE,
    )


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
        known = self._catalogue.regimens.get(name)
        return known.title if known is not None else self._catalogue.title(name)

    def datum(self, name: str) -> str:
        tables = (self._catalogue.analytes, self._catalogue.conditions, self._catalogue.assertions)
        return next((table[name].title for table in tables if name in table), spoken(name))


def _tables(last: Sequence[ResultRow], least: int, titles: _Titles) -> list[Counted]:
    labels = [[one["id"] for one in row["labels"]] for row in last]
    alerts = [[one["id"] for one in row["alerts"]] for row in last]
    regimens = [row["regimen"] for row in last]
    return [
        one_each("Whether the pathway applies", (row["verdict"] for row in last), least),
        one_each("Response now", (row["status"] for row in last), least),
        several("Labels earned", labels, least, called=titles.finding),
        one_each("Answer", (row["answer"] for row in last), least),
        one_each("Regimen of the answer", regimens, least, none="no regimen", called=titles.given),
        several("Data asked for", (row["missing"] for row in last), least, called=titles.datum),
        several("Alerts", alerts, least, called=titles.alert),
        several("Regimens that are out", (row["blocked"] for row in last), least, called=titles.given),
    ]


def _reasons(out: Path) -> list[Cell]:
    """Why rows could not be read, the most frequent first. They are of the source: none is hidden."""
    counts: dict[str, int] = {}
    for row in unreadable_of(out):
        counts[row["reason"]] = counts.get(row["reason"], 0) + 1
    return [Cell(reason, count) for reason, count in sorted(counts.items(), key=lambda i: -i[1])[:_MOST]]


_MOST = 20


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
        bands.append(FlowBand(path, broad, f"{link.source} → {link.target}: {link.count:,}"))
    heads = [((line - 1) * _COLUMN, f"line {line}") for line in columns]
    return Picture(len(columns) * _COLUMN + _LAST, height, heads, list(bars.values()), bands)
