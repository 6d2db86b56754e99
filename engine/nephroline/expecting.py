"""Expectations: what a scenario says must be in an answer, and whether it is there."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from nephroline.catalogue import Catalogue
from nephroline.consultation import Consultation, headline, line_told
from nephroline.consultation.answer import ActOut, DoseOut, LineAdvice
from nephroline.consultation.parts import When
from nephroline.errors import Problem, did_you_mean, quoted
from nephroline.quantities import Quantity, QuantityError, parse
from nephroline.shapes import Shape
from nephroline.terms import Action, Answer, Certain
from nephroline.yamlfile import Document, FieldPath

VERBS = ("start", "continue", "raise", "reduce", "taper", "hold", "stop", "undecided")
"""What can be done with an agent; the first word of an expected act."""

Checked = Iterator[tuple[bool, str]]
"""Whether each part is met, and what was expected and seen."""


class DoseBounds(Shape, frozen=True, kw_only=True):
    """Bounds of every dose of a drug that the answer prints for this patient, such as ``80 mg/d``."""

    at_most: str | None = None
    at_least: str | None = None


class Expected(Shape, frozen=True, kw_only=True):
    """What must be in an answer; every list is a subset, ``not_…`` denies.

    `grade`: of the next line, such as ``2C``, or ``none``. `certain`: whether nothing unknown could turn the
    answer, its outlook included; one that needs data and is certain all the same is neither. `acts`: verb and
    agent, such as ``taper glucocorticoid``. `said`: words of the answer, in any case. `absent`: drugs or
    classes that are not begun, nor dosed where something else is. `doses`: bounds, or ``none`` where none is
    printed.
    """

    answer: str | None = None
    applicability: str | None = None
    status: str | None = None
    next_line: str | None = None
    action: str | None = None
    grade: str | None = None
    certain: bool | None = None
    provisional: bool | None = None
    findings: list[str] = []
    alternatives: list[str] = []
    blocked: list[str] = []
    actions: list[str] = []
    alerts: list[str] = []
    needs: list[str] = []
    acts: list[str] = []
    said: list[str] = []
    absent: list[str] = []
    doses: dict[str, DoseBounds | Literal["none"]] = {}
    faults: int | None = None
    exposure: dict[str, str] = {}
    outcome: dict[str, str] = {}
    not_findings: list[str] = []
    not_next_line: list[str] = []
    not_alternatives: list[str] = []
    not_blocked: list[str] = []
    not_actions: list[str] = []
    not_alerts: list[str] = []
    not_needs: list[str] = []
    not_acts: list[str] = []
    not_said: list[str] = []


class ExpectEntry(Expected, frozen=True, kw_only=True):
    """What must be in the answer at a time; every list is a subset, ``not_…`` denies.

    `pathway`: only under this pathway; without it, under the scenario's own. `any_of`: at least one of them
    must be met entirely.
    """

    at: str
    pathway: str | None = None
    any_of: list[Expected] = []


def parts(entry: ExpectEntry) -> Iterator[tuple[FieldPath, Expected]]:
    """An expectation, and what it offers to choose from, each with its place in the entry."""
    yield (), entry
    for i, branch in enumerate(entry.any_of):
        yield ("any_of", i), branch


# -- what may be expected ----------------------------------------------------------------------------


def problems_of(
    document: Document, path: FieldPath, entry: ExpectEntry, catalogue: Catalogue
) -> Iterator[Problem]:
    """What no answer could be held against: an unknown regimen, drug, verb or unit, and an empty choice."""
    agents = [*catalogue.drugs, *catalogue.classes]
    for inside, part in parts(entry):
        here = (*path, *inside)
        if inside and part == Expected():
            yield document.problem(here, "expects nothing, and so is always met", "say what is expected")
        line = part.next_line
        if line is not None and line != "none":
            yield from _unknown(document, (*here, "next_line"), "regimen", line, catalogue.regimens)
        for field in ("acts", "not_acts"):
            for i, text in enumerate(getattr(part, field)):
                yield from _act_problems(document, (*here, field, i), text, agents)
        for i, name in enumerate(part.absent):
            yield from _unknown(document, (*here, "absent", i), "drug or class", name, agents)
        for name, bounds in part.doses.items():
            yield from _dose_problems(document, (*here, "doses", name), name, bounds, catalogue)


def _unknown(
    document: Document, path: FieldPath, kind: str, name: str, known: Collection[str]
) -> Iterator[Problem]:
    if name not in known:
        yield document.problem(path, f"unknown {kind} {quoted(name)}", did_you_mean(name, known))


def _act_problems(
    document: Document, path: FieldPath, text: str, agents: Collection[str]
) -> Iterator[Problem]:
    verb, agent = _act(text)
    if not agent:
        remedy = "write a verb and a drug or class, such as `taper glucocorticoid`"
        yield document.problem(path, f"{quoted(text)} is not an act", remedy)
        return
    if verb not in VERBS:
        remedy = did_you_mean(verb, VERBS, see="verbs: " + ", ".join(VERBS))
        yield document.problem(path, f"unknown verb {quoted(verb)}", remedy)
    yield from _unknown(document, path, "drug or class", agent, agents)


def _dose_problems(
    document: Document, path: FieldPath, drug: str, bounds: DoseBounds | str, catalogue: Catalogue
) -> Iterator[Problem]:
    yield from _unknown(document, path, "drug or class", drug, [*catalogue.drugs, *catalogue.classes])
    if isinstance(bounds, str):
        return
    if bounds.at_most is None and bounds.at_least is None:
        yield document.problem(path, "no bound is given", "give `at_most` or `at_least`, or write `none`")
    for field in ("at_most", "at_least"):
        text = getattr(bounds, field)
        try:
            exact = text is None or parse(text, catalogue.units, accepted=catalogue.dose_units).exact
        except QuantityError as bad:
            yield document.problem((*path, field), str(bad), bad.help)
        else:
            if not exact:
                yield document.problem((*path, field), f"{quoted(text)} is not one dose", "write one number")


def _act(text: str) -> tuple[str, str]:
    verb, _, agent = text.strip().partition(" ")
    return verb, agent.strip()


# -- what is there -----------------------------------------------------------------------------------

LISTS: Mapping[str, Callable[[Consultation], list[str]]] = {
    "findings": lambda c: [f.id for f in c.findings],
    "alternatives": lambda c: [a.regimen for a in c.alternatives if a.regimen is not None],
    "blocked": lambda c: [b.regimen for b in c.blocked],
    "actions": lambda c: [a.rule for a in c.actions],
    "alerts": lambda c: [a.id for a in c.alerts],
    "needs": lambda c: [n.datum for n in c.needs],
    "next_line": lambda c: [c.next_line.regimen or "none" if c.next_line else "none"],
}
WORDS: Mapping[str, Callable[[Consultation], str]] = {
    "answer": lambda c: str(c.answer.kind),
    "applicability": lambda c: str(c.applicability.verdict),
    "status": lambda c: str(c.status.response),
    "next_line": lambda c: c.next_line.regimen or "none" if c.next_line else "none",
    "action": lambda c: str(c.next_line.action) if c.next_line else "none",
    "grade": lambda c: (c.next_line.statement.grade if c.next_line else "") or "none",
}


def check(entry: ExpectEntry, consultation: Consultation, catalogue: Catalogue) -> Checked:
    """Compare one expectation with an answer, part by part."""
    yield from _met(entry, consultation, catalogue)
    if entry.any_of:
        missed = [
            "; ".join(text for good, text in _met(branch, consultation, catalogue) if not good)
            for branch in entry.any_of
        ]
        told = " | or: ".join(missed)
        yield not all(missed), f"expected any of {len(missed)}, got none: {told}"


def _met(entry: Expected, consultation: Consultation, catalogue: Catalogue) -> Checked:
    for name, of in WORDS.items():
        wanted = getattr(entry, name)
        if wanted is not None:
            seen = of(consultation)
            yield seen == wanted, f"expected {name} {wanted}, got {seen}"
    for name, of_list in LISTS.items():
        seen_all = of_list(consultation)
        if name != "next_line":
            for wanted in getattr(entry, name):
                yield (
                    wanted in seen_all,
                    f"expected {wanted} among {name}, got {', '.join(seen_all) or 'none'}",
                )
        for denied in getattr(entry, f"not_{name}"):
            yield denied not in seen_all, f"did not expect {denied} among {name}"
    for n, wanted in entry.exposure.items():
        seen = next((str(line.exposure) for line in consultation.lines if str(line.n) == n), "no such line")
        yield seen == wanted, f"expected exposure {wanted} on line {n}, got {seen}"
    for n, wanted in entry.outcome.items():
        seen = next((str(line.outcome) for line in consultation.lines if str(line.n) == n), "no such line")
        yield seen == wanted, f"expected outcome {wanted} of line {n}, got {seen}"
    if entry.faults is not None:
        yield (
            len(consultation.faults) == entry.faults,
            f"expected {entry.faults} faults, got {len(consultation.faults)}",
        )
    yield from _sure(entry, consultation)
    yield from _worded(entry, consultation)
    yield from _acted(entry, consultation, catalogue)
    for agent in entry.absent:
        found = _begun(agent, consultation, catalogue)
        yield not found, f"expected {agent} absent, got {', '.join(found)}"
    for drug, bounds in entry.doses.items():
        yield from _dosed(drug, bounds, consultation, catalogue)


def _sure(entry: Expected, consultation: Consultation) -> Checked:
    if entry.certain is not None:
        why = _unsure(consultation)
        wanted = "certain" if entry.certain else "not certain"
        met = entry.certain is not bool(why) and not why.endswith(_BOTH)
        yield met, f"expected an answer that is {wanted}, got {why or 'certain'}"
    if entry.provisional is not None:
        seen, wanted = (
            f"{'a' if marked else 'no'} provisional status"
            for marked in (consultation.status.provisional, entry.provisional)
        )
        yield seen == wanted, f"expected {wanted}, got {seen}"


_BOTH = ", and is certain all the same"


def _unsure(consultation: Consultation) -> str:
    """Why an answer is not certain; empty if it is."""
    line, outlook = consultation.next_line, consultation.outlook
    if consultation.answer.kind is Answer.NEEDS_DATA:
        sure = outlook is not None and outlook.verdict is Certain.CERTAIN
        return "one that needs data" + (_BOTH if sure else "")
    if line is not None and not line.certain:
        return "a next line that is not certain"
    if outlook is not None and outlook.verdict is not Certain.CERTAIN:
        return f"an outlook that is {outlook.verdict}"
    return ""


# -- words -------------------------------------------------------------------------------------------

_TOLD = frozenset(
    {
        *("title", "detail", "because", "until", "amount", "per", "most", "for_this_patient", "dose"),
        *("target", "minimum_trial", "monitoring", "datum", "why", "faults"),
        *("before_first_dose", "alerts", "raised_by"),
    }
)
"""The fields of an answer that are words to its reader, wherever they stand."""
_NOT_TOLD = frozenset({"statement", "outlook", "totals"})


def _worded(entry: Expected, consultation: Consultation) -> Checked:
    if not (entry.said or entry.not_said):
        return
    told = [text.casefold() for text in words(consultation)]
    for wanted in entry.said:
        yield any(wanted.casefold() in text for text in told), f"expected {wanted!r} to be said"
    for denied in entry.not_said:
        seen = next((text for text in told if denied.casefold() in text), "")
        yield not seen, f"did not expect {denied!r} to be said, got {seen!r}"


def words(consultation: Consultation) -> Iterator[str]:
    """What an answer says in words: no ids, and nothing of what a source printed."""
    yield headline(consultation)
    yield from _told(consultation)
    yield from map(line_told, consultation.lines)
    outlook = consultation.outlook
    if outlook is not None:
        yield outlook.answer
        for order in outlook.orders:
            yield from (*order.data, order.burden)
            for outcome in order.outcomes:
                yield from (*outcome.when, outcome.then, *outcome.open)
        yield from (margin.then for margin in outlook.margins or ())


def _told(part: msgspec.Struct) -> Iterator[str]:
    for name in part.__struct_fields__:
        value: Any = getattr(part, name)
        if name not in _NOT_TOLD:
            for item in iter(value) if isinstance(value, list) else [value]:  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
                if isinstance(item, When):
                    yield item.label if name in _TOLD else ""
                elif isinstance(item, msgspec.Struct):
                    yield from _told(item)
                elif isinstance(item, str) and name in _TOLD:
                    yield item


# -- acts and doses ----------------------------------------------------------------------------------


def _acted(entry: Expected, consultation: Consultation, catalogue: Catalogue) -> Checked:
    def found(text: str) -> bool:
        verb, agent = _act(text)
        return any(act.act == verb and _within(act.agent, agent, catalogue) for act in consultation.acts)

    seen = ", ".join(f"{act.act} {act.agent}" for act in consultation.acts) or "none"
    for wanted in entry.acts:
        yield found(wanted), f"expected {wanted} among acts, got {seen}"
    for denied in entry.not_acts:
        yield not found(denied), f"did not expect {denied} among acts, got {seen}"


def _within(agent: str, wanted: str, catalogue: Catalogue) -> bool:
    """Whether a drug or class of an answer is the one that is wanted, or of it."""
    known = agent in catalogue.drugs or agent in catalogue.classes
    return agent == wanted or (known and catalogue.within(agent, wanted))


def _touches(agent: str, other: str, catalogue: Catalogue) -> bool:
    """Whether one of the two is, or is of, the other: to begin the class may be to begin the drug."""
    return _within(agent, other, catalogue) or _within(other, agent, catalogue)


def _advices(consultation: Consultation) -> list[LineAdvice]:
    return [*([consultation.next_line] if consultation.next_line else []), *consultation.alternatives]


def _begun(agent: str, consultation: Consultation, catalogue: Catalogue) -> list[str]:
    """What begins an agent: the lines, alternatives, acts and doses, in words."""

    def holds(agents: Sequence[str]) -> bool:
        return any(_touches(each, agent, catalogue) for each in agents)

    found: list[str] = []
    for advice in _advices(consultation):
        if advice.action is Action.START:
            regimen = catalogue.regimens.get(advice.regimen or "")
            if regimen is not None and holds(regimen.agents):
                found.append(f"start {regimen.id}")
            found += [
                f"a dose of {dose.drug} in {advice.regimen}" for dose in advice.doses if holds([dose.drug])
            ]
    for act in consultation.acts:
        regimen = catalogue.regimens.get(act.regimen or "")
        if act.act == "start" and holds(regimen.agents if regimen is not None else [act.agent]):
            found.append(f"start {act.agent}")
    return list(dict.fromkeys(found))


def _dosed(drug: str, bounds: DoseBounds | str, consultation: Consultation, catalogue: Catalogue) -> Checked:
    printed = [dose for advice in _advices(consultation) for dose in advice.doses]
    given = [d for d in printed if d.greatest and _within(d.drug, drug, catalogue)]
    acts = [act for act in consultation.acts if _within(act.agent, drug, catalogue)]
    amounts = [*_amounts_of_doses(given, catalogue), *_amounts_of_acts(acts, catalogue)]
    shown = ", ".join(dict.fromkeys(amount.text for amount in amounts))
    if isinstance(bounds, str):
        yield not amounts, f"expected no dose of {drug}, got {shown}"
        return
    for text, most in ((bounds.at_most, True), (bounds.at_least, False)):
        if text is not None:
            limit = parse(text, catalogue.units)
            alike = [amount for amount in amounts if amount.dimension == limit.dimension]
            wanted = f"expected a dose of {drug} of {'at most' if most else 'at least'} {text}"
            if not alike:
                yield False, f"{wanted}, but {f'only {shown} is' if shown else 'none is'} printed"
            else:
                yield all(_keeps(each, limit, most=most) for each in alike), f"{wanted}, got {shown}"


def _keeps(amount: Quantity, limit: Quantity, *, most: bool) -> bool:
    if limit.exact is None or amount.low is None or amount.high is None:
        return False
    return amount.high <= limit.exact if most else amount.low >= limit.exact


def _amounts_of_doses(doses: Sequence[DoseOut], catalogue: Catalogue) -> Iterator[Quantity]:
    for dose in doses:
        for text in dict.fromkeys((dose.least, dose.greatest)):
            yield parse(text, catalogue.units)


_WORKING = re.compile(r"\([^()]*\)")
_AMOUNT = re.compile(r"\d[\d.]*(?:\s?[-\N{EN DASH}]\s?\d[\d.]*)?\s[^\s,;:()]+")


def _amounts_of_acts(acts: Sequence[ActOut], catalogue: Catalogue) -> Iterator[Quantity]:
    """The amounts that the doses of acts name in passing: ``raise to 60-80 mg/d, in the morning``.

    How one was worked out is none: ``80 mg/d: 110 mg/d (1 mg/kg/d × 110 kg) is above the most``.
    """
    for act in acts:
        for part in _WORKING.sub("", act.dose).split(", "):
            for match in _AMOUNT.findall(part.partition(": ")[0]):
                try:
                    yield parse(match, catalogue.units, accepted=catalogue.dose_units)
                except QuantityError:
                    continue  # a number of days, or of tablets
