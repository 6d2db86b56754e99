"""Law 10: a pathway speaks of its own disease, and of what may hide it; any other biopsy is does-not-apply."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nephroline.consultation import consult
from nephroline.pathway import RuleBase, load_rules
from nephroline.record import read_record
from nephroline.selecting import select

RULES = load_rules()
PLANT = """\
module: ./more-diseases
title: a disease added tomorrow
catalogue:
  diagnoses:
    - {id: c3-glomerulopathy, title: C3 glomerulopathy, synonyms: [c3gn]}
"""


def chart(diagnosis: str) -> dict[str, Any]:
    return {
        "id": "x",
        "sex": "male",
        "age": "40 years",
        "weight": "70 kg",
        "findings": {"secondary_cause_excluded": {"value": True, "at": "0 mo"}},
        "biopsies": [{"at": "0 mo", "glomeruli": 20, "diagnosis": diagnosis}],
        "observations": [
            {"at": "0 mo", "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "1 mg/dL"}
        ],
    }


def verdicts(rules: RuleBase, diagnosis: str) -> dict[str, str]:
    record = read_record(chart(diagnosis), rules.catalogue)
    return {
        name: str(consult(record, rules.pathway(name)).applicability.verdict) for name in rules.pathway_ids
    }


@pytest.mark.parametrize("diagnosis", sorted(RULES.catalogue.diagnoses))
def test_every_pathway_is_closed_to_every_other_disease(diagnosis: str) -> None:
    for name, verdict in verdicts(RULES, diagnosis).items():
        head: Any = RULES.modules[name].head
        if diagnosis == head.disease:
            assert verdict == "applies", name
        elif diagnosis in head.may_be_hidden_by:
            assert verdict == "provisional", name
        else:
            assert verdict == "does-not-apply", name


@pytest.mark.parametrize("whole", [False, True], ids=["a site's module", "a changed copy of the rules"])
def test_a_disease_added_tomorrow_is_refused_by_every_pathway(
    root: Path, tmp_path: Path, whole: bool
) -> None:
    if whole:
        import shutil

        folder = Path(shutil.copytree(root / "rules", tmp_path / "rules"))
        file = folder / "catalogue/conditions.yaml"
        text = file.read_text(encoding="utf-8")
        row = "  - {id: other, title: another diagnosis"
        assert row in text
        file.write_text(
            text.replace(row, f"  - {{id: c3-glomerulopathy, title: C3}}\n{row}"), encoding="utf-8"
        )
    else:
        folder = tmp_path
        (folder / "more-diseases.yaml").write_text(PLANT, encoding="utf-8")
    rules = load_rules(folder)
    assert set(verdicts(rules, "c3-glomerulopathy").values()) == {"does-not-apply"}
    record = read_record(chart("c3-glomerulopathy"), rules.catalogue)
    selected = select(record, rules)
    assert not selected.applies
    for name in rules.pathway_ids:
        answer = consult(record, rules.pathway(name))
        assert answer.next_line is None
        assert answer.alternatives == []
