"""One run of a pathway over a chart: strata fire in turn, each on what the ones before concluded."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache, partial
from itertools import repeat
from typing import TypeVar, cast

import msgspec

from nephroline.backends import PATIENT, Backend, Fact, Stage, Truths
from nephroline.consultation.judges import judge_exposure, judge_response
from nephroline.errors import UsageError, quoted
from nephroline.features import Chart, Missing, gather
from nephroline.lang import (
    And,
    Atom,
    Holds,
    Node,
    Not,
    Or,
    Probe,
    Reason,
    RefersTo,
    Seen,
    atoms,
    judge,
    probe,
)
from nephroline.pathway import NAMED, Alert, Block, Clause, Definition, FindingOf, Pathway, Recommend, Rule
from nephroline.record import Line, Moment, Record, Timeline
from nephroline.terms import Outcome, Scope
from nephroline.truth import Truth, every, joined, negated, some

Subject = int
"""0 for the patient, else the number of a line."""

_THE_PATIENT = (PATIENT,)

Concluding = TypeVar("Concluding", FindingOf, Recommend, Block, Alert)


class Asked(msgspec.Struct, frozen=True):
    """What a stratum asks of one kind of subject.

    `shared`: atoms that come out the same for every subject; `own`: those that are asked of each. `probes`:
    how to ask of each clause only what decides it.
    """

    shared: tuple[Atom, ...]
    own: tuple[Atom, ...]
    probes: tuple[Probe, ...]


class Prepared(msgspec.Struct, frozen=True):
    """A stratum ready to fire, with what it asks of each kind of subject."""

    stage: Stage
    asked: dict[Scope, Asked]


@lru_cache(maxsize=64)
def prepare(pathway: Pathway, backend: Backend, *, late: bool) -> tuple[Prepared, ...]:
    """Compile the strata of a pathway for a backend, once in a process."""
    strata = pathway.late_strata if late else pathway.strata
    shared = pathway.shared_atoms
    return tuple(Prepared(backend.prepare(clauses), _asked(clauses, shared)) for clauses in strata)


def _asked(clauses: Sequence[Clause], shared: frozenset[Atom]) -> dict[Scope, Asked]:
    nodes: dict[Scope, list[Node]] = {}
    for clause in clauses:
        nodes.setdefault(clause.scope, []).append(clause.condition)
    found: dict[Scope, Asked] = {}
    for scope, conditions in nodes.items():
        every_one = dict.fromkeys(atom for node in conditions for atom in atoms(node))
        found[scope] = Asked(
            tuple(atom for atom in every_one if atom in shared),
            tuple(atom for atom in every_one if atom not in shared),
            tuple(map(probe, conditions)),
        )
    return found


@lru_cache(maxsize=1_000)
def concluding(
    pathway: Pathway, kind: type, lines: int
) -> tuple[tuple[Rule, FindingOf | Recommend | Block | Alert, Subject], ...]:
    """See `Run.rules`: the same for every chart with so many lines."""
    numbers = range(1, lines + 1)
    return tuple(
        (rule, rule.conclusion, subject)
        for rule in pathway.by_conclusion[kind]
        for subject in (_THE_PATIENT if rule.scope is Scope.PATIENT else numbers)
    )


class Run(msgspec.Struct, eq=False, dict=True):
    """What a pathway concluded about a chart, and how; grows stratum by stratum.

    It pulls: a stratum asks for its atoms, an atom for its features; each comes out once and is kept.
    """

    pathway: Pathway
    chart: Chart
    truths: Truths = {}
    seen: defaultdict[Subject, dict[Atom, Seen]] = msgspec.field(default_factory=lambda: defaultdict(dict))
    parts: dict[tuple[Holds, Subject], list[tuple[Definition | Rule, Subject]]] = {}
    reasons: dict[tuple[Node, Subject], Reason] = {}
    known: dict[tuple[Node, Subject], Truth] = {}
    outcomes: dict[int, Outcome] = {}

    def proposing(self, agents: frozenset[str]) -> Run:
        """This run with a chart that knows what is proposed: only late clauses ask, and only of this one.

        Both remember in the same place.
        """
        return msgspec.structs.replace(self, chart=msgspec.structs.replace(self.chart, proposed=agents))

    # -- firing ----------------------------------------------------------------------------------

    def fire(self, strata: Iterable[Prepared]) -> None:
        """Fire strata in order."""
        for stratum in strata:
            self.truths |= stratum.stage.fire(self.facts(stratum))

    def facts(self, stratum: Prepared) -> list[Fact]:
        """What a stratum is told of the patient and of each line: the atoms that decide a clause of it.

        The others stay unknown: whatever they are, no clause would come out otherwise.
        """
        found: list[Fact] = []
        for scope, asked in stratum.asked.items():
            for subject in self.subjects(scope):
                for ask in asked.probes:
                    ask(self.see, subject)
                of_patient, of_subject = self.seen[PATIENT], self.seen[subject]
                truths = {atom: of_patient[atom].truth for atom in asked.shared if atom in of_patient}
                truths |= {atom: of_subject[atom].truth for atom in asked.own if atom in of_subject}
                found.append(Fact(scope, subject, truths))
        return found

    def subjects(self, scope: Scope) -> Sequence[Subject]:
        """The subjects of a scope."""
        return _THE_PATIENT if scope is Scope.PATIENT else self._line_numbers

    @cached_property
    def _line_numbers(self) -> Sequence[Subject]:
        return range(1, len(self._subjects))

    def rules(self, kind: type[Concluding]) -> Sequence[tuple[Rule, Concluding, Subject]]:
        """Every rule of one kind of conclusion, with the conclusion, and every subject; in order of id."""
        found = concluding(self.pathway, kind, len(self._line_numbers))
        return cast("Sequence[tuple[Rule, Concluding, Subject]]", found)

    def line(self, subject: Subject) -> Line | None:
        """The line behind a subject."""
        return self._subjects[subject]

    @cached_property
    def _subjects(self) -> Sequence[Line | None]:
        return (None, *self.chart.timeline.lines)

    # -- looking up ------------------------------------------------------------------------------

    def see(self, atom: Atom, subject: Subject) -> Seen:
        """An atom with the values that decided it, or the data that would."""
        seen = self.seen[PATIENT if atom in self._shared else subject]
        found = seen.get(atom)
        if found is None:
            found = seen[atom] = self.decided(atom, subject)
        return found

    def decided(self, atom: Atom, subject: Subject) -> Seen:
        """An atom as it comes out, not remembered; see `see`."""
        if not isinstance(atom, Holds):
            return self.pathway.deciders[atom](self.chart, self._subjects[subject])
        truth = some(self._truth(part, who) for part, who in self.behind(atom, subject))
        return Seen(truth, missing=() if truth is not None else self._lacking(atom, subject))

    @cached_property
    def _shared(self) -> frozenset[Atom]:
        return self.pathway.shared_atoms

    def _truth(self, part: Definition | Rule, subject: Subject) -> Truth:
        return self.settled(part, subject) if isinstance(part, Rule) else self.when(part, subject)

    def behind(self, ref: Holds, subject: Subject) -> list[tuple[Definition | Rule, Subject]]:
        """The definitions or rules, with their subjects, of which one must hold for a reference to hold."""
        key = (ref, subject)
        found = self.parts.get(key)
        if found is None:
            own = ref.kind is RefersTo.DEFINITION or ref.kind is RefersTo.LINE_FINDING
            found = self.parts[key] = [
                (part, who)
                for part in self.pathway.behind(ref)
                for who in ((subject,) if own and part.scope is Scope.LINE else self.subjects(part.scope))
            ]
        return found

    def _lacking(self, ref: Holds, subject: Subject) -> tuple[Missing, ...]:
        found: list[Missing] = []
        for part, who in self.behind(ref, subject):
            if self._truth(part, who) is None:
                found += self.lacking(part, who)
        return gather(found)

    def truth(self, node: Node, subject: Subject) -> Truth:
        """Whether a condition holds; unlike `judged` it does not gather what is missing, and remembers."""
        if isinstance(node, (And, Or)):
            key = (node, subject)
            if key not in self.known:
                truths = map(self.truth, node.operands, repeat(subject))
                self.known[key] = joined(truths, decisive=isinstance(node, Or))
            return self.known[key]
        if isinstance(node, Not):
            return negated(self.truth(node.operand, subject))
        return self.see(node, subject).truth

    def missing(self, node: Node, subject: Subject) -> tuple[Missing, ...]:
        """The data that would decide a condition."""
        return self.judged(node, subject)[1]

    def judged(self, node: Node, subject: Subject) -> tuple[Truth, tuple[Missing, ...]]:
        """Whether a condition holds, and if that is unknown the data that would decide it."""
        return judge(node, partial(self._look, subject))

    def _look(self, subject: Subject, atom: Atom) -> Seen:
        return self.see(atom, subject)

    # -- rules -----------------------------------------------------------------------------------

    def when(self, part: Definition | Rule, subject: Subject) -> Truth:
        """Whether the condition of a rule or definition holds."""
        return self.truths[part.clause, subject]

    def excepted(self, rule: Rule, subject: Subject) -> Truth:
        """Whether the exception of a rule holds; one that it does not have does not."""
        return False if rule.unless is None else self.truths[rule.exception, subject]

    def settled(self, rule: Rule, subject: Subject) -> Truth:
        """Whether a rule holds for good: its condition does, and its exception is known not to."""
        when = self.when(rule, subject)
        return when if when is False else every((when, negated(self.excepted(rule, subject))))

    def stands(self, rule: Rule, subject: Subject) -> bool:
        """Whether a rule holds, at least as long as its exception is not known to."""
        # Asked of every rule several times: looked up directly.
        if self.truths[rule.clause, subject] is not True:
            return False
        return rule.unless is None or self.truths[rule.exception, subject] is not True

    def lacking(self, part: Definition | Rule, subject: Subject) -> tuple[Missing, ...]:
        """The data that would settle a rule or definition, unless what is known settles it."""
        if self.when(part, subject) is False:
            return ()
        if not isinstance(part, Rule) or part.unless is None:
            return self.missing(part.when, subject)
        if self.excepted(part, subject):
            return ()
        return gather((*self.missing(part.when, subject), *self.missing(part.unless, subject)))

    def depends_on(self, rule: Rule, subject: Subject) -> tuple[Missing, ...]:
        """The data that could bring in the exception of a rule that stands."""
        if rule.unless is None or self.excepted(rule, subject) is not None:
            return ()
        return self.missing(rule.unless, subject)

    # -- reasons ---------------------------------------------------------------------------------

    def because(self, node: Node, subject: Subject, *, wanted: bool = True) -> list[str]:
        """The sentences, with the patient's values, that made a condition come out as wanted."""
        return list(dict.fromkeys(self._sentences(self.reason(node, subject), wanted=wanted)))

    def _sentences(self, reason: Reason, *, wanted: bool) -> Iterable[str]:
        ref = reason.ref
        if not reason.children:
            yield reason.text if ref is None else reason.sentence
            return
        if ref is not None and ref.kind.of_finding:
            yield (reason.text if any(child.truth for child in reason.children) else self._denied(reason))
            return
        if ref is not None and ref.kind is RefersTo.ANY_LINE and not any(c.truth for c in reason.children):
            yield reason.sentence
            return
        joined = reason.text in _JOINS and ref is None
        shown = [child for child in reason.children if not joined or child.truth is wanted]
        if ref is not None and any(child.truth for child in shown):
            shown = [child for child in shown if child.truth]
        for child in shown:
            # Below a `not` or a reference, the reasons are those for which the inner condition came out.
            yield from self._sentences(child, wanted=wanted if joined else bool(child.truth))

    def _denied(self, reason: Reason) -> str:
        """Say that a finding is not earned, with what speaks against it on the latest line."""
        last = reason.children[-1]
        against = list(dict.fromkeys(self._sentences(last, wanted=bool(last.truth))))
        return f"{reason.sentence}: {', '.join(against)}" if against else reason.sentence

    def reason(self, node: Node, subject: Subject) -> Reason:
        """The whole tree of a condition, references opened up."""
        key = (node, subject)
        found = self.reasons.get(key)
        if found is None:
            speaker = self.pathway.speaker
            look, unfold = partial(self._look, subject), partial(self._unfold, subject)
            found = self.reasons[key] = speaker.explain(node, look, unfold)
        return found

    def _unfold(self, subject: Subject, reason: Reason, ref: Holds) -> Reason:
        inner: list[Reason] = []
        text, said = reason.text, reason.sentence
        for part, who in self.behind(ref, subject):
            if who and isinstance(part, Rule) and self._truth(part, who):
                text, said = f"{reason.text} (line {who})", f"{reason.sentence} (line {who})"
            inner.append(self.reason(part.when, who))
        return Reason(text, reason.truth, tuple(inner), ref, said)


