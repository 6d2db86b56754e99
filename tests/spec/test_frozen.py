"""What the core makes cannot be changed by who holds it: one answer, chart or pathway is shared by many."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import msgspec
import pytest

ROOMS = ("features", "lang", "consultation", "record", "missing")
GROWN = {"Memo", "Greatest", "Shared", "Run", "LazyRun", "_VariedRun", "_Stretch"}
"""What fills while a chart is read or judged, and is kept by nobody else."""


def structs() -> Iterator[type[msgspec.Struct]]:
    for room in ROOMS:
        package = importlib.import_module(f"nephroline.{room}")
        for module in pkgutil.iter_modules(package.__path__):
            found = importlib.import_module(f"nephroline.{room}.{module.name}")
            for kind in vars(found).values():
                if (
                    isinstance(kind, type)
                    and issubclass(kind, msgspec.Struct)
                    and kind.__module__ == found.__name__
                ):
                    yield kind


@pytest.mark.parametrize("kind", list(structs()), ids=lambda kind: kind.__qualname__)
def test_what_is_made_stays_as_it_was_made(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.frozen is (kind.__name__ not in GROWN)
