"""What is drawn of a course: the limits that a value is held against, as levels of its axis."""

from __future__ import annotations

import pytest

from nephroline.course import course_of
from nephroline.pathway import Pathway, load_pathway
from nephroline.replaying import read_course, replay


@pytest.fixture(scope="module")
def pathway() -> Pathway:
    return load_pathway("kdigo-2021/fsgs")


def test_a_step_is_no_level_of_the_axis(pathway: Pathway) -> None:
    course = read_course(
        {
            "id": "drawn",
            "observations": [
                {"at": "0 d", "proteinuria": "6 g/d", "creatinine": "1.0 mg/dL"},
                {"at": "1 d", "proteinuria": "6 g/d", "creatinine": "1.4 mg/dL"},
            ],
        }
    )
    panels = {panel.analyte: panel for panel in course_of(replay(course, pathway, quick=True)).panels}
    assert [limit.text for limit in panels["creatinine"].limits if limit.text.startswith("0.3")] == []
    assert "3.5 g/d" in {limit.text for limit in panels["proteinuria"].limits}
