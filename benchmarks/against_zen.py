"""Measure the inference by durable_rules against zen-engine on the same clauses and the same facts, in one run.

    pip install zen-engine
    python benchmarks/against_zen.py [--pathway kdigo-2012/fsgs] [--rounds 5]

Each stratum is one call of zen-engine: the patient and all lines together, every clause that must hold and
every one that may. That is as few calls as can be made, for a stratum asks what the one before it found. Both
get the facts as a consultation has them, and have to find the same.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nephroline import load_pathway, read_record
from nephroline.backends import Fact, backend
from nephroline.consultation import chart_of
from nephroline.consultation.run import Run, prepare
from nephroline.errors import RecordError
from nephroline.lang import And, Atom, Node, Not, Or, atoms
from nephroline.pathway import Clause
from nephroline.terms import Scope

ROOT = Path(__file__).resolve().parent.parent
LETTERS = {True: "t", False: "f", None: "u"}
KINDS = {Scope.PATIENT: "patient", Scope.LINE: "lines"}


def expression(node: Node, names: dict[Atom, str], *, must: bool) -> str:
    """A condition in the language of zen-engine: whether it must hold, or may."""
    if isinstance(node, Not):
        return f"not ({expression(node.operand, names, must=not must)})"
    if isinstance(node, And | Or):
        word = " and " if isinstance(node, And) else " or "
        return "(" + word.join(expression(part, names, must=must) for part in node.operands) + ")"
    return f"{names[node]} == 't'" if must else f"{names[node]} != 'f'"


class Zen:
    """One stratum as a decision of zen-engine."""

    def __init__(self, engine: Any, clauses: Sequence[Clause]) -> None:
        self.clauses = {scope: [c for c in clauses if c.scope is scope] for scope in KINDS}
        self.names: dict[Scope, dict[Atom, str]] = {}
        nodes: list[dict[str, Any]] = [
            {"id": "in", "type": "inputNode", "name": "in"},
            {"id": "out", "type": "outputNode", "name": "out"},
        ]
        edges: list[dict[str, str]] = []
        for scope, kind in KINDS.items():
            mine = self.clauses[scope]
            asked = dict.fromkeys(atom for clause in mine for atom in atoms(clause.condition))
            names = self.names[scope] = {atom: f"a{number}" for number, atom in enumerate(asked)}
            if not mine:
                continue
            told = [
                {
                    "id": f"{letter}{n}",
                    "key": f"{letter}{n}",
                    "value": expression(c.condition, names, must=must),
                }
                for n, c in enumerate(mine)
                for letter, must in (("m", True), ("y", False))
            ]
            looped = "loop" if scope is Scope.LINE else "single"
            content = {"expressions": told, "inputField": kind, "outputPath": kind, "executionMode": looped}
            nodes.append({"id": kind, "type": "expressionNode", "name": kind, "content": content})
            edges += [
                {"id": f"{kind}1", "type": "edge", "sourceId": "in", "targetId": kind},
                {"id": f"{kind}2", "type": "edge", "sourceId": kind, "targetId": "out"},
            ]
        self.decision = engine.create_decision(json.dumps({"nodes": nodes, "edges": edges}))

    def fire(self, facts: Sequence[Fact]) -> dict[tuple[str, int], bool | None]:
        asked: dict[str, Any] = {"patient": {}, "lines": []}
        subjects: list[int] = []
        for fact in facts:
            letters = {name: LETTERS[fact.atoms.get(atom)] for atom, name in self.names[fact.scope].items()}
            if fact.scope is Scope.PATIENT:
                asked["patient"] = letters
            else:
                asked["lines"].append(letters)
                subjects.append(fact.subject)
        found = self.decision.evaluate(asked)["result"]
        rows = [(Scope.PATIENT, 0, found.get("patient", {}))] if self.clauses[Scope.PATIENT] else []
        rows += [(Scope.LINE, s, row) for s, row in zip(subjects, found.get("lines", []), strict=False)]
        return {
            (clause.id, subject): True if row[f"m{n}"] else (None if row[f"y{n}"] else False)
            for scope, subject, row in rows
            for n, clause in enumerate(self.clauses[scope])
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pathway", default="kdigo-2012/fsgs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--every", type=int, default=6, help="one scenario of so many")
    asked = parser.parse_args()
    try:
        import zen
    except ImportError:
        sys.exit("zen-engine is not installed: pip install zen-engine")
    pathway, engine = load_pathway(asked.pathway), zen.ZenEngine()
    prepared = prepare(pathway, backend("durable"), late=False)
    theirs = [Zen(engine, clauses) for clauses in pathway.strata]
    told: list[list[list[Fact]]] = []
    for file in sorted((ROOT / "scenarios").rglob("*.yaml"))[:: asked.every]:
        try:
            record = read_record(file)
        except RecordError:
            continue
        run = Run(pathway, chart_of(record, pathway, record.moments()[-1]))
        rows: list[list[Fact]] = []
        for stratum, other in zip(prepared, theirs, strict=True):
            facts = run.facts(stratum)
            mine = stratum.stage.fire(facts)
            if dict(mine) != other.fire(facts):
                sys.exit(f"{file.name}: the two do not find the same")
            run.truths |= mine
            rows.append(facts)
        told.append(rows)
    ours, zens = [], []
    for _ in range(asked.rounds):
        start = time.process_time()
        for rows in told:
            for facts, stratum in zip(rows, prepared, strict=True):
                stratum.stage.fire(facts)
        ours.append(time.process_time() - start)
        start = time.process_time()
        for rows in told:
            for facts, other in zip(rows, theirs, strict=True):
                other.fire(facts)
        zens.append(time.process_time() - start)
    count = len(told)
    print(f"{asked.pathway}: {len(pathway.clauses)} clauses in {len(prepared)} strata, {count} consultations")
    print(f"durable_rules {min(ours) / count * 1000:.2f} ms, zen-engine {min(zens) / count * 1000:.2f} ms")
    print(f"ratio {min(ours) / min(zens):.2f}")


if __name__ == "__main__":
    main()
