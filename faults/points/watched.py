"""Coroutines that count how often they wait, and end the process (SIGKILL) when the count is reached: at the wait, or at its end."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import faultmaven_events

PACKAGE: Final = str(Path(faultmaven_events.__file__).parent)
DELIVERING: Final[ContextVar[bool]] = ContextVar("DELIVERING", default=False)
"""Set in the context of a delivery, and so in every task that it creates."""

Mode = Literal["suspended", "resumed"]


@dataclass(slots=True)
class Point:
    """The point of death: the `at`-th wait after it was armed. `at` 0 only counts."""

    at: int
    mode: Mode
    last_words: Callable[[], None] = lambda: None
    armed: bool = False
    count: int = 0

    def suspended(self) -> int:
        """A coroutine began to wait: what it asked for is on its way, and the answer is not here. Returns the number of the wait."""
        if not self.armed:
            return 0
        self.count += 1
        self._pass(self.count, "suspended")
        return self.count

    def resumed(self, number: int) -> None:
        """A coroutine goes on after a wait: what it waited for is done, and nothing after it."""
        if self.armed:
            self._pass(number, "resumed")

    def _pass(self, number: int, mode: Mode) -> None:
        if self.at and (number, mode) == (self.at, self.mode):
            self.last_words()
            os.kill(os.getpid(), signal.SIGKILL)


class Watched(Coroutine[Any, Any, Any]):
    """A coroutine that tells a point when it waits and goes on."""

    def __init__(self, inner: Coroutine[Any, Any, Any], point: Point) -> None:
        self._inner, self._point = inner, point
        self._wait: int | None = None

    def __await__(self) -> Generator[Any, Any, Any]:
        return self  # it has what `yield from` needs: __next__, send, throw and close

    def __iter__(self) -> "Watched":
        return self

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        """Go on, until it waits again."""
        return self._step(lambda: self._inner.send(value))

    def throw(self, *error: Any) -> Any:
        """Go on with an error."""
        return self._step(lambda: self._inner.throw(*error))

    def close(self) -> None:
        """End it."""
        self._inner.close()

    def _step(self, step: Callable[[], Any]) -> Any:
        if self._wait is not None:
            self._point.resumed(self._wait)
        self._wait = None
        asked = step()  # raises StopIteration at the end
        self._wait = self._point.suspended()
        return asked


def watching(point: Point) -> Callable[..., "asyncio.Task[Any]"]:
    """Return a task factory: tasks of a delivery and all of our own code's are watched, those of libraries are not."""

    def factory(
        loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], context: Context | None = None, **options: Any
    ) -> "asyncio.Task[Any]":
        code = getattr(coroutine, "cr_code", None)
        ours = code is not None and code.co_filename.startswith(PACKAGE)
        inner = Watched(coroutine, point) if ours or DELIVERING.get() else coroutine
        return asyncio.Task(inner, loop=loop, context=context, **options)

    return factory
