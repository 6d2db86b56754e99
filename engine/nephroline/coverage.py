"""What of a rule is tested: coverage by clause.

A *clause* of a condition is one atom of it: a comparison, a question, a reference to a definition or
finding. A clause decides at a time at which the condition is true with it and false without it, or the other
way round, everything else being as it is (the masking form of modified condition/decision coverage). It is
tested when it has decided while it held and while it failed; where it decides but is unknown is told apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from nephroline.backends import PATIENT, backend
from nephroline.consultation import Consulted, Run, Subject, consulted, fill
from nephroline.consultation.judges import SeenAt, as_reported, exposure_rule
from nephroline.features import Amount
from nephroline.lang import Atom, Compare, Node, Seen, atoms, truth_of
from nephroline.pathway import Pathway, Recommend, Rule
from nephroline.record import Assessment, Line
from nephroline.replaying import decision_times, read_scenario
from nephroline.terms import Answer, Response, Scope
from nephroline.truth import Truth

Heard = Callable[[str], object]


class Proof(msgspec.Struct, frozen=True):
    """Where a clause turned its condition: a scenario, a time, and the line of therapy or the assessment."""

    scenario: str
    at: str
    of: str = ""

    def __str__(self) -> str:
        return f"{self.scenario} at {self.at}{f', {self.of}' if self.of else ''}"


class ClauseCoverage(msgspec.Struct):
    """One clause of a condition, in plain English; where it decided while it held, failed, was unknown.

    `limit`: the threshold against which it compares.
    """

    text: str
    limit: str = ""
    held: Proof | None = None
    failed: Proof | None = None
    unknown: Proof | None = None

    @property
    def covered(self) -> bool:
        """Whether it has turned the condition both ways."""
        return self.held is not None and self.failed is not None


class ConditionCoverage(msgspec.Struct, frozen=True):
    """A condition of a pathway: whose it is, where it stands, and its clauses."""

    kind: str
    id: str
    title: str
    module: str
    clauses: list[ClauseCoverage]

    @property
    def covered(self) -> int:
        """How many of its clauses are."""
        return sum(clause.covered for clause in self.clauses)

    @property
    def gaps(self) -> int:
        """How many are not."""
        return len(self.clauses) - self.covered


class ThresholdMet(msgspec.Struct):
    """A threshold, and where a value was met below it, at it, above it."""

    name: str
    title: str
    below: Proof | None = None
    at: Proof | None = None
    above: Proof | None = None


class RuleMet(msgspec.Struct):
    """The scenarios in which a rule holds at some time, and those in which it is refused.

    Asked where the pathway speaks of the patient; of a rule for safety and care everywhere.
    """

    holds: set[str] = msgspec.field(default_factory=set[str])
    refused: set[str] = msgspec.field(default_factory=set[str])


class Coverage(msgspec.Struct, frozen=True):
    """What some scenarios test of a pathway.

    `never_shown`: what no answer has shown, by kind: rules, regimens, doses.
    `conflicts`: where rules ask for what cannot both be done.
    """

    pathway: str
    scenarios: int
    times: int
    conditions: list[ConditionCoverage]
    thresholds: list[ThresholdMet]
    never_shown: dict[str, list[str]]
    rules: dict[str, RuleMet]
    conflicts: list[Proof]

    @property
    def covered(self) -> int:
        """How many clauses are covered."""
        return sum(condition.covered for condition in self.conditions)

    @property
    def clauses(self) -> int:
        """How many there are."""
        return sum(len(condition.clauses) for condition in self.conditions)

    def joined(self, other: Coverage) -> Coverage:
        """What these and other scenarios test of the same pathway; a proof is the first there is."""
        return Coverage(
            pathway=self.pathway,
            scenarios=self.scenarios + other.scenarios,
            times=self.times + other.times,
            conditions=[
                msgspec.structs.replace(
                    mine, clauses=[_first(*both) for both in zip(mine.clauses, others.clauses, strict=True)]
                )
                for mine, others in zip(self.conditions, other.conditions, strict=True)
            ],
            thresholds=[_first(*both) for both in zip(self.thresholds, other.thresholds, strict=True)],
            never_shown={
                kind: [name for name in names if name in other.never_shown[kind]]
                for kind, names in self.never_shown.items()
            },
            rules={
                name: RuleMet(met.holds | other.rules[name].holds, met.refused | other.rules[name].refused)
                for name, met in self.rules.items()
            },
            conflicts=[*self.conflicts, *other.conflicts],
        )

    def of_modules(self, names: Collection[str]) -> Coverage:
        """The same with the conditions of some modules only, and what belongs to them."""
        kept = [condition for condition in self.conditions if condition.module in names]
        limits = {clause.limit for condition in kept for clause in condition.clauses}
        rules = {condition.id for condition in kept if condition.kind == "rule"}
        return msgspec.structs.replace(
            self,
            conditions=kept,
            thresholds=[each for each in self.thresholds if each.name in limits],
            never_shown={"rules": [name for name in self.never_shown["rules"] if name in rules]},
            rules={name: met for name, met in self.rules.items() if name in rules},
        )

    def to_data(self) -> dict[str, object]:
        """As plain data for JSON: the sums, conditions with the largest gaps first, thresholds."""
        rows = sorted(self.conditions, key=lambda each: -each.gaps)
        return {
            "pathway": self.pathway,
            "scenarios": self.scenarios,
            "times": self.times,
            "covered": self.covered,
            "clauses": self.clauses,
            "conditions": [
                {
                    "kind": row.kind,
                    "id": row.id,
                    "title": row.title,
                    "module": row.module,
                    "covered": row.covered,
                    "clauses": row.clauses,
                }
                for row in rows
            ],
            "thresholds": self.thresholds,
            "never_shown": self.never_shown,
        }


_Told = TypeVar("_Told", ClauseCoverage, ThresholdMet)


def _first(mine: _Told, other: _Told) -> _Told:
    """What is told by the one, and where that is nothing by the other."""
    gained = {
        name: value
        for name, value in msgspec.structs.asdict(other).items()
        if getattr(mine, name) is None and value is not None
    }
    return msgspec.structs.replace(mine, **gained)


def coverage_of(pathway: Pathway, files: Sequence[Path], *, heard: Heard | None = None) -> Coverage:
    """What scenarios test of a pathway, at each of their decision times; *heard* hears each file first.

    Raises: RecordError.
    """
    collector = _Collector(pathway)
    files = list(dict.fromkeys(file.resolve() for file in files))
    stems = Counter(file.stem for file in files)
    times = 0
    for file in files:
        name = file.stem if stems[file.stem] == 1 else f"{file.parent.name}/{file.stem}"
        if heard is not None:
            heard(file.name)
        scenario = read_scenario(file, pathway.catalogue)
        for moment in decision_times(scenario):
            times += 1
            done = consulted(scenario.record, pathway, moment, backend("reference"), stops_seen=False)
            collector.look(done, Proof(name, moment.label))
    return Coverage(
        pathway=pathway.id,
        scenarios=len(files),
        times=times,
        conditions=[known.told for known in collector.conditions.values()],
        thresholds=list(collector.met.values()),
        never_shown=collector.never_shown(),
        rules=collector.rules,
        conflicts=collector.conflicts,
    )


class _Tree(msgspec.Struct):
    """A condition with its clauses, and what is told of them."""

    node: Node
    unless: Node | None
    atoms: tuple[Atom, ...]
    told: ConditionCoverage

    def turned(self, look: Callable[[Atom], Truth], proof: Proof) -> Truth:
        """Note the clauses that alone turn the condition, as the atoms come out; give how it comes out."""
        truths = {atom: look(atom) for atom in self.atoms}
        for atom, clause in zip(self.atoms, self.told.clauses, strict=True):
            cell = _CELLS[truths[atom]]
            if getattr(clause, cell) is None and turns(self.node, truths, atom, self.unless):
                setattr(clause, cell, proof)
        return truth_of(self.node, lambda atom: Seen(truths[atom]))


_CELLS: Mapping[Truth, str] = {True: "held", False: "failed", None: "unknown"}


def _limit(atom: Atom) -> str:
    return atom.right if isinstance(atom, Compare) and isinstance(atom.right, str) else ""


def turns(node: Node, truths: Mapping[Atom, Truth], atom: Atom, unless: Node | None = None) -> bool:
    """Whether a condition is true or false by one atom alone, all others being as they are."""

    def stands(*, held: bool) -> Truth:
        def see(one: Atom) -> Seen:
            return Seen(held if one is atom else truths[one])

        # A rule stands as long as its exception is not known to hold.
        excepted = unless is not None and truth_of(unless, see) is True
        return False if excepted else truth_of(node, see)

    return {stands(held=True), stands(held=False)} == {True, False}


class _Collector:
    """Gathers what consultations test of a pathway; one use."""

    def __init__(self, pathway: Pathway) -> None:
        self._pathway = pathway
        self.conditions: dict[tuple[str, str], _Tree] = {}
        self.met: dict[str, ThresholdMet] = {}
        self.rules = {name: RuleMet() for name in pathway.rules}
        self.conflicts: list[Proof] = []
        self._shown: set[str] = set()
        self._doses: set[str] = set()
        for rule in pathway.rules.values():
            self._add("rule", rule.id, rule.title, rule.module, rule.when, rule.unless)
        for definition in pathway.definitions.values():
            self._add("definition", definition.id, definition.title, definition.module, definition.when)
        for response, node in pathway.responses:
            self._add("response", str(response), f"the response is {response}", pathway.id, node)
        for i, (node, because) in enumerate(pathway.gaps, start=1):
            self._add("indeterminate", str(i), because, pathway.id, node)
        for exposure in pathway.exposure:
            for word, node in exposure.conditions:
                name = f"{exposure.agent}, {word}"
                title = f"the exposure to {exposure.agent} is {word}"
                self._add("exposure", name, title, exposure.module, node)
        for i, (verdict, node, because) in enumerate(pathway.applicability, start=1):
            self._add("applicability", str(i), f"{verdict}: {because}", pathway.id, node)

    def _text(self, atom: Atom, unless: Collection[Atom]) -> str:
        told = self._pathway.speaker.describe(atom)
        return f"unless {told}" if atom in unless else told

    def _add(
        self, kind: str, name: str, title: str, module: str, node: Node, unless: Node | None = None
    ) -> None:
        own = tuple(dict.fromkeys(atoms(node)))
        excepting = (
            [] if unless is None else [atom for atom in dict.fromkeys(atoms(unless)) if atom not in own]
        )
        found = (*own, *excepting)
        clauses = [ClauseCoverage(self._text(atom, excepting), _limit(atom)) for atom in found]
        told = ConditionCoverage(kind, name, fill(self._pathway, title), module, clauses)
        self.conditions[kind, name] = _Tree(node, unless, found, told)
        for atom in found:
            name = _limit(atom)
            if name:
                self.met.setdefault(name, ThresholdMet(name, self._pathway.thresholds[name].title))

    # -- one consultation --------------------------------------------------------------------------

    def look(self, done: Consulted, proof: Proof) -> None:
        """Note what a consultation tests."""
        run, speaks = done.run, done.decision.applies
        if done.decision.kind is Answer.CONFLICT:
            self.conflicts.append(proof)
        self._in_turn("applicability", self._seen(run, PATIENT, proof), proof)
        for rule in self._pathway.rules.values():
            if speaks or rule.care:
                self._of_subjects("rule", rule.id, rule.scope, run, proof)
                self._meet(rule, run, proof.scenario)
        if not speaks:
            return
        for definition in self._pathway.definitions.values():
            if definition.scope is not Scope.ASSESSMENT:
                self._of_subjects("definition", definition.id, definition.scope, run, proof)
        for assessment in run.chart.timeline.assessments:
            self._at(assessment, run, proof)
        for line in run.chart.timeline.lines:
            self._on(line, run, proof)
        self._show(done)

    def _meet(self, rule: Rule, run: Run, scenario: str) -> None:
        met = self.rules[rule.id]
        if scenario in met.holds and scenario in met.refused:
            return
        for subject in run.subjects(rule.scope):
            if run.stands(rule, subject):
                met.holds.add(scenario)
            elif run.settled(rule, subject) is False:
                met.refused.add(scenario)

    def _of_subjects(self, kind: str, name: str, scope: Scope, run: Run, proof: Proof) -> None:
        for subject in run.subjects(scope):
            here = msgspec.structs.replace(proof, of=f"line {subject}") if subject else proof
            self.conditions[kind, name].turned(self._seen(run, subject, here), here)

    def _seen(self, run: Run, subject: Subject, proof: Proof) -> Callable[[Atom], Truth]:
        def look(atom: Atom) -> Truth:
            return self._noted(atom, run.see(atom, subject), proof)

        return look

    def _noted(self, atom: Atom, seen: Seen, proof: Proof) -> Truth:
        """The truth of an atom; on which side of its threshold the value was is noted."""
        name = _limit(atom)
        if name and isinstance(seen.left, Amount):
            compared = self._pathway.thresholds[name].form_for(seen.left)
            if compared is not None:
                limit, value = compared
                met = self.met[name]
                if value.low is not None and value.low == value.high and limit.low is not None:
                    side = "at" if value.low == limit.low else "below" if value.low < limit.low else "above"
                    if getattr(met, side) is None:
                        setattr(met, side, proof)
        return seen.truth

    def _in_turn(self, kind: str, look: Callable[[Atom], Truth], proof: Proof) -> None:
        """Conditions of which the first that holds counts: one matters if none before it holds."""
        for (known, _), tree in self.conditions.items():
            if known == kind and tree.turned(look, proof):
                return

    def _at(self, assessment: Assessment, run: Run, proof: Proof) -> None:
        here = msgspec.structs.replace(proof, of=f"assessment of {assessment.at}")
        see = SeenAt(self._pathway, assessment, run.chart, {})

        def look(atom: Atom) -> Truth:
            return self._noted(atom, see(atom), here)

        for definition in self._pathway.definitions.values():
            if definition.scope is Scope.ASSESSMENT:
                self.conditions["definition", definition.id].turned(look, here)
        if as_reported(run.chart, assessment) is not None:
            return
        shown = run.chart.response_at(assessment.index).options
        indeterminate = shown == frozenset({str(Response.INDETERMINATE)})
        for kind in ("response", *(["indeterminate"] if indeterminate else [])):
            self._in_turn(kind, look, here)

    def _on(self, line: Line, run: Run, proof: Proof) -> None:
        here = msgspec.structs.replace(proof, of=f"line {line.number}")

        def look(atom: Atom) -> Truth:
            return self._noted(atom, self._pathway.deciders[atom](run.chart, line), here)

        for drug in line.drugs:
            rule = exposure_rule(self._pathway, drug)
            names = [f"{rule.agent}, {word}" for word, _ in rule.conditions] if rule else []
            for name in names:
                if self.conditions["exposure", name].turned(look, here):
                    break

    # -- what is shown -----------------------------------------------------------------------------

    def _show(self, done: Consulted) -> None:
        answer = done.consultation
        offered = [line for line in (answer.next_line, *answer.alternatives) if line is not None]
        self._shown |= {line.rule for line in offered}
        self._shown |= {f"regimen {line.regimen}" for line in offered}
        self._doses |= {
            f"{line.regimen or line.rule}: {dose.drug}" for line in offered for dose in line.doses
        }
        self._shown |= {action.rule for action in answer.actions}
        self._shown |= {alert.id for alert in answer.alerts}
        self._shown |= {reason.rule for blocked in answer.blocked for reason in blocked.reasons}
        earned = {finding.id for finding in answer.findings}
        for name in earned:
            self._shown |= {
                rule.id
                for rule in self._pathway.finding_rules[name]
                if any(done.run.settled(rule, subject) for subject in done.run.subjects(rule.scope))
            }

    def never_shown(self) -> dict[str, list[str]]:
        """The rules, regimens and doses that no answer has shown."""
        pathway = self._pathway
        asked = [r.conclusion for r in pathway.rules.values() if isinstance(r.conclusion, Recommend)]
        regimens = dict.fromkeys(one.regimen for one in asked if one.regimen)
        known = pathway.catalogue.regimens
        doses = [f"{name}: {dose.drug}" for name in regimens for dose in known[name].doses]
        return {
            "rules": [name for name in pathway.rules if name not in self._shown],
            "regimens": [name for name in regimens if f"regimen {name}" not in self._shown],
            "doses": [dose for dose in doses if dose not in self._doses],
        }
