"""Decisions looked at again: whether the chain holds, and whether their rules still give the same answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from enum import StrEnum
from typing import Any

import msgspec

from nephroline.consultation import Consultation
from nephroline.errors import InputError
from nephroline.ordering import order
from nephroline.pathway import RuleBase
from nephroline.record import Record, read_record
from nephroline.selecting import Among, Selected, consult, thorough
from nephroline.service.rulekeeping import unpacked
from nephroline.service.store import FIRST, Kept, Manner, Payload, Store
from nephroline.version import __version__
from nephroline.yamlfile import listed, mapping

_MOST_PLACES = 10
_UNTOLD = {"engine"}
"""What tells the program from another, and nothing of the patient."""


class Verification(StrEnum):
    """What a look at a decision shows."""

    SAME = "same"
    DIFFERS = "differs"
    OTHER_ENGINE = "other-engine"
    ERASED = "erased"
    BROKEN = "broken"


class Verified(msgspec.Struct, frozen=True, omit_defaults=True):
    """A decision, and what a look at it shows. `what`: where the answer differs, or what is broken."""

    number: int
    id: str
    made_at: str
    shows: Verification
    engine: str
    what: list[str] = []


def verified(store: Store) -> Iterator[Verified]:
    """Look at every decision, in the order of the chain.

    An answer is given again with the rules that were kept with it, from the record that was kept. Of another
    version of the engine it is told that it is one, and where the answers differ.
    """
    with ExitStack() as stack:
        bases: dict[str, RuleBase] = {}
        before, number = FIRST, 0
        for kept in store.every():
            broken = _broken(kept, before, number + 1)
            before, number = kept.chain, kept.number
            if broken:
                yield _told(kept, Verification.BROKEN, [broken])
                continue
            content = kept.content
            if content is None:
                yield _told(kept, Verification.ERASED)
                continue
            if kept.digest not in bases:
                rules = store.rules(kept.digest)
                if rules is None:
                    yield _told(kept, Verification.BROKEN, ["its rules are missing"])
                    continue
                bases[kept.digest] = stack.enter_context(unpacked(rules))
            yield _again(kept, content, bases[kept.digest])


def _broken(kept: Kept, before: str, number: int) -> str:
    if kept.number != number or kept.before != before:
        return "it does not follow the one before it: something was taken out or put in"
    return "" if kept.intact else "it is not what was written"


def _again(kept: Kept, content: Payload, base: RuleBase) -> Verified:
    other = kept.engine != __version__
    try:
        pathway = base.pathway(kept.pathway)
        if pathway.digest != kept.digest:
            # Another version of the engine reads the same files otherwise.
            shows = Verification.OTHER_ENGINE if other else Verification.DIFFERS
            return _told(kept, shows, ["pathway.digest"])
        record = read_record(content.record, base.catalogue)
        because = mapping(content.answer.get("pathway")).get("chosen_because")
        named = Selected(pathway, tuple(map(str, listed(because))))
        among = base if content.manner.auto else named
        now = msgspec.to_builtins(_asked(record, among, kept.as_of, content.manner))
    except InputError as bad:
        return _told(kept, Verification.OTHER_ENGINE if other else Verification.DIFFERS, [str(bad)])
    places = list(_differing(content.answer, now))
    for number, one in enumerate(content.orders):
        again = msgspec.to_builtins(order(record, base, str(one["order"]), kept.as_of))
        places += [f"orders[{number}].{place}" for place in _differing(one, again)]
    if other:
        return _told(kept, Verification.OTHER_ENGINE, places[:_MOST_PLACES])
    return _told(kept, Verification.DIFFERS if places else Verification.SAME, places[:_MOST_PLACES])


def _asked(record: Record, among: Among, as_of: str, manner: Manner) -> Consultation:
    if not manner.thorough:
        return consult(record, among, as_of, stops_seen=manner.stops_seen)
    return thorough(record, among, as_of, margins=manner.margins, stops_seen=manner.stops_seen)


def _told(kept: Kept, shows: Verification, what: list[str] | None = None) -> Verified:
    return Verified(kept.number, kept.id, kept.made_at, shows, kept.engine, what or [])


def _differing(one: Any, other: Any, place: str = "") -> Iterator[str]:
    """The places at which two answers differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        mine, theirs = mapping(one), mapping(other)  # pyright: ignore[reportUnknownArgumentType]
        for key in sorted(mine.keys() | theirs.keys()):
            if place or key not in _UNTOLD:
                yield from _differing(mine.get(key), theirs.get(key), f"{place}.{key}".lstrip("."))
        return
    if isinstance(one, list) and isinstance(other, list):
        ours, others = listed(one), listed(other)  # pyright: ignore[reportUnknownArgumentType]
        if len(ours) == len(others):
            for number, pair in enumerate(zip(ours, others, strict=True)):
                yield from _differing(*pair, f"{place}[{number}]")
            return
    if one != other:
        yield place
