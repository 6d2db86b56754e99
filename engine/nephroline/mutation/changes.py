"""Every small change of a pathway, systematically: each could be a slip of whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from functools import partial
from itertools import pairwise
from typing import Any

import msgspec

from nephroline.catalogue import Catalogue, RegimenDose, Schedule
from nephroline.features import Threshold
from nephroline.lang import And, Compare, Deciders, Member, Node, Not, Op, Or, asks, threshold_names
from nephroline.mutation.base import Base
from nephroline.mutation.sites import Site, put_rule, rewritten, sites, walk
from nephroline.pathway import Alert, Block, FindingOf, Pathway, Recommend, Rule
from nephroline.quantities import Quantity, QuantityError, parse
from nephroline.terms import Certainty, Severity, Strength


class Kind(StrEnum):
    """What is changed."""

    EDGE = "edge"
    """Of a comparison: whether the limit itself belongs to it."""
    LIMIT = "limit"
    """A threshold: one more, one less of its last digit, ten times it."""
    DROPPED = "dropped"
    """One clause of several is left out."""
    NEGATED = "negated"
    """A clause is turned round."""
    EXCEPTION = "exception"
    """The exception of a rule is left out."""
    WORD = "word"
    """One word of several is left out of those that fit."""
    MEMBER = "member"
    """A drug leaves a class."""
    DOSE = "dose"
    """A cap of a dose is left out, or it is given once more a day."""
    PREFERENCE = "preference"
    """Two recommendations of neighbouring preference change places."""
    GRADE = "grade"
    """Another strength or certainty of a graded statement."""
    SCHEDULE = "schedule"
    """What is monitored is due half as often, or not after a change of dose."""
    WEIGHT = "weight"
    """A critical alert only warns, or a finding does not settle what became of a line."""


class SmallChange(msgspec.Struct, frozen=True):
    """One small change: of what, which module states it and where, as it was and as it becomes.

    `key` tells it from every other of its pathway.
    """

    key: str
    kind: Kind
    of: str
    module: str
    at: str
    was: str
    becomes: str


class Mutant(SmallChange, frozen=True):
    """A pathway with one small change.

    `make` makes it; `matters`: whether it could conclude otherwise than the unchanged pathway where that
    looked at what it did; a reason in other words does not count.
    """

    make: Callable[[], Pathway]
    matters: Callable[[Base], bool]


def mutants_of(pathway: Pathway) -> list[Mutant]:
    """Every mutant of a pathway, in a fixed order."""
    found = _Mutants(pathway)
    every = [*found.conditions(), *found.limits(), *found.rules(), *found.catalogue()]
    return list({one.key: one for one in every}.values())


class _Mutants:
    """Makes the mutants of one pathway."""

    def __init__(self, pathway: Pathway) -> None:
        self._pathway = pathway
        self._naming = {atom: names for atom in pathway.atoms if (names := frozenset(threshold_names(atom)))}
        trials = {one.minimum_trial or "" for one in pathway.catalogue.regimens.values()}
        # Not only named in conditions and rules.
        self._everywhere = pathway.thresholds_of_charts | trials
        self._clauses_naming: dict[str, list[str]] = {}
        for clause in pathway.clauses.values():
            for name in threshold_names(clause.condition):
                self._clauses_naming.setdefault(name, []).append(clause.id)

    # -- conditions --------------------------------------------------------------------------------

    def conditions(self) -> Iterator[Mutant]:
        """Changes of one part of a condition."""
        for site in sites(self._pathway):
            if site.exception:
                yield self._put(site, Kind.EXCEPTION, (), site.node, None)
            for path, part in walk(site.node):
                if isinstance(part, (And, Or)):
                    for i, operand in enumerate(part.operands):
                        yield self._put(site, Kind.DROPPED, (*path, i), operand, None)
                elif not isinstance(part, Not):
                    yield self._put(site, Kind.NEGATED, path, part, Not(part))
                if isinstance(part, Compare):
                    yield self._put(site, Kind.EDGE, path, part, _other_edge(part))
                if isinstance(part, Member) and len(part.words) > 1:
                    for word in sorted(part.words):
                        words = tuple(one for one in part.words if one != word)
                        fewer = msgspec.structs.replace(part, words=words)
                        yield self._put(site, Kind.WORD, path, part, fewer)

    def _put(self, site: Site, kind: Kind, path: tuple[int, ...], old: Node, new: Node | None) -> Mutant:
        node = rewritten(site.node, path, new)
        was, becomes = self._told(old), "left out" if new is None else self._told(new)
        where = ".".join(map(str, path))
        return Mutant(
            f"{kind}: {site.of} ({site.module}) [{where}] {was} → {becomes}",
            kind,
            site.of,
            site.module,
            site.at,
            was,
            becomes,
            lambda: site.put(self._pathway, node),
            lambda base: site.matters(base, node),
        )

    def _told(self, node: Node) -> str:
        if isinstance(node, (And, Or)):
            joint = " and " if isinstance(node, And) else " or "
            return joint.join(f"({self._told(one)})" for one in node.operands)
        if isinstance(node, Not):
            return f"not ({self._told(node.operand)})"
        return self._pathway.speaker.describe(node)

    # -- thresholds --------------------------------------------------------------------------------

    def limits(self) -> Iterator[Mutant]:
        """Each threshold by one of its last digit, and ten times."""
        named = self._rules_naming()
        for threshold in self._pathway.thresholds.values():
            if threshold.name not in self._pathway.thresholds_used:
                continue
            for how, change in _CHANGES.items():
                forms = {d: _changed(q, change, self._pathway.catalogue) for d, q in threshold.forms.items()}
                if any(form is None for form in forms.values()):
                    continue
                other = msgspec.structs.replace(threshold, forms=forms)
                becomes = ", ".join(form.text for form in forms.values() if form is not None)
                yield Mutant(
                    f"{Kind.LIMIT}: {threshold.name} ({threshold.source}, {threshold.cite}) {how}: {becomes}",
                    Kind.LIMIT,
                    f"threshold {threshold.name}",
                    "",
                    "",
                    ", ".join(form.text for form in threshold.forms.values()),
                    becomes,
                    partial(self._with_threshold, other),
                    partial(self._limit_matters, other, named.get(threshold.name, frozenset())),
                )

    def _with_threshold(self, other: Threshold) -> Pathway:
        thresholds = {**self._pathway.thresholds, other.name: other}
        return msgspec.structs.replace(self._pathway, thresholds=thresholds)

    def _rules_naming(self) -> Mapping[str, frozenset[str]]:
        """The rules whose words, doses or times name each threshold."""
        found: dict[str, set[str]] = {}
        for rule in self._pathway.rules.values():
            for name in rule.concluding_names(self._pathway.catalogue):
                found.setdefault(name, set()).add(rule.id)
        return {name: frozenset(rules) for name, rules in found.items()}

    def _limit_matters(self, other: Threshold, rules: frozenset[str], base: Base) -> bool:
        if other.name in self._everywhere or not rules.isdisjoint(base.standing):
            return True
        if base.again(self._clauses_naming.get(other.name, ())):
            return True
        deciders: Deciders | None = None
        for atom, asked in base.asked.items():
            if other.name not in self._naming.get(atom, ()):
                continue
            if any(argument.name == other.name for ask in asks(atom) for argument in ask.arguments):
                # What the chart remembers was worked out by the threshold as it is.
                return True
            deciders = deciders or Deciders({**self._pathway.thresholds, other.name: other})
            if any(deciders[atom](one.chart, one.subject).truth is not one.seen.truth for one in asked):
                return True
        return False

    # -- what rules conclude -----------------------------------------------------------------------

    def rules(self) -> Iterator[Mutant]:
        """Changes of what a rule concludes, and on whose authority."""
        for rule in self._pathway.rules.values():
            yield from self._grades(rule)
            match rule.conclusion:
                case Recommend() as recommend:
                    yield from self._doses(rule, recommend)
                case Alert(severity=Severity.CRITICAL) as alert:
                    less = msgspec.structs.replace(alert, severity=Severity.WARNING)
                    yield self._rule(rule, Kind.WEIGHT, "critical", "warning", conclusion=less)
                case FindingOf(outcome=outcome) as finding if outcome is not None:
                    none = msgspec.structs.replace(finding, outcome=None, outcome_of=None)
                    yield self._rule(rule, Kind.WEIGHT, f"outcome {outcome}", "no outcome", conclusion=none)
                case _:
                    pass
        yield from self._preferences()

    def _rule(self, rule: Rule, kind: Kind, was: str, becomes: str, **fields: Any) -> Mutant:
        return Mutant(
            f"{kind}: rule {rule.id} ({rule.module}), {was} → {becomes}",
            kind,
            f"rule {rule.id}",
            rule.module,
            rule.place,
            was,
            becomes,
            lambda: msgspec.structs.replace(self._pathway, rules=put_rule(self._pathway, rule, **fields)),
            lambda base: rule.id in base.standing or base.again(rule.clauses),
        )

    def _grades(self, rule: Rule) -> Iterator[Mutant]:
        statement = rule.statement
        if not statement.grade:
            return
        strength = Strength.WEAK if statement.strength is Strength.STRONG else Strength.STRONG
        letters = [one for one in Certainty if one.letter]
        letter = letters[(letters.index(statement.certainty) + 1) % len(letters)]
        for fields in ({"strength": strength}, {"certainty": letter}):
            other = msgspec.structs.replace(statement, **fields)
            yield self._rule(rule, Kind.GRADE, statement.grade, other.grade, statement=other)

    def _doses(self, rule: Rule, recommend: Recommend) -> Iterator[Mutant]:
        for drug, dose in recommend.dose.items():
            for was, becomes, other in _other_doses(dose):
                doses = {**recommend.dose, drug: other}
                changed = msgspec.structs.replace(recommend, dose=doses)
                yield self._rule(rule, Kind.DOSE, f"{drug}: {was}", f"{drug}: {becomes}", conclusion=changed)

    def _preferences(self) -> Iterator[Mutant]:
        ranked: dict[int, list[Rule]] = {}
        for name in sorted(self._pathway.rules):
            rule = self._pathway.rules[name]
            if isinstance(rule.conclusion, Recommend) and rule.conclusion.of_line:
                ranked.setdefault(rule.conclusion.preference, []).append(rule)
        for before, after in pairwise(sorted(ranked)):
            for i, rule in enumerate(ranked[before]):
                other = ranked[after][i % len(ranked[after])]
                yield self._swapped(rule, other)

    def _swapped(self, rule: Rule, other: Rule) -> Mutant:
        one, two = rule.conclusion, other.conclusion
        assert isinstance(one, Recommend)  # noqa: S101
        assert isinstance(two, Recommend)  # noqa: S101

        def make() -> Pathway:
            first = msgspec.structs.replace(one, preference=two.preference)
            second = msgspec.structs.replace(two, preference=one.preference)
            rules = put_rule(self._pathway, rule, conclusion=first)
            changed = msgspec.structs.replace(other, conclusion=second)
            return msgspec.structs.replace(self._pathway, rules={**rules, other.id: changed})

        return Mutant(
            f"{Kind.PREFERENCE}: rule {rule.id} and rule {other.id}",
            Kind.PREFERENCE,
            f"rule {rule.id}",
            rule.module,
            rule.place,
            f"{one.preference}, and {two.preference} of {other.id}",
            f"{two.preference}, and {one.preference} of {other.id}",
            make,
            lambda base: not base.standing.isdisjoint((rule.id, other.id)),
        )

    # -- the catalogue -----------------------------------------------------------------------------

    def catalogue(self) -> Iterator[Mutant]:
        """Changes of what the pathway takes from the catalogue: classes, regimens' doses, monitoring."""
        catalogue = self._pathway.catalogue
        proposed = {
            agent
            for rule in self._pathway.rules.values()
            if isinstance(rule.conclusion, Recommend) and rule.conclusion.regimen
            for agent in catalogue.regimens[rule.conclusion.regimen].agents
        }
        asked = self._agents_asked()
        for drug in catalogue.drugs.values():
            for kind in sorted(asked.intersection(drug.classes)):
                other = msgspec.structs.replace(drug, classes=tuple(c for c in drug.classes if c != kind))
                yield self._entry(
                    Kind.MEMBER,
                    "drugs",
                    drug.id,
                    other,
                    f"one of class {kind}",
                    "not one of it",
                    partial(_names, frozenset((drug.id,)), proposed=drug.id in proposed),
                )
        for regimen in catalogue.regimens.values():
            for i, dose in enumerate(regimen.doses):
                for was, becomes, changed in _other_doses(dose):
                    doses = (*regimen.doses[:i], changed, *regimen.doses[i + 1 :])
                    yield self._entry(
                        Kind.DOSE,
                        "regimens",
                        regimen.id,
                        msgspec.structs.replace(regimen, doses=doses),
                        f"{dose.drug}: {was}",
                        f"{dose.drug}: {becomes}",
                        partial(_recommends, regimen.id, dose.drug),
                    )
        for schedule in catalogue.monitoring.values():
            for was, becomes, late in _later(schedule, catalogue):
                yield self._entry(
                    Kind.SCHEDULE,
                    "monitoring",
                    schedule.id,
                    late,
                    was,
                    becomes,
                    partial(
                        _names, frozenset(d for d in catalogue.drugs if catalogue.belongs(d, schedule.agent))
                    ),
                )

    def _agents_asked(self) -> frozenset[str]:
        """What the pathway asks or says of drugs and classes, by name."""
        pathway, catalogue = self._pathway, self._pathway.catalogue
        found = {a.name for atom in pathway.atoms for ask in asks(atom) for a in ask.arguments}
        found |= {word for atom in pathway.atoms if isinstance(atom, Member) for word in atom.words}
        found |= {exposure.agent for exposure in pathway.exposure}
        found |= {schedule.agent for schedule in catalogue.monitoring.values()}
        found |= {name for one in catalogue.regimens.values() for name in (*one.agents, *one.adjuncts)}
        for rule in pathway.rules.values():
            if isinstance(rule.conclusion, (Block, Recommend)):
                found.add(rule.conclusion.agent or "")
        return frozenset(found)

    def _entry(
        self,
        kind: Kind,
        section: str,
        name: str,
        other: Any,
        was: str,
        becomes: str,
        matters: Callable[[Base], bool],
    ) -> Mutant:
        def make() -> Pathway:
            table = {**getattr(self._pathway.catalogue, section), name: other}
            catalogue = msgspec.structs.replace(self._pathway.catalogue, **{section: table})
            return msgspec.structs.replace(self._pathway, catalogue=catalogue)

        of = f"{section} {name}"
        key = f"{kind}: {of}, {was} → {becomes}"
        return Mutant(key, kind, of, "", "", was, becomes, make, matters)


