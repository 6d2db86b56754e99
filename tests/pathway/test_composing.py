"""Modules: what they expect, what they may see, who replaces whom; a site's folder; editions by themselves."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import nephroline
from nephroline.errors import PathwayError, UsageError
from nephroline.pathway import load_pathway, load_rules

HEAD = "pathway: test/x\ntitle: t\nedition: e\ndisease: fsgs\nsource: nephroline\nuses: [kdigo-2012/fsgs, ./own]\n"
OWN = "module: ./own\ntitle: own\nsource: nephroline\n"
LIMIT = "{title: t, value: 3 g/d, source: nephroline, confidence: policy}"


def rule(name: str, when: str, more: str = "") -> str:
    return (
        f"  - {{id: {name}, title: t, when: {when}, alert: {{severity: info, detail: d}}, rationale: r"
        f"{', ' + more if more else ''}}}\n"
    )


def site(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def faults(folder: Path, files: dict[str, str]) -> str:
    with pytest.raises(PathwayError) as bad:
        load_rules(site(folder, files)).pathway("test/x")
    return "\n".join(str(p) for p in bad.value.problems).replace(f"{folder}/", "")


FAULTS: dict[str, tuple[dict[str, str], str]] = {
    "expected and not stated": (
        {"own": OWN + "expects: {thresholds: {mine: mass-rate}}\nrules:\n" + rule("r", "latest(proteinuria) > mine")},
        "own.yaml:4:30: expects.thresholds.mine: `./own` expects the threshold `mine`, and nobody states it",
    ),
    "expected for nothing": (
        {"own": OWN + "expects: {thresholds: {steroid_trial: time}}\nrules:\n" + rule("r", "treated")},
        "own.yaml:4:39: expects.thresholds.steroid_trial: expects `steroid_trial`, but does not use it",
    ),
    "a definition expected for nothing": (
        {"own": OWN + "expects: {definitions: {in_remission: patient}}\nrules:\n" + rule("r", "treated")},
        "expects `in_remission`, but does not use it",
    ),
    "a finding expected for nothing": (
        {"own": OWN + "expects: {findings: [relapse]}\nrules:\n" + rule("r", "treated")},
        "expects `relapse`, but does not use it",
    ),
    "expected as another kind": (
        {"own": OWN + "expects: {thresholds: {steroid_trial: mass}}\nrules:\n" + rule("r", "response_lasted > steroid_trial")},
        "`./own` expects `steroid_trial` as a mass (it is given as time)",
    ),
    "expected of another": (
        {"own": OWN + "expects: {definitions: {in_remission: line}}\nrules:\n" + rule("r", "in_remission")},
        "`./own` expects `in_remission` of a line (it is of a patient)",
    ),
    "an expected definition that nobody states": (
        {"own": OWN + "expects: {definitions: {mine: patient}}\nrules:\n" + rule("r", "treated or mine")},
        "expects the definition `mine`, and nobody states it",
    ),
    "used and not declared": (
        {"own": OWN + "rules:\n" + rule("r", "response_lasted > steroid_trial and in_remission")},
        "`steroid_trial` is not of `./own` (declare it under `expects`, thresholds; or use the module that states it)",
    ),
    "named in a text and not declared": (
        {"own": OWN + "rules:\n" + rule("r", "treated").replace("detail: d", "detail: 'for {steroid_trial}'")},
        "`steroid_trial` is not of `./own`",
    ),
    "two of one name": (
        {
            "own": OWN + "rules:\n" + rule("r", "treated"),
            "other": OWN.replace("./own", "./other") + "rules:\n" + rule("r", "not treated"),
            "head": HEAD.replace("./own", "./own, ./other"),
        },
        "other.yaml:5:5: rules[0]: `r` is taken, by own.yaml:5 (rename one of them)",
    ),
    "one below, without saying so": (
        {"own": OWN + "uses: [shared/responses]\nrules:\n" + rule("relapse", "treated")},
        "`relapse` is taken, by rules/shared/responses.yaml",
    ),
    "two in one file": (
        {"own": OWN + "rules:\n" + rule("r", "treated") + rule("r", "treated")},
        "the id `r` is taken, by own.yaml:5",
    ),
    "a circle": (
        {"own": OWN + "uses: [./other]\n", "other": OWN.replace("./own", "./other") + "uses: [./own]\n"},
        "these use each other in a circle: ./own → ./other → ./own",
    ),
    "a circle through the pathway": (
        {"own": OWN + "uses: [test/x]\n"},
        "these use each other in a circle: test/x → ./own → test/x",
    ),
    "outside the folder": ({"own": OWN + "uses: [./../../secret]\n"}, "`./../../secret` is outside the folder"),
    "an unknown module": ({"own": OWN + "uses: [safety/cnis]\n"}, "unknown module `safety/cnis` (did you mean `safety/cni`?"),
    "the catalogue is no module": ({"own": OWN + "uses: [catalogue/units]\n"}, "unknown module `catalogue/units`"),
    "a path as a name": ({"own": OWN + "uses: [/etc/passwd]\n"}, "unknown module `/etc/passwd`"),
    "a missing file": ({"own": OWN + "uses: [./nowhere]\n"}, "there is no file `./nowhere.yaml`"),
    "not called as its place": ({"own": OWN.replace("./own", "./mine")}, "is called `./mine` (call it as its place: ./own)"),
    "neither": ({"own": OWN, "x": "hello: world\n"}, "is neither a pathway nor a module"),
    "authority without a rule": (
        {"own": OWN, "head": HEAD + "authority:\n  no-such-rule: {kind: prose, confidence: policy}\n"},
        "there is no rule or definition `no-such-rule` of which to say this",
    ),
    "authority of what it does not use": (
        {"own": OWN + "uses: [shared/windows]\nauthority:\n  relapse: {kind: prose, confidence: policy}\n"},
        "there is no rule or definition `relapse`",
    ),
    "a condition in an authority": (
        {"own": OWN, "head": HEAD + "authority:\n  relapse: {kind: prose, confidence: policy, when: treated}\n"},
        "unknown field `when`",
    ),
    "half a statement": (
        {"own": OWN, "head": HEAD + "authority:\n  relapse: {kind: prose}\n"},
        "a statement has a kind and a confidence",
    ),
    "no such grade": (
        {"own": OWN, "head": HEAD + "authority:\n  relapse: {kind: recommendation, id: '1', grade: 3Z, confidence: policy}\n"},
        "`3Z` is no grade (write 1 or 2 and A to D, such as 2B, or not-graded)",
    ),
    "without, of a module": (
        {"own": OWN + "uses: [shared/responses]\nwithout: [relapse]\n"},
        "`without` is for what a whole pathway brings",
    ),
    "the id of ours": (
        {"own": OWN, "head": HEAD.replace("test/x", "kdigo-2012/fsgs").replace("[kdigo-2012/fsgs, ", "[")},
        "the pathway `kdigo-2012/fsgs` is taken",
    ),
    "an id twice": ({"own": OWN, "again": HEAD}, "the pathway `test/x` is taken"),
    "an unknown disease": ({"own": OWN, "head": HEAD.replace("disease: fsgs", "disease: fsg")}, "unknown diagnosis `fsg`"),
    "hidden by nothing": ({"own": OWN, "head": HEAD + "may_be_hidden_by: [mcdd]\n"}, "unknown diagnosis `mcdd`"),
    "no source": (
        {"own": OWN.replace("source: nephroline\n", "") + "thresholds: {x: {title: t, value: 1 g/d, confidence: policy}}\n"},
        "names no source",
    ),
    "half a statement by its number alone": (
        {"own": OWN, "head": HEAD + "authority:\n  relapse: {id: '1', grade: 2B}\n"},
        "a statement has a kind and a confidence",
    ),
    "authority that its rule cannot take": (
        {"own": OWN, "head": HEAD + "authority:\n  relapse: {preference: 2}\n"},
        "authority.relapse.preference: a rule with `finding` has no `preference`",
    ),
    "authority by two that do not use each other": (
        {
            "own": OWN + "uses: [shared/responses]\nauthority:\n  relapse: {title: one}\n",
            "other": OWN.replace("./own", "./other") + "uses: [shared/responses]\nauthority:\n  relapse: {title: two}\n",
            "head": HEAD.replace("./own", "./own, ./other"),
        },
        "of `relapse` something is said by rules/kdigo-2012/edition.yaml",
    ),
    "responses in the place of others, unsaid": (
        {
            "own": OWN + "uses: [shared/responses, kdigo-2012/fsgs]\nresponses:\n  - {is: complete-remission, when: treated}\n",
        },
        "says already what is a response (add `replaces: true` to each row",
    ),
    "an exposure twice": (
        {
            "own": OWN + "exposure:\n"
            + "  - {for: rituximab, adequate: treated}\n" * 2,
        },
        "the exposure to rituximab is given twice",
    ),
    "the id of one of our modules": (
        {"own": OWN, "x": OWN.replace("./own", "safety/cni")},
        "is called `safety/cni`",
    ),
    "without a rule of its own modules": (
        {"own": OWN + "rules:\n" + rule("r", "treated"), "head": HEAD + "without: [r]\n"},
        "unknown rule `r`",
    ),
    "a finding of a module that it does not use": (
        {"own": OWN + "rules:\n" + rule("r", "finding(relapse)")},
        "`relapse` is not of `./own`",
    ),
    "a dose of no dose": (
        {
            "own": OWN
            + "thresholds:\n  two: {title: t, value: 2 wk, source: nephroline, confidence: policy}\n"
            + "rules:\n  - {id: r, title: t, when: treated, rationale: r, recommend: {action: start, "
            + "regimen: tacrolimus, title: t, dose: {tacrolimus: {amount: two, per: day}}}}\n",
        },
        "`two` is not a dose, but time",
    ),
    "a full dose of no dose": (
        {
            "own": OWN
            + "uses: [kdigo-2012/edition]\nthresholds:\n  steroid_daily_most: {replaces: true, title: t, value: 2 wk, "
            + "source: nephroline, confidence: policy}\n",
        },
        "the threshold `steroid_daily_most` is no dose per day: glucocorticoid is at its full dose from it on",
    ),
    "one full dose and not the others": (
        {
            "own": OWN
            + "thresholds:\n  steroid_daily_most: {title: t, value: 80 mg/d, source: nephroline, confidence: policy}\n",
            "head": HEAD.replace("kdigo-2012/fsgs", "shared/windows"),
        },
        "the threshold `steroid_alternate_most` is missing: glucocorticoid is at its full dose from it on",
    ),
    "a name with a NUL": ({"own": OWN + 'uses: ["./a\\0b"]\n'}, "cannot name a file"),
    "a name of a thousand letters": ({"own": OWN + f"uses: [./{'a' * 1000}]\n"}, "aaaa"),
    "a comment in a condition": (
        {"own": OWN + "rules:\n" + rule("r", "'treated # and more'")},
        "#",
    ),
    "braces around no name": (
        {"own": OWN + "rules:\n" + rule("r", "treated").replace("detail: d", "detail: 'for {3 mo}'")},
        "unknown threshold `3 mo`",
    ),
    "a number in a title": (
        {"own": OWN + "rules:\n" + rule("r", "treated").replace("title: t,", "title: 'for {steroid_trial}',")},
        "no number is put in here",
    ),
    "an outcome without a line": (
        {
            "own": OWN
            + "rules:\n  - {id: r, title: t, when: treated, rationale: r, finding: f, outcome: resistant}\n",
        },
        "only a finding about a line has an outcome",
    ),
    "a running line and a regimen": (
        {
            "own": OWN
            + "rules:\n  - {id: r, title: t, when: treated, rationale: r, "
            + "recommend: {action: continue, regimen: tacrolimus, keep: true, title: t}}\n",
        },
        "keeps the running line and names a regimen",
    ),
    "a preference below safety": (
        {
            "own": OWN
            + "rules:\n  - {id: r, title: t, when: treated, rationale: r, "
            + "recommend: {action: start, regimen: tacrolimus, title: t, preference: -1}}\n",
        },
        "a preference is 0 (safety), 1, 2",
    ),
    "a low dose above the high one": (
        {
            "own": OWN
            + "uses: [kdigo-2012/fsgs]\nthresholds:\n  cyclosporine_dose_low: {title: t, value: 9 mg/kg/d, "
            + "source: nephroline, confidence: policy, replaces: true}\n",
        },
        "`cyclosporine_dose_low` is above `cyclosporine_dose_high`",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_each_fault_of_composition_is_named_with_its_place(name: str, tmp_path: Path) -> None:
    files, message = FAULTS[name]
    assert message in faults(tmp_path, {"head": HEAD, **files})


def test_what_nobody_states_is_policy_and_off_guideline(tmp_path: Path) -> None:
    files = {"head": HEAD, "own": OWN + "rules:\n" + rule("r", "treated")}
    found = load_rules(site(tmp_path, files)).pathway("test/x").rules["r"]
    assert (found.statement.source, found.statement.kind, found.on_guideline) == (
        "nephroline",
        "policy",
        False,
    )
    assert (found.module, found.place.endswith("own.yaml:5"), found.care) == ("./own", True, False)


def test_authority_is_that_of_the_edition_then_of_the_disease(tmp_path: Path) -> None:
    said = (
        "authority:\n  relapse: {source: hogan-2013, kind: prose, confidence: verified, title: Again}\n"
        "  start-high-dose-steroid: {detail: as here, preference: 3}\n"
        "  start-cyclosporine: {kind: recommendation, id: '9.9', grade: 2B, confidence: recalled, reviewed: 2026-11}\n"
    )
    pathway = load_rules(site(tmp_path, {"head": HEAD + said, "own": OWN})).pathway("test/x")
    ours = load_pathway("kdigo-2012/fsgs")
    relapse, before = pathway.rules["relapse"], ours.rules["relapse"]
    assert (relapse.statement.source, relapse.title, relapse.rationale) == (
        "hogan-2013",
        "Again",
        before.rationale,
    )
    assert relapse.when is not None
    first, second = pathway.rules["start-high-dose-steroid"], ours.rules["start-high-dose-steroid"]
    assert first.statement == second.statement
    assert (first.conclusion.detail, first.conclusion.preference) == ("as here", 3)  # type: ignore[union-attr]
    graded = pathway.rules["start-cyclosporine"].statement
    assert (graded.grade, graded.id, graded.reviewed, graded.source) == ("2B", "9.9", "2026-11", "nephroline")


def test_what_replaces_a_rule_is_not_told_in_the_words_of_the_one_it_replaces(tmp_path: Path) -> None:
    own = rule("r", "not treated", "replaces: true").replace("detail: d", "detail: mine")
    files = {
        "own": OWN
        + "rules:\n"
        + rule("r", "treated")
        + "authority:\n  r: {kind: prose, confidence: policy, detail: theirs}\n",
        "head": HEAD + "rules:\n" + own,
    }
    found = load_rules(site(tmp_path, files)).pathway("test/x").rules["r"]
    assert found.conclusion.detail == "mine"  # type: ignore[union-attr]
    assert found.module == "test/x"


def test_modules_are_reached_once_however_many_ways_lead_to_them(tmp_path: Path) -> None:
    files = {
        "own": OWN + "uses: [./base, ./sub/other]\n",
        "sub/other": OWN.replace("./own", "./sub/other") + "uses: [./../base]\n",
        "base": OWN.replace("./own", "./base") + "rules:\n" + rule("r", "treated"),
        "head": HEAD,
    }
    pathway = load_rules(site(tmp_path, files)).pathway("test/x")
    assert pathway.uses.count("./base") == 1
    assert pathway.rules["r"].module == "./base"


def test_a_finding_that_is_expected_and_never_concluded_is_never_earned(tmp_path: Path) -> None:
    ours = load_rules().edition("kdigo-2012")
    assert "cni-resistant" in ours.expected_findings
    assert "cni-resistant" not in {r.id for r in ours.rules.values()}
    record = nephroline.read_record(
        {"id": "x", "observations": [{"at": "0 mo", "creatinine": "1 mg/dL"}, {"at": "3 mo", "creatinine": "2 mg/dL"}],
         "exposures": [{"drug": "cyclosporine", "from": "0 mo"}]}
    )  # fmt: skip
    rules = {a.id for a in nephroline.consult(record, ours, "3 mo").findings}
    assert "cni-nephrotoxicity" in rules


@pytest.mark.parametrize("edition", load_rules().edition_ids)
def test_safety_and_care_load_with_an_edition_alone(edition: str) -> None:
    rules = load_rules()
    alone = rules.edition(edition)
    assert alone.disease == ""
    care = {name for name, rule in alone.rules.items() if rule.care}
    assert len(care) > 60
    for name in rules.pathway_ids:
        pathway = rules.pathway(name)
        if f"{edition}/edition" in pathway.uses:
            assert care <= {n for n, rule in pathway.rules.items() if rule.care}, name
            assert pathway.population == () or len(pathway.population) == len(alone.population)
    assert {because for _, because in alone.population} == {
        "the pathway is for adults",
        "disease in a transplanted kidney is another matter",
    }


# -- a hospital's folder -------------------------------------------------------------------------------

DRUG = """\
module: ./examplosporin
title: examplosporin, which we use
source: nephroline
uses: [safety/cni]
catalogue:
  sources:
    - {id: our-formulary, short: our formulary, kind: policy, citation: the hospital's own list of drugs}
  drugs:
    - {id: examplosporin, title: examplosporin, classes: [calcineurin-inhibitor], synonyms: [exsp], atc: L04AD99}
"""
CHART: dict[str, Any] = {
    "id": "x",
    "sex": "female",
    "age": "40 years",
    "weight": "70 kg",
    "biopsies": [{"at": "0 mo", "glomeruli": 20, "diagnosis": "fsgs"}],
    "observations": [
        {"at": "0 mo", "proteinuria": "9 g/d", "albumin": "18 g/L", "creatinine": "1.0 mg/dL"},
        {"at": "2 mo", "proteinuria": "8 g/d", "albumin": "18 g/L", "creatinine": "1.6 mg/dL"},
    ],
    "exposures": [{"drug": "exsp", "from": "0 mo", "dose": "47.4 mg/d"}],
}


def test_a_hospital_adds_a_drug_that_our_rules_speak_of(tmp_path: Path) -> None:
    files = {"examplosporin": DRUG, "ours/fsgs": HEAD.replace("./own", "./../examplosporin")}
    rules = load_rules(site(tmp_path, files))
    record = nephroline.read_record(CHART, rules.catalogue)
    for name in ("test/x", "kdigo-2012/fsgs"):
        answer = nephroline.consult(record, rules.pathway(name), "2 mo")
        assert answer.lines[0].drugs == ["examplosporin"]
        assert "cni-nephrotoxicity" in {f.id for f in answer.findings}
        assert answer.pathway.changed == nephroline.consult(record, rules.pathway(name)).pathway.changed
    with pytest.raises(nephroline.InputError, match="unknown drug `exsp`"):
        nephroline.read_record(CHART)
    assert rules.catalogue.digest != load_rules().catalogue.digest
    assert rules.pathway("kdigo-2012/fsgs").digest != load_pathway("kdigo-2012/fsgs").digest


def test_one_file_brings_the_modules_it_uses(tmp_path: Path) -> None:
    folder = site(
        tmp_path, {"own": OWN + "rules:\n" + rule("r", "treated"), "head": HEAD, "junk": "[no rules"}
    )
    assert "r" in load_pathway(folder / "head.yaml").rules
    with pytest.raises(UsageError, match="is a module, not a pathway"):
        load_pathway(folder / "own.yaml")


def test_changing_what_comes_with_us_is_told_in_every_answer(tmp_path: Path) -> None:
    catalogue = "catalogue:\n  drugs:\n    - {id: rilmenidine, replaces: true, title: rilmenidine, classes: [antihypertensive]}\n"
    rules = load_rules(site(tmp_path, {"own": OWN + catalogue, "head": HEAD}))
    record = nephroline.read_record(
        {"id": "x", "observations": [{"at": "0 mo", "creatinine": "1 mg/dL"}]}, rules.catalogue
    )
    answer = nephroline.consult(record, rules.pathway("kdigo-2021/mcd"))
    assert answer.pathway.changed == [f"drugs: rilmenidine ({tmp_path}/own.yaml)"]
    assert '"changed":["drugs: rilmenidine' in answer.to_json()
    plain = nephroline.consult(
        nephroline.read_record({"id": "x", "observations": [{"at": "0 mo", "creatinine": "1 mg/dL"}]}),
        load_pathway("kdigo-2021/mcd"),
    )
    assert '"changed"' not in plain.to_json()
    without = catalogue.replace(", replaces: true", "")
    assert "the id `rilmenidine` is taken" in faults(tmp_path, {"own": OWN + without, "head": HEAD})


def test_a_site_without_a_folder_or_with_a_broken_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder of rules"):
        load_rules(tmp_path / "nowhere")
    with pytest.raises(PathwayError, match="is not valid YAML"):
        load_rules(site(tmp_path, {"broken": "[", "own": OWN}))


def test_a_changed_copy_of_all_rules_stands_instead_of_ours(root: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(root / "rules", tmp_path / "rules"))
    same = load_rules(folder)
    assert {name: same.pathway(name).digest for name in same.pathway_ids} == {
        name: load_pathway(name).digest for name in load_rules().pathway_ids
    }
    file = folder / "safety/statins.yaml"
    file.write_text(file.read_text().replace("value: 10 mg/d", "value: 20 mg/d"), encoding="utf-8")
    changed = load_rules(folder).pathway("kdigo-2012/fsgs")
    assert changed.thresholds["atorvastatin_most"].first.text == "20 mg/d"
    assert changed.digest != load_pathway("kdigo-2012/fsgs").digest


def test_moving_an_entry_between_files_leaves_the_digest(root: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(root / "rules", tmp_path / "rules"))
    source, target = folder / "safety/mycophenolate.yaml", folder / "safety/statins.yaml"
    head, _, last = source.read_text().rpartition("\n  - id: ")
    assert last.startswith("less-mycophenolate-absorbed")
    source.write_text(head + "\n")
    target.write_text(target.read_text() + "  - id: " + last)
    moved = load_rules(folder).pathway("kdigo-2012/fsgs")
    assert moved.rules["less-mycophenolate-absorbed"].module == "safety/statins"
    assert moved.digest == load_pathway("kdigo-2012/fsgs").digest


@pytest.mark.parametrize(
    "entry",
    [
        {"exposures": [{"drug": "examplosporin", "from": "0 mo"}]},
        {"biopsies": [{"at": "0 mo", "glomeruli": 9, "diagnosis": "c3g"}]},
        {"conditions": [{"name": "gout", "at": "0 mo"}]},
        {"observations": [{"at": "0 mo", "crp": "5 mg/L"}]},
        {"findings": {"cleared": {"value": True, "at": "0 mo"}}},
    ],
)
def test_a_record_that_was_read_with_another_catalogue_is_refused(
    tmp_path: Path, entry: dict[str, Any]
) -> None:
    more = (
        "  conditions: [{id: gout, title: gout}]\n  diagnoses: [{id: c3g, title: C3}]\n"
        "  assertions: [{id: cleared, title: cleared}]\n"
        "  analytes: [{id: crp, title: CRP, units: [mg/L], plausible: [0-1000 mg/L]}]\n"
    )
    rules = load_rules(site(tmp_path, {"examplosporin": DRUG + more}))
    chart = {"id": "x", "biopsies": [{"at": "0 mo", "glomeruli": 9}], **entry}
    record = nephroline.read_record(chart, rules.catalogue)
    assert nephroline.consult(record, rules.pathway("kdigo-2021/fsgs"), "0 mo")
    ours = load_pathway("kdigo-2021/fsgs")
    for ask in (nephroline.consult, nephroline.thorough):
        with pytest.raises(UsageError, match="which the catalogue of kdigo-2021/fsgs does not have"):
            ask(record, ours, "0 mo")
    with pytest.raises(UsageError, match="does not have"):
        nephroline.why_not(record, ours, "tacrolimus", "0 mo")


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    secret = site(tmp_path / "elsewhere", {"own": OWN + "rules:\n" + rule("r", "treated")})
    ours = site(tmp_path / "ours", {"head": HEAD})
    (ours / "own.yaml").symlink_to(secret / "own.yaml")
    with pytest.raises(PathwayError, match="outside the folder"):
        load_rules(ours).pathway("test/x")


def test_hidden_files_of_an_editor_are_no_rules(tmp_path: Path) -> None:
    ours = site(tmp_path, {"own": OWN + "rules:\n" + rule("r", "treated"), "head": HEAD})
    for name in (".#own.yaml", ".git/config.yaml"):
        file = ours / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("[no rules", encoding="utf-8")
    assert "r" in load_rules(ours).pathway("test/x").rules


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no"):
        load_rules(tmp_path)


def test_two_modules_that_replace_one_drug_are_told(tmp_path: Path) -> None:
    catalogue = "catalogue:\n  drugs:\n    - {id: rilmenidine, replaces: true, title: rilmenidine, classes: [antihypertensive]}\n"
    files = {
        "own": OWN + catalogue,
        "other": OWN.replace("./own", "./other") + catalogue,
        "head": HEAD.replace("./own", "./own, ./other"),
    }
    assert "rilmenidine" in faults(tmp_path, files)
