"""The insights of all pieces of evidence of one question, side by side on one clock."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from faultmaven_events.consumers.process.across import across
from faultmaven_events.consumers.process.logs.stamps import offset
from faultmaven_events.schemas.insight import Fact, Insights, MergedInsights, Passage, Template

_NEAR = timedelta(minutes=10)


def merge(question: str, files: Sequence[Insights]) -> MergedInsights:
    """Return the files as they are, but those whose times have no zone on the clock of those that have one.

    A file without zone is read as UTC. Where that puts it nowhere near any other file, while the offset of a zone that another file writes
    puts it among them, it was written in that zone: an error log beside its access log, for example.
    """
    aligned = tuple(_aligned(one, files) for one in files)
    return MergedInsights(question=question, files=aligned, facts=across(aligned))


def _aligned(one: Insights, files: Sequence[Insights]) -> Insights:
    if one.zone != "none" or one.start is None or one.end is None:
        return one
    known = [file for file in files if file is not one and file.start and file.end and file.zone not in {"none", None}]
    zones = [(file.component == one.component, zone) for file in known for zone in (file.zone or "").split(",") if offset(zone)]
    if not known or _among(one.start, one.end, known):
        return one
    for _, zone in sorted(set(zones), key=lambda found: (not found[0], found[1])):
        shift = timedelta(seconds=-offset(zone))
        if _among(one.start + shift, one.end + shift, known):
            return shifted(one, shift, f"Times without zone were read as {zone}, as other files of this question are written.")
    return one


def _among(start: datetime, end: datetime, files: Sequence[Insights]) -> bool:
    return any(file.start and file.end and start <= file.end + _NEAR and end >= file.start - _NEAR for file in files)


def shifted(insights: Insights, by: timedelta, why: str) -> Insights:
    """Return the insights with every time moved; times inside sentences stay as the file has them, and `why` says so."""

    def moved(at: datetime | None) -> datetime | None:
        return None if at is None else at + by

    def fact(one: Fact) -> Fact:
        return one.model_copy(update={"at": moved(one.at), "until": moved(one.until)})

    def template(one: Template) -> Template:
        return one.model_copy(update={"first_at": moved(one.first_at), "last_at": moved(one.last_at)})

    def passage(one: Passage) -> Passage:
        return one.model_copy(update={"at": moved(one.at), "until": moved(one.until), "failed_at": moved(one.failed_at)})

    return insights.model_copy(
        update={
            "start": moved(insights.start),
            "end": moved(insights.end),
            "facts": tuple(map(fact, insights.facts)),
            "templates": tuple(map(template, insights.templates)),
            "passages": tuple(map(passage, insights.passages)),
            "clock": why[:300],
        }
    )
