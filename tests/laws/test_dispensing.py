"""What is dispensed of an amount: it can be sold so, lies where it must, and nothing else fits better."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_laws import EXAMPLES

from nephroline.catalogue import Supply, load_catalogue
from nephroline.consultation.dispensing import dispense, nearest, pieces_told

PLAIN = settings(max_examples=EXAMPLES * 10, deadline=None)
SOLD = {drug: supply for drug, supply in load_catalogue().formulary.items() if supply.strengths}
DRUGS = st.sampled_from(sorted(SOLD))
AMOUNTS = st.integers(1, 3000).map(lambda tenths: Fraction(tenths, 10_000))
ROUNDING = Fraction(1, 20)


def made_of(supply: Supply, amount: Fraction) -> bool:
    """Whether an amount is the sum of the fewest pieces that are said to make it."""
    pieces = supply.sums[amount]
    return sum((one.exact or Fraction(0) for one in pieces), Fraction(0)) == amount


@given(DRUGS, AMOUNTS, AMOUNTS, st.integers(1, 3), st.none() | AMOUNTS)
@PLAIN
def test_a_range_is_given_from_its_least_to_its_most_that_is_sold(
    drug: str, one: Fraction, other: Fraction, times: int, most: Fraction | None
) -> None:
    supply = SOLD[drug]
    low, high = min(one, other), max(one, other)
    if low == high:
        return
    found = dispense([low, high], most, times, supply, ROUNDING)
    within = [each for each in supply.sums if low <= each * times <= high]
    below = [each for each in supply.sums if each * times <= high]
    if within:
        assert (found.each[0], found.each[-1], found.note) == (min(within), max(within), "")
        assert len(found.each) == len({min(within), max(within)})
    elif below:
        assert (found.each, found.note) == ((max(below),), "the nearest below that can be dispensed")
    else:
        assert (found.each, found.note) == ((), "less than the smallest piece that is sold")
    assert found.daily == tuple(each * times for each in found.each)
    assert not found.each or found.pieces == supply.sums[found.each[0]]
    assert all(made_of(supply, each) for each in found.each)


@given(DRUGS, AMOUNTS, st.integers(1, 3), st.none() | AMOUNTS)
@PLAIN
def test_one_amount_is_rounded_by_little_and_never_beyond_the_most(
    drug: str, amount: Fraction, times: int, most: Fraction | None
) -> None:
    supply = SOLD[drug]
    if most is not None and most < amount:
        return
    found = dispense([amount], most, times, supply, ROUNDING)
    allowed = [
        each
        for each in supply.sums
        if abs(each * times - amount) <= amount * ROUNDING and (most is None or each * times <= most)
    ]
    if not allowed:
        below = [each for each in supply.sums if each * times <= amount]
        assert found.each == ((max(below),) if below else ())
        assert found.note
        return
    (chosen,) = found.each
    assert chosen in allowed
    assert not found.note
    assert not [each for each in allowed if better(supply, each, chosen, amount / times)]


@given(DRUGS, AMOUNTS)
@PLAIN
def test_a_step_is_near_of_few_pieces_and_not_too_deep(drug: str, amount: Fraction) -> None:
    supply = SOLD[drug]
    chosen, pieces = nearest(amount, supply)
    assert pieces == supply.sums[chosen]
    shallow = [each for each in supply.sums if each >= amount * Fraction(5, 6)]
    assert not [each for each in shallow if better(supply, each, chosen, amount)]


def better(supply: Supply, one: Fraction, other: Fraction, wanted: Fraction) -> bool:
    """Whether one amount is as near and of as few pieces as another, and better in one of the two."""
    mine = len(supply.sums[one]), abs(one - wanted)
    theirs = len(supply.sums[other]), abs(other - wanted)
    return mine != theirs and mine[0] <= theirs[0] and mine[1] <= theirs[1]


@pytest.mark.parametrize(
    ("wanted", "given_as"),
    [
        ("62.5", "50 + 10 + 2.5 mg"),
        ("57", "50 + 5 + 2.5 mg"),
        ("12.4", "10 + 2.5 mg"),
        ("3.1", "3 × 1 mg"),
        ("2.2", "2 × 1 mg"),
        ("100", "2 × 50 mg"),
        ("41.7", "2 × 20 mg"),
        ("0.4", "1 mg"),
        ("0", ""),
    ],
)
def test_steps_of_prednisolone(wanted: str, given_as: str) -> None:
    assert pieces_told(nearest(Fraction(wanted) / 1000, SOLD["prednisolone"])[1]) == given_as


def test_what_is_not_sold_in_pieces_stays_as_it_is() -> None:
    rituximab = load_catalogue().formulary["rituximab"]
    for supply in (None, rituximab):
        found = dispense([Fraction(1), Fraction(3)], None, 2, supply, ROUNDING)
        assert (found.each, found.daily, found.pieces) == (
            (Fraction(1, 2), Fraction(3, 2)),
            (Fraction(1), Fraction(3)),
            (),
        )
        assert dispense([Fraction(1)], None, 1, supply, ROUNDING).each == (Fraction(1),)
        assert nearest(Fraction(1), supply) == (Fraction(1), ())
    assert dispense([], None, 1, rituximab, ROUNDING).each == ()
