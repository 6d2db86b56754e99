"""A headless browser, and reports to look at with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from watching import Watched

from nephroline.course import DrawnCourse, course_of
from nephroline.replaying import MOST_DRAWN, read_course, replay
from nephroline.report import page


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Open a file in a window of some width."""
    opened: list[Any] = []

    def go(file: Path, *, width: int = 1000, dark: bool = False) -> Watched:
        window = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        opened.append(window)
        watched = Watched(window.new_page())
        watched.page.goto(file.as_uri())
        return watched

    yield go
    for window in opened:
        window.close()


def course(source: Any) -> DrawnCourse:
    scenario = read_course(source)
    return course_of(replay(scenario, quick=True, most=MOST_DRAWN))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="session")
def case_1(root: Path) -> DrawnCourse:
    return course(root / "scenarios/pjnh-2015-case-1.yaml")


@pytest.fixture(scope="session")
def case_2(root: Path) -> DrawnCourse:
    return course(root / "scenarios/pjnh-2015-case-2.yaml")


@pytest.fixture(scope="session")
def one(folder: Path, case_1: DrawnCourse) -> Path:
    """The report of the first published case."""
    file = folder / "one.html"
    file.write_text(page([case_1]), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def both(folder: Path, case_1: DrawnCourse, case_2: DrawnCourse) -> Path:
    """The report of both published cases."""
    file = folder / "both.html"
    file.write_text(page([case_1, case_2]), encoding="utf-8")
    return file
