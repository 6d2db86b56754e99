"""What can be wrong with a composed pathway as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nephroline.errors import Problem, did_you_mean, quoted
from nephroline.features import FEATURES, with_trait
from nephroline.lang import Holds, Node, asks, atoms
from nephroline.pathway.composing import Composed
from nephroline.pathway.conclusions import Block, FindingOf, Recommend
from nephroline.pathway.depends import after_choice
from nephroline.pathway.models import (
    DOSING,
    WINDOWS,
    Pathway,
)
from nephroline.pathway.modules import Module
from nephroline.record import PER_DAY, PER_WEIGHT
from nephroline.terms import Trait
from nephroline.yamlfile import Place

_WORD = re.compile(r"[a-z][a-z0-9_]*")
_FINDING = re.compile(r"finding\(\s*([a-z0-9-]+)\s*\)")


def check(pathway: Pathway, composed: Composed) -> Iterator[Problem]:
    """Every fault of a pathway that shows only when it is put together."""
    head = composed.head.place
    for name in WINDOWS:
        limit = pathway.thresholds.get(name)
        if limit is None or "time" not in limit.forms:
            yield (head / "thresholds").problem(
                f"the threshold {quoted(name)} is missing",
                "use `shared/windows`, or state it as a time; it says what belongs together",
            )
    for name in DOSING:
        if name not in pathway.thresholds:
            yield (head / "thresholds").problem(
                f"the threshold {quoted(name)} is missing",
                "use `shared/dosing`, or state it; it says how a dose is worked out",
            )
    yield from _full_doses(pathway, head)
    if not pathway.responses:
        yield head.problem(
            "the section `responses` is missing",
            "use `shared/responses`, or say when an assessment is a remission",
        )
    for rule in pathway.rules.values():
        conclusion = rule.conclusion
        early = isinstance(conclusion, Block | FindingOf) or (
            isinstance(conclusion, Recommend) and conclusion.of_line
        )
        nodes = [rule.when, *([rule.unless] if rule.unless else [])]
        if early and any(after_choice(q) for node in nodes for q in asks(node)):
            yield composed.rules[rule.id].place.problem(
                f"the rule {quoted(rule.id)} decides the next line and cannot ask `proposed`",
                "only alerts, and rules of what is done beside the line, may",
            )
        if not rule.rationale:
            yield composed.rules[rule.id].place.problem(
                "a rule says why in a sentence", "add `rationale`, here or in the authority of the edition"
            )
    places = {given.entry.agent: given.place for given in composed.exposure}
    for exposure in pathway.exposure:
        for node in exposure.nodes:
            if any(isinstance(a, Holds) for a in atoms(node)) or any(
                FEATURES[q.feature].trait is Trait.EXPOSURE for q in asks(node)
            ):
                yield places[exposure.agent].problem(
                    f"the exposure to {exposure.agent} refers to a conclusion",
                    "write it with features and thresholds only",
                )
    for module in composed.modules:
        for place, name in module.named_in_texts:
            if name not in pathway.thresholds:
                yield place.problem(
                    f"unknown threshold {quoted(name)}", did_you_mean(name, pathway.thresholds)
                )
    whens: list[tuple[str, Place]] = []
    whens += [(outside.entry.when, outside.place) for outside in composed.population]
    whens += [(verdict.entry.when, verdict.place) for verdict in composed.applicability]
    for when, place in whens:
        late = with_trait(Trait.AFTER_CHOICE).intersection(_WORD.findall(when))
        if late:
            yield (place / "when").problem(f"applicability cannot ask {quoted(', '.join(sorted(late)))}")


def _full_doses(pathway: Pathway, head: Place) -> Iterator[Problem]:
    """A pathway that states one full dose of a class states all that the catalogue names, and as doses."""
    for kind in pathway.catalogue.classes.values():
        stated = [name for name in kind.full_doses if name in pathway.thresholds]
        for name in kind.full_doses:
            if stated and name not in stated:
                yield (head / "thresholds").problem(
                    f"the threshold {quoted(name)} is missing: {kind.title} is at its full dose from it on",
                    did_you_mean(name, pathway.thresholds),
                )
        for name in stated:
            if not set(pathway.thresholds[name].forms) <= {PER_DAY, PER_WEIGHT}:
                yield (head / "thresholds").problem(
                    f"the threshold {quoted(name)} is no dose per day: {kind.title} is at its full dose from"
                    " it on",
                    "such as 1 mg/kg/d",
                )


def names_in(module: Module) -> set[str]:
    """Every name that stands in a condition or a text of a module, whether replaced by others or not."""
    entries = (
        *(s.entry.when for s in module.definitions.values()),
        *(text for s in module.rules.values() for text in (s.entry.when, s.entry.unless or "")),
        *(
            t or ""
            for s in module.responses
            for t in (s.entry.when, s.entry.provisional, s.entry.unconfirmed)
        ),
        *(s.entry.when for s in module.indeterminate),
        *(s.entry.when for s in module.population),
        *(s.entry.when for s in module.applicability),
        *(t or "" for s in module.exposure for t in (s.entry.adequate, s.entry.presumed, s.entry.inadequate)),
    )
    return {name for text in entries for name in _WORD.findall(text)} | {
        name for _, name in module.named_in_texts
    }


def findings_in(module: Module) -> set[str]:
    """Every finding for which a condition of a module asks."""
    texts = [s.entry.when for s in module.definitions.values()]
    texts += [text for s in module.rules.values() for text in (s.entry.when, s.entry.unless or "")]
    texts += [s.entry.when for s in module.applicability]
    return {name for text in texts for name in _FINDING.findall(text)}


def references(node: Node, *, findings: bool) -> list[str]:
    """The findings, or else the definitions, to which a condition refers."""
    refs = (atom for atom in atoms(node) if isinstance(atom, Holds))
    return [ref.id for ref in refs if ref.kind.of_finding is findings]
