"""Write a made-up registry of nephrotic patients as tables of the cohort layout: seeded, and as large as one likes.

    python benchmarks/registry.py OUT [--patients 1000] [--labs 36] [--seed 1]

Each patient has a biopsy, so many values of the laboratory in five years, and up to three courses of treatment.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from nephroline.cohort.layout import PATIENTS, TABLES, table_schema

_CHUNK = 5_000
_COURSES = (
    [("prednisolone", "60 mg/d", 112)],
    [("prednisolone", "60 mg/d", 112), ("cyclosporine", "250 mg/d", 365)],
    [
        ("prednisolone", "60 mg/d", 112),
        ("cyclosporine", "250 mg/d", 200),
        ("mycophenolate mofetil", "2000 mg/d", 365),
    ],
)
_Row = dict[str, Any]


def patient(number: int, labs: int, seed: int) -> Iterator[tuple[str, _Row]]:
    chance = random.Random(f"{seed}-{number}")  # noqa: S311
    who = f"r{number:08d}"
    begun = date(2010, 1, 1) + timedelta(days=chance.randrange(3_000))
    weight = chance.randrange(50, 100)
    yield (
        PATIENTS,
        {
            "patient_id": who,
            "sex": chance.choice(("male", "female")),
            "birth_date": str(begun - timedelta(days=chance.randrange(7_000, 27_000))),
            "time_zero": str(begun),
            "weight": f"{weight} kg",
        },
    )
    yield (
        "biopsies",
        {"patient_id": who, "at": str(begun), "glomeruli": chance.randrange(8, 30), "diagnosis": "fsgs"},
    )
    yield "findings", {"patient_id": who, "name": "secondary_cause_excluded", "value": True, "at": str(begun)}
    day, proteinuria = 5, chance.uniform(5, 12)
    responds = chance.random()
    for drug, dose, days in chance.choice(_COURSES):
        end = begun + timedelta(days=day + days)
        yield (
            "exposures",
            {
                "patient_id": who,
                "drug": drug,
                "from": str(begun + timedelta(days=day)),
                "to": str(end),
                "dose": dose,
            },
        )
        day += days + chance.randrange(1, 60)
    for i in range(labs // 3):
        at = str(begun + timedelta(days=i * 1_800 // max(labs // 3, 1)))
        proteinuria *= chance.uniform(0.6, 1.1) if responds < 0.6 else chance.uniform(0.9, 1.1)
        values = (
            ("proteinuria", f"{max(proteinuria, 0.1):.1f}", "g/d"),
            ("albumin", f"{min(40, max(15, 45 - 3 * proteinuria)):.0f}", "g/L"),
            ("creatinine", f"{chance.randrange(60, 130)}", "µmol/L"),
        )
        for name, value, unit in values:
            yield "observations", {"patient_id": who, "at": at, "name": name, "value": value, "unit": unit}


def write(out: Path, patients: int, labs: int, seed: int) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for chunk, begun in enumerate(range(0, patients, _CHUNK)):
        rows: dict[str, list[_Row]] = {table: [] for table in TABLES}
        for number in range(begun, min(begun + _CHUNK, patients)):
            for table, row in patient(number, labs, seed):
                rows[table].append(row)
        for table, told in rows.items():
            if told:
                names = [n for n in table_schema(table).names if n not in ("file", "row")]
                whole = pa.Table.from_pylist(told, schema=table_schema(table)).select(names)
                pq.write_table(whole, out / f"{table}-{chunk:04d}.parquet", compression="zstd")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--patients", type=int, default=1_000)
    parser.add_argument("--labs", type=int, default=36)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    write(asked.out, asked.patients, asked.labs, asked.seed)


if __name__ == "__main__":
    main()
