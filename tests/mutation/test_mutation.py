"""Mutants: each is another pathway, only what it touches can come out otherwise, and what kills it is told."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from score import equivalents, is_argued

import nephroline
from nephroline.consultation import consult
from nephroline.errors import UsageError
from nephroline.expecting import ExpectEntry, check
from nephroline.mutation import End, Kind, Mutant, Mutation, MutationOptions, mutants_of, mutate
from nephroline.mutation.base import Bases
from nephroline.mutation.trials import trials_of
from nephroline.pathway import Pathway
from nephroline.record import read_record

NAME = "kdigo-2021/fsgs"
MODULE = "safety/statins"
_SAID = ("because", "rests_on", "sentence", "text")
"""Where an answer tells its reasons."""


@pytest.fixture(scope="module")
def pathway() -> Pathway:
    return nephroline.load_pathway(NAME)


@pytest.fixture(scope="module")
def mutants(pathway: Pathway) -> list[Mutant]:
    return mutants_of(pathway)


@pytest.fixture(scope="module")
def files(root: Path) -> tuple[Path, ...]:
    """A few scenarios, published cases among them."""
    found = sorted((root / "scenarios" / "hazards").glob("*.yaml"))[::9]
    return (root / "scenarios" / "pjnh-2015-case-1.yaml", *found)


def test_each_mutant_is_another_pathway_and_has_a_key_of_its_own(
    pathway: Pathway, mutants: list[Mutant]
) -> None:
    assert len({one.key for one in mutants}) == len(mutants)
    assert {one.kind for one in mutants} == set(Kind)
    some = random.Random(1).sample(mutants, 80)
    assert all(one.make().digest != pathway.digest for one in some)
    assert all(one.was != one.becomes for one in some)


def test_mutants_come_in_the_same_order_each_time(pathway: Pathway, mutants: list[Mutant]) -> None:
    assert [one.key for one in mutants_of(pathway)] == [one.key for one in mutants]


def concluded(answer: Any) -> Any:
    """An answer without the words of its reasons."""
    if isinstance(answer, dict):
        return {key: concluded(value) for key, value in answer.items() if key not in (*_SAID, "digest")}
    return [concluded(one) for one in answer] if isinstance(answer, list) else answer


def test_what_does_not_matter_changes_nothing_that_is_concluded(
    pathway: Pathway, mutants: list[Mutant], files: tuple[Path, ...]
) -> None:
    chance = random.Random(7)
    bases, looked = Bases(pathway), 0
    for trial in chance.sample(trials_of(pathway, files), 12):
        base = bases.of(trial.record, trial.moment)

        def answer(one: Pathway, trial: Any = trial) -> Any:
            found = consult(trial.record, one, trial.moment, backend_name="reference", stops_seen=False)
            return concluded({**msgspec.to_builtins(found), "summary": []})

        ours = answer(pathway)
        idle = [one for one in chance.sample(mutants, 40) if not one.matters(base)]
        for mutant in chance.sample(idle, min(8, len(idle))):
            looked += 1
            assert answer(mutant.make()) == ours, mutant.key
    assert looked > 60


@pytest.fixture(scope="module")
def found(files: tuple[Path, ...], tmp_path_factory: pytest.TempPathFactory) -> Mutation:
    log = tmp_path_factory.mktemp("mutants") / "log.jsonl"
    options = MutationOptions(files=files, pathways=(NAME,), count=24, seed=6, workers=1, log=log, least=True)
    return mutate(options)


def test_every_mutant_comes_to_an_end(found: Mutation) -> None:
    assert found.complete
    assert found.of > 4_000
    assert {one.end for one in found.results} >= {End.KILLED, End.SURVIVED}
    assert sum(killed for killed, _ in found.by_kind.values()) == found.killed
    for one in found.results:
        assert bool(one.failed) == bool(one.by) == (one.end is End.KILLED)
        assert (one.wanted is not None) == (one.end is End.SURVIVED)


def test_what_a_scenario_could_expect_tells_the_mutant_from_the_rules(
    found: Mutation, pathway: Pathway, mutants: list[Mutant]
) -> None:
    by_key = {one.key: one for one in mutants}
    survivors = [one for one in found.results if one.wanted is not None]
    assert survivors
    for one in survivors:
        assert one.wanted is not None
        assert one.wanted.chart is not None
        record = read_record(one.wanted.chart)
        entry = msgspec.convert(one.wanted.row, ExpectEntry)
        met = [
            all(good for good, _ in check(entry, answer, pathway.catalogue))
            for answer in (
                consult(record, each, entry.at, backend_name="reference", stops_seen=False)
                for each in (pathway, by_key[one.key].make())
            )
        ]
        assert met == [True, False], one.key


def test_a_run_that_was_broken_off_goes_on_and_one_of_others_is_refused(
    files: tuple[Path, ...], tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl"
    options = MutationOptions(files=files[:2], pathways=(NAME,), count=6, seed=2, workers=1, log=log)
    counted: list[tuple[int, int]] = []
    first = mutate(options, lambda _what, done, of: counted.append((done, of)))
    assert counted == sorted(counted)
    assert counted[-1] == (6, 6)
    lines = log.read_bytes().splitlines()
    log.write_bytes(b"\n".join(lines) + b'\n{"results": [')
    asked: list[tuple[int, int]] = []
    again = mutate(options, lambda _what, done, of: asked.append((done, of)))
    assert asked == []
    assert again.results == first.results
    with pytest.raises(UsageError, match="other rules or scenarios"):
        mutate(msgspec.structs.replace(options, files=files[:1]))
    log.write_text("not a log")
    with pytest.raises(UsageError, match="no log of mutants"):
        mutate(options)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nephroline", "mutate", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_hospital_sees_what_its_own_file_leaves_untested(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(
        "pathway: ours/fsgs\ntitle: Ours\nedition: Our hospital\ndisease: fsgs\nsource: nephroline\n"
        "uses: [kdigo-2021/fsgs]\n"
        "rules:\n"
        "  - id: old-and-nephrotic\n    title: Ask the geriatrician\n    when: age >= adult_age and finding(nephrotic-syndrome)\n"
        "    alert: {severity: warning, detail: before anything else}\n"
        "    statement: {source: nephroline, kind: policy, confidence: policy}\n    rationale: ours\n",
        encoding="utf-8",
    )
    chart = {
        "scenario": "nephrotic",
        "synthetic": True,
        "pathway": "ours/fsgs",
        "record": {
            "id": "nephrotic",
            "age": "70 years",
            "biopsies": [{"at": "0 d", "glomeruli": 20, "diagnosis": "fsgs"}],
            "observations": [{"at": "0 d", "proteinuria": "9 g/d", "albumin": "20 g/L"}],
        },
        "expect": [{"at": "0 d", "findings": ["nephrotic-syndrome"]}],
    }
    scenario = tmp_path / "scenarios" / "nephrotic.yaml"
    scenario.parent.mkdir()
    scenario.write_text(json.dumps(chart), encoding="utf-8")
    arguments = (
        str(scenario),
        "-p",
        str(tmp_path / "ours.yaml"),
        "-m",
        "ours/fsgs",
        "-k",
        "dropped",
        "-n",
        "0",
    )
    done = run(*arguments, "--save", str(tmp_path / "saved"), "--fail-under", "90")
    assert done.returncode == 1, done.stderr
    assert "mutants killed (0 %), all there are" in done.stdout
    assert "rule old-and-nephrotic" in done.stdout
    assert "could expect" in done.stdout
    # What was saved is met by the rules, and kills.
    kept = sorted((tmp_path / "saved").glob("*.yaml"))
    assert kept
    for file in kept:
        assert nephroline.read_scenario(file).expect
    told = json.loads(run(str(tmp_path / "saved"), *arguments[1:], "--format", "json").stdout)
    assert told["unmet"] == []
    assert told["killed"] >= len(kept)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--kind", "edges"), "did you mean"),
        (("--module", "safety/statin"), "no module"),
        (("nowhere",), "no such file"),
    ],
)
def test_what_is_asked_wrongly_is_told(arguments: tuple[str, ...], words: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_argued_to_be_the_same_rules_names_mutants_that_there_are() -> None:
    keys = {one.key for name in nephroline.pathway_ids() for one in mutants_of(nephroline.load_pathway(name))}
    argued = equivalents()
    assert argued
    assert [begin for begin in argued if not any(is_argued(key, [begin]) for key in keys)] == []
