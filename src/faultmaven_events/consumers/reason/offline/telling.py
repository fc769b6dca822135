"""The most telling bad lines, for when no mechanism explains them: new, about what the question names, and saying what failed."""

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import replace
from typing import Final

from faultmaven_events.consumers.reason.offline.asked import about
from faultmaven_events.consumers.reason.offline.match import Sighting
from faultmaven_events.consumers.reason.offline.page import Page
from faultmaven_events.consumers.reason.offline.resources import SIGNAL
from faultmaven_events.consumers.reason.offline.ruleset import words

_MOST: Final = 8


def telling(
    pages: Iterable[Page],
    writers: Callable[[str], str | None],
    names: Sequence[str],
    novelty: Callable[[Sighting], float],
    told: Container[str] = (),
) -> list[Sighting]:
    """Return the few most telling bad lines, one per shape, best first. Files in `told` speak through their facts already."""
    scored: list[tuple[float, str, int, Sighting]] = []
    for page in pages:
        if page.insights.classification.type in {"metrics", "config", "document", "source"} or page.file in told:
            continue
        for numbers in page.shapes.values():
            line = page.lines[numbers[0] - 1]
            found = words("telling").findall(line)
            if not found or words("empty").search(line) or len(line) > 4000:
                continue
            sighting = _sighting(page, numbers, writers(page.file))
            score = (
                min(len(set(map(str.lower, found))), 3)
                + 2.0 * novelty(sighting)
                + (1.5 if about(names, line, f"{page.file} {sighting.writer}") else 0.0)
            )
            scored.append((-score, page.file, numbers[0], sighting))
    best = sorted(scored, key=lambda item: item[:3])
    alike: dict[str, Sighting] = {}
    for *_, sighting in best:
        alike.setdefault(sighting.quote.strip(), sighting)
    return [replace(s, values={"rank": str(n)}) for n, s in enumerate(list(alike.values())[:_MOST])]


def _sighting(page: Page, numbers: list[int], writer: str | None) -> Sighting:
    at = page.at(numbers[0])
    times = (at.timestamp(),) * 1 if at else ()
    return Sighting(
        signal=SIGNAL,
        file=page.file,
        writer=writer,
        values={},
        lines=tuple(numbers),
        times=times,
        quote=page.lines[numbers[0] - 1],
        citation=page.cite(numbers[0]),
        last=page.cite(numbers[-1]),
        timed=bool(times),
        count=len(numbers),
    )
