"""Run mutants against scenarios: in parallel, by a seed, and so that a run that was broken off goes on."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from nephroline.consultation import consult
from nephroline.consultation.run import concluding, prepare
from nephroline.errors import NephrolineError, UsageError
from nephroline.mutation.apart import telling_apart
from nephroline.mutation.base import Bases
from nephroline.mutation.changes import Kind, Mutant, mutants_of
from nephroline.mutation.least import least_chart
from nephroline.mutation.trials import Trial, failing, failing_thoroughly, trials_of
from nephroline.pathway import Pathway, RuleBase, load_rules, names_a_file, rules_of_file

_CHUNK = 500
"""Mutants that one process takes at once: each time it looks first at what the pathway does everywhere."""
_KEPT = 40
"""After so many mutants, what was prepared for them is let go."""


class End(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    """It answers otherwise, and nothing that is expected says so."""
    ALIKE = "alike"
    """No scenario makes it answer otherwise, although what was changed came out otherwise somewhere."""
    UNREACHED = "unreached"
    """No scenario comes where it could matter."""


class Wanted(msgspec.Struct, frozen=True):
    """What a scenario could expect at a time, so that a mutant would not survive.

    `chart`: its record without all that is not needed for that, if the least chart was asked for.
    """

    file: str
    pathway: str
    at: str
    expect: dict[str, Any]
    chart: dict[str, Any] | None = None

    @property
    def row(self) -> dict[str, Any]:
        """The expectation as a scenario writes it."""
        return {"at": self.at, **self.expect}


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A mutant, what became of it, and by which scenario.

    `by`: the scenario and time that killed it; `failed`: what was not met; `published`: whether that is a
    published case. `wanted`: what would kill it.
    """

    key: str
    pathways: tuple[str, ...]
    kind: Kind
    of: str
    module: str
    at: str
    was: str
    becomes: str
    end: End
    by: str = ""
    failed: str = ""
    published: bool = False
    wanted: Wanted | None = None


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
    for results, missed in _run(options, left, lambda done: _tell(heard, len(found), done, len(drawn))):
        found.update({one.key: one for one in results})
        unmet.update(dict.fromkeys(missed))
        log.keep(results, missed)
    return Mutation(
        len(drawn), len(every), options.seed, [found[key] for key in drawn if key in found], list(unmet)
    )


def _tell(heard: Heard | None, before: int, done: int, of: int) -> None:
    if heard is not None:
        heard("mutants", before + done, of)


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
    pool = ProcessPoolExecutor(min(workers, len(chunks)), mp_context=context)
    try:
        done = 0
        for future in as_completed([pool.submit(_judge, options, chunk, until) for chunk in chunks]):
            results, missed = future.result()
            done += len(results)
            told(done)
            yield results, missed
    finally:
        pool.shutdown(cancel_futures=True)


# -- in one process ------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _rules(rules: Path | None, first: str) -> RuleBase:
    """The rules of a folder, or those that go with a pathway file."""
    return rules_of_file(Path(first)) if rules is None and names_a_file(first) else load_rules(rules)


@lru_cache(maxsize=64)
def _trials(files: tuple[Path, ...], pathway: Pathway) -> list[Trial]:
    return trials_of(pathway, files)


def _judge(options: MutationOptions, keys: Mapping[str, tuple[str, ...]], until: float | None) -> _Done:
    """Judge some mutants: pathway by pathway until one kills, first where something is expected."""
    open_ = dict(keys)
    found: dict[str, Result] = {}
    unmet: list[str] = []
    for searching in (False, True):
        for name in options.pathways:
            mine = {key for key, names in open_.items() if name in names}
            if not mine or (until is not None and time.monotonic() > until):
                continue
            pathway = _rules(options.rules, options.pathways[0]).pathway(name)
            mutants = [one for one in mutants_of(pathway) if one.key in mine]
            trials = _trials(options.files, pathway)
            trials = [trial for trial in trials if (trial.called if searching else trial.expected)]
            matters, missed = _where(pathway, mutants, trials)
            unmet += [] if searching else missed
            for n, mutant in enumerate(mutants):
                if n % _KEPT == 0:
                    _forget()
                if until is not None and time.monotonic() > until:
                    break
                where = matters.get(mutant.key, [])
                if searching:
                    result = _wanting(pathway, mutant, keys[mutant.key], where, least=options.least)
                else:
                    result = _killed(pathway, mutant, keys[mutant.key], where)
                known = found.get(mutant.key)
                if known is None or _ORDER.index(result.end) < _ORDER.index(known.end):
                    found[mutant.key] = result
                if result.end is End.KILLED or result.wanted is not None:
                    open_.pop(mutant.key, None)
    if until is not None and time.monotonic() > until:
        found = {key: one for key, one in found.items() if one.end is End.KILLED}
    return list(found.values()), unmet


