"""Series that stop, and counters that start anew."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from faultmaven_events.consumers.process.metrics.sample import Samples, moment
from faultmaven_events.consumers.process.note import Note, figure
from faultmaven_events.schemas.insight import Scalar

FEWEST: Final = 5
MISSED: Final = 10
"""Samples that a series must owe at the end of the record to have stopped."""
MOST_TOLD: Final = 5


def stops_worth_knowing(series: Sequence[Samples]) -> Iterator[Note]:
    """Series that end while others of the same file go on; those of one component that end together are one note."""
    timed = [one for one in series if one.timed and len(one) >= FEWEST and one.step > 0]
    if len(timed) < 2:
        return
    end = max(float(one.seconds[-1]) for one in timed)
    groups: dict[tuple[str | None, int], list[Samples]] = defaultdict(list)
    for one in timed:
        stop = float(one.seconds[-1])
        if end - stop >= MISSED * one.step and end - stop >= 0.05 * (end - float(one.seconds[0])):
            groups[one.component, round(stop / max(one.step, 1.0) / 2)].append(one)
    for (component, _), ended in sorted(groups.items(), key=lambda pair: -len(pair[1]))[:MOST_TOLD]:
        last = max(ended, key=lambda one: float(one.seconds[-1]))
        at, line = last.at(-1), int(last.lines[-1])
        more = f" and {len(ended) - 1} more series" if len(ended) > 1 else ""
        whose = f" of {component}" if component else ""
        missing = figure(end - float(last.seconds[-1]))
        text = f"{last.name}{more}{whose} stopped at {at:%H:%M:%S} UTC; others of this file go on for {missing} s."
        attributes: dict[str, Scalar] = {"template": last.name, "last_at": at.isoformat(), "series": last.name, "count": len(ended)}
        yield Note("silence", text, line, weight=2.6, component=component, at=at, count=len(ended), attributes=attributes)


def restarts_worth_knowing(counters: Sequence[Samples]) -> Iterator[Note]:
    """Counters that fall back to nearly nothing: whoever counts was started anew. Those of one component at one time are one note."""
    groups: dict[tuple[str | None, int], list[tuple[Samples, int]]] = defaultdict(list)
    for one in counters:
        if not one.timed or one.step <= 0:
            continue
        for place in (np.flatnonzero(np.diff(one.values) < 0) + 1).tolist():
            groups[one.component, round(float(one.seconds[place]) / max(2 * one.step, 1.0))].append((one, place))
    for (component, _), found in sorted(groups.items(), key=lambda pair: -len(pair[1]))[:MOST_TOLD]:
        one, place = found[0]
        at = one.at(place)
        who = component or "what is measured"
        more = f" and {len(found) - 1} more counters" if len(found) > 1 else ""
        before, after = figure(float(one.values[place - 1])), figure(float(one.values[place]))
        text = f"{one.name}{more} fell from {before} to {after} at {at:%H:%M:%S} UTC: {who} was started anew."
        attributes: dict[str, Scalar] = {"process": component, "signal": None, "exit_code": None, "series": one.name}
        start, end = sorted((int(one.lines[place - 1]), int(one.lines[place])))
        yield Note("restart", text, start, end, weight=2.2, component=component, at=at, count=len(found), attributes=attributes)


def exhaustion(series: Samples, limit: float) -> float | None:
    """Seconds from the last sample until a growing series reaches its limit, by the slope of its second half; None where it does not."""
    half = len(series) // 2
    seconds, values = series.seconds[half:], series.values[half:]
    if not series.timed or len(values) < FEWEST or float(np.ptp(seconds)) == 0:
        return None
    slope = float(np.polyfit(seconds - seconds[0], values, 1)[0])
    left = limit - float(np.median(values[-3:]))
    return left / slope if slope > 0 and left > 0 else None


def soon(seconds: float) -> str:
    """A duration as people say it."""
    for size, unit in ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes")):
        if seconds >= 2 * size:
            return f"{figure(seconds / size)} {unit}"
    return f"{figure(seconds)} s"


def told_end(seconds: float, last: float) -> str:
    """When that is."""
    return f"{moment(last + seconds):%Y-%m-%d %H:%M} UTC"
