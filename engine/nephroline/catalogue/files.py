"""Where the data files are, and what tells one version of them from another: the one place that knows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nephroline.errors import UsageError

if TYPE_CHECKING:
    from hashlib import sha256
else:
    # hashlib loads all of OpenSSL; the interpreter's own module is there in a tenth of the time.
    try:
        from _sha2 import sha256  # Python 3.12 and newer
    except ImportError:
        try:
            from _sha256 import sha256
        except ImportError:
            from hashlib import sha256

# The wheel carries the data inside the package; a checkout has it three levels above this file.
_ROOTS = (Path(__file__).resolve().parents[1], Path(__file__).resolve().parents[3])


def data_root(name: str) -> Path:
    """Give the folder *name* (``rules`` or ``scenarios``), from the installed wheel or the checkout.

    Raises: UsageError if neither holds it.
    """
    for root in _ROOTS:
        if (root / name).is_dir():
            return root / name
    raise UsageError.of(f"the folder {name} is missing from this installation", "install nephroline again")


def plain(value: Any) -> Any:
    """What some content says, as plain data in an order of its own: also the fields that were left out."""
    parts = value
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Mapping):
        return {str(key): plain(parts[key]) for key in parts}
    if isinstance(value, tuple | list):
        return [*map(plain, parts)]
    if isinstance(value, frozenset | set):
        return sorted(map(plain, parts), key=str)
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def digest(*contents: bytes) -> str:
    """The SHA-256 of some contents in turn, in hexadecimal."""
    hasher = sha256()
    for content in contents:
        hasher.update(content)
    return hasher.hexdigest()
