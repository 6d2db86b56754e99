"""What rests on what in a pathway: one graph, from clauses and judgements down to questions and thresholds.

A *clause* is the `when` or `unless` of a rule, or a definition. It refers to other clauses; its *cone* is
every question that can decide it through them. Responses and exposures are judged by conditions of their
own: features that read all of a chart ask back for those judgements.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from nephroline.catalogue import Catalogue
from nephroline.features import FEATURES, Threshold
from nephroline.lang import Ask, Atom, Compare, Holds, Node, Op, asks, atoms, threshold_names
from nephroline.record import WEIGHT
from nephroline.terms import Confidence, Entry, Reads, Trait

if TYPE_CHECKING:
    from nephroline.pathway.models import ExposureRule, Pathway, Rule


class Reach(msgspec.Struct, frozen=True, eq=False, dict=True):
    """What some new data can reach: questions that read them, and all that rests on these.

    `judgements`: also the pathway's own judgements of responses and exposures; `choice`: also the choice of
    the next line. Of `atoms`, `far` rest on responses; `judged` are those by which a response is judged.
    """

    questions: frozenset[Ask]
    atoms: frozenset[Atom]
    clauses: frozenset[str]
    judgements: bool
    choice: bool
    judged: frozenset[Atom]
    known: dict[int, bool] = {}

    @cached_property
    def far(self) -> frozenset[Atom]:
        """The atoms that rest on responses."""
        return frozenset(atom for atom in self.atoms if any(map(_reads_all, asks(atom))))

    def reaches(self, node: Node) -> bool:
        """Whether a condition can come out otherwise."""
        found = self.known.get(id(node))
        if found is None:
            found = self.known[id(node)] = any(atom in self.atoms for atom in atoms(node))
        return found


class Depends:
    """Queries of the graph of one pathway; each is worked out once."""

    def __init__(self, pathway: Pathway) -> None:
        self._pathway = pathway
        self._unsure: dict[tuple[str, frozenset[str]], tuple[str, ...]] = {}
        self._reaches: dict[frozenset[tuple[Entry, str]], Reach] = {}
        self._settled: dict[Node, bool] = {}

    # -- down from conditions ------------------------------------------------------------------------

    def clauses_of(self, node: Node) -> list[str]:
        """The clauses to which a condition itself refers."""
        refs = (atom for atom in atoms(node) if isinstance(atom, Holds))
        return [name for ref in refs for part in self._pathway.behind(ref) for name in part.clauses]

    def is_late(self, rule: Rule) -> bool:
        """Whether a rule can be judged only when the next line is chosen."""
        return not self.late.isdisjoint(rule.clauses)

    @cached_property
    def cones(self) -> Mapping[str, frozenset[Ask]]:
        """Every question that a clause rests on, through the clauses that it refers to."""
        found: dict[str, frozenset[Ask]] = {}
        # Clauses come in strata: what one refers to has been met before it.
        for clause in self._pathway.clauses.values():
            below = (found.get(name, frozenset()) for name in self.clauses_of(clause.condition))
            found[clause.id] = frozenset(asks(clause.condition)).union(*below)
        return found

    def questions(self, node: Node) -> frozenset[Ask]:
        """Every question that a condition rests on, through what it refers to."""
        below = (self.cones.get(name, frozenset()) for name in self.clauses_of(node))
        return frozenset(asks(node)).union(*below)

    @cached_property
    def late(self) -> frozenset[str]:
        """The clauses that can be judged only when the next line is chosen."""
        cones = self.cones.items()
        return frozenset(name for name, cone in cones if any(map(after_choice, cone)))

    # -- the judgements of responses and exposures -----------------------------------------------------

    @cached_property
    def judgements(self) -> tuple[Node, ...]:
        """The conditions by which responses and exposures are judged, definitions opened up."""
        nodes = [node for _, node in self._pathway.responses_judged]
        nodes += [node for rule in self._pathway.exposure for node in rule.nodes]
        return tuple(self._opened(nodes))

    @cached_property
    def response_atoms(self) -> tuple[Atom, ...]:
        """The atoms by which the response at an assessment is judged, definitions opened up."""
        opened = self._opened([node for _, node in self._pathway.responses_judged])
        found = (atom for node in opened for atom in atoms(node) if not isinstance(atom, Holds))
        return tuple(dict.fromkeys(found))

    def _opened(self, nodes: list[Node]) -> Iterator[Node]:
        """Conditions, and those of the definitions to which they refer."""
        while nodes:
            node = nodes.pop()
            yield node
            for atom in atoms(node):
                if isinstance(atom, Holds):
                    nodes += [part.when for part in self._pathway.behind(atom)]

    # -- all that a rule rests on ----------------------------------------------------------------------

    def nodes_behind(
        self,
        rule: Rule,
        responses: Container[str] | None = None,
        exposures: Sequence[ExposureRule] | None = None,
        definitions: dict[str, None] | None = None,
    ) -> Iterator[Node]:
        """Every condition on which a rule rests: through definitions, findings, and judgements it asks for.

        Of the judgements of response and exposure, *responses* and *exposures* count (None: all); the
        *definitions* met are noted.
        """
        pathway = self._pathway
        nodes: list[Node] = [rule.when, *([rule.unless] if rule.unless is not None else [])]
        judged = False
        seen: set[str] = set()
        while nodes:
            node = nodes.pop()
            yield node
            questions = [FEATURES[ask.feature] for ask in asks(node)]
            if not judged and any(question.reads is Reads.ALL for question in questions):
                judged = True
                judged_by = pathway.responses_judged
                nodes += [when for name, when in judged_by if responses is None or name in responses]
            if any(question.trait is Trait.EXPOSURE for question in questions):
                for exposure in pathway.exposure if exposures is None else exposures:
                    nodes += exposure.nodes
            for atom in atoms(node):
                for part in pathway.behind(atom) if isinstance(atom, Holds) else ():
                    if part.id not in seen:
                        seen.add(part.id)
                        nodes.append(part.when)
                        if definitions is not None and part.clause.startswith("definition:"):
                            definitions[part.id] = None

    def rests_on(self, rule: Rule, drugs: frozenset[str]) -> tuple[str, ...]:
        """The numbers behind a rule that no source has confirmed (`recalled`) or settles (`policy`).

        Of the judgements of exposure, those of *drugs* count.
        """
        found = self._unsure.get((rule.id, drugs))
        if found is None:
            belongs = self._pathway.catalogue.belongs
            judged = [e for e in self._pathway.exposure if any(belongs(drug, e.agent) for drug in drugs)]
            nodes = self.nodes_behind(rule, exposures=judged)
            found = self.unsure(sorted({name for node in nodes for name in threshold_names(node)}))
            self._unsure[rule.id, drugs] = found
        return found

    def unsure(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of some numbers that no source has confirmed (`recalled`) or settles (`policy`)."""
        known = self._pathway.thresholds
        return tuple(
            f"{limit.title} {limit.first.text} [{limit.confidence}]"
            for limit in (known[name] for name in names if name in known)
            if limit.confidence in (Confidence.RECALLED, Confidence.POLICY)
        )

    # -- up from data ----------------------------------------------------------------------------------

    def reach(self, data: Iterable[tuple[Entry, str]]) -> Reach:
        """What some new data can reach, each a kind of entry and its name."""
        key = frozenset(data)
        found = self._reaches.get(key)
        if found is None:
            found = self._reaches[key] = self._reach(key)
        return found

    def _reach(self, data: Iterable[tuple[Entry, str]]) -> Reach:
        catalogue, every = self._pathway.catalogue, self._pathway.atoms
        judged = {ask for node in self.judgements for ask in asks(node)}
        questions = set(self._pathway.nodes.questions.values()) | judged
        found: set[Ask] = set()
        judgements = False
        for entry, name in data:
            near = {ask for ask in questions if _reads(ask, entry, name, catalogue)}
            own = bool(near & judged) or (entry is Entry.OBSERVATION and _assesses(name, catalogue))
            found |= near | (set(filter(_reads_all, questions)) if own else set[Ask]())
            judgements = judgements or own
        found |= set(filter(after_choice, questions))
        clauses = frozenset(name for name, cone in self.cones.items() if not cone.isdisjoint(found))
        choice = not clauses.isdisjoint(self._deciding) or not found.isdisjoint(self._of_applicability)

        def reached(atom: Atom) -> bool:
            names, asked = self._rests[atom]
            return not clauses.isdisjoint(names) or not found.isdisjoint(asked)

        return Reach(
            questions=frozenset(found),
            atoms=frozenset(filter(reached, every)),
            clauses=clauses,
            judgements=judgements,
            choice=choice,
            judged=frozenset(filter(reached, self.response_atoms)),
        )

    @cached_property
    def _rests(self) -> Mapping[Atom, tuple[tuple[str, ...], tuple[Ask, ...]]]:
        """The clauses to which each atom refers, and the questions that it asks."""
        every = dict.fromkeys((*self._pathway.atoms, *self.response_atoms))
        return {atom: (tuple(self.clauses_of(atom)), tuple(asks(atom))) for atom in every}

    @cached_property
    def _deciding(self) -> frozenset[str]:
        """The clauses on which the choice of the next line rests."""
        rules = (rule for rule in self._pathway.rules.values() if rule.decides)
        return frozenset(name for rule in rules for name in rule.clauses)

    @cached_property
    def _of_applicability(self) -> frozenset[Ask]:
        """The questions on which the applicability rests."""
        asked = (self.questions(node) for _, node, _ in self._pathway.applicability)
        return frozenset[Ask]().union(*asked)

    def stays(self, node: Node) -> bool:
        """Whether a condition that has come out stays so, whatever value is measured besides."""
        found = self._settled.get(node)
        if found is None:
            found = self._settled[node] = not any(map(_grows, self.questions(node)))
        return found

    # -- up from names ---------------------------------------------------------------------------------

    def limits(self, names: Iterable[str]) -> list[Threshold]:
        """The thresholds against which anything about these names is held, in order of name."""
        found = {limit for name in names for limit in self.limits_of.get(name, ())}
        return [self._pathway.thresholds[name] for name in sorted(found)]

    def levels(self, name: str) -> list[Threshold]:
        """Those of `limits` against which a value itself is held, and not what it has gained in a time."""
        return [self._pathway.thresholds[limit] for limit in sorted(self._levels_of.get(name, ()))]

    @cached_property
    def limits_of(self) -> Mapping[str, frozenset[str]]:
        """The thresholds against which anything about a name is held, in any condition.

        Names are those of the catalogue; a feature without parameters goes by its own.
        """
        return self._held_against(self._pathway.atoms)

    @cached_property
    def _levels_of(self) -> Mapping[str, frozenset[str]]:
        gains = Trait.WITHIN_A_TIME
        own = [a for a in self._pathway.atoms if all(FEATURES[q.feature].trait is not gains for q in asks(a))]
        return self._held_against(own)

    def _held_against(self, every: Iterable[Atom]) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for atom in every:
            limits = set(threshold_names(atom)) & set(self._pathway.thresholds)
            for ask in asks(atom):
                names = [a.name for a in ask.arguments if not a.threshold] or [ask.feature]
                for name in names:
                    found.setdefault(name, set()).update(limits)
        return {name: frozenset(limits) for name, limits in found.items()}

    @cached_property
    def belongs_below(self) -> Mapping[str, bool]:
        """For each threshold with which values are only compared: whether it itself goes with what is below.

        It does if every comparison asks for more than it, or for at most it. One that is compared both ways,
        or is a parameter of a question, is not listed.
        """
        found: dict[str, set[bool]] = {}
        for atom in self._pathway.atoms:
            if isinstance(atom, Compare) and isinstance(atom.right, str):
                found.setdefault(atom.right, set()).add(atom.op in (Op.GT, Op.LE))
        questions = self._pathway.nodes.questions.values()
        named = {argument.name for ask in questions for argument in ask.arguments if argument.threshold}
        return {
            name: next(iter(sides)) for name, sides in found.items() if len(sides) == 1 and name not in named
        }

    @cached_property
    def states_asked(self) -> Mapping[str, tuple[str, ...]]:
        """The states of each condition that some condition of a rule asks for."""
        found: dict[str, dict[str, None]] = {}
        for ask in self._pathway.nodes.questions.values():
            kinds = FEATURES[ask.feature].parameters
            if kinds[:2] == ("condition", "state") and len(ask.arguments) > 1:
                found.setdefault(ask.arguments[0].name, {})[ask.arguments[1].name] = None
        return {name: tuple(sorted(states)) for name, states in found.items()}

    @cached_property
    def asked_plainly(self) -> frozenset[str]:
        """The conditions that some condition of a rule asks for whatever their state."""
        return frozenset(
            ask.arguments[0].name
            for ask in self._pathway.nodes.questions.values()
            if FEATURES[ask.feature].parameters[:1] == ("condition",) and len(ask.arguments) == 1
        )


