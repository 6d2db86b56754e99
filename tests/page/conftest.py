"""The workbench in a real browser, served by a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from callers import served
from playwright.sync_api import Browser
from watching import Watched

Open = Callable[..., Watched]


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the page is."""
    with served(tmp_path_factory.mktemp("page")) as (base, _):
        yield base


@pytest.fixture
def workbench(browser: Browser, address: str) -> Iterator[Open]:
    """Open the page in a window of some width, with a chart as its text."""
    opened: list[Any] = []

    def go(text: str = "", *, width: int = 1440, dark: bool = False) -> Watched:
        window = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        opened.append(window)
        watched = Watched(window.new_page())
        watched.page.goto(f"{address}/")
        if text:
            write(watched, text)
        return watched

    yield go
    for window in opened:
        window.close()


def write(watched: Watched, text: str) -> None:
    """Paste a text in the place of the chart, and wait for what it gives."""
    page = watched.page
    page.get_by_role("tab", name="Text").click()
    with page.expect_response(lambda reply: reply.url.endswith("/workbench/chart")):
        page.get_by_label("Record or scenario in YAML").fill(text)
    page.get_by_role("tab", name="Form").click()


@pytest.fixture(scope="session")
def case_2(root: Path) -> str:
    """The second published case, as text."""
    return (root / "scenarios/pjnh-2015-case-2.yaml").read_text(encoding="utf-8")
