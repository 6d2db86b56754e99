"""What a new datum can touch: the questions that read it, and all that rests on them."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from nephroline.features import FEATURES, WEIGHT
from nephroline.lang import Ask, Atom, Holds, asks
from nephroline.pathway import AFTER_CHOICE, Pathway
from nephroline.terms import Entry, Reads


class Touched(msgspec.Struct, frozen=True):
    """What a new datum can change: questions, atoms, clauses.

    `judgements`: also the pathway's own judgements; `choice`: also the choice of the next line.
    """

    questions: frozenset[Ask]
    atoms: frozenset[Atom]
    clauses: frozenset[str]
    judgements: bool
    choice: bool


@lru_cache(maxsize=2_000)
def touched(pathway: Pathway, entry: Entry, name: str) -> Touched:
    """What a datum of one kind and name can change."""
    judged = {ask for node in pathway.depends.judgements for ask in asks(node)}
    questions = set(pathway.nodes.questions.values()) | judged
    near = {ask for ask in questions if _reads(ask, entry, name, pathway)}
    judgements = bool(near & judged)
    if entry is Entry.OBSERVATION:
        analyte = pathway.catalogue.analytes[name]
        judgements = judgements or analyte.assessment or name == WEIGHT or analyte.level_of is not None
    far = {ask for ask in questions if FEATURES[ask.feature].reads is Reads.ALL} if judgements else set[Ask]()
    after = {ask for ask in questions if ask.feature == AFTER_CHOICE}
    found = frozenset(near | far | after)
    clauses = frozenset(name for name, cone in pathway.depends.cones.items() if not cone.isdisjoint(found))
    atoms = frozenset(
        atom for atom in pathway.atoms if isinstance(atom, Holds) or any(ask in found for ask in asks(atom))
    )
    deciding, asked = _choosing(pathway)
    choice = not clauses.isdisjoint(deciding) or not found.isdisjoint(asked)
    return Touched(found, atoms, clauses, judgements, choice)


@lru_cache(maxsize=100)
def _choosing(pathway: Pathway) -> tuple[frozenset[str], frozenset[Ask]]:
    """The clauses on which the choice of the next line rests, and the questions of the applicability."""
    rules = [rule for rule in pathway.rules.values() if rule.decides]
    clauses = frozenset(name for rule in rules for name in (rule.clause, rule.exception))
    questions = (pathway.depends.questions(node) for _, node, _ in pathway.applicability)
    return clauses, frozenset[Ask]().union(*questions)


_NEAR = {
    Entry.CONDITION: Reads.CONDITIONS,
    Entry.STATE: Reads.CONDITIONS,
    Entry.ASSERTION: Reads.CONDITIONS,
    Entry.BIOPSY: Reads.BIOPSIES,
    Entry.GLOMERULI: Reads.BIOPSIES,
    Entry.SEX: Reads.PERSON,
    Entry.AGE: Reads.PERSON,
}


def _reads(ask: Ask, entry: Entry, name: str, pathway: Pathway) -> bool:
    """Whether a question reads this kind of entry, of this name."""
    reads = FEATURES[ask.feature].reads
    named = [argument.name for argument in ask.arguments if not argument.threshold]
    formulas = [f for n in named if (f := pathway.catalogue.formula_of.get(n))]
    if entry is Entry.OBSERVATION:
        return name in named or any(name == formula.source_analyte for formula in formulas)
    if entry in (Entry.SEX, Entry.AGE) and formulas:
        return True
    if _NEAR.get(entry) is not reads:
        return False
    if reads is not Reads.CONDITIONS:
        return True
    conditions = pathway.catalogue.conditions
    return name in named or any(n in conditions and conditions[n].excluded_by == name for n in named)
