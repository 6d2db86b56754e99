"""Progress of long work, on the error stream of a terminal; elsewhere nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Self

import typer

_WIDTH = 78
_SECONDS = 0.1


class Counting:
    """Tells how much of one long work is done; quick work is not told."""

    def __init__(self) -> None:
        self._told = time.monotonic() + 3 * _SECONDS
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            typer.echo("\r" + " " * _WIDTH + "\r", nl=False, err=True)

    def tell(self, what: str, done: int, of: int) -> None:
        """So much of it is done."""
        self._show(f"{what}  {100 * done // max(of, 1)} %")

    def _show(self, text: str) -> None:
        now = time.monotonic()
        if not sys.stderr.isatty() or now < self._told:
            return
        self._told, self._shown = now + _SECONDS, True
        typer.echo(f"\r{text[:_WIDTH]:<{_WIDTH}}", nl=False, err=True)


class Progress(Counting):
    """Tells which of some files is worked on, and how far."""

    def __init__(self, files: int) -> None:
        super().__init__()
        self._files, self._number, self._name = files, 0, ""

    def of(self, name: str) -> Callable[[int, int], None]:
        """Begin with the next file; gives what hears how far it is."""
        self._number, self._name = self._number + 1, name
        self._of_file("")
        return self._heard

    def files_done(self, name: str, done: int) -> None:
        """Hear of a file that is done, where several are worked on at once."""
        self._number, self._name = done, name
        self._of_file("")

    def _heard(self, done: int, of_all: int) -> None:
        self._of_file(f"{done} of {of_all} decisions")

    def _of_file(self, how_far: str) -> None:
        which = f"{min(self._number, self._files)} of {self._files}  " if self._files > 1 else ""
        self._show(f"{which}{self._name}  {how_far}")
