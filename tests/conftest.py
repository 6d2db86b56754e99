"""Shared fixtures: the pathways, and the scenarios as data."""

from __future__ import annotations

import copy
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, settings
from programs import PROGRAMS

from nephroline.pathway import Pathway, load_pathway
from nephroline.record import open_document

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# The gate draws the same charts each time; LAW_EXAMPLES=5000 searches further, with a new seed.
settings.register_profile("gate", derandomize=True)
if int(os.environ.get("LAW_EXAMPLES", "0")) <= 100:
    settings.load_profile("gate")
# Who only asks whether a law notices a slip wants no smallest chart that shows it.
settings.register_profile("unshrunk", derandomize=True, phases=[Phase.explicit, Phase.generate])
if os.environ.get("LAWS_UNSHRUNK"):
    settings.load_profile("unshrunk")

ROOT = Path(__file__).resolve().parent.parent
NOT_MEASURED = tuple(
    ROOT / "tests" / name
    for name in (
        *("laws", "page", "pictures", "faces/test_cli.py"),
        *("test_coverage.py", "test_docs.py", "test_scenarios.py"),
    )
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--nothing-skipped", action="store_true", help="Fail if a test is skipped.")
    parser.addoption(
        "--thorough", action="store_true", help="Run the long walks too, which `make laws` runs."
    )


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        # What is kept between runs is kept for this one, and not in the user's own folder; workers inherit it.
        folder = tempfile.mkdtemp(prefix="nephroline-tests-")
        os.environ["XDG_CACHE_HOME"] = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    config.addinivalue_line("markers", "thorough: a long walk, left to `make laws`")
    config.addinivalue_line("markers", "unmeasured: the lines that it runs are not counted")
    for program in PROGRAMS.values():
        config.addinivalue_line(
            "markers", f"{program.name}: needs {' or '.join(program.commands) or program.module}"
        )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what asks for a program by a fixture of its name, and leave it out where there is none.

    The laws, the walks over all scenarios, the pictures and what runs commands as programs are no measure of
    coverage: they would run most lines many times, and slow at that. `faces/test_in_process` runs each command.
    """
    if not config.getoption("--thorough"):
        long = [item for item in items if item.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
    for item in items:
        if any(path in (item.path, *item.path.parents) for path in NOT_MEASURED):
            item.add_marker(pytest.mark.unmeasured)
    for name, program in PROGRAMS.items():
        for item in items:
            if name in getattr(item, "fixturenames", ()):
                item.add_marker(name)
            if program.found is None and item.get_closest_marker(name) is not None:
                item.add_marker(pytest.mark.skip(reason=f"needs a program: {name}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Run what is not measured without a tracer, which makes it three times as slow.

    pytest-cov has a marker for this, but a worker of pytest-xdist begins two measurements, and it ends one. Where
    it is asked which tests run a line (`reaching`), all are measured.
    """
    tracer = sys.gettrace()
    if tracer is None or "REACHED" in os.environ or item.get_closest_marker("unmeasured") is None:
        return (yield)
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say in a line for each missing program how many tests were left out, and how to have them."""
    skipped = terminalreporter.stats.get("skipped", [])
    for name, program in PROGRAMS.items():
        number = sum(f"needs a program: {name}" in str(report.longrepr) for report in skipped)
        if number:
            terminalreporter.write_line(
                f"{number} test{'s' * (number > 1)} left out: no {name} here (Debian: apt install {program.package})"
            )
    if skipped and config.getoption("--nothing-skipped"):
        terminalreporter.write_line(f"{len(skipped)} tests were skipped, and none may be", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.config.getoption("--nothing-skipped") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def kdigo() -> Pathway:
    return load_pathway("kdigo-2012/fsgs")


@pytest.fixture(scope="session")
def extended() -> Pathway:
    return load_pathway("pjnh-2015/fsgs")


@pytest.fixture(scope="session")
def scenario_data() -> Callable[[str], dict[str, Any]]:
    """Give a fresh copy of a scenario file's data, by file name without ending."""
    read: dict[str, Any] = {}

    def data(name: str) -> dict[str, Any]:
        if name not in read:
            (path,) = (ROOT / "scenarios").rglob(f"{name}.yaml")
            read[name] = open_document(path).data
        found: dict[str, Any] = copy.deepcopy(read[name])
        return found

    return data


@pytest.fixture(scope="session")
def browser() -> Generator[Browser]:
    """A real headless browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        found = driver.chromium.launch(
            executable_path=PROGRAMS["browser"].found,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"],
        )
        yield found
        found.close()
