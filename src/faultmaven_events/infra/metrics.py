"""Every metric of the consumers, in one commented registry; docs and dashboards derive from it."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_SECONDS: Final = (0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300)

HANDLED: Final = Counter("fm_stage_events_total", "Events that a stage is done with, by outcome: done, retried, dead", ["stage", "outcome"])
RAN: Final = Histogram("fm_stage_run_seconds", "Time a stage took for one event", ["stage"], buckets=_SECONDS)
WAITED: Final = Histogram("fm_stage_wait_seconds", "Time between an event's publication and a stage's start", ["stage"], buckets=_SECONDS)
IN_FLIGHT: Final = Gauge("fm_stage_in_flight", "Events that a stage is working on now", ["stage"])
ERRORS: Final = Counter("fm_stage_errors_total", "Errors by their code", ["stage", "code"])
