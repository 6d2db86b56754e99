"""A pathway as a clinician would review it: every rule in plain English with its authority."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nephroline.catalogue import Source
from nephroline.consultation import cited, fill
from nephroline.faces.screen import Screen
from nephroline.lang import Holds
from nephroline.pathway import Alert, Block, FindingOf, Pathway, Recommend, Rule
from nephroline.terms import About, spoken

_WHOSE = {"patient": "the patient", "line": "a line", "assessment": "an assessment"}


def pathway_data(pathway: Pathway) -> dict[str, Any]:
    """The pathway as plain data for JSON."""
    return {
        "id": pathway.id,
        "title": pathway.title,
        "edition": pathway.edition,
        "uses": list(pathway.uses),
        "digest": pathway.digest,
        "sources": [
            {"id": s.id, "short": s.short, "citation": s.citation.strip(), "reviewed": s.reviewed}
            for s in _cited(pathway)
        ],
        "thresholds": [
            {
                "id": t.name,
                "title": t.title,
                "value": [q.text for q in t.forms.values()],
                "source": t.source,
                "cite": t.cite,
                "confidence": str(t.confidence),
                "note": t.note,
            }
            for t in pathway.thresholds.values()
        ],
        "definitions": [
            {
                "id": d.id,
                "title": d.title,
                "of": str(d.scope),
                "when": pathway.speaker.describe(d.when),
            }
            for d in pathway.definitions.values()
        ],
        "responses": [
            {"is": str(response), "when": pathway.speaker.describe(node)}
            for response, node in pathway.responses
        ],
        "indeterminate": [
            {"when": pathway.speaker.describe(node), "because": fill(pathway, because)}
            for node, because in pathway.gaps
        ],
        "exposure": [
            {
                "for": rule.agent,
                "adequate": pathway.speaker.describe(rule.adequate),
                "presumed": pathway.speaker.describe(rule.presumed) if rule.presumed else None,
                "inadequate": pathway.speaker.describe(rule.inadequate) if rule.inadequate else None,
            }
            for rule in pathway.exposure
        ],
        "applicability": [
            {"verdict": str(verdict), "when": pathway.speaker.describe(node), "because": because}
            for verdict, node, because in pathway.applicability
        ],
        "rules": [_rule_data(pathway, rule) for rule in pathway.rules.values()],
    }


def responses_told(pathway: Pathway) -> Iterator[tuple[str, str]]:
    """Each response with the condition of an assessment for it, then what is indeterminate, by name."""
    for response, node in pathway.responses:
        known = isinstance(node, Holds) and pathway.definitions.get(node.id)
        yield spoken(response), pathway.speaker.describe(known.when if known else node)
    for node, because in pathway.gaps:
        yield f"indeterminate: {fill(pathway, because)}", pathway.speaker.describe(node)


def exposure_told(pathway: Pathway) -> Iterator[tuple[str, str]]:
    """Each drug or class with what makes the exposure to it adequate, or presumed."""
    for rule in pathway.exposure:
        presumed = f"; presumed: {pathway.speaker.describe(rule.presumed)}" if rule.presumed else ""
        yield (
            pathway.catalogue.title(rule.agent),
            f"adequate: {pathway.speaker.describe(rule.adequate)}{presumed}",
        )


def _rule_data(pathway: Pathway, rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "title": rule.title,
        "for": str(rule.scope),
        "concludes": fill(pathway, rule.concludes),
        "says": concluded(pathway, rule),
        "when": pathway.speaker.describe(rule.when),
        "unless": pathway.speaker.describe(rule.unless) if rule.unless else None,
        "authority": authority(pathway, rule),
        "grade": rule.statement.grade,
        "confidence": str(rule.statement.confidence),
        "grade_confidence": str(rule.statement.grade_confidence),
        "rationale": rule.rationale,
        "on_guideline": rule.on_guideline,
        "module": rule.module,
        "place": rule.place,
        "care": rule.care,
        "reviewed": rule.statement.reviewed,
    }


def authority(pathway: Pathway, rule: Rule) -> str:
    """Who says so: source, kind, number and grade."""
    statement = rule.statement
    said = cited(pathway.catalogue.sources[statement.source].short, statement, kind=True)
    graded = " (not graded)" if statement.strength == "not-graded" else ""
    seen = f", reviewed {statement.reviewed}" if statement.reviewed else ""
    return f"{said}{graded} [{statement.confidence}{seen}]"


def concluded(pathway: Pathway, rule: Rule) -> str:
    """What a rule concludes, with all that the clinician will be told."""
    match rule.conclusion:
        case Alert(severity=severity, detail=detail):
            told = f"{severity} alert" + (f": {detail}" if detail else "")
        case Block() as block:
            agent = block.regimen or block.agent or ""
            until = f", until {block.until}" if block.until else ""
            told = f"block {_titled(pathway, agent)}{' beside what begins' if block.adjunct else ''}{until}"
        case Recommend() as recommend:
            told = _recommended(pathway, rule, recommend)
        case FindingOf():
            told = rule.concludes
    return fill(pathway, told)


def _recommended(pathway: Pathway, rule: Rule, recommend: Recommend) -> str:
    what = _titled(pathway, recommend.regimen) if recommend.regimen else ""
    what = recommend.title or what or ("the running line" if recommend.keep else rule.title)
    if recommend.agent is not None and recommend.about is not About.COURSE:
        what = f"{pathway.catalogue.title(recommend.agent)}: {what}"
    parts = [f"{recommend.action}: {what}", recommend.detail]
    if recommend.action.of_line:
        parts.append(f"preference {recommend.preference}")
    if recommend.reassess:
        parts.append(f"reassess after {{{recommend.reassess}}}")
    for drug, dose in recommend.dose.items():
        amount = " to ".join(f"{{{name}}}" for name in dose.amount)
        most = f", at most {{{dose.most}}}" if dose.most else ""
        parts.append(f"{pathway.catalogue.title(drug)} {amount}{most}")
    return "; ".join(part for part in parts if part)


def _titled(pathway: Pathway, name: str) -> str:
    regimen = pathway.catalogue.regimens.get(name)
    return regimen.title if regimen else pathway.catalogue.title(name)


def show_pathway(out: Screen, pathway: Pathway) -> None:
    """Print the pathway for review: whether it applies, its rules, then what they rest on."""
    names = dict.fromkeys((pathway.title, pathway.id, pathway.edition))
    first, *others = names
    out.hang((), ((first, "bold"), *((f" · {name}", "dim") for name in others)), 0)
    out.paragraph(
        "Numbers and statements carry how this rule base knows them: verified, verified-2, recalled, derived,"
        " policy.",
        style="italic dim",
    )
    _section(out, "Whether it applies: the first that holds")
    for verdict, node, because in pathway.applicability:
        _entry(out, f"{str(verdict).replace('-', ' ')}: {because}", pathway.speaker.describe(node))
    for module, title, rules in by_module(pathway):
        _section(out, f"{title} · {module}")
        for rule in rules:
            _rule(out, pathway, rule)
    _section(out, "Definitions")
    for definition in pathway.definitions.values():
        _entry(
            out,
            f"{definition.title} (of {_WHOSE[definition.scope]})",
            pathway.speaker.describe(definition.when),
        )
    _section(out, "Responses at an assessment: the first that holds")
    for title, when in responses_told(pathway):
        _entry(out, title, when)
    _section(out, "Exposure that lets a failure count")
    for title, when in exposure_told(pathway):
        _entry(out, title, when)
    _section(out, "Numbers")
    for limit in sorted(pathway.thresholds.values(), key=lambda limit: limit.title.lower()):
        source = pathway.catalogue.sources[limit.source].short
        forms = " = ".join(q.text for q in limit.forms.values())
        note = f"; {limit.note}" if limit.note else ""
        cite = f" {limit.cite}" if limit.cite else ""
        _entry(out, f"{limit.title}: {forms}", f"{source}{cite} [{limit.confidence}]{note}")
    _section(out, "Sources")
    for used in _cited(pathway):
        seen = f" [reviewed {used.reviewed}]" if used.reviewed else ""
        _entry(out, f"{used.short}{seen}", used.citation.strip())


def _cited(pathway: Pathway) -> list[Source]:
    """The sources of its numbers, definitions and rules, by how they are cited."""
    names = {limit.source for limit in pathway.thresholds.values()}
    names |= {rule.statement.source for rule in pathway.rules.values()}
    names |= {d.source for d in pathway.definitions.values() if d.source}
    return sorted((pathway.catalogue.sources[name] for name in names), key=lambda source: source.short)


def by_module(pathway: Pathway) -> Iterator[tuple[str, str, list[Rule]]]:
    """The rules of each module that has any, in the order of the file; the pathway's own first."""
    for module in (pathway.id, *pathway.uses):
        rules = [rule for rule in pathway.rules.values() if rule.module == module]
        if rules:
            yield module, pathway.modules[module], sorted(rules, key=lambda rule: _line_of(rule.place))


def _line_of(place: str) -> int:
    return int(place.rpartition(":")[2] or 0)


def _rule(out: Screen, pathway: Pathway, rule: Rule) -> None:
    off = "" if rule.on_guideline else " · off-guideline"
    _entry(out, f"{rule.title} · {rule.id}", f"{concluded(pathway, rule)}{off}")
    every = "for a line: " if rule.scope == "line" else ""
    _line(out, f"when {every}{pathway.speaker.describe(rule.when)}")
    if rule.unless:
        _line(out, f"unless {pathway.speaker.describe(rule.unless)}")
    _line(out, f"{authority(pathway, rule)}: {rule.rationale}", style="italic")
    _line(out, rule.place, style="dim")


def _section(out: Screen, title: str) -> None:
    out.line()
    out.line((title, "bold"))


def _entry(out: Screen, title: str, text: str) -> None:
    out.paragraph(title, indent=2, style="bold")
    _line(out, text)


def _line(out: Screen, text: str, style: str = "") -> None:
    out.paragraph(text, indent=6, style=style)
