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

OPEN = {
    "line.latest_line: steroid after it, dose not told": "a doubtful line counts as a later one",
    "line.regimen: only the class is told": "a drug of a class is no regimen, where it may be one",
    "course_lasted: dose not told": "an unknown dose counts as a low one",
    "phase_lasted: one dose not told": "a change to or from an unknown dose counts as one of phase",
}
"""What the engine does not say yet as it is written."""

ALL = list(chapters())
CASES = [
    pytest.param(
        file,
        chapter,
        case,
        id=(name := f"{file.stem}: {case.case}"),
        marks=[pytest.mark.xfail(strict=True, reason=OPEN[name])] if name in OPEN else [],
    )
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
    assert (set(FEATURES) | NODES) - told == set()


def test_every_chapter_meets_its_edges() -> None:
    """Each condition comes out both ways somewhere in its chapter, and some case leaves one open."""
    for file, chapter in ALL:
        for number, condition in enumerate(chapter.conditions):
            met = {case.holds[number] for case in chapter.cases}
            assert {"yes"} | ({"no"} if not chapter.never_no else set()) <= met, (
                f"{file.stem}: {condition} only {met}"
            )
        open_ended = any("unknown" in case.holds for case in chapter.cases)
        assert open_ended is not bool(chapter.never_unknown), file.stem
