"""The command line as people use it: real processes, real files, exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from commands import run

from nephroline.pathway import pathway_ids

ROOT = Path(__file__).resolve().parent.parent.parent
CASE_1 = str(ROOT / "scenarios/pjnh-2015-case-1.yaml")
CASE_2 = str(ROOT / "scenarios/pjnh-2015-case-2.yaml")
COMMANDS = [
    "consult",
    "why",
    "why-not",
    "what-if",
    "replay",
    "report",
    "graph",
    "compare",
    "pathways",
    "show",
    "check",
    "schema",
    "features",
    "units",
]


def test_help_lists_every_command_with_a_sentence() -> None:
    text = run("--help").stdout
    for name in COMMANDS:
        assert name in text
        assert len(run(name, "--help").stdout.splitlines()) > 4


def test_a_consultation_is_read_in_ten_seconds() -> None:
    done = run("consult", CASE_1, "--at", "8 mo")
    assert done.returncode == 0
    order = ["pjnh-2015-case-1 · female, 34 y · MCD on biopsy · uncontrolled", "eGFR"]
    order += ["STATUS   ", "CRITICAL Simvastatin with cyclosporine", "STOP     simvastatin"]
    order += ["NEXT     Continue cyclosporine", "OPEN     ", "DRUGS    cyclosporine"]
    order += ["VALUES   proteinuria", "COURSE   cyclosporine", "more: -v"]
    places = [done.stdout.find(word) for word in order]
    assert -1 not in places
    assert places == sorted(places)
    assert len(done.stdout.splitlines()) <= 24


def test_the_whole_answer_shows_the_line_first() -> None:
    done = run("consult", CASE_1, "--at", "10mo", "-v")
    assert done.returncode == 0
    text = done.stdout
    order = [
        "status",
        "no response",
        "Start mycophenolate",
        "2000 mg/d",
        "off-guideline",
        "blocked",
        "+213 %",
        "warning",
        "Uncontrolled hypertension",
        "needs",
        "line 2  ",
        "because",
        "not a medical device",
    ]
    places = [text.find(word) for word in order]
    assert -1 not in places
    assert places == sorted(places)
    assert "hepatitis B" in text[text.find("needs") : text.find("line 2  ")]
    assert all(len(line) <= 80 for line in text.splitlines())
    assert all(line == line.rstrip() for line in text.splitlines() if "medical" not in line)


def test_silence_and_missing_data_are_told_apart(tmp_path: Path) -> None:
    assert (
        "The guideline names no next line."
        in run("consult", CASE_1, "--at", "24 mo", "-p", "kdigo-2012/fsgs", "-v").stdout
    )
    text = Path(ROOT / "scenarios/pjnh-2015-case-2.yaml").read_text()
    file = tmp_path / "case.yaml"
    file.write_text("".join(line for line in text.splitlines(keepends=True) if "renal_function" not in line))
    assert "Not decided without" in run("consult", str(file), "--at", "10 mo").stdout


def test_json_is_the_documented_shape() -> None:
    answer = json.loads(run("consult", CASE_1, "--at", "10 mo", "--format", "json").stdout)
    jsonschema.validate(answer, json.loads(run("schema", "consultation").stdout))
    assert answer["record"] == "pjnh-2015-case-1"
    assert answer["as_of"] == {"offset_days": 304.4, "label": "10 mo"}
    assert answer["pathway"]["digest"].startswith("sha256:")
    assert answer["lines"][1] | {"from": 0, "to": 0} == {
        "n": 2,
        "drugs": ["cyclosporine"],
        "adjuncts": ["prednisolone"],
        "regimen": "cyclosporine-low-dose-prednisolone",
        "falls_short": [],
        "from": 0,
        "to": 0,
        "last_given": None,
        "weeks": 26.1,
        "weeks_most": None,
        "exposure": "presumed",
        "best_response": "indeterminate",
        "outcome": "resistant",
    }
    assert answer["next_line"]["statement"]["kind"] == "case-series"


def test_standard_input_is_read() -> None:
    done = run("consult", "-", "--at", "4 mo", stdin=Path(CASE_1).read_text())
    assert done.returncode == 0
    assert "Start cyclosporine 3-5 mg/kg/d (needs weight), with prednisolone" in " ".join(done.stdout.split())


def test_the_default_time_is_the_last_dated_item() -> None:
    assert json.loads(run("consult", CASE_1, "-f", "json").stdout)["as_of"]["label"] == "102 mo"


def test_shadow_and_verbose_work() -> None:
    assert (
        json.loads(run("consult", CASE_1, "--shadow", "-f", "json").stdout)["engine"]["backend"] == "shadow"
    )
    lengths = [len(run("consult", CASE_1, *more).stdout) for more in ((), ("--verbose",), ("-vv",))]
    assert lengths == sorted(set(lengths))


def test_why_shows_the_tree_with_values() -> None:
    text = run("why", CASE_1, "cni-nephrotoxicity", "--at", "10 mo", width=200).stdout
    assert "0.9 mg/dL (4 mo) → 2.5 mg/dL (between 8 mo and 10 mo)" in text
    assert "✓" in text
    data = json.loads(run("why", CASE_1, "cyclosporine-mycophenolate", "--at", "10 mo", "-f", "json").stdout)
    holding = {item["rule"]: item["holds"] for item in data}
    assert holding["no-cni-while-creatinine-is-up"] == "yes"
    assert holding["add-mycophenolate-to-cyclosporine"] == "no"
    lines = run("why", CASE_1, "--at", "10 mo", width=200).stdout.splitlines()
    assert lines[0].startswith("by pjnh-2015/fsgs")
    assert lines[0].endswith("chosen: the scenario names it")
    assert lines[1].startswith("✓ Mycophenolate alone")


def test_why_puts_numbers_in_the_place_of_their_names() -> None:
    text = run("why", CASE_1, "counsel-fertility", "--at", "10 mo", "-p", "kdigo-2021/fsgs").stdout
    assert "fertility counselling; at most 10 g in" in text


def test_a_denial_of_what_no_pathway_says_is_a_fault(tmp_path: Path) -> None:
    text = Path(CASE_1).read_text(encoding="utf-8")
    file = tmp_path / "case.yaml"
    for old, new in (
        (
            "    not_findings: [cni-resistant]\n",
            "    not_findings: [cni-resistent]\n    not_actions: [prayer]\n",
        ),
        ("{at: 8 mo, pathway: kdigo-2021/fsgs,", "{at: 8 mo, pathway: kdigo-2013/fsgs,"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    file.write_text(text.replace("regimen: mycophenolate,", "regimen: mycophenolat,"), encoding="utf-8")
    assert "clinicians_did[2].regimen: unknown regimen `mycophenolat`" in run("check", str(file)).stdout
    file.write_text(text, encoding="utf-8")
    done = run("check", str(file))
    assert done.returncode == 1
    for wrong in (
        "unknown finding `cni-resistent` (did you mean `cni-resistant`",
        "unknown action `prayer`",
        "unknown pathway `kdigo-2013/fsgs`",
    ):
        assert wrong in done.stdout


def test_why_of_an_unknown_name_helps() -> None:
    done = run("why", CASE_1, "steroid-resistent")
    assert done.returncode == 2
    assert "did you mean `steroid-resistant`?" in done.stderr
    assert run("why", CASE_1, "next-line", "--at", "24 mo", "-p", "kdigo-2012/fsgs").returncode == 2


def test_replay_walks_both_cases_and_fails_on_a_miss(tmp_path: Path) -> None:
    done = run("replay", CASE_1, CASE_2)
    assert done.returncode == 0
    assert "0 missed" in done.stdout
    assert "clinicians: adjust cyclosporine mycophenolate → late" in done.stdout
    file = tmp_path / "s.yaml"
    file.write_text(
        Path(CASE_1).read_text().replace("findings: [mycophenolate-resistant]", "findings: [relapse]")
    )
    missed = run("replay", str(file), "--quiet")
    assert missed.returncode == 1
    assert "MISSED at 24 mo: expected relapse among findings" in missed.stdout


def test_replay_as_json_and_under_another_pathway() -> None:
    data = json.loads(run("replay", CASE_1, "-f", "json", "-p", "kdigo-2012/fsgs").stdout)
    (scenario,) = data["scenarios"]
    assert scenario["pathway"] == "kdigo-2012/fsgs"
    assert scenario["expectations"]["failed"] == []
    assert [s["at"] for s in scenario["steps"]][:3] == ["0 mo", "4 mo", "8 mo"]


@pytest.mark.parametrize("name", pathway_ids())
def test_show_states_every_rule_with_its_authority(name: str) -> None:
    text = run("show", name, width=200).stdout
    data = json.loads(run("show", name, "-f", "json").stdout)
    for rule in data["rules"]:
        assert rule["id"] in text
        assert rule["authority"] and rule["when"] and rule["rationale"]
        assert f"{rule['authority']}: " in " ".join(text.split())
    if name == "kdigo-2012/fsgs":
        assert "KDIGO 2012 recommendation 6.4.1 (2B [recalled]) [verified-2]" in text


def test_pathways_features_and_units_list_themselves() -> None:
    assert {p["id"] for p in json.loads(run("pathways", "-f", "json").stdout)} == set(pathway_ids())
    assert "line.time_at_full_dose(agent)" in run("features").stdout
    assert "µmol/L" in run("units").stdout
    assert all(f["meaning"] for f in json.loads(run("features", "-f", "json").stdout))
    assert json.loads(run("units", "-f", "json").stdout)
    assert "also: ciclosporin" in run("units", "drugs").stdout
    for kind in ("conditions", "findings", "diagnoses", "regimens"):
        assert run("units", kind).stdout


def test_check_finds_problems_in_any_kind_of_file(tmp_path: Path) -> None:
    assert run("check").returncode == 0
    assert run("check", str(ROOT / "rules"), str(ROOT / "scenarios")).returncode == 0
    (tmp_path / "record.yaml").write_text("id: x\nage: 3 foo\n")
    (tmp_path / "other.yaml").write_text("hello: world\n")
    (tmp_path / "broken.yaml").write_text("[")
    (tmp_path / "pathway.yaml").write_text(
        (ROOT / "rules/pjnh-2015/fsgs/pathway.yaml")
        .read_text()
        .replace("combination_line and", "combinaton_line and", 1)
    )
    done = run("check", str(tmp_path), "-f", "json")
    assert done.returncode == 1
    kinds = {
        Path(item["file"]).name: (item["kind"], len(item["problems"])) for item in json.loads(done.stdout)
    }
    assert kinds == {
        "record.yaml": ("record", 1),
        "other.yaml": ("unknown", 1),
        "broken.yaml": ("unreadable", 1),
        "pathway.yaml": ("pathway", 1),
    }
    text = run("check", str(tmp_path)).stdout
    assert "4 files checked, 4 problems" in text
    assert "did you mean `combination_line`" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["consult", "nowhere.yaml"],
        ["replay", "nowhere"],
        ["show", "x/y"],
        ["consult", CASE_1, "--at", "x"],
        ["consult"],
        ["nonsense"],
    ],
)
def test_wrong_commands_exit_with_2_and_no_traceback(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr


def test_a_reader_that_goes_away_is_no_error() -> None:
    """Whether it goes before the output is long enough to be written, or in the middle of it."""
    for command in ("show kdigo-2012/fsgs", f"consult {CASE_1} --quick", "schema consultation"):
        done = subprocess.run(
            ["bash", "-c", f"{sys.executable} -m nephroline {command} | true; exit ${{PIPESTATUS[0]}}"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        assert done.returncode == 141


def test_the_checkout_launcher_is_the_same_program() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "pathways"], capture_output=True, text=True, check=True
    )
    assert done.stdout == run("pathways").stdout


def test_every_file_fits_its_json_schema(tmp_path: Path) -> None:
    assert run("schema", "--write", str(tmp_path)).returncode == 0
    schemas = {p.name.split(".")[0]: json.loads(p.read_text()) for p in tmp_path.iterdir()}
    assert set(schemas) == {"record", "scenario", "pathway", "module", "catalogue", "codes", "consultation"}
    fits = {kind: jsonschema.Draft202012Validator(schema).validate for kind, schema in schemas.items()}
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for file in (ROOT / "scenarios").rglob("*.yaml"):
        data = edited(file)
        fits["scenario"](data)
        fits["record"](data["record"])
    kinds = []
    for file in (ROOT / "rules").rglob("*.yaml"):
        kind = "pathway" if file.name == "pathway.yaml" else "module"
        kind = "catalogue" if "catalogue" in file.parts else kind
        kind = "codes" if "codes" in file.parts else kind
        fits[kind](edited(file))
        assert file.read_text().startswith("# yaml-language-server: $schema=")
        line = file.read_text().splitlines()[0]
        assert (file.parent / line.partition("=")[2]).resolve() == ROOT / f"docs/schema/{kind}.schema.json"
        kinds.append(kind)
    assert (kinds.count("pathway"), kinds.count("catalogue")) == (len(pathway_ids()), 22)
    with pytest.raises(jsonschema.ValidationError):
        fits["record"]({"id": "x", "observations": [{"at": "0 mo", "protinuria": "3 g/d"}]})


def edited(file: Path) -> Any:
    """The file as an editor's YAML reader gives it."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {str(k): plain(v) for k, v in value.items()}
        if isinstance(value, list):
            return [plain(v) for v in value]
        return value.isoformat() if isinstance(value, date) else value

    return plain(yaml.safe_load(file.read_text(encoding="utf-8")))


