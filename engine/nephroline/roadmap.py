"""A pathway as a map: regimens and findings as places, rules as ways between them.

A way leads from the findings that a recommendation asks for to the regimen it starts, and from a
regimen to the finding that its line can earn. With a replayed record, the patient's own way is marked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from nephroline.features import FEATURES
from nephroline.lang import And, Ask, Atom, Holds, Is, Member, Node, Or
from nephroline.pathway import FindingOf, Pathway, Recommend, Rule
from nephroline.replaying import Replayed
from nephroline.terms import Action, Scope, Trait

START, SILENT = "start", "silent"


class Landmark(msgspec.Struct, frozen=True):
    """A regimen, a finding, the start, or the end of what the guideline says.

    `stays`: when the patient was there; `next_line`: the rules lead there now.
    """

    id: str
    kind: str
    title: str
    stays: tuple[str, ...] = ()
    next_line: bool = False


class Road(msgspec.Struct, frozen=True):
    """A rule from one place to another; `gone`: the patient's way led along it."""

    rule: str
    start: str
    end: str
    title: str
    grade: str
    condition: str
    on_guideline: bool
    gone: bool = False


class Roadmap(msgspec.Struct, frozen=True):
    """The places and ways of a pathway."""

    title: str
    places: tuple[Landmark, ...]
    ways: tuple[Road, ...]


def roadmap_of(pathway: Pathway, replayed: Replayed | None = None) -> Roadmap:
    """The map of a pathway; with a replayed record, the patient's way through it is marked."""
    ways = list(dict.fromkeys(_ways(pathway)))
    places = list(_places(pathway, {end for way in ways for end in (way.start, way.end)}))
    if replayed is not None:
        places = [_stayed(place, replayed) for place in places]
        stayed = {place.id for place in places if place.stays or place.next_line or place.id == START}
        gone = _gone(replayed)
        ways = [
            msgspec.structs.replace(way, gone=_led(way, gone) and {way.start, way.end} <= stayed)
            for way in ways
        ]
    return Roadmap(f"{pathway.title} · {pathway.edition}", tuple(places), tuple(ways))


# -- places ------------------------------------------------------------------------------------------


def _places(pathway: Pathway, met: set[str]) -> Iterator[Landmark]:
    if START in met:
        yield Landmark(START, "start", "no line of therapy yet")
    for regimen in pathway.catalogue.regimens.values():
        if _regimen(regimen.id) in met:
            yield Landmark(_regimen(regimen.id), "regimen", regimen.title)
    for name, rules in pathway.finding_rules.items():
        if _finding(name) in met:
            yield Landmark(_finding(name), "finding", rules[0].title)
    if SILENT in met:
        yield Landmark(SILENT, "end", "the guideline names no next line: refer")


def _regimen(name: str) -> str:
    return f"regimen:{name}"


def _finding(name: str) -> str:
    return f"finding:{name}"


def _stayed(place: Landmark, replayed: Replayed) -> Landmark:
    """When the patient was at a place: on a line, or with a finding."""
    last = replayed.steps[-1].consultation
    stays: list[str] = []
    for line in last.lines:
        if line.regimen is not None and _regimen(line.regimen) == place.id:
            end = line.ended.label if line.ended else "now"
            stays.append(f"line {line.n}: {line.started.label} to {end}")
    for step in replayed.steps:
        if not stays and any(_finding(found.id) == place.id for found in step.consultation.findings):
            stays.append(f"from {step.at.label}")
    advised = last.next_line.regimen if last.next_line else None
    leads = advised is not None and _regimen(advised) == place.id
    if place.id == SILENT:
        leads = str(last.answer.kind) == "guideline-silent"
    return msgspec.structs.replace(place, stays=tuple(stays), next_line=leads)


