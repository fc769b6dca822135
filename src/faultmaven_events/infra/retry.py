"""What becomes of a failed message: a pure decision from the error's type and the number of attempts."""

from collections.abc import Sequence
from dataclasses import dataclass

from faultmaven_events.errors import FaultmavenError, PermanentError, Throttled, Unavailable


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again after this delay, one of the stage's rungs, in seconds."""

    after: float


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Give up. `code` and `message` are safe to show."""

    code: str
    message: str


def decide(error: BaseException, attempt: int, rungs: Sequence[float], chance: float) -> Retry | DeadLetter:
    """Decide about attempt number `attempt` (from 1) that ended in `error`.

    `chance` in [0, 1) spreads retries: each message takes its own rung or, by a quarter's chance, the next longer one, so that a herd that
    failed together does not come back together. An error that is not ours is taken for a defect or a passing fault, hence retried. A
    server that is away is waited for: such attempts do not count.
    """
    if isinstance(error, PermanentError):
        return DeadLetter(error.code, str(error))
    if isinstance(error, Unavailable):
        return Retry(rungs[min(1, len(rungs) - 1)])
    if attempt > len(rungs):
        code = error.code if isinstance(error, FaultmavenError) else "internal_error"
        return DeadLetter(code, f"gave up after {attempt} attempts: {describe(error)}")
    rung = attempt - 1
    if chance < 0.25 and rung + 1 < len(rungs):
        rung += 1
    if isinstance(error, Throttled):
        rung = next((i for i, delay in enumerate(rungs) if i >= rung and delay >= error.after), len(rungs) - 1)
    return Retry(rungs[rung])


def describe(error: BaseException) -> str:
    """Return what may be said of an error: our own message, and of a foreign one only its class, since its text may quote content."""
    return str(error) if isinstance(error, FaultmavenError) else f"unexpected {type(error).__name__}"
