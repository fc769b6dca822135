"""What the reasoner is given beside the insights: who asked, when, what is missing, and the sanitized texts to read quotes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from faultmaven_events.schemas.question import Intent, Missing


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that is not a fact of the evidence. `texts` are sanitized, keyed by evidence id; one that is not there is not read."""

    job_id: UUID
    tenant: str
    correlation_id: str
    created_at: datetime
    intent: Intent = "root_cause"
    case_id: str | None = None
    missing: tuple[Missing, ...] = ()
    redactions: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[UUID, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    """File name to SHA-256 of its sanitized text."""
    pipeline_version: str = "0"
