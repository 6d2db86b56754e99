"""Which mutants that a log knows as alive some charts would kill, and what could be expected there.

    python tests/support/telling.py --log mutants.jsonl SCENARIO...

For whoever writes a chart for a clause that no scenario reaches: its times are those of its `expect`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import nephroline
from nephroline.mutation import End, Result, mutants_of
from nephroline.mutation.judging import MutantJudge
from nephroline.mutation.trials import trials_of


def alive(log: Path) -> set[str]:
    """The mutants that a log tells of as not killed."""
    batches = [json.loads(line) for line in log.read_text().splitlines()[1:]]
    return {one["key"] for batch in batches for one in batch["results"] if one["end"] != "killed"}


def told(keys: set[str], files: Sequence[Path]) -> Iterator[Result]:
    """What becomes of mutants on some charts, where they answer otherwise."""
    for name in nephroline.pathway_ids():
        pathway = nephroline.load_pathway(name)
        judge = MutantJudge(pathway, trials_of(pathway, files))
        mutants = [one for one in mutants_of(pathway) if one.key in keys]
        for mutant, trials in judge.where(mutants, searching=True):
            result = judge.judged(mutant, (name,), trials)
            if result.end in (End.KILLED, End.SURVIVED):
                yield result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("files", type=Path, nargs="+", metavar="SCENARIO")
    asked = parser.parse_args()
    for one in told(alive(asked.log), asked.files):
        wanted = one.wanted
        how = f"killed, {one.by}" if wanted is None else f"{wanted.file}, {wanted.pathway}: {wanted.row}"
        sys.stdout.write(f"{one.key}\n    {how}\n")


if __name__ == "__main__":
    main()
