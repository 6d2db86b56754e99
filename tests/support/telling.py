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
from typing import Any

import nephroline
from nephroline.mutation import mutants_of
from nephroline.mutation.apart import telling_apart
from nephroline.mutation.base import Bases
from nephroline.mutation.trials import answer_of
from nephroline.replaying import decision_times, read_scenario


def alive(log: Path) -> set[str]:
    """The mutants that a log tells of as not killed."""
    batches = [json.loads(line) for line in log.read_text().splitlines()[1:]]
    return {one["key"] for batch in batches for one in batch["results"] if one["end"] != "killed"}


def told(keys: set[str], files: Sequence[Path]) -> Iterator[tuple[str, str, str, str, dict[str, Any]]]:
    """Mutant, scenario, pathway, time, and an expectation that the mutant does not meet there."""
    for name in nephroline.pathway_ids():
        pathway = nephroline.load_pathway(name)
        mutants = [one for one in mutants_of(pathway) if one.key in keys]
        bases = Bases(pathway)
        for file in files:
            scenario = read_scenario(file, pathway.catalogue)
            for moment in decision_times(scenario):
                base = bases.of(scenario.record, moment)
                ours = answer_of(pathway, scenario.record, moment)
                for mutant in mutants:
                    if mutant.matters(base):
                        apart = telling_apart(ours, answer_of(mutant.make(), scenario.record, moment))
                        if apart:
                            yield mutant.key, scenario.title, name, moment.label, apart


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("files", type=Path, nargs="+", metavar="SCENARIO")
    asked = parser.parse_args()
    seen: set[str] = set()
    for key, title, name, at, expect in told(alive(asked.log), asked.files):
        if key not in seen:
            seen.add(key)
            sys.stdout.write(f"{key}\n    {title} at {at}, {name}: {expect}\n")


if __name__ == "__main__":
    main()
