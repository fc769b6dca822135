"""What a post-mortem starts from: times, counts, what to learn, what to do."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from faultmaven_events.schemas.model import Model


class ActionItem(Model):
    """Something to do after the incident."""

    action: str
    type: Literal["prevent", "detect", "mitigate"]
    owner_role: str = ""
    priority: int = Field(default=2, ge=1, le=4)
    due: str | None = Field(default=None, max_length=64, description="For people to fill in")


class Aftermath(Model):
    """What a post-mortem starts from. Times and counts are of the evidence; None and 0 mean that it does not say."""

    caused_at: datetime | None = Field(default=None, description="When the cause set in, which may be long before anybody feels it")
    began_at: datetime | None = Field(default=None, description="When users began to feel it; where nothing tells, when the cause set in")
    detected_at: datetime | None = Field(default=None, description="First alert in the evidence at or after the begin")
    acknowledged_at: datetime | None = Field(default=None, description="First acknowledgement of an alert in the evidence")
    mitigated_at: datetime | None = Field(default=None, description="Last action before the impact ended")
    resolved_at: datetime | None = Field(default=None, description="When the impact ended, within the evidence")
    latent_s: float | None = Field(default=None, description="From the cause to the begin")
    detect_s: float | None = Field(default=None, description="From begin to detection (MTTD of this incident)")
    resolve_s: float | None = Field(default=None, description="From begin to the end of the impact (MTTR of this incident)")
    failed_requests: int | None = Field(default=None, description="Of one view, the one with most requests: no request is counted twice")
    total_requests: int | None = None
    counted_in: str | None = Field(default=None, description="The file that both numbers come from")
    impact: tuple[str, ...] = ()
    went_well: tuple[str, ...] = ()
    went_badly: tuple[str, ...] = ()
    lucky: tuple[str, ...] = ()
    lessons: tuple[str, ...] = ()
    action_items: tuple[ActionItem, ...] = ()
