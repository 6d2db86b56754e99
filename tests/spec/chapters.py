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
from nephroline.record import Moment, Record, read_record
from nephroline.yamlfile import read_file, written

HERE = Path(__file__).resolve().parent
WORDS = {True: "yes", False: "no", None: "unknown"}

LIMITS = {
    "full_remission": {"value": "0.3 g/d"},
    "nephrotic_range": {"value": "3.5 g/d"},
    "fall_by_half": {"value": "-50 %"},
    "steroid_adequate_dose": {"value": "0.95 mg/kg/d"},
    "steroid_daily_most": {"value": "80 mg/d"},
    "steroid_alternate_most": {"value": "120 mg/2d"},
}
"""What every chapter takes for a response, and for the full dose of a steroid."""
RESPONSES = (
    {"is": "complete-remission", "when": "proteinuria < full_remission"},
    {"is": "relapse", "when": "proteinuria > nephrotic_range and earlier(complete-remission)"},
    {
        "is": "partial-remission",
        "when": "proteinuria <= nephrotic_range and change_in_episode(proteinuria) <= fall_by_half",
    },
    {"is": "no-response", "when": "proteinuria > nephrotic_range"},
)
IN_WORDS = (
    "Complete remission is proteinuria below 0.3 g/d; relapse above 3.5 g/d after it; partial remission a fall by half"
    " in this episode to 3.5 g/d or less; no response what stays above. A steroid is at its full dose from 0.95 mg/kg,"
    " 80 mg, or 120 mg every second day on."
)


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
    patient, of a line (the case says which), or of the last assessment. `definitions`, `rules`, `exposure` and
    `responses` are written as in a pathway; without responses they are as in `RESPONSES`, and an assessment is
    judged by what it is asked alone. `never_unknown`, `never_no`: why no case is.
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
    exposure: list[dict[str, Any]] = []
    responses: list[dict[str, Any]] = []
    conditions: list[str]
    never_unknown: str = ""
    never_no: str = ""
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
        if file.parent.name in rooms or (not rooms and file.parent.name != "timelines"):
            yield file, msgspec.convert(read_file(file, file.name, RecordError).data, Chapter, strict=False)


def pathway_of(chapter: Chapter, place: Path) -> Pathway:
    """A pathway that asks the conditions of a chapter: ``asked-1`` and so on. It is written into a folder."""
    per_line = {"for": "line"} if chapter.scope == "line" else {}
    responses = [*(chapter.responses or RESPONSES)]
    limits = dict(chapter.thresholds)
    asked = list(chapter.conditions)
    definitions = list(chapter.definitions)
    if chapter.scope == "assessment":
        # An assessment is asked by the response that it shows; a pathway has one set of responses.
        (when,) = asked
        definitions.append({"id": "asked", "title": "asked", "of": "assessment", "when": when})
        responses = [*chapter.responses, {"is": "relapse", "when": "asked"}]
        asked = ["response == relapse"]
    limits |= {
        name: limit for name, limit in LIMITS.items() if _named_in(name, responses) or "steroid" in name
    }
    rules = [
        *chapter.rules,
        *(
            {"id": f"asked-{n}", "title": f"asked {n}", "when": when, **_concluding(n, when)} | per_line
            for n, when in enumerate(asked, start=1)
        ),
    ]
    return pathway_to_ask(
        place,
        chapter.title,
        rules,
        thresholds=limits,
        definitions=[{"of": chapter.scope} | definition for definition in definitions],
        responses=responses,
        exposure=chapter.exposure,
    )


def pathway_to_ask(
    place: Path,
    title: str,
    rules: Sequence[Mapping[str, Any]],
    *,
    thresholds: Mapping[str, Any] = LIMITS,
    definitions: Sequence[Mapping[str, Any]] = (),
    responses: Sequence[Mapping[str, Any]] = RESPONSES,
    exposure: Sequence[Mapping[str, Any]] = (),
) -> Pathway:
    """A pathway with little but some rules, written into a folder."""
    data = {
        "pathway": "spec/chapter",
        "title": title,
        "edition": "a chapter",
        "disease": "fsgs",
        "source": "nephroline",
        "uses": ["shared/windows", "shared/dosing"],
        "thresholds": {
            name: {"title": name.replace("_", " "), "confidence": "policy", **limit}
            for name, limit in thresholds.items()
        },
        "definitions": [*definitions],
        "responses": [*responses],
        "exposure": [*exposure],
        "applicability": [{"verdict": "applies", "when": "diagnosed(fsgs)", "because": "a biopsy shows it"}],
        "rules": [
            {"statement": {"kind": "policy", "confidence": "policy"}, "rationale": "A chapter.", **rule}
            for rule in rules
        ],
    }
    file = place / "chapter.yaml"
    file.write_text(written(data), encoding="utf-8")
    return load_pathway(file)


def _named_in(name: str, responses: Sequence[Mapping[str, Any]]) -> bool:
    return any(name in response["when"] for response in responses)


def _concluding(number: int, when: str) -> dict[str, Any]:
    """What an asked condition concludes; only an alert may ask what is proposed."""
    return {"alert": {"severity": "info"}} if "proposed(" in when else {"finding": f"asked-{number}"}


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

LABEL, WIDTH = 26, 70
SAID = {
    "for": "for ",
    "taken": "taken: ",
    "trough_target": "aims at ",
    "class": "a ",
    "stopped_for": "ended for ",
}


