"""Ways through a tree: which values go both of two ways, and which data tell two ways apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from nephroline.exact import Fraction
from nephroline.features import Slot
from nephroline.missing.regions import Of, Span

Way = Mapping[Slot, Span]
"""A way to a leaf: the values of each datum on it."""


class Edge(NamedTuple):
    """A bound of a number: a value (with `of`: a factor on that datum), and whether it belongs to it."""

    at: Fraction
    included: bool
    of: Slot | None = None


class Interval(NamedTuple):
    """The values between the tightest of some lower and some upper edges."""

    lows: tuple[Edge, ...]
    highs: tuple[Edge, ...]

    def also(self, other: Interval) -> Interval:
        """What falls into both."""
        return Interval(self.lows + other.lows, self.highs + other.highs)

    @property
    def empty(self) -> bool:
        """Whether nothing falls into it; every edge is a value."""
        return any(_crossed(low, high) for low in self.lows for high in self.highs)


_ANY = Interval((), ())
_NONE = Interval((Edge(Fraction(1), included=False),), (Edge(Fraction(1), included=False),))


def _crossed(low: Edge, high: Edge) -> bool:
    return low.at > high.at or (low.at == high.at and not (low.included and high.included))


def interval(span: Span) -> Interval:
    """The edges of a span of numbers."""
    lows = () if span.low is None else (Edge(span.low, span.low_in, _slot(span.low_of)),)
    highs = () if span.high is None else (Edge(span.high, span.high_in, _slot(span.high_of)),)
    return Interval(lows, highs)


def _slot(of: Of | None) -> Slot | None:
    return None if of is None else of.slot


def meet(*ways: Way) -> bool:
    """Whether some values go all of these ways."""
    held: dict[Slot, list[Span]] = {}
    for way in ways:
        for slot, span in way.items():
            held.setdefault(slot, []).append(span)
    spoken = (spans for spans in held.values() if len(spans) > 1 and spans[0].words)
    if not all(set(spans[0].words).intersection(*(span.words for span in spans)) for spans in spoken):
        return False
    numbers = {slot: _both(spans) for slot, spans in held.items() if not spans[0].words}
    if not numbers:
        return True
    if any(_still(found).empty for found in numbers.values()):
        return False
    for other in {edge.of for found in numbers.values() for edge in (*found.lows, *found.highs)} - {None}:
        bounds = _still(numbers[other]) if other in numbers else _ANY
        for slot, found in numbers.items():
            if slot != other:
                bounds = bounds.also(_shadow(found, other))
        if bounds.empty:
            return False
    return True


def _both(spans: Iterable[Span]) -> Interval:
    found = _ANY
    for span in spans:
        found = found.also(interval(span))
    return found


def _still(found: Interval) -> Interval:
    """Without the edges that move with another datum."""
    return Interval(
        tuple(edge for edge in found.lows if edge.of is None),
        tuple(edge for edge in found.highs if edge.of is None),
    )


def _shadow(found: Interval, other: Slot | None) -> Interval:
    """What must hold of the other datum so that there are values between these edges (Fourier-Motzkin)."""
    lows: list[Edge] = []
    highs: list[Edge] = []
    for low in found.lows:
        for high in found.highs:
            included = low.included and high.included
            if low.of == other and high.of is None:
                highs.append(Edge(high.at / low.at, included))
            elif low.of is None and high.of == other:
                lows.append(Edge(low.at / high.at, included))
            elif low.of == other and high.of == other and _crossed(low, high):
                return _NONE
    return Interval(tuple(lows), tuple(highs))


def partings(one: Way, two: Way) -> frozenset[frozenset[Slot]]:
    """The smallest sets of data of which each tells two ways apart, whatever their values are."""
    found: set[frozenset[Slot]] = set()
    for slot in one:
        if slot not in two:
            continue
        if _apart(_alone(one, slot), _alone(two, slot)):
            found.add(frozenset((slot,)))
    for slot in {*one, *two}:
        for other in _of(one, slot) | _of(two, slot):
            pair = frozenset((slot, other))
            if not any(single <= pair for single in found) and not meet(_only(one, pair), _only(two, pair)):
                found.add(pair)
    return frozenset(found)


def _apart(one: Span, two: Span) -> bool:
    """Whether two spans whose bounds stay where they are have nothing in common."""
    if one.words:
        return set(one.words).isdisjoint(two.words)
    return _both((one, two)).empty


def _of(way: Way, slot: Slot) -> frozenset[Slot]:
    return way[slot].of if slot in way else frozenset()


def _only(way: Way, slots: frozenset[Slot]) -> Way:
    return {slot: span for slot, span in way.items() if slot in slots}


def _alone(way: Way, slot: Slot) -> Span:
    """The values of a datum on a way, whatever those are with which its bounds move."""
    span = way[slot]
    low, high = span.low, span.high
    low_in, high_in = span.low_in, span.high_in
    if span.low_of is not None:
        base = way.get(span.low_of.slot, Span())
        low = None if low is None or base.low is None else low * base.low
        low_in = low_in and base.low_in
    if span.high_of is not None:
        base = way.get(span.high_of.slot, Span())
        high = None if high is None or base.high is None else high * base.high
        high_in = high_in and base.high_in
    return Span(span.words, low, high, low_in, high_in)
