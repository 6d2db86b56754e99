"""An entry of the catalogue together with where it stands, for those that find fault with it."""

from __future__ import annotations

from typing import Any, NamedTuple

from nephroline.errors import Problem
from nephroline.yamlfile import Document, FieldPath


class Placed(NamedTuple):
    """An entry, its section and its place."""

    section: str
    entry: Any
    document: Document
    path: FieldPath

    @property
    def key(self) -> str:
        """Its id; of a unit its code, of a burden its kind of entry, of a word itself."""
        if isinstance(self.entry, str):
            return self.entry
        return str(next(getattr(self.entry, n) for n in ("id", "code", "entry") if hasattr(self.entry, n)))

    @property
    def place(self) -> str:
        """File and line, as errors print them."""
        return self.problem("").place

    def problem(self, message: str, remedy: str = "", at: FieldPath = ()) -> Problem:
        """A fault of it, or of the field at a path inside it."""
        return self.document.problem((*self.path, *at), message, remedy)
