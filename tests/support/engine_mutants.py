"""Small changes of the engine's code, made by cosmic-ray, which the chapters and the laws must notice.

    python tests/support/engine_mutants.py --count 1000 --seed 20 --log FILE [--quick] [--again]

Mutants are drawn from the rooms that hold what a rule means: features, language, consultation, record, missing.
Each is made in a copy of the repository, and those of `tests/spec` and `tests/laws` are run on it that run the changed
lines, nothing else: what only a snapshot or a published case would notice counts as not noticed. `--quick` leaves out
tests that take long; `--again` asks once more of those that survived. What is argued to be the same program stands in
`tests/mutation/engine-equivalents.yaml`, and counts apart.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

import msgspec
from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.plugins import get_operator, operator_names
from cosmic_ray.work_item import MutationSpec, TestOutcome
from score import equivalents

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("features", "lang", "consultation", "record", "missing")
EQUIVALENTS = ROOT / "tests" / "mutation" / "engine-equivalents.yaml"
TESTS = ["tests/spec", "tests/laws"]
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
IDENTITY = ("Eq_Is", "Is_Eq", "NotEq_IsNot", "IsNot_NotEq")
"""Identity in the place of equality: of enumerations, None and small numbers it is the same program."""
LONGEST = 12.0
"""Seconds, while lines are traced; a test that takes longer is not quick."""
MOST = 900.0
"""Seconds after which a mutant counts as killed: it has got into a circle."""


class Drawn(NamedTuple):
    """A mutant: where it is, and how it reads."""

    module: str
    operator: str
    occurrence: int
    start: tuple[int, int]
    end: tuple[int, int]
    text: str

    @property
    def line(self) -> int:
        """The line where it begins."""
        return self.start[0]

    @property
    def key(self) -> str:
        """By which it is known in a log, also when lines have moved."""
        return f"{self.module}: {self.text}"


def mutants(root: Path) -> list[Drawn]:
    """Every mutant of the rooms that is another program: annotations of functions mean nothing when it runs."""
    found: list[Drawn] = []
    seen: Counter[tuple[str, str]] = Counter()
    for room in ROOMS:
        for file in sorted((root / "engine/nephroline" / room).glob("*.py")):
            source = file.read_text()
            lines = source.splitlines()
            tree = get_ast_from_path(file)
            quiet = _unmeant(source)
            for name in sorted(operator_names()):
                operator = get_operator(name)
                if operator.arguments() or name.endswith(IDENTITY):
                    continue
                made = operator()
                places = [place for node in ast_nodes(tree) for place in made.mutation_positions(node)]
                for n, (start, end) in enumerate(places):
                    if any(a <= start and end <= b for a, b in quiet) or is_marker(lines, start, end):
                        continue
                    was = " ".join(line.strip() for line in lines[start[0] - 1 : end[0]])
                    text = f"{name.removeprefix('core/')} {was} [{start[1]}]"
                    module = str(file.relative_to(root / "engine/nephroline"))
                    seen[module, text] += 1
                    if seen[module, text] > 1:
                        text += f" {seen[module, text]}"
                    found.append(Drawn(module, name, n, start, end, text))
    return found


def _lot(mutant: Drawn, seed: int) -> str:
    """By which mutants are drawn: of its name alone, so that a change of the engine leaves the others drawn."""
    return hashlib.sha256(f"{seed} {mutant.key}".encode()).hexdigest()


def is_marker(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> bool:
    """Whether a star only parts arguments by name from the others: it multiplies nothing."""
    here = lines[start[0] - 1]
    return here[start[1] : end[1]] == "*" and here[end[1] :].lstrip().startswith(",")


def _unmeant(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where annotations of functions and of local names stand, which are not evaluated; and what is told the
    collector of the language, which changes nothing that an object is.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        notes: list[ast.expr | None] = []
        if isinstance(node, ast.FunctionDef):
            notes = [node.returns, *(a.annotation for a in ast.walk(node.args) if isinstance(a, ast.arg))]
            notes += [line.annotation for line in ast.walk(node) if isinstance(line, ast.AnnAssign)]
        elif isinstance(node, ast.keyword) and node.arg == "gc":
            notes.append(node.value)
        for note in notes:
            if note is not None and note.end_lineno is not None and note.end_col_offset is not None:
                found.append(((note.lineno, note.col_offset), (note.end_lineno, note.end_col_offset)))
    return found


# -- which tests run a line ----------------------------------------------------------------------------


class Reached(msgspec.Struct):
    """Which tests run a line (``file:line``), by their place in `tests`, which tells how long each takes.

    -1: it is run when modules are read.
    """

    tests: list[tuple[float, str]]
    lines: dict[str, list[int]]


def reached(copy: Path, kept: Path) -> Reached:
    """Which tests run which lines, from a file if it is there; else they are run, and it is written."""
    if kept.exists():
        return msgspec.json.decode(kept.read_bytes(), type=Reached)
    out = copy / "reached.json"
    measured = ["coverage", "run", "--branch", "--rcfile=/dev/null", f"--data-file={copy}/.reached"]
    subprocess.run(
        [
            sys.executable,
            "-m",
            *measured,
            f"--include={copy}/engine/*",
            *PYTEST[1:],
            "-p",
            "reaching",
            *TESTS,
        ],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy / "tests/support"), "REACHED": str(out)},
        check=True,
    )
    shutil.copy(out, kept)
    return msgspec.json.decode(kept.read_bytes(), type=Reached)


# -- one mutant ----------------------------------------------------------------------------------------


def judge(copy: Path, mutant: Drawn, tests: list[str]) -> dict[str, str]:
    """What becomes of a mutant, and by which test."""
    os.chdir(copy)
    os.environ["LAWS_UNSHRUNK"] = "1"
    (copy / "asked.txt").write_text("\n".join(tests) + "\n")
    command = shlex.join([*PYTEST, "-x", "--no-header", "--tb=no", "-rf", "@asked.txt"])
    spec = MutationSpec(
        module_path=copy / "engine/nephroline" / mutant.module,
        operator_name=mutant.operator,
        occurrence=mutant.occurrence,
        start_pos=mutant.start,
        end_pos=mutant.end,
    )
    done = mutate_and_test([spec], command, MOST)
    told = (done.output or "").splitlines()
    by = next((line for line in told if line.startswith(("FAILED", "ERROR"))), told[0] if told else "")
    diff = [
        line for line in (done.diff or "").splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    return {
        "key": mutant.key,
        "line": str(mutant.line),
        "end": "survived" if done.test_outcome is TestOutcome.SURVIVED else "killed",
        "by": by.partition(" - ")[0],
        "diff": "\n".join(diff),
    }


def _copied(count: int, folder: Path) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    copies = [folder / f"copy-{n}" for n in range(count)]
    for name in listed.stdout.splitlines():
        for copy in copies:
            if (ROOT / name).exists():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
    return copies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--log", type=Path, default=Path("engine-mutants.jsonl"))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--again", action="store_true")
    asked = parser.parse_args()
    every = mutants(ROOT)
    drawn = sorted(every, key=lambda one: _lot(one, asked.seed))[: asked.count]
    known = _read(asked.log)
    left = [one for one in drawn if one.key not in known]
    if asked.again:
        left = [one for one in drawn if known.get(one.key, {}).get("end") != "killed"]
    with tempfile.TemporaryDirectory(prefix="engine-mutants-") as folder:
        copies = _copied(asked.workers, Path(folder))
        running_lines = reached(copies[0], asked.log.with_suffix(".reached.json"))
        jobs = [(one, _tests_of(one, running_lines, asked.quick)) for one in left]
        shares = [jobs[n :: len(copies)] for n in range(len(copies))]
        with ProcessPoolExecutor(len(copies)) as pool:
            running = [
                pool.submit(_share, copy, share, asked.log)
                for copy, share in zip(copies, shares, strict=True)
            ]
            for future in as_completed(running):
                future.result()
    show(drawn, _read(asked.log), len(every), asked.seed)


def _share(copy: Path, jobs: list[tuple[Drawn, list[str]]], log: Path) -> None:
    for mutant, tests in jobs:
        if tests:
            result = judge(copy, mutant, tests)
        else:
            result = {"key": mutant.key, "line": str(mutant.line), "end": "unreached", "by": "", "diff": ""}
        with log.open("a") as out:
            out.write(json.dumps(result) + "\n")


def _tests_of(mutant: Drawn, known: Reached, quick: bool) -> list[str]:
    """The tests that run a changed line, chapters before laws and the quicker first; *quick*: no long ones."""
    lines = (f"{mutant.module}:{line}" for line in range(mutant.start[0], mutant.end[0] + 1))
    places = {place for line in lines for place in known.lines.get(line, ())}
    if -1 in places:
        names = ["tests/spec", "tests/laws/test_laws.py::test_law_9_every_evaluator_agrees"]
        return names if quick else TESTS
    found = sorted(
        (test.startswith("tests/laws"), seconds, test)
        for seconds, test in map(known.tests.__getitem__, places)
        if not quick or seconds <= LONGEST
    )
    return [test for *_, test in found]


def _read(log: Path) -> dict[str, dict[str, str]]:
    rows = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return {row["key"]: row for row in rows}


def show(drawn: list[Drawn], results: dict[str, dict[str, str]], of: int, seed: int) -> None:
    """Print the score and what survives."""
    alike = set(equivalents(EQUIVALENTS))
    ends = Counter(
        "equivalent" if one.key in alike and results[one.key]["end"] != "killed" else results[one.key]["end"]
        for one in drawn
        if one.key in results
    )
    counted = sum(ends.values()) - ends["equivalent"]
    say = sys.stdout.write
    say(f"seed {seed}: {len(drawn)} of {of} drawn; {dict(ends)}\n")
    say(f"killed: {100 * ends['killed'] / max(counted, 1):.1f} % of those that are another program\n")
    for one in sorted(drawn):
        row = results.get(one.key)
        if row is not None and row["end"] != "killed" and one.key not in alike:
            say(f"{row['end']}: {one.module}:{one.line} {one.text}\n{row['diff']}\n")


if __name__ == "__main__":
    main()
