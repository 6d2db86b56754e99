"""The one table of three-valued logic."""

from __future__ import annotations

from itertools import product

import pytest

from nephroline.truth import Truth, every, negated, some

TRUTHS: tuple[Truth, ...] = (True, False, None)


def worlds(truths: tuple[Truth, ...]) -> list[tuple[bool, ...]]:
    """Every way in which what is unknown can turn out."""
    return list(product(*((True, False) if truth is None else (truth,) for truth in truths)))


def what_all_say(answers: list[bool]) -> Truth:
    return answers[0] if len(set(answers)) == 1 else None


@pytest.mark.parametrize(
    "truths", [*product(TRUTHS), *product(TRUTHS, TRUTHS), *product(TRUTHS, TRUTHS, TRUTHS)]
)
def test_unknown_goes_only_as_far_as_it_matters(truths: tuple[Truth, ...]) -> None:
    assert every(truths) is what_all_say([all(world) for world in worlds(truths)])
    assert some(truths) is what_all_say([any(world) for world in worlds(truths)])
    assert some(truths) is negated(every([negated(truth) for truth in truths]))


def test_of_nothing_every_one_is_true_and_none_is() -> None:
    assert every(()) is True
    assert some(()) is False


def test_what_comes_after_a_decisive_truth_is_not_looked_at() -> None:
    asked = iter((None, True, False))
    assert some(asked) is True
    assert list(asked) == [False]
