"""What a row of treatment says: its times, its dose, what it was given for; and what of it cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from nephroline.errors import RecordError
from nephroline.record import Moment, Record, read_record


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


# -- single doses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("drug", "dose", "ends", "count"),
    [
        ("rituximab", "1 g", True, 1),
        ("rituximab", "375 mg/m2", True, 1),
        ("rituximab", "1 g x2", True, 2),
        ("methylprednisolone", "500 mg x3", True, 3),
        ("methylprednisolone", "500 mg", False, 1),
        ("tacrolimus", "5 mg/d", False, 1),
        ("rituximab", None, False, 1),
    ],
)
def test_what_is_given_once_or_is_counted_has_no_end_to_ask_for(
    drug: str, dose: str | None, ends: bool, count: int
) -> None:
    (row,) = chart(drug=drug, **({} if dose is None else {"dose": dose})).exposures
    assert (row.end == row.start) is ends
    assert row.end is None or ends
    assert (row.count, row.every) == (count, 1)


def test_an_end_that_is_told_stays_though_doses_are_counted() -> None:
    (row,) = chart(drug="rituximab", dose="1 g x2", to="2 mo").exposures
    assert row.end is not None
    assert row.end.label == "2 mo"


def test_a_dose_of_alternate_days_says_so() -> None:
    assert chart(drug="prednisolone", dose="60 mg qod").exposures[0].every == 2


def test_each_single_dose_is_given_at_its_time_and_the_last_says_why_no_more() -> None:
    row = {
        "drug": "rituximab",
        "doses": [
            {"at": "1 mo", "amount": "1 g"},
            {"at": "2 mo", "amount": "unknown"},
            {"at": "3 mo", "amount": "500 mg"},
        ],
        "stopped_for": "toxicity",
    }
    found = read_record({"id": "x", "exposures": [row]}).exposures
    assert [one.start.label for one in found] == ["1 mo", "2 mo", "3 mo"]
    assert all(one.start == one.end for one in found)
    assert [str(one.dose) if one.dose else "" for one in found] == ["1 g", "", "500 mg"]
    assert [one.stopped_for for one in found] == [None, None, "toxicity"]


@pytest.mark.parametrize("more", [{"dose": "1 g"}, {"from": "1 mo"}, {"to": "2 mo"}])
def test_single_doses_stand_alone(more: dict[str, str]) -> None:
    row = {"drug": "rituximab", "doses": [{"at": "1 mo", "amount": "1 g"}]} | more
    with pytest.raises(RecordError, match="single doses stand beside dose, from or to"):
        read_record({"id": "x", "exposures": [row]})


def test_a_row_needs_a_start_or_single_doses() -> None:
    with pytest.raises(RecordError, match="the field `from` is missing"):
        read_record({"id": "x", "exposures": [{"drug": "tacrolimus"}]})


def days(moment: Moment) -> list[int]:
    return [int(moment.earliest), int(moment.latest)]


def test_what_ended_had_begun_the_day_before_at_the_latest_and_ends_no_sooner_than_it_began() -> None:
    (row,) = chart(**{"from": {"between": ["10 d", "60 d"]}, "to": "30 d"}).exposures
    assert days(row.start) == [10, 29]
    (short,) = chart(**{"from": {"between": ["30 d", "60 d"]}, "to": "30 d"}).exposures
    assert days(short.start) == [30, 30]
    (same,) = chart(**{"from": {"between": ["10 d", "30 d"]}, "to": "30 d"}).exposures
    assert days(same.start) == [10, 30]
    (late,) = chart(**{"from": "30 d", "to": {"between": ["10 d", "60 d"]}}).exposures
    assert late.end is not None
    assert days(late.end) == [30, 60]


# -- what the catalogue does not know ---------------------------------------------------------------------


def test_a_drug_of_a_class_stands_for_one_of_it_and_keeps_its_name() -> None:
    (row,) = chart(drug="newciclosporin", **{"class": "calcineurin inhibitor"}).exposures
    assert row.name == "newciclosporin"
    assert chart(**{"class": "calcineurin inhibitor"}).exposures[0].drug == "tacrolimus"
    assert "is not of the class" in refusal(**{"class": "statin"})
    assert "unknown class `calcineurn inhibitor`" in refusal(**{"class": "calcineurn inhibitor"})


@pytest.mark.parametrize(
    ("more", "possible"),
    [
        ({}, False),
        ({"for": "fsgs"}, True),
        ({"for": "unknown"}, False),
        ({"for": "psoriasis"}, False),
        ({"to": "2 mo", "stopped_for": "no-response"}, True),
        ({"stopped_for": "no-response"}, False),
        ({"to": "2 mo", "stopped_for": "no-response", "for": "psoriasis"}, False),
        ({"to": "2 mo", "stopped_for": "toxicity"}, False),
    ],
)
def test_a_drug_that_nobody_knows_may_be_treatment_where_its_row_speaks_of_the_disease(
    more: dict[str, str], possible: bool
) -> None:
    record = chart(drug="levamisolum", unlisted=True, **more)
    assert record.exposures == ()
    assert [one.name for one in record.unlisted] == (["levamisolum"] if possible else [])
    assert "levamisolum: not in the catalogue" in record.faults[0].text
