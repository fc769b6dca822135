"""What the tests of this folder share: reading lines as the stage does."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from faultmaven_events.consumers.process.logs import analyse_log
from faultmaven_events.consumers.process.logs.event import Event
from faultmaven_events.consumers.process.logs.reader import Reader
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.insight import Fact, Insights

NOW = datetime(2026, 11, 21, tzinfo=UTC)
JOB = UUID(int=7)
LOG = Classification(type="log", format="text", confidence=1, reason="a test")


def events(lines: Iterable[str]) -> list[Event]:
    return list(Reader(NOW).events(lines))


def insights(lines: Iterable[str], name: str = "shop-api.log") -> Insights:
    return analyse_log(lines, evidence_id=JOB, name=name, classification=LOG, now=NOW)


def facts(lines: Iterable[str], kind: str, name: str = "shop-api.log") -> list[Fact]:
    return [fact for fact in insights(lines, name).facts if fact.kind == kind]


def clock(second: float) -> str:
    """Return a time of day, `second` seconds after 05:00."""
    whole = int(second)
    return f"{5 + whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}.{int(second * 1000) % 1000:03d}"
