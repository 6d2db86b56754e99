"""The mutation score of our rules, by scenarios together with the tables of limits, edges, grades and doses.

    python tests/support/score.py --count 2000 --seed 14 [--log FILE]

A mutant that no scenario kills is killed by the tables if they would say something else of it. What is argued to
be the same rules (`tests/mutation/equivalents.yaml`) counts apart. Those that are left are listed. Exits with 1
below the share asked for.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from printed import tables_of

import nephroline
from nephroline.errors import UsageError
from nephroline.mutation import End, Mutation, MutationOptions, Result, mutants_of, mutate
from nephroline.yamlfile import read_file

ROOT = Path(__file__).resolve().parent.parent.parent
EQUIVALENTS = ROOT / "tests" / "mutation" / "equivalents.yaml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=14)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--fail-under", type=int, default=0)
    asked = parser.parse_args()
    found = mutate(
        MutationOptions(
            files=tuple(sorted((ROOT / "scenarios").rglob("*.yaml"))),
            pathways=tuple(nephroline.pathway_ids()),
            count=asked.count,
            seed=asked.seed,
            log=asked.log,
        ),
        lambda what, done, of: sys.stderr.write(f"{done} of {of} {what}\n"),
    )
    killed, of = show(found)
    if killed * 100 < asked.fail_under * of:
        sys.exit(1)


def equivalents(file: Path = EQUIVALENTS) -> list[str]:
    """How the names of mutants begin that are argued to be the same; the file says why they are."""
    groups = read_file(file, file.name, UsageError).data
    return [begin for group in groups for begin in group["mutants"]]


def is_argued(key: str, argued: Iterable[str]) -> bool:
    """Whether a mutant is one of those."""
    return any(key.startswith(f"{begin} ") for begin in argued)


def show(found: Mutation) -> tuple[int, int]:
    """Print the score and what is left; give how many were killed, of how many that are not the same rules."""
    alive = [one for one in found.results if one.end is not End.KILLED]
    noticed = by_tables(alive)
    unnoticed = [one for one in alive if one.key not in noticed]
    argued = equivalents()
    left = [one for one in unnoticed if not is_argued(one.key, argued)]
    alike = len(unnoticed) - len(left)
    of, by_scenarios = len(found.results) - alike, found.killed
    killed = by_scenarios + len(noticed)
    _say(f"seed {found.seed}: {killed} of {of} killed ({100 * killed / max(of, 1):.1f} %)")
    _say(
        f"  {by_scenarios} by scenarios, {found.by_published} of these by published cases; {len(noticed)} by tables"
    )
    _say(f"  {alike} more are argued to be the same rules")
    _say(f"  kinds: {dict(Counter(str(one.kind) for one in left))}")
    for one in sorted(left, key=lambda one: (one.end, one.module, one.key)):
        wanted = f" · {one.wanted.file} at {one.wanted.at}: {one.wanted.expect}" if one.wanted else ""
        _say(f"{one.end}: {one.key}{wanted}")
    return killed, of


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def by_tables(left: list[Result]) -> set[str]:
    """The mutants of which the tables say something else."""
    found: set[str] = set()
    keys = {one.key: one.pathways for one in left}
    for name in nephroline.pathway_ids():
        pathway = nephroline.load_pathway(name)
        mine = {key for key, names in keys.items() if name in names} - found
        if mine:
            as_is = tables_of([pathway])
            changed = (one for one in mutants_of(pathway) if one.key in mine)
            found |= {one.key for one in changed if tables_of([one.make()]) != as_is}
    return found


if __name__ == "__main__":
    main()
