"""The one table of three-valued logic: true, false, and unknown, which is written None.

Unknown goes only as far as it matters (Kleene): false and unknown is false, true or unknown is true. Every
way to evaluate a condition uses this table: inference by reference, the search over missing data, the
reasons. Patterns for durable_rules are compiled, and held against it by a law and by ``--shadow``.
"""

from __future__ import annotations

from collections.abc import Iterable

Truth = bool | None


def negated(truth: Truth) -> Truth:
    """Not: unknown stays unknown."""
    return None if truth is None else not truth


def every(truths: Iterable[Truth]) -> Truth:
    """And: false as soon as one is false, else unknown if one is unknown."""
    return joined(truths, decisive=False)


def some(truths: Iterable[Truth]) -> Truth:
    """Or: true as soon as one is true, else unknown if one is unknown."""
    return joined(truths, decisive=True)


def joined(truths: Iterable[Truth], *, decisive: bool) -> Truth:
    """Or if true is *decisive*, and if false is; what comes after a decisive truth is not looked at."""
    unknown = False
    for truth in truths:
        if truth is decisive:
            return decisive
        unknown = unknown or truth is None
    return None if unknown else not decisive
