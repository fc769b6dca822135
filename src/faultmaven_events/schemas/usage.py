"""What one call of a language model used, and what its breaker did. Neither ever holds a prompt or an answer."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from pydantic import Field

from faultmaven_events.schemas.model import Model

USAGE: Final = "usage.recorded.v1"
BREAKER: Final = "breaker.changed.v1"

Task = Literal["investigate", "follow_up", "probe"]
"""What a model is asked for; each may have a model of its own."""
FailureKind = Literal["timeout", "rate_limit", "service_error", "bad_output"]
BreakerState = Literal["closed", "open", "half_open"]


class Usage(Model):
    """One call. Its event's id is `call_id`, so that it is counted once; its subject is the job."""

    call_id: UUID
    provider: str = Field(max_length=64, description="Name of the provider in the configuration")
    model: str = Field(max_length=128)
    task: Task
    outcome: Literal["answered", "timeout", "rate_limit", "service_error", "bad_output", "cached", "abandoned"]
    tokens_in: int = Field(default=0, ge=0)
    tokens_out: int = Field(default=0, ge=0)
    money_usd: float = Field(default=0, ge=0)
    ran_ms: int = Field(default=0, ge=0)
    estimated: bool = Field(default=False, description="The provider did not say what it counted; the figures are ours")


class BreakerChanged(Model):
    """A provider's breaker opened, is probed, or closed."""

    provider: str = Field(max_length=64)
    state: BreakerState
    previous: BreakerState
    reason: str = Field(max_length=300, description="Counts by kind of failure; never what a provider said")
    at: datetime
    probe_at: datetime | None = Field(default=None, description="When it is tried again")
