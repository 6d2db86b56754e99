"""Styled text on a terminal, wrapped to its width under an indent.

A command of a tenth of a second cannot afford the import of a large library for this. What is shown
may come from anybody's record: control characters, which could steer a terminal, are shown escaped.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from shutil import get_terminal_size
from unicodedata import combining, east_asian_width, normalize

import typer

Styled = tuple[str, str]
"""A text and its style, in words: ``bold red``, ``dim italic``; an empty style is plain."""

_WORD = re.compile(r"\S+|\s+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_ATTRIBUTES = ("bold", "dim", "italic")
_LEAST = 20
_PLAIN = str.maketrans(
    {"·": "-", "→": "->", "–": "-", "—": "-", "≤": "<=", "≥": ">=", "…": "...", "µ": "u", "×": "x"}
)


class Screen:
    """Standard output as wide as the terminal; coloured when it is one and NO_COLOR is not set.

    *plain*: in ASCII, for terminals and printers that know no more.
    """

    def __init__(self, width: int | None = None, colour: bool | None = None, *, plain: bool = False) -> None:
        self.width = width or get_terminal_size().columns
        self._plain = plain
        self._colour = _wants_colour() if colour is None else colour
        self._held: list[str] | None = None

    def room(self, indent: int = 0) -> int:
        """How many columns a text has beside an indent."""
        return max(self.width - indent, _LEAST)

    def line(self, *spans: Styled) -> None:
        """Print one line as it is, without wrapping."""
        self._write([(_harmless(text), style) for text, style in spans])

    def hang(self, head: tuple[Styled, ...], body: tuple[Styled, ...], indent: int) -> None:
        """Print a head, and beside it a body that wraps under itself from column *indent* on."""
        before = [(_harmless(text), style) for text, style in head]
        for row in list(_filled(body, self.room(indent))) or [[]]:
            self._write([*before, *row])
            before = [(" " * indent, "")]

    def paragraph(self, text: str, *, indent: int = 0, style: str = "") -> None:
        """Print a wrapped text."""
        self.hang(((" " * indent, ""),), ((text, style),), indent)

    def _write(self, spans: list[Styled]) -> None:
        while spans and spans[-1][0].isspace():
            spans = spans[:-1]
        last = [(spans[-1][0].rstrip(), spans[-1][1])] if spans else []
        merged: list[Styled] = []
        for text, style in [*spans[:-1], *last]:
            if merged and merged[-1][1] == style:
                merged[-1] = (merged[-1][0] + text, style)
            else:
                merged.append((text, style))
        text = "".join(self._painted(*span) for span in merged)
        text = _plain(text) if self._plain else text
        if self._held is None:
            typer.echo(text, color=self._colour)
        else:
            self._held.append(text)

    @contextmanager
    def held(self) -> Generator[list[str]]:
        """Keep the lines that are printed inside, and print none."""
        self._held = []
        try:
            yield self._held
        finally:
            self._held = None

    def _painted(self, text: str, style: str) -> str:
        if not (self._colour and style):
            return text
        words = style.split()
        colour = next((word for word in words if word not in _ATTRIBUTES), None)
        on = {name: True for name in _ATTRIBUTES if name in words}
        return typer.style(text, fg=colour, **on)


@contextmanager
def paged() -> Generator[Screen]:
    """A screen whose lines, where they are too many for the terminal, are shown in its pager."""
    out = Screen()
    if not sys.stdout.isatty():
        yield out
        return
    with out.held() as lines:
        yield out
        text = "\n".join(lines)
    if len(lines) < get_terminal_size().lines:
        typer.echo(text)
    else:
        # Only here, for what a pager needs takes a while to load.
        from pydoc import pager

        os.environ.setdefault("LESS", "-FRX")
        pager(text)


def rows_of(text: str, width: int) -> int:
    """How many rows a text takes."""
    return sum(1 for _ in _filled(((text, ""),), width))


def _filled(body: tuple[Styled, ...], width: int) -> Iterator[list[Styled]]:
    """Fill rows with words; a word wider than a row is cut."""
    row: list[Styled] = []
    used = 0
    for text, style in body:
        for word in _WORD.findall(_harmless(text)):
            for piece in _cut(word, width):
                taken = columns(piece)
                if used + taken > width:
                    yield row
                    row, used = [], 0
                if row or not piece.isspace():
                    row.append((piece, style))
                    used += taken
    if row:
        yield row


def columns(text: str) -> int:
    """How many columns a text takes: wide signs two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _cut(word: str, width: int) -> Iterator[str]:
    """A word in pieces that fit a row; however long it is, each sign is looked at once."""
    if columns(word) <= width:
        yield word
        return
    begin = used = 0
    for end, sign in enumerate(word):
        taken = columns(sign)
        if used + taken > width and end > begin:
            yield word[begin:end]
            begin, used = end, 0
        used += taken
    yield word[begin:]


def _plain(text: str) -> str:
    """Text in ASCII: signs by their likes, letters without accents, what is left as ``?``."""
    simple = normalize("NFKD", text.translate(_PLAIN))
    return "".join(c for c in simple if not combining(c)).encode("ascii", "replace").decode()


def _harmless(text: str) -> str:
    """Text without characters that steer a terminal or turn the direction of writing."""
    return _CONTROL.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return " " if match[0] in "\t\n\r" else f"\\u{ord(match[0]):04x}"


def _wants_colour() -> bool:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()
