"""The page for authors: a file of rules is checked as it is changed, and the answers that change are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from watching import Watched

from nephroline.errors import PathwayError, UsageError
from nephroline.pathway import load_rules

STATINS = "rules/safety/statins.yaml"


@pytest.fixture
def rules(browser: Browser, address: str) -> Iterator[Watched]:
    window = browser.new_context(viewport={"width": 1280, "height": 900})
    seen = Watched(window.new_page())
    seen.page.goto(f"{address}/rules")
    yield seen
    window.close()


def chosen(page: Page, name: str = STATINS) -> str:
    page.get_by_label("File of rules").select_option(name)
    expect(page.locator("#state")).to_have_text("It says the same as the file.", timeout=20_000)
    return page.locator("#text").input_value()


def test_the_file_is_shown_as_it_is(rules: Watched, root: Path) -> None:
    assert chosen(rules.page) == (root / STATINS).read_text(encoding="utf-8")


def test_a_mistake_is_told_with_its_line(rules: Watched) -> None:
    page = rules.page
    text = chosen(page)
    page.locator("#text").fill(text.replace("taking(", "takin(", 1))
    expect(page.locator("#problems li").first).to_contain_text("takin", timeout=20_000)
    expect(page.locator("#problems li").first).to_contain_text("line ")
    expect(page.get_by_role("button", name="Which answers does it change?")).to_be_disabled()
    page.locator("#text").fill(text)
    expect(page.locator("#problems li")).to_have_count(0)


def test_the_answers_that_a_change_changes_are_told_and_the_file_stays(rules: Watched, root: Path) -> None:
    page = rules.page
    before = (root / STATINS).read_text(encoding="utf-8")
    text = chosen(page)
    page.locator("#text").fill(text.replace("severity: critical", "severity: warning"))
    expect(page.locator("#state")).to_contain_text("counts in", timeout=20_000)
    page.get_by_role("button", name="Which answers does it change?").click()
    expect(page.locator("#changes .reason").first).to_be_visible(timeout=30_000)
    expect(page.locator("#changes .gone").first).to_contain_text("critical: ")
    expect(page.locator("#changes .new").first).to_contain_text("warning: ")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Stop")).to_be_hidden(timeout=20_000)
    assert (root / STATINS).read_text(encoding="utf-8") == before
    assert rules.console == []


def test_the_clauses_that_scenarios_test_are_told(rules: Watched) -> None:
    page = rules.page
    chosen(page)
    page.get_by_role("button", name="Which clauses do scenarios test?").click()
    expect(page.locator("#changes td.concordant").first).to_be_visible(timeout=30_000)
    expect(page.locator("#state")).to_contain_text("clauses tested")
    page.get_by_role("button", name="Stop").click()


def test_a_rule_leads_to_its_place(rules: Watched) -> None:
    page = rules.page
    page.locator(".drawn summary").first.click()
    page.locator(".place").first.click()
    expect(page.locator("#text")).to_be_enabled()
    expect(page.get_by_label("File of rules")).not_to_have_value("")


@pytest.mark.graphviz
def test_a_pathway_is_drawn_and_told_as_ways(rules: Watched) -> None:
    page = rules.page
    page.locator(".drawn > details > summary").first.click()
    page.locator(".graph summary").first.click()
    image = page.locator(".graph img").first
    expect(image).to_have_js_property("complete", True, timeout=20_000)
    assert image.evaluate("image => image.naturalWidth") > 300
    expect(page.locator(".graph tbody tr").nth(3)).to_be_visible()
    assert rules.console == []


def test_axe_finds_nothing_serious_in_it(rules: Watched) -> None:
    chosen(rules.page)
    found = Axe().run(rules.page).response["violations"]
    bad = [item for item in found if item["impact"] in ("serious", "critical")]
    assert [(item["id"], item["nodes"][0]["html"][:200]) for item in bad] == []


def test_other_words_of_a_file_leave_the_rules_that_are_served_alone(root: Path) -> None:
    base = load_rules()
    text = (root / STATINS).read_text(encoding="utf-8")
    name = base.pathway_ids[0]
    digest = base.pathway(name).digest
    other = base.with_text(STATINS, text.replace("severity: critical", "severity: warning"))
    assert other.pathway(name).digest != digest
    assert base.pathway(name).digest == digest
    assert base.with_text(STATINS, text).pathway(name).digest == digest
    with pytest.raises(UsageError, match="no file of rules"):
        base.with_text("rules/../secret.yaml", text)
    with pytest.raises(PathwayError, match="is called"):
        base.with_text(STATINS, text.replace("module: safety/statins", "module: safety/other"))
