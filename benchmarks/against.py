"""Measure this engine against that of an earlier commit, in one run: CPU time, each in turn.

    python benchmarks/against.py faec39a [--rounds 3]

Both are asked about the scenarios of the earlier commit, at every time of theirs, under the pathways that both
have: by consultation, with its JSON, and with the outlook. The packages are those that are installed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

# Run by each engine, so it uses only what both have.
_ASK = """
import json, sys, time
from pathlib import Path
import nephroline
how, folder, names = getattr(nephroline, sys.argv[1]), Path(sys.argv[2]), sys.argv[3].split(",")
pathways, found = {name: nephroline.load_pathway(name) for name in names}, {}
for file in sorted(folder.rglob("*.yaml")):
    record = nephroline.read_record(file)
    for name, pathway in pathways.items():
        for moment in record.moments():
            start = time.process_time()
            how(record, pathway, moment).to_json()
            found[f"{file.name} {name} {moment.label}"] = time.process_time() - start
json.dump(found, sys.stdout)
"""

_COUNT = """
import nephroline
def parts(node):
    inner = getattr(node, "operands", None) or [getattr(node, "operand", None)]
    return sum(map(parts, inner)) if inner != [None] else 1
for name in nephroline.pathway_ids():
    pathway = nephroline.load_pathway(name)
    print(name, sum(parts(c.condition) for s in (*pathway.strata, *pathway.late_strata) for c in s))
"""

_COLD = "import typer, yaml, durable.lang"


def run(engine: Path, *arguments: str) -> str:
    surroundings = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    surroundings["PYTHONPATH"] = str(engine)
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True, env=surroundings).stdout


def cpu(engine: Path, *arguments: str) -> float:
    before = os.times()
    run(engine, *arguments)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def counted(engine: Path) -> Mapping[str, int]:
    rows = (line.split() for line in run(engine, "-c", _COUNT).splitlines())
    return {name: int(count) for name, count in rows}


def asked(
    how: str, engines: tuple[Path, Path], names: str, scenarios: Path, rounds: int
) -> list[list[float]]:
    """The least CPU time of each question, of both engines."""
    best: list[dict[str, float]] = [{}, {}]
    for _ in range(rounds):
        for engine, kept in zip(engines, best, strict=True):
            told: dict[str, Any] = json.loads(run(engine, "-c", _ASK, how, str(scenarios), names))
            for key, seconds in told.items():
                kept[key] = min(seconds, kept.get(key, seconds))
    both = sorted(set(best[0]) & set(best[1]))
    return [[kept[key] for key in both] for kept in best]


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit")
    parser.add_argument("--rounds", type=int, default=3)
    asked_for = parser.parse_args()
    with TemporaryDirectory() as folder:
        packed = subprocess.run(
            ["git", "archive", asked_for.commit], capture_output=True, check=True, cwd=ROOT
        ).stdout
        with tarfile.open(fileobj=BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
        engines = Path(folder) / "engine", ROOT / "engine"
        counts = [counted(engine) for engine in engines]
        shared = sorted(set(counts[0]) & set(counts[1]))
        before, now = (sum(count[name] for name in shared) for count in counts)
        print(f"clauses: {before} then, {now} now: k = {now / before:.2f}")
        scenarios = Path(folder) / "scenarios"
        for how in ("consult", "thorough"):
            old, new = asked(how, engines, ",".join(shared), scenarios, asked_for.rounds)
            print(
                f"{how}: {len(old)} times, {sum(new) / sum(old):.2f} × in all"
                f" ({sum(old) / len(old) * 1000:.1f} ms then, {sum(new) / len(new) * 1000:.1f} ms now);"
                f" p95 {percentile(new, 0.95) / percentile(old, 0.95):.2f} ×"
            )
        case = str(ROOT / "scenarios/pjnh-2015-case-1.yaml")
        command = ("-m", "nephroline", "consult", case, "--at", "10 mo")
        for engine in engines:
            cpu(engine, *command)
        colds = [min(cpu(engine, *command) for _ in range(9)) for engine in engines]
        bare = min(cpu(ROOT, "-c", _COLD) for _ in range(9))
        print(f"cold start against `{_COLD}`: {colds[0] / bare:.2f} × then, {colds[1] / bare:.2f} × now")


if __name__ == "__main__":
    main()
