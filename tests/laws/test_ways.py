"""Regions, spans and ways of numbers, against every value that can make a difference."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_laws import EXAMPLES

from nephroline.features import Slot
from nephroline.missing.regions import Cuts, Of, Region, Scale, Span, between, joined, parted, whole
from nephroline.missing.tree import Arm, Branch, Leaf
from nephroline.missing.ways import Way, meet, partings
from nephroline.terms import Entry

PLAIN = settings(max_examples=EXAMPLES * 6, deadline=None)
X, Y = (Slot(Entry.OBSERVATION, name, None) for name in ("one", "other"))
SMALL = st.integers(1, 6).map(Fraction)
FACTORS = st.sampled_from([Fraction(1, 2), Fraction(1), Fraction(3, 2), Fraction(2)])


# -- a range that is cut ----------------------------------------------------------------------------------


def inside(region: Region | Span, value: Fraction) -> bool:
    """Whether a value lies between the bounds of a stretch."""
    above = region.low is None or value > region.low or (region.low_in and value == region.low)
    below = region.high is None or value < region.high or (region.high_in and value == region.high)
    return above and below


def values(low: Fraction, high: Fraction) -> list[Fraction]:
    """Values of a range, all small whole numbers and halves among them."""
    return [Fraction(n, 2) for n in range(int(low * 2), int(high * 2) + 1)]


@given(st.sets(SMALL, max_size=4), SMALL, SMALL)
@PLAIN
def test_every_value_lies_in_one_region_and_each_cut_in_one_of_its_own(
    cuts: set[Fraction], one: Fraction, other: Fraction
) -> None:
    low, high = min(one, other), max(one, other)
    asked: Cuts = dict.fromkeys(cuts)
    regions = between(asked, low, high)
    for value in values(low, high):
        within = [region for region in regions if inside(region, value)]
        assert len(within) == 1
        if value in cuts and low < value < high:
            assert (within[0].low, within[0].high, within[0].value) == (value, value, value)
        elif value not in cuts:
            assert within[0].low != within[0].high or within[0].low is None
    assert [inside(region, region.value) for region in regions] == [True] * len(regions)
    assert [region.value for region in regions] == sorted(region.value for region in regions)
    assert (regions[0].low, regions[-1].high) == (None, None)
    assert all(low <= region.value <= high for region in regions)


def test_a_range_is_widened_to_hold_what_moves_with_another_value() -> None:
    of = Of(Y, "its value before")
    cuts: Cuts = {Fraction(8): (Fraction(2), of), Fraction(1): (Fraction(1, 4), of), Fraction(5): None}
    regions = between(cuts, Fraction(3), Fraction(6))
    assert [region.value for region in regions] == [Fraction(n, 4) for n in (3, 4, 12, 20, 26, 32, 48)]
    moves = [(region.low_of, region.high_of) for region in regions]
    low, high = cuts[Fraction(1)], cuts[Fraction(8)]
    assert moves == [
        (None, low),
        (low, low),
        (low, None),
        (None, None),
        (None, high),
        (high, high),
        (high, None),
    ]


@given(st.sets(st.integers(0, 9), max_size=4), st.integers(0, 4), st.integers(5, 9))
@PLAIN
def test_every_whole_number_lies_in_one_region(cuts: set[int], low: int, high: int) -> None:
    regions = whole([Fraction(cut) for cut in cuts], low, high)
    for number in range(low, high + 1):
        within = [region for region in regions if inside(region, Fraction(number))]
        assert len(within) == 1
        if number in cuts:
            assert (within[0].value, within[0].high) in ((number, number), (number, None))
    assert all(inside(region, region.value) and region.value == int(region.value) for region in regions)
    assert regions[-1].high is None or regions[-1].high == high


@given(st.dictionaries(SMALL, st.booleans(), max_size=4), SMALL, SMALL)
@PLAIN
def test_a_cut_that_is_of_its_stretch_is_put_to_it(
    below: dict[Fraction, bool], one: Fraction, other: Fraction
) -> None:
    low, high = min(one, other) - 1, max(one, other) + 1
    regions = between(dict.fromkeys(below), low, high)
    found = parted(regions, below)
    for value in values(low, high):
        within = [region for region in found if inside(region, value)]
        assert len(within) == 1
        if value in below and low < value < high:
            near = value - Fraction(1, 8) if below[value] else value + Fraction(1, 8)
            assert inside(within[0], near)
            far = value + Fraction(1, 8) if below[value] else value - Fraction(1, 8)
            assert not inside(within[0], far)


@given(st.sets(SMALL, min_size=1, max_size=4), st.data())
@PLAIN
def test_neighbours_joined_hold_what_each_holds(cuts: set[Fraction], data: st.DataObject) -> None:
    regions = between(dict.fromkeys(cuts), Fraction(0), Fraction(7))
    first = data.draw(st.integers(0, len(regions) - 1))
    last = data.draw(st.integers(first, len(regions) - 1))
    chosen = regions[first : last + 1]
    span = joined(chosen)
    for value in values(Fraction(0), Fraction(7)):
        assert inside(span, value) is any(inside(region, value) for region in chosen)
    assert span.everything is (len(chosen) == len(regions))


GRAMS = Scale("g/d", Fraction(1))
BEFORE = Of(Y, "its value at 24 mo")


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (Span(), "any value"),
        (Span(low=Fraction(3)), "≥ 3 g/d"),
        (Span(low=Fraction(3), low_in=False), "> 3 g/d"),
        (Span(high=Fraction(7, 2)), "≤ 3.5 g/d"),
        (Span(high=Fraction(7, 2), high_in=False), "< 3.5 g/d"),
        (Span(low=Fraction(3), high=Fraction(3)), "exactly 3 g/d"),
        (
            Span(low=Fraction(3, 10), low_in=False, high=Fraction(7, 2)),
            "> 0.3 g/d and ≤ 3.5 g/d",
        ),
        (Span(high=Fraction(1, 2), high_of=BEFORE), "≤ its value at 24 mo / 2"),
        (Span(low=Fraction(13, 10), low_of=BEFORE, low_in=False), "> 1.3 × its value at 24 mo"),
        (Span(low=Fraction(1), low_of=BEFORE), "≥ 1 × its value at 24 mo"),
        (Span(low=Fraction(12345, 100)), "≥ 123.5 g/d"),
        (Span(low=Fraction(123456, 100)), "≥ 1235 g/d"),
        (Span(low=Fraction(1, 3)), "≥ 0.333 g/d"),
    ],
)
def test_a_span_of_numbers_is_told_with_its_bounds(span: Span, told: str) -> None:
    assert span.text(GRAMS) == told


def test_a_span_of_words_is_told_by_them() -> None:
    assert Span(("no", "yes")).text(None) == "no or yes"
    assert joined([Region(False, "yes"), Region(True, "no")]).words == ("no", "yes")


def branch(*arms: tuple[str, ...]) -> Branch:
    return Branch(X, "response", None, tuple(Arm(Span(words), Leaf(n)) for n, words in enumerate(arms)))


@pytest.mark.parametrize(
    ("arms", "told"),
    [
        ([("yes",), ("no",)], ["response: yes", "response: no"]),
        ([("relapse",), ("partial", "complete")], ["response: relapse", "response: not relapse"]),
        (
            [("relapse", "none"), ("partial", "complete")],
            ["response: relapse or none", "response: partial or complete"],
        ),
        (
            [("no response",), ("partial", "complete")],
            ["response: no response", "response: partial or complete"],
        ),
        (
            [("not in words",), ("partial", "complete")],
            ["response: not in words", "response: partial or complete"],
        ),
    ],
)
def test_an_arm_of_words_is_told_by_the_fewer(arms: list[tuple[str, ...]], told: list[str]) -> None:
    made = branch(*arms)
    assert [made.text(arm.span) for arm in made.arms] == told


# -- ways of two numbers ----------------------------------------------------------------------------------


@st.composite
def spans(draw: st.DrawFn, other: Slot) -> Span:
    """Bounds that stand still, or move with another number; an empty stretch is none."""
    parts = draw(
        st.tuples(
            st.one_of(st.none(), SMALL), st.one_of(st.none(), SMALL), st.booleans(), st.booleans()
        ).filter(lambda p: p[0] is None or p[1] is None or p[0] < p[1] or (p[0] == p[1] and p[2] and p[3]))
    )
    low, high, low_in, high_in = parts
    low_of = high_of = None
    if draw(st.integers(0, 3)) == 0:
        low, low_of = draw(FACTORS), Of(other, "the other")
    if draw(st.integers(0, 3)) == 0:
        high, high_of = draw(FACTORS), Of(other, "the other")
    return Span((), low, high, low_in, high_in, low_of, high_of)


@st.composite
def ways(draw: st.DrawFn) -> Way:
    """Values of two numbers; as in a tree, the bounds of the second alone may move with the first."""
    first = draw(spans(Y).filter(lambda span: not span.of))
    way = {X: first, Y: draw(spans(X))}
    return {slot: span for slot, span in way.items() if draw(st.integers(0, 4)) > 0}


def bounds(way: Way, x: Fraction) -> tuple[Fraction, bool, Fraction, bool]:
    """Between what the second number lies where the first is known; all are between 0 and 1000."""
    span = way.get(Y, Span())
    low = Fraction(0) if span.low is None else span.low * (x if span.low_of else 1)
    high = Fraction(1000) if span.high is None else span.high * (x if span.high_of else 1)
    return low, span.low_in, high, span.high_in


def goes(way: Way, x: Fraction, y: Fraction) -> bool:
    """Whether two numbers go a way."""
    low, low_in, high, high_in = bounds(way, x)
    first = way.get(X, Span())
    return inside(first, x) and inside(Span((), low, high, low_in, high_in), y)


def telling(*asked: Way) -> list[Fraction]:
    """Values of the first number, one for each order in which all bounds can stand, and those where two meet."""
    steady: set[Fraction] = set()
    factors: set[Fraction] = set()
    found: set[Fraction] = set()
    for way in asked:
        for slot, span in way.items():
            for bound, of in ((span.low, span.low_of), (span.high, span.high_of)):
                if bound is not None:
                    (found if slot == X else factors if of else steady).add(bound)
    found |= {number / factor for number in steady for factor in factors}
    edges = [Fraction(1, 100), *sorted(found), Fraction(100)]
    return sorted({*edges, *((one + two) / 2 for one, two in pairwise(edges))})


def second(asked: tuple[Way, ...], x: Fraction) -> Iterator[Fraction]:
    """Values of the second number that can make a difference where the first is this."""
    edges = sorted({edge for way in asked for edge in (bounds(way, x)[0], bounds(way, x)[2])} | {Fraction(1)})
    yield from edges
    yield from ((one + two) / 2 for one, two in pairwise(edges))


def values_of(*asked: Way) -> list[tuple[Fraction, Fraction]]:
    return [(x, y) for x in telling(*asked) for y in second(asked, x)]


@given(ways(), ways())
@PLAIN
def test_two_ways_meet_where_some_values_go_both(one: Way, two: Way) -> None:
    both = any(goes(one, x, y) and goes(two, x, y) for x, y in values_of(one, two))
    assert meet(one, two) is both


@given(ways())
@PLAIN
def test_a_way_is_gone_if_some_values_go_it(way: Way) -> None:
    assert meet(way) is any(goes(way, x, y) for x, y in values_of(way))


@given(ways(), ways())
@PLAIN
def test_what_tells_two_ways_apart(one: Way, two: Way) -> None:
    every = values_of(one, two)
    of_one = [pair for pair in every if goes(one, *pair)]
    of_two = [pair for pair in every if goes(two, *pair)]
    if not of_one or not of_two:
        return
    found = partings(one, two)
    alone = {next(iter(data)) for data in found if len(data) == 1}
    for number, slot in enumerate((X, Y)):
        shared = {pair[number] for pair in of_one} & {pair[number] for pair in of_two}
        assert slot not in alone or not shared
    for data in found:
        if len(data) == 2:
            assert not set(of_one) & set(of_two)
    if not any(span.of for way in (one, two) for span in way.values()):
        disjoint = not set(of_one) & set(of_two)
        assert bool(found) is disjoint


WORDS = st.sets(st.sampled_from(["no", "yes", "perhaps"]), min_size=1).map(
    lambda found: Span(tuple(sorted(found)))
)


@given(st.lists(st.dictionaries(st.sampled_from([X, Y]), WORDS), min_size=1, max_size=3))
@PLAIN
def test_ways_of_words_meet_where_each_shares_a_word(asked: list[dict[Slot, Span]]) -> None:
    shared = all(
        set.intersection({"no", "yes", "perhaps"}, *(set(way[slot].words) for way in asked if slot in way))
        for slot in (X, Y)
    )
    assert meet(*asked) is shared
    if len(asked) == 2:
        apart = {
            frozenset((slot,)) for slot in (X, Y) if not meet(*({slot: w[slot]} for w in asked if slot in w))
        }
        assert partings(*asked) == apart
