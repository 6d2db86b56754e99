"""An extension that cannot be loaded is explained, with the remedy for its cause."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.abc import MetaPathFinder
from typing import Any

import pytest

from nephroline.backends import durable
from nephroline.errors import InferenceError


class _Refusing(MetaPathFinder):
    def __init__(self, words: str) -> None:
        self.words = words

    def find_spec(self, name: str, *_: Any) -> None:
        if name == "durable_rules_engine":
            raise ImportError(self.words)


@pytest.fixture
def unloaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delitem(sys.modules, "durable_rules_engine", raising=False)
    durable._library.cache_clear()
    yield
    durable._library.cache_clear()


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ("x.so: undefined symbol: PyEval_CallObject", "unset LD_BIND_NOW"),
        ("No module named durable_rules_engine", "install a C compiler"),
    ],
)
def test_the_remedy_fits_the_cause(
    monkeypatch: pytest.MonkeyPatch, unloaded: None, words: str, remedy: str
) -> None:
    flags = sys.getdlopenflags()
    monkeypatch.setattr(sys, "meta_path", [_Refusing(words), *sys.meta_path])
    with pytest.raises(InferenceError, match=remedy):
        durable._library()
    assert sys.getdlopenflags() == flags
