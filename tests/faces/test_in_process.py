"""Every command once in this process: what the faces run is counted here; test_cli runs them as programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nephroline.errors import InputError
from nephroline.faces.cli import app

ROOT = Path(__file__).resolve().parents[2]
CASE_1 = str(ROOT / "scenarios/pjnh-2015-case-1.yaml")
CASE_2 = str(ROOT / "scenarios/pjnh-2015-case-2.yaml")
SMALL = str(ROOT / "scenarios/synthetic/not-nephrotic.yaml")
AT = ("--at", "10 mo")
COMMANDS = (
    ("consult", CASE_1, *AT),
    ("consult", CASE_1, "--at", "4 mo", "--verbose", "--margins"),
    ("consult", CASE_1, *AT, "--quick", "--shadow"),
    ("why", CASE_1, "steroid-resistant", *AT),
    ("why", CASE_1, *AT),
    ("why-not", CASE_1, "tacrolimus", *AT),
    ("what-if", CASE_1, "--set", "creatinine=1 mg/dL", "--also", "wait 8 wk; remove simvastatin", *AT),
    ("order", CASE_1, "cyclosporine 100 mg bid", "--at", "4 mo"),
    ("order", CASE_1, "ibuprofen 400 mg tid", "--at", "4 mo"),
    ("compare", CASE_1, "--pathways", "kdigo-2012/fsgs,kdigo-2021/fsgs", *AT),
    ("replay", CASE_2),
    ("replay", CASE_2, "--ascii"),
    ("replay", SMALL, "--quiet"),
    ("graph", "pjnh-2015/fsgs", "--record", SMALL),
    ("pathways",),
    ("show", "kdigo-2021/mcd"),
    ("check", CASE_1, CASE_2),
    ("coverage", SMALL, "--pathway", "kdigo-2021/fsgs"),
    ("schema", "record"),
    ("features",),
    ("units", "drugs"),
    ("units",),
)
"""Each with its text."""
WITH_JSON = {
    "consult",
    "why",
    "why-not",
    "what-if",
    "order",
    "compare",
    "pathways",
    "check",
    "coverage",
    "features",
    "units",
}


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: " ".join(arguments)[:40])
def test_a_command_shows_something(arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*arguments], env={"NO_COLOR": "1", "COLUMNS": "80"})
    assert done.exception is None
    assert len(done.stdout) > 20


@pytest.mark.parametrize(
    "arguments", [a for a in COMMANDS if a[0] in WITH_JSON], ids=lambda arguments: " ".join(arguments)[:40]
)
def test_a_command_that_has_data_gives_json(arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*arguments, "--format", "json"])
    assert done.exception is None
    assert json.loads(done.stdout)


def test_files_are_written(tmp_path: Path) -> None:
    for name, arguments in {
        "report.html": ("report", CASE_2, "--out"),
        "way.svg": ("graph", "pjnh-2015/fsgs", "--out"),
        "answers.json.gz": ("answers",),
    }.items():
        target = tmp_path / name
        after = (SMALL,) if arguments[0] == "answers" else ()
        done = CliRunner().invoke(app, [*arguments, str(target), *after])
        assert done.exception is None, done.output
        assert target.stat().st_size > 100
    same = CliRunner().invoke(app, ["diff-answers", str(tmp_path / "answers.json.gz"), "packaged", SMALL])
    assert same.exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("consult", "nowhere.yaml"),
        ("consult", CASE_1, "--at", "yesterday"),
        ("consult", CASE_1, "--pathway", "kdigo-2020/fsgs"),
        ("order", CASE_1, "paracetmol 1 g"),
        ("why-not", CASE_1, "nothing"),
    ],
    ids=lambda arguments: " ".join(arguments)[:40],
)
def test_wrong_input_is_an_error_that_can_be_mended(arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*arguments])
    assert isinstance(done.exception, InputError)
    assert done.exception.problems
