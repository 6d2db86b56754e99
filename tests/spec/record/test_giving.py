"""What a row of treatment says: its times, its dose, what it was given for; and what of it cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from nephroline.errors import RecordError
from nephroline.record import Record, read_record


def chart(**row: Any) -> Record:
    return read_record({"id": "x", "exposures": [{"drug": "tacrolimus", "from": "1 mo"} | row]})


def refusal(**row: Any) -> str:
    with pytest.raises(RecordError) as bad:
        chart(**row)
    (problem,) = bad.value.problems
    return str(problem)


SOME_DAY = {"between": ["0 mo", "2 mo"]}


def test_a_drug_may_end_on_the_day_it_was_begun() -> None:
    (row,) = chart(to="1 mo").exposures
    assert row.end is not None
    assert row.end.latest == row.start.earliest


@pytest.mark.parametrize("end", ["0 mo", "0.9 mo", "29 d"])
def test_no_drug_ends_before_it_is_begun(end: str) -> None:
    assert f"exposures[0].to: the end ({end}) is before the start (1 mo)" in refusal(to=end)


@pytest.mark.parametrize(
    ("start", "end"), [("1 mo", SOME_DAY), (SOME_DAY, "1 mo"), (SOME_DAY, SOME_DAY), ("1 mo", "unknown")]
)
def test_an_end_that_may_be_after_the_start_is_one(start: Any, end: Any) -> None:
    (row,) = chart(**{"from": start, "to": end}).exposures
    assert row.end is not None
    assert row.end.latest >= row.start.earliest


def test_without_an_end_it_runs_and_an_unknown_end_is_open() -> None:
    assert chart().exposures[0].end is None
    end = chart(to="unknown").exposures[0].end
    assert end is not None
    assert end.open


@pytest.mark.parametrize("dose", [None, "unknown"])
def test_a_dose_that_is_not_told_is_not_known(dose: str | None) -> None:
    assert chart(**({} if dose is None else {"dose": dose})).exposures[0].dose is None


@pytest.mark.parametrize(
    ("drug", "dose", "told"),
    [
        ("prednisolone", "-5 mg/d", "a dose is not negative; of an end write `to`"),
        ("prednisolone", "7000 mg/d", "is not a possible dose of prednisolone (at most "),
        ("prednisolone", "40-7000 mg/d", "is not a possible dose of prednisolone (at most "),
        ("tacrolimus", "400 mg/d", "is not a possible dose of tacrolimus (at most "),
    ],
)
def test_a_dose_that_nobody_gives_is_refused(drug: str, dose: str, told: str) -> None:
    said = refusal(drug=drug, dose=dose)
    assert said.startswith("record: exposures[0].dose: ")
    assert told in said


def test_a_dose_that_is_printed_so_is_kept_but_not_used() -> None:
    record = chart(drug="tacrolimus", dose="400 mg/d", as_printed=True)
    assert record.exposures[0].dose is None
    (fault,) = record.faults
    assert "tacrolimus 400 mg/d is printed so" in fault.text
    assert "times the most that is given" in fault.text
    assert "the dose is not used; ask the author" in fault.text


def test_the_greatest_dose_itself_is_one() -> None:
    said = refusal(drug="tacrolimus", dose="400 mg/d")
    most = said.partition("at most ")[2].partition(";")[0]
    assert chart(drug="tacrolimus", dose=most).exposures[0].dose is not None


def test_a_reason_for_stopping_is_one_of_a_list() -> None:
    assert chart(to="2 mo", stopped_for="toxicity").exposures[0].stopped_for == "toxicity"
    said = refusal(to="2 mo", stopped_for="toxicty")
    assert "exposures[0].stopped_for: `toxicty` is not accepted (did you mean `toxicity`?" in said


@pytest.mark.parametrize("drug", ["ramipril", "prednisolone"])
def test_a_target_level_is_of_a_drug_with_a_level(drug: str) -> None:
    assert chart(trough_target="5-8 ng/mL").exposures[0].trough_target is not None
    assert chart(trough_target="unknown").exposures[0].trough_target is None
    said = refusal(drug=drug, trough_target="5-8 ng/mL")
    assert f"exposures[0].trough_target: no trough is known for `{drug}` (remove `trough_target`" in said


@pytest.mark.parametrize(
    ("purpose", "other"),
    [
        (None, None),
        ("unknown", None),
        ("fsgs", None),
        ("minimal change disease", None),
        ("psoriasis", "psoriasis"),
    ],
)
def test_what_is_given_for_another_disease_says_so(purpose: str | None, other: str | None) -> None:
    (row,) = chart(**({} if purpose is None else {"for": purpose})).exposures
    assert row.purpose == other