def test_consult_says_what_missing_data_can_change() -> None:
    assert "margin       serum creatinine" in run("consult", CASE_1, "--at", "10 mo", "--margins").stdout
    shown = run("consult", CASE_1, "--at", "10 mo", "--margins", "-v").stdout
    assert "depends on   pregnancy" in shown
    assert "pregnancy: no, neutrophils ≥ 1.3 10^9/L → start mycophenolate" in shown
    assert "margin       serum creatinine 2.5 mg/dL" in shown
    data = json.loads(run("consult", CASE_1, "--at", "10 mo", "--format", "json").stdout)
    assert data["outlook"]["verdict"] == "depends"
    assert data["outlook"]["orders"][0]["burden"] == "a blood test"
    quick = json.loads(run("consult", CASE_1, "--at", "10 mo", "--quick", "--format", "json").stdout)
    assert quick["outlook"] is None


def test_why_not_is_read_without_rule_syntax() -> None:
    shown = run("why-not", CASE_1, "mycophenolate", "--at", "8 mo")
    assert shown.returncode == 0
    assert "wait 59.25 d (until 302.8 d)" in shown.stdout
    assert "finding(" not in shown.stdout
    data = json.loads(run("why-not", CASE_1, "tacrolimus", "--at", "10 mo", "--format", "json").stdout)
    assert {"offers", "blocks", "changes", "complete"} <= set(data)
    wrong = run("why-not", CASE_1, "tacrolimos")
    assert wrong.returncode == 2
    assert "tacrolimus" in wrong.stderr


