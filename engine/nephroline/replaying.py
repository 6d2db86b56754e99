"""Replay: walk a scenario through every moment at which something changed, and check what it expects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from nephroline.catalogue import Catalogue, load_catalogue
from nephroline.consultation import Consultation
from nephroline.errors import Problem, RecordError, UsageError, did_you_mean, quoted
from nephroline.expecting import ExpectEntry, check, problems_of
from nephroline.pathway import Pathway, load_pathway
from nephroline.quantities import QuantityError
from nephroline.record import Moment, Record, RecordSource, open_document, record_at
from nephroline.selecting import AUTO, Among, consult, select, thorough
from nephroline.shapes import Shape, fit
from nephroline.terms import Action
from nephroline.yamlfile import Document, mapping

MOST_DRAWN = 100
"""A picture of a longer record shows what the rules say at so many of its dates."""
_LONG, _LEAST_DRAWN = 1_000, 10
"""Beyond so many observations each consultation takes longer, and fewer dates are drawn; at least so many."""


class DidEntry(Shape, frozen=True, kw_only=True):
    """What the clinicians did."""

    at: str
    regimen: str
    action: Action = Action.START
    note: str = ""
    cite: str = ""


class ScenarioFile(Shape, frozen=True, kw_only=True):
    """A record with expectations."""

    scenario: str
    pathway: str
    record: dict[str, Any]
    synthetic: bool = False
    expect: list[dict[str, Any]] = []
    clinicians_did: list[dict[str, Any]] = []


class Scenario(msgspec.Struct, frozen=True):
    """A record, the pathway it is about, what is expected, and what was done."""

    title: str
    file: str
    pathway: str
    synthetic: bool
    record: Record
    expect: tuple[ExpectEntry, ...]
    did: tuple[DidEntry, ...]


class Step(msgspec.Struct, frozen=True):
    """The consultation at one moment."""

    at: Moment
    consultation: Consultation


class Deed(msgspec.Struct, frozen=True):
    """What the clinicians did, beside what was advised: concordant, differs, too early or late."""

    at: str
    did: str
    advised: str
    verdict: str


class Replayed(msgspec.Struct, frozen=True):
    """A scenario walked through; `pathway` is the one that is asked at its end."""

    scenario: Scenario
    pathway: Pathway
    steps: tuple[Step, ...]
    passed: int
    failed: tuple[str, ...]
    deeds: tuple[Deed, ...] = ()

    def to_data(self) -> dict[str, object]:
        """The public JSON of a replay, as plain data; consultations are structs."""
        return {
            "scenario": self.scenario.title,
            "file": self.scenario.file,
            "pathway": self.pathway.id,
            "steps": [{"at": step.at.label, "consultation": step.consultation} for step in self.steps],
            "clinicians": [
                {"at": d.at, "did": d.did, "advised": d.advised, "verdict": d.verdict} for d in self.deeds
            ],
            "expectations": {"passed": self.passed, "failed": list(self.failed)},
        }


def read_scenario(source: RecordSource, catalogue: Catalogue | None = None) -> Scenario:
    """Read a scenario. Raises: RecordError with every problem found."""
    catalogue = catalogue or load_catalogue()
    document = open_document(source)
    problems: list[Problem] = []
    head = fit(document, (), document.data, ScenarioFile, problems)
    if head is None:
        raise RecordError(problems)
    record = record_at(document, ("record",), catalogue)
    expect = _rows(document, "expect", head.expect, ExpectEntry, problems)
    did = _rows(document, "clinicians_did", head.clinicians_did, DidEntry, problems)
    for section, rows in (("expect", expect), ("clinicians_did", did)):
        for i, row in enumerate(rows):
            try:
                record.clock.read(row.at)
            except QuantityError as bad:
                problems.append(document.problem((section, i, "at"), str(bad), bad.help))
    for i, row in enumerate(expect):
        problems += problems_of(document, ("expect", i), row, catalogue)
    for i, row in enumerate(did):
        if row.regimen not in ("none", *catalogue.regimens):
            remedy = did_you_mean(row.regimen, catalogue.regimens)
            path = ("clinicians_did", i, "regimen")
            problems.append(document.problem(path, f"unknown regimen {quoted(row.regimen)}", remedy))
    if problems:
        raise RecordError(problems)
    return Scenario(
        head.scenario,
        document.file,
        head.pathway,
        head.synthetic,
        record,
        tuple(expect),
        tuple(did),
    )


def _rows(
    document: Document, section: str, rows: Sequence[Any], shape: type[Any], problems: list[Problem]
) -> list[Any]:
    fitted = [fit(document, (section, i), row, shape, problems) for i, row in enumerate(rows)]
    return [row for row in fitted if row is not None]


def scenario_files(paths: Sequence[str | Path]) -> list[Path]:
    """Every YAML file among *paths* and in the folders among them. Raises: UsageError if there is none."""
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix in (".yaml", ".yml"))
            if not inside:
                raise UsageError.of(
                    f"the folder {quoted(path)} holds no scenario", "name a folder with YAML files"
                )
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise UsageError.of(f"no such file or folder {quoted(path)}", "check the path")
    return found


def read_course(source: RecordSource, catalogue: Catalogue | None = None) -> Scenario:
    """Read a scenario; or a plain record, as a scenario of no pathway of its own that expects nothing.

    Raises: RecordError.
    """
    document = open_document(source)
    if "scenario" in mapping(document.data):
        return read_scenario(document, catalogue)
    record = record_at(document, (), catalogue or load_catalogue())
    return Scenario(record.id, document.file, AUTO, False, record, (), ())


def replay(
    scenario: Scenario,
    pathway: Among = None,
    *,
    backend_name: str = "durable",
    quick: bool = False,
    most: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Replayed:
    """Walk a scenario under its own pathway or another; expectations of other pathways are left out.

    Under none of its own, each moment is asked of the pathway that fits best what is known then.
    Expectations are held against the answer that a user is shown: with its outlook, unless *quick*.
    With *most*, a long record is walked at no more times than that, evenly chosen, beside those at which
    something is expected or was done; the last is always among them. Those evenly chosen ones have no
    outlook, except the last. *progress* hears the number of times done, and of all.
    """
    if pathway is None and scenario.pathway != AUTO:
        pathway = load_pathway(scenario.pathway)
    record = scenario.record
    moments = decision_times(scenario, most)
    passing = set[Moment]()
    if most is not None and len(record.moments()) > most:
        asked_of = {record.clock.read(at).latest for at in _called(scenario)}
        passing = {moment for moment in moments[:-1] if moment.latest not in asked_of}
    steps: list[Step] = []
    for moment in moments:
        ask = consult if quick or moment in passing else thorough
        steps.append(Step(moment, ask(record, pathway, moment, backend_name=backend_name, stops_seen=False)))
        if progress is not None:
            progress(len(steps), len(moments))
    last = select(record, pathway, moments[-1] if moments else None).pathway
    by_day = {step.at.latest: step.consultation for step in steps}
    passed, failed = 0, list[str]()
    for entry in scenario.expect:
        answer = by_day[record.clock.read(entry.at).latest]
        if (entry.pathway or scenario.pathway) != answer.pathway.id:
            continue
        for good, text in check(entry, answer, last.catalogue):
            passed += good
            if not good:
                failed.append(f"at {entry.at}: {text}")
    return Replayed(scenario, last, tuple(steps), passed, tuple(failed), tuple(_deeds(scenario, steps)))


def decision_times(scenario: Scenario, most: int | None = None) -> list[Moment]:
    """Every moment at which something changed, is expected or was done, in order; *most*: see `replay`."""
    record = scenario.record
    found = {m.latest: m for m in record.moments(most)}
    for at in _called(scenario):
        moment = record.clock.read(at)
        found.setdefault(moment.latest, moment)
    return [found[day] for day in sorted(found)]


def _called(scenario: Scenario) -> Iterator[str]:
    """The times at which something is expected or was done."""
    yield from (row.at for row in scenario.expect)
    yield from (row.at for row in scenario.did)


def drawn_at_most(record: Record) -> int:
    """At how many of its dates a picture of a record shows what the rules say."""
    return max(_LEAST_DRAWN, MOST_DRAWN * _LONG // max(_LONG, len(record.observations)))


# -- what was done -----------------------------------------------------------------------------------


def _deeds(scenario: Scenario, steps: Sequence[Step]) -> Iterator[Deed]:
    for did in scenario.did:
        day = scenario.record.clock.read(did.at).latest
        advised = {step.at.latest: _advice(step.consultation) for step in steps}
        wanted = (str(did.action), did.regimen)
        times = [when for when, advice in advised.items() if advice == wanted]
        here = advised[day]
        if here == wanted:
            earlier = [when for when in times if when < day and _unbroken(advised, when, day, wanted)]
            verdict = "late" if earlier else "concordant"
        elif any(when > day for when in times):
            verdict = "too early"
        elif times:
            verdict = "late"
        else:
            verdict = "differs"
        yield Deed(did.at, f"{did.action} {did.regimen}", " ".join(here) if here else "no line", verdict)


def _advice(consultation: Consultation) -> tuple[str, str] | None:
    line = consultation.next_line
    return (str(line.action), line.regimen or "") if line else None


def _unbroken(
    advised: Mapping[Any, tuple[str, str] | None], start: Any, end: Any, wanted: tuple[str, str]
) -> bool:
    return all(advice == wanted for when, advice in advised.items() if start <= when <= end)
