"""What one run is asked to do, and what it used up: time, and the CPU time of its own process."""

import json
import resource
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import count
from typing import Self


@dataclass(frozen=True, slots=True)
class Task:
    """One run: `messages` of `size` bytes through both stages, at most `prefetch` in flight at each."""

    url: str
    messages: int
    prefetch: int
    size: int

    @property
    def payload(self) -> str:
        """What a message carries, where it is text."""
        return "x" * self.size

    def text(self) -> str:
        """For another process."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str) -> Self:
        """What `text` wrote."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Figures:
    """One run's result."""

    seconds: float
    cpu: float
    """Seconds of CPU, user and system, of the client's process with all its threads; the broker's are not in it."""
    messages: int

    @property
    def rate(self) -> float:
        """Messages through the whole chain per second."""
        return self.messages / self.seconds

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU per message through the whole chain."""
        return self.cpu / self.messages * 1e6


class Meter:
    """Measures from the first message at the first stage to the last one that the second stage published."""

    def __init__(self, messages: int) -> None:
        self._messages = messages
        self._began: tuple[float, float] | None = None
        self._numbers = count(1)  # its `next` is one step for all threads
        self._done: Callable[[], None] | None = None
        self.finished = threading.Event()
        self.figures: Figures | None = None

    def on_done(self, call: Callable[[], None]) -> None:
        """Call this when the last message is through, in the thread that saw it."""
        self._done = call

    def begin(self) -> None:
        """The first stage has a message."""
        if self._began is None:
            self._began = _spent()

    def end(self) -> None:
        """The second stage's publication of one message is confirmed."""
        if next(self._numbers) != self._messages:
            return
        assert self._began is not None
        clock, cpu = _spent()
        self.figures = Figures(clock - self._began[0], cpu - self._began[1], self._messages)
        self.finished.set()
        if self._done is not None:
            self._done()


def _spent() -> tuple[float, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), used.ru_utime + used.ru_stime
