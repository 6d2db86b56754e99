"""What a condition says of the wider one that it is a kind of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nephroline.catalogue import Catalogue
from nephroline.record.models import Condition


def implied(found: Iterable[Condition], catalogue: Catalogue) -> Iterator[Condition]:
    """Entries of the wider conditions of a chart, where it does not say as much itself at that time.

    While a kind is there, so is the wider one, in its state if no other kind is there in another. When all
    that were there have gone, nothing is known of the wider one, for there are other kinds of it.
    """
    known = list(found)
    in_order = sorted(known, key=lambda item: item.at.sort_key)
    said = {(item.name, item.at): item.present for item in known}
    made: dict[object, Condition] = {}
    for item in known:
        gone = item.present is not True
        if gone and not _was_there(item, known):
            continue
        wider = catalogue.conditions[item.name].kind_of
        while wider is not None:
            key = (wider, item.at)
            told = key in said or key in made if gone else said.get(key) is True
            there = [] if told else _there(item, wider, in_order, catalogue)
            if not told and not (gone and there):
                state = None if gone else _state(item, there)
                made[key] = Condition(wider, item.at, None if gone else True, state, cite=item.cite)
            wider = catalogue.conditions[wider].kind_of
    yield from made.values()


def _there(
    item: Condition, wider: str, in_order: Iterable[Condition], catalogue: Catalogue
) -> list[Condition]:
    """The kinds of a wider condition that are there at the time of one, by the last entry about each."""
    last: dict[str, Condition] = {}
    for other in in_order:
        if other.at.sort_key <= item.at.sort_key and _within(other.name, wider, catalogue):
            last[other.name] = other
    return [other for other in last.values() if other.present]


def _state(item: Condition, there: Iterable[Condition]) -> str | None:
    """The state of an entry, if every kind that is there then is in the same."""
    return item.state if {other.state for other in there} == {item.state} else None


def _within(name: str, wider: str, catalogue: Catalogue) -> bool:
    above = catalogue.conditions[name].kind_of
    return above is not None and (above == wider or _within(above, wider, catalogue))


def _was_there(item: Condition, known: Iterable[Condition]) -> bool:
    return any(
        other.name == item.name and other.present and other.at.sort_key < item.at.sort_key for other in known
    )
