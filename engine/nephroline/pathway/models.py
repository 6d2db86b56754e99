"""A checked pathway: everything read, resolved, typed and put in order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

import msgspec

from nephroline.catalogue import Catalogue
from nephroline.exact import Fraction
from nephroline.features import Threshold
from nephroline.lang import (
    Atom,
    Deciders,
    Holds,
    Node,
    Shared,
    Speaker,
    about_patient,
    atoms,
    threshold_names,
)
from nephroline.pathway.canonical import digest_of
from nephroline.pathway.conclusions import Alert, Block, Conclusion, FindingOf, Recommend, Statement
from nephroline.pathway.depends import Depends
from nephroline.record import FullDoses, Windows
from nephroline.terms import (
    Confidence,
    Response,
    Scope,
    Verdict,
)

WINDOWS = (
    *("course_gap", "alternation_gap", "unknown_end_window"),
    *("handover_window", "together_window", "current_window"),
)
"""Thresholds of time that every pathway must state, in the order of `Windows`."""
DOSING = ("weight_current", "weight_grown", "weight_obese", "weight_without_height", "dose_rounding")
"""Thresholds that every pathway must state, by which doses are worked out."""
TREND = "computed_trend"
"""A threshold that a pathway may state, from which on a computed value is told as rising or falling."""
EXCRETION = ("creatinine_excretion_low", "creatinine_excretion_high")
"""Thresholds that a pathway may state, between which a ratio is carried to an amount a day."""

NAMED = re.compile(r"\{([a-z][a-z0-9_]*)\}")
"""A threshold in a text."""


class Definition(msgspec.Struct, frozen=True):
    """A named condition, stated by `module`."""

    id: str
    title: str
    scope: Scope
    when: Node
    source: str
    cite: str
    confidence: Confidence
    module: str
    clause: str = ""

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "clause", f"definition:{self.id}")

    @property
    def clauses(self) -> tuple[str, ...]:
        """The clauses that inference decides for it."""
        return (self.clause,)


class Rule(msgspec.Struct, frozen=True):
    """A rule with its authority. `module` states it, at `place` (file and line).

    `care`: it stands in a module of care or safety, which go with an edition, not with a disease.
    `clause` and `exception` are the ids under which inference decides its `when` and its `unless`.
    """

    id: str
    title: str
    scope: Scope
    when: Node
    unless: Node | None
    conclusion: Conclusion
    statement: Statement
    rationale: str
    on_guideline: bool
    module: str
    place: str
    care: bool = False
    clause: str = ""
    exception: str = ""

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "clause", f"rule:{self.id}")
        msgspec.structs.force_setattr(self, "exception", f"unless:{self.id}")

    @property
    def clauses(self) -> tuple[str, ...]:
        """The clauses that inference decides for it: its `when`, and its `unless` if it has one."""
        return (self.clause,) if self.unless is None else (self.clause, self.exception)

    def concluding_names(self, catalogue: Catalogue) -> set[str]:
        """The thresholds that its texts, doses and times name, beside those of its conditions."""
        found = set(NAMED.findall(f"{self.title} {self.rationale} {self.conclusion}"))
        if isinstance(self.conclusion, Recommend):
            found |= set(self.conclusion.names(catalogue))
        return found

    @property
    def decides(self) -> bool:
        """Whether the choice of the next line may rest on it."""
        match self.conclusion:
            case Recommend() as recommend:
                return recommend.of_line or recommend.silent or recommend.answers
            case FindingOf() as finding:
                return finding.outcome is not None
            case conclusion:
                return isinstance(conclusion, Block)

    @property
    def concludes(self) -> str:
        """What the rule concludes, in words."""
        match self.conclusion:
            case FindingOf(id=name):
                return f"finding {name}"
            case Recommend() as recommend:
                running = recommend.agent or ("the running line" if recommend.keep else None)
                what = recommend.regimen or running or recommend.title
                return f"{recommend.action}: {what}"
            case Block() as block:
                return f"block {block.regimen or block.agent}"
            case Alert() as alert:
                return f"{alert.severity} alert"


class ExposureRule(msgspec.Struct, frozen=True):
    """When the exposure to an agent counts. `module` states it."""

    agent: str
    adequate: Node
    presumed: Node | None
    inadequate: Node | None
    module: str

    @property
    def nodes(self) -> list[Node]:
        """Its conditions."""
        return [node for _, node in self.conditions]

    @property
    def conditions(self) -> list[tuple[str, Node]]:
        """Its conditions by what they say, in the order in which they are asked."""
        asked = (("adequate", self.adequate), ("inadequate", self.inadequate), ("presumed", self.presumed))
        return [(word, node) for word, node in asked if node is not None]


class Clause(msgspec.Struct, frozen=True):
    """What inference decides: one condition for each patient or line.

    Clauses come from the `when` and the `unless` of rules, and from definitions.
    """

    id: str
    scope: Scope
    condition: Node


class Pathway(msgspec.Struct, frozen=True, eq=False, dict=True):
    """The rules of one disease in one edition, ready to be applied.

    `modules`: the title of each module it was put together from, itself last. An edition by itself is one
    without a disease: it holds what is cared for whatever the disease is. `population`: who is outside it,
    and why; `applicability` begins with it. `without_biopsy`: what names the disease by itself, so that no
    biopsy is missing for it. `expected_findings` may be asked for although no rule
    concludes them.
    `strata` come before the next line is chosen, `late_strata` after: each is a set of clauses that refer
    only to clauses of the strata before it.
    """

    id: str
    title: str
    edition: str
    disease: str
    source: str
    modules: Mapping[str, str]
    catalogue: Catalogue
    thresholds: Mapping[str, Threshold]
    definitions: Mapping[str, Definition]
    rules: Mapping[str, Rule]
    exposure: tuple[ExposureRule, ...]
    responses: tuple[tuple[Response, Node], ...]
    provisional: tuple[tuple[Response, Node], ...]
    unconfirmed: tuple[tuple[Response, Node], ...]
    doubts: Mapping[Response, str]
    gaps: tuple[tuple[Node, str], ...]
    population: tuple[tuple[Node, str], ...]
    applicability: tuple[tuple[Verdict, Node, str], ...]
    without_biopsy: tuple[Node, ...]
    expected_findings: tuple[str, ...]
    strata: tuple[tuple[Clause, ...], ...]
    late_strata: tuple[tuple[Clause, ...], ...]
    nodes: Shared

    @cached_property
    def digest(self) -> str:
        """What tells its content from any other; see `canonical`."""
        return digest_of(self)

    @property
    def uses(self) -> tuple[str, ...]:
        """The modules that it was put together from."""
        return tuple(name for name in self.modules if name != self.id)

    @cached_property
    def depends(self) -> Depends:
        """What rests on what."""
        return Depends(self)

    @cached_property
    def windows(self) -> Windows:
        """How near in time things must be to belong together."""
        times = (self.thresholds[name].days for name in WINDOWS)
        rates = [form for name in EXCRETION if (form := self._rate(name)) is not None]
        bounds = (rates[0], rates[1]) if len(rates) == len(EXCRETION) else None
        gap, alternation, unknown_end, handover, together, current = times
        return Windows(gap, alternation, unknown_end, handover, together, current, bounds, self.full_doses)

    def _rate(self, name: str) -> Fraction | None:
        known = self.thresholds.get(name)
        form = known.forms.get("dose-rate-per-mass") if known is not None else None
        return form.exact if form is not None else None

    @property
    def full_doses(self) -> FullDoses:
        """The full doses of every class that is followed, as this pathway states them."""
        units = self.catalogue.units
        return {
            kind.id: tuple(
                (form, units[form.text.split(" ", 1)[1]].every)
                for name in kind.full_doses
                if name in self.thresholds
                for form in self.thresholds[name].forms.values()
            )
            for kind in self.catalogue.classes.values()
            if kind.full_doses
        }

    @cached_property
    def deciders(self) -> Deciders:
        """How each atom is decided, except references: those are looked up among conclusions."""
        return Deciders(self.thresholds)

    @cached_property
    def atoms(self) -> tuple[Atom, ...]:
        """Every atom in use."""
        return tuple(dict.fromkeys(atom for node in self._nodes_in_use for atom in atoms(node)))

    @cached_property
    def _nodes_in_use(self) -> tuple[Node, ...]:
        nodes = [clause.condition for clause in self.clauses.values()]
        nodes += [definition.when for definition in self.definitions.values()]
        nodes += [node for _, node in self.responses_judged]
        nodes += [node for _, node, _ in self.applicability]
        nodes += [node for rule in self.exposure for node in rule.nodes]
        return tuple(nodes)

    @cached_property
    def responses_judged(self) -> tuple[tuple[Response, Node], ...]:
        """Every condition by which a response is judged, or taken to be so, or doubted."""
        return (*self.responses, *self.provisional, *self.unconfirmed)

    @cached_property
    def shared_atoms(self) -> frozenset[Atom]:
        """Atoms that come out the same for every line."""
        return frozenset(filter(about_patient, self.atoms))

    @cached_property
    def by_conclusion(self) -> Mapping[type, tuple[Rule, ...]]:
        """Rules by what they conclude, in order of id."""
        found: dict[type, list[Rule]] = {kind: [] for kind in (FindingOf, Recommend, Block, Alert)}
        for name in sorted(self.rules):
            found[type(self.rules[name].conclusion)].append(self.rules[name])
        return {kind: tuple(rules) for kind, rules in found.items()}

    @cached_property
    def finding_rules(self) -> Mapping[str, tuple[Rule, ...]]:
        """The rules that conclude each finding."""
        found: dict[str, list[Rule]] = {name: [] for name in self.expected_findings}
        for rule in self.rules.values():
            if isinstance(rule.conclusion, FindingOf):
                found.setdefault(rule.conclusion.id, []).append(rule)
        return {name: tuple(rules) for name, rules in found.items()}

    @cached_property
    def clauses(self) -> Mapping[str, Clause]:
        """Every clause by its id."""
        return {c.id: c for stratum in (*self.strata, *self.late_strata) for c in stratum}

    @cached_property
    def thresholds_used(self) -> frozenset[str]:
        """The thresholds that a condition, a text, a dose or the windows of time name."""
        nodes = (*self._nodes_in_use, *(node for node, _ in self.gaps))
        found = {*self.thresholds_of_charts}
        found |= {name for node in nodes for name in threshold_names(node)}
        for rule in self.rules.values():
            found |= rule.concluding_names(self.catalogue)
        return frozenset(found | {name for _, because in self.gaps for name in NAMED.findall(because)})

    @cached_property
    def thresholds_of_charts(self) -> frozenset[str]:
        """Thresholds by which every chart is read and dosed, whatever its rules name."""
        full = {name for kind in self.catalogue.classes.values() for name in kind.full_doses}
        return frozenset({*WINDOWS, *DOSING, *EXCRETION, TREND, *full})

    @cached_property
    def definitions_used(self) -> frozenset[str]:
        """The definitions to which a condition refers."""
        nodes = (*self._nodes_in_use, *(node for node, _ in self.gaps))
        refs = (atom for node in nodes for atom in atoms(node) if isinstance(atom, Holds))
        return frozenset(ref.id for ref in refs if not ref.kind.of_finding)

    def behind(self, ref: Holds) -> tuple[Definition | Rule, ...]:
        """What a reference refers to: a definition, or the rules of a finding."""
        if not ref.kind.of_finding:
            return (self.definitions[ref.id],)
        return self.finding_rules[ref.id]

    @cached_property
    def speaker(self) -> Speaker:
        """Puts conditions into sentences."""
        return Speaker(self.catalogue, self.thresholds, self.title_of)

    def title_of(self, ref: Holds) -> str:
        """The title of a definition or finding."""
        behind = self.behind(ref)
        return behind[0].title if behind else ref.id.replace("-", " ")
