"""Dead letters as the workbench keeps and shows them. What is sealed stays so: only its size is shown."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from faultmaven_events.schemas.letter import Letter
from faultmaven_events.schemas.model import Model, Token

LetterState = Literal["dead", "redriven", "discarded"]


class Buried(Letter):
    """One letter, and what became of it. `sealed` is never filled in here."""

    state: LetterState
    buried_at: datetime
    deaths: int = Field(default=1, ge=1, description="How often this very message died")
    predecessor: UUID | None = Field(default=None, description="The letter after whose redrive this one died")
    sealed_bytes: int | None = Field(default=None, description="Size of a sealed message; it may hold unsanitized text")
    decided_at: datetime | None = None
    decided_by: str | None = None
    reason: str | None = Field(default=None, description="Why it was discarded, or not redriven")
    edited: bool = False
    redrive: UUID | None = Field(default=None, description="The last operation that took it")


class Wanted(Model):
    """Which letters to show: all that fit every condition that is given."""

    tenant: Token | None = None
    stage: str | None = Field(default=None, pattern=r"^[a-z]{1,32}$")
    code: str | None = Field(default=None, pattern=r"^[a-z_]{1,64}$")
    fingerprint: str | None = Field(default=None, pattern=r"^[0-9a-f]{16}$")
    state: LetterState | None = None
    since: datetime | None = None


class Suspect(Model):
    """What the letters of a group have in common, and others have not."""

    field: str
    value: str
    share: float = Field(ge=0, le=1, description="Of the group's letters")
    elsewhere: float | None = Field(default=None, description="Share among other letters and jobs; null: there are none to compare with")


class Group(Model):
    """Deaths of one cause."""

    fingerprint: str
    stage: str
    code: str
    error: str
    message: str
    count: int
    states: dict[str, int]
    first_at: datetime
    last_at: datetime
    sample: UUID = Field(description="The newest letter")
    versions: tuple[str, ...] = Field(description="Versions of the consumers that gave up")
    tenants: int
    suspects: tuple[Suspect, ...] = ()


class Entry(Model):
    """One line of the audit: who did what to which letters, to what is hidden, or to a budget, and why."""

    id: UUID
    at: datetime
    by: str
    action: Literal[
        "redrive",
        "cancel",
        "edit",
        "discard",
        "identify",
        "allow",
        "disallow",
        "shred",
        "shredded",
        "rotate",
        "budget_set",
        "budget_cleared",
        "budget_mended",
    ]
    target: dict[str, Any] = Field(description="The selection, the letter, the operation, the job or the case")
    reason: str | None = None
    count: int | None = Field(default=None, description="Letters, values or keys that it was about")
