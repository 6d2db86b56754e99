"""The pathway that is asked: the newest edition whose disease the biopsy shows; or none, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import nephroline
from nephroline.consultation import Consultation
from nephroline.pathway import Pathway, load_rules
from nephroline.record import read_record
from nephroline.selecting import DIAGNOSIS, Selected, consult, select, thorough


def patient(zero: str = "presentation", **parts: Any) -> dict[str, Any]:
    return {
        "id": "x",
        "sex": "male",
        "age": "40 years",
        "time_zero": zero,
        "observations": [{"at": "0 mo", "proteinuria": "9 g/d", "albumin": "18 g/L"}],
    } | parts


def biopsy(diagnosis: str, at: str = "0 mo", glomeruli: int = 20) -> list[dict[str, Any]]:
    return [{"at": at, "glomeruli": glomeruli, "diagnosis": diagnosis}]


STEROID = [{"drug": "prednisolone", "dose": "1 mg/kg/d", "from": "0 mo", "to": "5 mo"}]
RESISTANT = {
    "observations": [
        {"at": at, "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "0.8 mg/dL"}
        for at in ("0 mo", "2 mo", "5 mo")
    ],
    "exposures": STEROID,
}


@pytest.mark.parametrize(
    ("zero", "diagnosis", "chosen", "why"),
    [
        (
            "2015-03-01",
            "fsgs",
            "kdigo-2021/fsgs",
            "KDIGO 2021: the newest edition; in 2015 KDIGO 2012 was in force (kdigo-2012/fsgs)",
        ),
        ("2023-03-01", "fsgs", "kdigo-2021/fsgs", "KDIGO 2021: the newest edition"),
        ("2021-03-01", "fsgs", "kdigo-2021/fsgs", "KDIGO 2021: the newest edition"),
        (
            "2012-03-01",
            "fsgs",
            "kdigo-2021/fsgs",
            "KDIGO 2021: the newest edition; in 2012 KDIGO 2012 was in force (kdigo-2012/fsgs)",
        ),
        (
            "2015-03-01",
            "mcd",
            "kdigo-2021/mcd",
            "KDIGO 2021: the newest edition; in 2015 KDIGO 2012 was in force (kdigo-2012/mcd)",
        ),
        (
            "2005-03-01",
            "mcd",
            "kdigo-2021/mcd",
            "KDIGO 2021: the newest edition; in 2005 no edition known here was in force",
        ),
        ("presentation", "mcd", "kdigo-2021/mcd", "KDIGO 2021: the newest edition"),
    ],
)
def test_the_newest_edition_of_the_disease_on_the_biopsy(
    zero: str, diagnosis: str, chosen: str, why: str
) -> None:
    selected = select(read_record(patient(zero, biopsies=biopsy(diagnosis))), None)
    assert selected.applies
    assert selected.pathway.id == chosen
    assert why in selected.because
    assert selected.rivals == ()


def test_only_a_biopsy_that_was_there_at_the_time_decides() -> None:
    record = read_record(patient(biopsies=[*biopsy("mcd", "1 mo", 7), *biopsy("fsgs", "4 mo")]))
    assert select(record, None, "1 mo").pathway.id == "kdigo-2021/mcd"
    assert select(record, None, "4 mo").pathway.id == "kdigo-2021/fsgs"
    assert select(record, None, "0 mo").rivals


def test_few_glomeruli_leave_the_choice_to_the_diagnosis() -> None:
    record = read_record(patient(biopsies=biopsy("mcd", glomeruli=5)) | RESISTANT)
    selected = select(record, None)
    assert selected.pathway.id == "kdigo-2021/mcd"
    assert selected.rivals == ()


@pytest.mark.parametrize("biopsies", [[], [{"at": "0 mo", "glomeruli": 0}]], ids=["none", "no glomeruli"])
def test_without_a_readable_biopsy_both_diseases_are_named_and_the_biopsy_comes_first(
    biopsies: list[dict[str, Any]],
) -> None:
    record = read_record(patient(biopsies=biopsies))
    answer = thorough(record)
    assert answer.pathway.id == "kdigo-2021/fsgs"
    assert "kdigo-2021/mcd is as possible, and says the same" in answer.pathway.chosen_because
    assert answer.needs[0].why == DIAGNOSIS
    assert answer.outlook is not None
    assert answer.outlook.depends_on[0] == DIAGNOSIS


@pytest.mark.parametrize("ask", [consult, thorough])
def test_what_only_one_of_two_diseases_says_is_not_certain(ask: Any) -> None:
    """After steroids failed, one chapter says what the other does not: without a biopsy that can be read neither is certain."""
    unread = [{"at": "0 mo", "glomeruli": 0}]
    record = read_record(patient(biopsies=unread) | RESISTANT)
    answer: Consultation = ask(record)
    alone: Consultation = ask(record, nephroline.load_pathway(answer.pathway.id))
    (rival,) = [because for because in answer.pathway.chosen_because if "is as possible" in because]
    assert rival.startswith("kdigo-2021/mcd is as possible, and says otherwise: ")
    assert answer.next_line is not None
    assert alone.next_line is not None
    assert answer.next_line.title == alone.next_line.title
    assert not answer.next_line.certain
    assert answer.next_line.depends_on[0] == DIAGNOSIS
    assert answer.needs[0].why == DIAGNOSIS
    if answer.outlook is not None:
        assert answer.outlook.verdict != "certain"
        assert answer.outlook.answer == ""
        assert answer.outlook.depends_on[0] == DIAGNOSIS


def test_a_known_cause_of_one_disease_keeps_the_other_from_being_certain() -> None:
    record = read_record(patient(conditions=[{"name": "genetic_fsgs", "at": "0 mo"}]))
    answer = consult(record)
    assert answer.pathway.id == "kdigo-2021/mcd"
    assert any("kdigo-2021/fsgs does not apply (genetic FSGS" in why for why in answer.pathway.chosen_because)
    assert answer.next_line is None or not answer.next_line.certain


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"age": "9 years", "biopsies": biopsy("fsgs")}, "for adults"),
        ({"biopsies": biopsy("lupus-nephritis")}, "another disease"),
        ({"biopsies": biopsy("iga-nephropathy")}, "another disease"),
        (
            {"biopsies": biopsy("fsgs"), "findings": {"kidney_transplant": {"value": True, "at": "0 mo"}}},
            "transplanted kidney",
        ),
        (
            {"biopsies": biopsy("fsgs"), "conditions": [{"name": "secondary_fsgs", "at": "0 mo"}]},
            "secondary FSGS",
        ),
        (
            {"biopsies": biopsy("fsgs"), "conditions": [{"name": "genetic_fsgs", "at": "0 mo"}]},
            "genetic FSGS",
        ),
    ],
)
def test_when_none_applies_that_is_said_with_the_reason(parts: dict[str, Any], why: str) -> None:
    record = read_record(patient(**parts))
    selected = select(record, None)
    assert not selected.applies
    assert selected.because[0] == "no pathway applies"
    assert any(why in reason for reason in selected.because)
    answer = consult(record)
    assert answer.next_line is None
    assert answer.applicability.verdict == "does-not-apply"


# -- the pathways of a site --------------------------------------------------------------------------

OURS = """\
pathway: my-hospital/{disease}
title: {disease} in our clinic
edition: {edition}
disease: {disease}
source: {source}
uses: [kdigo-2021/{disease}]
"""


def site(folder: Path, *pathways: tuple[str, str, str]) -> Path:
    for number, (disease, edition, source) in enumerate(pathways):
        text = OURS.format(disease=disease, edition=edition, source=source)
        (folder / f"{number}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_pathway_of_a_site_takes_part_and_comes_before_ours_of_its_year(tmp_path: Path) -> None:
    rules = load_rules(site(tmp_path, ("fsgs", "KDIGO 2021 with local rules", "kdigo-2021")))
    record = read_record(patient(biopsies=biopsy("fsgs")), rules.catalogue)
    selected = select(record, rules)
    assert selected.pathway.id == "my-hospital/fsgs"
    assert "kdigo-2021/fsgs is of the same year: ask it by name" in selected.because
    other = read_record(patient(biopsies=biopsy("mcd")), rules.catalogue)
    assert consult(other, rules).pathway.id == "kdigo-2021/mcd"


def test_a_pathway_of_a_site_that_rests_on_no_guideline_is_passed_over_and_named(tmp_path: Path) -> None:
    rules = load_rules(site(tmp_path, ("fsgs", "local", "nephroline")))
    record = read_record(patient(biopsies=biopsy("fsgs")), rules.catalogue)
    selected = select(record, rules)
    assert selected.pathway.id == "kdigo-2021/fsgs"
    told = "my-hospital/fsgs is passed over, because it rests on no guideline: ask it by name"
    assert told in selected.because


# -- one default everywhere --------------------------------------------------------------------------


def test_every_question_is_asked_of_the_pathway_that_a_consultation_takes(kdigo: Pathway) -> None:
    data = patient(biopsies=biopsy("mcd"))
    record = read_record(data)
    taken = nephroline.consult(record).pathway
    assert taken.id == "kdigo-2021/mcd"
    assert taken.chosen_because
    assert nephroline.thorough(record).pathway == taken
    assert all(found.pathway == taken for found in nephroline.why(record))
    assert nephroline.why_not(record, None, "tacrolimus").pathway == taken
    assert nephroline.what_if(data, None, [[]]).base.pathway == taken
    named = nephroline.consult(record, kdigo)
    assert named.pathway.id == "kdigo-2012/fsgs"
    assert named.pathway.chosen_because == []


def test_what_was_selected_may_be_asked_as_it_is() -> None:
    record = read_record(patient(biopsies=biopsy("mcd")))
    selected = Selected(nephroline.load_pathway("kdigo-2012/mcd"), ("because of the year",))
    assert consult(record, selected).pathway.chosen_because == ["because of the year"]


def test_a_change_of_the_diagnosis_is_one_of_the_pathway() -> None:
    edits = [nephroline.Edit("set", "biopsy.diagnosis", "fsgs")]
    found = nephroline.what_if(patient(biopsies=biopsy("mcd")), None, [edits])
    assert found.base.pathway.id == "kdigo-2021/mcd"
    (alternative,) = found.alternatives
    assert alternative.consultation.pathway.id == "kdigo-2021/fsgs"
    (pathway,) = [d for d in alternative.differences if d.about == "pathway"]
    assert pathway.new[0].startswith("kdigo-2021/fsgs")
