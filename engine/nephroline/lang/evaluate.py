"""The meaning of a condition: true, false or unknown, with the data that are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import repeat
from typing import Any

import msgspec

from nephroline.errors import InferenceError
from nephroline.features import (
    FEATURES,
    Amount,
    Chart,
    Choice,
    Flag,
    Missing,
    Threshold,
    Value,
    gather,
)
from nephroline.lang.nodes import And, Ask, Atom, Compare, Holds, Is, Member, Node, Not, Op, Or, RefersTo
from nephroline.terms import Scope
from nephroline.truth import Truth, joined, negated


class Seen(msgspec.Struct, frozen=True, gc=False):
    """What an atom came to: its truth, the values that decided it, and what is missing."""

    truth: Truth
    left: Value | None = None
    right: Value | None = None
    missing: tuple[Missing, ...] = ()


Look = Callable[[Atom], Seen]
"""How atoms come out, for one patient and subject."""

Decide = Callable[[Chart, Any], Seen]
"""Decides one atom of a chart, about a line or assessment if it is asked of one."""

_Put = Callable[[Chart, Any], Value]


def about_patient(atom: Atom) -> bool:
    """Whether an atom asks only of the patient, so that it comes out the same for every line."""
    if isinstance(atom, Holds):
        return atom.kind in (RefersTo.FINDING, RefersTo.ANY_LINE)
    asked = [atom.ask] if isinstance(atom, Is) else [atom.left]
    if isinstance(atom, Compare) and isinstance(atom.right, Ask):
        asked.append(atom.right)
    return all(FEATURES[question.feature].scope is Scope.PATIENT for question in asked)


class Deciders(dict[Atom, Decide]):
    """How each atom other than `Holds` is decided: its names are looked up once, when it is first asked."""

    def __init__(self, thresholds: Mapping[str, Threshold]) -> None:
        super().__init__()
        self._thresholds = thresholds

    def __missing__(self, atom: Atom) -> Decide:
        made = self[atom] = self._decider(atom)
        return made

    def _decider(self, atom: Atom) -> Decide:
        if isinstance(atom, Compare):
            if isinstance(atom.right, str):
                return _against(self._put(atom.left), atom.op, self._thresholds[atom.right])
            return _against_other(self._put(atom.left), atom.op, self._put(atom.right))
        if isinstance(atom, Member):
            return _among(self._put(atom.left), frozenset(atom.words))
        if isinstance(atom, Is):
            return _yes_or_no(self._put(atom.ask))
        raise InferenceError("a reference must be looked up among conclusions")

    def _put(self, question: Ask) -> _Put:
        """Put a question to a chart; the chart remembers the answer."""
        feature = FEATURES[question.feature]
        compute = feature.compute
        arguments = tuple(self._thresholds[a.name] if a.threshold else a.name for a in question.arguments)

        def of_patient(chart: Chart, _subject: Any) -> Value:
            found = chart.memo.of_patient.get(question)
            if found is None:
                found = chart.memo.of_patient[question] = compute(chart, *arguments)
            return found

        def of_subject(chart: Chart, subject: Any) -> Value:
            told = chart.memo.of_subject.get(question)
            if told is None:
                told = chart.memo.of_subject[question] = {}
            found = told.get(subject)
            if found is None:
                found = told[subject] = compute(chart, subject, *arguments)
            return found

        return of_patient if feature.scope is Scope.PATIENT else of_subject


def _yes_or_no(put: _Put) -> Decide:
    def decide(chart: Chart, subject: Any) -> Seen:
        flag = put(chart, subject)
        assert isinstance(flag, Flag)  # noqa: S101
        return Seen(flag.truth, flag, None, flag.missing)

    return decide


def _among(put: _Put, words: frozenset[str]) -> Decide:
    def decide(chart: Chart, subject: Any) -> Seen:
        choice = put(chart, subject)
        assert isinstance(choice, Choice)  # noqa: S101
        wanted = choice.options & words
        if wanted == choice.options:
            return Seen(True, choice)
        return Seen(None, choice, None, choice.missing) if wanted else Seen(False, choice)

    return decide


def _against(put: _Put, op: Op, limit: Threshold) -> Decide:
    def decide(chart: Chart, subject: Any) -> Seen:
        left = put(chart, subject)
        assert isinstance(left, Amount)  # noqa: S101
        if left.absent:
            return Seen(False, left)
        compared = limit.form_for(left)
        if compared is None:
            missing = left.missing
            if left.known:
                datum = left.analyte.id if left.analyte is not None else "dose"
                missing = (Missing(datum, f"a value in a form for which {limit.title} is printed"),)
            return Seen(None, left, None, missing)
        form, amount = compared
        return _between(amount, op, form, shown=left)

    return decide


def _against_other(put: _Put, op: Op, other: _Put) -> Decide:
    def decide(chart: Chart, subject: Any) -> Seen:
        return _between(put(chart, subject), op, other(chart, subject))

    return decide


def _between(left: Value, op: Op, right: Value, shown: Value | None = None) -> Seen:
    assert isinstance(left, Amount)  # noqa: S101
    assert isinstance(right, Amount)  # noqa: S101
    carried = left if left.dimension == right.dimension else left.carried(right.dimension)
    if left.absent or right.absent:
        truth = False
    elif carried is None:
        truth = None
    elif op is Op.GT or op is Op.GE:
        truth = _greater(carried, right, strict=op is Op.GT)
    else:
        truth = _greater(right, carried, strict=op is Op.LT)
    missing = gather((*left.missing, *right.missing)) if truth is None else ()
    return Seen(truth, shown or left, right, missing)


def _greater(a: Amount, b: Amount, *, strict: bool) -> bool | None:
    """Whether a > b (or a >= b) for all, for none, or for some of the values they may have."""
    if a.low is not None and b.high is not None:
        if a.low > b.high:
            return True
        # Where the bounds meet, they are equal values unless one of them is only approached.
        if a.low == b.high and not (strict and a.low_in and b.high_in):
            return True
        if a.low is a.high and b.low is b.high:
            return False
    if a.high is not None and b.low is not None:
        if a.high < b.low:
            return False
        if a.high == b.low and (strict or not (a.high_in and b.low_in)):
            return False
    return None


def truth_of(node: Node, see: Look) -> Truth:
    """Decide a condition."""
    if isinstance(node, (And, Or)):
        return joined(map(truth_of, node.operands, repeat(see)), decisive=isinstance(node, Or))
    if isinstance(node, Not):
        return negated(truth_of(node.operand, see))
    return see(node).truth


Probe = Callable[[Callable[[Atom, Any], Seen], Any], Truth]
"""Ask of a condition, for a subject, no more than decides it."""


def probe(node: Node) -> Probe:
    """Make the way to ask of a condition only what decides it: references first, which cost least.

    What it comes out as is what `truth_of` says; what it leaves unasked could not have changed that.
    """
    if isinstance(node, (And, Or)):
        parts = tuple(probe(part) for part in sorted(node.operands, key=_dear))
        decisive = isinstance(node, Or)
        return lambda see, subject: joined((part(see, subject) for part in parts), decisive=decisive)
    if isinstance(node, Not):
        inner = probe(node.operand)
        return lambda see, subject: negated(inner(see, subject))
    return lambda see, subject: see(node, subject).truth


def _dear(node: Node) -> int:
    """About how much it costs to ask."""
    if isinstance(node, (And, Or)):
        return 1 + max(map(_dear, node.operands))
    return _dear(node.operand) if isinstance(node, Not) else int(not isinstance(node, Holds))


def judge(node: Node, see: Look) -> tuple[Truth, tuple[Missing, ...]]:
    """Decide a condition; when it is unknown, also name the data that would decide it."""
    truth = truth_of(node, see)
    return truth, () if truth is not None else gather(_lacking(node, see))


def _lacking(node: Node, see: Look) -> Iterator[Missing]:
    """What is missing in the unknown parts of a condition that is unknown."""
    if isinstance(node, (And, Or)):
        for operand in node.operands:
            if truth_of(operand, see) is None:
                yield from _lacking(operand, see)
    elif isinstance(node, Not):
        yield from _lacking(node.operand, see)
    else:
        yield from see(node).missing
