"""A plugin of pytest that tells which tests run which line of the engine, and how long each takes."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Generator
from pathlib import Path

import coverage
import pytest

_seconds: dict[str, float] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    measuring = coverage.Coverage.current()
    if measuring is not None:
        measuring.switch_context(item.nodeid)
    begun = time.perf_counter()
    try:
        return (yield)
    finally:
        _seconds[item.nodeid] = time.perf_counter() - begun
        if measuring is not None:
            measuring.switch_context("")


def pytest_sessionfinish() -> None:
    measuring = coverage.Coverage.current()
    if measuring is None:
        return
    found: dict[str, list[tuple[float, str]]] = {}
    data = measuring.get_data()
    for file in data.measured_files():
        module = file.partition("engine/nephroline/")[2]
        for line, tests in data.contexts_by_lineno(file).items():
            found[f"{module}:{line}"] = [(round(_seconds.get(test, 0.0), 3), test) for test in tests]
    Path(os.environ["REACHED"]).write_text(json.dumps(found))
