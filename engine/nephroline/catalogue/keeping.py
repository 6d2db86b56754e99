"""What was made of our own rules, kept from one run of Nephroline to the next.

To read, check and put together the rules takes longer than to answer. What came of it is kept in a folder
that only the user may read and write, under a name that tells everything it was made from: the text of every
rule, the program, and the versions of Python and msgspec. Where anything differs, or the folder is not
private, the rules are read anew; that nothing can be kept is no error.
"""

from __future__ import annotations

import os
import pickle
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, TypeVar, cast

import msgspec

from nephroline.catalogue.files import data_root, digest

Made = TypeVar("Made")
_DIGESTED = "digest"

_DIGEST = 64
_MOST = 24
"""So many files are kept: those of two or three versions."""


def kept(name: str, make: Callable[[], Made], whole: Mapping[str, object] | None = None) -> Made:
    """What *make* makes of the rules that come with Nephroline, from the last time if nothing has changed.

    Its `digest` is kept with it. *whole*: objects that are not written again but referred to by name.
    """
    file = _file(name)
    found = _read(file, whole or {}) if file is not None else None
    if found is None:
        made = make()
        if file is None:
            return made
        found = made, getattr(made, _DIGESTED, None)
        _write(file, found, whole or {})
    made, told = cast("tuple[Made, str | None]", found)
    if told is not None:
        # It takes as long to work out as all the rest of the reading.
        vars(made)[_DIGESTED] = told
    return made


def _file(name: str) -> Path | None:
    """Where something is kept; None if there is no private place for it."""
    folder = _folder()
    return None if folder is None else folder / f"{name.replace('/', '.')}-{_fingerprint()}"


@lru_cache(maxsize=1)
def _folder() -> Path | None:
    """The user's own folder, made if it is not there; None if others may write to it."""
    if not hasattr(os, "geteuid"):
        return None
    try:
        home = os.environ.get("XDG_CACHE_HOME", "")
        folder = (Path(home) if Path(home).is_absolute() else Path.home() / ".cache") / "nephroline"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder if _private(folder.lstat(), stat.S_ISDIR) else None
    except (OSError, RuntimeError):
        return None


def _private(found: os.stat_result, kind: Callable[[int], bool]) -> bool:
    return kind(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077


@lru_cache(maxsize=1)
def _fingerprint() -> str:
    """What tells the rules, the program and what it runs on from any other."""
    rules, program = data_root("rules"), Path(__file__).resolve().parents[1]
    files = list(_below(rules, (".yaml", ".yml")))
    texts = [file.read_bytes() for file in files]
    names = [f"{file.relative_to(rules)} {len(text)}" for file, text in zip(files, texts, strict=True)]
    for file in _below(program, (".py",)):
        now = file.stat()
        names.append(f"{file} {now.st_size} {now.st_mtime_ns}")
    names += [sys.version, msgspec.__version__]
    return digest("\n".join(names).encode(), *texts)


def _below(folder: Path, endings: tuple[str, ...]) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders.sort()
        yield from (Path(place) / file for file in sorted(files) if file.endswith(endings))


class _Writer(pickle.Pickler):
    def __init__(self, out: BytesIO, whole: Mapping[str, object]) -> None:
        super().__init__(out, protocol=5)
        self._names = {id(value): name for name, value in whole.items()}

    def persistent_id(self, obj: Any) -> str | None:
        return self._names.get(id(obj))


class _Reader(pickle.Unpickler):
    def __init__(self, data: BytesIO, whole: Mapping[str, object]) -> None:
        super().__init__(data)
        self._whole = whole

    def persistent_load(self, pid: str) -> object:
        return self._whole[pid]


def _read(file: Path, whole: Mapping[str, object]) -> object | None:
    """What a file keeps; None if there is none, if it is not private, or if it is damaged."""
    try:
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW), "rb") as opened:
            if not _private(os.fstat(opened.fileno()), stat.S_ISREG):
                return None
            content = opened.read()
        data = content[_DIGEST:]
        if digest(data).encode() != content[:_DIGEST]:
            return None
        return cast("object", _Reader(BytesIO(data), whole).load())
    except (
        OSError,
        ValueError,
        EOFError,
        LookupError,
        AttributeError,
        ImportError,
        TypeError,
        pickle.PickleError,
    ):
        return None


def _write(file: Path, made: object, whole: Mapping[str, object]) -> None:
    """Keep something: written aside and moved into its place, so that nobody reads half of it."""
    out = BytesIO()
    _Writer(out, whole).dump(made)
    data = out.getvalue()
    try:
        with NamedTemporaryFile(dir=file.parent, prefix=".", delete=False) as new:
            new.write(digest(data).encode() + data)
        Path(new.name).replace(file)
        older = sorted(file.parent.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)
        for one in older[_MOST:]:
            one.unlink(missing_ok=True)
    except OSError:
        return
