"""Nothing of a disease stands in Python: a made-up one, in a folder of YAML, is consulted with all that is safe."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import nephroline
from nephroline.catalogue import load_catalogue
from nephroline.pathway import RuleBase, load_rules

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = (
    "kdigo-2012/fsgs,kdigo-2021/fsgs",
    "A drug and a dose as a chart has it: 'cyclosporine 100 mg bid'.",
    'write a drug and a dose: "cyclosporine 100 mg bid"',
    'write it as in a chart: "cyclosporine 100 mg bid", "rituximab 1 g"',
    "call it by edition and disease: kdigo-2021/fsgs",
)
"""Help and remedies that show how something is written."""


def test_no_python_names_a_disease_a_drug_or_an_antibody() -> None:
    catalogue = load_catalogue()
    names = {name for drug in catalogue.drugs.values() for name in (drug.id, *drug.synonyms)}
    names |= {*catalogue.diagnoses, "pla2r", "anti_pla2r", "nephrin"} - {"other"}
    words = {name.lower() for name in names if len(name) > 3}
    found = [
        f"{file.name}:{line}: {text}"
        for file in sorted((ROOT / "engine").rglob("*.py"))
        for line, text in _said(ast.parse(file.read_text(encoding="utf-8")))
        if text not in EXAMPLES and words & {*re.findall(r"[a-z0-9_-]+", text.lower()), text.lower()}
    ]
    assert found == []


def _said(tree: ast.Module) -> list[tuple[int, str]]:
    """Every name and every text of a file, without what explains it."""
    told = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            found.append((node.lineno, node.value))
        elif isinstance(node, ast.Name):
            found.append((node.lineno, node.id))
        elif isinstance(node, ast.Attribute):
            found.append((node.lineno, node.attr))
    return found


DISEASE = """\
pathway: house-2026/exampleitis
title: Exampleitis of the kidney
edition: house rules 2026
disease: exampleitis
source: house-2026
uses: [kdigo-2021/edition]
catalogue:
  sources:
    - {id: house-2026, short: house rules 2026, kind: guideline, year: 2026, citation: rules made up for a test}
  diagnoses:
    - {id: exampleitis, title: exampleitis, synonyms: []}
  units:
    - {code: EU/mL, dimension: example-concentration, factor: 1, ucum: "[arb'U]/mL", spellings: []}
  analytes:
    - {id: anti_example, title: antibody to example, units: [EU/mL], plausible: [0-1000 EU/mL]}
  classes:
    - {id: example-blocker, title: example blocker, immunosuppressant: true}
  drugs:
    - {id: exemplimab, title: exemplimab, classes: [example-blocker], synonyms: [exm], atc: L04AZ99}
  regimens:
    - id: exemplimab
      title: exemplimab
      agents: [exemplimab]
      doses: [{drug: exemplimab, amount: [exemplimab_dose], per: week}]
thresholds:
  exemplimab_dose: {title: dose of exemplimab, value: 300 mg, confidence: policy}
  antibody_much: {title: much antibody, value: 100 EU/mL, confidence: policy}
applicability:
  - {verdict: applies, when: diagnosed(exampleitis), because: exampleitis on biopsy}
rules:
  - id: start-exemplimab
    title: Exemplimab for much antibody
    when: latest(anti_example) > antibody_much and not tried(exemplimab)
    recommend: {action: start, regimen: exemplimab, preference: 1}
    statement: {kind: recommendation, id: "1", grade: "1C", confidence: policy}
    rationale: So say the house rules.
"""


@pytest.fixture
def house(tmp_path: Path) -> RuleBase:
    (tmp_path / "exampleitis.yaml").write_text(DISEASE, encoding="utf-8")
    return load_rules(tmp_path)


def chart(**more: Any) -> dict[str, Any]:
    values = {
        "proteinuria": "6 g/d",
        "albumin": "22 g/L",
        "creatinine": "1 mg/dL",
        "anti_example": "250 EU/mL",
    }
    return {
        "id": "made-up",
        "sex": "female",
        "age": "36 years",
        "weight": "62 kg",
        "biopsies": [{"at": "0 d", "glomeruli": 14, "diagnosis": "exampleitis"}],
        "observations": [{"at": "0 d", **values}],
    } | more


def ask(house: RuleBase, **more: Any) -> nephroline.Consultation:
    record = nephroline.read_record(chart(**more), house.catalogue)
    return nephroline.consult(record, house, "1 d")


def test_a_made_up_disease_has_its_line_and_its_dose(house: RuleBase) -> None:
    answer = ask(house)
    assert answer.pathway.id == "house-2026/exampleitis"
    assert answer.next_line is not None
    assert answer.next_line.regimen == "exemplimab"
    assert [dose.drug for dose in answer.next_line.doses] == ["exemplimab"]
    assert "sodium" in " ".join(action.title.lower() for action in answer.actions)


@pytest.mark.parametrize(
    ("conditions", "alert"),
    [
        ([{"name": "hepatitis_b", "at": "0 d"}], "hepatitis-b-needs-antiviral"),
        ([{"name": "tuberculosis", "at": "0 d"}], "active-infection"),
        ([{"name": "strongyloides", "at": "0 d"}], "active-infection"),
        ([{"name": "sepsis", "at": "0 d"}], "infection-now"),
        ([{"name": "kidney_failure", "at": "0 d"}], "kidney-failure-noted"),
    ],
)
def test_every_safety_rule_is_in_force_for_it(
    house: RuleBase, conditions: list[dict[str, Any]], alert: str
) -> None:
    answer = ask(house, conditions=conditions)
    assert answer.next_line is None
    assert [blocked.regimen for blocked in answer.blocked] == ["exemplimab"]
    assert alert in {a.id for a in answer.alerts}


def test_another_disease_is_none_of_its_business(house: RuleBase) -> None:
    other = chart(biopsies=[{"at": "0 d", "glomeruli": 14, "diagnosis": "iga-nephropathy"}])
    record = nephroline.read_record(other, house.catalogue)
    answer = nephroline.consult(record, house.pathway("house-2026/exampleitis"), "1 d")
    assert answer.applicability.verdict == "does-not-apply"
    assert answer.next_line is None
