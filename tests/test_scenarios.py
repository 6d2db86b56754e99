"""Every scenario meets its expectations; every rule is fired in one and refused in another."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from nephroline.catalogue import load_catalogue
from nephroline.errors import RecordError
from nephroline.pathway import load_pathway, pathway_ids
from nephroline.replaying import read_scenario, replay

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "scenarios").rglob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_the_scenario_meets_its_expectations(file: Path, request: pytest.FixtureRequest) -> None:
    """With its outlook where something is expected; of published cases, and in `make laws`, at every time."""
    every = file.stem.startswith("pjnh") or request.config.getoption("--thorough")
    done = replay(read_scenario(file), backend_name="shadow", most=None if every else 1)
    assert done.failed == ()
    assert done.passed > 0


def test_no_two_scenarios_have_one_name() -> None:
    titles = Counter(read_scenario(file).title for file in FILES)
    assert [title for title, times in titles.items() if times > 1] == []


@pytest.mark.parametrize("pathway", [name for name in pathway_ids() if not name.endswith("/membranous")])
@pytest.mark.parametrize("file", [f for f in FILES if f.stem.startswith("pjnh")], ids=lambda f: f.stem)
def test_the_published_cases_replay_under_every_pathway(file: Path, pathway: str) -> None:
    done = replay(read_scenario(file), load_pathway(pathway), backend_name="shadow", quick=True)
    assert done.failed == ()
    assert done.passed > 0


OTHERS = [
    (file, pathway)
    for file in FILES
    for scenario in [read_scenario(file)]
    for pathway in sorted({row.pathway for row in scenario.expect if row.pathway} - {scenario.pathway})
]


@pytest.mark.parametrize(("file", "pathway"), OTHERS, ids=lambda one: getattr(one, "stem", one))
def test_what_is_expected_under_other_pathways_is_met(file: Path, pathway: str) -> None:
    done = replay(read_scenario(file), load_pathway(pathway), quick=True, most=1)
    assert done.failed == ()
    assert done.passed > 0


@pytest.mark.parametrize("name", pathway_ids())
def test_every_rule_fires_in_one_scenario_and_is_refused_in_another(name: str) -> None:
    """As the rule books say, which the gate prints anew; and nowhere do two rules conflict."""
    pathway = load_pathway(name)
    book = (ROOT / "docs" / "rulebook" / f"{name.replace('/', '-')}.md").read_text()
    told = {
        (rule, word): where
        for rule, text in re.findall(r"^`([a-z0-9-]+)` · (.*?)(?=^### |^## )", book, re.MULTILINE | re.DOTALL)
        for word, where in re.findall(r"^- \*\*(Holds|Refused) in:\*\* (.*)$", text, re.MULTILINE)
    }
    # What all diseases share is turned where most scenarios are.
    rules = [
        rule.id
        for rule in pathway.rules.values()
        if pathway.disease != "membranous" or rule.module.startswith(("membranous/", name))
    ]
    assert len(rules) >= 50
    assert [one for one in product(rules, ("Holds", "Refused")) if told[one] == "no scenario"] == []
    both = [told[rule, "Holds"] for rule in rules if told[rule, "Holds"] == told[rule, "Refused"]]
    assert [names for names in both if "," not in names] == []
    assert re.search(r"^In \d+ scenarios, at \d+ times: none\.$", book, re.MULTILINE)


def test_a_wrong_expectation_is_missed_and_says_what_was_seen(tmp_path: Path) -> None:
    text = (ROOT / "scenarios/synthetic/not-nephrotic.yaml").read_text()
    file = tmp_path / "s.yaml"
    file.write_text(
        text.replace(
            "next_line: none",
            'next_line: mycophenolate, findings: [steroid-resistant], needs: [foo], faults: 2, exposure: {"1": adequate}, outcome: {"1": resistant}, not_actions: [ras-blockade]',
        )
    )
    failed = replay(read_scenario(file)).failed
    assert failed[0] == "at 0 mo: expected next_line mycophenolate, got none"
    assert len(failed) == 7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("next_line: none", "next_line: mycofenolate"), "did you mean `mycophenolate`"),
        (("at: 0 mo, answer", "at: whenever, answer"), "not a number with a unit"),
        (("expect:", "expct:"), "unknown field `expct`"),
        (("not_findings:", "no_findings:"), "unknown field `no_findings`"),
    ],
)
def test_a_wrong_scenario_file_is_refused(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    text = (ROOT / "scenarios/synthetic/not-nephrotic.yaml").read_text()
    assert change[0] in text
    file = tmp_path / "s.yaml"
    file.write_text(text.replace(*change))
    with pytest.raises(RecordError, match=message):
        read_scenario(file)


def test_what_clinicians_did_is_set_beside_the_advice() -> None:
    deeds = replay(read_scenario(ROOT / "scenarios/pjnh-2015-case-1.yaml")).deeds
    assert [(d.at, d.verdict) for d in deeds] == [
        ("0 mo", "concordant"),
        ("4 mo", "concordant"),
        ("10 mo", "concordant"),
        ("24 mo", "concordant"),
        ("72 mo", "late"),
    ]
    under_guideline = replay(
        read_scenario(ROOT / "scenarios/pjnh-2015-case-1.yaml"), load_pathway("kdigo-2012/fsgs")
    ).deeds
    assert [d.verdict for d in under_guideline] == [
        "concordant",
        "concordant",
        "differs",
        "differs",
        "differs",
    ]


def test_a_deed_can_be_too_early(tmp_path: Path) -> None:
    text = (ROOT / "scenarios/synthetic/weak-exposure.yaml").read_text().replace("weak-exposure", "x")
    file = tmp_path / "s.yaml"
    file.write_text(
        (ROOT / "scenarios/pjnh-2015-case-1.yaml")
        .read_text()
        .replace("{at: 10 mo, regimen: mycophenolate, cite", "{at: 8 mo, regimen: mycophenolate, cite")
    )
    assert text
    assert [d.verdict for d in replay(read_scenario(file)).deeds][2] == "too early"


PRINTED = {
    "pjnh-2015-case-1": {
        "0 mo": {
            "proteinuria": "16.3 g/d",
            "albumin": "1.1 g/dL",
            "creatinine": "0.8 mg/dL",
            "total_cholesterol": "461 mg/dL",
            "ldl_cholesterol": "291 mg/dL",
            "hdl_cholesterol": "127 mg/dL",
            "triglycerides": "217 mg/dL",
        },
        "4 mo": {"proteinuria": "20.0 g/d", "albumin": "1.1 g/dL", "creatinine": "0.9 mg/dL"},
        "between 4 mo and 8 mo": {"proteinuria": "4.1 g/d", "albumin": "1.9 g/dL"},
        "between 8 mo and 10 mo": {"proteinuria": "20 g/d", "creatinine": "2.5 mg/dL"},
        "between 10 mo and 14 mo": {"proteinuria": "4.5 g/d"},
        "between 14 mo and 24 mo": {"proteinuria": "22.5 g/d"},
        "42 mo": {"creatinine": "< 1.0 mg/dL"},
    },
    "pjnh-2015-case-2": {
        "0 mo": {
            "proteinuria": "11.2 g/d",
            "albumin": "2.1 g/dL",
            "creatinine": "0.9 mg/dL",
            "total_cholesterol": "263 mg/dL",
            "ldl_cholesterol": "177 mg/dL",
            "hdl_cholesterol": "52 mg/dL",
            "triglycerides": "174 mg/dL",
        },
        "between 4 mo and 10 mo": {"proteinuria": "13.4 g/d"},
        "between 42 mo and 52 mo": {"creatinine": "1.0 mg/dL"},
    },
}


@pytest.mark.parametrize("name", sorted(PRINTED))
def test_the_transcription_holds_every_printed_number_and_no_other(name: str) -> None:
    record = read_scenario(ROOT / f"scenarios/{name}.yaml").record
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for item in record.observations:
        if item.value is not None:
            found[item.at.label][item.analyte] = item.value.text
    assert found == PRINTED[name]
    rows: list[Any] = [*record.observations, *record.exposures, *record.biopsies, *record.conditions]
    assert all(row.cite for row in rows)
    assert not any(item.analyte == "weight" for item in record.observations)


def test_doses_of_the_published_cases_are_as_printed() -> None:
    catalogue = load_catalogue()
    record = read_scenario(ROOT / "scenarios/pjnh-2015-case-1.yaml").record
    doses = {
        (e.drug, e.start.label): e.dose.text if e.dose else None
        for e in record.exposures
        if e.drug in catalogue.immunosuppressants
    }
    assert doses == {
        ("prednisolone", "0 mo"): "1 mg/kg/d",
        ("cyclosporine", "4 mo"): None,
        ("prednisolone", "4 mo"): "0.15 mg/kg/d",
        ("mycophenolate-mofetil", "10 mo"): "2000 mg/d",
        ("mycophenolate-mofetil", "24 mo"): "1000 mg/d",
        ("cyclosporine", "24 mo"): None,
        ("mycophenolate-mofetil", "72 mo"): "2000 mg/d",
        ("cyclosporine", "between 84 mo and 102 mo"): "100 mg/d",
    }
