"""What came of a consultation, before it is taken into the report: kept in the cache in this form, and checked anew each time."""

from pydantic import Field

from faultmaven_events.consumers.reason.llm.opinion import Opinion
from faultmaven_events.schemas.cost import ToolCall
from faultmaven_events.schemas.model import Model


class Reading(Model):
    """A line that was read on request."""

    id: str
    file: str
    line: int = Field(ge=1)


class Proposal(Model):
    """A setting that a model would change. Nobody changes it but a person."""

    path: str
    value: str
    reason: str
    file: str
    line: int = Field(ge=1)
    was: str = Field(description="The line as it stands")


class Advice(Model):
    """The opinion of one or several models, merged."""

    opinion: Opinion
    origin: str = Field(max_length=128, description="The models that gave it")
    strategy: str
    agreement: str | None = Field(default=None, description="How far several answers agreed")
    notes: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    truncated: tuple[str, ...] = ()
    tainted: bool = Field(default=False, description="Something that was read tried to instruct the model")
    outward: tuple[str, ...] = Field(default=(), description="Who outside was asked besides the models")
