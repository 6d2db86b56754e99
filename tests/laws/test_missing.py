"""What the outlook promises, against brute force: enter values, consult anew, and compare."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import charts
from test_laws import EVERY, EXAMPLES, PATHWAYS, deletions

from nephroline.consultation import Advised, Consultation, consult, presumed_exposures
from nephroline.features import Slot
from nephroline.lang import And, Is, Node, Not, Or, asks
from nephroline.missing import thorough
from nephroline.missing.datum import Datum, datum_of
from nephroline.missing.entering import entered
from nephroline.missing.meaning import Meaning
from nephroline.missing.question import NextLine
from nephroline.missing.regions import Region, Span
from nephroline.missing.search import BoundError, Search
from nephroline.missing.state import State, state_of
from nephroline.missing.tree import Branch, Leaf, Tree
from nephroline.pathway import Block, Pathway
from nephroline.record import Record, read_record
from nephroline.terms import Action, Answer

SEARCH = settings(
    max_examples=max(EXAMPLES // 8, 1),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
MOST = 120


def grown(chart: dict[str, Any], pathway: Pathway, month: int) -> tuple[Search, Tree]:
    record = read_record(chart)
    search = Search(state_of(record, pathway, record.clock.read(f"{month} mo")), MOST)
    try:
        tree = search.tree_of(NextLine())
    except BoundError:
        assume(False)
        raise
    # A search that is not exact says so, and promises nothing.
    assume(search.exact)
    return search, tree


Bounds = tuple[Fraction | None, Fraction | None]


def bounds(span: Span, values: Mapping[Slot, Any]) -> Bounds:
    """The ends of a span in base units, where those that move with another datum are now."""
    low, high = span.low, span.high
    if low is not None and span.low_of is not None:
        low = low * values[span.low_of.slot]
    if high is not None and span.high_of is not None:
        high = high * values[span.high_of.slot]
    return low, high


def inside(span: Span, ends: Bounds, low: Fraction, high: Fraction, rng: random.Random) -> Fraction:
    """Some value of a span: its ends, its middle, or a hair beside its ends."""
    start = low if ends[0] is None else ends[0]
    end = max(high, start * Fraction(101, 100)) if ends[1] is None else ends[1]
    hair = (end - start) / 1000
    found = [(start + end) / 2, start + hair, end - hair]
    found += [start] if span.low_in else []
    found += [end] if span.high_in else []
    return rng.choice(found)


def fill(
    state: State, datum: Datum, span: Span, rng: random.Random, values: Mapping[Slot, Any]
) -> tuple[State, Any]:
    """A state with a value of a span entered, by the front door: a new record, nothing inherited."""
    run = state.run
    if datum.scale is None:
        region = rng.choice([r for r in datum.regions if r.word in span.words])
    else:
        reps = [r.value for r in datum.regions]
        if datum.dimension == "count":
            region = rng.choice([r for r in datum.regions if _holds(span, r.value, values)])
        else:
            region = Region(inside(span, bounds(span, values), min(reps), max(reps), rng))
    record = entered(state.record, datum, region, run.chart.timeline)
    return state_of(record, run.pathway, run.chart.timeline.as_of), region.value


def _holds(span: Span, value: Any, values: Mapping[Slot, Any]) -> bool:
    if span.words:
        return value in span.words
    low, high = bounds(span, values)
    above = low is None or value > low or (span.low_in and value == low)
    below = high is None or value < high or (span.high_in and value == high)
    return above and below


def said(record: Record, pathway: Pathway, state: State) -> tuple[Any, ...]:
    answer: Consultation = consult(record, pathway, state.run.chart.timeline.as_of)
    kind = Answer.NOTHING_APPLIES if answer.answer.kind is Answer.NEEDS_DATA else answer.answer.kind
    line = answer.next_line
    if kind not in (Answer.NEXT_LINE, Answer.CONTINUE, Answer.GUIDELINE_SILENT) or line is None:
        return (kind, None, None)
    return (kind, line.action, line.regimen if line.action is Action.START else None)


def plain(outcome: Any, pathway: Pathway) -> tuple[Any, ...]:
    assert isinstance(outcome, Advised)
    begins = outcome.action is Action.START
    known = outcome.what if begins and outcome.what in pathway.catalogue.regimens else None
    return (outcome.kind, outcome.action, known)


def open_slots(state: State) -> list[Slot]:
    """Everything that any rule still lacks, but for what is looked at before a first dose: no outlook follows it."""
    found: dict[Slot, None] = {}
    before: set[Slot | None] = set()
    for rule in state.run.pathway.rules.values():
        if isinstance(rule.conclusion, Block) and rule.conclusion.before_first_dose:
            before |= {m.slot for m in state.settled(rule, 0)[1]}
    for rule in state.run.pathway.rules.values():
        for subject in state.run.subjects(rule.scope):
            found |= {m.slot: None for m in state.settled(rule, subject)[1] if m.slot is not None}
    return [slot for slot in found if slot not in before]


def seen_only(pathway: Pathway) -> set[str]:
    """The analytes that some condition heeds where they were measured, and does not ask for where they were not."""
    found: set[str] = set()
    left: list[Node] = [clause.condition for clause in pathway.clauses.values()]
    for node in left:
        if isinstance(node, Not):
            left.append(node.operand)
        if isinstance(node, And | Or):
            left += node.operands
        if isinstance(node, And):
            asked = [ask for part in node.operands if isinstance(part, Is) for ask in asks(part)]
            found |= {ask.arguments[0].name for ask in asked if ask.feature == "measured"}
    return found


def walk(search: Search, tree: Tree, rng: random.Random, others: int = 3) -> tuple[State, Leaf]:
    """Go down a random way, with values drawn from its spans, and then fill in what else could matter, and others.

    A number beside a response that was reported in words is no missing datum but another assessment, which may
    contradict it: none is entered. Nor is a value of a day of which nobody assessed the response, unless what
    decides asks for it: it is one more assessment, from which a remission may count. Nor is what counts only where it was
    measured: a rule that guards a question so takes what nobody measured as no hazard. Nor is what would tell of
    an exposure that is presumed: the outlook says what it presumes.
    """
    in_words = any(o.analyte == "response" for o in search.start.record.observations)
    assessed = {a.id for a in search.start.run.pathway.catalogue.assessed}
    start = state_of(search.start.record, search.start.run.pathway, search.start.run.chart.timeline.as_of)
    state, taken = start, dict[Slot, Any]()
    while isinstance(tree, Branch):
        arm = rng.choice(tree.arms)
        datum = datum_of(tree.slot, state.run.pathway, state.run.chart)
        state, taken[tree.slot] = fill(state, datum, arm.span, rng, taken)
        tree = arm.then
    while left := [m.slot for m in state.answer[1] if m.slot is not None and m.slot not in taken]:
        datum = datum_of(left[0], state.run.pathway, state.run.chart)
        taken[left[0]] = None
        record = entered(state.record, datum, rng.choice(datum.regions), state.run.chart.timeline)
        state = state_of(record, state.run.pathway, state.run.chart.timeline.as_of)
    presumed = {item.slot for item in presumed_exposures(state.run)}
    guarded = seen_only(state.pathway)
    dated = {assessment.at.sort_key for assessment in state.chart.timeline.assessments}
    known = [
        slot
        for slot in open_slots(state)
        if slot not in presumed
        and slot.name not in guarded
        and not (slot.name in assessed and (in_words or (slot.at and slot.at.sort_key not in dated)))
    ]
    for slot in rng.sample(known, min(others, len(known))):
        datum = datum_of(slot, state.run.pathway, state.run.chart)
        if slot not in taken and slot in open_slots(state):
            region = rng.choice(datum.regions)
            record = entered(state.record, datum, region, state.run.chart.timeline)
            state = state_of(record, state.run.pathway, state.run.chart.timeline.as_of)
    return state, tree


@SEARCH
@given(charts(), EVERY, st.integers(0, 30), st.randoms(use_true_random=False))
def test_no_value_of_missing_data_escapes_its_region(
    chart: dict[str, Any], name: str, month: int, rng: random.Random
) -> None:
    """Unsound certainty would show here: an answer other than the one the tree foretold."""
    pathway = PATHWAYS[name]
    search, tree = grown(chart, pathway, month)
    for _ in range(3):
        state, leaf = walk(search, tree, rng)
        assert said(state.record, pathway, state) == plain(leaf.outcome, pathway)


@SEARCH
@given(charts(), EVERY, st.integers(0, 30), st.randoms(use_true_random=False))
def test_a_varied_state_is_the_state_of_the_varied_record(
    chart: dict[str, Any], name: str, month: int, rng: random.Random
) -> None:
    """What a state inherits from its parent is what it would find out itself."""
    record = read_record(chart)
    state = state_of(record, PATHWAYS[name], record.clock.read(f"{month} mo"))
    for _ in range(3):
        slots = [m.slot for m in state.answer[1] if m.slot is not None]
        if not slots:
            return
        datum = datum_of(rng.choice(slots), state.run.pathway, state.run.chart)
        state = state.vary(datum, rng.choice(datum.regions))
        fresh = state_of(state.record, state.run.pathway, state.run.chart.timeline.as_of)
        assert state.answer == fresh.answer
        for rule in state.run.pathway.rules.values():
            for subject in state.run.subjects(rule.scope):
                assert state.settled(rule, subject) == fresh.settled(rule, subject), rule.id


def table(meaning: Meaning) -> Iterator[tuple[dict[Slot, Any], Leaf]]:
    """Values at and between all edges of the data in a tree, in every combination, each with its leaf."""
    spans: dict[Slot, list[Span]] = {}
    for way, _ in meaning.leaves:
        for slot, span in way.items():
            spans.setdefault(slot, []).append(span)
    points: dict[Slot, list[Any]] = {}
    for slot in sorted(spans, key=lambda slot: any(span.of for span in spans[slot])):
        points[slot] = list(_points(spans[slot], points))
    assume(points and prod(map(len, points.values())) < 3_000)
    for combination in product(*points.values()):
        values = dict(zip(points, combination, strict=True))
        (leaf,) = (
            leaf
            for way, leaf in meaning.leaves
            if all(_holds(span, values[slot], values) for slot, span in way.items())
        )
        yield values, leaf


def _points(spans: list[Span], known: Mapping[Slot, list[Any]]) -> Iterator[Any]:
    if any(span.words for span in spans):
        yield from sorted({word for span in spans for word in span.words})
        return
    edges: set[Fraction] = set()
    for span in spans:
        for edge, of in ((span.low, span.low_of), (span.high, span.high_of)):
            if edge is not None:
                edges |= {edge} if of is None else {edge * value for value in known[of.slot]}
    ordered = sorted(edges) or [Fraction(1)]
    yield ordered[0] / 2
    for here, after in zip(ordered, [*ordered[1:], ordered[-1] * 2], strict=True):
        yield here
        yield (here + after) / 2


@SEARCH
@given(charts(), EVERY, st.integers(0, 30))
def test_what_settles_the_next_line_is_enough_and_nothing_less_is(
    chart: dict[str, Any], name: str, month: int
) -> None:
    _, tree = grown(chart, PATHWAYS[name], month)
    meaning = Meaning(tree)
    assume(isinstance(tree, Branch))
    rows = list(table(meaning))
    for chosen in meaning.settling:
        for kept in [chosen, *([s for s in chosen if s != left_out] for left_out in chosen)]:
            seen: dict[tuple[Any, ...], set[Leaf]] = {}
            for values, leaf in rows:
                seen.setdefault(tuple(values[slot] for slot in kept), set()).add(leaf)
            assert all(len(found) == 1 for found in seen.values()) is (kept is chosen)


@SEARCH
@given(charts(), EVERY, st.integers(0, 30), st.randoms(use_true_random=False))
def test_what_holds_whatever_is_missing_holds(
    chart: dict[str, Any], name: str, month: int, rng: random.Random
) -> None:
    """A rule that is said to hold, or not to, although data are missing, does so for values drawn at random."""
    pathway = PATHWAYS[name]
    record = read_record(chart)
    found = thorough(record, pathway, f"{month} mo").outlook
    assert found is not None
    state = state_of(record, pathway, record.clock.read(f"{month} mo"))
    certain = [item for item in found.rules if item.holds in ("yes", "no")]
    for item in certain:
        rule, subject = pathway.rules[item.rule], item.line or 0
        varied = state
        for missing in state.settled(rule, subject)[1]:
            if missing.slot is not None:
                datum = datum_of(missing.slot, pathway, varied.run.chart)
                region = rng.choice(datum.regions)
                new = entered(varied.record, datum, region, varied.run.chart.timeline)
                varied = state_of(new, pathway, varied.run.chart.timeline.as_of)
        assert varied.settled(rule, subject)[0] is not (item.holds == "no"), item.rule


@pytest.mark.parametrize("name", sorted(PATHWAYS))
def test_a_bound_that_is_met_is_said(name: str) -> None:
    record = read_record(
        {"id": "empty", "age": "40 years", "observations": [{"at": "0 mo", "albumin": "2 g/dL"}]}
    )
    search = Search(state_of(record, PATHWAYS[name], record.clock.read("0 mo")), 5)
    with pytest.raises(BoundError):
        search.tree_of(NextLine())


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["pjnh-2015-case-1", "pjnh-2015-case-2"])
@pytest.mark.parametrize("pathway", [name for name in sorted(PATHWAYS) if PATHWAYS[name].disease == "fsgs"])
def test_deleting_a_datum_never_gives_another_answer_that_is_certain_all_the_same(
    name: str, pathway: str, scenario_data: Callable[[str], dict[str, Any]]
) -> None:
    """Law 6 for the stronger certainty: whatever the search finds settled is what the whole chart says."""
    chart = scenario_data(name)["record"]
    chart.setdefault("conditions", []).append({"name": "pregnancy", "at": "0 mo", "present": False})
    chart["findings"]["diffuse_effacement"] = {"value": True, "at": "0 mo"}
    chart["observations"] += [
        {"at": f"{float(moment.latest)} d", "neutrophils": "4 10^9/L"}
        for moment in read_record(chart).moments()
    ]
    rng = random.Random(name + pathway)
    settled = 0
    for moment in read_record(chart).moments():
        at = f"{float(moment.latest)} d"
        whole = consult(read_record(chart), PATHWAYS[pathway], at)
        changes = list(deletions(chart))
        for what, changed in rng.sample(changes, min(4, len(changes))):
            less = thorough(read_record(changed), PATHWAYS[pathway], at)
            if less.outlook is None or less.outlook.verdict != "certain":
                continue
            settled += 1
            found, expected = (
                (line.action, line.regimen) if (line := answer.next_line) is not None else None
                for answer in (less, whole)
            )
            assert found == expected, f"{what} at {at}"
    assert settled


@pytest.mark.parametrize(
    ("name", "pathway", "at"),
    [
        ("pjnh-2015-case-1", "pjnh-2015/fsgs", "102 mo"),
        ("pjnh-2015-case-1", "kdigo-2012/fsgs", "84 mo"),
    ],
)
def test_two_open_values_of_one_analyte_are_held_against_each_other(
    name: str, pathway: str, at: str, scenario_data: Callable[[str], dict[str, Any]]
) -> None:
    """Creatinine now and creatinine when the line began: neither is known, and a rise is a matter of both."""
    record = read_record(scenario_data(name)["record"])
    search = Search(state_of(record, PATHWAYS[pathway], record.clock.read(at)))
    tree = search.tree_of(NextLine())
    rng = random.Random(name + pathway)
    for _ in range(25):
        # Nothing else is entered: a number beside a response in words may contradict it.
        state, leaf = walk(search, tree, rng, others=0)
        assert said(state.record, PATHWAYS[pathway], state) == plain(leaf.outcome, PATHWAYS[pathway])
    spans = [
        span for way, _ in Meaning(tree).leaves for slot, span in way.items() if slot.name == "creatinine"
    ]
    assert any(span.of for span in spans)
