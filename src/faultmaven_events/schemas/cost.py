"""What an answer cost, and what models asked for on the way."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from faultmaven_events.schemas.model import Model


class Cost(Model):
    """What the answer cost."""

    tokens_in: int = 0
    tokens_out: int = 0
    money_usd: float = 0.0
    calls: dict[str, int] = Field(default_factory=dict, description="Calls by `provider/model`")
    cache_hits: int = 0
    cached_from: UUID | None = Field(default=None, description="The job for which the model's answer was made, where it was not asked anew")


class ToolCall(Model):
    """What a model asked for, and what it got. Arguments and result are sanitized; the result itself is not repeated."""

    round: int = Field(ge=1)
    name: str = Field(max_length=64)
    arguments: dict[str, Any] = Field(default_factory=dict)
    outcome: Literal["done", "refused", "failed"]
    reason: str | None = Field(default=None, max_length=300, description="Why it was refused or failed")
    result_sha256: str | None = None
    ran_ms: int = Field(default=0, ge=0)
