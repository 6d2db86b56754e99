"""Missing data: what is certain, what to order, and nothing promised that the values then break."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import nephroline
from nephroline.changes import setting, several, what_if, why_not
from nephroline.consultation import Consultation
from nephroline.errors import UsageError
from nephroline.record import read_record

NO_HAZARD = [
    {"name": name, "present": False, "at": "0 mo"} for name in ("diabetes", "psychosis", "osteoporosis")
]


def chart(*rows: dict[str, Any], exposures: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "id": "made",
        "sex": "male",
        "age": "40 years",
        "weight": "70 kg",
        "conditions": list(NO_HAZARD),
        "findings": {"secondary_cause_excluded": {"value": True, "at": "0 mo"}},
        "biopsies": [{"at": "0 mo", "glomeruli": 20, "diagnosis": "fsgs"}],
        "observations": list(rows),
        "exposures": exposures,
    } | more


def prednisolone(dose: str = "70 mg/d", **times: str) -> dict[str, Any]:
    return {"drug": "prednisolone", "dose": dose, "from": "0 mo", **times}


def ask(data: dict[str, Any], pathway: str = "kdigo-2012/fsgs", at: str | None = None) -> Consultation:
    return nephroline.thorough(read_record(data), nephroline.load_pathway(pathway), at)


def outcomes(answer: Consultation) -> dict[str, str]:
    assert answer.outlook is not None
    return {", ".join(way.when): way.then for order in answer.outlook.orders for way in order.outcomes}


RELAPSER: list[dict[str, Any]] = [
    {"at": "0 mo", "proteinuria": "9 g/d", "albumin": "2.0 g/dL", "creatinine": "0.7 mg/dL"},
    {"at": "2 mo", "response": "complete-remission", "reported": True},
    {"at": "4 mo", "response": "relapse", "reported": True},
    {"at": "6 mo", "response": "complete-remission", "reported": True},
    {"at": "8 mo", "response": "relapse", "reported": True},
]


def test_a_low_egfr_keeps_a_calcineurin_inhibitor_out_though_no_word_speaks_of_creatinine() -> None:
    findings = {
        name: {"value": True, "at": "0 mo"}
        for name in ("secondary_cause_excluded", "fertility_to_be_preserved")
    }
    given = [
        prednisolone(to="3 mo"),
        {"drug": "prednisolone", "dose": "70 mg/d", "from": "4 mo", "to": "7 mo"},
    ]
    low = chart(*RELAPSER, {"at": "8 mo", "egfr": "20 mL/min/1.73m2"}, exposures=given, findings=findings)
    answer = ask(low)
    assert {"cyclosporine-low-dose-prednisolone", "tacrolimus"} <= {b.regimen for b in answer.blocked}
    assert answer.next_line is not None
    assert answer.next_line.regimen == "high-dose-glucocorticoid"
    assert [line.regimen for line in answer.alternatives] == ["mycophenolate"]
    high = chart(*RELAPSER, {"at": "8 mo", "egfr": "90 mL/min/1.73m2"}, exposures=given, findings=findings)
    offered = [line.regimen for line in ask(high).alternatives]
    assert offered == ["cyclosporine-low-dose-prednisolone", "tacrolimus"]


@pytest.mark.parametrize(
    ("egfr", "regimen"), [("20", "mycophenolate"), ("90", "cyclosporine-low-dose-prednisolone")]
)
def test_the_agent_that_spares_steroid_follows_the_remission_and_the_egfr(egfr: str, regimen: str) -> None:
    findings = {
        name: {"value": True, "at": "0 mo"}
        for name in ("secondary_cause_excluded", "fertility_to_be_preserved")
    }
    given = [prednisolone(to="3 mo"), {"drug": "prednisolone", "dose": "70 mg/d", "from": "4 mo"}]
    seen = {"at": "9 mo", "egfr": f"{egfr} mL/min/1.73m2", "response": "complete-remission"}
    answer = ask(chart(*RELAPSER, seen, exposures=given, findings=findings))
    assert answer.next_line is not None
    assert (answer.next_line.action, answer.next_line.regimen) == ("start", regimen)
    assert ("glucocorticoid", "taper") in {(act.agent, act.act) for act in answer.acts}


def test_a_line_on_which_all_possible_rules_agree_is_named() -> None:
    """Whether the remission is complete or partial is not known; after a full trial both end the high dose."""
    rows = [
        {"at": "0 mo", "proteinuria": "12 g/d", "albumin": "2.0 g/dL", "creatinine": "1.0 mg/dL"},
        {"at": "5 mo", "proteinuria": "< 0.5 g/d", "albumin": "3.8 g/dL", "creatinine": "1.0 mg/dL"},
    ]
    answer = ask(chart(*rows, exposures=[prednisolone()]))
    assert answer.next_line is None
    assert answer.outlook is not None
    assert (answer.outlook.verdict, answer.outlook.answer) == ("certain", "taper prednisolone")


def test_a_remission_without_a_creatinine_is_taken_to_be_complete_until_it_is_known() -> None:
    rows = [
        {"at": "0 mo", "proteinuria": "12 g/d", "albumin": "2.0 g/dL"},
        {"at": "5 mo", "proteinuria": "0.2 g/d", "albumin": "3.8 g/dL"},
    ]
    answer = ask(chart(*rows, exposures=[prednisolone()]))
    assert (answer.status.response, answer.status.provisional) == ("complete-remission", True)
    assert answer.next_line is not None
    assert answer.next_line.title == "Taper prednisolone from 70 mg/d"
    assert answer.outlook is not None
    assert answer.outlook.verdict == "certain"


def test_silence_with_a_line_to_stop_is_not_silence_alone() -> None:
    rows = [
        {"at": "0 mo", "proteinuria": "8000 mg/g", "albumin": "2.2 g/dL"},
        {"at": "6 mo", "proteinuria": "1200 mg/g", "albumin": "3.4 g/dL", "creatinine": "1.1 mg/dL"},
        {"at": "13 mo", "proteinuria": "7000 mg/g", "albumin": "2.6 g/dL", "creatinine": "1.1 mg/dL"},
    ]
    for row, trough in zip(rows[1:], ("140 ng/mL", "130 ng/mL"), strict=True):
        row["cyclosporine_trough"] = trough
    given = [
        {"drug": "cyclosporine", "dose": "3.5 mg/kg/d", "trough_target": "125-175 ng/mL", "from": "0 mo"},
        prednisolone("10 mg/d", to="6 mo"),
    ]
    answer = ask(chart(*rows, exposures=given))
    assert answer.outlook is not None
    assert answer.outlook.depends_on == ["serum creatinine at 0 mo"]
    assert outcomes(answer) == {
        "serum creatinine at 0 mo < 0.88 mg/dL": "stop cyclosporine; beyond that the guideline names no next line",
        "serum creatinine at 0 mo ≥ 0.88 mg/dL": "continue cyclosporine; beyond that the guideline names no next line",
    }


def test_a_biopsy_that_shows_the_disease_is_not_ordered_again() -> None:
    rows = [
        {"at": "0 mo", "proteinuria": "9 g/d", "albumin": "2.0 g/dL", "creatinine": "1.0 mg/dL"},
        {"at": "4 mo", "proteinuria": "9 g/d", "albumin": "2.0 g/dL", "creatinine": "1.0 mg/dL"},
    ]
    answer = ask(chart(*rows, exposures=[prednisolone()], findings={}))
    assert answer.outlook is not None
    assert "biopsy" not in answer.outlook.depends_on
    assert "secondary causes excluded" in answer.outlook.depends_on
    unread = [{"at": "0 mo", "glomeruli": 7, "diagnosis": "mcd"}]
    again = ask(chart(*rows, exposures=[prednisolone()], findings={}, biopsies=unread))
    assert again.outlook is not None
    assert "biopsy" in again.outlook.depends_on


def test_an_old_value_that_stands_in_for_a_later_one_does_not_settle_it(scenario_data: Any) -> None:
    data = scenario_data("creatinine-up-in-remission")["record"]
    for row in data["observations"]:
        if row["at"] in ("0 mo", "4 mo"):
            row.pop("creatinine", None)
    answer = ask(data | {"age": "40 years"}, "pjnh-2015/fsgs", "8 mo")
    assert answer.outlook is not None
    assert "serum creatinine at 4 mo" in answer.outlook.depends_on


def test_what_is_presumed_is_said(scenario_data: Any) -> None:
    answer = ask(scenario_data("pjnh-2015-case-1")["record"], "pjnh-2015/fsgs", "10 mo")
    assert answer.outlook is not None
    assert answer.outlook.presuming == ["the measured trough of cyclosporine in the course begun at 4 mo"]


IMPOSSIBLE = """
pathway: test/impossible
title: a line that is off with HIV, and blocked without
edition: none
disease: fsgs
source: nephroline
uses: [kdigo-2012/fsgs]
rules:
  - id: start-high-dose-steroid
    replaces: true
    title: Steroid unless HIV
    when: finding(nephrotic-syndrome) and not treated
    unless: has(hiv)
    recommend: {action: start, regimen: high-dose-glucocorticoid}
    statement: {source: nephroline, kind: policy, confidence: policy}
    rationale: made for the test
  - id: no-steroid-without-hiv
    title: No steroid without HIV
    when: not has(hiv)
    block: {regimen: high-dose-glucocorticoid}
    statement: {source: nephroline, kind: policy, confidence: policy}
    rationale: made for the test
