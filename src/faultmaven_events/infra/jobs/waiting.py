"""Why a job is not done: pure. Facts in, one answer out; the first rule of `RULES` that fits gives it.

Starved and stalled are different answers: starved is a matter of order and passes, stalled needs a person.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal

from faultmaven_events.errors import Unavailable
from faultmaven_events.infra.jobs.facts import AHEAD, FRESH, Awaited, Facts
from faultmaven_events.schemas.job import Waiting

STALLED: Final = 60.0
"""Seconds without anything finished, while nothing is in hand and a job waits, that mean that nobody works on the queue."""
ANNOUNCED: Final = 3
"""Failed attempts of one stage that a job hears of; what fails more often is tried again without a word."""

Condition = Literal["unpublished", "queued", "running", "gathering", "delayed", "starved", "stalled", "paused"]
Answer = tuple[Condition, str]


def explain(facts: Facts) -> Waiting:
    """Return why a job is not done."""
    condition, sentence = next(answer for rule in RULES if (answer := rule(facts)) is not None)
    place, known = facts.place, facts.beats is not None
    eta = _eta(facts, condition)
    counted = condition in {"queued", "running", "starved", "stalled", "paused"}
    return Waiting(
        condition=condition,
        stage=facts.stage,
        queue=facts.definition.queue(facts.lane),
        position=place.ahead + 1 if counted else None,
        waited_s=round(facts.waited, 1),
        oldest_ahead_s=_age(facts, place.oldest) if counted else None,
        consumers=len(facts.alive) if known else None,
        last_error=place.error,
        next_retry_at=place.retry_at if condition == "delayed" and place.retry_at and place.retry_at > facts.now else None,
        eta_s=round(eta[0], 1) if eta else None,
        eta_basis=eta[1] if eta else None,
        explanation=sentence,
    )


def _unpublished(facts: Facts) -> Answer | None:
    if not facts.place.unpublished:
        return None
    if facts.waited < FRESH:
        return "unpublished", "It was accepted a moment ago and is on its way to the broker."
    return "unpublished", (
        "It is accepted and stored, but the broker has not confirmed it yet: RabbitMQ is away or full. Nothing is lost; it is published "
        "as soon as the broker takes it. Look at `/health/ready`."
    )


def _unseen(facts: Facts) -> Answer | None:
    """Without record nobody writes down where jobs are."""
    if facts.beats is None or facts.beats.get("record"):
        return None
    return "stalled", (
        f"Nobody runs `record`, which writes down where jobs are: what is shown ({facts.stage}) is as old as its last word, and no job can "
        "complete. Start it: `faultmaven consume record`."
    )


def _delayed(facts: Facts) -> Answer | None:
    place, error = facts.place, facts.place.error
    if error is None:
        return None
    silent = place.retry_at is None or place.retry_at <= facts.now
    if silent and error.attempts < ANNOUNCED:
        return None  # its time is over: it is back in the queue
    away = error.code == Unavailable.code
    again = "it is tried again and again, without further word" if silent else f"the next attempt is at {_clock(place.retry_at)}"
    if away:
        return "delayed", (
            f"{facts.stage} needs a server that is away ({error.message}): {again}, until it is back; it is never given up for that. "
            "`faultmaven doctor` says which server."
        )
    return "delayed", (
        f"{facts.stage} could not finish ({error.code}: {error.message}), attempt {error.attempts}; {again}. "
        "When the last attempt fails, the job fails with a dead letter, and can be retried."
    )


def _paused(facts: Facts) -> Answer | None:
    stop = facts.stops.get(facts.stage)
    if stop is None:
        if facts.alive and all(beat.paused for beat in facts.alive):
            return "paused", f"Every consumer of {facts.stage} has paused. Their logs say why; they go on by themselves or are resumed."
        return None
    if stop.breaker:
        return "paused", (
            f"{facts.stage} paused itself at {stop.since}: {stop.reason}. It tries one message now and then and goes on once one "
            f"succeeds; when the cause is gone, `faultmaven stages resume {facts.stage}` does not wait for that."
        )
    return (
        "paused",
        f"{facts.stage} was paused by {stop.by} at {stop.since}: {stop.reason}. `faultmaven stages resume {facts.stage}` lets it go on.",
    )


def _gathering(facts: Facts) -> Answer | None:
    join = facts.join
    if join is None or not join.awaited:
        return None
    named = ", ".join(_awaited(each) for each in join.awaited[:5])
    more = f" and {len(join.awaited) - 5} more" if len(join.awaited) > 5 else ""
    return "gathering", (
        f"The question waits for {len(join.awaited)} of its {join.total} pieces of evidence: {named}{more}. At {_clock(join.until)} it "
        "goes on without what is missing by then, and the report names it."
    )


def _stalled(facts: Facts) -> Answer | None:
    if facts.beats is None:
        return None
    if not facts.alive:
        return (
            "stalled",
            f"No consumer of {facts.stage} is alive. Start one: `faultmaven consume {facts.stage}`; nothing is lost meanwhile.",
        )
    idle = min(beat.idle_s for beat in facts.alive)
    if not facts.in_hand and min(idle, facts.waited) > STALLED:
        return "stalled", (
            f"{_count(len(facts.alive), 'consumer', 'live')} at {facts.stage}, but nothing was taken for {_span(idle)} although jobs wait. "
            "Such a consumer ends itself when it notices; if not, restart it. The queue's page in RabbitMQ's dashboard shows whether the "
            "message is still there; `faultmaven ledger` says when it is not."
        )
    if facts.in_hand and min(idle, facts.waited) > facts.limit:
        return "stalled", (
            f"{facts.stage} has had {_count(facts.in_hand, 'message')} in hand for {_span(idle)}, over its limit of "
            f"{_span(facts.definition.deadline)}: it hangs. Restart it; its messages come again."
        )
    return None


def _overtaken(facts: Facts) -> Answer | None:
    """It was taken before those who came later, and no message is in hand for so long."""
    if not facts.place.overtaken:
        return None
    crowd = facts.definition.crowd
    place = f"It lies in `{facts.definition.queue(crowd)}`, where a tenant's work waits that crowds others, or it" if crowd else "It"
    return "starved", (
        f"Jobs that came to {facts.stage} after it were done long ago; it has waited {_span(facts.waited)}. {place} ends its consumer "
        "again and again, which ends in a dead letter. `faultmaven ledger` says when its message is lost."
    )


def _running(facts: Facts) -> Answer | None:
    if not facts.alive or facts.place.ahead >= facts.in_hand:
        return None
    return "running", f"{facts.stage} works on it: it is among the first {_count(facts.in_hand, 'job')}, which its consumers have in hand."


def _starved(facts: Facts) -> Answer | None:
    place = facts.place
    if not place.ahead or facts.waited <= facts.usual:
        return None
    crowd = facts.definition.crowd
    if crowd is not None and place.own >= max(1, facts.lane.prefetch // 2):
        return "starved", (
            f"{_ahead(place.own)} of its own tenant came first to {facts.stage}. From half a lane on, a tenant's work is moved to "
            f"`{facts.definition.queue(crowd)}`, which is worked off with what others leave; it has waited {_span(facts.waited)}. "
            f"It comes to an end by itself; more consumers of {facts.stage} make it faster."
        )
    return "starved", (
        f"{_ahead(place.ahead)} came first to {facts.stage}, which is working; it has waited {_span(facts.waited)}, more than usual. "
        f"It comes to an end by itself; more consumers of {facts.stage} make it faster."
    )


def _queued(facts: Facts) -> Answer:
    what = (
        f"{_ahead(facts.place.ahead, 'stand')} before it in {facts.stage}" if facts.place.ahead else f"It is the next one in {facts.stage}"
    )
    if facts.beats is None:
        return "queued", f"{what}. Whether consumers live is not known: Redis, which they tell it, does not answer or is not set."
    return "queued", f"{what}, where {_count(len(facts.alive), 'consumer', 'work')}."


RULES: Final[tuple[Callable[[Facts], Answer | None], ...]] = (
    _unpublished,
    _unseen,
    _delayed,
    _paused,
    _gathering,
    _stalled,
    _overtaken,
    _running,
    _starved,
    _queued,
)
"""From what explains most to what explains least."""


def _eta(facts: Facts, condition: Condition) -> tuple[float, str] | None:
    """Return seconds until the job is done and what they rest on; None where nobody can know."""
    if condition not in {"queued", "running", "starved", "delayed"} or facts.place.overtaken or facts.place.ahead >= AHEAD:
        return None
    if condition == "delayed" and (facts.place.error is None or facts.place.error.code == Unavailable.code or facts.place.retry_at is None):
        return None
    until = max(0.0, (facts.place.retry_at - facts.now).total_seconds()) if condition == "delayed" and facts.place.retry_at else None
    return facts.pace.eta(
        facts.job.kind,
        facts.stage,
        ahead=max(0, facts.place.ahead - facts.in_hand),
        waited_s=facts.waited,
        hands=facts.in_hand or len(facts.alive),
        until_s=until,
    )


def _age(facts: Facts, oldest: datetime | None) -> float | None:
    return round((facts.now - oldest).total_seconds(), 1) if oldest else None


def _awaited(each: Awaited) -> str:
    if each.status is None:
        return f"{each.label} (no such job)"
    return f"{each.label} ({each.status}{' in ' + each.stage if each.stage else ''})"


def _ahead(count: int, verb: str = "") -> str:
    return f"{'At least ' if count >= AHEAD else ''}{_count(count, 'job', verb)}"


def _count(count: int, noun: str, verb: str = "") -> str:
    """Return a number with its noun and verb: `1 job waits`, `2 jobs wait`."""
    one = count == 1
    return f"{count:,} {noun}{'' if one else 's'}" + (f" {verb}{'s' if one else ''}" if verb else "")


def _clock(at: datetime | None) -> str:
    return f"{at:%H:%M:%SZ}" if at else "an unknown time"


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
