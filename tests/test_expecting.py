"""What a scenario may expect of an answer, and what is refused because no answer could be held against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from nephroline.catalogue import load_catalogue
from nephroline.consultation import Consultation, consult
from nephroline.consultation.answer import ActOut, OrderOut, OutcomeOut, Outlook, StatementRef
from nephroline.errors import RecordError
from nephroline.expecting import LISTS, ExpectEntry, check, words
from nephroline.pathway import load_pathway
from nephroline.replaying import read_scenario
from nephroline.terms import Action, Answer, Certain
from nephroline.tools.checking import check_files

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = load_catalogue()
CHART = """\
scenario: a patient whose steroid fails
synthetic: true
pathway: kdigo-2012/fsgs
record:
  id: fails
  sex: male
  age: 40 years
  weight: 70 kg
  conditions: [{name: diabetes, present: false, at: 0 mo}]
  biopsies: [{at: 0 mo, glomeruli: 20, diagnosis: fsgs}]
  observations:
    - {at: 0 mo, proteinuria: 9 g/d, albumin: 18 g/L, creatinine: 88 µmol/L}
    - {at: 4 mo, proteinuria: 9 g/d, albumin: 18 g/L, creatinine: 88 µmol/L}
  exposures: [{drug: prednisolone, dose: 70 mg/d, from: 0 mo, to: 4 mo}]
expect:
  - {at: 4 mo, EXPECTED}
