"""The workbench as a clinician uses it: form, answer, slider, reasons, what if; by keyboard, on a phone."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect
from watching import Watched

from nephroline.errors import RecordError
from nephroline.pathway import load_pathway
from nephroline.record import read_record
from nephroline.replaying import decision_times, read_scenario
from nephroline.selecting import consult
from nephroline.yamlfile import mapping, read_bytes

Open = Callable[..., Watched]
HOSTILE = "<img src=x onerror=\"alert(1)\"><script>alert(2)</script>{{ 7*7 }} 'quoted' \u202eRTL \u05e9\u05dc\u05d5\u05dd"
TEN = (
    "pjnh-2015-case-1",
    "pjnh-2015-case-2",
    "synthetic/weak-exposure",
    "synthetic/safety/low-egfr",
    "hazards/hepatitis-b-at-relapse",
    "hazards/psychosis-on-steroid",
    "membranous/a-relapse-after-rituximab",
    "membranous/a-rapid-loss-on-tacrolimus",
    "care/adaptive-fsgs-on-a-low-dose",
    "synthetic/mcd/frequent-relapser",
)


def text_of(root: Path, name: str) -> str:
    return (root / "scenarios" / f"{name}.yaml").read_text(encoding="utf-8")


def answered(page: Page) -> None:
    """Wait until the answer stands, with what missing data can change."""
    expect(page.locator("#answer .now")).to_be_visible()
    expect(page.locator("#busy")).to_have_text("", timeout=20_000)
    page.wait_for_timeout(400)
    expect(page.locator("#busy")).to_have_text("", timeout=20_000)


def told(page: Page) -> list[str]:
    return [" ".join(text.split()) for text in page.locator("#answer dd").all_inner_texts()]


@pytest.mark.parametrize("name", TEN)
def test_ten_charts_fit_and_stay_within_the_service(
    workbench: Open, root: Path, address: str, name: str
) -> None:
    seen = workbench(text_of(root, name), width=375)
    answered(seen.page)
    expect(seen.page.locator(".drawing svg")).to_be_visible(timeout=20_000)
    seen.page.locator("#answer .ask").first.click()
    expect(seen.page.locator("#details h3").first).to_be_visible()
    for width in (375, 800, 1440):
        seen.page.set_viewport_size({"width": width, "height": 900})
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    assert seen.console == []
    assert [url for url in seen.requests if not url.startswith(address)] == []


@pytest.mark.parametrize("name", TEN)
def test_ten_charts_by_keyboard_alone(workbench: Open, root: Path, name: str) -> None:
    seen = workbench(text_of(root, name))
    page = seen.page
    answered(page)
    page.get_by_role("link", name="To the answer").focus()
    page.keyboard.press("Enter")
    if page.locator("#at").get_attribute("max") != "0":
        page.keyboard.press("Shift+Tab")
        assert page.evaluate("document.activeElement.id") == "at"
        before = page.locator("#at-told").inner_text()
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#at-told")).not_to_have_text(before)
        answered(page)
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('ask')"):
            break
    assert page.evaluate("document.activeElement.classList.contains('ask')")
    page.keyboard.press("Enter")
    expect(page.locator("#details .reason, #details h3").first).to_be_visible()
    assert page.evaluate("document.activeElement.id") == "details"
    page.keyboard.press("Escape")
    expect(page.locator("#details")).to_be_hidden()
    assert page.evaluate("document.activeElement.classList.contains('ask')")
    assert seen.console == []


@pytest.mark.parametrize(("width", "dark"), [(375, True), (1440, False)])
def test_axe_finds_no_serious_violation(workbench: Open, case_2: str, width: int, dark: bool) -> None:
    page = workbench(case_2, width=width, dark=dark).page
    answered(page)
    expect(page.locator(".drawing svg")).to_be_visible(timeout=20_000)
    page.locator("#answer .next .ask").click()
    expect(page.locator("#details .reason").first).to_be_visible()
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    found = Axe().run(page).response["violations"]
    bad = [item for item in found if item["impact"] in ("serious", "critical")]
    assert [(item["id"], item["nodes"][0]["html"][:200]) for item in bad] == []


def test_the_slider_tells_at_each_time_what_a_consultation_says(
    workbench: Open, root: Path, case_2: str
) -> None:
    scenario = read_scenario(root / "scenarios/pjnh-2015-case-2.yaml")
    pathway = load_pathway(scenario.pathway)
    page = workbench(case_2).page
    answered(page)
    for moment in reversed(decision_times(scenario)):
        expect(page.locator("#at-told")).to_have_text(moment.label)
        answer = consult(scenario.record, pathway, moment, stops_seen=False)
        status = next(one for one in answer.summary if one.label == "status")
        expect(page.locator("#answer .status dd")).to_have_text(" · ".join(status.items))
        critical = [one for one in answer.summary if one.label == "critical"]
        expect(page.locator("#answer .critical dd")).to_have_count(len(critical))
        page.keyboard.press("Escape")
        if page.locator("#earlier").is_enabled():
            page.locator("#earlier").click()


def test_what_the_clinicians_did_stands_beside_it(workbench: Open, case_2: str) -> None:
    page = workbench(case_2).page
    answered(page)
    page.get_by_role("button", name="10 mo", exact=True).click()
    expect(page.locator(".did")).to_contain_text("start cyclosporine mycophenolate")
    expect(page.locator(".steps [aria-current=step]")).to_contain_text(
        "done: start cyclosporine mycophenolate"
    )


def test_a_chart_is_written_by_the_form_alone(workbench: Open) -> None:
    page = workbench().page
    page.locator("#tab-form").focus()
    add(page, "observations", at="0 mo", name="proteinuria", value="9 g/d")
    add(page, "observations", at="4 mo", name="proteinuria", value="9.2 g/d")
    add(page, "observations", at="4 mo", name="albumin", value="20 g/L")
    add(page, "biopsies", at="0 mo", diagnosis="fsgs", glomeruli="20")
    add(page, "exposures", drug="prednisolone", dose="70 mg/d", **{"from": "0 mo"})
    page.get_by_role("textbox", name="weight", exact=True).fill("70 kg")
    page.get_by_role("textbox", name="weight", exact=True).press("Enter")
    page.get_by_role("textbox", name="age", exact=True).fill("40 years")
    page.get_by_role("textbox", name="age", exact=True).press("Tab")
    expect(page.locator("#answer .status dd")).to_contain_text("steroid-resistant")
    answered(page)
    # Who tabs on goes on: the form was made anew under him.
    assert page.evaluate("document.activeElement.tagName") == "INPUT"
    text = page.locator("#text").input_value()
    assert "{at: 4 mo, proteinuria: 9.2 g/d}" in text
    assert read_record(read_text(text)).id == "new-patient"


def add(page: Page, section: str, **fields: str) -> None:
    form = page.locator(f"form[data-add={section}]")
    for name, value in fields.items():
        form.locator(f"input[name='{name}']").fill(value)
    with page.expect_response(lambda reply: reply.url.endswith("/workbench/chart")):
        form.get_by_role("button", name="Add").press("Enter")
    expect(page.locator(f"form[data-add={section}] input").first).to_have_value("")


def read_text(text: str) -> dict[str, object]:
    return mapping(read_bytes(text.encode(), "chart", RecordError).data)


def test_a_problem_stands_at_its_field_and_is_mended_there(workbench: Open, root: Path) -> None:
    page = workbench(text_of(root, "synthetic/weak-exposure")).page
    answered(page)
    field = page.locator("input[data-path$='.proteinuria']").first
    good = field.input_value()
    field.fill("9 parsecs")
    field.press("Tab")
    broken = page.locator("input[aria-invalid=true]").first
    expect(broken).to_have_value("9 parsecs")
    fault = page.locator(f"[id='{broken.get_attribute('aria-describedby')}']")
    expect(fault).to_be_visible()
    expect(page.locator("#problems li")).to_contain_text("proteinuria")
    broken.fill(good)
    broken.press("Tab")
    expect(page.locator("#problems li")).to_have_count(0)
    answered(page)


def test_text_that_is_no_yaml_tells_its_line(workbench: Open) -> None:
    page = workbench().page
    page.get_by_role("tab", name="Text").click()
    page.get_by_label("Record or scenario in YAML").fill("id: x\nsex: [male\nage: 3")
    expect(page.locator("#problems li")).to_contain_text("line")


def test_hostile_text_is_shown_as_text(workbench: Open) -> None:
    text = "\n".join(
        (
            f"id: {json.dumps(HOSTILE)}",
            "biopsies: [{at: 0 mo, glomeruli: 20, diagnosis: fsgs}]",
            f"observations: [{{at: 0 mo, proteinuria: 9 g/d, note: {json.dumps(HOSTILE)}}}]",
            f"exposures: [{{drug: {json.dumps(HOSTILE)}, from: 0 mo, unlisted: true, for: {json.dumps(HOSTILE)}}}]",
            "biopsie: 3",
        )
    )
    seen = workbench(text)
    expect(seen.page.locator("#problems li")).to_have_count(1)
    good = workbench(text.removesuffix("\nbiopsie: 3"))
    answered(good.page)
    for page in (seen.page, good.page):
        assert (
            page.locator("#form script, #form img, #answer script, #answer img, #problems img").count() == 0
        )
    assert seen.console == good.console == []
    expect(good.page.locator("#form input").first).to_have_value(HOSTILE)


def test_a_bundle_is_read_and_each_resource_told(workbench: Open, root: Path) -> None:
    page = workbench((root / "scenarios/fhir/new-patient.json").read_text()).page
    answered(page)
    expect(page.locator("#fates summary")).to_contain_text("FHIR:")
    rows = page.locator("#fates tbody tr").count()
    entries = json.loads((root / "scenarios/fhir/new-patient.json").read_text())["entry"]
    assert rows >= len(entries)
    assert page.locator("#text").input_value().startswith("id:")


def test_reasons_have_values_statement_grade_and_the_text_of_the_rule(workbench: Open, case_2: str) -> None:
    page = workbench(case_2).page
    answered(page)
    page.get_by_role("button", name="4 mo", exact=True).click()
    expect(page.locator("#at-told")).to_have_text("4 mo")
    answered(page)
    page.locator("#answer .next dd").click()
    details = page.locator("#details")
    expect(details).to_contain_text("KDIGO 2012 6.4.1 (2B")
    details.get_by_text("The rule, as it is written").first.click()
    expect(details.locator("pre").first).to_contain_text("recommend:")
    assert re.search(r"rules/\S+\.yaml:\d+", details.inner_text())


def test_why_not_what_if_order_and_editions(workbench: Open, case_2: str) -> None:
    page = workbench(case_2).page
    answered(page)
    details = page.locator("#details")
    page.locator("[data-why-not]").first.click()
    expect(details.locator("h3")).to_contain_text("Why not")
    page.locator(".ifs summary").click()
    chip = page.locator("[data-edit^='remove cyclosporine']")
    chip.click()
    expect(details.locator("h3")).to_contain_text("remove cyclosporine")
    expect(chip).to_have_attribute("aria-pressed", "true")
    expect(details.locator("tbody tr").first).to_be_visible()
    page.locator("#ask-order input").fill("ramipril 5 mg/d")
    page.locator("#ask-order input").press("Enter")
    expect(details.locator("h3")).to_have_text("May I order ramipril 5 mg/d?")
    page.locator("#ask-if input").fill("creatinin=2.5 mg/dL")
    page.locator("#ask-if input").press("Enter")
    expect(details).to_contain_text("did you mean")
    page.locator("#ask-editions").click()
    expect(details.locator("thead th")).to_have_count(4)


def test_it_is_saved_as_it_is_written(workbench: Open, case_2: str, tmp_path: Path) -> None:
    page = workbench(case_2).page
    answered(page)
    with page.expect_download() as got:
        page.get_by_role("button", name="Save as YAML").click()
    got.value.save_as(tmp_path / "chart.yaml")
    assert (tmp_path / "chart.yaml").read_text() == case_2
    page.get_by_role("button", name="Save as FHIR").click()
    page.get_by_label("The day of time zero").fill("2010-03-01")
    with page.expect_download() as got:
        page.locator("#ask-zero").get_by_role("button").click()
    got.value.save_as(tmp_path / "chart.json")
    assert json.loads((tmp_path / "chart.json").read_text())["resourceType"] == "Bundle"


def test_five_thousand_observations_stay_usable(workbench: Open) -> None:
    rows = [
        f"  - {{at: {day} d, proteinuria: {3 + day % 7} g/d, albumin: 30 g/L, creatinine: 1.0 mg/dL}}"
        for day in range(1667)
    ]
    text = "\n".join(
        ("id: long", "biopsies: [{at: 0 d, glomeruli: 20, diagnosis: fsgs}]", "observations:", *rows)
    )
    page = workbench(text).page
    expect(page.locator("#answer .now")).to_be_visible(timeout=20_000)
    assert page.locator("fieldset[data-section=observations] [data-row]").count() <= 150
    expect(page.locator("fieldset[data-section=observations]")).to_contain_text("earlier rows")


def test_a_busy_or_dead_service_is_told(workbench: Open, case_2: str) -> None:
    seen = workbench(case_2)
    answered(seen.page)
    seen.page.route("**/workbench/chart", lambda route: route.abort())
    seen.page.locator("#text").evaluate("t => { t.value += '\\n'; t.dispatchEvent(new Event('input')); }")
    expect(seen.page.locator("#problems li")).to_contain_text("cannot be reached")
    seen.page.unroute("**/workbench/chart")
    seen.page.locator("#text").evaluate("t => t.dispatchEvent(new Event('input'))")
    expect(seen.page.locator("#problems li")).to_have_count(0)


def test_what_is_typed_while_the_form_is_made_anew_stays_where_it_was_typed(
    workbench: Open, root: Path
) -> None:
    page = workbench(text_of(root, "synthetic/weak-exposure")).page
    answered(page)
    page.route("**/workbench/*", slowly)
    sex = page.get_by_role("textbox", name="sex", exact=True)
    sex.click()
    sex.fill("female")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("51 years", delay=70)
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("82 kg", delay=70)
    page.keyboard.press("Enter")
    answered(page)
    text = page.locator("#text").input_value()
    assert re.search(r"sex: female.*age: 51 years", text.replace("\n", " "))
    assert "82 kg" in text


def slowly(route: Route) -> None:
    time.sleep(0.15)
    route.continue_()


def test_two_changes_at_once_are_both_made(workbench: Open, root: Path) -> None:
    page = workbench(text_of(root, "synthetic/weak-exposure")).page
    answered(page)
    weight = page.get_by_role("textbox", name="weight", exact=True)
    weight.fill("83 kg")
    form = page.locator("form[data-add=conditions]")
    for name, value in (("name", "hypertension"), ("present", "yes"), ("at", "0 mo")):
        form.locator(f"input[name='{name}']").fill(value)
    form.get_by_role("button", name="Add").click()
    answered(page)
    text = page.locator("#text").input_value()
    assert "83 kg" in text
    assert "hypertension" in text


def test_nothing_of_one_patient_stays_beside_another(workbench: Open, case_2: str) -> None:
    page = workbench(case_2).page
    answered(page)
    expect(page.locator(".drawing svg")).to_be_visible(timeout=20_000)
    page.locator("#answer .next .ask").click()
    expect(page.locator("#details .reason").first).to_be_visible()
    for text in ("id: other\nage: 70", "id: [", ""):
        page.locator("#text").evaluate(
            "(t, text) => { t.value = text; t.dispatchEvent(new Event('input')); }", text
        )
        expect(page.locator("#problems li").first).to_be_visible()
        expect(page.locator("#answer dl")).to_have_count(0)
        expect(page.locator("#course svg")).to_have_count(0)
        expect(page.locator("#details")).to_be_hidden()


def test_what_is_asked_agrees_with_the_answer_on_a_day_on_which_a_drug_ends(
    workbench: Open, root: Path
) -> None:
    page = workbench(text_of(root, "pjnh-2015-case-1")).page
    answered(page)
    page.get_by_role("button", name="10 mo", exact=True).click()
    expect(page.locator("#at-told")).to_have_text("10 mo")
    answered(page)
    page.locator("#answer .critical .ask").click()
    expect(page.locator("#details .reason").first).to_contain_text("holds")
    page.locator("#answer .not .ask").click()
    expect(page.locator("#details .reason").first).to_be_visible()
    page.locator("#ask-order input").fill("simvastatin")
    page.locator("#ask-order input").press("Enter")
    expect(page.locator("#details")).to_contain_text("No.")


def test_a_running_drug_is_ended_in_the_form_and_a_row_removed(workbench: Open, root: Path) -> None:
    page = workbench(text_of(root, "synthetic/weak-exposure")).page
    answered(page)
    rows = page.locator("fieldset[data-section=exposures] [data-row]")
    before = rows.count()
    last = rows.last
    last.locator("input[data-path$='.to']").fill("60 mo")
    last.locator("input[data-path$='.to']").press("Enter")
    answered(page)
    assert "to: 60 mo" in page.locator("#text").input_value()
    remove = rows.last.get_by_role("button", name="Remove")
    remove.focus()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(before - 1)
    answered(page)
    assert page.evaluate("document.activeElement.closest('fieldset').dataset.section") == "exposures"


def test_a_decision_is_kept_when_that_is_asked(workbench: Open, case_2: str) -> None:
    page = workbench(case_2).page
    answered(page)
    page.get_by_role("button", name="Keep this decision").click()
    expect(page.locator("#details h3")).to_have_text("Kept")
    expect(page.locator("#details code").first).to_have_text(re.compile("[0-9a-f-]{36}"))
