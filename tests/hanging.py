"""A guard against input that makes a function hang: it ends the test, and says nothing about speed."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

FOR_EVER = 120
"""Seconds after which what takes milliseconds when it is right counts as hanging."""


@contextmanager
def must_end() -> Iterator[None]:
    def give_up(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(FOR_EVER)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
