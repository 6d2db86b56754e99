"""Conditions drawn at random over some atoms."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from nephroline.lang import And, Atom, Node, Not, Or


def conditions(atoms: Sequence[Atom], most: int) -> st.SearchStrategy[Node]:
    """Trees of `and`, `or` and `not` over some atoms, with so many leaves at the most."""
    return st.recursive(
        st.sampled_from(atoms),
        lambda inner: st.one_of(
            inner.map(Not),
            st.lists(inner, min_size=2, max_size=3).map(lambda xs: And(tuple(xs))),
            st.lists(inner, min_size=2, max_size=3).map(lambda xs: Or(tuple(xs))),
        ),
        max_leaves=most,
    )
