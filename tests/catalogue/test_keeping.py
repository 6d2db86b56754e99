"""What was made of the rules is kept for the next run: privately, by content, and never trusted when damaged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nephroline.catalogue import keeping

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owner here")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    keeping._folder.cache_clear()
    yield tmp_path / "nephroline"
    keeping._folder.cache_clear()


def counted(made: object) -> tuple[list[int], Callable[[], object]]:
    calls: list[int] = []

    def make() -> object:
        calls.append(1)
        return made

    return calls, make


def files(home: Path) -> list[Path]:
    return sorted(home.iterdir())


def test_what_was_made_is_read_the_next_time(home: Path) -> None:
    calls, make = counted({"a": [1, 2]})
    assert keeping.kept("thing", make) == keeping.kept("thing", make) == {"a": [1, 2]}
    assert calls == [1]
    assert home.stat().st_mode & 0o777 == 0o700
    assert [file.stat().st_mode & 0o777 for file in files(home)] == [0o600]


@pytest.mark.parametrize("damage", [b"", b"x", b"0" * 64 + b"\x80\x05N."])
def test_a_damaged_file_is_made_anew(home: Path, damage: bytes) -> None:
    calls, make = counted("made")
    keeping.kept("thing", make)
    files(home)[0].write_bytes(damage)
    assert keeping.kept("thing", make) == "made"
    assert len(calls) == 2
    keeping.kept("thing", make)
    assert len(calls) == 2


def test_a_file_that_others_may_write_is_not_read(home: Path) -> None:
    calls, make = counted("made")
    keeping.kept("thing", make)
    files(home)[0].chmod(0o666)
    keeping.kept("thing", make)
    assert len(calls) == 2


def test_a_link_is_not_followed(home: Path, tmp_path: Path) -> None:
    calls, make = counted("made")
    keeping.kept("thing", make)
    (file,) = files(home)
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    keeping.kept("thing", make)
    assert len(calls) == 2


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o777])
def test_nothing_is_kept_in_a_folder_that_others_can_open(home: Path, mode: int) -> None:
    home.mkdir()
    home.chmod(mode)
    calls, make = counted("made")
    keeping.kept("thing", make)
    keeping.kept("thing", make)
    assert len(calls) == 2
    assert files(home) == []


def test_other_rules_have_other_files(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls, make = counted("made")
    keeping.kept("thing", make)
    monkeypatch.setattr(keeping, "_fingerprint", lambda: "other")
    keeping.kept("thing", make)
    assert len(calls) == 2
    assert len(files(home)) == 2


def test_old_files_go(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(40):
        monkeypatch.setattr(keeping, "_fingerprint", lambda n=n: str(n))
        keeping.kept("thing", lambda: "made")
    assert len(files(home)) == keeping._MOST


def test_what_is_whole_is_not_written_again(home: Path) -> None:
    part = ["part"]
    keeping.kept("thing", lambda: [part], {"part": part})
    (found,) = keeping.kept("thing", list[list[str]], {"part": part})
    assert found is part


@pytest.mark.parametrize("pathway", ["auto", "kdigo-2021/fsgs"])
def test_the_answer_is_the_same_from_what_was_kept(tmp_path: Path, pathway: str) -> None:
    nowhere = tmp_path / "a file"
    nowhere.write_text("no folder")

    def answer(cache: Path) -> object:
        command = [sys.executable, "-m", "nephroline", "consult", "scenarios/pjnh-2015-case-1.yaml"]
        done = subprocess.run(
            [*command, "--at", "10 mo", "--pathway", pathway, "--format", "json"],
            capture_output=True, check=True, cwd=ROOT, env=os.environ | {"XDG_CACHE_HOME": str(cache)},
        )  # fmt: skip
        return json.loads(done.stdout)

    first, second, without = answer(tmp_path / "c"), answer(tmp_path / "c"), answer(nowhere)
    assert any((tmp_path / "c" / "nephroline").iterdir())
    assert first == second == without