# -- how a part is changed -----------------------------------------------------------------------------

_EDGES = {Op.LT: Op.LE, Op.LE: Op.LT, Op.GT: Op.GE, Op.GE: Op.GT}


def _other_edge(compare: Compare) -> Compare:
    return msgspec.structs.replace(compare, op=_EDGES[compare.op])


_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def _by_a_digit(digits: str, sign: int) -> str:
    """A number with one more or less of its last digit."""
    number = Decimal(digits)
    exponent = number.as_tuple().exponent
    return str(number + sign * Decimal(1).scaleb(int(exponent)))


_CHANGES: Mapping[str, Callable[[str], str]] = {
    "+ 1": lambda digits: _by_a_digit(digits, 1),
    "- 1": lambda digits: _by_a_digit(digits, -1),
    "× 10": lambda digits: str(Decimal(digits) * 10),
}


def _changed(quantity: Quantity, change: Callable[[str], str], catalogue: Catalogue) -> Quantity | None:
    """A quantity with its numbers changed; None where that is none."""
    number, space, unit = quantity.text.partition(" ")
    text = _NUMBER.sub(lambda found: change(found[0]), number)
    try:
        return parse(f"{text}{space}{unit}", catalogue.units)
    except QuantityError:
        return None


def _other_doses(dose: RegimenDose) -> Iterator[tuple[str, str, RegimenDose]]:
    if dose.most is not None:
        yield f"at most {dose.most}", "no cap", msgspec.structs.replace(dose, most=None)
    more = dose.times + 1
    yield f"{dose.times} × a day", f"{more} × a day", msgspec.structs.replace(dose, times=more)


