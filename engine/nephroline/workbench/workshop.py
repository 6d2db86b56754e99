"""For whoever writes rules: a file of them under other words, what is wrong with it, and what it changes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec

from nephroline.catalogue import data_root
from nephroline.changes.whatif import differences
from nephroline.consultation import consult
from nephroline.coverage import ConditionCoverage, coverage_of
from nephroline.errors import InputError, UsageError, quoted
from nephroline.pathway import Pathway, RuleBase
from nephroline.replaying import decision_times, read_scenario, scenario_files
from nephroline.report.graph import svg
from nephroline.roadmap import roadmap_of
from nephroline.selecting import named
from nephroline.workbench import drawing

_SECONDS = 0.7
"""So long scenarios are asked in one question, so that nobody waits long behind it."""


class RuleQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of rules, as errors name it, with another text; `after`: so many scenarios were asked before."""

    file: str
    text: str
    after: Annotated[int, msgspec.Meta(ge=0)] = 0


class RuleView(msgspec.Struct, frozen=True):
    """What is wrong with a text, and in which pathways it differs from the file."""

    problems: list[dict[str, str | int]]
    pathways: list[str]


class ChangesView(msgspec.Struct, frozen=True):
    """Which answers to some of the scenarios a text changes, as HTML; `done` of `total` have been asked."""

    changes: str
    changed: int
    done: int
    total: int


class ClauseSeen(msgspec.Struct, frozen=True):
    """A clause of a condition: whether it alone decided, while it held and while it failed."""

    text: str
    held: bool
    failed: bool


class ConditionSeen(msgspec.Struct, frozen=True):
    """A condition of the file, and what some scenarios test of it."""

    key: str
    title: str
    clauses: list[ClauseSeen]


class CoverageView(msgspec.Struct, frozen=True):
    """What some of the scenarios test of a text; `done` of `total` have been asked."""

    conditions: list[ConditionSeen]
    done: int
    total: int


class _Tried(NamedTuple):
    """The pathways with a text in the place of its file, and those of them that it makes otherwise."""

    every: dict[str, Pathway]
    changed: dict[str, Pathway]


class Workshop:
    """Tries texts of rules against one rule base. Nothing is written."""

    def __init__(self, base: RuleBase) -> None:
        self._base = base
        self._tried = lru_cache(maxsize=2)(self._try)

    def page(self) -> str:
        """The page for authors."""
        pathways = [self._base.pathway(name) for name in self._base.pathway_ids]
        return drawing.rules(sorted(self._base.files), pathways)

    def file(self, name: str) -> str:
        """The text of a file of rules. Raises: UsageError."""
        read = self._base.files.get(name)
        if read is None:
            raise UsageError.of(f"no file of rules {quoted(name)}", "choose one of the list")
        return "\n".join(read().place.document.lines) + "\n"

    def graph(self, name: str) -> str:
        """A pathway as a diagram in SVG. Raises: UsageError when it is unknown, or cannot be drawn here."""
        return svg(roadmap_of(named(self._base, name)))

    def check(self, asked: RuleQuestion) -> RuleView:
        """What is wrong with a text, or where it counts."""
        try:
            changed = self._tried(asked.file, asked.text).changed
        except InputError as bad:
            return RuleView([one.to_data() for one in bad.problems], [])
        return RuleView([], sorted(changed))

    def changes(self, asked: RuleQuestion) -> ChangesView:
        """The answers to the next scenarios that a text changes. Raises: PathwayError, UsageError."""
        changed = self._tried(asked.file, asked.text).changed
        found: list[drawing.ChangedAnswer] = []
        done, count = asked.after, 0
        for file in self._some(asked.after):
            done += 1
            scenario = read_scenario(file, self._base.catalogue)
            after = changed.get(scenario.pathway)
            if after is None:
                continue
            before = self._base.pathway(scenario.pathway)
            for moment in decision_times(scenario):
                then, now = (
                    consult(scenario.record, pathway, moment, stops_seen=False) for pathway in (before, after)
                )
                told = differences(then, now)
                if not told:
                    continue
                count += 1
                same = next(
                    (one for one in found if one.scenario == scenario.title and one.told == told), None
                )
                if same is not None:
                    same.times.append(moment.label)
                else:
                    found.append(drawing.ChangedAnswer(scenario.title, before.id, told, [moment.label]))
        return ChangesView(drawing.changed(found), count, done, len(self._scenarios))

    def coverage(self, asked: RuleQuestion) -> CoverageView:
        """Which clauses of a text the next scenarios test, under their own pathways. Raises: PathwayError."""
        every = self._tried(asked.file, asked.text).every
        module = self._base.files[asked.file]().id
        found: dict[str, ConditionSeen] = {}
        done = asked.after
        for file in self._some(asked.after):
            done += 1
            pathway = every.get(read_scenario(file, self._base.catalogue).pathway)
            if pathway is None:
                continue
            for one in coverage_of(pathway, [file]).of_modules({module}).conditions:
                key = f"{one.kind} {one.id}"
                found[key] = _seen(key, one, found.get(key))
        return CoverageView(list(found.values()), done, len(self._scenarios))

    @cached_property
    def _scenarios(self) -> list[Path]:
        return scenario_files([data_root("scenarios")])

    def _some(self, after: int) -> Iterator[Path]:
        """The scenarios after the first so many, as far as the time for one question reaches."""
        until = time.monotonic() + _SECONDS
        for file in self._scenarios[after:]:
            if time.monotonic() > until:
                return
            yield file

    def _try(self, name: str, text: str) -> _Tried:
        """Put the pathways together with a text. Raises: PathwayError, UsageError."""
        other = self._base.with_text(name, text)
        every = {each: other.pathway(each) for each in other.pathway_ids}
        now = {each: self._base.pathway(each).digest for each in every}
        return _Tried(every, {each: made for each, made in every.items() if made.digest != now[each]})


def _seen(key: str, one: ConditionCoverage, before: ConditionSeen | None) -> ConditionSeen:
    """What is tested of a condition, together with what was *before*."""
    clauses = [ClauseSeen(each.text, each.held is not None, each.failed is not None) for each in one.clauses]
    if before is not None:
        clauses = [
            ClauseSeen(new.text, new.held or old.held, new.failed or old.failed)
            for new, old in zip(clauses, before.clauses, strict=True)
        ]
    return ConditionSeen(key, one.title, clauses)
