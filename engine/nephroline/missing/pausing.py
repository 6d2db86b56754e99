"""Searches without garbage collection.

A search makes many objects, which all live until it ends, and no reference cycles. To look for cycles among
them, again and again, would cost a third of its time.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

_Asked = ParamSpec("_Asked")
_Found = TypeVar("_Found")


def uncollected(search: Callable[_Asked, _Found]) -> Callable[_Asked, _Found]:
    """Pause the collection of cycles during a search. Searches in other threads may run on with it."""

    @wraps(search)
    def paused(*args: _Asked.args, **kwargs: _Asked.kwargs) -> _Found:
        if not gc.isenabled():
            return search(*args, **kwargs)
        gc.disable()
        try:
            return search(*args, **kwargs)
        finally:
            gc.enable()

    return paused
