"""Facts in the making, and how numbers and times read in their sentences."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from faultmaven_events.schemas.insight import Citation, Fact, Level, Scalar

TEXT = 600


@dataclass(slots=True)
class Draft:
    """A fact before it has an id and a component; times in epoch seconds. `weight` orders facts of a kind."""

    kind: str
    text: str
    at: float | None
    citations: tuple[Citation, ...]
    until: float | None = None
    count: int = 1
    level: Level | None = None
    component: str | None = None
    weight: float = 0.0
    attributes: dict[str, Scalar] = field(default_factory=dict)


def numbered(drafts: Iterable[Draft], component: str | None) -> tuple[Fact, ...]:
    """Return facts with ids; one without component of its own gets the file's."""
    numbers: Counter[str] = Counter()
    facts = []
    for draft in drafts:
        numbers[draft.kind] += 1
        facts.append(
            Fact(
                id=f"{draft.kind}-{numbers[draft.kind]}",
                kind=draft.kind,
                text=shortened(draft.text, TEXT),
                component=draft.component or component,
                at=moment(draft.at),
                until=moment(draft.until),
                count=draft.count,
                level=draft.level,
                attributes={
                    key: value[:500] if isinstance(value, str) else value for key, value in draft.attributes.items() if value is not None
                },
                citations=draft.citations,
            )
        )
    return tuple(facts)


def moment(at: float | None) -> datetime | None:
    """Return the UTC time of epoch seconds."""
    return None if at is None else datetime.fromtimestamp(round(at, 6), UTC)


def clock_time(at: float | None) -> str:
    """Return a time as sentences show it."""
    found = moment(at)
    return found.strftime("%Y-%m-%d %H:%M:%SZ") if found else "an unknown time"


def percent(share: float) -> str:
    """Return a share as a percentage of two digits."""
    return "0 %" if share == 0 else "100 %" if share == 1 else f"{share * 100:.2g} %" if share < 0.1 else f"{share * 100:.0f} %"


def seconds_text(seconds: float) -> str:
    """Return a duration with a fitting unit."""
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def shortened(text: str, most: int) -> str:
    """Return one line of at most `most` characters."""
    text = " ".join(text[: 4 * most].split())
    return text if len(text) <= most else text[: most - 1] + "…"
