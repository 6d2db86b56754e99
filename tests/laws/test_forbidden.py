"""Law 14: what the chart alone forbids is never begun, continued or raised; a slice, the rest is `make laws`."""

from __future__ import annotations

from collections import Counter

from forbidden import TABLE, blocks_of, broken, left_out, search
from hazards import hazardous

from nephroline.consultation import consult
from nephroline.pathway import load_pathway, pathway_ids
from nephroline.record import read_record


def test_the_table_is_of_sixty_rows_or_more_each_with_its_source() -> None:
    assert len(TABLE) >= 60
    assert max(Counter(row["id"] for row in TABLE).values()) == 1
    assert all(row["source"] and row["kind"] in ("label", "guideline", "table", "policy") for row in TABLE)


def test_law_14_nothing_forbidden_is_begun_continued_or_raised() -> None:
    asked, found, first = search([load_pathway(name) for name in pathway_ids()], iter(range(7000, 7800)))
    assert asked > 700
    assert not found, first


def test_a_line_that_is_stopped_or_lowered_offers_nothing_of_its_regimen() -> None:
    """Orders of a steroid that was given before, in charts on which the whole law has found it allowed."""
    seeds = (140_047_760, 140_018_390, 140_002_360)
    asked, found, _ = search([load_pathway(name) for name in pathway_ids()], iter(seeds))
    assert (asked, found) == (3, {})


def test_law_14_holds_with_the_inference_engine() -> None:
    pathway = load_pathway("pjnh-2015/fsgs")
    for seed in range(20):
        case = hazardous(seed)
        assert list(broken(case, consult(read_record(case.chart), pathway, case.at))) == []


def test_a_block_that_is_left_out_is_noticed() -> None:
    """The checker can fail: of one block here, of each in `make laws`."""
    assert "potassium-before-cni" in blocks_of(["kdigo-2021/fsgs"])
    without = left_out("kdigo-2021/fsgs", "potassium-before-cni")
    assert without is not None
    found = search([without], iter(range(140_000_000, 140_001_200)))[1]
    assert any(name.startswith("potassium-") for name in found)