def _gone(replayed: Replayed) -> set[tuple[str, str]]:
    """The rules that chose a next line; and those that earned a finding, with the regimen of its line."""
    found: set[tuple[str, str]] = set()
    for step in replayed.steps:
        answer = step.consultation
        rules = [answer.next_line.rule] if answer.next_line else []
        found |= {(rule, "") for rule in (*rules, *(action.rule for action in answer.actions))}
        regimens = {line.n: line.regimen for line in answer.lines}
        for finding in answer.findings:
            regimen = regimens.get(finding.line) if finding.line else None
            if regimen is not None:
                earned = replayed.pathway.finding_rules[finding.id]
                found |= {(rule.id, _regimen(regimen)) for rule in earned}
    return found


def _led(way: Road, gone: set[tuple[str, str]]) -> bool:
    return not gone.isdisjoint({(way.rule, ""), (way.rule, way.start)})


# -- ways --------------------------------------------------------------------------------------------


def _ways(pathway: Pathway) -> Iterator[Road]:
    for rule in pathway.rules.values():
        end = _end(rule)
        if end is None:
            continue
        if isinstance(rule.conclusion, FindingOf):
            starts = _regimens(pathway, rule.when) or _alone(pathway, rule.conclusion.outcome_of)
        else:
            starts = _sources(pathway, rule) or [START]
        for start in dict.fromkeys(starts):
            if start != end:
                yield Road(
                    rule.id,
                    start,
                    end,
                    rule.title,
                    rule.statement.grade,
                    _told(pathway, rule),
                    rule.on_guideline,
                )


def _end(rule: Rule) -> str | None:
    match rule.conclusion:
        case FindingOf(id=name) if rule.scope is Scope.LINE:
            return _finding(name)
        case Recommend(action=Action.START, regimen=str(regimen)):
            return _regimen(regimen)
        case Recommend(silent=True):
            return SILENT
        case _:
            return None


def _told(pathway: Pathway, rule: Rule) -> str:
    unless = f"; unless {pathway.speaker.describe(rule.unless)}" if rule.unless else ""
    return f"{pathway.speaker.describe(rule.when)}{unless}"


def _sources(pathway: Pathway, rule: Rule) -> list[str]:
    """Where a recommendation leads from: findings of a line, else other findings, else a regimen."""
    findings = [
        atom.id for atom in _affirmed(pathway, rule.when) if isinstance(atom, Holds) and atom.kind.of_finding
    ]
    of_lines = [name for name in findings if pathway.finding_rules[name][0].scope is Scope.LINE]
    return [_finding(name) for name in of_lines or findings] or _regimens(pathway, rule.when)


def _regimens(pathway: Pathway, node: Node) -> list[str]:
    """The regimens of the line that a condition speaks of, by name or by a drug that they contain."""
    catalogue = pathway.catalogue
    named: list[str] = []
    containing: list[str] = []
    for atom in _affirmed(pathway, node):
        if isinstance(atom, Member) and _of_line(atom.left):
            named += atom.words
        if isinstance(atom, Is) and _of_line(atom.ask):
            drug = atom.ask.arguments[0].name
            containing += [r.id for r in catalogue.regimens.values() if catalogue.contains(r, drug)]
    known = {r.conclusion.regimen for r in pathway.rules.values() if isinstance(r.conclusion, Recommend)}
    return [_regimen(name) for name in named or containing if name in known]


def _alone(pathway: Pathway, agent: str | None) -> list[str]:
    """The regimens that are one agent alone: where a finding is about its course, whatever runs beside it."""
    return [_regimen(r.id) for r in pathway.catalogue.regimens.values() if r.agents == (agent,)]


def _of_line(ask: Ask) -> bool:
    return FEATURES[ask.feature].trait is Trait.AGENTS_OF_LINE


def _affirmed(pathway: Pathway, node: Node) -> Iterable[Atom]:
    """The atoms that a condition asks for, not those that it denies; definitions opened up."""
    if isinstance(node, (And, Or)):
        for operand in node.operands:
            yield from _affirmed(pathway, operand)
    elif isinstance(node, Holds) and not node.kind.of_finding:
        yield from _affirmed(pathway, pathway.definitions[node.id].when)
    elif isinstance(node, (Holds, Is, Member)):
        yield node
