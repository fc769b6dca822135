"""Which reader reads which text."""

from collections.abc import Callable, Sequence
from typing import Final

from faultmaven_events.consumers.process.metrics.answers import is_json, read_json
from faultmaven_events.consumers.process.metrics.exposition import is_influx, is_prometheus, read_influx, read_prometheus
from faultmaven_events.consumers.process.metrics.grid import read_grid
from faultmaven_events.consumers.process.metrics.sample import Recording
from faultmaven_events.consumers.process.metrics.samplers import is_sampler, read_samplers
from faultmaven_events.consumers.process.metrics.sar import is_sar, read_sar
from faultmaven_events.consumers.process.metrics.wire import is_wire, read_wire

READERS: Final[tuple[tuple[Callable[[Sequence[str]], bool], Callable[[Sequence[str]], Recording]], ...]] = (
    (is_json, read_json),
    (is_prometheus, read_prometheus),
    (is_influx, read_influx),
    (is_sampler, read_samplers),
    (is_sar, read_sar),
    (is_wire, read_wire),
)
"""Who knows a format by its lines; what nobody knows is read as a table."""


def read(lines: Sequence[str]) -> Recording:
    """Return what the lines of a metrics file hold."""
    return next((reader for knows, reader in READERS if knows(lines)), read_grid)(lines)
