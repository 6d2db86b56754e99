"""The parts of the page as HTML. Text of a chart is escaped by the template engine, and runs nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgspec

from nephroline.catalogue import Catalogue
from nephroline.changes import WhatIf, WhyNot
from nephroline.changes.whatif import Difference
from nephroline.comparing import Compared
from nephroline.consultation import Consultation, headline
from nephroline.consultation.answer import NOTICE, ActionOut
from nephroline.consultation.blocking import FAILED
from nephroline.course import DrawnCourse
from nephroline.explain import Explanation
from nephroline.ordering import OrderAnswer
from nephroline.pathway import Pathway
from nephroline.phrases import LEGEND, ORDER_TOLD, dose_told, taken
from nephroline.replaying import DidEntry
from nephroline.report.frame import frame_of
from nephroline.report.page import advice, report_style, templates_of
from nephroline.report.picture import legend, picture
from nephroline.roadmap import roadmap_of
from nephroline.terms import Action, Severity, spoken
from nephroline.tools.lists import listing
from nephroline.workbench.form import FormRow, FormSection
from nephroline.workbench.sheet import Sheet

if TYPE_CHECKING:
    from jinja2 import Environment

_WIDE = 860
ASSETS = {"style.css": "text/css"} | dict.fromkeys(("common.js", "script.js", "rules.js"), "text/javascript")
"""What the page loads, and what each is."""


class PageEntry(msgspec.Struct, frozen=True):
    """An entry of the summary, with the names of the rules behind it, which can be asked why."""

    label: str
    text: str
    names: list[str]


class ChangedAnswer(msgspec.Struct, frozen=True):
    """What other rules change in the answer to a scenario, and at which times."""

    scenario: str
    pathway: str
    told: list[Difference]
    times: list[str]


def page(
    catalogue: Catalogue, pathways: Sequence[Pathway], examples: Sequence[str], form: str, *, keeps: bool
) -> str:
    """The page, empty of any patient, with the *form* of a new chart; *keeps*: decisions can be kept."""
    return _render(
        "page",
        keeps=keeps,
        form=form,
        pathways=pathways,
        examples=[(folder, list(names)) for folder, names in groupby(examples, _folder)],
        lists={
            "analytes": [
                (a.id, a.title, ", ".join((*a.units, *a.words))) for a in catalogue.analytes.values()
            ],
            "drugs": [(row["id"], ", ".join(row["spellings"]), "") for row in listing("drugs", catalogue)],
            "conditions": _named(catalogue, "conditions"),
            "findings": _named(catalogue, "findings"),
            "diagnoses": _named(catalogue, "diagnoses"),
            "yes-no": [("yes", "", ""), ("no", "", "")],
        },
        notice=NOTICE,
        confidence=LEGEND,
    )


def _named(catalogue: Catalogue, kind: str) -> list[tuple[str, str, str]]:
    return [(row["id"], row["title"], "") for row in listing(kind, catalogue)]


def asset(name: str) -> bytes:
    """A file that the page loads: its style begins with that of the report, whose picture it shows."""
    own = (files("nephroline.workbench") / "assets" / name).read_bytes()
    if not name.endswith(".css"):
        return own
    return report_style().encode() + own


def form(head: FormRow, sections: Sequence[FormSection]) -> str:
    """The chart as a form."""
    return _render("form", head=head, sections=sections)


def fates(sheet: Sheet) -> str:
    """What became of each resource of FHIR."""
    return _render("fates", summary=sheet.summary, fates=sheet.fates)


def answer(
    found: Consultation, did: Sequence[DidEntry], regimens: Sequence[tuple[str, str]], catalogue: Catalogue
) -> str:
    """The answer, in the order and words of the screen, with what can be asked about each entry."""
    patient, *rest = found.summary
    entries = [PageEntry(one.label, " · ".join(one.items), [*_behind(found, one.label)]) for one in rest]
    return _render(
        "answer",
        answer=found,
        who=" · ".join(patient.items),
        entries=entries,
        did=did,
        regimens=regimens,
        unknowns=[*_unknowns(found, catalogue)],
        changes=[*_changes(found)],
        taken=taken(found.pathway),
    )


_SEVERITY = {"critical": Severity.CRITICAL, "warning": Severity.WARNING}


def _behind(found: Consultation, label: str) -> Iterator[str]:
    """The rules, findings and alerts of which an entry of the summary tells."""
    if label == "next" and found.next_line is not None:
        yield "next-line"
    elif label == "status":
        yield from dict.fromkeys(one.id for one in found.findings)
    elif label in _SEVERITY:
        yield from (one.id for one in found.alerts if one.severity is _SEVERITY[label])
    elif label == "not":
        reasons = (reason.rule for one in found.blocked for reason in one.reasons)
        yield from dict.fromkeys(rule for rule in reasons if rule != FAILED)
    elif label in ("first", "also", "treat", "refer"):
        yield from (one.rule for one in found.actions if _label_of(one) == label)
        if label == "also":
            yield from (one.id for one in found.alerts if one.severity is Severity.INFO)
    else:
        told = "undecided" if label == "running" else label
        yield from dict.fromkeys(act.rule for act in found.acts if act.act == told)


def _label_of(one: ActionOut) -> str:
    """The entry of the summary that tells of an action."""
    if one.before_first_dose:
        return "first"
    if one.urgent:
        return "treat"
    return "refer" if one.action is Action.REFER else "also"


def _unknowns(found: Consultation, catalogue: Catalogue) -> Iterator[tuple[str, str, str]]:
    """What is missing and could be set: how it is written, what it is called, and what may be said of it."""
    for datum in dict.fromkeys(need.datum for need in found.needs):
        analyte = catalogue.analytes.get(datum)
        if analyte is not None:
            yield datum, analyte.title, " ".join((*analyte.units, *analyte.words)[:1])
        else:
            named = catalogue.conditions.get(datum) or catalogue.assertions.get(datum)
            yield datum, named.title if named else spoken(datum), "yes or no" if named else ""


def _changes(found: Consultation) -> Iterator[tuple[str, str]]:
    """Changes to try, with their words: what runs left out, and time that goes by."""
    for one in found.taking:
        yield f"remove {one.drug}", f"without {spoken(one.drug)}"
    for spell in ("4 wk", "3 mo", "6 mo"):
        yield f"wait {spell}", f"wait {spell}"


def course(drawn: DrawnCourse) -> str:
    """The picture of the course and its decisions; its axis stands in the attributes, for the slider."""
    shades = legend([one.response for one in drawn.phases])
    return _render(
        "course",
        course=drawn,
        picture=picture(drawn, width=_WIDE, anchor="c1"),
        # Colours are those of the style: a page that may hold no style of its own names each by a class.
        legend=[(name, colour.removeprefix("var(--").removesuffix(")")) for name, colour in shades],
        frame=frame_of(drawn, _WIDE),
        days={step.at.label: float(step.at.latest) for step in drawn.replayed.steps},
    )


def reasons(found: Sequence[Explanation], left_out: int, text_of: Callable[[str], str]) -> str:
    """Trees of reasons, each with its authority and the text of its rule."""
    return _render("why", found=found, left_out=left_out, texts=[text_of(one.place) for one in found])


def why_not(found: WhyNot) -> str:
    """Why a regimen is not the next line."""
    return _render("why_not", found=found)


def what_if(found: WhatIf) -> str:
    """How the answer would differ."""
    return _render("what_if", base=found.base, alternative=found.alternatives[0])


def order(found: OrderAnswer) -> str:
    """The answer to an order."""
    return _render("order", found=found, said=ORDER_TOLD[found.verdict])


def kept(decision: str) -> str:
    """That a decision was kept, and as what."""
    return _render("kept", decision=decision)


def editions(found: Sequence[Compared], pathways: Sequence[Pathway]) -> str:
    """Pathways side by side at one time."""
    return _render("editions", found=found[0], pathways=pathways)


def _folder(name: str) -> str:
    return name.rpartition("/")[0].replace("/", ", ").replace("-", " ")


def _stem(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[0].replace("-", " ")


def rules(names: Sequence[str], pathways: Sequence[Pathway]) -> str:
    """The page for authors of rules."""
    ways = {pathway.id: roadmap_of(pathway) for pathway in pathways}
    return _render("rules", files=names, pathways=pathways, ways=ways)


def changed(found: Sequence[ChangedAnswer]) -> str:
    """The answers that a text of rules changes."""
    return _render("changed", found=found) if found else ""


# -- templates ---------------------------------------------------------------------------------------


def _render(name: str, **told: Any) -> str:
    text = _environment().get_template(f"{name}.html.jinja").render(**told)
    return text if name == "form" else text.translate(_TURNING)


_TURNING = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
"""Marks in a chart's text that would turn round what we say beside it."""


@cache
def _environment() -> Environment:
    return templates_of(
        "nephroline.workbench",
        {
            "words": spoken,
            "advice": advice,
            "headline": headline,
            "taken": taken,
            "dose": dose_told,
            "stem": _stem,
            "zip": zip,
        },
    )
