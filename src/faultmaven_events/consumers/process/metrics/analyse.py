"""A metric file in, its insights out."""

from uuid import UUID

import numpy as np

from faultmaven_events.consumers.process.metrics.exposition import is_influx, is_prometheus, read_influx, read_prometheus
from faultmaven_events.consumers.process.metrics.findings import gaps_worth_knowing, series_worth_knowing, words_worth_knowing
from faultmaven_events.consumers.process.metrics.grid import read_grid
from faultmaven_events.consumers.process.metrics.meaning import unit_of
from faultmaven_events.consumers.process.metrics.sample import Recording, Samples, moment
from faultmaven_events.consumers.process.metrics.sar import is_sar, read_sar
from faultmaven_events.consumers.process.metrics.scrape import values_worth_knowing
from faultmaven_events.consumers.process.note import Note, facts_of, lines_of, readable
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.insight import Insights, Series, Setting

MOST_FACTS = 40
MOST_POINTS = 600


def analyse_metrics(text: str, *, evidence_id: UUID, name: str, classification: Classification) -> Insights:
    """Read series out of CSV, TSV, aligned columns, sar, Prometheus or InfluxDB text, and say what moved and what did not. Never raises."""
    lines = lines_of(readable(text))
    recording = _recording(lines)
    series = [one for one in recording.series if len(one)]
    notes = [
        Note("config_finding", told, line, weight=3.0, attributes={"rule": "metrics-format", "severity": "low", "fix": None})
        for told, line in recording.problems
        if lines
    ]
    notes += [
        *series_worth_knowing(series),
        *words_worth_knowing(recording.words),
        *gaps_worth_knowing(series),
        *values_worth_knowing(recording.values),
    ]
    facts, left_out = facts_of(notes, evidence_id=evidence_id, file=name, lines=lines, most=MOST_FACTS)
    return Insights(
        evidence_id=evidence_id,
        file=name,
        classification=classification,
        lines=len(lines),
        start=moment(min(float(one.seconds[0]) for one in series)) if series else None,
        end=moment(max(float(one.seconds[-1]) for one in series)) if series else None,
        facts=facts,
        series=tuple(_kept(one) for one in series),
        settings=tuple(Setting(path=path, value=f"{value:.12g}", line=line) for path, value, line in recording.values),
        truncated=(*recording.truncated, *((f"facts: the weightiest {MOST_FACTS}, {left_out} left out",) if left_out else ())),
    )


def _recording(lines: list[str]) -> Recording:
    if is_prometheus(lines):
        return read_prometheus(lines)
    if is_influx(lines):
        return read_influx(lines)
    return read_sar(lines) if is_sar(lines) else read_grid(lines)


def _kept(series: Samples) -> Series:
    """A series as it is stored: of longer ones the first, the lowest and the highest sample of each stretch, in order."""
    places = _telling(series.values)
    points = tuple((series.at(place), float(series.values[place])) for place in places)
    return Series(
        name=series.name,
        unit=unit_of(series.name),
        component=series.component,
        points=points,
        minimum=float(series.values.min()),
        maximum=float(series.values.max()),
        median=float(np.median(series.values)),
    )


def _telling(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[int]:
    if len(values) <= MOST_POINTS:
        return list(range(len(values)))
    kept = set()
    for part in np.array_split(np.arange(len(values)), MOST_POINTS // 3):
        kept |= {int(part[0]), int(part[np.argmin(values[part])]), int(part[np.argmax(values[part])])}
    return sorted(kept)
