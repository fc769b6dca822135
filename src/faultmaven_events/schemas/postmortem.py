"""The post-mortem: a draft for people, made of a report."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from faultmaven_events.schemas.aftermath import Aftermath
from faultmaven_events.schemas.model import Model
from faultmaven_events.schemas.question import Verdict
from faultmaven_events.schemas.report import Evidence, Gap, Moment, Severity


class Why(Model):
    """One step from what was felt down to the cause: a link of the causal chain, read backwards."""

    effect: str
    cause: str
    evidence_refs: tuple[str, ...] = ()
    assumed: bool = False


class PostMortem(Model):
    """A draft for people to edit, taken from a report and nothing else. Blameless: it names components and roles, no persons."""

    schema_version: Literal[1] = 1
    status: Literal["draft"] = "draft"
    job_id: UUID
    case_id: str | None = None
    created_at: datetime
    title: str
    summary: str
    verdict: Verdict
    reasoner: str
    severity: Severity
    severity_basis: str = ""
    symptom: str
    aftermath: Aftermath
    affected: dict[str, int] = Field(default_factory=dict)
    clients: int | None = None
    root_cause: str | None = None
    reason: str | None = None
    component: str | None = None
    mechanism: str | None = None
    contributing_factors: tuple[str, ...] = ()
    whys: tuple[Why, ...] = Field(default=(), max_length=5)
    trigger: str | None = None
    timeline: tuple[Moment, ...] = ()
    evidence: tuple[Evidence, ...] = Field(default=(), description="What the parts above refer to")
    open_questions: tuple[Gap, ...] = ()
