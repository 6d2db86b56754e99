"""Measure what the README reports: ratios from one run on one machine. ``--write`` puts them there."""

from __future__ import annotations

import gc
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import nephroline
from nephroline.pathway import FindingOf, Recommend

ROOT = Path(__file__).resolve().parent.parent
_FEW = 6
_EVERY = 15
CASE_1 = ROOT / "scenarios/pjnh-2015-case-1.yaml"


def median(work: Callable[[], object], rounds: int) -> float:
    times: list[float] = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def ratio(work: Callable[[], object], against: Callable[[], object], rounds: int) -> float:
    """Medians of two kinds of work done in turn, so that a slow minute of the machine meets both."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for kind, found in zip((work, against), times, strict=True):
            found.append(median(kind, 1))
    return statistics.median(times[0]) / statistics.median(times[1])


def process(*arguments: str) -> Callable[[], object]:
    # An installed package has its bytecode; some shells forbid Python to write it.
    surroundings = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, *arguments]
    subprocess.run(command, capture_output=True, check=True, env=surroundings)
    return lambda: subprocess.run(command, capture_output=True, check=True, env=surroundings)


def chart(rows: int) -> dict[str, object]:
    return {
        "id": "long",
        "age": "40 years",
        "observations": [
            {
                "at": f"{i} d",
                "proteinuria": f"{9 - i % 7} g/d",
                "albumin": "2.0 g/dL",
                "creatinine": "1.0 mg/dL",
            }
            for i in range(rows)
        ],
        "exposures": [{"drug": "prednisolone", "dose": "1 mg/kg/d", "from": "0 d", "to": "112 d"}],
    }


def small_pathway() -> nephroline.Pathway:
    """The findings and lines of a pathway, without its alerts, blocks, checks and supportive care."""
    base = nephroline.load_pathway("kdigo-2012/fsgs")
    kept = (FindingOf, Recommend)
    out = [
        rule.id
        for rule in base.rules.values()
        if not isinstance(rule.conclusion, kept)
        or (isinstance(rule.conclusion, Recommend) and not rule.conclusion.action.of_line)
    ]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "small.yaml"
        head = "pathway: small/fsgs\ntitle: small\nedition: none\ndisease: fsgs\nsource: nephroline\n"
        file.write_text(f"{head}uses: [kdigo-2012/fsgs]\nwithout: [{', '.join(out)}]\n", encoding="utf-8")
        return nephroline.load_pathway(str(file))


_LOADING = """
import time
from nephroline.catalogue import load_catalogue
import nephroline
start = time.perf_counter()
load_catalogue()
for name in nephroline.pathway_ids():
    nephroline.load_pathway(name)
