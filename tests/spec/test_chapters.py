"""What every feature and every node of the language means, chapter by chapter."""

from __future__ import annotations

from pathlib import Path

import pytest
from chapters import WORDS, Case, Chapter, asked, chapters, pathway_of

from nephroline.backends import backend
from nephroline.consultation import consulted
from nephroline.features import FEATURES
from nephroline.pathway import Pathway
from nephroline.record import read_record

ALL = list(chapters())
CASES = [
    pytest.param(file, chapter, case, id=f"{file.stem}: {case.case}")
    for file, chapter in ALL
    for case in chapter.cases
]


@pytest.fixture(scope="module")
def pathways(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Pathway]:
    return {file: pathway_of(chapter, tmp_path_factory.mktemp(file.stem)) for file, chapter in ALL}


@pytest.mark.parametrize(("file", "chapter", "case"), CASES)
def test_chapter(file: Path, chapter: Chapter, case: Case, pathways: dict[Path, Pathway]) -> None:
    pathway = pathways[file]
    found = [asked(chapter, case, pathway, n) for n in range(1, len(chapter.conditions) + 1)]
    assert [WORDS[each.truth] for each in found] == case.holds
    if case.said:
        assert case.said in str(found[0].reason)
    record = read_record(chapter.chart(case), pathway.catalogue)
    answer = consulted(record, pathway, case.at or chapter.at, backend("shadow"))
    run = answer.run
    subject = case.line if chapter.scope == "line" else 0
    missing = [
        item.datum
        for n in range(1, len(chapter.conditions) + 1)
        for item in run.missing(pathway.rules[f"asked-{n}"].when, subject)
    ]
    assert sorted(set(missing)) == sorted(case.needs)


LATER = {name for name, feature in FEATURES.items() if feature.scope == "line"} - {
    "line.duration",
    "line.since_end",
    "line.baseline",
    "line.latest",
    "line.change",
    "line.peak_change",
    "line.rise",
    "line.up",
    "line.still_risen",
    "line.word",
}
"""What speaks of lines and exposure: the chapters come with the course that they will follow."""
LATER |= {"tried", "treated", "on_line", "line_begun_since", "proposed"}
LATER |= {"response", "response_lasted", "relapses", "relapses_on"}
LATER |= {"assessment.earlier", "assessment.risen_in"}

NODES = {
    "and",
    "or",
    "not",
    "compare",
    "chained",
    "is",
    "in",
    "definition",
    "any_line",
    "finding",
    "line.finding",
}
NODES |= {"unless", "forms"}


def test_every_feature_and_node_has_its_chapter() -> None:
    told = {name for _, chapter in ALL for name in chapter.about}
    assert (set(FEATURES) - LATER | NODES) - told == set()


def test_every_chapter_meets_its_edges() -> None:
    """Each condition comes out both ways somewhere in its chapter, and some case leaves one open."""
    for file, chapter in ALL:
        for number, condition in enumerate(chapter.conditions):
            met = {case.holds[number] for case in chapter.cases}
            assert {"yes", "no"} <= met, f"{file.stem}: {condition} only {met}"
        open_ended = any("unknown" in case.holds for case in chapter.cases)
        assert open_ended is not bool(chapter.never_unknown), file.stem
