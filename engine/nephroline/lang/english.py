"""Conditions in plain English: as a rule states them, and as they came out for a patient."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from nephroline.catalogue import Catalogue
from nephroline.features import FEATURES, Amount, Choice, Threshold
from nephroline.lang.evaluate import Look, Seen
from nephroline.lang.nodes import (
    And,
    Argument,
    Ask,
    Atom,
    Compare,
    Holds,
    Is,
    Member,
    Node,
    Not,
    Or,
    RefersTo,
)
from nephroline.truth import Truth, every, negated, some

Title = Callable[[Holds], str]


class Reason(msgspec.Struct, frozen=True, gc=False):
    """One step of an explanation: what is asked, whether it holds, and the steps below it."""

    text: str
    truth: Truth
    children: tuple[Reason, ...] = ()
    ref: Holds | None = None
    said: str = ""

    @property
    def sentence(self) -> str:
        """What is the case, as a sentence of its own; `text` is what is asked, to read beside a mark."""
        return self.said or self.text


Unfold = Callable[[Reason, Holds], Reason]
"""Gives the reason of a reference the steps below it."""


class Speaker(msgspec.Struct, frozen=True):
    """Turns nodes into sentences with the titles of one pathway."""

    catalogue: Catalogue
    thresholds: Mapping[str, Threshold]
    title: Title
    texts: dict[object, str] = {}

    # -- a rule as written -----------------------------------------------------------------------

    def describe(self, node: Node, *, inner: bool = False) -> str:
        """Say what a condition asks, without a patient."""
        if isinstance(node, (And, Or)):
            word = " and " if isinstance(node, And) else " or "
            text = word.join(self.describe(operand, inner=True) for operand in node.operands)
            return f"({text})" if inner else text
        if isinstance(node, Not):
            return f"not {self.describe(node.operand, inner=True)}"
        if isinstance(node, Compare):
            right = self.limit(node.right) if isinstance(node.right, str) else self.phrase(node.right)
            return f"{self.phrase(node.left)} {node.op.sign} {right}"
        if isinstance(node, Member):
            return f"{self.phrase(node.left)} is {self._either(node.words)}"
        if isinstance(node, Is):
            return self.phrase(node.ask)
        return self.title(node)

    def phrase(self, question: Ask) -> str:
        """Say what is asked."""
        known = self.texts.get(question)
        if known is None:
            names = [self.argument(a) for a in question.arguments] + ["", ""]
            known = " ".join(FEATURES[question.feature].phrase.format(*names).split())
            self.texts[question] = known
        return known

    def argument(self, argument: Argument) -> str:
        """The title of a parameter."""
        if argument.threshold:
            return self.thresholds[argument.name].first.text
        catalogue = self.catalogue
        tables = (
            catalogue.analytes,
            catalogue.drugs,
            catalogue.classes,
            catalogue.regimens,
            catalogue.conditions,
            catalogue.assertions,
            catalogue.diagnoses,
        )
        for table in tables:
            if argument.name in table:
                return table[argument.name].title
        return argument.name.replace("-", " ")

    def limit(self, name: str, form: str = "") -> str:
        """A threshold with its value, title and source."""
        known = self.texts.get(("limit", name, form))
        if known is None:
            limit = self.thresholds[name]
            source = self.catalogue.sources[limit.source].short
            known = self.texts["limit", name, form] = f"{form or limit.first.text} ({limit.title}, {source})"
        return known

    # -- a rule as it came out -------------------------------------------------------------------

    def explain(self, node: Node, see: Look, unfold: Unfold) -> Reason:
        """The whole tree of a condition with the patient's values; *unfold* opens up references."""
        if isinstance(node, (And, Or)):
            children = tuple(self.explain(operand, see, unfold) for operand in node.operands)
            truths = [child.truth for child in children]
            if isinstance(node, Or):
                return Reason("any of these", some(truths), children)
            return Reason("all of these", every(truths), children)
        if isinstance(node, Not):
            if not isinstance(node.operand, (And, Or, Not)):
                return self._atom(node.operand, see, unfold, denied=True)
            child = self.explain(node.operand, see, unfold)
            return Reason("not", negated(child.truth), (child,))
        return self._atom(node, see, unfold)

    def _atom(self, atom: Atom, see: Look, unfold: Unfold, *, denied: bool = False) -> Reason:
        """One atom as it came out; *denied* only turns its truth, the sentence says what is."""
        seen = see(atom)
        truth = negated(seen.truth) if denied else seen.truth
        if isinstance(atom, Holds):
            asked, said = self._titles(atom, seen.truth)
            return unfold(Reason(f"not: {asked}" if denied else asked, truth, (), atom, said), atom)
        if isinstance(atom, Is):
            text = seen.left.text if seen.left is not None else self.phrase(atom.ask)
            return Reason(text, truth)
        if isinstance(atom, Member):
            return Reason(self._member(atom, seen), truth)
        return Reason(self._compared(atom, seen), truth)

    def _titles(self, atom: Holds, truth: bool | None) -> tuple[str, str]:
        """The title of a reference, as asked and as it came out."""
        title = self.texts.get(atom)
        if title is None:
            title = self.texts[atom] = self.title(atom)
        said = self.texts.get((atom, truth))
        if said is None:
            said = self.texts[atom, truth] = self._said(atom, title, truth)
        return title, said

    def _said(self, atom: Holds, title: str, truth: bool | None) -> str:
        if truth is None:
            return f"{title}: not known"
        if truth:
            return title
        some = "no line:" if atom.kind is RefersTo.ANY_LINE else "not:"
        return f"{some} {title[:1].lower()}{title[1:]}" if title[1:2].islower() else f"{some} {title}"

    def _member(self, atom: Member, seen: Seen) -> str:
        value = seen.left
        said = value.text if isinstance(value, Choice) else "unknown"
        if seen.truth is None:
            return f"{self.phrase(atom.left)}: {said}; asked: {self._either(atom.words)}"
        other = "" if seen.truth else f", not {self._either(atom.words)}"
        return f"{self.phrase(atom.left)}: {said}{other}"

    def _either(self, words: tuple[str, ...]) -> str:
        known = self.texts.get(("either", words))
        if known is None:
            known = self.texts["either", words] = " or ".join(map(self._word, words))
        return known

    def _word(self, word: str) -> str:
        """A word of a choice: of all entries of the catalogue only regimens are chosen among."""
        regimen = self.catalogue.regimens.get(word)
        return regimen.title if regimen else word.replace("-", " ")

    def _compared(self, atom: Compare, seen: Seen) -> str:
        if isinstance(seen.left, Amount) and seen.left.absent:
            return f"{self.phrase(atom.left)}: {seen.left.text}"
        op = atom.op if seen.truth is not False else atom.op.negated
        said = seen.left.text if isinstance(seen.left, Amount) else "unknown"
        if isinstance(atom.right, str):
            right = self.limit(atom.right, seen.right.text if isinstance(seen.right, Amount) else "")
        else:
            right = f"{self.phrase(atom.right)} {seen.right.text if seen.right else 'unknown'}"
        if seen.truth is None:
            return f"{self.phrase(atom.left)} {said}; asked: {op.sign} {right}"
        return f"{self.phrase(atom.left)} {said} {op.sign} {right}"
