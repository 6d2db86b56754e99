"""An entry of the catalogue together with where it stands, for those that find fault with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from nephroline.errors import Problem
from nephroline.yamlfile import FieldPath, Place


class Placed(NamedTuple):
    """An entry, its section and its place."""

    section: str
    entry: Any
    place: Place

    @property
    def key(self) -> str:
        """Its id; of a unit its code, of a burden its kind of entry, of a word itself."""
        if isinstance(self.entry, str):
            return self.entry
        return str(next(getattr(self.entry, n) for n in ("id", "code", "entry") if hasattr(self.entry, n)))

    def problem(self, message: str, remedy: str = "", at: FieldPath = ()) -> Problem:
        """A fault of it, or of the field at a path inside it."""
        return Place(self.place.document, (*self.place.path, *at)).problem(message, remedy)


Tables = Mapping[str, Mapping[str, Placed]]
"""Entries by section and id."""