def drawn(chapter: Chapter, pathway: Pathway) -> list[str]:
    """The chapter as a page shows it: text, charts on one scale, and how each condition comes out."""
    records = [record_of(chapter, case, pathway) for case in chapter.cases]
    ends = [records[0].clock.read(case.at or chapter.at).latest for case in chapter.cases]
    last = max(ends)
    lines = [f"### {chapter.title}", "", " ".join(chapter.text.split()), ""]
    lines += [*_named(chapter), "```text"]
    lines += [row_of("", ticks(float(last)))]
    common = msgspec.structs.replace(chapter.cases[0], add={}, without=[])
    base = list(series(chapter.chart(common), records[0], float(last))) if chapter.record else []
    lines += [row_of(label, text) for label, text in base]
    for case, record, end in zip(chapter.cases, records, ends, strict=True):
        name = f"{case.case}"
        whole = chapter.chart(case)
        own = {name: rows if isinstance(rows, list) else whole[name] for name, rows in case.add.items()}
        shown = list(series(own, record, float(last)))
        left = [f"without {', '.join(case.without)}"] if case.without else []
        when = [] if end == last else [f"asked at {case.at or chapter.at}"]
        lines.append(row_of(name, ", ".join([*left, *when])))
        lines += [row_of(f"  {label}", text) for label, text in shown]
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
        told = (
            f"`{rule['finding']}` is concluded" if "finding" in rule else f"*{rule['title']}* is recommended"
        )
        found.append(f"{told} when `{' '.join(rule['when'].split())}`{unless}")
    for response in chapter.responses:
        waits = (
            f", and waits to be seen again while `{response['unconfirmed']}`"
            if "unconfirmed" in response
            else ""
        )
        found.append(f"{response['is'].replace('-', ' ')} is `{response['when']}`{waits}")
    for each in chapter.exposure:
        ways = [
            f"{word} when `{each[word]}`" for word in ("adequate", "inadequate", "presumed") if word in each
        ]
        found.append(f"exposure to {each['for']} is {', '.join(ways)}")
    return [f"Here {'; '.join(found)}.", ""] if found else []


def _values(value: Any) -> str:
    return " = ".join(map(str, value)) if isinstance(value, list) else str(value)


def row_of(label: str, text: str) -> str:
    """A row with its label."""
    return f"{label:{LABEL}} {text}".rstrip()


def column(day: float, last: float) -> int:
    """Where a day stands in a row."""
    return round(day / last * WIDTH) if last else 0


def ticks(last: float) -> str:
    """The months."""
    months = last / 30.4375
    step = next(s for s in (1, 2, 3, 6, 12, 24, 60, 120, 600) if months / s <= 10)
    cells = [(column(m * 30.4375, last), f"{m} mo") for m in range(0, int(months + 1.001), step)]
    return placed(cells)


def placed(cells: Sequence[tuple[int, str]]) -> str:
    """Texts at their columns; one that would run into the one before it moves to the right."""
    line = ""
    for column, text in cells:
        start = max(column, len(line) + 1) if line else column
        line = f"{line:{start}}{text}"
    return line


def bar(told: str, start: Moment, end: Moment | None, last: float) -> str:
    """What was given from one time to another, as a bar that is uncertain where the times are."""
    first, begun = (column(max(float(day), 0), last) for day in (start.earliest, start.latest))
    stop, off = (
        (WIDTH, WIDTH)
        if end is None
        else (column(min(float(day), last), last) for day in (end.earliest, end.latest))
    )
    stop = max(stop, begun)
    solid = (f"{told} " if told else "").ljust(max(stop - begun, 1), "━")
    doubt = "?" * max(off - stop, 0)
    closed = "▶" if end is None else "" if end.open else "┤"
    return placed([(first, f"{'?' * (begun - first)}{solid}{doubt}{closed}")])


def series(data: Mapping[str, Any], record: Record, last: float) -> Iterator[tuple[str, str]]:
    """What a chart says, a row for each drug and value, and one for the rest."""

    def at(row: Mapping[str, Any], name: str = "at") -> int:
        return column(float(record.clock.read(row[name]).latest), last)

    def noted(row: Mapping[str, Any], told: str) -> tuple[int, str]:
        """Where a fact stands; what is dated between two bounds is drawn from one to the other."""
        when = record.clock.read(row["at"])
        first, end = column(float(when.earliest), last), at(row)
        return (first, f"{'?' * (end - first)}{told}") if first < end else (end, told)

    for row in data.get("exposures", []):
        told = ", ".join(
            f"{SAID.get(k, '')}{v}" for k, v in row.items() if k not in ("drug", "from", "to", "doses")
        )
        if "doses" in row:
            given = [noted(dose, f"{dose['amount']}|") for dose in row["doses"]]
            yield str(row["drug"]), placed([*given, *([(WIDTH, told)] if told else [])])
            continue
        start, end = record.clock.read(row["from"]), None
        if row.get("to") == "unknown":
            end = record.clock.unknown_after(start)
        elif row.get("to") is not None:
            end = record.clock.read(row["to"])
        yield str(row["drug"]), bar(told, start, end, last)
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
    for name, stated in data.get("findings", {}).items():
        for each in stated if isinstance(stated, list) else [stated]:
            values.setdefault(name, []).append(noted(each, WORDS[each["value"]]))
    for row in data.get("reactions", []):
        values.setdefault(f"reaction to {row['drug']}", []).append(noted(row, row["what"]))
    for name, cells in values.items():
        yield name.replace("_", " "), placed(sorted(cells))
    for name in ("age", "birth_date", "sex", "weight", "height", "time_zero"):
        if name in data and data[name] != "presentation":
            yield name.replace("_", " "), str(data[name])
