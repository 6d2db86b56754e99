"""Every error a caller may meet.

    NephrolineError
      InputError          the author of a file or command can mend it; no traceback is shown
        RecordError       a record or scenario
        PathwayError      a pathway or catalogue file
        UsageError        an argument: an unknown pathway, an as-of that cannot be read, …
      InferenceError      the inference engine broke one of its own rules; the answer is withheld

An `InputError` carries one `Problem` for each fault found, so that a file is mended in one go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

# Longer input is cut in messages: a hostile file must not fill a screen or a log.
_SHOWN = 80


class Problem(NamedTuple):
    """One fault: where it is, what it is, and how to mend it.

    `line` and `column` count from 1; `path` is the field, such as ``observations[2].creatinine``.
    """

    message: str
    help: str = ""
    file: str = ""
    line: int | None = None
    column: int | None = None
    path: str = ""

    @property
    def place(self) -> str:
        """The file, line and column as editors understand them; empty when nothing is known."""
        parts = [self.file or "input"] if (self.file or self.line) else []
        parts += [str(n) for n in (self.line, self.column) if n is not None]
        return ":".join(parts)

    def to_data(self) -> dict[str, str | int]:
        """As plain data for JSON: what is known of it."""
        return {key: value for key, value in self._asdict().items() if value not in ("", None)}

    def in_file(self) -> tuple[str, int, int]:
        """The order in which its author meets it."""
        return self.file, self.line or 0, self.column or 0

    def __str__(self) -> str:
        head = f"{self.place}: " if self.place else ""
        field = f"{self.path}: " if self.path else ""
        tail = f" ({self.help})" if self.help else ""
        return f"{head}{field}{self.message}{tail}"


class NephrolineError(Exception):
    """The root of all errors that Nephroline raises on purpose."""


class InputError(NephrolineError):
    """Input that its author can mend; `problems` lists every fault that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @classmethod
    def of(cls, message: str, help: str = "", **where: object) -> InputError:  # noqa: A002
        """Make the error of a single problem."""
        return cls([Problem(message, help, **where)])  # type: ignore[arg-type]


class RecordError(InputError):
    """A record or scenario that cannot be used as written."""


class PathwayError(InputError):
    """A pathway or catalogue file that cannot be used as written."""


class UsageError(InputError):
    """An argument that cannot be honoured."""


class InferenceError(NephrolineError):
    """The inference engine left its safe subset or disagreed with its twin."""


def quoted(text: object) -> str:
    """Input in backticks on one line, cut to a readable length, control characters made visible."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))
    return f"`{shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + '…'}`"


def did_you_mean(word: str, known: Iterable[str], *, see: str = "", cutoff: float = 0.6) -> str:
    """A help text with the nearest known name, else where the names are listed."""
    from difflib import get_close_matches  # only a mistake needs it

    near = get_close_matches(word[:_SHOWN].lower(), sorted(set(known)), n=1, cutoff=cutoff)
    if near:
        return f"did you mean {quoted(near[0])}?" + (f" {see}" if see else "")
    return see


_LEAST = 5
_LONG = 8


def likely_slip(word: str, known: Mapping[str, str]) -> str:
    """A help text with the one name that *word* is a slip of the pen of; empty if none is so near.

    For names of drugs and diseases, where the nearest name is another drug: one letter is wrong, too many,
    missing or out of place; in a long word two may be too many or missing. Of several names for one thing
    the nearest; *known* says of each what it names.
    """
    if len(word) < _LEAST or len(word) > _SHOWN:
        return ""
    most = 2 if len(word) > _LONG else 1
    apart = {
        name: len(name) + len(word) - 2 * _common(name, word)
        for name in sorted(known)
        if abs(len(name) - len(word)) <= most
    }
    near = sorted((name for name, letters in apart.items() if letters <= 2), key=lambda name: apart[name])
    meant = {known[name] for name in near}
    return f"did you mean {quoted(near[0])}?" if len(meant) == 1 else ""


def _common(one: str, other: str) -> int:
    """How many letters two words share in order."""
    row = [0] * (len(other) + 1)
    for letter in one:
        before = 0
        for i, candidate in enumerate(other, start=1):
            above = row[i]
            row[i] = before + 1 if letter == candidate else max(row[i], row[i - 1])
            before = above
    return row[-1]
