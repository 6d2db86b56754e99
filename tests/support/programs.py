"""Programs that some tests need beside Python: each is a marker, and tests are left out where it is missing."""

from __future__ import annotations

import shutil
from typing import NamedTuple


class Program(NamedTuple):
    """What tests marked with `name` need: one of some commands, from a package of the system."""

    name: str
    commands: tuple[str, ...]
    package: str

    @property
    def found(self) -> str | None:
        """Where it is on this machine."""
        return next((path for command in self.commands if (path := shutil.which(command))), None)


PROGRAMS = {
    program.name: program
    for program in (
        Program("browser", ("chromium", "google-chrome"), "chromium"),
        Program("node", ("node",), "nodejs"),
        Program("postgresql", ("pg_ctlcluster", "pg_ctl"), "postgresql"),
        Program("java", ("java",), "default-jre-headless"),
    )
}
