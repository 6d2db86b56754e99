"""How long consultations take, and how that grows. Run with `make bench`; numbers are ratios of one run."""

from __future__ import annotations

from typing import Any

import durable_rules_engine
import pytest

import nephroline
from nephroline.backends import backend
from nephroline.backends.durable import DurableStage
from nephroline.consultation import consulted
from nephroline.consultation.run import Run, prepare
from nephroline.pathway import Pathway
from nephroline.record import Record


@pytest.mark.parametrize("engine", ["durable", "reference", "shadow"])
def bench_consultation(benchmark: Any, case_1: Record, extended: Pathway, engine: str) -> None:
    """Case 1 at 24 months, record parsed, all reasons included."""
    benchmark(nephroline.consult, case_1, extended, "24 mo", backend_name=engine)


def bench_bare_durable_rules(benchmark: Any, case_1: Record, extended: Pathway) -> None:
    """The same facts through the C library alone: assert, fire, delete."""
    run: Run = consulted(case_1, extended, "24 mo", backend("durable")).run
    work: list[tuple[int, list[str]]] = []
    for late in (False, True):
        for stratum in prepare(extended, backend("durable"), late=late):
            stage = stratum.stage
            assert isinstance(stage, DurableStage)
            facts = run.facts(stratum)
            work += [(c.ruleset._handle, [*c.texts(facts), '{"id":"w","kind":"w"}']) for c in stage._chunks]

    def bare() -> None:
        for handle, facts in work:
            offset = 0
            for fact in facts:
                _, offset = durable_rules_engine.assert_fact(handle, fact)
            action = durable_rules_engine.start_action_for_state(handle, offset)
            message = action[1] if action else None
            while message:
                message = durable_rules_engine.complete_and_start_action(handle, offset)
            durable_rules_engine.delete_state(handle, None)

    benchmark(bare)


@pytest.mark.parametrize("count", [10, 100, 1_000, 10_000])
def bench_growth_with_observations(benchmark: Any, count: int) -> None:
    pathway = nephroline.load_pathway("kdigo-2012/fsgs")
    rows = [
        {"at": f"{i} d", "proteinuria": f"{9 - i % 7} g/d", "albumin": "2.0 g/dL", "creatinine": "1.0 mg/dL"}
        for i in range(max(count // 3, 1))
    ]
    record = nephroline.read_record(
        {
            "id": "long",
            "age": "40 years",
            "observations": rows,
            "exposures": [
                {"drug": "prednisolone", "dose": "1 mg/kg/d", "from": "0 d", "to": "112 d"},
                {"drug": "cyclosporine", "trough_target": "125-175 ng/mL", "from": "112 d"},
            ],
        }
    )
    benchmark(nephroline.consult, record, pathway)


def bench_reading_a_record(benchmark: Any) -> None:
    from conftest import ROOT

    benchmark(nephroline.read_record, ROOT / "scenarios/pjnh-2015-case-1.yaml")


@pytest.mark.parametrize("at", ["4 mo", "10 mo", "24 mo", "102 mo"])
def bench_outlook(benchmark: Any, case_1: Record, extended: Pathway, at: str) -> None:
    """A consultation with the search for what the missing data can change."""
    benchmark(nephroline.thorough, case_1, extended, at)


@pytest.mark.parametrize("regimen", ["cyclosporine-mycophenolate", "tacrolimus", "high-dose-glucocorticoid"])
def bench_why_not(benchmark: Any, case_1: Record, extended: Pathway, regimen: str) -> None:
    benchmark(nephroline.why_not, case_1, extended, regimen, "10 mo")
