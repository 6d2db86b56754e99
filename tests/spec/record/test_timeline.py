"""What as-of sees, and how exposures become courses and lines."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from nephroline.catalogue import load_catalogue
from nephroline.consultation import consult
from nephroline.pathway import Pathway
from nephroline.record import Line, Timeline, read_record, weight_near
from nephroline.terms import Phase


def timeline(kdigo: Pathway, at: str, *, stops_seen: bool = True, **parts: Any) -> Timeline:
    record = read_record({"id": "x", **parts})
    catalogue, moment = load_catalogue(), record.clock.read(at)
    return Timeline(record, catalogue, moment, kdigo.windows, stops_seen)


def drugs(lines: tuple[Line, ...]) -> list[tuple[str, ...]]:
    return [line.drugs for line in lines]


@pytest.mark.parametrize("seen", [True, False])
def test_a_drug_begun_at_as_of_is_not_running_and_one_stopped_there_has_ended(
    kdigo: Pathway, seen: bool
) -> None:
    """The stops of the day are facts; without them the day is as it was before any decision."""
    rows = [
        {"drug": "prednisolone", "from": "0 mo", "to": "4 mo"},
        {"drug": "cyclosporine", "from": "4 mo", "to": "10 mo"},
    ]
    at_4 = timeline(kdigo, "4 mo", stops_seen=seen, exposures=rows)
    at_10 = timeline(kdigo, "10 mo", stops_seen=seen, exposures=rows)
    assert drugs(at_4.lines) == [("prednisolone",)]
    assert at_4.lines[0].current is not seen
    assert drugs(at_10.lines) == [("prednisolone",), ("cyclosporine",)]
    assert at_10.lines[1].current is not seen
    assert not at_10.lines[0].current
    assert timeline(kdigo, "9 mo", stops_seen=seen, exposures=rows).lines[1].current


@pytest.mark.parametrize("seen", [True, False])
def test_a_dose_changed_at_as_of_is_no_stop(kdigo: Pathway, seen: bool) -> None:
    rows = [
        {"drug": "cyclosporine", "dose": "300 mg/d", "from": "0 mo", "to": "4 mo"},
        {"drug": "cyclosporine", "dose": "200 mg/d", "from": "4 mo"},
    ]
    at_4 = timeline(kdigo, "4 mo", stops_seen=seen, exposures=rows)
    assert at_4.lines[0].current
    assert [row.dose.text for row in at_4.lines[0].rows if row.dose] == ["300 mg/d"]


def test_facts_count_up_to_and_including_as_of(kdigo: Pathway) -> None:
    seen = timeline(
        kdigo,
        "4 mo",
        observations=[{"at": "4 mo", "creatinine": "1 mg/dL"}, {"at": "5 mo", "creatinine": "2 mg/dL"}],
    )
    assert [o.text for o in seen.observations["creatinine"]] == ["1 mg/dL"]


def test_a_fact_between_two_bounds_is_seen_once_the_later_is_reached(kdigo: Pathway) -> None:
    rows = [{"at": {"between": ["8 mo", "10 mo"]}, "creatinine": "2.5 mg/dL"}]
    assert not timeline(kdigo, "9 mo", observations=rows).observations.get("creatinine")
    assert timeline(kdigo, "10 mo", observations=rows).observations["creatinine"]


def test_the_day_that_an_imprecise_time_reaches_bears_the_later_of_its_names() -> None:
    rows = [
        {"at": {"between": ["4 mo", "8 mo"]}, "creatinine": "1 mg/dL"},
        {"at": {"between": ["2020-11", "2020-12"]}, "creatinine": "1 mg/dL"},
    ]
    record = read_record({"id": "x", "time_zero": "2020-01-05", "observations": rows})
    assert [moment.label for moment in record.moments()] == ["8 mo", "2020-12-31"]


def test_low_dose_steroid_beside_another_drug_is_an_adjunct(kdigo: Pathway) -> None:
    rows = [
        {"drug": "cyclosporine", "from": "0 mo"},
        {"drug": "prednisolone", "dose": "0.15 mg/kg/d", "from": "0 mo"},
    ]
    (line,) = timeline(kdigo, "6 mo", exposures=rows).lines
    assert line.drugs == ("cyclosporine",)
    assert line.adjuncts == ("prednisolone",)


def test_high_dose_steroid_begun_with_another_drug_is_beside_it_too(kdigo: Pathway) -> None:
    """Its course is followed by itself; what runs beside it makes the line, and names the regimen."""
    rows = [{"drug": "MMF", "from": "0 mo"}, {"drug": "dexamethasone", "dose": "40 mg/d", "from": "0 mo"}]
    seen = timeline(kdigo, "6 mo", exposures=rows)
    (line,) = seen.lines
    assert line.drugs == ("mycophenolate-mofetil",)
    assert line.adjuncts == ("dexamethasone",)
    (course,) = seen.treatment.followed
    assert course.drug == "glucocorticoid"
    assert seen.treatment.phases(course.rows[0]) == {Phase.HIGH}
    answer = consult(seen.record, kdigo, "6 mo")
    assert [told.regimen for told in answer.lines] == ["mycophenolate-dexamethasone"]


def test_a_steroid_taper_beside_the_next_line_does_not_make_a_line(kdigo: Pathway) -> None:
    rows = [
        {"drug": "prednisolone", "dose": "60 mg/d", "from": "0 mo", "to": "5 mo"},
        {"drug": "cyclosporine", "from": "4 mo"},
    ]
    assert drugs(timeline(kdigo, "8 mo", exposures=rows).lines) == [("prednisolone",), ("cyclosporine",)]


def test_a_dose_change_is_no_new_line_and_an_added_drug_is(kdigo: Pathway) -> None:
    rows = [
        {"drug": "MMF", "dose": "2000 mg/d", "from": "0 mo", "to": "6 mo"},
        {"drug": "MMF", "dose": "1000 mg/d", "from": "6 mo"},
        {"drug": "CsA", "from": "9 mo"},
    ]
    lines = timeline(kdigo, "12 mo", exposures=rows).lines
    assert drugs(lines) == [("mycophenolate-mofetil",), ("cyclosporine", "mycophenolate-mofetil")]
    assert lines[0].stopped_for == "not-stopped"


@pytest.mark.parametrize(("pause", "count"), [("20 d", 1), ("40 d", 2)])
def test_a_short_pause_is_bridged_and_a_long_one_is_not(kdigo: Pathway, pause: str, count: int) -> None:
    days = 100 + int(pause.split()[0])
    rows = [
        {"drug": "MMF", "from": "0 d", "to": "100 d"},
        {"drug": "MMF", "from": f"{days} d", "to": "300 d"},
    ]
    assert len(timeline(kdigo, "12 mo", exposures=rows).lines) == count


def test_a_short_handover_is_no_line_of_its_own(kdigo: Pathway) -> None:
    rows = [{"drug": "CsA", "from": "0 d", "to": "105 d"}, {"drug": "MMF", "from": "100 d"}]
    assert drugs(timeline(kdigo, "12 mo", exposures=rows).lines) == [
        ("cyclosporine",),
        ("mycophenolate-mofetil",),
    ]


def test_medication_from_before_presentation_is_seen_at_presentation(kdigo: Pathway) -> None:
    seen = timeline(kdigo, "0 mo", exposures=[{"drug": "ramipril", "from": "before 0 mo"}])
    assert "ramipril" in seen.running


def test_an_assessment_on_the_day_of_a_change_judges_the_line_before(kdigo: Pathway) -> None:
    rows = [{"drug": "prednisolone", "from": "0 mo", "to": "4 mo"}, {"drug": "CsA", "from": "4 mo"}]
    seen = timeline(kdigo, "5 mo", exposures=rows, observations=[{"at": "4 mo", "proteinuria": "9 g/d"}])
    assert [a.line for a in seen.assessments] == [1]


@pytest.mark.parametrize(
    ("day", "kilograms"), [("0 d", 60), ("40 d", 60), ("50 d", 70), ("80 d", 70), ("90 d", 80)]
)
def test_the_weight_of_a_day_is_the_last_before_it_else_the_first(
    kdigo: Pathway, day: str, kilograms: int
) -> None:
    seen = timeline(
        kdigo, "100 d", observations=weighed(("30 d", "60 kg"), ("50 d", "70 kg"), ("90 d", "80 kg"))
    )
    assert seen.weight_at(seen.record.clock.read(day)) == kilograms * 1000


@pytest.mark.parametrize(("at", "acts"), [("9.9 mo", True), ("10 mo", True), ("10.1 mo", False)])
def test_what_acts_on_is_in_use_to_the_end_of_its_time(kdigo: Pathway, at: str, acts: bool) -> None:
    """Rituximab acts for nine months."""
    rows = [{"drug": "rituximab", "doses": [{"at": "1 mo", "amount": "1 g"}]}]
    assert ("rituximab" in timeline(kdigo, at, exposures=rows).running) is acts


def test_dates_offsets_and_periods_meet(kdigo: Pathway) -> None:
    record = read_record(
        {
            "id": "x",
            "time_zero": "2020-01-01",
            "observations": [
                {"at": "2020-01-29", "creatinine": "1 mg/dL"},
                {"at": "4 wk", "albumin": "3 g/dL"},
                {"at": "P4W", "potassium": "4 mmol/L"},
            ],
        }
    )
    assert {o.at.latest for o in record.observations} == {28}


@pytest.mark.parametrize(
    ("most", "days"),
    [
        (None, [0, 10, 20, 30, 40, 50, 60]),
        (9, [0, 10, 20, 30, 40, 50, 60]),
        (7, [0, 10, 20, 30, 40, 50, 60]),
        (4, [0, 20, 40, 60]),
        (3, [0, 30, 60]),
        (2, [0, 60]),
        (1, [60]),
    ],
)
def test_of_many_days_some_are_taken_evenly_and_the_last(most: int | None, days: list[int]) -> None:
    rows = [{"at": f"{day} d", "creatinine": "1 mg/dL"} for day in range(0, 61, 10)]
    record = read_record({"id": "x", "observations": rows})
    assert [moment.latest for moment in record.moments(most)] == days


def test_days_before_time_zero_and_open_ends_are_no_days_of_the_course() -> None:
    record = read_record(
        {
            "id": "x",
            "time_zero": "2020-01-05",
            "observations": [
                {"at": "2019-12-01", "creatinine": "1 mg/dL"},
                {"at": "10 d", "creatinine": "1 mg/dL"},
            ],
            "exposures": [{"drug": "ramipril", "from": "5 d", "to": "unknown"}],
        }
    )
    assert [moment.latest for moment in record.moments()] == [5, 10]


def test_what_was_before_a_day_lies_within_a_life() -> None:
    (row,) = read_record({"id": "x", "conditions": [{"name": "diabetes", "at": "before 0 mo"}]}).conditions
    assert (row.at.earliest, row.at.latest) == (Fraction(-1 - 130 * 365), Fraction(-1))


def weighed(*rows: tuple[str, str]) -> list[dict[str, str]]:
    return [{"at": at, "weight": weight} for at, weight in rows]


BY_DAY = [("0 d", "80 kg"), ("100 d", "60 kg"), ("200 d", "75 kg"), ("400 d", "50 kg")]


@pytest.mark.parametrize(
    ("start", "end", "rows", "kilograms"),
    [
        ("100 d", "110 d", BY_DAY, 60),
        ("0 d", "5 d", BY_DAY, 80),
        ("8 d", "8 d", BY_DAY, 60),
        ("7 d", "7 d", BY_DAY, 80),
        ("292 d", "292 d", BY_DAY, 75),
        ("293 d", "300 d", BY_DAY, 75),
        ("293 d", "307 d", BY_DAY, 75),
        ("293 d", "308 d", BY_DAY, 50),
        ("293 d", None, BY_DAY, 50),
        ("600 d", None, BY_DAY, 50),
        ("0 d", "1 d", BY_DAY[3:], 50),
        ("0 d", "1 d", [], None),
        ("100 d", "110 d", [("100 d", "60-70 kg"), ("120 d", "66 kg")], 66),
    ],
)
def test_a_dose_is_judged_by_the_lowest_weight_near_it(
    start: str, end: str | None, rows: list[tuple[str, str]], kilograms: int | None
) -> None:
    """Near: within 92 days before its start and after its end; else the last before it, or the first after."""
    given = {"drug": "prednisolone", "dose": "60 mg/d", "from": start} | ({"to": end} if end else {})
    record = read_record({"id": "x", "observations": weighed(*rows), "exposures": [given]})
    weights = [one for one in record.observations if one.analyte == "weight"]
    found = weight_near(record.exposures[0], weights, Fraction(92))
    assert found == (None if kilograms is None else kilograms * 1000)
