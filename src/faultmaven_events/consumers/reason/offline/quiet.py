"""Logs of applications that were busy and end long before the evidence does: their writer hangs, waits or is gone."""

from collections.abc import Callable, Iterable
from typing import Final

from faultmaven_events.consumers.reason.offline.match import Sighting
from faultmaven_events.consumers.reason.offline.page import Page

SIGNAL: Final = "went_quiet"
_LINES: Final = 20
"""Least lines of a log that counts as busy."""
_QUIET_S: Final = 20.0
_TIMES: Final = 10.0
"""How many usual pauses long the silence is at least."""


def quiet(pages: Iterable[Page], writers: Callable[[str], str | None], end: float | None) -> dict[str, list[Sighting]]:
    """Return a sighting of `went_quiet` for each such log, dated at its last line."""
    found = [s for page in pages if end is not None and (s := _ended(page, writers(page.file), end)) is not None]
    return {SIGNAL: found} if found else {}


def _ended(page: Page, writer: str | None, end: float) -> Sighting | None:
    count = len(page.lines) - (not page.lines[-1])
    first, last = page.at(1), page.at(max(1, count))
    if writer is None or page.insights.classification.type != "log" or count < _LINES or first is None or last is None:
        return None
    usual = max((last - first).total_seconds(), 1.0) / count
    if end - last.timestamp() < max(_QUIET_S, _TIMES * usual):
        return None
    return Sighting(
        signal=SIGNAL,
        file=page.file,
        writer=writer,
        values={},
        lines=(count,),
        times=(last.timestamp(),),
        quote=page.lines[count - 1],
        citation=page.cite(count),
        last=page.cite(count),
        count=1,
    )
