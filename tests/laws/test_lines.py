"""The laws of lines of therapy, over charts as untidy as people write them."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from raw import OPEN
from test_course import CATALOGUE, LAW
from test_laws import EVERY, PATHWAYS
from untidy import Case, cases

from nephroline.backends import backend
from nephroline.consultation import consulted
from nephroline.record import Line, Record, read_record
from nephroline.record.lines import NOT_STOPPED
from nephroline.terms import Phase


def lines_at(record: Record, pathway: str, at: str) -> tuple[tuple[Line, ...], Fraction]:
    done = consulted(record, PATHWAYS[pathway], at, backend("reference"))
    return done.run.chart.timeline.lines, done.run.chart.timeline.now


@LAW
@given(cases(), EVERY)
def test_lines_come_one_after_the_other(case: Case, pathway: str) -> None:
    """In order, and where times are precise without overlap; none but the last runs."""
    lines, now = lines_at(read_record(case.chart), pathway, case.at)
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    assert all(line.drugs for line in lines)
    assert all(line.start.latest <= now for line in lines)
    if case.precise:
        for before, after in pairwise(lines):
            assert before.end is not None
            assert before.start.latest <= before.end.latest <= after.start.latest
            assert before.running is False


@LAW
@given(cases(precise=True), EVERY)
def test_what_was_given_lies_in_a_line(case: Case, pathway: str) -> None:
    """Each day of an agent is in a line that has it, short of a handover; so is each of a steroid at high dose.

    One infusion of a steroid alone makes no line. A steroid at a reduced dose is in a line unless it was left over from one of other agents, or at low dose.
    """
    done = consulted(read_record(case.chart), PATHWAYS[pathway], case.at, backend("reference"))
    timeline = done.run.chart.timeline
    treatment, handover = timeline.treatment, timeline.windows.handover
    for row in treatment.exposures:
        if row.drug not in CATALOGUE.immunosuppressants or row.purpose is not None:
            continue
        end = row.end.latest if row.end is not None else timeline.now
        days = {row.start.latest, (row.start.latest + end) / 2}
        steroid = CATALOGUE.followed(row.drug)
        once = row.end is not None and row.end.latest == row.start.latest
        if steroid and (once or treatment.phases(row) != {Phase.HIGH}):
            continue
        for day in days:
            inside = [
                line
                for line in timeline.lines
                if line.start.earliest <= day <= (line.end.latest if line.end is not None else timeline.now)
            ]
            assert inside, f"{row.drug} of {row.start} is in no line on day {float(day)}"
            near = [line for line in timeline.lines if abs(line.start.latest - day) <= handover]
            holds = any(row.drug in (*line.drugs, *line.adjuncts) for line in (*inside, *near))
            assert holds, f"{row.drug} of {row.start} is in none of its lines on day {float(day)}"


@LAW
@given(cases(precise=True), EVERY)
def test_what_runs_is_in_the_line_that_runs(case: Case, pathway: str) -> None:
    """Each agent in use at as-of; a line that ended just then is not the last where another agent goes on."""
    done = consulted(read_record(case.chart), PATHWAYS[pathway], case.at, backend("reference"))
    timeline = done.run.chart.timeline
    for drug, row in timeline.treatment.running.items():
        beside = (
            drug not in CATALOGUE.immunosuppressants or CATALOGUE.followed(drug) or row.purpose is not None
        )
        if not beside and not (row.end is not None and row.end.latest < timeline.now):
            held = [line for line in timeline.lines if line.current and drug in line.drugs]
            parted = any(line.end is not None and line.end.latest == timeline.now for line in timeline.lines)
            assert held or (parted and "parted" in OPEN), f"{drug} runs, and no line of it does"


@LAW
@given(cases(precise=True), EVERY, st.integers(1, 500))
def test_law_2_lines_that_ended_stay_as_they_were(case: Case, pathway: str, later: int) -> None:
    """Beyond the pause that a course may have, what ended has ended, whenever one asks."""
    record = read_record(case.chart)
    first, now = lines_at(record, pathway, case.at)
    then, _ = lines_at(record, pathway, record.clock.at(now + later, case.at).label)
    pause = max(PATHWAYS[pathway].thresholds[name].days for name in ("course_gap", "alternation_gap"))

    def reason(line: Line) -> str | None:
        return None if line.stopped_for == NOT_STOPPED and "reason" in OPEN else line.stopped_for

    def ended(lines: tuple[Line, ...]) -> list[Any]:
        return [
            (line.drugs, line.adjuncts, line.start.latest, line.end.latest, reason(line))
            for line in lines
            if line.end is not None and line.end.latest + pause < now
        ]

    assert ended(first) == ended(then)
