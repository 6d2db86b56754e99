"""What some tests need beside Python and its packages: each is a marker; without it they are left out."""

from __future__ import annotations

import importlib
import shutil
from functools import cached_property


class Program:
    """What tests marked with `name` need: one of some commands, or a Python module that loads.

    `package` is the package of the system that brings it.
    """

    def __init__(self, name: str, package: str, *, commands: tuple[str, ...] = (), module: str = "") -> None:
        self.name, self.package, self.commands, self.module = name, package, commands, module

    @cached_property
    def found(self) -> str | None:
        """Where it is on this machine."""
        if self.module:
            try:
                importlib.import_module(self.module)
            except ImportError:
                return None
            return self.module
        return next((path for command in self.commands if (path := shutil.which(command))), None)


PROGRAMS = {
    program.name: program
    for program in (
        Program(
            "browser",
            "chromium",
            commands=("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
        ),
        Program("graphviz", "libglib2.0-0", module="pygraphviz"),
        Program("node", "nodejs", commands=("node",)),
        Program("postgresql", "postgresql", commands=("pg_ctlcluster", "pg_ctl")),
        Program("java", "default-jre-headless", commands=("java",)),
    )
}
