"""Commands as processes of their own, forked from one that has read the rules: as real as a start, and quicker."""

from __future__ import annotations

import multiprocessing
import multiprocessing.forkserver
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from nephroline.faces import cli

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["commands", "warmed"])


@cache
def _ready() -> None:
    """Start the process that is forked; it finds its modules by its environment only."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    try:
        multiprocessing.forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def run(*arguments: str, stdin: str | None = None, width: int = 80) -> subprocess.CompletedProcess[str]:
    """Run ``nephroline`` with its arguments: exit code, and what it wrote."""
    _ready()
    with tempfile.TemporaryDirectory() as folder:
        said, told, failed = (Path(folder) / name for name in ("in", "out", "err"))
        said.write_text(stdin or "", encoding="utf-8")
        setting = {"COLUMNS": str(width), "NO_COLOR": "1"}
        process = _FORKS.Process(target=_main, args=(arguments, setting, str(said), str(told), str(failed)))
        process.start()
        process.join()
        out, err = (file.read_text(encoding="utf-8") for file in (told, failed))
    return subprocess.CompletedProcess(list(arguments), process.exitcode or 0, out, err)


def _main(arguments: tuple[str, ...], setting: dict[str, str], said: str, told: str, failed: str) -> None:
    os.environ.update(setting)
    os.environ.pop("PYTHONPATH", None)
    for number, (name, flags) in enumerate(
        ((said, os.O_RDONLY), (told, os.O_WRONLY | os.O_CREAT), (failed, os.O_WRONLY | os.O_CREAT))
    ):
        os.dup2(os.open(name, flags, 0o600), number)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
        for number, mode in ((0, "r"), (1, "w"), (2, "w"))
    )
    sys.argv = ["nephroline", *arguments]
    cli.main()
