"""Where the data files are: the one place that knows."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from nephroline.errors import UsageError

# In a checkout: engine/nephroline/catalogue/files.py is three levels below the root.
_CHECKOUT = Path(__file__).resolve().parents[3]


def data_root(name: str) -> Traversable:
    """Give the folder *name* (``rules`` or ``scenarios``), from the installed wheel or the checkout.

    Raises: UsageError if neither holds it.
    """
    packaged = files("nephroline") / name
    if packaged.is_dir():
        return packaged
    checkout = _CHECKOUT / name
    if checkout.is_dir():
        return checkout
    raise UsageError.of(f"the folder {name} is missing from this installation", "install nephroline again")