"""


def test_a_line_that_no_value_leaves_standing_is_withheld(tmp_path: Path) -> None:
    file = tmp_path / "impossible.yaml"
    file.write_text(IMPOSSIBLE, encoding="utf-8")
    data = chart(
        {"at": "0 mo", "proteinuria": "9 g/d", "albumin": "2.0 g/dL", "creatinine": "1 mg/dL"},
        exposures=[],
    )
    pathway = nephroline.load_pathway(str(file))
    record = read_record(data)
    assert nephroline.consult(record, pathway).next_line is not None
    answer = nephroline.thorough(record, pathway)
    assert answer.next_line is None
    assert answer.answer.kind == "needs-data"
    assert "no value of HIV infection leaves it the next line" in answer.answer.because[0]


# -- why not ------------------------------------------------------------------------------------------

RESISTING = [
    {"at": "0 mo", "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "88 µmol/L"},
    {"at": "2 mo", "proteinuria": "8 g/d", "albumin": "19 g/L", "creatinine": "84 µmol/L"},
]
CYCLOSPORINE = "cyclosporine-low-dose-prednisolone"


def changes(data: dict[str, Any], regimen: str) -> list[tuple[list[str], list[str]]]:
    found = why_not(read_record(data), nephroline.load_pathway("kdigo-2012/fsgs"), regimen)
    return [(change.edits, change.arguments) for change in found.changes if change.can]


def test_the_shortest_wait_is_suggested() -> None:
    """Not before a value of the last weeks of the trial is there, which would have to be seen."""
    data = chart(RESISTING[0], RESISTING[1] | {"at": "13 wk"}, exposures=[prednisolone()])
    (edits, arguments), *others = changes(data, CYCLOSPORINE)
    assert edits == ["wait 3 wk (until 16 wk)"]
    assert [edits for edits, _ in others[:1]] == [["diabetes = uncontrolled"]]
    edit = nephroline.Edit("wait", value=arguments[0].removeprefix("--wait ").strip("'"))
    found = what_if(data, nephroline.load_pathway("kdigo-2012/fsgs"), [[edit]])
    assert found.alternatives[0].consultation.next_line is not None
    assert found.alternatives[0].consultation.next_line.regimen == CYCLOSPORINE


def test_a_missing_weight_can_be_found_out() -> None:
    rows = [RESISTING[0], RESISTING[1] | {"at": "4 mo"}]
    data = chart(*rows, exposures=[prednisolone()])
    del data["weight"]
    (edits, _), *_ = changes(data, CYCLOSPORINE)
    assert edits == ["body weight at 0 mo ≤ 77.78 kg"]


def test_a_suggestion_gives_the_whole_range_that_does() -> None:
    data = chart({"at": "0 mo", "proteinuria": "9 g/d"}, exposures=[])
    assert [edits for edits, _ in changes(data, "high-dose-glucocorticoid")] == [["serum albumin < 3 g/dL"]]


# -- what if ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("creatinine@40 mo=1 mg/dL", "40 mo is after the decision at 2 mo"),
        ("remove hiv", "there is no `hiv` to remove"),
        ("remove prednisone", "there is no `prednisone` to remove"),
        ("creatinine=1 mg/dL; creatinine=9 mg/dL", "sets `creatinine` twice"),
        ("wait 8 wk; wait 2 wk", "waits twice"),
        ("wait 900 y", "not a time ahead that can be planned"),
        ("stopped_for.prednisolone=toxicity", "prednisolone was not stopped before 2 mo"),
        ("prednisolone=20 mg/d", "is a drug: what of it is to be set?"),
        ("creatinine=2.5", "--set creatinine=2.5: `2.5` has no unit"),
        ("pregnancy=maybe", "unknown value `maybe`"),
    ],
)
def test_a_change_that_would_be_lost_is_refused(texts: str, message: str) -> None:
    data = chart(*RESISTING, exposures=[prednisolone()])
    with pytest.raises(UsageError) as refused:
        what_if(data, nephroline.load_pathway("kdigo-2012/fsgs"), [several(texts)])
    assert message in str(refused.value)


def test_what_the_chart_says_stays_when_nothing_waits() -> None:
    ended = prednisolone(to="2 mo", stopped_for="no-response")
    data = chart(*RESISTING, exposures=[ended])
    pathway = nephroline.load_pathway("kdigo-2012/fsgs")
    (now,) = what_if(data, pathway, [[setting("creatinine=90 µmol/L")]]).alternatives
    assert now.data["exposures"] == [ended]
    assert now.assumes == ()
    (later,) = what_if(data, pathway, [several("wait 4 wk")]).alternatives
    assert "to" not in later.data["exposures"][0]
    assert later.assumes == ("prednisolone",)


def test_a_wait_ends_on_a_day_where_the_record_writes_dates() -> None:
    data = chart(
        {"at": "2024-03-31", "proteinuria": "8 g/d"},
        exposures=[],
        conditions=[],
        findings={},
        biopsies=[],
        time_zero="2024-01-31",
    )
    pathway = nephroline.load_pathway("kdigo-2012/fsgs")
    for text, label in (("wait 2 mo", "2024-05-31"), ("wait 2024-05-25", "2024-05-25")):
        (found,) = what_if(data, pathway, [several(text)]).alternatives
        assert found.consultation.as_of.label == label
