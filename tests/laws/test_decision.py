"""One decision: every door shows the same, and what only annotates it changes nothing."""

from __future__ import annotations

import os
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import charts

from nephroline.backends import backend
from nephroline.consultation import Advised, Consultation, LazyRun, consult, consulted
from nephroline.errors import InferenceError
from nephroline.missing import thorough
from nephroline.missing.state import state_of
from nephroline.pathway import load_pathway, pathway_ids
from nephroline.record import read_record
from nephroline.replaying import read_scenario, replay
from nephroline.terms import Action, Answer

PATHWAYS = {name: load_pathway(name) for name in pathway_ids()}
EXAMPLES = int(os.environ.get("LAW_EXAMPLES", "100"))
LAW = settings(
    max_examples=max(EXAMPLES // 2, 1), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@LAW
@given(charts(), st.sampled_from(sorted(PATHWAYS)), st.integers(0, 36))
def test_the_outlook_begins_with_the_decision_of_the_consultation(
    chart: dict[str, Any], name: str, month: int
) -> None:
    record, pathway = read_record(chart), PATHWAYS[name]
    done = consulted(record, pathway, f"{month} mo", backend("reference"))
    state = state_of(record, pathway, done.run.chart.timeline.as_of)
    assert state.advised == done.decision.advised
    assert state.decision.kind is done.decision.kind
    for rule in pathway.rules.values():
        for subject in done.run.subjects(rule.scope):
            assert state.settled(rule, subject)[0] is done.run.settled(rule, subject)


def _settled(answer: Consultation) -> tuple[Answer, list[str]]:
    """What an answer comes to; of what leaves it open, the outlook names only what can still matter."""
    told = [text for text in answer.answer.because if not text.startswith("not decided without")]
    return answer.answer.kind, told


# A search over every chart that is drawn takes long.
@settings(LAW, max_examples=max(EXAMPLES // 7, 1))
@given(charts(), st.sampled_from(sorted(PATHWAYS)), st.integers(0, 36))
def test_the_outlook_only_annotates_an_answer_or_withholds_its_line(
    chart: dict[str, Any], name: str, month: int
) -> None:
    record, at = read_record(chart), f"{month} mo"
    quick, deep = consult(record, PATHWAYS[name], at), thorough(record, PATHWAYS[name], at)
    of_the_line = {"answer", "next_line", "needs", "outlook", "summary"}
    for field in set(msgspec.structs.asdict(quick)) - of_the_line:
        assert getattr(quick, field) == getattr(deep, field), field
    if _settled(deep) == _settled(quick):
        assert (deep.next_line is None) is (quick.next_line is None)
        if deep.next_line is not None and quick.next_line is not None:
            sure = {"certain": True, "depends_on": []}
            assert deep.next_line in (quick.next_line, msgspec.structs.replace(quick.next_line, **sure))
    else:
        assert quick.next_line is not None
        assert deep.next_line is None
        assert quick.next_line.title in deep.answer.because[0]


@LAW
@given(charts(), st.sampled_from(sorted(PATHWAYS)), st.integers(0, 36))
def test_a_decision_holds_one_act_for_each_thing_to_do(chart: dict[str, Any], name: str, month: int) -> None:
    done = consulted(read_record(chart), PATHWAYS[name], f"{month} mo", backend("reference"))
    decision = done.decision
    offered = [act for act in (decision.act, *decision.alternatives) if act is not None]
    assert len({(act.action, act.what) for act in offered}) == len(offered)
    assert all(act.action.of_line for act in offered)
    beside = [act.rule.id for act in decision.beside]
    assert len(set(beside)) == len(beside)
    assert not any(act.action.of_line for act in decision.beside)
    if decision.act is not None:
        # What safety and care do with what runs stands whatever the pathway says.
        assert decision.applies or decision.act.rule.care
        assert decision.conflict == ()
        assert decision.silent == () or decision.act.action is Action.STOP
    assert isinstance(decision.advised, Advised)
    assert decision.advised.kind is not Answer.NEEDS_DATA


def test_a_replay_holds_expectations_against_what_the_user_is_shown(root: Any) -> None:
    for case in ("pjnh-2015-case-1", "pjnh-2015-case-2"):
        scenario = read_scenario(root / f"scenarios/{case}.yaml")
        pathway = load_pathway(scenario.pathway)
        for step in replay(scenario, pathway).steps:
            assert step.consultation == thorough(scenario.record, pathway, step.at, stops_seen=False)


def test_an_evaluator_that_disagrees_gets_no_answer(root: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = read_scenario(root / "scenarios/pjnh-2015-case-1.yaml")
    monkeypatch.setattr(LazyRun, "judge_clause", lambda *_: None)
    with pytest.raises(InferenceError, match="disagree about"):
        consult(scenario.record, load_pathway(scenario.pathway), "10 mo", backend_name="shadow")
