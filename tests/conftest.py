"""Shared fixtures: the pathways, and the scenarios as data."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from nephroline.pathway import Pathway, load_pathway
from nephroline.record import open_document

# The gate draws the same charts each time; LAW_EXAMPLES=5000 searches further, with a new seed.
settings.register_profile("gate", derandomize=True)
if int(os.environ.get("LAW_EXAMPLES", "0")) <= 100:
    settings.load_profile("gate")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def kdigo() -> Pathway:
    return load_pathway("kdigo-2012/fsgs")


@pytest.fixture(scope="session")
def extended() -> Pathway:
    return load_pathway("pjnh-2015/fsgs")


@pytest.fixture(scope="session")
def scenario_data() -> Callable[[str], dict[str, Any]]:
    """Give a fresh copy of a scenario file's data, by file name without ending."""
    read: dict[str, Any] = {}

    def data(name: str) -> dict[str, Any]:
        if name not in read:
            (path,) = (ROOT / "scenarios").rglob(f"{name}.yaml")
            read[name] = open_document(path).data
        found: dict[str, Any] = copy.deepcopy(read[name])
        return found

    return data
