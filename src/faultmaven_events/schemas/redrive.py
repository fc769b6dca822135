"""Sending dead letters on their way again: which ones, and how far it is. An operation is stored: it survives whoever works on it."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, TypeAdapter

from faultmaven_events.schemas.model import Model, Token

NAMED_IDS: Final = 1000
"""How many ids a dry run names."""


class Selection(Model):
    """Which letters: all that fit every condition that is given. No condition at all selects nothing, unless `everything` is said."""

    tenant: Token | None = None
    ids: tuple[UUID, ...] = Field(default=(), max_length=10_000)
    fingerprint: str | None = Field(default=None, pattern=r"^[0-9a-f]{16}$")
    stage: str | None = Field(default=None, pattern=r"^[a-z]{1,32}$")
    code: str | None = Field(default=None, pattern=r"^[a-z_]{1,64}$")
    everything: bool = False

    @property
    def empty(self) -> bool:
        """Whether it names nothing."""
        return not (self.everything or self.ids or self.tenant or self.fingerprint or self.stage or self.code)


class Portion(Model):
    """Selected letters of one stage and code."""

    stage: str
    code: str
    count: int


class Redrive(Model):
    """One operation. `selected` = `sent` + `skipped` + `failed` + what is still to do."""

    id: UUID
    selection: Selection
    by: str = Field(max_length=128)
    rate: float = Field(gt=0, description="Letters per second at most")
    state: Literal["running", "done", "cancelled"]
    dry_run: bool = False
    edit: bool = Field(default=False, description="A patch is applied to the letter's event")
    selected: int = Field(default=0, ge=0)
    sent: int = Field(default=0, ge=0)
    skipped: int = Field(default=0, ge=0)
    failed: int = Field(default=0, ge=0)
    reasons: dict[str, int] = Field(default_factory=dict, description="Why letters were skipped or failed: sentence to count")
    portions: tuple[Portion, ...] = Field(default=(), description="What was selected, by stage and code")
    ids: tuple[UUID, ...] = Field(default=(), description=f"In a dry run: the first {NAMED_IDS} letters that would go")
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None
    cancelled_by: str | None = None

    @property
    def left(self) -> int:
        """Letters still to do."""
        return max(0, self.selected - self.sent - self.skipped - self.failed)


class Operation(Model):
    """One operation of a JSON Patch (RFC 6902)."""

    model_config = ConfigDict(populate_by_name=True)

    op: Literal["add", "remove", "replace", "move", "copy", "test"]
    path: str = Field(max_length=500)
    origin: str | None = Field(default=None, alias="from", max_length=500)
    value: Any = None


Patch = Annotated[tuple[Operation, ...], Field(min_length=1, max_length=100)]
PATCH: Final[TypeAdapter[tuple[Operation, ...]]] = TypeAdapter(Patch)
PATCH_LIMIT: Final = 65_536
"""Bytes of a patch."""
