"""Validate what is written as FHIR by validators that know nothing of ours, and read the official examples.

    python tests/interop/validating.py

It needs Node, and `npm ci` in ``tests/interop/node``: `make fhir` does both. Of every scenario the record is written,
and its answer at up to three times; of the official examples of R4 every file is read by itself.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from nephroline.errors import RecordError
from nephroline.interop.fhir import answer_as_fhir, read_fhir, write_fhir
from nephroline.pathway import load_rules
from nephroline.record import read_record
from nephroline.selecting import consult

ROOT = Path(__file__).resolve().parents[2]
NODE = Path(__file__).with_name("node")
EXAMPLES = NODE / "node_modules/hl7.fhir.r4.examples"
ZERO, NOW = date(2015, 3, 1), datetime(2026, 1, 1, tzinfo=UTC)


def write_all(folder: Path) -> None:
    """Write the records and answers of all scenarios, and two Bundles that have to be refused."""
    base = load_rules()
    bundle: dict[str, Any] = {}
    for number, file in enumerate(sorted((ROOT / "scenarios").rglob("*.yaml"))):
        try:
            record = read_record(file)
        except RecordError:
            continue
        bundle = write_fhir(file, time_zero=ZERO if record.clock.zero is None else None)
        (folder / f"{number}-record.json").write_text(json.dumps(bundle))
        for place, moment in enumerate(record.moments(3)):
            answer = consult(record, base, moment, backend_name="reference")
            told = answer_as_fhir(answer, record, recorded=NOW)
            (folder / f"{number}-answer-{place}.json").write_text(json.dumps(told))
    unknown, lacking = copy.deepcopy(bundle), copy.deepcopy(bundle)
    unknown["entry"][0]["resource"]["colour"] = "red"
    kinds = [entry["resource"]["resourceType"] for entry in lacking["entry"]]
    del lacking["entry"][kinds.index("Observation")]["resource"]["status"]
    for name, broken in (("unknown", unknown), ("lacking", lacking)):
        (folder / f"broken-{name}.json").write_text(json.dumps(broken))


def read_examples() -> Counter[str]:
    """Read each official example by itself: it becomes a record that can be read, or is refused in words."""
    found: Counter[str] = Counter()
    for file in sorted(EXAMPLES.glob("*.json")):
        data = json.loads(file.read_text())
        if "resourceType" not in data:
            continue
        try:
            taken = read_fhir(data)
        except RecordError:
            found["refused"] += 1
        else:
            read_record(taken.record)
            found["read"] += 1
            found += Counter({f"resources {use}": count for use, count in taken.reading.counts.items()})
    return found


def main() -> int:
    """Both; 1 if anything is not as it should be."""
    with tempfile.TemporaryDirectory() as name:
        write_all(Path(name))
        done = subprocess.run(["node", "validate.mjs", name], cwd=NODE, check=False)
    examples = read_examples()
    sys.stdout.write(f"official examples: {', '.join(f'{n} {what}' for what, n in examples.items())}\n")
    return done.returncode or (0 if examples["read"] else 1)


if __name__ == "__main__":
    sys.exit(main())
