"""Budgets of the house: one package under engine/, no long module."""

from __future__ import annotations

from pathlib import Path


def test_engine_holds_one_package(root: Path) -> None:
    names = {p.name for p in (root / "engine").iterdir() if p.name != "__pycache__"}
    assert names == {"nephroline"}


def test_no_module_grows_beyond_600_lines(root: Path) -> None:
    lengths = {p.name: len(p.read_text().splitlines()) for p in (root / "engine").rglob("*.py")}
    assert {name: n for name, n in lengths.items() if n > 600} == {}


def test_no_drug_or_disease_is_named_in_python(root: Path) -> None:
    """Clinical content lives in YAML; docstrings may give examples, code may not."""
    import ast

    from nephroline.catalogue import load_catalogue

    catalogue = load_catalogue()
    names = {*catalogue.drugs, *catalogue.classes, *catalogue.conditions, *catalogue.diagnoses} - {"other"}
    found = []
    for path in (root / "engine").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names:
                found.append(f"{path.name}:{node.lineno}: {node.value}")
    assert found == []
