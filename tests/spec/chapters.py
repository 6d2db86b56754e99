"""The chapters of the specification: each says what one thing means, on charts small enough to draw.

A chapter is a YAML file. It is read here, run by `test_chapters.py`, and printed into `docs/features.md`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from nephroline.errors import RecordError
from nephroline.explain import Explanation, why
from nephroline.pathway import Pathway, load_pathway
from nephroline.record import Record, read_record
from nephroline.yamlfile import read_file, written

HERE = Path(__file__).resolve().parent
WORDS = {True: "yes", False: "no", None: "unknown"}


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One chart: what is added to the chart of the chapter (rows of a section), or left out of it.

    `holds`: how each condition of the chapter comes out, in order: yes, no or unknown. `said`: a text that the
    sentence of the first condition contains. `needs`: the data that are asked for when one is unknown.
    """

    case: str
    add: dict[str, Any] = {}
    without: list[str] = []
    at: str = ""
    line: int = 1
    holds: list[str]
    said: str = ""
    needs: list[str] = []


class Chapter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one feature or one node of the language means.

    `about` names them. `conditions` are asked of every case, at `at` unless the case says otherwise, of the
    patient, of a line (the case says which), or of the last assessment. `definitions` and `rules` are written as
    in a pathway. `never_unknown`: why no case is.
    """

    title: str
    about: list[str]
    text: str
    scope: str = "patient"
    record: dict[str, Any] = {}
    at: str
    thresholds: dict[str, Any] = {}
    definitions: list[dict[str, Any]] = []
    rules: list[dict[str, Any]] = []
    conditions: list[str]
    never_unknown: str = ""
    cases: list[Case]

    def chart(self, case: Case) -> dict[str, Any]:
        """The record of a case, as data."""
        found: dict[str, Any] = {"id": "chapter", "time_zero": "presentation"} | copy.deepcopy(self.record)
        for section in case.without:
            del found[section]
        for section, rows in case.add.items():
            if isinstance(rows, list):
                found[section] = [*found.get(section, []), *rows]
            elif isinstance(rows, dict):
                found[section] = found.get(section, {}) | rows
            else:
                found[section] = rows
        return found


def chapters(*rooms: str) -> Iterator[tuple[Path, Chapter]]:
    """Every chapter with its file, in order of their names; of some rooms or of all."""
    for file in sorted(HERE.rglob("*.yaml")):
        if not rooms or file.parent.name in rooms:
            yield file, msgspec.convert(read_file(file, file.name, RecordError).data, Chapter, strict=False)


def pathway_of(chapter: Chapter, place: Path) -> Pathway:
    """A pathway that asks the conditions of a chapter: ``asked-1`` and so on. It is written into a folder."""
    per_line = {"for": "line"} if chapter.scope == "line" else {}
    responses = [{"is": "complete-remission", "when": "proteinuria < proteinuria_of_remission"}]
    limits = dict(chapter.thresholds)
    if chapter.scope != "assessment":
        limits["proteinuria_of_remission"] = {"value": "0.3 g/d"}
    asked = list(chapter.conditions)
    definitions = list(chapter.definitions)
    if chapter.scope == "assessment":
        # An assessment is asked by the response that it shows; a pathway has one set of responses.
        (when,) = asked
        definitions.append({"id": "asked", "title": "asked", "of": "assessment", "when": when})
        responses = [{"is": "complete-remission", "when": "asked"}]
        asked = ["response == complete-remission"]
    data = {
        "pathway": "spec/chapter",
        "title": chapter.title,
        "edition": "a chapter",
        "disease": "fsgs",
        "source": "nephroline",
        "uses": ["shared/windows"],
        "thresholds": {
            name: {"title": name.replace("_", " "), "confidence": "policy"} | limit
            for name, limit in limits.items()
        },
        "definitions": [{"of": chapter.scope} | definition for definition in definitions],
        "responses": responses,
        "applicability": [{"verdict": "applies", "when": "diagnosed(fsgs)", "because": "a biopsy shows it"}],
        "rules": [
            {"statement": {"kind": "policy", "confidence": "policy"}, "rationale": "A chapter."} | rule
            for rule in [
                *chapter.rules,
                *(
                    {"id": f"asked-{n}", "title": f"asked {n}", "when": when, "finding": f"asked-{n}"}
                    | per_line
                    for n, when in enumerate(asked, start=1)
                ),
            ]
        ],
    }
    file = place / "chapter.yaml"
    file.write_text(written(data), encoding="utf-8")
    return load_pathway(file)


def record_of(chapter: Chapter, case: Case, pathway: Pathway) -> Record:
    """The chart of a case, read."""
    return read_record(chapter.chart(case), pathway.catalogue)


def asked(chapter: Chapter, case: Case, pathway: Pathway, number: int) -> Explanation:
    """How a condition comes out for a case, why, and what is missing."""
    record = record_of(chapter, case, pathway)
    found = why(record, pathway, f"asked-{number}", case.at or chapter.at)
    wanted = case.line if chapter.scope == "line" else None
    return next(each for each in found if each.line == wanted)


# -- drawn -------------------------------------------------------------------------------------------------

_LABEL, _WIDTH = 26, 70


def drawn(chapter: Chapter, pathway: Pathway) -> list[str]:
    """The chapter as a page shows it: text, charts on one scale, and how each condition comes out."""
    records = [record_of(chapter, case, pathway) for case in chapter.cases]
    ends = [records[0].clock.read(case.at or chapter.at).latest for case in chapter.cases]
    last = max(ends)
    lines = [f"### {chapter.title}", "", " ".join(chapter.text.split()), ""]
    lines += [*_named(chapter), "```text"]
    lines += [_row("", _ticks(float(last)))]
    common = msgspec.structs.replace(chapter.cases[0], add={}, without=[])
    base = list(_series(chapter.chart(common), records[0], float(last))) if chapter.record else []
    lines += [_row(label, text) for label, text in base]
    for case, record, end in zip(chapter.cases, records, ends, strict=True):
        name = f"{case.case}"
        whole = chapter.chart(case)
        own = {name: rows if isinstance(rows, list) else whole[name] for name, rows in case.add.items()}
        shown = list(_series(own, record, float(last)))
        left = [f"without {', '.join(case.without)}"] if case.without else []
        when = [] if end == last else [f"asked at {case.at or chapter.at}"]
        lines.append(_row(name, ", ".join([*left, *when])))
        lines += [_row(f"  {label}", text) for label, text in shown]
    lines += ["```", "", "| case | " + " | ".join(f"`{c}`" for c in chapter.conditions) + " | asks for |"]
    lines += ["|---" * (len(chapter.conditions) + 2) + "|"]
    for case in chapter.cases:
        told = f"{case.case} ({case.said})" if case.said else case.case
        lines.append(f"| {told} | " + " | ".join(case.holds) + f" | {', '.join(case.needs)} |")
    return [*lines, ""]


def _named(chapter: Chapter) -> list[str]:
    """What the names in the conditions stand for."""
    found = [f"`{name}` is {_values(limit['value'])}" for name, limit in chapter.thresholds.items()]
    found += [f"`{each['id']}` is `{' '.join(each['when'].split())}`" for each in chapter.definitions]
    for rule in chapter.rules:
        unless = f" unless `{rule['unless']}`" if "unless" in rule else ""
        found.append(f"`{rule['finding']}` is concluded when `{' '.join(rule['when'].split())}`{unless}")
    return [f"Here {'; '.join(found)}.", ""] if found else []


def _values(value: Any) -> str:
    return " = ".join(map(str, value)) if isinstance(value, list) else str(value)


def _row(label: str, text: str) -> str:
    return f"{label:{_LABEL}} {text}".rstrip()


def _column(day: float, last: float) -> int:
    return round(day / last * _WIDTH) if last else 0


def _ticks(last: float) -> str:
    months = last / 30.4375
    step = next(s for s in (1, 2, 3, 6, 12, 24, 60, 120, 600) if months / s <= 10)
    cells = [(_column(m * 30.4375, last), f"{m} mo") for m in range(0, int(months + 1.001), step)]
    return _placed(cells)


def _placed(cells: Sequence[tuple[int, str]]) -> str:
    """Texts at their columns; one that would run into the one before it moves to the right."""
    line = ""
    for column, text in cells:
        start = max(column, len(line) + 1) if line else column
        line = f"{line:{start}}{text}"
    return line


def _series(data: Mapping[str, Any], record: Record, last: float) -> Iterator[tuple[str, str]]:
    """What a chart says, a row for each drug and value, and one for the rest."""

    def at(row: Mapping[str, Any], name: str = "at") -> int:
        return _column(float(record.clock.read(row[name]).latest), last)

    def noted(row: Mapping[str, Any], told: str) -> tuple[int, str]:
        """Where a fact stands; what is dated between two bounds is drawn from one to the other."""
        when = record.clock.read(row["at"])
        first, end = _column(float(when.earliest), last), at(row)
        return (first, f"{'?' * (end - first)}{told}") if first < end else (end, told)

    for row in data.get("exposures", []):
        told = ", ".join(str(v) for k, v in row.items() if k not in ("drug", "from", "to"))
        start = at(row, "from")
        known = row.get("to") not in (None, "unknown")
        end = at(row, "to") if known else _WIDTH
        bar = f"{told} ".ljust(max(end - start, 1), "━") + ("┤" if known else "▶")
        yield str(row["drug"]), _placed([(start, bar)])
    values: dict[str, list[tuple[int, str]]] = {}
    for row in data.get("observations", []):
        for name, value in row.items():
            if name not in ("at", "reported", "cite"):
                values.setdefault(name, []).append(noted(row, str(value)))
    for row in data.get("conditions", []):
        there = {"False": "no", "unknown": "not known"}.get(str(row.get("present")), "yes")
        told = row.get("control", there)
        values.setdefault(row["name"], []).append(noted(row, str(told)))
    for row in data.get("biopsies", []):
        told = ", ".join(f"{k} {v}" for k, v in row.items() if k != "at")
        values.setdefault("biopsy", []).append(noted(row, told))
    for name, given in data.get("findings", {}).items():
        for row in given if isinstance(given, list) else [given]:
            values.setdefault(name, []).append(noted(row, WORDS[row["value"]]))
    for name, cells in values.items():
        yield name.replace("_", " "), _placed(sorted(cells))
    for name in ("age", "birth_date", "sex", "weight", "height", "time_zero"):
        if name in data and data[name] != "presentation":
            yield name.replace("_", " "), str(data[name])
