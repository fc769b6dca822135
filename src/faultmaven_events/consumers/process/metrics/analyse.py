"""A metric file in, its insights out."""

from uuid import UUID

import numpy as np

from faultmaven_events.consumers.process.metrics.findings import gaps_worth_knowing, series_worth_knowing, words_worth_knowing
from faultmaven_events.consumers.process.metrics.kept import kept_points, telling
from faultmaven_events.consumers.process.metrics.meaning import unit_of
from faultmaven_events.consumers.process.metrics.read import read
from faultmaven_events.consumers.process.metrics.sample import Samples, moment
from faultmaven_events.consumers.process.metrics.scrape import values_worth_knowing
from faultmaven_events.consumers.process.note import Note, beyond, facts_of, lines_of, readable
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.insight import Insights, Series, Setting
from faultmaven_events.schemas.points import Points

MOST_FACTS = 40
MOST_POINTS = 600
MOST_SHOWN = 400
"""Series of which the insights hold points."""


def analyse_metrics(text: str, *, evidence_id: UUID, name: str, classification: Classification) -> Insights:
    """Read series out of any text that holds them, and say what moved and what did not. Never raises."""
    return measure(text, evidence_id=evidence_id, name=name, classification=classification)[0]


def measure(text: str, *, evidence_id: UUID, name: str, classification: Classification) -> tuple[Insights, Points]:
    """Return the insights of a metrics file, and its points for the store. Never raises."""
    lines = lines_of(readable(text))
    recording = read(lines)
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
    named = {told for fact in facts if isinstance(told := fact.attributes.get("series"), str)}
    timed = [one for one in series if one.timed]
    points, thinned = kept_points(timed, named)
    shown = sorted(timed, key=lambda one: one.name not in named)[:MOST_SHOWN] if len(timed) > MOST_SHOWN else timed
    insights = Insights(
        evidence_id=evidence_id,
        file=name,
        classification=classification,
        lines=len(lines),
        start=moment(min(float(one.seconds[0]) for one in timed)) if timed else None,
        end=moment(max(float(one.seconds[-1]) for one in timed)) if timed else None,
        facts=facts,
        series=tuple(_kept(one) for one in shown),
        settings=tuple(Setting(path=path, value=f"{value:.12g}", line=line) for path, value, line in recording.values),
        truncated=(
            *recording.truncated,
            *thinned,
            *beyond(MOST_FACTS, left_out),
        ),
    )
    return insights, points


def _kept(series: Samples) -> Series:
    places = telling(series.values, MOST_POINTS)
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
