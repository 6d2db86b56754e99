"""Every command and snippet shown in the documentation runs, and generated pages are fresh."""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import nephroline
from nephroline.faces.cli import app
from nephroline.lang import ConditionError, Vocabulary, parse
from nephroline.pathway import load_pathway
from nephroline.terms import Scope

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"```(?P<kind>\w+)\n(?P<body>.*?)```", re.DOTALL)


def fences(page: Path, kind: str) -> list[str]:
    return [m["body"] for m in FENCE.finditer(page.read_text(encoding="utf-8")) if m["kind"] == kind]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every file that the pages write."""
    place = tmp_path_factory.mktemp("docs")
    for page in PAGES:
        for body in fences(page, "yaml"):
            first, rest = body.split("\n", 1)
            assert first.startswith("# file: "), f"{page.name}: a YAML snippet must name its file"
            file = place / first.removeprefix("# file: ")
            file.parent.mkdir(exist_ok=True)
            file.write_text(rest, encoding="utf-8")
    (place / "scenarios").symlink_to(ROOT / "scenarios")
    return place


def test_every_file_shown_is_valid(folder: Path) -> None:
    files = [str(path) for path in sorted(folder.glob("*.yaml"))]
    done = subprocess.run(
        [sys.executable, "-m", "nephroline", "check", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "6 files checked" in done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_command_shown_runs(page: Path, folder: Path) -> None:
    for body in fences(page, "console"):
        for line in body.splitlines():
            assert line.startswith("$ nephroline ")
            command = [sys.executable, "-m", "nephroline", *shlex.split(line.removeprefix("$ nephroline "))]
            done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
            assert done.returncode == 0, f"{line}: {done.stderr}"
            assert done.stdout


def test_the_screen_shown_is_the_one_that_comes(folder: Path) -> None:
    (shown,) = fences(ROOT / "README.md", "text")
    command = [sys.executable, "-m", "nephroline", "consult", "patient.yaml"]
    wide = {**os.environ, "COLUMNS": "80"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=wide)
    assert done.stdout == shown


@pytest.mark.parametrize("name", ["scenario.yaml", "choice.yaml"])
def test_the_scenario_shown_meets_its_expectations(folder: Path, name: str) -> None:
    assert nephroline.replay(nephroline.read_scenario(folder / name)).failed == ()


def test_the_embedding_shown_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (code,) = fences(ROOT / "README.md", "python")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "README.md", "exec"), {})  # noqa: S102
    assert out.getvalue().startswith("Start cyclosporine with low-dose prednisolone\n")


def test_the_conditions_shown_are_accepted() -> None:
    pathway = load_pathway("pjnh-2015/fsgs")
    words = Vocabulary(
        pathway.catalogue,
        pathway.thresholds,
        {d.id: d.scope for d in pathway.definitions.values()},
        {name: rules[0].scope for name, rules in pathway.finding_rules.items()},
    )
    for line in fences(ROOT / "docs/rules.md", "text")[0].splitlines():
        accepted = 0
        for scope in Scope:
            with contextlib.suppress(ConditionError):
                parse(line, scope, words)
                accepted += 1
        assert accepted, line


def test_every_command_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text()
    for command in app.registered_commands:
        assert command.callback is not None
        assert (command.name or command.callback.__name__) in text
    for group in app.registered_groups:
        assert f"nephroline {group.name} " in text


def test_generated_pages_are_fresh() -> None:
    """The rule books, which replay every scenario under every pathway, are held by the gate (`make docs`)."""
    pages = [*(ROOT / "docs/schema").iterdir(), ROOT / "docs/features.md", ROOT / "docs/commands.md"]
    before = {page: page.read_text() for page in pages}
    subprocess.run([sys.executable, str(ROOT / "docs/generate.py"), "--no-rulebooks"], check=True)
    assert {page: page.read_text() for page in pages} == before, "run make docs"


def test_doctests_hold() -> None:
    failed, tried = doctest.testmod(nephroline)
    assert tried
    assert not failed


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
