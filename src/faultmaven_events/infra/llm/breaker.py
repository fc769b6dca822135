"""The breaker of a provider: values in, values out.

closed → open (failures in a row, or their share of the recent calls; at once for a wrong key or a rate limit) → half_open (it is
being probed) → closed after some successes, or open again for twice as long. The clock is passed in: seconds since the epoch, because
the state is shared between machines.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from faultmaven_events.schemas.usage import BreakerState, FailureKind

Effect = Literal["none", "counts", "opens"]
"""What a failure says of its provider: nothing (the request was at fault), something, or that asking again has no sense."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is too much."""

    row: float = 3.0
    """Weight of failures one after the other."""
    window_s: float = 120.0
    few: int = 8
    """Calls within the window from which their share counts."""
    share: float = 0.5
    probe_s: float = 30.0
    """Seconds until the first probe; doubled after each probe that fails."""
    longest_s: float = 480.0
    longest_wait_s: float = 3600.0
    """The longest Retry-After that is taken at its word."""
    successes: int = 2
    """Probes that must go well, one after the other, before it closes."""


WEIGHT: Final[dict[FailureKind, float]] = {"timeout": 1.5, "rate_limit": 1.0, "service_error": 1.0, "bad_output": 1.0}
"""A call that ran into its time limit let a person wait: two of them are enough."""
REMEMBERED: Final = 64
"""Calls that a state remembers."""
MOST: Final = 16
"""Openings that are counted: the pause doubles with each, and must not overflow for a provider that is dead for months."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one call ended. `kind` None: well."""

    began: float
    ended: float
    kind: FailureKind | None = None
    effect: Effect = "counts"
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Breaker:
    """The state of one provider's breaker."""

    state: BreakerState = "closed"
    since: float = 0.0
    """When it came into this state."""
    touched: float = 0.0
    """When anything about it was noted last: of two copies the later one counts."""
    probe_at: float = 0.0
    times: int = 0
    """How often it opened without having been closed in between."""
    well: int = 0
    """Probes that went well since it opened."""
    reason: str = ""
    recent: tuple[tuple[float, FailureKind | Literal[""]], ...] = field(default=())
    """When recent calls ended, and what was wrong with them; only while it is closed."""


def note(breaker: Breaker, outcome: Outcome, limits: Limits) -> Breaker:
    """Return the breaker after a call. A call that began before the last change says nothing of how things are now."""
    if (outcome.kind is not None and outcome.effect == "none") or outcome.began < breaker.since:
        return breaker
    if breaker.state != "closed":
        return _probed(breaker, outcome, limits)
    seen = (*breaker.recent, (outcome.ended, outcome.kind or ""))
    seen = tuple(each for each in seen if each[0] > outcome.ended - limits.window_s)[-REMEMBERED:]
    noted = replace(breaker, recent=seen, touched=outcome.ended)
    if outcome.kind is None:
        return noted
    reason = _too_much(noted, outcome, limits)
    return noted if reason is None else _open(noted, reason, outcome, limits)


def due(breaker: Breaker, now: float) -> bool:
    """Whether it is time to probe: also when whoever probed last never said how it went."""
    return breaker.state != "closed" and now >= breaker.probe_at


def probing(breaker: Breaker, now: float, limits: Limits) -> Breaker:
    """Return the breaker while somebody probes it; unchanged when it is not, or no longer, due."""
    if not due(breaker, now):
        return breaker
    since = breaker.since if breaker.state == "half_open" else now
    return replace(breaker, state="half_open", since=since, touched=now, probe_at=now + limits.probe_s)


def _probed(breaker: Breaker, outcome: Outcome, limits: Limits) -> Breaker:
    if outcome.kind is not None:
        return _open(breaker, f"the probe failed too: {outcome.kind}", outcome, limits)
    if breaker.well + 1 < limits.successes:
        return replace(breaker, well=breaker.well + 1, touched=outcome.ended)
    return Breaker(since=outcome.ended, touched=outcome.ended, reason=f"{breaker.well + 1} probes went well")


def _too_much(breaker: Breaker, outcome: Outcome, limits: Limits) -> str | None:
    failures = Counter(kind for _, kind in breaker.recent if kind)
    listed = ", ".join(f"{kind} {count}" for kind, count in failures.most_common())
    if outcome.kind == "rate_limit":
        return "rate limit"
    if outcome.effect == "opens":
        return "it refuses the key or the model"
    if _row(breaker) >= limits.row:
        return f"failures one after the other: {listed}"
    calls, failed = len(breaker.recent), failures.total()
    if calls >= limits.few and failed >= limits.share * calls:
        return f"{failed} of {calls} calls failed within {limits.window_s:g} s: {listed}"
    return None


def _row(breaker: Breaker) -> float:
    weight = 0.0
    for _, kind in reversed(breaker.recent):
        if not kind:
            break
        weight += WEIGHT[kind]
    return weight


def _open(breaker: Breaker, reason: str, outcome: Outcome, limits: Limits) -> Breaker:
    pause = min(limits.probe_s * 2.0**breaker.times, limits.longest_s)
    if outcome.kind == "rate_limit" and outcome.retry_after is not None:
        pause = min(max(outcome.retry_after, 1.0), limits.longest_wait_s)
    now = outcome.ended
    return Breaker(state="open", since=now, touched=now, probe_at=now + pause, times=min(breaker.times + 1, MOST), reason=reason)