def test_what_if_shows_differences_and_saves_the_changed_record(tmp_path: Path) -> None:
    saved = tmp_path / "changed.yaml"
    shown = run("what-if", CASE_1, "--at", "10 mo", "--set", "pregnancy=yes", "--save", str(saved))
    assert shown.returncode == 0
    assert "- Start mycophenolate" in shown.stdout
    assert "+ none: the next line is held back" in shown.stdout
    again = run("consult", str(saved), "--at", "10 mo", "--pathway", "pjnh-2015/fsgs", "--format", "json")
    assert json.loads(again.stdout)["next_line"] is None
    both = run(
        "what-if", CASE_1, "--at", "10 mo", "--also", "wait 8 wk", "--also", "sex=male", "--format", "json"
    )
    assert [a["changes"] for a in json.loads(both.stdout)["alternatives"]] == [["wait 8 wk"], ["sex = male"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing is changed"),
        (("--set", "creatinin=1 mg/dL"), "creatinine"),
        (("--set", "creatinine=80 mg/dL"), "possible"),
        (("--also", "sex=male", "--also", "sex=female", "--save", "x.yaml"), "one alternative"),
        (("--set", "sex=male", "--save", "/no/such/folder/x.yaml"), "cannot be written"),
    ],
)
def test_what_cannot_be_asked_is_one_clear_error(arguments: tuple[str, ...], message: str) -> None:
    done = run("what-if", CASE_1, "--at", "10 mo", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_report_is_written_and_said_where(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    done = run("report", CASE_1, "--out", str(file), width=300)
    assert done.returncode == 0, done.stderr
    assert str(file) in done.stdout
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_report_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    done = run("report", CASE_1, "--out", str(tmp_path / "no" / "such" / "report.html"))
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_a_plain_record_can_be_reported(tmp_path: Path) -> None:
    record = tmp_path / "record.yaml"
    record.write_text(
        "{id: new, age: 40 years, observations: [{at: 0 mo, proteinuria: 9 g/d, albumin: 1.8 g/dL}]}",
        encoding="utf-8",
    )
    done = run("report", str(record), "--out", str(tmp_path / "out.html"))
    assert done.returncode == 0, done.stderr
    assert "proteinuria 9 g/d" in (tmp_path / "out.html").read_text(encoding="utf-8")


@pytest.mark.browser
def test_a_report_on_paper(tmp_path: Path) -> None:
    done = run("report", CASE_1, "--out", str(tmp_path / "out.html"), "--pdf", width=300)
    assert done.returncode == 0, done.stderr
    paper = (tmp_path / "out.pdf").read_bytes()
    assert paper.startswith(b"%PDF")
    # A4 is 595 by 842 points.
    assert re.search(rb"/MediaBox\s*\[0 0 59[45][.\d]* 84[12][.\d]*\]", paper)


def test_the_report_without_its_part_says_what_to_install(tmp_path: Path) -> None:
    blocked = tmp_path / "jinja2.py"
    blocked.write_text("raise ImportError", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "nephroline", "report", CASE_1, "--out", str(tmp_path / "x.html")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 2
    assert "nephroline[report]" in done.stderr


@pytest.mark.parametrize(
    ("ending", "start"),
    [pytest.param("svg", "<?xml", marks=pytest.mark.graphviz), ("dot", "digraph"), ("mmd", "---")],
)
def test_a_graph_takes_its_form_from_the_ending(tmp_path: Path, ending: str, start: str) -> None:
    file = tmp_path / f"map.{ending}"
    done = run("graph", "pjnh-2015/fsgs", "--record", CASE_1, "--out", str(file))
    assert done.returncode == 0, done.stderr
    assert file.read_text(encoding="utf-8").startswith(start)


def test_a_replay_in_plain_signs_is_ascii() -> None:
    text = run("replay", CASE_1, "--ascii").stdout
    assert text.isascii()
    assert "proteinuria" in text
    assert "?" not in text.replace("? ", "")


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A plain record, of a disease that is not the first in the list."""
    file = tmp_path_factory.mktemp("chart") / "record.yaml"
    file.write_text(RECORD, encoding="utf-8")
    return str(file)


RECORD = """\
id: plain
sex: male
age: 40 years
weight: 70 kg
biopsies: [{at: -3 mo, glomeruli: 20, diagnosis: mcd}]
observations:
  - {at: -3 mo, proteinuria: 9 g/d, albumin: 1.5 g/dL, creatinine: 0.8 mg/dL}
  - {at: 0 mo, proteinuria: 9 g/d, albumin: 1.5 g/dL, creatinine: 0.8 mg/dL}
"""
TAKEN = (
    "by kdigo-2021/mcd (KDIGO 2021), chosen: minimal change disease on biopsy; KDIGO 2021: the newest edition"
)
ASKING = [
    ("why",),
    ("why-not", "tacrolimus"),
    ("what-if", "--set", "pregnancy=no"),
    ("replay", "--quick"),
]


@pytest.mark.parametrize("auto", [(), ("--pathway", "auto")], ids=["default", "named"])
@pytest.mark.parametrize(("command", "rest"), [(c[0], c[1:]) for c in ASKING], ids=[c[0] for c in ASKING])
def test_every_command_asks_the_pathway_that_consult_takes(
    record: str, command: str, rest: tuple[str, ...], auto: tuple[str, ...]
) -> None:
    taken = json.loads(run("consult", record, *auto, "--quick", "-f", "json").stdout)["pathway"]
    assert taken["id"] == "kdigo-2021/mcd"
    assert taken["chosen_because"] == [
        "minimal change disease on biopsy",
        "KDIGO 2021: the newest edition",
    ]
    assert TAKEN in run(command, record, *rest, *auto, width=200).stdout
    told = json.loads(run(command, record, *rest, *auto, "-f", "json").stdout)
    if command == "what-if":
        told = told["base"]
    if command == "replay":
        told = told["scenarios"][0]["steps"][-1]["consultation"]
    assert (told[0] if command == "why" else told)["pathway"] == taken


def test_pictures_are_of_the_pathway_that_consult_takes(record: str, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert run("report", record, "--out", str(page), "--quick").returncode == 0
    text = page.read_text(encoding="utf-8")
    assert "kdigo-2021/mcd" in text
    assert "Pathway chosen: minimal change disease on biopsy; KDIGO 2021: the newest edition" in text
    drawn = run("graph", "--record", record)
    assert drawn.stderr.strip() == TAKEN
    assert "minimal change disease · KDIGO 2021" in drawn.stdout
    assert drawn.stdout == run("graph", "kdigo-2021/mcd", "--record", record).stdout
    assert drawn.stdout == run("graph", "auto", "--record", record).stdout


def test_a_graph_of_no_pathway_and_no_record_says_what_to_name() -> None:
    for arguments in ([], ["auto"]):
        done = run("graph", *arguments)
        assert done.returncode == 2
        assert "name a pathway, or give --record" in done.stderr


def test_a_scenario_s_own_pathway_goes_before_auto_unless_that_is_named() -> None:
    own = json.loads(run("consult", CASE_1, "--at", "24 mo", "--quick", "-f", "json").stdout)["pathway"]
    assert own["id"] == "pjnh-2015/fsgs"
    assert own["chosen_because"] == ["the scenario names it"]
    auto = run("consult", CASE_1, "--at", "24 mo", "--pathway", "auto", "--quick", "-f", "json")
    assert json.loads(auto.stdout)["pathway"]["id"] == "kdigo-2021/fsgs"
    named = run("consult", CASE_1, "--at", "24 mo", "-p", "kdigo-2012/fsgs", "--quick", "-f", "json")
    assert json.loads(named.stdout)["pathway"]["chosen_because"] == []


def test_a_replayed_record_is_asked_at_each_time_of_what_was_known_then() -> None:
    steps = json.loads(run("replay", CASE_1, "-p", "auto", "--quick", "-f", "json").stdout)
    steps = steps["scenarios"][0]["steps"]
    asked = {step["at"]: step["consultation"]["pathway"]["id"] for step in steps}
    assert (asked["0 mo"], asked["4 mo"], asked["10 mo"]) == (
        "kdigo-2021/fsgs",
        "kdigo-2021/mcd",
        "kdigo-2021/fsgs",
    )
    assert "by kdigo-2021/mcd" in run("replay", CASE_1, "-p", "auto", "--quick", width=200).stdout


def test_auto_takes_the_pathways_of_a_site(record: str, tmp_path: Path) -> None:
    for name, source in (("mcd", "kdigo-2021"), ("habit", "nephroline")):
        (tmp_path / f"{name}.yaml").write_text(
            f"pathway: our-clinic/{name}\ntitle: Ours\nedition: Ours\ndisease: mcd\nsource: {source}\n"
            "uses: [kdigo-2021/mcd]\n",
            encoding="utf-8",
        )
    for command in ("consult", "why"):
        more = ("-v",) if command == "consult" else ()
        text = " ".join(run(command, record, "--rules", str(tmp_path), *more).stdout.split())
        assert "our-clinic/mcd" in text
        assert "kdigo-2021/mcd is of the same year: ask it by name" in text
        assert "our-clinic/habit is passed over, because it rests on no guideline: ask it by name" in text


@pytest.mark.parametrize("command", ["consult", "why", "why-not", "what-if", "report", "replay", "graph"])
def test_help_names_the_default(command: str) -> None:
    assert "Default: the scenario's own, else auto" in " ".join(run(command, "--help").stdout.split())


@pytest.mark.parametrize("at", ["-3 mo", "-30d"])
@pytest.mark.parametrize(
    "command",
    [("consult",), ("why",), ("why-not", "tacrolimus"), ("what-if", "--set", "pregnancy=no"), ("compare",)],
    ids=lambda command: command[0],
)
def test_a_decision_before_time_zero_can_be_asked_about(
    record: str, command: tuple[str, ...], at: str
) -> None:
    done = run(command[0], record, *command[1:], "--at", at)
    assert done.returncode == 0, done.stderr
    assert "high-dose" in done.stdout.lower()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("consult", ""), "error: no record is named"),
        (("what-if", "{record}", "--set", "sex=female", "--save", "{record}"), "is the record itself"),
        (("what-if", "{record}", "--set", "biopsy=mcd"), "what of the biopsy is to be set?"),
        (("what-if", "{record}", "--remove", "hiv"), "`replay` draws what it holds"),
    ],
)
def test_a_slip_of_the_hand_is_said_in_words(record: str, arguments: tuple[str, ...], message: str) -> None:
    done = run(*(argument.format(record=record) for argument in arguments))
    assert done.returncode == 2
    assert message in done.stderr
    assert Path(record).read_text(encoding="utf-8") == RECORD


def test_one_scenario_is_one(record: str) -> None:
    assert run("replay", record, "--quiet", "--quick").stdout == "1 scenario, 0 expectations met, 0 missed\n"


def test_the_formats_are_listed() -> None:
    assert run("schema").stdout.startswith("record ")
    listed = json.loads(run("schema", "--format", "json").stdout)
    assert [row["kind"] for row in listed][:2] == ["record", "scenario"]
    assert json.loads(run("schema", "record", "--format", "json").stdout)["title"]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("consult --pathway kdigo-2021/", ["kdigo-2021/fsgs", "kdigo-2021/mcd", "kdigo-2021/membranous"]),
        ("why -p a", ["auto"]),
        ("graph pjnh", ["pjnh-2015/fsgs"]),
        ("show kdigo-2012", ["kdigo-2012", "kdigo-2012/fsgs", "kdigo-2012/mcd"]),
        ("coverage -p pjnh", ["pjnh-2015/fsgs"]),
    ],
)
def test_the_shell_completes_pathways(typed: str, offered: list[str]) -> None:
    program = "import sys; sys.argv = ['nephroline']; from nephroline.faces.cli import main; main()"
    asked = {
        "_NEPHROLINE_COMPLETE": "complete_bash",
        "COMP_WORDS": f"nephroline {typed}",
        "COMP_CWORD": str(len(typed.split())),
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | asked,
    )
    assert done.stdout.split() == offered


def test_auto_says_so_when_no_pathway_speaks_of_the_patient() -> None:
    child = "id: child\nage: 9 years\nbiopsies: [{at: 0 mo, diagnosis: fsgs, glomeruli: 20}]\n"
    done = run("consult", "-", "--at", "0 mo", "--pathway", "auto", stdin=child)
    text = " ".join(done.stdout.split())
    assert done.returncode == 0, done.stderr
    assert "The pathway is for adults" in text
    assert "Start" not in text


def test_compare_says_where_editions_differ_and_why() -> None:
    both = "kdigo-2012/fsgs,kdigo-2021/fsgs"
    done = run("compare", CASE_1, "--pathways", both)
    assert done.returncode == 0
    text = " ".join(done.stdout.split())
    assert "rule: Dependent on a calcineurin inhibitor kdigo-2012/fsgs: no such rule" in text
    assert "time on the line 18 months > 12 mo" in text
    assert text.startswith("11 of 11 decisions agree")
    steps = json.loads(run("compare", CASE_1, "--pathways", both, "--format", "json").stdout)
    assert all(set(step["answers"]) == set(both.split(",")) for step in steps)
    assert [step["at"] for step in steps if step["rules"]] == ["42 mo", "72 mo", "84 mo", "102 mo"]


def test_compare_refuses_an_unknown_pathway() -> None:
    done = run("compare", CASE_1, "--pathways", "kdigo-2012/fsgs,kdigo-2020/fsgs")
    assert done.returncode == 2
    assert "kdigo-2020/fsgs" in done.stderr
    assert "Traceback" not in done.stderr


def test_drugs_are_listed_with_their_codes() -> None:
    rows = {row["id"]: row for row in json.loads(run("units", "drugs", "--format", "json").stdout)}
    assert rows["cyclosporine"]["rxnorm"] == "3008"
    assert rows["cyclosporine"]["atc"] == "L04AD01"
