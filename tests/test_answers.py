"""What differs between two sets of answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from nephroline.answers import Key, all_answers, differences, read_answers, write_answers
from nephroline.errors import UsageError
from nephroline.faces.cli import app

KEY: Key = ("case", "kdigo", "4 mo", "quick")


def changes(old: Any, new: Any) -> list[tuple[str, Any, Any]]:
    return [(c.place, c.before, c.after) for c in differences({KEY: old}, {KEY: new}).changed]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 1}}, []),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [("a.b", 1, 2)]),
        ({"a": 1}, {}, [("a", 1, None)]),
        ({"a": None}, {"a": [1]}, [("a", None, [1])]),
        ({"a": [1, 2]}, {"a": [1, 3]}, [("a[]", 2, 3)]),
        ({"a": [1]}, {"a": [1, 3]}, [("a[]", [1], [1, 3])]),
        ({"alerts": [{"id": "x"}]}, {"alerts": []}, [("alerts[]", {"id": "x"}, None)]),
        ({"alerts": [{"id": "x", "s": 1}]}, {"alerts": [{"id": "x", "s": 2}]}, [("alerts[].s", 1, 2)]),
        (
            {"a": [{"id": "x"}, {"id": "y"}]},
            {"a": [{"id": "y"}, {"id": "x"}]},
            [("a[]", ["x", "y"], ["y", "x"])],
        ),
        (
            {"engine": {"version": "1"}, "pathway": {"digest": "a"}},
            {"engine": {"version": "2"}, "pathway": {"digest": "b"}},
            [],
        ),
        ({"engine": {"name": "a"}}, {"engine": {"name": "b"}}, [("engine.name", "a", "b")]),
    ],
)
def test_each_place_that_differs_is_told(old: Any, new: Any, expected: list[tuple[str, Any, Any]]) -> None:
    assert changes(old, new) == expected
    assert sorted(changes(new, old), key=str) == sorted(((p, b, a) for p, a, b in expected), key=str)


def test_equal_changes_are_told_once_with_all_their_places() -> None:
    other = ("case", "kdigo", "6 mo", "quick")
    lost = ("case", "kdigo", "8 mo", "quick")
    found = differences({KEY: {"a": 1}, other: {"a": 1}, lost: {}}, {KEY: {"a": 2}, other: {"a": 2}})
    (item,) = found.changed
    assert item.where == [KEY, other]
    assert (found.same, found.differing, found.only_old, found.only_new) == (0, 2, [lost], [])
    assert not found.equal


@pytest.mark.parametrize("name", ["answers.json", "answers.json.gz"])
def test_answers_are_kept_and_compared(root: Path, tmp_path: Path, name: str) -> None:
    files = [root / "scenarios/synthetic/weak-exposure.yaml"]
    answers = all_answers(files, ["kdigo-2012/fsgs", "kdigo-2021/mcd"], quick=True)
    assert {key[1] for key in answers} == {"kdigo-2012/fsgs", "kdigo-2021/mcd"}
    file = tmp_path / name
    write_answers(answers, file)
    assert read_answers(file) == answers
    key = next(key for key in answers if key[1] == "kdigo-2012/fsgs")
    changed = tmp_path / f"other-{name}"
    write_answers(answers | {key: answers[key] | {"faults": ["a fault"]}}, changed)
    runner = CliRunner()
    assert runner.invoke(app, ["diff-answers", str(file), str(file)]).exit_code == 0
    done = runner.invoke(app, ["diff-answers", str(file), str(changed)])
    assert done.exit_code == 1
    assert "faults[]  in 1 answer" in done.stdout
    assert f"{len(answers) - 1} answers the same, 1 different" in done.stdout


def test_what_is_no_file_of_answers(tmp_path: Path) -> None:
    for name, content in (("a.json", b"{}"), ("b.json.gz", b"no gzip"), ("c.json", b"[[1,2],3]")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UsageError, match=r"holds no answers|cannot be read"):
            read_answers(tmp_path / name)
    with pytest.raises(UsageError, match="cannot be read"):
        read_answers(tmp_path / "nowhere.json")


def test_two_scenarios_of_one_name_are_refused(root: Path, tmp_path: Path) -> None:
    text = (root / "scenarios/synthetic/weak-exposure.yaml").read_text()
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match="two scenarios are called"):
        all_answers(sorted(tmp_path.glob("*.yaml")), ["kdigo-2012/fsgs"], quick=True)
