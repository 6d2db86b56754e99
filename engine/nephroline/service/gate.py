"""How much is computed at once: one request after the other, a few that wait, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class BusyError(Exception):
    """More requests wait already than may."""


class Gate:
    """Runs what takes long on a thread of its own, so that the service goes on to answer.

    The engine computes one answer at a time: more threads would share one processor. Who finds *waiting*
    others before it is turned away at once (`BusyError`).
    """

    def __init__(self, waiting: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._most, self.inside = waiting + 1, 0

    async def run(self, what: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run it when its turn comes. Raises: BusyError, and whatever it raises itself."""
        if self.inside >= self._most:
            raise BusyError
        loop = asyncio.get_running_loop()
        self.inside += 1
        done = self._pool.submit(what, *args, **kwargs)
        # What nobody waits for any more takes its place until it has ended.
        done.add_done_callback(lambda _: loop.call_soon_threadsafe(self._left))
        return await asyncio.wrap_future(done)

    def _left(self) -> None:
        self.inside -= 1

    def close(self) -> None:
        """Let what was begun end."""
        self._pool.shutdown(wait=True)