"""


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Consultation:
    """The next line is cyclosporine with 10 mg/d of prednisolone."""
    file = tmp_path_factory.mktemp("expecting") / "s.yaml"
    file.write_text(CHART.replace("EXPECTED", "faults: 0"))
    scenario = read_scenario(file)
    return consult(
        scenario.record,
        load_pathway("kdigo-2012/fsgs"),
        scenario.record.clock.read("4 mo"),
        backend_name="reference",
    )


def missed(consultation: Consultation, **expected: Any) -> list[str]:
    entry = msgspec.convert({"at": "4 mo", **expected}, ExpectEntry)
    return [text for good, text in check(entry, consultation, CATALOGUE) if not good]


def replaced(consultation: Consultation, **fields: Any) -> Consultation:
    return msgspec.structs.replace(consultation, **fields)


def act(consultation: Consultation, agent: str, verb: str, **fields: Any) -> ActOut:
    assert consultation.next_line is not None
    statement: StatementRef = consultation.next_line.statement
    given: dict[str, Any] = {
        "agent": agent,
        "act": verb,
        "regimen": None,
        "title": f"{verb} it slowly",
        "detail": "",
        "dose": "",
        "until": None,
        "certain": True,
        "because": [],
        "statement": statement,
        "on_guideline": True,
        "rule": "some-rule",
    }
    return ActOut(**(given | fields))


def outlook(verdict: Certain, then: str = "") -> Outlook:
    order = OrderOut(data=["weight"], burden="", outcomes=[OutcomeOut(when=["heavy"], then=then, open=[])])
    return Outlook(
        verdict=verdict,
        answer="",
        presuming=[],
        although=[],
        depends_on=[],
        because=[],
        orders=[order],
        rules=[],
        margins=None,
        complete=True,
        states=1,
    )


def test_certain_is_of_the_line_the_outlook_and_the_kind_of_answer(answer: Consultation) -> None:
    assert answer.next_line is not None
    line = msgspec.structs.replace(answer.next_line, certain=True)
    sure = replaced(answer, next_line=line)
    unsure = replaced(answer, next_line=msgspec.structs.replace(line, certain=False))
    asking = replaced(
        answer, next_line=None, answer=msgspec.structs.replace(answer.answer, kind=Answer.NEEDS_DATA)
    )
    silent = replaced(asking, answer=msgspec.structs.replace(answer.answer, kind=Answer.GUIDELINE_SILENT))
    for certain in (sure, silent, replaced(sure, outlook=outlook(Certain.CERTAIN))):
        assert missed(certain, certain=True) == []
        assert missed(certain, certain=False) == ["expected an answer that is not certain, got certain"]
    for other, told in (
        (unsure, "a next line that is not certain"),
        (asking, "one that needs data"),
        (replaced(sure, outlook=outlook(Certain.DEPENDS)), "an outlook that is depends"),
        (replaced(silent, outlook=outlook(Certain.UNSETTLED)), "an outlook that is unsettled"),
    ):
        assert missed(other, certain=False) == []
        assert missed(other, certain=True) == [f"expected an answer that is certain, got {told}"]


def test_an_answer_that_needs_data_and_is_certain_contradicts_itself(answer: Consultation) -> None:
    kind = msgspec.structs.replace(answer.answer, kind=Answer.NEEDS_DATA)
    both = replaced(answer, next_line=None, answer=kind, outlook=outlook(Certain.CERTAIN))
    told = "got one that needs data, and is certain all the same"
    assert missed(both, certain=True) == [f"expected an answer that is certain, {told}"]
    assert missed(both, certain=False) == [f"expected an answer that is not certain, {told}"]


def test_a_status_is_provisional_or_not(answer: Consultation) -> None:
    marked = replaced(answer, status=msgspec.structs.replace(answer.status, provisional=True))
    assert missed(marked, provisional=True) == missed(answer, provisional=False) == []
    assert missed(answer, provisional=True) == ["expected a provisional status, got no provisional status"]
    assert missed(marked, provisional=False) == ["expected no provisional status, got a provisional status"]


def test_an_act_is_matched_by_drug_or_class(answer: Consultation) -> None:
    acting = replaced(
        answer, acts=[act(answer, "prednisolone", "taper"), act(answer, "calcineurin-inhibitor", "start")]
    )
    fine = ["taper prednisolone", "taper glucocorticoid", "start calcineurin-inhibitor"]
    assert missed(acting, acts=fine, not_acts=["stop glucocorticoid", "start cyclosporine"]) == []
    seen = "got taper prednisolone, start calcineurin-inhibitor"
    assert missed(acting, acts=["taper prednisone"], not_acts=["taper glucocorticoid"]) == [
        f"expected taper prednisone among acts, {seen}",
        f"did not expect taper glucocorticoid among acts, {seen}",
    ]
    assert missed(answer, acts=["stop rituximab"]) == [
        "expected stop rituximab among acts, got start cyclosporine, start ras-blocker"
    ]
    idle = replaced(answer, acts=[])
    assert missed(idle, acts=["stop rituximab"]) == ["expected stop rituximab among acts, got none"]


def test_what_is_said_are_the_words_of_an_answer_and_no_ids(answer: Consultation) -> None:
    assert answer.next_line is not None
    statement = msgspec.structs.replace(answer.next_line.statement, citation="printed on page 7")
    told = replaced(
        answer,
        next_line=msgspec.structs.replace(answer.next_line, statement=statement),
        acts=[act(answer, "prednisolone", "taper", dose="by 10 mg every 2 weeks")],
        outlook=outlook(Certain.DEPENDS, "Start something else"),
        faults=["report and numbers disagree"],
    )
    said = [
        "START CYCLOSPORINE with low-dose",  # a title
        "125-175 mg twice a day (begin with 100 + 25 mg; 3-5 mg/kg/d × 70 kg",  # a dose
        "taper it slowly",
        "by 10 mg every",
        "start something else",
        "report and numbers",
        "prednisolone, 0 mo to 4 mo (17.4 weeks), exposure adequate",
        "heavy",
        answer.status.because[0][:20],
        answer.needs[0].why,
        answer.findings[0].title,
    ]
    assert missed(told, said=said) == []
    unsaid = ["some-rule", answer.next_line.rule, "printed on page 7", "kdigo-2012/fsgs"]
    assert missed(told, not_said=unsaid) == []
    assert missed(told, said=["never heard"]) == ["expected 'never heard' to be said"]
    assert missed(told, not_said=["Slowly"]) == ["did not expect 'Slowly' to be said, got 'taper it slowly'"]
    assert "by 10 mg every 2 weeks" in set(words(told))


def test_doses_are_those_for_this_patient(answer: Consultation) -> None:
    assert answer.next_line is not None
    assert [(d.drug, d.least, d.greatest) for d in answer.next_line.doses] == [
        ("cyclosporine", "250 mg/d", "350 mg/d"),
        ("prednisolone", "10 mg/d", "10 mg/d"),
    ]
    fine = {
        "cyclosporine": {"at_most": "350 mg/d", "at_least": "0.25 g/d"},
        "glucocorticoid": {"at_most": "15 mg/d"},
        "tacrolimus": "none",
    }
    assert missed(answer, doses=fine) == []
    got = "got 250 mg/d, 350 mg/d, 125-175 mg"  # of the line, then of the act
    assert missed(answer, doses={"cyclosporine": {"at_most": "300 mg/d", "at_least": "300 mg/d"}}) == [
        f"expected a dose of cyclosporine of at most 300 mg/d, {got}",
        f"expected a dose of cyclosporine of at least 300 mg/d, {got}",
    ]
    assert missed(answer, doses={"tacrolimus": {"at_most": "8 mg/d"}}) == [
        "expected a dose of tacrolimus of at most 8 mg/d, but none is printed"
    ]
    assert missed(answer, doses={"prednisolone": {"at_most": "1 g"}}) == [
        "expected a dose of prednisolone of at most 1 g, but only 10 mg/d is printed"
    ]
    assert missed(answer, doses={"prednisolone": "none"}) == ["expected no dose of prednisolone, got 10 mg/d"]
    acting = replaced(
        answer, acts=[act(answer, "prednisolone", "raise", dose="70-118 mg/d, for 4 weeks (5 tablets)")]
    )
    assert missed(acting, doses={"prednisolone": {"at_most": "80 mg/d"}}) == [
        "expected a dose of prednisolone of at most 80 mg/d, got 10 mg/d, 70-118 mg/d"
    ]


def test_how_a_dose_was_worked_out_is_no_dose(answer: Consultation) -> None:
    capped = "80 mg/d: 110 mg/d (1 mg/kg/d × 110 kg of 0 mo) is above the most, 40 mg twice a day"
    acting = replaced(answer, next_line=None, acts=[act(answer, "prednisolone", "raise", dose=capped)])
    assert missed(acting, doses={"prednisolone": {"at_most": "80 mg/d", "at_least": "80 mg/d"}}) == []
    assert missed(acting, doses={"prednisolone": {"at_most": "60 mg/d"}}) == [
        "expected a dose of prednisolone of at most 60 mg/d, got 80 mg/d, 40 mg"
    ]
    pulse = "40 mg: 54 mg (0.9 mg/kg × 60 kg of 0 mo) is above the most"
    acting = replaced(acting, acts=[act(answer, "dexamethasone", "start", dose=pulse)])
    assert missed(acting, doses={"dexamethasone": {"at_most": "40 mg"}}) == []


def test_what_is_absent_is_not_begun_anywhere(answer: Consultation) -> None:
    assert answer.next_line is not None
    line = "cyclosporine-low-dose-prednisolone"
    assert missed(answer, absent=["tacrolimus", "mycophenolate", "rituximab"]) == []
    begun = f"start {line}, a dose of cyclosporine in {line}, start cyclosporine"
    assert missed(answer, absent=["calcineurin-inhibitor"]) == [
        f"expected calcineurin-inhibitor absent, got {begun}"
    ]
    beside = "a dose of prednisolone in cyclosporine-low-dose-prednisolone"
    assert missed(answer, absent=["glucocorticoid"]) == [f"expected glucocorticoid absent, got {beside}"]
    going_on = msgspec.structs.replace(answer.next_line, action=Action.CONTINUE)
    acts = [act(answer, "cyclosporine", "continue", regimen=line)]
    running = replaced(answer, next_line=going_on, acts=acts)
    assert missed(running, absent=["calcineurin-inhibitor"]) == []
    assert missed(replaced(running, alternatives=[answer.next_line]), absent=["cyclosporine"]) != []
    of_line = act(answer, "prednisolone", "start", regimen="cyclosporine-low-dose-prednisolone")
    acting = replaced(running, acts=[of_line])
    assert missed(acting, absent=["prednisolone"]) == []  # an adjunct
    assert missed(acting, absent=["cyclosporine"]) == ["expected cyclosporine absent, got start prednisolone"]
    alone = replaced(running, acts=[act(answer, "glucocorticoid", "start")])
    assert missed(alone, absent=["prednisone"]) == ["expected prednisone absent, got start glucocorticoid"]


def test_one_of_several_is_met_entirely(answer: Consultation) -> None:
    line = "cyclosporine-low-dose-prednisolone"
    fine = [{"next_line": "tacrolimus"}, {"next_line": line, "action": "start"}]
    assert missed(answer, any_of=fine) == []
    bad = [
        {"next_line": "tacrolimus", "action": "stop"},
        {"next_line": line, "not_findings": ["steroid-resistant"]},
    ]
    first = f"expected next_line tacrolimus, got {line}; expected action stop, got start"
    second = "did not expect steroid-resistant among findings"
    assert missed(answer, any_of=bad) == [f"expected any of 2, got none: {first} | or: {second}"]


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ("acts: [tapr glucocorticoid]", "unknown verb `tapr` (did you mean `taper`?"),
        ("not_acts: [taper]", "`taper` is not an act (write a verb and a drug or class"),
        (
            "acts: [taper glucocorticoids]",
            "unknown drug or class `glucocorticoids` (did you mean `glucocorticoid`?)",
        ),
        ("absent: [tacrolimuss]", "expect[0].absent[0]: unknown drug or class `tacrolimuss`"),
        ("doses: {tacrolimuss: none}", "unknown drug or class `tacrolimuss` (did you mean `tacrolimus`?)"),
        ("doses: {tacrolimus: {}}", "no bound is given (give `at_most` or `at_least`"),
        ("doses: {tacrolimus: {at_most: 8}}", "`8` has no unit"),
        ("doses: {tacrolimus: {at_most: 8 mg/dL}}", "`mg/dL` is not a unit for this"),
        ("doses: {tacrolimus: {at_most: 6-8 mg/d}}", "`6-8 mg/d` is not one dose (write one number)"),
        ("any_of: [{}]", "expects nothing, and so is always met"),
        (
            "any_of: [{next_line: tacrolimuss}]",
            "expect[0].any_of[0].next_line: unknown regimen `tacrolimuss`",
        ),
        ("any_of: [{at: 4 mo}]", "unknown field `at`"),
        ("certain: perhaps", "expected true or false or nothing, got `perhaps`"),
    ],
)
def test_an_expectation_that_no_answer_could_meet_is_refused(
    tmp_path: Path, expected: str, message: str
) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(CHART.replace("EXPECTED", expected))
    with pytest.raises(RecordError) as bad:
        read_scenario(file)
    assert message in str(bad.value)
    assert f"{file}:16:" in str(bad.value)


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ("findings: [steroid-resistent]", "unknown finding `steroid-resistent`"),
        ("any_of: [{not_findings: [foo]}, {faults: 0}]", "unknown finding `foo`"),
        ("any_of: [{alternatives: [tacrolimuss]}, {faults: 0}]", "unknown regimen `tacrolimuss`"),
        ("not_alerts: [foo]", "unknown alert `foo`"),
        ("actions: [ras-blockad]", "unknown action `ras-blockad`"),
        ("status: relapsed", "unknown status `relapsed`"),
        ("action: begin", "unknown action `begin`"),
        ('exposure: {"1": weak}', "unknown exposure `weak`"),
    ],
)
def test_check_finds_names_that_no_answer_holds(tmp_path: Path, expected: str, message: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(CHART.replace("EXPECTED", expected))
    ((_, _, problems),) = check_files([str(file)])
    assert [(p.file, p.line, p.message) for p in problems] == [(str(file), 16, message)]
    assert problems[0].help or "foo" in message


def test_an_alternative_that_makes_no_regimen_has_no_name_to_expect(root: Path) -> None:
    scenario = read_scenario(root / "scenarios/hazards/low-counts-on-azathioprine.yaml")
    answer = consult(scenario.record, load_pathway("kdigo-2012/fsgs"), "200 d", stops_seen=False)
    assert any(other.regimen is None for other in answer.alternatives)
    assert all(LISTS["alternatives"](answer))
    assert "None" not in LISTS["alternatives"](answer)
