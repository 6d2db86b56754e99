"""What the screen promises, for any text that a record may hold."""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from nephroline.faces.screen import Screen, columns, rows_of

LETTERS = st.characters(exclude_categories=["Cs"])
SPAN = st.tuples(
    st.text(LETTERS, max_size=60), st.sampled_from(["", "bold", "red", "bold magenta", "dim italic"])
)
BODY = st.lists(SPAN, min_size=1, max_size=4)
ESCAPE = re.compile("\x1b\\[[0-9;]*m")


def shown(body: list[tuple[str, str]], width: int, indent: int, *, colour: bool) -> str:
    out = StringIO()
    with redirect_stdout(out):
        Screen(width, colour).hang(((" " * indent, ""),), tuple(body), indent)
    return out.getvalue()


@given(BODY, st.integers(30, 120), st.integers(0, 8))
def test_no_row_is_wider_than_the_screen(body: list[tuple[str, str]], width: int, indent: int) -> None:
    assert all(columns(row) <= width for row in shown(body, width, indent, colour=False).splitlines())


@given(BODY, st.integers(30, 120), st.integers(0, 8))
def test_every_letter_is_shown_in_its_order(body: list[tuple[str, str]], width: int, indent: int) -> None:
    letters = [c for text, _ in body for c in text if c.isalnum()]
    out = iter(shown(body, width, indent, colour=False))
    assert all(letter in out for letter in letters)


@given(BODY, st.integers(30, 120))
def test_colour_changes_no_letter(body: list[tuple[str, str]], width: int) -> None:
    assert ESCAPE.sub("", shown(body, width, 2, colour=True)) == shown(body, width, 2, colour=False)


@given(BODY)
def test_nothing_in_a_text_steers_the_terminal(body: list[tuple[str, str]]) -> None:
    out = shown([*body, ("\x1b[2J\x07\u202eevil\x9b", "")], 60, 0, colour=False)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", out)


def test_a_body_hangs_under_its_label() -> None:
    out = StringIO()
    with redirect_stdout(out):
        Screen(30, colour=False).hang((("needs  ", "bold"),), (("one two three four five six", ""),), 7)
    assert out.getvalue() == "needs  one two three four five\n       six\n"


def test_a_very_long_word_takes_as_many_rows_as_it_has_columns() -> None:
    """A name of a hundred thousand signs is shown at once."""
    assert rows_of("x" * 100_000, 80) == 1250
    assert rows_of("会" * 50_000, 80) == 1250
