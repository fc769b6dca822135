"""A template's counts as a fact."""

from faultmaven_events.consumers.process.logs.facts import Draft, clock_time, shortened
from faultmaven_events.consumers.process.logs.levels import RANK
from faultmaven_events.consumers.process.logs.tally import Tally
from faultmaven_events.schemas.insight import Scalar

Named = tuple[str, Tally]
"""A template's text and its counts."""


def rank(tally: Tally) -> int:
    """Return how bad the template's level is, 0 to 4."""
    return RANK[tally.level]


def said(tally: Tally) -> str:
    """Return what the first line of a template says, with the lines attached to it."""
    more = "; ".join(f"{word}: {text}" for word, text in tally.attached.items() if word != "open")
    return shortened(tally.text + (f" ({more})" if more else ""), 380)


def times(tally: Tally) -> str:
    """Return how often and when it was said."""
    if tally.count == 1:
        return f"at {clock_time(tally.first_at)}" if tally.first_at is not None else "once"
    if tally.first_at is None:
        return f"{tally.count} times"
    return f"{tally.count} times from {clock_time(tally.first_at)} to {clock_time(tally.last_at)}"


def draft(kind: str, text: str, tally: Tally, template: str, weight: float, **more: Scalar) -> Draft:
    """Return a fact about a template; `more` are further attributes."""
    return Draft(
        kind=kind,
        text=text,
        at=tally.first_at,
        until=tally.last_at if tally.count > 1 else None,
        count=tally.count,
        level=tally.level,
        component=tally.component,
        weight=weight,
        attributes={"template": template, "level": tally.level, **more},
        citations=(tally.sample,),
    )
