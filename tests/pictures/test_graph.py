"""The pathway as a map: what leads where, and the patient's own way."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from nephroline.errors import UsageError
from nephroline.pathway import Pathway, load_pathway, pathway_ids
from nephroline.replaying import read_course, replay
from nephroline.report.graph import dot, mermaid, svg
from nephroline.roadmap import Roadmap, roadmap_of


@pytest.fixture(scope="module")
def walked(root: Path) -> Roadmap:
    pathway = load_pathway("pjnh-2015/fsgs")
    scenario = read_course(root / "scenarios/pjnh-2015-case-1.yaml")
    return roadmap_of(pathway, replay(scenario, pathway, quick=True))


def test_every_start_of_a_regimen_is_on_the_map(extended: Pathway) -> None:
    found = roadmap_of(extended)
    starts = {r.id for r in extended.rules.values() if " start " in f" {r.concludes} "}
    assert starts <= {way.rule for way in found.ways} | {
        r.id for r in extended.rules.values() if r.scope == "line"
    }
    ways = {(way.start, way.end) for way in found.ways}
    assert ("regimen:high-dose-glucocorticoid", "finding:steroid-resistant") in ways
    assert ("finding:steroid-resistant", "regimen:cyclosporine-low-dose-prednisolone") in ways


def test_the_way_of_case_1_is_marked(walked: Roadmap) -> None:
    gone = {(way.start, way.end) for way in walked.ways if way.gone}
    assert gone == {
        ("finding:nephrotic-syndrome", "regimen:high-dose-glucocorticoid"),
        ("regimen:high-dose-glucocorticoid", "finding:steroid-resistant"),
        ("finding:steroid-resistant", "regimen:cyclosporine-low-dose-prednisolone"),
        ("regimen:cyclosporine-low-dose-prednisolone", "finding:cni-resistant"),
        ("regimen:cyclosporine-low-dose-prednisolone", "finding:cni-nephrotoxicity"),
        ("finding:cni-resistant", "regimen:mycophenolate"),
        ("finding:cni-nephrotoxicity", "regimen:mycophenolate"),
        ("regimen:mycophenolate", "finding:mycophenolate-resistant"),
        ("finding:mycophenolate-resistant", "regimen:cyclosporine-mycophenolate"),
    }
    stays = {place.id: place.stays for place in walked.places if place.kind == "regimen" and place.stays}
    assert stays["regimen:mycophenolate"] == ("line 3: 10 mo to 24 mo",)
    assert [place.id for place in walked.places if place.next_line] == ["regimen:cyclosporine-mycophenolate"]


def test_a_missing_library_of_the_system_is_named(monkeypatch: pytest.MonkeyPatch, extended: Pathway) -> None:
    def refuse(name: str, *_: object) -> None:
        if name == "pygraphviz":
            raise ImportError("libgobject-2.0.so.0: cannot open shared object file")

    finder = type("Refusing", (), {"find_spec": staticmethod(refuse)})
    monkeypatch.delitem(sys.modules, "pygraphviz", raising=False)
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    with pytest.raises(UsageError, match=r"a library of the system: libgobject-2\.0\.so\.0 .*--format dot"):
        svg(roadmap_of(extended))


@pytest.mark.graphviz
@pytest.mark.parametrize("name", pathway_ids())
def test_every_pathway_can_be_drawn(name: str) -> None:
    found = roadmap_of(load_pathway(name))
    picture = ET.fromstring(svg(found))  # noqa: S314
    kinds = [group.get("class") for group in picture.iter("{http://www.w3.org/2000/svg}g")]
    assert kinds.count("node") == len(found.places)
    assert kinds.count("edge") == len(found.ways)
    assert dot(found).count(" -> ") == len(found.ways)
    assert mermaid(found).count("|") == 2 * len(found.ways)


def test_off_guideline_ways_are_dashed(walked: Roadmap) -> None:
    text = mermaid(walked)
    assert text.count("-.->") == sum(not way.on_guideline for way in walked.ways) > 0
