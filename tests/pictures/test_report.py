"""The report in a real browser: what a reader sees, points at, prints."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from watching import Watched

from nephroline.course import DrawnCourse, course_of
from nephroline.replaying import read_course, replay
from nephroline.report import page

Visit = Callable[..., Watched]
HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>{{ 7*7 }} "quoted" \u202eRTL \u05e9\u05dc\u05d5\u05dd'


@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_the_page_opens_from_disk_without_network_or_complaint(
    visit: Visit, both: Path, width: int, dark: bool
) -> None:
    seen = visit(both, width=width, dark=dark)
    assert seen.console == []
    assert seen.requests == []
    wider = seen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider == 0, "the page scrolls sideways"
    pictures = seen.page.locator(".picture:visible svg")
    assert pictures.count() == 2
    assert (pictures.first.bounding_box() or {"width": width + 1})["width"] <= width


@pytest.mark.parametrize(("width", "dark"), [(390, True), (1000, False)])
def test_axe_finds_no_serious_violation(visit: Visit, both: Path, dark: bool, width: int) -> None:
    seen = visit(both, dark=dark, width=width)
    seen.page.evaluate("unfold()")
    found = Axe().run(seen.page).response["violations"]
    bad = [item for item in found if item["impact"] in ("serious", "critical")]
    assert [(item["id"], item["nodes"][0]["html"][:200]) for item in bad] == []


def test_pointing_at_a_mark_shows_its_value_with_unit_and_time(visit: Visit, one: Path) -> None:
    seen = visit(one)
    mark = seen.page.locator(".picture.wide [aria-label='proteinuria 20.0 g/d (4 mo, as reported)']")
    mark.last.hover(force=True)
    assert seen.page.locator(".tip").inner_text() == "proteinuria 20.0 g/d (4 mo, as reported)"
    seen.page.mouse.move(2, 2)
    assert seen.page.locator(".tip").is_hidden()


def test_the_arrow_keys_walk_through_the_picture(visit: Visit, one: Path) -> None:
    seen = visit(one)
    seen.page.locator(".picture.wide").focus()
    shown: list[str] = []
    for _ in range(4):
        seen.page.keyboard.press("ArrowRight")
        shown.append(seen.page.locator(".tip").inner_text())
    assert len(set(shown)) == 4
    seen.page.keyboard.press("ArrowLeft")
    assert seen.page.locator(".tip").inner_text() == shown[2]
    seen.page.keyboard.press("Escape")
    assert seen.page.locator(".tip").is_hidden()


def test_a_report_in_words_has_no_made_up_height(visit: Visit, one: Path) -> None:
    """ "rising" at 42 months is a flag on the upper edge of its panel, at the same height as other words."""
    page_ = visit(one).page
    heights: set[int] = set()
    for text in (
        "proteinuria rising (42 mo, as reported)",
        "proteinuria nephrotic range (72 mo, as reported)",
    ):
        box = page_.locator(f".picture.wide [aria-label='{text}']").last.bounding_box()
        assert box is not None
        heights.add(round(box["y"]))
    assert len(heights) == 1


def test_an_uncertain_time_is_drawn_as_wide_as_it_is(visit: Visit, one: Path) -> None:
    page_ = visit(one).page
    wide = page_.locator(
        ".picture.wide [aria-label='proteinuria 22.5 g/d (between 14 mo and 24 mo)']"
    ).bounding_box()
    short = page_.locator(
        ".picture.wide [aria-label='proteinuria 20 g/d (between 8 mo and 10 mo)']"
    ).bounding_box()
    assert wide is not None
    assert short is not None
    stroke = 5
    assert wide["width"] - stroke == pytest.approx(5 * (short["width"] - stroke), rel=0.05)


def test_every_decision_is_told_and_the_picture_leads_to_it(
    visit: Visit, one: Path, case_1: DrawnCourse
) -> None:
    seen = visit(one)
    text = seen.page.locator("main").inner_text()
    for decision in case_1.decisions:
        article = seen.page.locator(f"#c1-{decision.number}")
        assert decision.when in article.inner_text()
        if decision.answer.next_line:
            assert decision.answer.next_line.title in article.inner_text()
        for deed in decision.deeds:
            assert deed.verdict in article.inner_text()
    assert "Critical: Simvastatin with cyclosporine" in text
    seen.page.locator(".picture.wide a").nth(3).click()
    assert seen.page.url.endswith("#c1-4")


def test_thresholds_are_drawn_and_named(visit: Visit, one: Path) -> None:
    names = visit(one).page.locator(".picture.wide svg").text_content() or ""
    assert "3.5 g/d nephrotic range" in re.sub(r"\s+", " ", names)


def test_several_courses_get_a_table_of_concordance(visit: Visit, both: Path) -> None:
    seen = visit(both)
    rows = seen.page.locator("main > .scroll tbody tr")
    assert rows.count() == 2
    assert "4 concordant, 1 late" in rows.first.inner_text()
    rows.nth(1).locator("a").click()
    assert seen.page.url.endswith("#c2")


def test_paper_shows_the_whole_picture_and_everything_unfolded(visit: Visit, one: Path) -> None:
    seen = visit(one, width=700, dark=True)
    seen.page.emulate_media(media="print")
    seen.page.set_viewport_size({"width": 688, "height": 1000})  # A4 less its margins
    seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    box = seen.page.locator(".picture.wide svg").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 688
    assert box["height"] < 940, "the picture is cut between two sheets"
    assert seen.page.locator("details:not([open])").count() == 0
    assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def hostile_record() -> dict[str, Any]:
    return {
        "id": HOSTILE,
        "age": "40 years",
        "observations": [
            {"at": "0 mo", "proteinuria": "9 g/d", "albumin": "1.8 g/dL", "cite": HOSTILE},
            {"at": "1 mo", "proteinuria": "8 g/d", "cite": "x" * 400},
        ],
        "procedures": [{"name": HOSTILE + "y" * 300, "at": "1 mo"}],
    }


@pytest.mark.parametrize("width", [390, 1000])
def test_hostile_text_is_text(visit: Visit, folder: Path, width: int) -> None:
    file = folder / "hostile.html"
    scenario = read_course(hostile_record())
    file.write_text(page([course_of(replay(scenario, quick=True))]), encoding="utf-8")
    seen = visit(file, width=width)
    assert seen.console == []
    assert seen.requests == []
    assert seen.page.locator("img").count() == 0
    assert seen.page.locator("script").count() == 1
    assert "<script>alert(2)</script>{{ 7*7 }}" in seen.page.locator("h1").inner_text()
    wider = seen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider == 0, "a long name widens the page"


@pytest.mark.unmeasured  # many times the same lines
def test_a_long_record_stays_small_and_quick(visit: Visit, folder: Path) -> None:
    """5,000 observations: under 5 MB, and drawn in under 3 s by the page's own clock."""
    rows = [
        {"at": f"{i} d", "proteinuria": f"{9 - i % 7} g/d", "albumin": "2.0 g/dL", "creatinine": "1.0 mg/dL"}
        for i in range(1667)
    ]
    scenario = read_course({"id": "long", "age": "40 years", "observations": rows})
    drawn = course_of(replay(scenario, quick=True, most=10))
    file = folder / "long.html"
    file.write_text(page([drawn]), encoding="utf-8")
    assert file.stat().st_size < 5_000_000
    seen = visit(file)
    taken = seen.page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    assert 0 < taken < 3_000
    assert seen.page.locator("svg [aria-roledescription=circle]").count() > 4_900
    assert "dates to consult about" in seen.page.locator("main").inner_text()


def test_a_logarithm_spreads_only_what_is_spread(case_1: DrawnCourse) -> None:
    assert page([case_1]) != page([case_1], scale="log")


def test_a_record_of_one_day_can_be_drawn() -> None:
    scenario = read_course(
        {"id": "new", "age": "40 years", "observations": [{"at": "0 mo", "creatinine": "< 1 mg/dL"}]}
    )
    html = page([course_of(replay(scenario, quick=True))])
    assert "serum creatinine &lt; 1 mg/dL" in html