def after_choice(ask: Ask) -> bool:
    """Whether a question is answered only when the next line is chosen."""
    return FEATURES[ask.feature].trait is Trait.AFTER_CHOICE


def _reads_all(ask: Ask) -> bool:
    return FEATURES[ask.feature].reads is Reads.ALL


def _grows(ask: Ask) -> bool:
    """Whether another value can change an answer that is known."""
    return after_choice(ask) or FEATURES[ask.feature].reads in (Reads.SERIES, Reads.ALL)


def _assesses(name: str, catalogue: Catalogue) -> bool:
    """Whether a value of an analyte counts in the judgement of a response or exposure."""
    analyte = catalogue.analytes[name]
    return analyte.assessment or name == WEIGHT or analyte.level_of is not None


_READ_AS = {
    Entry.CONDITION: Reads.CONDITIONS,
    Entry.STATE: Reads.CONDITIONS,
    Entry.ASSERTION: Reads.CONDITIONS,
    Entry.BIOPSY: Reads.BIOPSIES,
    Entry.GLOMERULI: Reads.BIOPSIES,
    Entry.SEX: Reads.PERSON,
    Entry.AGE: Reads.PERSON,
}


def _reads(ask: Ask, entry: Entry, name: str, catalogue: Catalogue) -> bool:
    """Whether a question reads this kind of entry, of this name."""
    reads = FEATURES[ask.feature].reads
    named = [argument.name for argument in ask.arguments if not argument.threshold]
    formulas = [f for n in named if (f := catalogue.formula_of.get(n))]
    if entry is Entry.OBSERVATION:
        return name in named or any(name == formula.source_analyte for formula in formulas)
    if entry in (Entry.SEX, Entry.AGE) and formulas:
        return True
    if _READ_AS.get(entry) is not reads:
        return False
    if reads is not Reads.CONDITIONS:
        return True
    conditions = catalogue.conditions
    return name in named or any(n in conditions and conditions[n].excluded_by == name for n in named)
