"""What is told of series: moves, episodes, limits, and that nothing happened."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from faultmaven_events.consumers.process.metrics.ceiling import Ceiling, ceilings, known_limits
from faultmaven_events.consumers.process.metrics.episode import Episode, episodes_of
from faultmaven_events.consumers.process.metrics.lapse import exhaustion, restarts_worth_knowing, soon, stops_worth_knowing, told_end
from faultmaven_events.consumers.process.metrics.meaning import (
    importance,
    is_counter,
    rate_of,
    speaks_of_errors,
    speaks_of_latency,
    speaks_of_load,
    unit_of,
)
from faultmaven_events.consumers.process.metrics.sample import Samples, Words, moment
from faultmaven_events.consumers.process.metrics.season import seasoned
from faultmaven_events.consumers.process.metrics.shift import Shift, is_trend, shifts_of
from faultmaven_events.consumers.process.note import Note, figure
from faultmaven_events.schemas.insight import Scalar

MOST_AHEAD = 20.0
"""Lengths of the record that a forecast may look ahead."""
RESTLESS = 11
"""Words from which a column of states changes too often to tell of each."""
IMAGINED_S = 600.0
FEWEST = 5
_TOTAL = re.compile(r"^(http_)?(requests?|calls|total|responses|count)(_total|_count)?( per second)?$", re.IGNORECASE)
"""Samples below which nothing is concluded from a series."""


def series_worth_knowing(series: Sequence[Samples]) -> Iterator[Note]:
    """Notes about all series of a file; counters are judged by their growth."""
    counters = {id(one) for one in series if is_counter(one)}
    judged = [rate_of(one) if id(one) in counters else one for one in series]
    levels = [one for one in series if id(one) not in counters]
    yield from (_full(ceiling) for ceiling in ceilings(levels))
    yield from restarts_worth_knowing([one for one in series if id(one) in counters])
    yield from stops_worth_knowing(series)
    limits = known_limits(levels)
    total = next((one for one in judged if _TOTAL.match(one.name)), None)
    for one in judged:
        if len(one) >= FEWEST:
            yield from _of_one(one, total, limits.get(id(one)))


def _of_one(raw: Samples, total: Samples | None, limit: float | None) -> Iterator[Note]:
    if is_trend(raw):
        yield _trend(raw, limit)
        return
    series, season = seasoned(raw)
    shifts = shifts_of(series)
    excursion = _excursion(series, shifts)
    if excursion:
        yield excursion
    else:
        yield from (_moved(series, shift, total) for shift in shifts[:4])
    episodes = [] if shifts else episodes_of(series)
    yield from (_episode(series, _as_written(episode, raw) if season else episode) for episode in episodes)
    if not shifts and not episodes:
        yield from _steady(raw)


def _as_written(episode: Episode, raw: Samples) -> Episode:
    """The same episode with the value that the file has, not what is left of it without its usual course over the day."""
    part = raw.values[episode.start : episode.stop]
    return replace(episode, peak=float(part.max() if episode.peak > episode.usual else part.min()))


def _trend(series: Samples, limit: float | None) -> Note:
    first, last = float(np.median(series.values[:5])), float(np.median(series.values[-5:]))
    verb = "grew" if last > first else "fell"
    span = f"from {_told(first, series.name)} to {_told(last, series.name)}"
    text = f"{series.name} {verb} steadily {span} over the whole record, with no onset."
    attributes: dict[str, Scalar] = {"series": series.name, "before": first, "after": last, "trend": True}
    left = exhaustion(series, limit) if limit is not None else None
    if limit is not None and left is not None and left < MOST_AHEAD * float(series.seconds[-1] - series.seconds[0]):
        attributes |= {"limit": limit, "exhausted_in_s": round(left)}
        text += f" At this rate it reaches {_told(limit, series.name)} in {soon(left)} ({told_end(left, float(series.seconds[-1]))})."
    start, end = int(series.lines.min()), int(series.lines.max())
    return Note("change_point", text, start, end, weight=0.7 * importance(series.name), component=series.component, attributes=attributes)


def _excursion(series: Samples, shifts: Sequence[Shift]) -> Note | None:
    """Away and back again is one episode, not two moves."""
    if len(shifts) != 2 or shifts[0].warming or np.sign(shifts[0].after - shifts[0].before) == np.sign(shifts[1].after - shifts[1].before):
        return None
    away, back = shifts
    if abs(back.after - away.before) > 0.3 * abs(away.after - away.before):
        return None
    part = series.values[away.place : back.place]
    if not len(part):
        return None
    peak = float(part.max() if away.after > away.before else part.min())
    episode = Episode(away.place, back.place, peak, away.before, away.strength)
    return _episode(series, episode, weight=2.5 * importance(series.name))


def _when(series: Samples, place: int) -> tuple[datetime | None, str]:
    """The time of a sample, and the same in words; a series without times is told by its lines."""
    at = series.at(place) if series.timed else None
    return at, f"from {at:%H:%M:%S} UTC on" if at else f"from line {int(series.lines[place])} on"


def _long(seconds: float) -> str:
    """Seconds, as long as those can be imagined."""
    return f"{figure(seconds)} s" if seconds < IMAGINED_S else soon(seconds)


def _line_span(series: Samples, start: int, stop: int) -> tuple[int, int]:
    lines = series.lines[start:stop]
    return int(lines.min()), int(lines.max())


def _told(value: float, name: str) -> str:
    unit = None if name.endswith(" per second") else unit_of(name)
    return figure(value) + (f" {unit}" if unit and unit != "%" else "%" if unit else "")


def _moved(series: Samples, shift: Shift, total: Samples | None) -> Note:
    line, name = int(series.lines[shift.place]), series.name
    at, since = _when(series, shift.place)
    rising = shift.after > shift.before
    text = f"{name} {'rose' if rising else 'fell'} from {_told(shift.before, name)} to {_told(shift.after, name)} {since}"
    attributes: dict[str, Scalar] = {
        "series": name,
        "before": shift.before,
        "after": shift.after,
        "maximum": float(series.values[shift.place :].max()),
    }
    if total is not None and total is not series and rising and speaks_of_errors(name) and (shares := _shares(series, total, shift.place)):
        attributes |= {"share_before": round(shares[0], 4), "share_after": round(shares[1], 4)}
        text += f" ({100 * shares[0]:.1f} % of {total.name} before, {100 * shares[1]:.1f} % after)"
    better = not rising and (speaks_of_errors(name) or speaks_of_latency(name))
    weight = importance(name) * (1.0 + min(shift.strength, 6.0) / 3.0) * (0.5 if better else 1.0) * (0.4 if shift.warming else 1.0)
    return Note("change_point", f"{text}.", line, weight=weight, component=series.component, at=at, attributes=attributes)


def _shares(part: Samples, whole: Samples, place: int) -> tuple[float, float] | None:
    """Share of `part` in `whole` before and from a sample on, where they were sampled together and one is part of the other."""
    if len(part) != len(whole) or (part.values > whole.values).mean() > 0.02 or not np.array_equal(part.seconds, whole.seconds):
        return None
    before, after = float(whole.values[:place].sum()), float(whole.values[place:].sum())
    return (float(part.values[:place].sum()) / before, float(part.values[place:].sum()) / after) if before > 0 and after > 0 else None


def _episode(series: Samples, episode: Episode, weight: float | None = None) -> Note:
    at, since = _when(series, episode.start)
    until, _ = _when(series, episode.stop - 1)
    direction = "above" if episode.peak > episode.usual else "below"
    lasted = float(series.seconds[episode.stop - 1] - series.seconds[episode.start]) + series.step
    span = _long(lasted) if series.timed else f"{episode.stop - episode.start} samples"
    usual, peak = _told(episode.usual, series.name), _told(episode.peak, series.name)
    text = f"{series.name} was {direction} its usual {usual} for {span} {since}, at most {peak}."
    if direction == "below":
        text = text.replace("at most", "at least")
    attributes: dict[str, Scalar] = {
        "series": series.name,
        "direction": direction,
        "size": round(episode.size, 2),
        "usual": episode.usual,
        "peak": episode.peak,
        "duration_s": round(lasted, 3) if series.timed else None,
        "recovered": episode.stop < len(series),
    }
    if episode.stop >= len(series):
        text += " It had not recovered when the record ends."
    start, end = _line_span(series, episode.start, episode.stop)
    heavy = importance(series.name) * (0.5 + min(episode.size / 20.0, 1.0)) if weight is None else weight
    return Note(
        "anomaly",
        text,
        start,
        end,
        weight=heavy,
        component=series.component,
        at=at,
        until=until,
        count=episode.stop - episode.start,
        attributes=attributes,
    )


def _full(ceiling: Ceiling) -> Note:
    series = ceiling.series
    at, since = _when(series, ceiling.start)
    start, end = _line_span(series, ceiling.start, len(series))
    limit = _told(ceiling.limit, series.name)
    text = f"{series.name} sits at its limit {limit} ({ceiling.told_by}) {since}, in {ceiling.length} samples."
    own = ceiling.told_by == "its own plateau"
    attributes: dict[str, Scalar] = {"series": series.name, "limit": ceiling.limit, "told_by": ceiling.told_by, "samples": ceiling.length}
    return Note("saturation", text, start, end, weight=2.4 if own else 4.5, component=series.component, at=at, attributes=attributes)


def _steady(series: Samples) -> Iterator[Note]:
    """For what shows trouble (errors, latency) and for load: that it did not move."""
    values, name = series.values, series.name
    if not (speaks_of_errors(name) or speaks_of_latency(name) or speaks_of_load(name)) or len(series) < 20:
        return
    seconds = float(series.seconds[-1] - series.seconds[0])
    low, high, middle = float(values.min()), float(values.max()), float(np.median(values))
    span = f"over {_long(seconds)} ({len(series):,} samples)" if series.timed else f"over {len(series):,} samples"
    text = (
        f"{name} stayed at {_told(low, name)} {span}."
        if low == high
        else f"{name} stayed within {figure(low)}..{_told(high, name)} (median {figure(middle)}) {span}."
    )
    attributes: dict[str, Scalar] = {"series": name, "minimum": low, "maximum": high, "median": middle}
    start, end = int(series.lines.min()), int(series.lines.max())
    weight = 0.9 if speaks_of_errors(name) or speaks_of_latency(name) else 0.6
    yield Note(
        "steady",
        text,
        start,
        end,
        weight=weight,
        component=series.component,
        at=_when(series, 0)[0],
        until=_when(series, -1)[0],
        count=len(series),
        attributes=attributes,
    )


def words_worth_knowing(words: Sequence[Words]) -> Iterator[Note]:
    """States that changed: `rdb_last_bgsave_status` went from ok to err."""
    for column in words:
        if len(column.changes) > RESTLESS:
            continue
        for (_, before, _), (seconds, after, line) in list(zip(column.changes, column.changes[1:], strict=False))[:5]:
            at = moment(seconds)
            text = f"{column.name} changed from {before} to {after} at {at:%H:%M:%S} UTC."
            yield Note("change_point", text, line, weight=2.2, at=at, attributes={"series": column.name, "before": before, "after": after})


def gaps_worth_knowing(series: Sequence[Samples]) -> Iterator[Note]:
    """The longest hole in the file's samples, when it is ten steps or more."""
    longest = max((one for one in series if len(one) >= FEWEST and one.timed), key=len, default=None)
    if longest is None or longest.step <= 0:
        return
    holes = np.diff(longest.seconds)
    place = int(np.argmax(holes))
    if holes[place] >= 10 * longest.step:
        at, until = longest.at(place), longest.at(place + 1)
        hole = _long(float(holes[place]))
        text = f"There are no samples for {hole} from {at:%H:%M:%S} UTC on; usual is one every {figure(longest.step)} s."
        start, end = sorted((int(longest.lines[place]), int(longest.lines[place + 1])))
        yield Note(
            "silence", text, start, end, weight=2.0, at=at, until=until, attributes={"template": "samples", "last_at": at.isoformat()}
        )
