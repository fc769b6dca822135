"""What only several pieces of evidence together say: each finder looks at the insights of all files of a question."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

from faultmaven_events.consumers.process.across.contradictions import contradictions
from faultmaven_events.consumers.process.across.correlation import request_paths
from faultmaven_events.consumers.process.across.running import limits_reached
from faultmaven_events.consumers.process.across.series import series_that_lead
from faultmaven_events.consumers.process.across.skew import clock_skews
from faultmaven_events.consumers.process.across.versions import changed_settings
from faultmaven_events.schemas.insight import Fact, Insights

Finder = Callable[[Sequence[Insights]], Iterator[Fact]]
"""Yields facts, weightiest first, that cite every file that they speak of (at least one line); ids are given afterwards."""

FINDERS: Final[tuple[Finder, ...]] = (contradictions, changed_settings, limits_reached, series_that_lead, request_paths, clock_skews)
MOST: Final = 40
"""Facts of one finder at most."""


def across(files: Sequence[Insights]) -> tuple[Fact, ...]:
    """Return the facts of all finders, numbered; the order of the files does not matter."""
    ordered = sorted(files, key=lambda one: (one.file, str(one.evidence_id)))
    numbers: Counter[str] = Counter()
    found: list[Fact] = []
    for finder in FINDERS:
        for fact in islice(finder(ordered), MOST):
            numbers[fact.kind] += 1
            found.append(fact.model_copy(update={"id": f"{fact.kind}-x{numbers[fact.kind]}"}))
    return tuple(found)