_ORDER = (End.KILLED, End.SURVIVED, End.ALIKE, End.UNREACHED)
"""Of what becomes of a mutant in several pathways the first counts."""


def _where(
    pathway: Pathway, mutants: Sequence[Mutant], trials: Sequence[Trial]
) -> tuple[dict[str, list[Trial]], list[str]]:
    """Where each mutant could matter; and what the pathway itself does not meet, by which none is killed."""
    bases = Bases(pathway)
    matters: dict[str, list[Trial]] = {}
    unmet: list[str] = []
    for trial in trials:
        base = bases.of(trial.record, trial.moment)
        missed = list(_failures(trial, pathway, thoroughly=False))
        unmet += [f"{trial.file} at {trial.moment.label}: {text}" for text in missed]
        used = msgspec.structs.replace(trial, expected=()) if missed else trial
        for mutant in mutants:
            if mutant.matters(base):
                matters.setdefault(mutant.key, []).append(used)
    return matters, unmet


def _result(mutant: Mutant, pathways: tuple[str, ...], end: End, **fields: Any) -> Result:
    return Result(
        key=mutant.key,
        pathways=pathways,
        kind=mutant.kind,
        of=mutant.of,
        module=mutant.module,
        at=mutant.at,
        was=mutant.was,
        becomes=mutant.becomes,
        end=end,
        **fields,
    )


def _killed(pathway: Pathway, mutant: Mutant, pathways: tuple[str, ...], trials: Sequence[Trial]) -> Result:
    """Whether what is expected somewhere kills a mutant of a pathway."""
    if not trials:
        return _result(mutant, pathways, End.UNREACHED)
    changed = mutant.make()
    for trial in trials:
        failed = next(_failures(trial, changed), None)
        if failed is not None:
            by = f"{trial.title} at {trial.moment.label}, {pathway.id}"
            return _result(mutant, pathways, End.KILLED, by=by, failed=failed, published=trial.published)
    return _result(mutant, pathways, End.ALIKE)


def _wanting(
    pathway: Pathway, mutant: Mutant, pathways: tuple[str, ...], trials: Sequence[Trial], *, least: bool
) -> Result:
    """What could be expected so that a mutant would be killed, of the smallest chart that differs."""
    if not trials:
        return _result(mutant, pathways, End.UNREACHED)
    changed = mutant.make()
    for trial in sorted(trials, key=lambda one: one.size):
        ours, theirs = (
            consult(trial.record, one, trial.moment, backend_name="reference", stops_seen=False)
            for one in (pathway, changed)
        )
        expect = telling_apart(ours, theirs)
        if expect:
            at, chart = trial.moment.label, None
            if least:
                chart, expect = least_chart(trial.file, at, pathway, changed)
            wanted = Wanted(trial.file, pathway.id, at, expect, chart)
            return _result(mutant, pathways, End.SURVIVED, wanted=wanted)
    return _result(mutant, pathways, End.ALIKE)


def _forget() -> None:
    """Let go of what was prepared for a mutant."""
    for kept in (prepare, concluding):
        kept.cache_clear()


def _failures(trial: Trial, changed: Pathway, *, thoroughly: bool = True) -> Iterator[str]:
    """What a mutant fails of what is expected at a time; a mutant that cannot answer fails."""
    if not trial.expected:
        return
    try:
        answer = consult(trial.record, changed, trial.moment, backend_name="reference", stops_seen=False)
        yield from failing(trial, answer, changed)
        if thoroughly:
            yield from failing_thoroughly(trial, changed)
    except (NephrolineError, AssertionError, LookupError, ArithmeticError, ValueError) as fault:
        yield f"no answer: {type(fault).__name__}"


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
