"""What the page asks about a chart, and the parts of the page that answer it."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec

from nephroline.catalogue import data_root
from nephroline.changes import what_if, why_not
from nephroline.changes.edits import several
from nephroline.comparing import compare
from nephroline.consultation import Consultation, decision_time
from nephroline.course import course_of
from nephroline.errors import InputError, RecordError, UsageError, quoted
from nephroline.explain import Explanation, why
from nephroline.interop.fhir import Codes, write_fhir
from nephroline.ordering import order
from nephroline.pathway import Pathway, RuleBase
from nephroline.record import Moment, Record
from nephroline.replaying import Scenario, decision_times, drawn_at_most, replay
from nephroline.selecting import AUTO, Selected, among_of, consult, thorough
from nephroline.workbench import drawing
from nephroline.workbench.form import FormEdit, edited, form_of
from nephroline.workbench.sheet import Sheet, read_sheet

_NEW = "id: new-patient"
"""The chart to which a first row is added."""
_MOST_TOLD = 12
"""So many reasons are shown at once."""
Text = Annotated[str, msgspec.Meta(description="The chart as it is typed: YAML or JSON, or FHIR.")]


class PageQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A chart, when, and by which pathway; ``auto``: the scenario's own, else the one that fits."""

    text: Text
    at: str = ""
    pathway: str = AUTO


class EditQuestion(PageQuestion, frozen=True):
    """A change that was made in the form."""

    edit: FormEdit


class AnswerQuestion(PageQuestion, frozen=True):
    """The answer at another time, or with what missing data can change."""

    quick: bool = True


class ReasonsQuestion(PageQuestion, frozen=True):
    """The reasons of rules, findings, alerts or the next line, by their ids."""

    names: Annotated[list[str], msgspec.Meta(min_length=1, max_length=40)]


class AboutQuestion(PageQuestion, frozen=True):
    """A regimen (why not), an order, or changes (what if), in words."""

    about: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class SavingQuestion(PageQuestion, frozen=True):
    """The chart as FHIR; `time_zero`: the day that stands for time zero, where its times are offsets."""

    time_zero: date | None = None


class ChartView(msgspec.Struct, frozen=True):
    """What the page shows of a chart: `moments` are the times of the slider, `at` the one that was asked.

    `text`: what the chart is written as now, if that is not what was given.
    """

    form: str
    moments: list[str]
    at: str
    answer: str
    problems: list[dict[str, str | int]]
    text: str | None = None
    fates: str = ""


class AnswerView(msgspec.Struct, frozen=True):
    """An answer as a part of the page."""

    answer: str


class Decided(NamedTuple):
    """An answer, the record that it is about, and whether the chart chose its pathway."""

    answer: Consultation
    record: dict[str, Any]
    auto: bool


class _AskedChart(msgspec.Struct, frozen=True):
    """A chart that can be asked about."""

    sheet: Sheet
    course: Scenario
    record: Record
    among: Selected | Pathway | RuleBase
    moment: Moment


