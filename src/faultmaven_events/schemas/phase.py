"""How far an investigation has come: each phase is told as an event, `troubleshoot.progressed.v1`, and kept in the job's history."""

from datetime import datetime
from typing import Final, Literal, get_args

from pydantic import Field

from faultmaven_events.schemas.insight import Scalar
from faultmaven_events.schemas.model import Model

Phase = Literal["blast_radius", "timeline", "knowledge", "hypotheses", "validation", "solution"]
PHASES: Final[tuple[Phase, ...]] = get_args(Phase)
"""In their order: define the blast radius, establish the timeline, search the knowledge, formulate hypotheses, validate them by
evidence, propose a solution."""


class Progressed(Model):
    """One phase is done."""

    phase: Phase
    number: int = Field(ge=1, le=len(PHASES), description="Its place among the phases")
    found: dict[str, Scalar] = Field(default_factory=dict, description="What it found, in figures and short names; sanitized")
    summary: str = Field(default="", max_length=400, description="One sentence for a person who follows the job; sanitized")
    ended_at: datetime
    ran_ms: int = Field(default=0, ge=0)