def _later(schedule: Schedule, catalogue: Catalogue) -> Iterator[tuple[str, str, Schedule]]:
    for i, step in enumerate(schedule.steps):
        every = _changed(step.every, lambda digits: str(Decimal(digits) * 2), catalogue)
        if every is not None:
            steps = (
                *schedule.steps[:i],
                msgspec.structs.replace(step, every=every),
                *schedule.steps[i + 1 :],
            )
            changed = msgspec.structs.replace(schedule, steps=steps)
            yield f"step {i + 1} every {step.every.text}", f"every {every.text}", changed
    if schedule.after_change is not None:
        changed = msgspec.structs.replace(schedule, after_change=None)
        yield f"{schedule.after_change.text} after a change", "not then", changed


def _names(drugs: frozenset[str], base: Base, *, proposed: bool = False) -> bool:
    """Whether a chart names one of some drugs, or a pathway proposes one."""
    return proposed or not drugs.isdisjoint(base.drugs)


def _recommends(regimen: str, drug: str, base: Base) -> bool:
    """Whether a rule that may hold begins a regimen, or the chart names a drug of it."""
    rules = base.run.pathway.rules
    return drug in base.drugs or any(
        isinstance(one, Recommend) and one.regimen == regimen
        for one in (rules[name].conclusion for name in base.standing)
    )
