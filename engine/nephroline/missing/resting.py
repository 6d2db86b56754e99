"""What an outcome rests on in one chart: the thresholds on which it can still turn, the atoms that suffice.

Some conditions are settled for good: what a chart says of drugs, conditions or biopsies stays, whatever
value is measured besides. Where one of them decides a conjunction, the rest of it is dead; and of a
conjunction that fails, one failing part is enough.
"""

from __future__ import annotations

from collections.abc import Iterable

from nephroline.backends import PATIENT
from nephroline.consultation import Run, Subject
from nephroline.features import FEATURES
from nephroline.lang import And, Atom, Holds, Node, Not, Or, asks, threshold_names
from nephroline.pathway import Definition, Reach, Rule
from nephroline.terms import Reads
from nephroline.truth import Truth

OfSubject = tuple[Definition | Rule, Subject]


def for_next_line(run: Run) -> frozenset[str] | None:
    """The thresholds that the next line can still turn on; None: any."""
    rules: list[OfSubject] = [
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

    def of(self, parts: Iterable[OfSubject], nodes: Iterable[Node]) -> frozenset[str] | None:
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
        return self._run.pathway.depends.stays(node) and self._run.truth(node, subject) is truth


# -- what is enough for it -----------------------------------------------------------------------------

Support = frozenset[tuple[Subject, Atom, Truth]]
"""Atoms with truths that are enough for an outcome: in whatever chart they come out so, it is the same."""

_NOTHING: Support = frozenset()


class Supports:
    """Finds supports in one run."""

    def __init__(self, run: Run, reach: Reach) -> None:
        self._run, self._reach = run, reach
        self._known: dict[tuple[int, Subject], Support] = {}

    def of_rules(self, rules: Iterable[tuple[Rule, Subject]]) -> Support:
        """What the truths of some rules, and of their exceptions, rest on."""
        return _NOTHING.union(*(self._of_part(rule, subject) for rule, subject in rules))

    def of_node(self, node: Node, subject: Subject) -> Support:
        """What a condition rests on."""
        if not self._reach.reaches(node):
            return _NOTHING
        key = (id(node), subject)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._look(node, subject)
        return found

    def _look(self, node: Node, subject: Subject) -> Support:
        if isinstance(node, Not):
            return self.of_node(node.operand, subject)
        if isinstance(node, (And, Or)):
            decisive = isinstance(node, Or)
            best: Support | None = None
            for operand in node.operands:
                if self._run.truth(operand, subject) is decisive:
                    found = self.of_node(operand, subject)
                    if not found:
                        # What cannot change decides: nothing else matters.
                        return _NOTHING
                    best = found if best is None or len(found) < len(best) else best
            if best is not None:
                return best
            return _NOTHING.union(*(self.of_node(operand, subject) for operand in node.operands))
        truth = self._run.see(node, subject).truth
        if not isinstance(node, Holds):
            return frozenset(((subject, node, truth),))
        parts = self._run.behind(node, subject)
        if truth is True:
            enough = [self._of_part(part, who) for part, who in parts if self._holds(part, who)]
            return min(enough, key=len)
        return _NOTHING.union(*(self._of_part(part, who) for part, who in parts))

    def _holds(self, part: Definition | Rule, subject: Subject) -> bool:
        if isinstance(part, Rule):
            return self._run.settled(part, subject) is True
        return self._run.when(part, subject) is True

    def _of_part(self, part: Definition | Rule, subject: Subject) -> Support:
        clauses = self._reach.clauses
        found = self.of_node(part.when, subject) if part.clause in clauses else _NOTHING
        if (
            not isinstance(part, Rule)
            or part.unless is None
            or part.exception not in clauses
            or self._run.when(part, subject) is False
        ):
            return found
        return found | self.of_node(part.unless, subject)
