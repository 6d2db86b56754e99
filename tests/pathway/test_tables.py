"""Limits, edges, grades, doses and preferences, as tables: a change of one is a change of what patients are told.

``NEPHROLINE_GOLDEN=write`` writes them anew; read what changed against the sources before you keep it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from printed import COLUMNS, tables_of

import nephroline

FOLDER = Path(__file__).parent / "tables"


@pytest.fixture(scope="module")
def tables() -> dict[str, str]:
    return tables_of([nephroline.load_pathway(name) for name in nephroline.pathway_ids()])


@pytest.mark.parametrize("name", COLUMNS)
def test_the_rules_say_what_the_table_says(tables: dict[str, str], name: str) -> None:
    file = FOLDER / f"{name}.tsv"
    if os.environ.get("NEPHROLINE_GOLDEN") == "write":
        file.write_text(tables[name], encoding="utf-8")
    assert tables[name] == file.read_text(encoding="utf-8")
