"""Every metric of the consumers, in one commented registry; docs and dashboards derive from it."""

from functools import cache
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_SECONDS: Final = (0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300)

HANDLED: Final = Counter("fm_stage_events_total", "Events that a stage is done with, by outcome: done, retried, dead", ["stage", "outcome"])
RAN: Final = Histogram("fm_stage_run_seconds", "Time a stage took for one event", ["stage"], buckets=_SECONDS)
WAITED: Final = Histogram("fm_stage_wait_seconds", "Time between an event's publication and a stage's start", ["stage"], buckets=_SECONDS)
IN_FLIGHT: Final = Gauge("fm_stage_in_flight", "Events that a stage is working on now", ["stage"])
ERRORS: Final = Counter("fm_stage_errors_total", "Errors by their code", ["stage", "code"])
LETTERS: Final = Gauge("fm_dead_letters", "Dead letters about which nobody has decided, as the bury process counts them", ["stage"])
GAPS: Final = Gauge("fm_ledger_gaps", "Open gaps of the ledger: what was accepted and is missing; in the record process that reconciles")

LLM_CALLS: Final = Counter(
    "fm_llm_calls_total", "Calls of language models, by outcome: answered, timeout, rate_limit ...", ["provider", "outcome"]
)
LLM_RAN: Final = Histogram("fm_llm_call_seconds", "Time that a call of a language model took", ["provider"], buckets=_SECONDS)
BREAKER_OPEN: Final = Gauge("fm_llm_breaker_open", "1 while a provider is not asked, as all reason processes see it", ["provider"])


@cache
def handled(stage: str, outcome: str) -> Counter:
    """Return the counter of one stage's outcome: looked up once, not for every message."""
    return HANDLED.labels(stage, outcome)


@cache
def ran(stage: str) -> Histogram:
    """Return the histogram of one stage's run time."""
    return RAN.labels(stage)


@cache
def waited(stage: str) -> Histogram:
    """Return the histogram of one stage's waiting time."""
    return WAITED.labels(stage)
