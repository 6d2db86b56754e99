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
    tests = sorted(_seconds)
    place = {test: n for n, test in enumerate(tests)}
    lines: dict[str, list[int]] = {}
    data = measuring.get_data()
    for file in data.measured_files():
        module = file.partition("engine/nephroline/")[2]
        for line, contexts in data.contexts_by_lineno(file).items():
            # None of the tests: it is run when modules are read.
            lines[f"{module}:{line}"] = [place.get(test, -1) for test in contexts]
    told = {"tests": [(round(_seconds[test], 3), test) for test in tests], "lines": lines}
    Path(os.environ["REACHED"]).write_text(json.dumps(told))