class LazyRun(Run, eq=False):
    """A run that judges each clause by the language itself, when it is first asked for."""

    def when(self, part: Definition | Rule, subject: Subject) -> Truth:
        """See `Run.when`."""
        return self.clause(part.clause, subject)

    def excepted(self, rule: Rule, subject: Subject) -> Truth:
        """See `Run.excepted`."""
        return False if rule.unless is None else self.clause(rule.exception, subject)

    def stands(self, rule: Rule, subject: Subject) -> bool:
        """See `Run.stands`."""
        return self.when(rule, subject) is True and self.excepted(rule, subject) is not True

    def clause(self, name: str, subject: Subject) -> Truth:
        """Whether the condition of a clause holds."""
        key, known = (name, subject), self.truths
        if key not in known:
            known[key] = self.judge_clause(name, subject)
        return known[key]

    def judge_clause(self, name: str, subject: Subject) -> Truth:
        """Whether the condition of a clause holds, not remembered."""
        return self.truth(self.pathway.clauses[name].condition, subject)


_JOINS = ("all of these", "any of these")


def fill(pathway: Pathway, text: str) -> str:
    """Fill in the thresholds that a text names in braces."""

    def value(match: re.Match[str]) -> str:
        return pathway.thresholds[match[1]].first.text

    return NAMED.sub(value, text)


def same_catalogue(record: Record, pathway: Pathway) -> None:
    """Refuse a record that was read with another catalogue. Raises: UsageError."""
    name = record.foreign(pathway.catalogue)
    if name is not None:
        raise UsageError.of(
            f"the record names {quoted(name)}, which the catalogue of {pathway.id} does not have",
            "read the record with the catalogue of the same rules: read_record(source, pathway.catalogue)",
        )


def chart_of(record: Record, pathway: Pathway, as_of: Moment, *, stops_seen: bool = True) -> Chart:
    """The chart of a record at as-of, judged by a pathway; *stops_seen*: see `Timeline`."""
    timeline = Timeline(record, pathway.catalogue, as_of, pathway.windows, stops_seen)
    return Chart(timeline, partial(judge_response, pathway), partial(judge_exposure, pathway))
