"""What a case is, and the table of all of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faults.trial import Trial

Run = Callable[["Trial"], Awaitable[None]]


class NotRunError(Exception):
    """This machine does not let the case do what it has to do; says why."""


@dataclass(frozen=True, slots=True)
class Case:
    """One way to break the system. `run` hands work in, breaks something and mends it; what then must be true is the same for all."""

    name: str
    sentence: str
    run: Run
    long_only: bool = False


TABLE: dict[str, Case] = {}


def case(name: str, *, long_only: bool = False) -> Callable[[Run], Run]:
    """Put a function into the table; the first line of its docstring is the case's sentence."""

    def put(run: Run) -> Run:
        TABLE[name] = Case(name, (run.__doc__ or "").strip().splitlines()[0].rstrip("."), run, long_only)
        return run

    return put
