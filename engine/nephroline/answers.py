"""All answers to a set of scenarios, and what differs between two such sets.

Whoever edits a rule sees which answers it changes; whoever edits the engine sees that none do.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import msgspec

from nephroline.consultation import consult
from nephroline.errors import UsageError, quoted
from nephroline.missing import thorough
from nephroline.pathway import RuleBase, load_rules
from nephroline.replaying import decision_times, read_scenario
from nephroline.yamlfile import listed

_UNTOLD = ("engine.version", "engine.backend", "pathway.digest", "format")
"""What tells the program and the rules from others, but nothing of the patient."""

Key = tuple[str, str, str, str]
"""The scenario, the pathway, the decision time, and the kind of answer."""
Answers = Mapping[Key, Any]
Heard = Callable[[str, int, int], None]


class Divergence(msgspec.Struct, frozen=True):
    """One place of the JSON at which answers differ in one way, and every answer in which they do.

    `place` is such as ``next_line.doses[].amount``; `before` or `after` is None where nothing stood.
    """

    place: str
    before: Any
    after: Any
    where: list[Key]


class Comparison(msgspec.Struct, frozen=True):
    """What two sets of answers have in common, and what not."""

    same: int
    changed: list[Divergence]
    only_old: list[Key]
    only_new: list[Key]

    @property
    def equal(self) -> bool:
        """Whether they are the same answers to the same questions."""
        return not (self.changed or self.only_old or self.only_new)

    @property
    def differing(self) -> int:
        """How many answers differ."""
        return len({key for item in self.changed for key in item.where})


def all_answers(
    files: Sequence[Path],
    pathways: Sequence[str] = (),
    *,
    rules: str | Path | None = None,
    quick: bool = False,
    heard: Heard | None = None,
) -> dict[Key, Any]:
    """What is said of every scenario, at each of its decision times, under every pathway.

    Each is asked with the outlook (kind ``thorough``) and, always, without (``quick``). Files are shared
    among the processors; *heard* is told each file that is done.
    Raises: RecordError, PathwayError, UsageError (two scenarios of one name).
    """
    base = load_rules(rules)
    names = tuple(pathways) or base.pathway_ids
    _named_apart(read_scenario(file, base.catalogue).title for file in files)
    found: dict[Key, Any] = {}
    with ProcessPoolExecutor() as pool:
        waiting = {pool.submit(_answers, file, names, rules, quick): file for file in files}
        for done, task in enumerate(as_completed(waiting), start=1):
            found |= task.result()
            if heard is not None:
                heard(waiting[task].name, done, len(files))
    return dict(sorted(found.items()))


def _named_apart(titles: Iterable[str]) -> None:
    """Before the first is asked: the answers to two of one name could not be told apart."""
    seen: set[str] = set()
    for title in titles:
        if title in seen:
            raise UsageError.of(f"two scenarios are called {quoted(title)}", "rename one of them")
        seen.add(title)


def _answers(file: Path, pathways: Sequence[str], rules: str | Path | None, quick: bool) -> dict[Key, Any]:
    base = _rule_base(rules)
    scenario = read_scenario(file, base.catalogue)
    found: dict[Key, Any] = {}
    for name in pathways:
        pathway = base.pathway(name)
        for moment in decision_times(scenario):
            answer = consult(scenario.record, pathway, moment, stops_seen=False)
            found[scenario.title, name, moment.label, "quick"] = msgspec.to_builtins(answer)
            if not quick:
                deep = thorough(scenario.record, pathway, moment, stops_seen=False)
                found[scenario.title, name, moment.label, "thorough"] = msgspec.to_builtins(deep)
    return found


@lru_cache(maxsize=2)
def _rule_base(rules: str | Path | None) -> RuleBase:
    """Once in each process."""
    return load_rules(rules)


def write_answers(answers: Answers, file: Path) -> None:
    """Keep answers in a file, one a line; one that ends in ``.gz`` is packed. Raises: UsageError."""
    rows = b"".join(msgspec.json.encode((key, answer)) + b"\n" for key, answer in answers.items())
    try:
        file.write_bytes(gzip.compress(rows, mtime=0) if file.suffix == ".gz" else rows)
    except OSError as bad:
        raise UsageError.of(f"{file} cannot be written: {bad.strerror}", "choose another file") from None


def read_answers(file: Path) -> dict[Key, Any]:
    """Answers that were kept in a file. Raises: UsageError."""
    try:
        content = file.read_bytes()
        rows = gzip.decompress(content) if file.suffix == ".gz" else content
        return dict(msgspec.json.decode(line, type=tuple[Key, Any]) for line in rows.splitlines())
    except OSError as bad:
        raise UsageError.of(f"{quoted(file)} cannot be read: {bad.strerror}", "check the path") from None
    except (msgspec.MsgspecError, EOFError):
        raise UsageError.of(f"{quoted(file)} holds no answers", "make it with `nephroline answers`") from None


def differences(old: Answers, new: Answers) -> Comparison:
    """Where the same questions are answered otherwise; equal changes are told once, with all their places."""
    both = [key for key in old if key in new]
    found: dict[tuple[str, bytes], Divergence] = {}
    same = 0
    for key in both:
        changes = [item for item in _told_apart(old[key], new[key], "") if item[0] not in _UNTOLD]
        same += not changes
        for place, before, after in changes:
            name = (place, msgspec.json.encode((before, after)))
            found.setdefault(name, Divergence(place, before, after, [])).where.append(key)
    return Comparison(
        same,
        sorted(found.values(), key=lambda item: (item.place, -len(item.where))),
        [key for key in old if key not in new],
        [key for key in new if key not in old],
    )


def _told_apart(old: Any, new: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    if type(old) is type(new) and isinstance(old, dict):
        before, after = cast("dict[str, Any]", old), cast("dict[str, Any]", new)
        for name in before | after:
            inside = f"{place}.{name}" if place else name
            yield from _told_apart(before.get(name), after.get(name), inside)
    elif type(old) is type(new) and isinstance(old, list):
        yield from _lists_apart(listed(old), listed(new), f"{place}[]")
    elif old != new:
        yield place, old, new


def _lists_apart(old: list[Any], new: list[Any], place: str) -> Iterator[tuple[str, Any, Any]]:
    """Rows of both lists by what names them (an id, a rule, a datum); others by their number."""
    named = _by_name(old), _by_name(new)
    if None not in named and list(named[0] or {}) != list(named[1] or {}):
        before, after = cast("tuple[dict[str, Any], dict[str, Any]]", named)
        for name in before | after:
            if name not in before or name not in after:
                yield place, before.get(name), after.get(name)
            else:
                yield from _told_apart(before[name], after[name], place)
        if set(before) == set(after):
            yield place, list(before), list(after)
        return
    if len(old) == len(new):
        for one, other in zip(old, new, strict=True):
            yield from _told_apart(one, other, place)
    else:
        yield place, old, new


def _by_name(rows: Iterable[Any]) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for row in rows:
        fields = cast("dict[str, Any]", row) if isinstance(row, dict) else {}
        name = next(
            (str(fields[field]) for field in ("id", "rule", "datum", "regimen") if field in fields), None
        )
        if name is None or name in found:
            return None
        found[name] = row
    return found
