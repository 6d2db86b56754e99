"""The command line. Commands import what they need when they run, so that ``--help`` is quick.

Exit codes: 0 fine; 1 an expectation was missed or a checked file has problems; 2 the input or the
command cannot be used; 3 the inference engine cannot be trusted here; 141 the reader of the output has gone.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from nephroline.faces import asking, authoring, cohorts, exchanging, mutating, serving
from nephroline.faces.commanding import app

if TYPE_CHECKING:
    from typer.models import CommandInfo

    from nephroline.errors import InputError

__all__ = ["app", "asking", "authoring", "cohorts", "exchanging", "main", "mutating", "serving"]

_PIPE_CLOSED = 141
"""What a shell reports of a program that SIGPIPE has stopped."""


def _version(value: bool) -> None:
    if value:
        from nephroline.version import __version__

        typer.echo(f"nephroline {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Treatment-pathway decision support for nephrotic syndrome: rules in YAML, reasons in the open.

    Research and prototyping software; the decision stays with the treating clinician.
    """


def _complain(error: InputError) -> None:
    for problem in error.problems:
        typer.echo(f"error: {problem}", err=True)


def _reader_has_gone() -> NoReturn:
    """End as a program does that a closed pipe stops: that `head` has seen enough is no error."""
    # What is still to be written at exit goes nowhere, and says nothing.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(_PIPE_CLOSED)


def _only_what_is_asked(words: list[str]) -> None:
    """Where a command is named first, leave out the others: to look at all takes a tenth of an answer."""
    if words:
        commands = [one for one in app.registered_commands if _called(one) == words[0]]
        groups = [one for one in app.registered_groups if one.name == words[0]]
        if commands or groups:
            app.registered_commands, app.registered_groups = commands, groups


def _called(command: CommandInfo) -> str:
    return command.name or (command.callback.__name__ if command.callback is not None else "")


def main() -> None:
    """Run the command line; no error of an author or a file ever shows a traceback."""
    from nephroline.errors import InferenceError, InputError

    _only_what_is_asked(sys.argv[1:])
    # A command makes much that lives until it ends: looking through it often finds nothing to free.
    gc.set_threshold(50_000, 20, 50)
    try:
        try:
            app()
        finally:
            if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison]
                sys.stdout.flush()
    except InputError as bad:
        _complain(bad)
        sys.exit(2)
    except InferenceError as bad:
        typer.echo(f"error: {bad}", err=True)
        sys.exit(3)
    except BrokenPipeError:
        _reader_has_gone()
    except SystemExit as end:
        # typer ends with 1 when it meets a broken pipe itself.
        if isinstance(end.__context__, BrokenPipeError):
            _reader_has_gone()
        raise
    finally:
        # What is left goes with the process; to look through it once more takes a sixth of a command.
        gc.freeze()
