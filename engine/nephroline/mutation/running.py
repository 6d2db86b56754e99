"""Run mutants against scenarios: in parallel, by a seed, and so that a run that was broken off goes on."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from nephroline.errors import UsageError
from nephroline.mutation.changes import Kind, mutants_of
from nephroline.mutation.judging import END_ORDER, End, MutantJudge, Result, with_least_chart
from nephroline.mutation.trials import trials_of
from nephroline.pathway import Pathway, RuleBase, rules_with

_CHUNK = 150
"""Mutants that one process takes at once: each time it looks first at what the pathway does everywhere."""
_OFTEN = 0.5
"""Seconds between two looks at how far it is."""


class MutationOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Which mutants of which pathways, and against which scenarios.

    `count`: so many of all, drawn by `seed`; without it all. `seconds`: no more are begun after so long.
    `least`: make the least chart for each that survives. `log`: where results are kept as they come; a run
    with the same rules and scenarios goes on from there.
    """

    files: tuple[Path, ...]
    pathways: tuple[str, ...]
    rules: Path | None = None
    modules: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    count: int | None = None
    seed: int = 0
    seconds: float | None = None
    workers: int | None = None
    least: bool = False
    log: Path | None = None


class Mutation(msgspec.Struct, frozen=True):
    """What became of mutants: of how many they were drawn; `unmet`: expectations the rules do not meet."""

    drawn: int
    of: int
    seed: int
    results: list[Result]
    unmet: list[str]

    @property
    def complete(self) -> bool:
        """Whether all that were drawn have been run."""
        return len(self.results) == self.drawn

    @property
    def killed(self) -> int:
        """How many were killed."""
        return sum(one.end is End.KILLED for one in self.results)

    @property
    def by_kind(self) -> dict[Kind, tuple[int, int]]:
        """Of each kind, how many were killed, and of how many."""
        found: dict[Kind, tuple[int, int]] = {}
        for one in sorted(self.results, key=lambda one: one.kind):
            killed, of = found.get(one.kind, (0, 0))
            found[one.kind] = (killed + (one.end is End.KILLED), of + 1)
        return found

    @property
    def by_published(self) -> int:
        """How many were killed by a published case."""
        return sum(one.published for one in self.results)

    def to_data(self) -> dict[str, object]:
        """As plain data for JSON."""
        return {
            "drawn": self.drawn,
            "of": self.of,
            "seed": self.seed,
            "killed": self.killed,
            "by_published": self.by_published,
            "kinds": {str(kind): {"killed": k, "of": n} for kind, (k, n) in self.by_kind.items()},
            "mutants": self.results,
            "unmet": self.unmet,
        }


Heard = Callable[[str, int, int], object]


def mutate(options: MutationOptions, heard: Heard | None = None) -> Mutation:
    """Draw mutants and run them against scenarios; *heard* hears how many are done, and of how many.

    Raises: RecordError, PathwayError; UsageError if the log is of another run.
    """
    base = _rules(options.rules, options.pathways[0])
    every = _chosen(base, options)
    size = len(every) if options.count is None else min(options.count, len(every))
    drawn = sorted(random.Random(options.seed).sample(sorted(every), size))  # noqa: S311 (a sample, no secret)
    log = _Log(options, {name: base.pathway(name).digest for name in options.pathways})
    found = {key: log.results[key] for key in drawn if key in log.results}
    unmet: dict[str, None] = dict.fromkeys(log.unmet)
    left = {key: every[key] for key in drawn if key not in found}
    known = len(found)
    for results, missed in _run(options, left, lambda done: _tell(heard, known + done, len(drawn))):
        found.update({one.key: one for one in results})
        unmet.update(dict.fromkeys(missed))
        log.keep(results, missed)
    return Mutation(
        len(drawn), len(every), options.seed, [found[key] for key in drawn if key in found], list(unmet)
    )


def _tell(heard: Heard | None, done: int, of: int) -> None:
    if heard is not None:
        heard("mutants", done, of)


def _chosen(base: RuleBase, options: MutationOptions) -> dict[str, tuple[str, ...]]:
    """The mutants that are asked for, and the pathways that each is of: a module is written once."""
    found: dict[str, tuple[str, ...]] = {}
    for name in options.pathways:
        for one in mutants_of(base.pathway(name)):
            if (not options.kinds or one.kind in options.kinds) and (
                not options.modules or one.module in options.modules
            ):
                found[one.key] = (*found.get(one.key, ()), name)
    return found


_Done = tuple[list[Result], list[str]]
"""Results, and what the rules as they are do not meet."""


