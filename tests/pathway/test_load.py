"""Pathway files: every fault with file, line and column; circles refused; order meaningless."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from nephroline.errors import PathwayError
from nephroline.pathway import Pathway, load_pathway

HEAD = """\
pathway: test/x
title: test
edition: test
disease: fsgs
source: nephroline
uses: [kdigo-2012/fsgs]
"""
STATEMENT = "statement: {source: nephroline, kind: policy, confidence: policy}\n    rationale: test"


def rule(body: str, name: str = "r", more: str = "") -> str:
    return f"rules:\n  - id: {name}\n    title: t\n    {body}\n    {STATEMENT}\n{more}"


def fault(text: str, tmp_path: Path) -> list[str]:
    file = tmp_path / "p.yaml"
    file.write_text(HEAD + text, encoding="utf-8")
    with pytest.raises(PathwayError) as bad:
        load_pathway(file)
    return [str(p).replace(f"{tmp_path}/", "") for p in bad.value.problems]


FAULTS = {
    "unknown name": (
        rule("when: treatd\n    finding: f"),
        "p.yaml:10:11: rules[0].when: unknown name `treatd` (did you mean `treated`",
    ),
    "quoted": (
        rule('when: "treated and onn_line"\n    finding: f'),
        "p.yaml:10:24: rules[0].when: unknown name `onn_line`",
    ),
    "folded": (
        rule("when: treated and\n      onn_line\n    finding: f"),
        "p.yaml:11:7: rules[0].when: unknown name `onn_line`",
    ),
    "bare number": (rule("when: age > 18\n    finding: f"), "the bare number `18` has no unit and no source"),
    "import": (rule("when: __import__('os')\n    finding: f"), "unknown name `__import__`"),
    "two conclusions": (
        rule("when: treated\n    finding: f\n    alert: {severity: info}"),
        "a rule concludes one thing, got finding and alert",
    ),
    "no conclusion": (rule("when: treated"), "a rule concludes one thing, got none"),
    "unknown regimen": (
        rule("when: treated\n    recommend: {action: start, regimen: steroids}"),
        "unknown regimen `steroids`",
    ),
    "no regimen": (rule("when: treated\n    recommend: {action: start}"), "`start` needs a regimen"),
    "missing threshold": (
        rule("when: treated\n    recommend: {action: start, regimen: mycophenolate, reassess: soon}"),
        "unknown threshold `soon`",
    ),
    "unknown block": (rule("when: treated\n    block: {agent: asprin}"), "unknown drug or class `asprin`"),
    "block of nothing": (rule("when: treated\n    block: {until: x}"), "a block names a regimen or an agent"),
    "taken id": (
        rule("when: treated\n    finding: f", "relapse"),
        "`relapse` is taken, by rules/shared/responses.yaml:",
    ),
    "nothing to replace": (
        rule("when: treated\n    replaces: true\n    finding: f"),
        "there is no `r` below it to replace",
    ),
    "unknown without": ("without: [relaps]\n", "unknown rule `relaps` (did you mean `relapse`?)"),
    "early question": (
        rule("when: proposed(cyclosporine)\n    block: {agent: cyclosporine}"),
        "decides the next line and cannot ask `proposed`",
    ),
    "unknown text threshold": (
        rule("when: treated\n    alert: {severity: info, detail: 'after {steroid_trail}'}"),
        "unknown threshold `steroid_trail` (did you mean `steroid_trial`?)",
    ),
    "bad action": (
        rule("when: treated\n    recommend: {action: prescribe, regimen: mycophenolate}"),
        "`prescribe` is not one of the accepted words",
    ),
    "unknown field": (rule("when: treated\n    finding: f\n    becuase: x"), "unknown field `becuase`"),
    "threshold range": (
        "thresholds: {x: {title: t, value: 1-2 g/d, source: nephroline, confidence: policy}}\n",
        "is a range",
    ),
    "threshold unit": (
        "thresholds: {x: {title: t, value: 1 foo, source: nephroline, confidence: policy}}\n",
        "unknown unit `foo`",
    ),
    "threshold source": (
        "thresholds: {x: {title: t, value: 1 g/d, source: my-memory, confidence: policy}}\n",
        "unknown source `my-memory`",
    ),
    "threshold confidence": (
        "thresholds: {x: {title: t, value: 1 g/d, source: nephroline, confidence: sure}}\n",
        "`sure` is not one of the accepted words",
    ),
    "threshold form twice": (
        "thresholds: {x: {title: t, value: [1 g/d, 1000 mg/d], source: nephroline, confidence: policy}}\n",
        "repeats a form already given",
    ),
    "threshold name": (
        "thresholds: {creatinine: {title: t, value: 1 g/d, source: nephroline, confidence: policy}}\n",
        "cannot name a threshold",
    ),
    "exposure refers": (
        "exposure: [{for: glucocorticoid, replaces: true, adequate: counted_exposure}]\n",
        "refers to a conclusion",
    ),
    "assessment rule": (
        rule("for: assessment\n    when: treated\n    finding: f"),
        "a rule is about a patient or a line",
    ),
    "grade without number": (
        "rules:\n  - {id: r, title: t, when: treated, finding: f, rationale: x, statement: {source: kdigo-2012, kind: prose, strength: '1', confidence: policy}}\n",
        "only a numbered recommendation carries a grade",
    ),
    "trial as guideline": (
        "rules:\n  - {id: r, title: t, when: treated, finding: f, rationale: x, statement: {source: cattran-1999, kind: trial, confidence: policy}}\n",
        "is no guideline",
    ),
}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_each_fault_is_named_with_its_place(name: str, tmp_path: Path) -> None:
    text, message = FAULTS[name]
    found = fault(text, tmp_path)
    assert len(found) == 1, found
    assert message in found[0]
    assert found[0].startswith("p.yaml:")


def test_a_circle_through_not_is_refused(tmp_path: Path) -> None:
    (found,) = fault(
        "definitions:\n  - {id: aa, title: a, of: patient, when: not bb}\n  - {id: bb, title: b, of: patient, when: aa}\n",
        tmp_path,
    )
    assert "p.yaml:8:5: definitions[0]" in found
    assert "circle: aa → bb → aa" in found


def test_findings_in_a_circle_are_refused(tmp_path: Path) -> None:
    more = f"  - id: s\n    title: t\n    when: finding(f)\n    finding: g\n    {STATEMENT}\n"
    (found,) = fault(rule("when: not finding(g)\n    finding: f", "r", more), tmp_path)
    assert "circle" in found


def test_definitions_of_assessments_in_a_circle_are_refused(tmp_path: Path) -> None:
    (found,) = fault(
        "definitions:\n  - {id: aa, title: a, of: assessment, when: not bb}\n  - {id: bb, title: b, of: assessment, when: aa}\n",
        tmp_path,
    )
    assert "circle" in found


def test_a_pathway_cannot_use_itself_or_nothing(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    for used, message in (
        ("test/x", "use each other in a circle: test/x → test/x"),
        ("kdigo-2012/fsg", "did you mean `kdigo-2012/fsgs`"),
    ):
        file.write_text(HEAD.replace("kdigo-2012/fsgs", used))
        with pytest.raises(PathwayError, match=message):
            load_pathway(file)


def test_what_extends_was_is_said(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(HEAD.replace("uses: [kdigo-2012/fsgs]", "extends: kdigo-2012/fsgs"))
    with pytest.raises(PathwayError, match=r"`extends` is now `uses` \(write uses: \[kdigo-2012/fsgs\]\)"):
        load_pathway(file)


def test_a_pathway_alone_must_state_its_windows_and_responses(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(HEAD.replace("uses: [kdigo-2012/fsgs]\n", ""))
    with pytest.raises(PathwayError) as bad:
        load_pathway(file)
    text = str(bad.value)
    assert "`course_gap` is missing" in text
    assert "`responses` is missing" in text


def test_every_number_has_a_source_and_a_confidence(kdigo: Pathway, extended: Pathway) -> None:
    for pathway in (kdigo, extended):
        for limit in pathway.thresholds.values():
            assert limit.source in pathway.catalogue.sources
            assert limit.confidence


def test_every_rule_of_the_extension_is_off_guideline(extended: Pathway) -> None:
    own = [rule for rule in extended.rules.values() if rule.module == "pjnh-2015/fsgs"]
    assert len(own) > 10
    assert not any(rule.on_guideline for rule in own)
    assert all(not rule.statement.grade for rule in own)


def test_the_order_of_rules_and_keys_means_nothing(root: Path, tmp_path: Path, extended: Pathway) -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: turned(v) for k, v in reversed(list(value.items()))}
        return value

    data = turned(yaml.safe_load((root / "rules/pjnh-2015/fsgs/pathway.yaml").read_text()))
    for section in ("rules", "definitions"):
        data[section] = [turned(row) for row in reversed(data[section])]
    file = tmp_path / "p.yaml"
    file.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))
    other = load_pathway(file)
    assert set(other.rules) == set(extended.rules)
    assert other.digest == extended.digest
    assert [sorted(c.id for c in s) for s in other.strata] == [
        sorted(c.id for c in s) for s in extended.strata
    ]


def test_the_digest_names_the_content() -> None:
    assert load_pathway("kdigo-2012/fsgs").digest.startswith("sha256:")
    assert load_pathway("kdigo-2012/fsgs").digest != load_pathway("pjnh-2015/fsgs").digest


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("14 months", "14 \n      months", True),
        ("mycophenolate_line and counted_exposure", "mycophenolate_line  and\n      counted_exposure", True),
        ("value: 1000 mg/d", "value: 1500 mg/d", False),
        ("cite: p. 80-81", "cite: p. 79-81", False),
        ("mycophenolate_line and counted_exposure", "mycophenolate_line", False),
        ("only after 3 years", "only after 4 years", False),
    ],
)
def test_the_digest_is_of_the_content_not_of_its_layout(
    root: Path, tmp_path: Path, extended: Pathway, old: str, new: str, same: bool
) -> None:
    text = (root / "rules/pjnh-2015/fsgs/pathway.yaml").read_text()
    assert old in text
    file = tmp_path / "p.yaml"
    file.write_text("# another comment\n" + text.replace(old, new))
    assert (load_pathway(file).digest == extended.digest) is same
