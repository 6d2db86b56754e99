"""How rules compete for what is done with a line of therapy, on pathways of two or three rules."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from deciding import (
    MMF,
    STEROID,
    TAC,
    Rules,
    advice,
    alert,
    block,
    course,
    decided,
    depends,
    needed,
    pathway,
    patient,
    rule,
    running,
    start,
)

from nephroline.consultation import consult
from nephroline.missing import thorough
from nephroline.record import read_record

MYCOPHENOLATE = {"drug": "mycophenolate mofetil", "dose": "1.5 g/d", "from": "0 mo"}
PREDNISOLONE = {"drug": "prednisolone", "dose": "60 mg/d", "from": "0 mo"}
TACROLIMUS = {"drug": "tacrolimus", "dose": "4 mg/d", "from": "0 mo"}
ON_MMF: dict[str, Any] = {"exposures": [MYCOPHENOLATE], "at": "2 mo"}


def told(rules: Rules, said: str, **chart: Any) -> str:
    """What is answered, what it depends on, and what is asked for."""
    answer = decided(rules, said, **chart)
    found = advice(answer)
    line = answer.next_line
    assert line is None or line.certain is (not depends(answer))
    for word, letters in (("depends on", depends(answer)), ("asks for", needed(answer))):
        found += f"; {word} {letters}" if letters else ""
    return found


# -- what is begun ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("a, b", "next-line: start mycophenolate or start tacrolimus"),
        ("a", "next-line: start mycophenolate"),
        ("not a, b", "next-line: start tacrolimus"),
        ("b", "next-line: start tacrolimus; depends on a; asks for a"),
        ("not a, not b", "nothing-applies"),
        ("not a", "needs-data; asks for b"),
        ("", "needs-data; asks for ab"),
    ],
)
def test_the_first_preference_wins_and_an_unknown_one_before_it_could(said: str, answer: str) -> None:
    assert told({"mmf": start(MMF, "a"), "tac": start(TAC, "b", 2)}, said) == answer


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("a, b", "conflict or start mycophenolate or start tacrolimus"),
        ("a, not b", "next-line: start mycophenolate"),
        ("a", "next-line: start mycophenolate; depends on b; asks for b"),
        ("b", "next-line: start tacrolimus; depends on a; asks for a"),
    ],
)
def test_two_of_one_preference_are_at_odds_also_where_one_is_unknown(said: str, answer: str) -> None:
    assert told({"mmf": start(MMF, "a"), "tac": start(TAC, "b")}, said) == answer


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("a, b", "next-line: start mycophenolate"),
        ("a", "next-line: start mycophenolate"),
        ("b", "next-line: start mycophenolate"),
    ],
)
def test_two_that_ask_for_the_same_are_not_at_odds(said: str, answer: str) -> None:
    assert told({"mmf": start(MMF, "a"), "mmf-too": start(MMF, "b")}, said) == answer


PRINTED = {"statement": {"source": "kdigo-2021", "kind": "practice-point", "confidence": "verified"}}


def test_of_two_that_ask_for_the_same_the_guideline_is_named() -> None:
    rules = {"a-choice": start(MMF, "a"), "printed": start(MMF, "a") | PRINTED}
    line = decided(rules, "a").next_line
    assert line is not None
    assert (line.rule, line.on_guideline) == ("printed", True)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("a, not b", "next-line: start mycophenolate"),
        ("a, b", "nothing-applies"),
        ("a", "next-line: start mycophenolate; depends on b; asks for b"),
        ("not a", "nothing-applies"),
        ("b", "nothing-applies"),
    ],
)
def test_an_exception_takes_a_rule_out_and_leaves_it_uncertain_while_unknown(said: str, answer: str) -> None:
    assert told({"mmf": start(MMF, "a", unless="b")}, said) == answer


# -- what is kept out -------------------------------------------------------------------------------------

KEPT_OUT = {
    "mmf": start(MMF, "a"),
    "tac": start(TAC, "a", 2),
    "no-mmf": block("mycophenolate", "b", "c"),
}


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("a, not b", "next-line: start mycophenolate or start tacrolimus"),
        ("a, b, not c", "next-line: start tacrolimus"),
        ("a, b, c", "next-line: start mycophenolate or start tacrolimus"),
        ("a, b", "next-line: start tacrolimus; depends on c; asks for c"),
        ("a, not c", "next-line: start mycophenolate or start tacrolimus; depends on b; asks for b"),
    ],
)
def test_a_block_keeps_out_and_what_could_lift_or_bring_it_is_told(said: str, answer: str) -> None:
    assert told(KEPT_OUT, said) == answer


def test_what_is_out_is_told_with_why_and_until_when() -> None:
    (out,) = decided(KEPT_OUT, "a, b, not c").blocked
    assert (out.regimen, [(one.rule, one.until) for one in out.reasons]) == (MMF, [("no-mmf", "later")])


def test_where_all_is_kept_out_the_next_line_is_held_back() -> None:
    rules = {"mmf": start(MMF, "a"), "no-mmf": block("mycophenolate", "b")}
    assert told(rules, "a, b") == "held-back"
    assert told(rules, "not a, b") == "nothing-applies"


def test_a_block_of_a_regimen_leaves_its_agents_in_others() -> None:
    rules = {
        "steroid": start(STEROID, "a"),
        "mmf": start(MMF, "a", 2),
        "no-steroid": rule("b", block={"regimen": STEROID, "until": "later"}),
    }
    assert told(rules, "a, b") == "next-line: start mycophenolate"
    assert told(rules | {"no-steroid": rule("b", block={"regimen": MMF, "until": "later"})}, "a, b") == (
        "next-line: start high-dose-glucocorticoid"
    )


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("a", "next-line: start mycophenolate or start tacrolimus; depends on b; asks for b"),
        ("a, b", "next-line: start tacrolimus"),
    ],
)
def test_what_is_looked_at_before_a_first_dose_is_asked_for(said: str, answer: str) -> None:
    looked_at = block("mycophenolate", "b", before_first_dose=True)
    assert told({"mmf": start(MMF, "a"), "tac": start(TAC, "a", 2), "look": looked_at}, said) == answer


# -- a line that runs -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("a, b", "continue: continue mycophenolate or start tacrolimus"),
        ("a", "continue: continue mycophenolate"),
        ("b", "next-line: start tacrolimus; depends on a; asks for a"),
    ],
)
def test_what_runs_competes_with_what_could_begin(said: str, answer: str) -> None:
    rules = {"go-on": running("continue", "a"), "tac": start(TAC, "b", 2)}
    assert told(rules, said, **ON_MMF) == answer


def test_a_block_leaves_what_runs_and_takes_out_that_it_is_raised() -> None:
    no_mmf = block("mycophenolate", "b")
    assert told({"go-on": running("continue", "a"), "no": no_mmf}, "a, b", **ON_MMF) == (
        "continue: continue mycophenolate"
    )
    raised = {"more": running("adjust", "a", direction="raise"), "no": no_mmf}
    assert told(raised, "a, b", **ON_MMF) == "held-back"
    assert told(raised, "a", **ON_MMF) == "next-line: adjust mycophenolate; depends on b; asks for b"
    lowered = {"less": running("adjust", "a", direction="reduce"), "no": no_mmf}
    assert told(lowered, "a, b", **ON_MMF) == "next-line: adjust mycophenolate"


CAUTION: list[dict[str, Any]] = [
    {"action": "stop"},
    {"action": "adjust", "direction": "hold"},
    {"action": "adjust", "direction": "reduce"},
    {"action": "taper"},
    {"action": "continue"},
    {"action": "adjust", "direction": "raise"},
]
"""What leaves the least of a drug first."""


@pytest.mark.parametrize(("safer", "other"), [*combinations(CAUTION, 2)])
def test_of_two_for_safety_the_more_cautious_wins_and_the_other_is_not_offered(
    safer: dict[str, Any], other: dict[str, Any]
) -> None:
    rules = {"z": running(when="a", preference=0, **safer), "b": running(when="a", preference=0, **other)}
    answer = decided(rules, "a", **ON_MMF)
    assert answer.next_line is not None
    assert answer.next_line.rule == "z"
    assert answer.alternatives == []
    assert [act.rule for act in answer.acts] == ["z"]
    rivals = {"z": running(when="a", **safer), "b": running(when="a", **other)}
    assert decided(rivals, "a", **ON_MMF).answer.kind == "conflict"


def test_a_stop_for_safety_leaves_what_could_begin_as_another_way() -> None:
    rules = {
        "off": running("stop", "a", 0),
        "go-on": running("continue", "a"),
        "tac": start(TAC, "a", 2),
    }
    assert told(rules, "a", **ON_MMF) == "next-line: stop mycophenolate or start tacrolimus"
    assert told(rules | {"off": running("stop", "a")}, "a", **ON_MMF).startswith("conflict")


def test_what_is_taken_already_does_not_begin() -> None:
    assert told({"mmf": start(MMF, "a")}, "a", **ON_MMF) == "nothing-applies"
    assert told({"mmf": start(MMF, "a")}, "a", exposures=[MYCOPHENOLATE | {"to": "1 mo"}], at="2 mo") == (
        "next-line: start mycophenolate"
    )


# -- a line that failed -----------------------------------------------------------------------------------

FAILED = rule("a", finding="failed-on-it", outcome="resistant") | {"for": "line"}
ENDED: dict[str, Any] = {"exposures": [MYCOPHENOLATE | {"to": "8 mo"}], "at": "9 mo"}


@pytest.mark.parametrize(
    ("said", "again", "answer"),
    [
        ("a, b", False, "next-line: start tacrolimus"),
        ("a, b", True, "next-line: start mycophenolate or start tacrolimus"),
        ("not a, b", False, "next-line: start mycophenolate or start tacrolimus"),
        ("b", False, "next-line: start mycophenolate or start tacrolimus; depends on a; asks for a"),
        ("b", True, "next-line: start mycophenolate or start tacrolimus"),
    ],
)
def test_what_failed_is_not_offered_again_unless_a_rule_says_so(said: str, again: bool, answer: str) -> None:
    rules = {
        "failed": FAILED,
        "mmf": start(MMF, "b", rechallenge=again),
        "tac": start(TAC, "b", 2),
    }
    assert told(rules, said, **ENDED) == answer


def test_an_agent_that_failed_beside_others_is_not_begun_alone() -> None:
    of_one = rule("a", finding="failed-on-it", outcome="resistant", outcome_of="tacrolimus") | {"for": "line"}
    rules = {"failed": of_one, "tac": start(TAC, "b"), "mmf": start(MMF, "b", 2)}
    both = [row | {"to": "8 mo"} for row in (MYCOPHENOLATE, TACROLIMUS)]
    assert told(rules, "a, b", exposures=both, at="9 mo") == "next-line: start mycophenolate"
    assert told(rules, "not a, b", exposures=both, at="9 mo") == (
        "next-line: start tacrolimus or start mycophenolate"
    )


# -- courses through all lines ----------------------------------------------------------------------------


def acts(rules: Rules, said: str, **chart: Any) -> list[tuple[str, str]]:
    """What is done with each agent."""
    return [(act.agent, act.act) for act in decided(rules, said, **chart).acts]


BOTH: dict[str, Any] = {"exposures": [MYCOPHENOLATE, PREDNISOLONE], "at": "2 mo"}


def test_a_course_has_its_own_act_beside_that_on_the_line() -> None:
    rules = {"go-on": running("continue", "a"), "down": course("taper", "b")}
    assert acts(rules, "a, b", **BOTH) == [("mycophenolate-mofetil", "continue"), ("glucocorticoid", "taper")]
    assert acts(rules, "a, not b", **BOTH) == [("mycophenolate-mofetil", "continue")]
    assert acts(rules, "a", **BOTH) == [
        ("mycophenolate-mofetil", "continue"),
        ("glucocorticoid", "undecided"),
    ]


def test_a_line_that_begins_with_a_course_says_what_becomes_of_it() -> None:
    rules = {"steroid": start(STEROID, "a"), "down": course("taper", "b")}
    alone: dict[str, Any] = {"exposures": [PREDNISOLONE | {"dose": "5 mg/d"}], "at": "2 mo"}
    assert acts(rules, "a, b", **alone) == [("glucocorticoid", "start")]
    assert acts(rules, "not a, b", **alone) == [("prednisolone", "taper")]


def test_two_acts_on_a_course_of_one_preference_are_at_odds() -> None:
    rules = {"down": course("taper", "a"), "go-on": course("continue", "b")}
    alone: dict[str, Any] = {"exposures": [PREDNISOLONE], "at": "2 mo"}
    assert told(rules, "a, b", **alone) == "conflict"
    assert told(rules, "a, not b", **alone) == "next-line: taper high-dose-glucocorticoid"
    assert told(rules | {"go-on": course("continue", "b", 2)}, "a, b", **alone) == (
        "next-line: taper high-dose-glucocorticoid"
    )


def test_without_the_drug_there_is_no_course_to_act_on() -> None:
    assert acts({"down": course("taper", "a")}, "a", **ON_MMF) == []


# -- before a first dose, and beside it -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("severity", "said", "asked"),
    [
        ("critical", "a", "b"),
        ("critical", "a, not b", ""),
        ("critical", "a, b", ""),
        ("warning", "a", ""),
        ("info", "a", ""),
    ],
)
def test_what_would_raise_a_critical_alert_is_asked_for(severity: str, said: str, asked: str) -> None:
    answer = decided({"mmf": start(MMF, "a"), "look": alert("b", severity)}, said)
    assert needed(answer) == asked
    assert [one.id for one in answer.alerts] == (["look"] if said == "a, b" else [])


PROPOSED = {"of-mmf": alert("proposed(mycophenolate)"), "of-tac": alert("proposed(tacrolimus)")}


def raised(rules: Rules, said: str, **chart: Any) -> list[str]:
    return [one.id for one in decided(rules | PROPOSED, said, **chart).alerts]


def test_what_begins_or_goes_on_is_proposed_and_what_stops_is_not() -> None:
    assert raised({"tac": start(TAC, "a")}, "a") == ["of-tac"]
    assert raised({"go-on": running("continue", "a")}, "a", **ON_MMF) == ["of-mmf"]
    assert raised({"less": running("adjust", "a", direction="reduce")}, "a", **ON_MMF) == ["of-mmf"]
    assert raised({"off": running("stop", "a")}, "a", **ON_MMF) == []
    assert raised({"tac": start(TAC, "a")}, "") == []


def test_another_way_says_what_it_would_bring_beyond_what_is_said_anyhow() -> None:
    rules = {"mmf": start(MMF, "a"), "tac": start(TAC, "a", 2)} | PROPOSED
    answer = decided(rules, "a")
    assert [one.id for one in answer.alerts] == ["of-mmf"]
    (other,) = answer.alternatives
    assert other.alerts == ["of tac"]
    going = {"off": running("stop", "a"), "go-on": running("continue", "a", 2)} | PROPOSED
    (kept,) = decided(going, "a", **ON_MMF).alternatives
    assert kept.alerts == []


def test_what_spares_the_drug_that_begins_comes_with_or_after_it() -> None:
    rules = {
        "steroid": start(STEROID, "a"),
        "mmf": start(MMF, "a", 2, spares="glucocorticoid"),
        "tac": start(TAC, "a", 3),
    }
    assert [one.with_or_after for one in decided(rules, "a").alternatives] == [True, False]
    first = rules | {"tac": start(TAC, "a", 0)}
    assert [one.with_or_after for one in decided(first, "a").alternatives] == [False, False]


# -- when to look again -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "day", "due"),
    [
        ({"mmf": start(MMF, "a", reassess="three_months")}, 60, 150),
        ({"go-on": running("continue", "a", reassess="three_months")}, 60, 90),
        ({"go-on": running("continue", "a", reassess="three_months")}, 89, 90),
        ({"go-on": running("continue", "a", reassess="three_months")}, 240, 240),
        ({"go-on": running("continue", "a", reassess="three_months", reassess_from="now")}, 60, 150),
        ({"less": running("adjust", "a", direction="reduce", reassess="three_months")}, 60, 150),
    ],
)
def test_when_to_judge_counts_from_now_or_from_the_start_and_is_never_past(
    rules: Rules, day: int, due: int
) -> None:
    given = [] if "mmf" in rules else [MYCOPHENOLATE]
    line = decided(rules, "a", exposures=given, at=f"{day} d").next_line
    assert line is not None
    assert line.reassess_at is not None
    assert line.reassess_at.offset_days == due


@pytest.mark.parametrize(
    ("rows", "day", "due"),
    [
        ([{"dose": "70 mg/d", "from": "0 d"}], 60, 90),
        ([{"dose": "20 mg/d", "from": "0 d", "to": "30 d"}, {"dose": "70 mg/d", "from": "30 d"}], 60, 120),
        ([{"dose": "70 mg/d", "from": "0 d", "to": "30 d"}, {"dose": "75 mg/d", "from": "30 d"}], 60, 90),
        ([{"dose": "70 mg/d", "from": "0 d", "to": "30 d"}, {"dose": "20 mg/d", "from": "30 d"}], 60, 90),
        ([{"dose": "20 mg/d", "from": "0 d"}], 60, 150),
    ],
)
def test_when_to_judge_counts_from_the_full_dose_of_a_course(
    rows: list[dict[str, str]], day: int, due: int
) -> None:
    rules = {"go-on": course("continue", "a", reassess="three_months", reassess_from="full-dose")}
    given = [{"drug": "prednisolone", **row} for row in rows]
    line = decided(rules, "a", exposures=given, at=f"{day} d").next_line
    assert line is not None
    assert line.reassess_at is not None
    assert line.reassess_at.offset_days == due


def test_when_to_judge_counts_from_the_remission_where_a_rule_says_so() -> None:
    rules = {"go-on": running("continue", "a", reassess="three_months", reassess_from="remission")}
    seen = [
        {"at": f"{day} d", "proteinuria": amount}
        for day, amount in ((0, "9 g/d"), (40, "0.1 g/d"), (60, "0.1 g/d"))
    ]
    line = decided(rules, "a", exposures=[MYCOPHENOLATE], observations=seen, at="70 d").next_line
    assert line is not None
    assert line.reassess_at is not None
    assert line.reassess_at.offset_days == 130


# -- what is said in few words ----------------------------------------------------------------------------


def sections(rules: Rules, said: str, **chart: Any) -> dict[str, list[str]]:
    """The sections of the summary."""
    return {section.label: list(section.items) for section in decided(rules, said, **chart).summary}


def test_what_is_held_back_says_until_when() -> None:
    rules = {"mmf": start(MMF, "a"), "no-mmf": block("mycophenolate", "b")}
    told_so = sections(rules, "a, b")
    assert told_so["next"] == ["No new treatment until later"]
    assert told_so["not"] == ["mycophenolate", "until later"]


def test_of_several_that_are_out_each_is_told_with_why() -> None:
    rules = {
        "steroid": start(STEROID, "a"),
        "mmf": start(MMF, "a", 2),
        "tac": start(TAC, "a", 3),
        "no-mmf": block("mycophenolate", "b", until="the leukocytes are up"),
        "no-tac": block("tacrolimus", "b", until="the pressure is down"),
        "no-cni": block("calcineurin-inhibitor", "c", until="the pressure is down"),
    }
    told_so = sections(rules, "a, b, not c")
    assert "prednisolone 70 mg once a day (50 + 20 mg)" in told_so["next"][0]
    assert any(item.endswith("mycophenolate: until the leukocytes are up") for item in told_so["not"])
    assert any(
        "tacrolimus" in item and item.endswith("until the pressure is down") for item in told_so["not"]
    )
    assert "not" not in sections(rules, "a, not b, not c")


# -- beside the line, in words, and how near --------------------------------------------------------------

SIMVASTATIN = {"drug": "simvastatin", "dose": "20 mg/d", "from": "0 mo"}


def beside_it(action: str, when: str, **more: Any) -> dict[str, Any]:
    """What is to be done with a statin, which makes no line."""
    return rule(when, recommend={"action": action, "agent": "statin"} | more)


@pytest.mark.parametrize("action", ["stop", "continue", "taper"])
def test_a_drug_beside_the_line_has_an_act_of_its_own(action: str) -> None:
    rules = {"mmf": start(MMF, "a"), "statin": beside_it(action, "b")}
    found = acts(rules, "a, b", exposures=[SIMVASTATIN], at="1 mo")
    assert found == [("mycophenolate", "start"), ("simvastatin", action)]
    assert acts(rules, "a, b", at="1 mo") == [("mycophenolate", "start")]
    assert acts(rules, "a, not b", exposures=[SIMVASTATIN], at="1 mo") == [("mycophenolate", "start")]


def test_of_two_on_a_drug_beside_the_line_the_more_cautious_wins() -> None:
    rules = {"go-on": beside_it("continue", "a"), "off": beside_it("stop", "b")}
    assert acts(rules, "a, b", exposures=[SIMVASTATIN], at="1 mo") == [("simvastatin", "stop")]
    assert acts(rules, "a, not b", exposures=[SIMVASTATIN], at="1 mo") == [("simvastatin", "continue")]


def test_what_is_to_begin_beside_the_line_begins_unless_it_is_taken() -> None:
    rules = {"statin": beside_it("supportive", "a", title="Begin a statin")}
    answer = decided(rules, "a", at="1 mo")
    assert [(act.agent, act.act, act.title) for act in answer.acts] == [("statin", "start", "Begin a statin")]
    assert acts(rules, "a", exposures=[SIMVASTATIN], at="1 mo") == []
    assert acts(rules, "not a", at="1 mo") == []


def test_an_alert_names_the_kind_of_a_condition_that_raised_it() -> None:
    infected = [
        {"name": "pneumonia", "at": "1 mo"},
        {"name": "cellulitis", "at": "1 mo"},
        {"name": "cellulitis", "at": "2 mo", "present": False},
        {"name": "sepsis", "at": "2 mo", "present": False},
    ]
    answer = decided({"look": alert("has(infection)")}, "a", conditions=infected, at="3 mo")
    (raised_alert,) = answer.alerts
    assert raised_alert.raised_by == ["pneumonia (1 mo)"]


LIMITS = {"five": {"value": "5 mmol/L"}, "six": {"value": "6 mmol/L"}}


@pytest.mark.parametrize(
    ("potassium", "turns"),
    [
        ("4 mmol/L", [("5 mmol/L", "start mycophenolate")]),
        ("5 mmol/L", [("5 mmol/L", "no rule about the next line holds"), ("6 mmol/L", "start tacrolimus")]),
        ("5.5 mmol/L", [("5 mmol/L", "no rule about the next line holds"), ("6 mmol/L", "start tacrolimus")]),
        ("6 mmol/L", [("5 mmol/L", "no rule about the next line holds"), ("6 mmol/L", "start tacrolimus")]),
        ("7 mmol/L", [("6 mmol/L", "start mycophenolate")]),
        ("> 7 mmol/L", []),
    ],
)
def test_how_far_a_value_is_from_another_answer(potassium: str, turns: list[tuple[str, str]]) -> None:
    rules = {
        "mmf": start(MMF, "potassium >= five and not potassium > six"),
        "tac": start(TAC, "potassium > six"),
    }
    asked = pathway(rules, LIMITS)
    chart = patient(observations=[{"at": "0 mo", "proteinuria": "9 g/d", "potassium": potassium}])
    outlook = thorough(read_record(chart, asked.catalogue), asked, "0 mo", margins=True).outlook
    assert outlook is not None
    assert outlook.margins is not None
    assert [(one.cut, one.then) for one in outlook.margins] == turns
    assert {(one.datum, one.value) for one in outlook.margins} <= {("serum potassium", f"{potassium} (0 mo)")}


def test_the_value_from_which_a_line_is_measured_has_margins_of_its_own() -> None:
    rules = {"off": running("stop", "line.change(creatinine) > doubled") | {"for": "line"}}
    asked = pathway(rules, {"doubled": {"value": "100 %"}})
    seen = [
        {"at": f"{month} mo", "proteinuria": "9 g/d", "creatinine": f"{value} mg/dL"}
        for month, value in ((0, "1"), (2, "1.5"), (4, "1.8"))
    ]
    chart = patient(exposures=[MYCOPHENOLATE], observations=seen)
    outlook = thorough(read_record(chart, asked.catalogue), asked, "4 mo", margins=True).outlook
    assert outlook is not None
    assert outlook.margins is not None
    found = {(one.value, one.cut) for one in outlook.margins if "creatinine" in one.datum}
    assert found == {("1.8 mg/dL (4 mo)", "2 mg/dL"), ("1 mg/dL (0 mo)", "0.9 mg/dL")}


def test_a_target_is_told_in_each_form_that_is_printed() -> None:
    def target(low: list[str], high: list[str]) -> str:
        limits = {"tacrolimus_trough_low": {"value": low}, "tacrolimus_trough_high": {"value": high}}
        asked = pathway({"tac": start(TAC, "a")}, limits)
        line = consult(read_record(patient("a"), asked.catalogue), asked, "0 mo").next_line
        assert line is not None
        return line.target

    assert target(["5 ng/mL"], ["10 ng/mL"]) == "tacrolimus trough 5-10 ng/mL [policy]"
    assert target(["5 ng/mL", "6 nmol/L"], ["10 ng/mL", "12 nmol/L"]) == (
        "tacrolimus trough 5-10 ng/mL (6-12 nmol/L) [policy]"
    )


def test_an_answer_is_written_in_one_line_or_indented() -> None:
    answer = decided({"mmf": start(MMF, "a")}, "a")
    assert "\n" not in answer.to_json()
    assert answer.to_json(indent=2).startswith('{\n  "')


@pytest.mark.parametrize(
    ("action", "more", "answer"),
    [
        ("continue", {}, "continue"),
        ("adjust", {"direction": "raise"}, "next-line"),
        ("taper", {}, "next-line"),
        ("stop", {}, "guideline-silent"),
        ("taper", {"ends": True}, "guideline-silent"),
    ],
)
def test_what_goes_on_leaves_the_source_not_silent(action: str, more: dict[str, Any], answer: str) -> None:
    """A source that lets a drug go on, raises or tapers it has said what follows; one that stops it has not."""
    goes_on = running(action, "a", **more) | PRINTED
    rules = {"goes-on": goes_on, "silent": rule("a", recommend={"action": "refer", "silent": True})}
    found = decided(rules, "a", "4 mo", exposures=[TACROLIMUS])
    assert str(found.answer.kind) == answer


@pytest.mark.parametrize("action", ["continue", "taper"])
def test_what_goes_on_by_a_choice_of_the_rules_leaves_it_silent(action: str) -> None:
    rules = {
        "goes-on": running(action, "a"),
        "silent": rule("a", recommend={"action": "refer", "silent": True}),
    }
    found = decided(rules, "a", "4 mo", exposures=[TACROLIMUS])
    assert str(found.answer.kind) == "guideline-silent"


def test_a_last_resort_is_answered_where_all_before_it_is_out_and_is_no_alternative() -> None:
    rules = {
        "mmf": start(MMF, "a"),
        "steroid": start(STEROID, "a", 2),
        "tac": start(TAC, "a", 3, last_resort=True),
        "no-mmf": block("mycophenolate", "b"),
        "no-steroid": block("glucocorticoid", "c"),
    }
    assert (
        told(rules, "a, not b, not c") == "next-line: start mycophenolate or start high-dose-glucocorticoid"
    )
    assert told(rules, "a, b, not c") == "next-line: start high-dose-glucocorticoid"
    assert told(rules, "a, b, c") == "next-line: start tacrolimus"