class Bench:
    """Answers the page with one rule base. Nothing is kept between questions."""

    def __init__(self, base: RuleBase, codes: Codes) -> None:
        self._base, self._codes = base, codes

    # -- the page --------------------------------------------------------------------------------------

    def page(self, *, keeps: bool = False) -> str:
        """The page itself; *keeps*: decisions can be kept."""
        base = self._base
        pathways = [base.pathway(name) for name in base.pathway_ids]
        form = drawing.form(*form_of(self._sheet(_NEW)))
        return drawing.page(base.catalogue, pathways, list(_examples()), form, keeps=keeps)

    def example(self, name: str) -> str:
        """The text of an example. Raises: UsageError."""
        file = _examples().get(name)
        if file is None:
            raise UsageError.of(f"no example {quoted(name)}", "choose one of the list")
        return file.read_text(encoding="utf-8")

    # -- the chart -------------------------------------------------------------------------------------

    def edit(self, asked: EditQuestion) -> str:
        """The text of a chart after a change in the form. Raises: RecordError, UsageError."""
        return edited(self._sheet(asked.text if asked.text.strip() else _NEW), asked.edit)

    def chart(self, asked: PageQuestion) -> ChartView:
        """The chart as a form, its times, its problems, the quick answer. Raises: RecordError, UsageError."""
        sheet = self._sheet(asked.text)
        form, fates = drawing.form(*form_of(sheet)), drawing.fates(sheet) if sheet.fates else ""
        if sheet.course is None:
            return ChartView(form, [], "", "", [one.to_data() for one in sheet.problems], sheet.text, fates)
        moments = [one.label for one in decision_times(sheet.course)]
        at = asked.at if asked.at in moments else moments[-1] if moments else ""
        answer, problems = "", list[dict[str, str | int]]()
        try:
            answer = self._told(self._about(sheet, at, asked.pathway), quick=True).answer
        except InputError as bad:
            problems = [one.to_data() for one in bad.problems]
        return ChartView(form, moments, at, answer, problems, sheet.text, fates)

    def answer(self, asked: AnswerQuestion) -> AnswerView:
        """The answer at a time, with what the clinicians did then."""
        return self._told(self._asked(asked), quick=asked.quick)

    def decided(self, asked: AnswerQuestion) -> Decided:
        """The answer at a time as it is kept, with the record that it is about."""
        one = self._asked(asked)
        auto = not isinstance(one.among, Pathway | Selected)
        return Decided(self._answered(one, quick=asked.quick), dict(one.sheet.data), auto)

    def course(self, asked: PageQuestion) -> str:
        """The picture of the course, with what was advised and done at each time."""
        one = self._asked(asked)
        done = replay(one.course, one.among, quick=True, most=drawn_at_most(one.record))
        return drawing.course(course_of(done))

    # -- questions about an answer ---------------------------------------------------------------------

    def why(self, asked: ReasonsQuestion) -> str:
        """The trees of reasons of what holds or is not known; of one name that does not hold, why not."""
        one = self._asked(asked)
        found: list[Explanation] = []
        for name in asked.names:
            told = why(one.record, one.among, name, one.moment, stops_seen=False)
            held = [each for each in told if each.truth is not False]
            found += held or (told if len(asked.names) == 1 else [])
        return drawing.reasons(found[:_MOST_TOLD], max(len(found) - _MOST_TOLD, 0), _rule_text)

    def why_not(self, asked: AboutQuestion) -> str:
        """Why a regimen is not the next line."""
        one = self._asked(asked)
        return drawing.why_not(why_not(one.record, one.among, asked.about, one.moment, stops_seen=False))

    def what_if(self, asked: AboutQuestion) -> str:
        """How the answer differs after some changes."""
        one = self._asked(asked)
        edits = [several(asked.about)]
        return drawing.what_if(what_if(one.sheet.data, one.among, edits, one.moment, stops_seen=False))

    def order(self, asked: AboutQuestion) -> str:
        """May this be given now?"""
        one = self._asked(asked)
        return drawing.order(order(one.record, one.among, asked.about, one.moment, stops_seen=False))

    def editions(self, asked: PageQuestion) -> str:
        """The pathways of the same disease, side by side."""
        one = self._asked(asked)
        chosen = self._base.pathway(consult(one.record, one.among, one.moment, stops_seen=False).pathway.id)
        all_of_them = map(self._base.pathway, self._base.pathway_ids)
        same = [each for each in all_of_them if each.disease == chosen.disease]
        if len(same) < 2:
            raise UsageError.of(f"{chosen.id} is the only pathway of its disease", "there is none to compare")
        return drawing.editions(compare(one.record, same, one.moment, stops_seen=False), same)

    def fhir(self, asked: SavingQuestion) -> dict[str, Any]:
        """The record written as FHIR. Raises: RecordError, UsageError."""
        return write_fhir(
            self._sheet(asked.text).data, self._base.catalogue, self._codes, time_zero=asked.time_zero
        )

    # -- what they share -------------------------------------------------------------------------------

    def _told(self, one: _AskedChart, *, quick: bool) -> AnswerView:
        found = self._answered(one, quick=quick)
        did = [deed for deed in one.course.did if deed.at == found.as_of.label]
        return AnswerView(drawing.answer(found, did, self._regimens(found), self._base.catalogue))

    @staticmethod
    def _answered(one: _AskedChart, *, quick: bool) -> Consultation:
        how = consult if quick else thorough
        return how(one.record, one.among, one.moment, stops_seen=False)

    def _sheet(self, text: str) -> Sheet:
        return read_sheet(text, self._base.catalogue, self._codes)

    def _asked(self, asked: PageQuestion) -> _AskedChart:
        return self._about(self._sheet(asked.text), asked.at, asked.pathway)

    def _about(self, sheet: Sheet, at: str, pathway: str) -> _AskedChart:
        """A chart that can be asked about. Raises: RecordError with what is wrong with it, UsageError."""
        course = sheet.course
        if course is None:
            raise RecordError(sheet.problems)
        moment = decision_time(course.record, at or None)
        among = among_of(self._base, pathway, course.pathway)
        return _AskedChart(sheet, course, course.record, among, moment)

    def _regimens(self, found: Consultation) -> list[tuple[str, str]]:
        """The regimens that may be asked about: those of the answer."""
        told = {line.regimen for line in (found.next_line, *found.alternatives) if line is not None}
        told |= {one.regimen for one in found.blocked}
        known = self._base.catalogue.regimens
        return [(one.id, one.title) for one in known.values() if one.id in told]


@cache
def _examples() -> dict[str, Path]:
    """The scenarios that come with it, by their names: the published cases first, FHIR last."""
    root = data_root("scenarios")
    charts = [file for file in sorted(root.rglob("*.yaml")) if _CLAUSES not in file.parts]
    charts.sort(key=lambda file: len(file.relative_to(root).parts))
    bundles = sorted(root.rglob("*.json"))
    return {file.relative_to(root).as_posix(): file for file in (*charts, *bundles)}


_CLAUSES = "clauses"
"""Scenarios there turn one clause, and are nobody's course."""


def _rule_text(place: str) -> str:
    """A rule as its file has it, by the file and line where it stands; empty where that cannot be read."""
    name, _, line = place.rpartition(":")
    file = data_root("rules").parent / name
    if not (line.isdigit() and file.is_file()):
        return ""
    lines = file.read_text(encoding="utf-8").splitlines()[int(line) - 1 :]
    indent = len(lines[0]) - len(lines[0].lstrip())
    own = [lines[0]]
    for text in lines[1:]:
        if text.strip() and len(text) - len(text.lstrip()) <= indent:
            break
        own.append(text)
    return "\n".join(text[indent:] for text in own).rstrip()
