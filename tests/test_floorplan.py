"""Budgets of the house: one package under engine/, no long module."""

from __future__ import annotations

import ast
from pathlib import Path

from nephroline.features import FEATURES


def test_engine_holds_one_package(root: Path) -> None:
    names = {p.name for p in (root / "engine").iterdir() if p.name != "__pycache__"}
    assert names == {"nephroline"}


def test_no_module_grows_beyond_450_lines(root: Path) -> None:
    engine = root / "engine"
    lengths = {str(p.relative_to(engine)): len(p.read_text().splitlines()) for p in engine.rglob("*.py")}
    assert len(lengths) > 100
    assert {name: n for name, n in lengths.items() if n > 450} == {}


def test_no_two_classes_share_a_name(root: Path) -> None:
    found: dict[str, list[str]] = {}
    for path in (root / "engine").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name.lstrip("_"), []).append(f"{path.name}:{node.lineno}")
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


def test_no_feature_is_named_above_the_features(root: Path) -> None:
    """What other rooms must know of a feature stands in its schema, as a trait."""
    engine = root / "engine" / "nephroline"
    dotted = {name for name in FEATURES if "." in name} | {"proposed", "taking", "biopsy_glomeruli", "tried"}
    found = []
    for path in engine.rglob("*.py"):
        if path.parent.name != "features":
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and node.value in dotted:
                    found.append(f"{path.name}:{node.lineno}: {node.value}")
    assert found == []


def test_no_drug_or_disease_is_named_in_python(root: Path) -> None:
    """Clinical content lives in YAML; docstrings may give examples, code may not."""
    from nephroline.catalogue import load_catalogue

    catalogue = load_catalogue()
    names = {*catalogue.drugs, *catalogue.classes, *catalogue.conditions, *catalogue.diagnoses} - {"other"}
    found = []
    for path in (root / "engine").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names:
                found.append(f"{path.name}:{node.lineno}: {node.value}")
    assert found == []


def test_rule_files_stay_short_enough_to_read(root: Path) -> None:
    long_files, long_lines = [], []
    for file in (root / "rules").rglob("*.yaml"):
        lines = file.read_text(encoding="utf-8").splitlines()
        long_files += [(file.name, len(lines))] if len(lines) > 250 else []
        long_lines += [f"{file.name}:{n}" for n, line in enumerate(lines, start=1) if len(line) > 120]
    assert long_files == []
    assert long_lines == []


def test_nothing_stands_twice_in_the_rules(root: Path) -> None:
    """No two rules with one condition and conclusion, no number with one value and source in two files."""
    from nephroline.pathway import load_rules

    rules: dict[tuple[object, ...], str] = {}
    numbers: dict[tuple[object, ...], str] = {}
    twice = []
    for module in load_rules().modules.values():
        source = module.head.source
        for name, stated in module.rules.items():
            entry = stated.entry
            what = (entry.scope, entry.finding, entry.recommend, entry.block, entry.alert)
            key = (" ".join(entry.when.split()), entry.unless, *map(str, what))
            place = f"{name} in {module.id}"
            other = rules.setdefault(key, place)
            twice += [f"{other} and {place}"] if other != place else []
        for name, limit in module.thresholds.items():
            said = (name, str(limit.entry.value), limit.entry.source or source, limit.entry.cite)
            other = numbers.setdefault(said, module.id)
            twice += [f"{name} in {other} and {module.id}"] if other != module.id else []
    assert twice == []
