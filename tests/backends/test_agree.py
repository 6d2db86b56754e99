"""durable_rules and the reference agree on everything, and durable_rules stays inside its fence."""

from __future__ import annotations

import gc
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from conditions import conditions
from hypothesis import given, settings
from hypothesis import strategies as st

from nephroline.backends import Fact, backend
from nephroline.backends.durable import MAX_PATTERNS, DurableStage, _guard, _rule
from nephroline.backends.patterns import normal_form
from nephroline.errors import InferenceError, UsageError
from nephroline.lang import And, Atom, Holds, Node, Not, Or, RefersTo, atoms
from nephroline.pathway import Clause
from nephroline.terms import Scope

ATOMS: list[Atom] = [Holds(RefersTo.DEFINITION, f"d{i}") for i in range(8)]
CONDITIONS = conditions(ATOMS, 8)
TRUTHS = st.sampled_from([True, False, None])
WORLDS = st.fixed_dictionaries(dict.fromkeys(ATOMS, TRUTHS))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([Scope.PATIENT, Scope.LINE]), CONDITIONS), min_size=1, max_size=6),
    WORLDS,
    st.lists(WORLDS, max_size=4),
)
def test_durable_and_reference_agree(
    conditions: list[tuple[Scope, Node]],
    patient: dict[Atom, bool | None],
    lines: list[dict[Atom, bool | None]],
) -> None:
    clauses = [Clause(f"c{i}", scope, node) for i, (scope, node) in enumerate(conditions)]
    facts = [Fact(Scope.PATIENT, 0, patient), *(Fact(Scope.LINE, i + 1, w) for i, w in enumerate(lines))]
    expected = backend("reference").prepare(clauses).fire(facts)
    stage = backend("durable").prepare(clauses)
    assert stage.fire(facts) == expected
    assert stage.fire(facts) == expected


def test_more_patterns_than_one_ruleset_holds() -> None:
    clauses = [
        Clause(f"c{i}", Scope.PATIENT, Or((ATOMS[i % 8], Not(ATOMS[(i + 1) % 8])))) for i in range(300)
    ]
    stage = DurableStage(clauses)
    assert all(len(chunk.patterns) <= MAX_PATTERNS for chunk in stage._chunks)
    for truth in (True, False, None):
        facts = [Fact(Scope.PATIENT, 0, dict.fromkeys(ATOMS, truth))]
        assert stage.fire(facts) == backend("reference").prepare(clauses).fire(facts)


def test_many_lines_in_one_session() -> None:
    clauses = [Clause("c", Scope.LINE, And((ATOMS[0], Not(ATOMS[1]))))]
    facts = [Fact(Scope.LINE, n, {ATOMS[0]: n % 2 == 0, ATOMS[1]: n % 3 == 0}) for n in range(1, 500)]
    assert DurableStage(clauses).fire(facts) == backend("reference").prepare(clauses).fire(facts)


@settings(max_examples=200, deadline=None)
@given(CONDITIONS, WORLDS)
def test_the_normal_form_has_the_same_meaning(node: Node, world: dict[Atom, bool | None]) -> None:
    from nephroline.lang import Seen, judge

    form = normal_form(node)
    must = any(all(world[x.atom] is x.positive for x in c) for c in form)
    may = any(all(world[x.atom] is not (not x.positive) for x in c) for c in form)
    truth = judge(node, lambda atom: Seen(world[atom]))[0]
    assert (truth is True) == must
    assert (truth is not False) == may
    assert {x.atom for c in form for x in c} <= set(atoms(node))


def test_a_condition_that_grows_without_bound_is_refused() -> None:
    wide = And(
        tuple(
            Or((Holds(RefersTo.DEFINITION, f"a{i}"), Holds(RefersTo.DEFINITION, f"b{i}"))) for i in range(8)
        )
    )
    with pytest.raises(InferenceError, match="split it into definitions"):
        normal_form(wide)


@pytest.mark.parametrize(
    "rule",
    [
        _rule("x", []),
        _rule("p", [("id", "t", True)]),
        _rule("p", [("sid", "t", True)]),
        _rule("p", [("A", "t", True)]),
        _rule("p", [("a.b", "t", True)]),
        _rule("p", [("a$", "t", True)]),
        _rule("p", [("a", "yes", True)]),
        _rule("p", [("liquid", "t", True), ("costarring", "t", True)]),
        {"all": [{"m": {"$and": [{"kind": "p"}]}}, {"n": {"$and": [{"kind": "p"}]}}]},
    ],
)
def test_the_guard_refuses_what_lies_outside_the_safe_subset(rule: dict[str, object]) -> None:
    with pytest.raises(InferenceError):
        _guard({"r": rule})


def test_the_guard_refuses_too_many_patterns() -> None:
    with pytest.raises(InferenceError, match="too large"):
        _guard({f"r{i}": _rule("p", [("a", "t", True)]) for i in range(MAX_PATTERNS + 1)})


def test_no_thread_is_started_by_inference() -> None:
    before = threading.active_count()
    stage = DurableStage([Clause("c", Scope.PATIENT, ATOMS[0])])
    stage.fire([Fact(Scope.PATIENT, 0, {ATOMS[0]: True})])
    assert threading.active_count() == before


def test_one_stage_serves_many_threads() -> None:
    stage = DurableStage([Clause("c", Scope.PATIENT, Or((ATOMS[0], ATOMS[1])))])

    def ask(n: int) -> bool:
        truth = n % 2 == 0
        return stage.fire([Fact(Scope.PATIENT, 0, {ATOMS[0]: truth, ATOMS[1]: False})])["c", 0] is truth

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(400)))


def test_rulesets_are_freed_with_their_stage() -> None:
    for _ in range(200):
        DurableStage([Clause("c", Scope.PATIENT, ATOMS[0])])
    gc.collect()
    assert DurableStage([Clause("c", Scope.PATIENT, ATOMS[0])]).fire(
        [Fact(Scope.PATIENT, 0, {ATOMS[0]: None})]
    ) == {("c", 0): None}


def test_a_disagreement_withholds_the_answer() -> None:
    from nephroline.backends.choose import ShadowStage

    class Lies:
        def fire(self, facts: object) -> dict[tuple[str, int], bool | None]:
            return {("c", 0): True}

    class Honest:
        def fire(self, facts: object) -> dict[tuple[str, int], bool | None]:
            return {("c", 0): None}

    with pytest.raises(InferenceError, match="disagree"):
        ShadowStage(Lies(), Honest()).fire([])


def test_an_unknown_backend_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean `durable`"):
        backend("durabel")
