"""Where one piece of evidence denies what another says: `contradiction` facts that cite both places."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import Final

from faultmaven_events.consumers.process.across import listeners, pools, running, wiring
from faultmaven_events.schemas.insight import Fact, Insights

MOST_EACH: Final = 10
_CHECKS: Final[tuple[Callable[[Sequence[Insights]], Iterator[Fact]], ...]] = (
    listeners.nobody_listens,
    listeners.mistyped_ports,
    wiring.published_ports,
    wiring.target_ports,
    pools.pools_over_limit,
    running.other_values,
    running.other_replicas,
    wiring.unset_variables,
    wiring.two_values,
    pools.caller_gives_up_first,
)
"""The surest and gravest first."""


def contradictions(files: Sequence[Insights]) -> Iterator[Fact]:
    """Yield what configurations and observations say against each other; nothing where a side is missing or more than one is meant."""
    yield from chain.from_iterable(islice(check(files), MOST_EACH) for check in _CHECKS)
