"""The timeline of a terminal: legible at 80 columns, plain when asked."""

from __future__ import annotations

import pytest

from nephroline.course import DrawnCourse
from nephroline.faces.screen import Screen, columns
from nephroline.faces.timeline import show_timeline


def shown(
    course: DrawnCourse, capsys: pytest.CaptureFixture[str], *, width: int = 80, ascii_only: bool = False
) -> list[str]:
    show_timeline(Screen(width, colour=False, plain=ascii_only), course, ascii_only=ascii_only)
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("width", [30, 50, 80, 200])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_no_line_is_wider_than_the_terminal(
    case_1: DrawnCourse, capsys: pytest.CaptureFixture[str], width: int, ascii_only: bool
) -> None:
    lines = shown(case_1, capsys, width=width, ascii_only=ascii_only)
    assert max(map(columns, lines)) <= max(width, 44)
    assert not ascii_only or all(line.isascii() for line in lines)


def test_the_course_of_case_1_can_be_read(case_1: DrawnCourse, capsys: pytest.CaptureFixture[str]) -> None:
    rows = {line.split("  ")[1].strip(): line for line in shown(case_1, capsys)}
    assert "0" in rows["months"]
    assert "100" in rows["months"]
    response = rows["response"]
    assert response.index("n") < response.index("C") < response.index("R") < response.rindex("C")
    assert "4.1–22.5 g/d" in rows["proteinuria"]
    assert rows["proteinuria"].count("~") == 2, "two reports in words"
    assert rows["cyclosporine"].count("▶") == 1, "cyclosporine goes on"
    assert "▶" not in rows["prednisolone"]
    assert rows["decisions"].count("▲") == 6, "five deeds, and the legend"


def test_the_drug_bars_stand_over_their_months(
    case_1: DrawnCourse, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {line.split("  ")[1].strip(): line for line in shown(case_1, capsys, width=96)}
    months = rows["months"]
    sixty = months.index("60")
    combined = rows["mycophenolate mo."] if "mycophenolate mo." in rows else rows["mycophenolate mof."]
    assert combined[sixty] == "━"
    assert rows["prednisolone"][sixty] == " "
