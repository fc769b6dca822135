"""The breaker of a stage: when its messages die for a reason that is ours, it pauses instead of making dead letters of everything.

closed → open (`note` says why) → one message is let through (`may_probe`) → closed again, or open for twice as long. Pure: the clock is
passed in, in seconds that only grow. What counts is data: `BLAME` says whose fault an error is, `Limits` how many are too many.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal, NamedTuple


class Blame(Enum):
    """Whose fault it is that a message died."""

    OURS = "a defect, a bad deployment, or a store that lost something: it meets everybody"
    SENDER = "what somebody sent: it must not stop the pipeline for everybody else"
    PUBLISHER = "ours when our own code published the message, the sender's when somebody else did"


BLAME: Final = {
    "internal_error": Blame.OURS,
    "permanent_error": Blame.OURS,
    "missing_content": Blame.OURS,
    "temporarily_unavailable": Blame.OURS,
    "throttled": Blame.OURS,
    "crashed": Blame.OURS,
    "invalid_event": Blame.PUBLISHER,
    "unreadable_content": Blame.SENDER,
    "content_too_large": Blame.SENDER,
    "deadline_exceeded": Blame.SENDER,
    "unknown_reference": Blame.SENDER,
    "budget_spent": Blame.SENDER,
}
"""By the code of the error; a code that is not here is ours. `unavailable` is never the end of a message, so it is in no dead letter."""

WAITS: Final = frozenset({"unavailable", "throttled"})
"""Codes of a message that tries again because of somebody else: a probe that ends so has shown nothing."""

State = Literal["closed", "open", "probing"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is too much."""

    row: int = 20
    """Messages that died one after the other."""
    window: int = 1000
    few: int = 11
    """Deaths among the last `window` messages: more than 1 % of them."""
    recent: float = 600.0
    """Seconds for which another tenant's success speaks against a fault of ours."""
    pause: float = 30.0
    """Seconds until the first probe; doubled after each probe that fails."""
    longest: float = 600.0


class Transition(NamedTuple):
    """A change of state, to be told to people."""

    state: State
    reason: str
    after: float = 0.0
    """Seconds until the next probe."""


class Verdict(NamedTuple):
    """One message that ended, and did not end neutrally."""

    tenant: str
    code: str
    """Empty: it went well."""
    at: float


@dataclass(slots=True)
class Breaker:
    """The breaker of one stage in one process."""

    limits: Limits = field(default_factory=Limits)
    scale: float = 1.0
    """Multiplies the pauses."""
    state: State = field(init=False, default="closed")
    reason: str = field(init=False, default="")
    """Why it is not closed."""
    _seen: deque[Verdict] = field(init=False)
    _probe_at: float = field(init=False, default=0.0)
    _opened: int = field(init=False, default=0)
    """How often it opened without having been closed for a whole window."""

    def __post_init__(self) -> None:
        self._seen = deque(maxlen=self.limits.window)

    def note(self, outcome: str, code: str | None, *, ours: bool, now: float, tenant: str = "") -> Transition | None:
        """Note how a message ended; return the change that follows from it.

        Args:
            outcome: `done`, `dead` or `retried`; others say nothing.
            code: of the error.
            ours: whether our own code published the message.
            now: seconds of a clock that only grows.
            tenant: whose message it was.
        """
        if self.state == "probing":
            return self._probed(outcome, code, ours=ours, now=now)
        if self.state == "open" or (outcome == "dead" and not _counts(code, ours=ours)) or outcome not in {"done", "dead"}:
            return None
        self._seen.append(Verdict(tenant, (code or "internal_error") if outcome == "dead" else "", now))
        if len(self._seen) == self.limits.window:
            self._opened = 0
        reason = self._too_much(now) if outcome == "dead" else None
        return self._open(reason, now) if reason else None

    def may_probe(self, now: float) -> bool:
        """Whether one message is to be let through now. True is said once: `note` or `nothing` must follow."""
        if self.state == "open" and now >= self._probe_at:
            self.state = "probing"
            return True
        return False

    def nothing(self) -> None:
        """Say that there was no message to probe with: the next one will do."""
        if self.state == "probing":
            self.state = "open"

    def reset(self) -> Transition | None:
        """Close it, because a person says so."""
        if self.state == "closed":
            return None
        self._opened = 0
        return self._close("by order")

    def _too_much(self, now: float) -> str | None:
        deaths = Counter(verdict.code for verdict in self._seen if verdict.code)
        last = list(self._seen)[-self.limits.row :]
        if len(last) == self.limits.row and all(verdict.code for verdict in last):
            reason = f"the last {self.limits.row} messages died"
        elif deaths.total() >= self.limits.few:
            reason = f"{deaths.total()} of the last {len(self._seen)} messages died"
        else:
            return None
        return None if self._one_tenants_own(now) else f"{reason}: {_listed(deaths)}"

    def _one_tenants_own(self, now: float) -> bool:
        """Whether all that died is of one tenant, while others' messages went well: then it is what that tenant sends."""
        dead = {verdict.tenant for verdict in self._seen if verdict.code}
        well = (verdict for verdict in self._seen if not verdict.code and now - verdict.at <= self.limits.recent)
        return len(dead) == 1 and any(verdict.tenant not in dead for verdict in well)

    def _probed(self, outcome: str, code: str | None, *, ours: bool, now: float) -> Transition | None:
        if outcome == "done":
            return self._close("a message went through")
        failed = (outcome == "dead" and _counts(code, ours=ours)) or (outcome == "retried" and code not in WAITS)
        if failed:
            return self._open(f"{self.reason.split('; ')[0]}; the probe failed too: {code}", now)
        self.state = "open"
        if outcome in {"retried", "left"}:
            self._probe_at = now + self._pause(self._opened)
        return None

    def _open(self, reason: str, now: float) -> Transition:
        self._opened += 1
        after = self._pause(self._opened)
        self.state, self.reason, self._probe_at = "open", reason, now + after
        self._seen.clear()
        return Transition("open", reason, after)

    def _close(self, reason: str) -> Transition:
        self.state, self.reason = "closed", ""
        self._seen.clear()
        return Transition("closed", reason)

    def _pause(self, times: int) -> float:
        return min(self.limits.pause * 2.0 ** (times - 1), self.limits.longest) * self.scale


def _counts(code: str | None, *, ours: bool) -> bool:
    blame = BLAME.get(code or "", Blame.OURS)
    return blame is Blame.OURS or (blame is Blame.PUBLISHER and ours)


def _listed(deaths: Counter[str]) -> str:
    return ", ".join(f"{code} {count}" for code, count in deaths.most_common(3))
