"""The thresholds that can still make a difference to an outcome, so that values are cut nowhere else.

Some conditions are settled for good: what a chart says of drugs, conditions or biopsies stays, whatever
value is measured besides. Where one of them decides a conjunction, the rest of it is dead.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from nephroline.backends import PATIENT
from nephroline.consultation import Run, Subject
from nephroline.features import FEATURES
from nephroline.lang import And, Ask, Holds, Node, Not, Or, asks, threshold_names
from nephroline.pathway import AFTER_CHOICE, Definition, Pathway, Rule
from nephroline.terms import Reads

_GROWING = (Reads.SERIES, Reads.ALL)
"""What another value can change although it was known."""

Part = tuple[Definition | Rule, Subject]


def for_next_line(run: Run) -> frozenset[str] | None:
    """The thresholds that the next line can still turn on; None: any."""
    rules: list[Part] = [
        (rule, subject)
        for rule in run.pathway.rules.values()
        if rule.decides
        for subject in run.subjects(rule.scope)
    ]
    return _Live(run).of(rules, (node for _, node, _ in run.pathway.applicability))


def for_rule(run: Run, rule: Rule, subject: Subject) -> frozenset[str] | None:
    """The thresholds that a rule can still turn on; None: any."""
    return _Live(run).of([(rule, subject)], ())


class _Live:
    """Walks conditions from some roots; one use."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._limits: set[str] = set()
        self._judged = False
        self._seen: set[tuple[str, Subject]] = set()

    def of(self, parts: Iterable[Part], nodes: Iterable[Node]) -> frozenset[str] | None:
        if any(line.doubtful for line in self._run.chart.timeline.lines):
            # A dose that is not known can make other lines of these.
            return None
        for part, subject in parts:
            self._part(part, subject)
        for node in nodes:
            self._node(node, PATIENT)
        if self._judged:
            for node in self._run.pathway.depends.judgements:
                self._limits.update(threshold_names(node))
        return frozenset(self._limits)

    def _part(self, part: Definition | Rule, subject: Subject) -> None:
        if (part.clause, subject) in self._seen:
            return
        self._seen.add((part.clause, subject))
        unless = part.unless if isinstance(part, Rule) else None
        if self._settled(part.when, subject, truth=False):
            return
        if unless is not None and self._settled(unless, subject, truth=True):
            return
        self._node(part.when, subject)
        if unless is not None:
            self._node(unless, subject)

    def _node(self, node: Node, subject: Subject) -> None:
        match node:
            case And(operands) | Or(operands):
                deciding = isinstance(node, Or)
                if not any(self._settled(operand, subject, truth=deciding) for operand in operands):
                    for operand in operands:
                        self._node(operand, subject)
            case Not(operand):
                self._node(operand, subject)
            case Holds():
                for part, who in self._run.behind(node, subject):
                    self._part(part, who)
            case _:
                self._limits.update(threshold_names(node))
                self._judged = self._judged or any(
                    FEATURES[ask.feature].reads is Reads.ALL for ask in asks(node)
                )

    def _settled(self, node: Node, subject: Subject, *, truth: bool) -> bool:
        """Whether a condition has come out so for good."""
        return _fixed(self._run.pathway, node) and self._run.truth(node, subject) is truth


@lru_cache(maxsize=20_000)
def _fixed(pathway: Pathway, node: Node) -> bool:
    """Whether a condition rests on nothing that another value can change."""
    return not any(_grows(ask) for ask in pathway.depends.questions(node))


def _grows(ask: Ask) -> bool:
    return ask.feature == AFTER_CHOICE or FEATURES[ask.feature].reads in _GROWING
