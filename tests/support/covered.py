"""Which clauses of the rules no scenario decides both ways, and whether their file says why.

    python tests/support/covered.py

A clause counts once for each module that states it, under whatever pathway it was met. One that is not tested is
explained when a comment stands in its condition; for lists of verdicts and responses, which pathways take over from
each other, when one stands in such a section or right before it. Ends with 1 where one is neither tested nor explained.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

import nephroline
from nephroline.coverage import coverage_of
from nephroline.replaying import scenario_files

ROOT = Path(__file__).resolve().parent.parent.parent
LISTS = {"applicability": "applicability", "indeterminate": "indeterminate", "response": "responses"}
"""What is a list of a pathway or an edition, without ids: the section that holds it."""


class Clause(NamedTuple):
    """A clause of a condition: who states it, and its place there."""

    kind: str
    owner: str
    condition: str
    place: int


def clauses() -> dict[Clause, tuple[bool, str]]:
    """Whether each clause has decided both ways under any pathway, and how it reads."""
    ways: dict[Clause, set[str]] = {}
    texts: dict[Clause, str] = {}
    files = scenario_files([ROOT / "scenarios"])
    for name in nephroline.pathway_ids():
        for condition in coverage_of(nephroline.load_pathway(name), files).conditions:
            owner = name if condition.kind in LISTS else condition.module
            for place, clause in enumerate(condition.clauses):
                key = Clause(condition.kind, owner, condition.id, place)
                found = {way for way in ("held", "failed") if getattr(clause, way) is not None}
                ways[key] = ways.get(key, set()) | found
                texts[key] = clause.text
    return {key: (len(found) == 2, texts[key]) for key, found in ways.items()}


def commented(files: list[Path]) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """What holds a comment: conditions by module and id, and sections by module and name."""
    blocks: set[tuple[str, str]] = set()
    sections: set[tuple[str, str]] = set()
    for file in files:
        text = file.read_text()
        head = re.search(r"^(?:module|pathway|edition): (\S+)", text, re.MULTILINE)
        if head is None:
            continue
        module, here, section, before = head[1], "", "", False
        for line in text.splitlines():
            note = line.lstrip().startswith("#")
            if begun := re.match(r"([a-z_]+):", line):
                section, here = begun[1], ""
                if before:
                    sections.add((module, section))
            if begun := re.match(r"  (?:- \{?id: |\")?([a-z0-9_\-]+)", line):
                here = begun[1]
            if note:
                sections.add((module, section))
                blocks.add((module, here))
            before = note
    return blocks, sections


def main() -> int:
    told = clauses()
    files = sorted((ROOT / "rules").rglob("*.yaml"))
    blocks, sections = commented(files)
    left = [key for key, (tested, _) in told.items() if not tested]
    bare = [key for key in left if not _explained(key, blocks, sections)]
    say = sys.stdout.write
    say(
        f"{len(told)} clauses, {len(told) - len(left)} tested ({100 * (len(told) - len(left)) / len(told):.1f} %), "
    )
    say(f"{len(left) - len(bare)} explained, {len(bare)} neither\n")
    for key in bare:
        say(f"{key.kind} {key.owner} {key.condition} {key.place}: {told[key][1]}\n")
    return 1 if bare else 0


def _explained(key: Clause, blocks: set[tuple[str, str]], sections: set[tuple[str, str]]) -> bool:
    if key.kind in LISTS:
        return any(name == LISTS[key.kind] for _, name in sections)
    if key.kind == "exposure":
        return (key.owner, "exposure") in sections
    return (key.owner, key.condition) in blocks


if __name__ == "__main__":
    sys.exit(main())
