"""Shared by the benchmarks."""

from __future__ import annotations

from pathlib import Path

import pytest

import nephroline
from nephroline.pathway import Pathway
from nephroline.record import Record

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def case_1() -> Record:
    return nephroline.read_record(ROOT / "scenarios/pjnh-2015-case-1.yaml")


@pytest.fixture(scope="session")
def extended() -> Pathway:
    return nephroline.load_pathway("pjnh-2015/fsgs")
