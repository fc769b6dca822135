"""Something that a person has to look at."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID, uuid5

from pydantic import Field

from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.model import Model

SYSTEM: Final = "faultmaven"
"""Tenant of alerts about the system as a whole."""

_NAMESPACE: Final = UUID("7e5b1c0e-6a4b-5d0c-9a55-0d3f3c1f6b10")

TYPE = "alert.raised.v1"
"""Type of the event that carries an alert."""


class Alert(Model):
    """One alert. `key` is equal for alerts of one cause, so that who gets them can join them."""

    name: str = Field(max_length=64, description="For example `ledger_gap`, `stage_paused`, `stage_resumed`")
    key: str = Field(max_length=128)
    severity: Literal["info", "warning", "critical"]
    summary: str = Field(max_length=1000, description="One sentence: what happened, and what to do")
    facts: dict[str, str | int | float] = Field(default_factory=dict)


def raised(alert: Alert, at: datetime, *, source: str, tenant: str = SYSTEM, job: UUID | None = None) -> Event[Alert]:
    """Return the event of an alert; its id derives from `key`, so that the same alert is raised once."""
    id = uuid5(_NAMESPACE, alert.key)
    return Event[Alert](
        id=id, source=source, type=TYPE, subject=job or id, time=at, tenantid=tenant, correlationid=str(id), userid="system", data=alert
    )