print((time.perf_counter() - start) * 1000)
"""


def loading() -> float:
    """Reading the catalogue and every pathway in a new process, in ms: the median of several."""
    runs = [
        subprocess.run([sys.executable, "-c", _LOADING], capture_output=True, check=True, text=True).stdout
        for _ in range(7)
    ]
    return statistics.median(map(float, runs))


def outlooks() -> tuple[list[float], list[float], list[float], list[float]]:
    """Times, in ms, of every consultation with its outlook, and of every why-not.

    Of the consultations all, those with up to 6 data missing for the next line, and those with 1 to 6; each
    is the median of three.
    """
    looks: list[float] = []
    few: list[float] = []
    some: list[float] = []
    whys: list[float] = []
    for file in sorted((ROOT / "scenarios").rglob("*.yaml"))[::_EVERY]:
        record = nephroline.read_record(file)
        for name in nephroline.pathway_ids():
            pathway = nephroline.load_pathway(name)
            regimens = list(pathway.catalogue.regimens)
            for moment in record.moments():
                found = nephroline.thorough(record, pathway, moment).outlook
                look = partial(nephroline.thorough, record, pathway, moment)
                looks.append(median(look, 3) * 1000)
                assert found is not None
                missing = len(found.depends_on) + len(found.although)
                if missing <= _FEW:
                    few.append(looks[-1])
                    some += looks[-1:] if missing else []
                ask = partial(
                    nephroline.why_not, record, pathway, regimens[len(looks) % len(regimens)], moment
                )
                whys.append(median(ask, 1) * 1000)
    return looks, few, some, whys


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)]


def main() -> None:
    record, pathway = nephroline.read_record(CASE_1), nephroline.load_pathway("pjnh-2015/fsgs")
    for _ in range(50):
        nephroline.consult(record, pathway, "24 mo")
    durable = median(lambda: nephroline.consult(record, pathway, "24 mo"), 400)
    engines = ratio(
        lambda: nephroline.consult(record, pathway, "24 mo"),
        lambda: nephroline.consult(record, pathway, "24 mo", backend_name="reference"),
        400,
    )
    short, large = (nephroline.read_record(chart(n)) for n in (333, 3333))
    kdigo = nephroline.load_pathway("kdigo-2012/fsgs")
    growth = ratio(lambda: nephroline.consult(large, kdigo), lambda: nephroline.consult(short, kdigo), 7)
    consult = ratio(
        process("-m", "nephroline", "consult", str(CASE_1), "--at", "10 mo"),
        process("-c", "import typer, yaml, durable.lang"),
        21,
    )
    helped = ratio(process("-m", "nephroline", "--help"), process("-c", "import typer"), 21)
    many = 100_000 if "--all" in sys.argv else 5_000
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(many):
        nephroline.consult(record, pathway, "24 mo")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    looks, few, some, whys = outlooks()
    small = small_pathway()
    extended = nephroline.load_pathway("pjnh-2015/fsgs")
    largest = ratio(
        lambda: nephroline.consult(record, extended, "24 mo"),
        lambda: nephroline.consult(record, small, "24 mo"),
        200,
    )
    rows = [
        (
            "a consultation in process (case 1 at 24 months, all reasons)",
            f"{durable * 1000:.1f} ms median",
            "≤ 2 ms",
        ),
        ("the same inferred by durable_rules, against the reference", f"{engines:.2f} ×", ""),
        ("ten times the observations (1,000 → 10,000)", f"{growth:.1f} × the time", "10 × (linear)"),
        (
            "`nephroline consult`, whole process, against `import typer, yaml, durable.lang`",
            f"{consult:.2f} ×",
            "≤ 2 ×",
        ),
        (
            f"with the outlook, in process: {len(looks)} decision times of every {_EVERY}th scenario",
            " ms, ".join(f"{percentile(looks, p / 100):.0f} (p{p})" for p in (50, 90, 95)) + " ms",
            "",
        ),
        (
            f"those of them with up to {_FEW} data missing for the next line: {len(few)}",
            " ms, ".join(f"{percentile(few, p / 100):.0f} (p{p})" for p in (50, 90, 95)) + " ms",
            "≤ 50 ms p95",
        ),
        (
            f"those with 1 to {_FEW}: {len(some)}",
            " ms, ".join(f"{percentile(some, p / 100):.0f} (p{p})" for p in (50, 90, 95)) + " ms",
            "",
        ),
        (
            "`why-not` at the same times, regimens in turn",
            f"{percentile(whys, 0.5):.0f} ms median, {percentile(whys, 0.95):.0f} ms p95",
            "≤ 200 ms",
        ),
        (
            f"a pathway of {len(extended.rules)} rules against one of {len(small.rules)}",
            f"{largest:.2f} × the time",
            "≤ 3 ×",
        ),
        ("reading the catalogue and all pathways, cold", f"{loading():.0f} ms", "≤ 150 ms"),
        ("`nephroline --help` against `import typer`", f"{helped:.2f} ×", "≤ 1.3 ×"),
        (f"memory grown by {many:,} consultations after warm-up", f"{grown:.1f} MB", "flat"),
    ]
    table = "\n".join(
        ["| what | measured | goal |", "|---|---|---|", *(f"| {a} | {b} | {c} |" for a, b, c in rows)]
    )
    print(table)
    if "--write" in sys.argv:
        page = ROOT / "README.md"
        text = page.read_text(encoding="utf-8")
        head, rest = text.split("<!-- measures -->\n", 1)
        _, tail = rest.split("<!-- /measures -->", 1)
        note = f"One run on a shared machine with 2 cores, where times vary by half, Python {sys.version.split()[0]}; `python benchmarks/measure.py` repeats it (with `--all`, the memory over 100,000 consultations), `make bench` has the details.\n\n"
        page.write_text(f"{head}<!-- measures -->\n{note}{table}\n<!-- /measures -->{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