def _run(
    options: MutationOptions, left: Mapping[str, tuple[str, ...]], told: Callable[[int], object]
) -> Iterator[_Done]:
    """Run mutants in a pool of processes, chunk by chunk."""
    if not left:
        return
    workers = options.workers or multiprocessing.cpu_count()
    size = min(_CHUNK, -(-len(left) // workers))
    rows = list(left.items())
    chunks = [dict(rows[i : i + size]) for i in range(0, len(rows), size)]
    until = None if options.seconds is None else time.monotonic() + options.seconds
    context = multiprocessing.get_context("spawn")
    settled = context.Value("i", 0)
    pool = ProcessPoolExecutor(min(workers, len(chunks)), context, _counting, (settled,))
    try:
        waiting = {pool.submit(_judge, options, chunk, until) for chunk in chunks}
        while waiting:
            done, waiting = wait(waiting, timeout=_OFTEN, return_when=FIRST_COMPLETED)
            told(settled.value)
            for future in done:
                yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


# -- in one process ------------------------------------------------------------------------------------

_settled: list[Any] = []
"""Where a process of a pool counts the mutants that it is done with."""


def _counting(settled: Any) -> None:
    _settled[:] = [settled]


def _count(number: int) -> None:
    for settled in _settled:
        with settled.get_lock():
            settled.value += number


_rules = lru_cache(maxsize=1)(rules_with)


@lru_cache(maxsize=64)
def _judge_of(files: tuple[Path, ...], pathway: Pathway) -> MutantJudge:
    return MutantJudge(pathway, trials_of(pathway, files))


def _judge(options: MutationOptions, keys: Mapping[str, tuple[str, ...]], until: float | None) -> _Done:
    """Judge some mutants: pathway by pathway until one kills, first where something is expected."""
    left = dict(keys)
    found: dict[str, Result] = {}
    unmet: dict[str, None] = {}
    for searching in (False, True):
        for name in options.pathways:
            mine = {key for key, names in left.items() if name in names}
            if not mine or (until is not None and time.monotonic() > until):
                continue
            pathway = _rules(options.rules, options.pathways[0]).pathway(name)
            judge = _judge_of(options.files, pathway)
            for mutant, trials in judge.where([m for m in mutants_of(pathway) if m.key in mine], searching):
                if until is not None and time.monotonic() > until:
                    break
                result = judge.judged(mutant, keys[mutant.key], trials)
                known = found.get(mutant.key)
                if known is None or END_ORDER.index(result.end) < END_ORDER.index(known.end):
                    if options.least:
                        result = with_least_chart(result, mutant, pathway)
                    found[mutant.key] = result
                if result.end is End.KILLED:
                    left.pop(mutant.key)
                    _count(1)
            unmet.update(judge.unmet)
        # Of those that answered otherwise it is known what would kill them.
        before = len(left)
        left = {key: names for key, names in left.items() if key not in found or not found[key].wanted}
        _count(before - len(left))
    _count(len(left))
    if until is not None and time.monotonic() > until:
        found = {key: one for key, one in found.items() if one.end is End.KILLED}
    return list(found.values()), list(unmet)


# -- what is kept --------------------------------------------------------------------------------------


class _Head(msgspec.Struct):
    """The first line of a log: of which rules and scenarios it is."""

    rules: Mapping[str, str]
    scenarios: str


class _Batch(msgspec.Struct):
    """A line of a log: what was found together."""

    results: list[Result]
    unmet: list[str]


class _Log:
    """Results as they come, one line for each part of a run; without a file nothing is kept."""

    def __init__(self, options: MutationOptions, rules: Mapping[str, str]) -> None:
        self._file = options.log
        self.results: dict[str, Result] = {}
        self.unmet: list[str] = []
        if self._file is None:
            return
        scenarios = sha256()
        for file in options.files:
            scenarios.update(file.read_bytes())
        head = _Head(rules, scenarios.hexdigest())
        if self._file.exists():
            self._read(head)
        else:
            self._file.write_bytes(msgspec.json.encode(head) + b"\n")

    def _read(self, head: _Head) -> None:
        assert self._file is not None  # noqa: S101
        lines = self._file.read_bytes().splitlines()
        try:
            known = msgspec.json.decode(lines[0] if lines else b"", type=_Head)
        except msgspec.DecodeError:
            raise UsageError.of("is no log of mutants", "name another file", file=str(self._file)) from None
        if known != head:
            raise UsageError.of(
                "is of other rules or scenarios", "name another file, or remove it", file=str(self._file)
            )
        for line in lines[1:]:
            try:
                kept = msgspec.json.decode(line, type=_Batch)
            except msgspec.DecodeError:
                continue  # broken off in the middle of a line: run again
            self.unmet += kept.unmet
            self.results.update({one.key: one for one in kept.results})

    def keep(self, results: list[Result], unmet: list[str]) -> None:
        """Add what was found."""
        if self._file is not None:
            with self._file.open("ab") as log:
                log.write(msgspec.json.encode(_Batch(results, unmet)) + b"\n")
