"""The envelope: CloudEvents 1.0 in structured JSON (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md).

`type` is also the routing key: `<kind>.<state>.v<version>`. `subject` is the job. Ids are deterministic, so that a redelivered or
replayed event has the same effects: `id = uuid5(id of the parent, "<stage>/<index>")`.
"""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Generic, Literal, Self, TypeVar
from uuid import UUID

from pydantic import ConfigDict, Field
from uuid_utils.compat import uuid5

from faultmaven_events.schemas.model import Model, Token

Kind = Literal["ingest", "document", "troubleshoot"]
Data = TypeVar("Data", bound=Model)
Next = TypeVar("Next", bound=Model)

MEDIA_TYPE = "application/cloudevents+json"


def derive(parent: UUID, name: str) -> UUID:
    """Return the id of what `name` makes out of `parent`: the same one on every redelivery."""
    return uuid5(parent, name)


class Event(Model, Generic[Data]):
    """One event. The attributes below `traceparent` are facts about the hop that published it, filled in by the shell.

    Unknown attributes are let through unread: CloudEvents allows any sender to add extensions.
    """

    model_config = ConfigDict(extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str = Field(min_length=1, max_length=255, description="Who published it, for example `/faultmaven/sanitize`")
    type: str = Field(pattern=r"^[a-z]+\.[a-z]+\.v[1-9][0-9]*$")
    subject: UUID = Field(description="The job")
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    tenantid: Token
    userid: Token = "anonymous"
    correlationid: Token
    causationid: UUID | None = Field(default=None, description="The event that this one follows from")
    deadline: datetime | None = Field(default=None, description="After it nobody waits for the result any more")
    traceparent: str | None = Field(default=None, pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
    urgent: bool = Field(default=False, description="A person waits for it: it is never moved to the crowd's lane")
    generation: int = Field(default=0, ge=0, le=2**31 - 1, description="How often the job was sent on its way again after a dead letter")
    stage: str | None = Field(default=None, max_length=32)
    waitedms: int | None = Field(default=None, ge=0)
    ranms: int | None = Field(default=None, ge=0)
    attempt: int | None = Field(default=None, ge=1)
    consumer: str | None = Field(default=None, max_length=128, description="Version and instance of the consumer")
    inputhash: str | None = Field(default=None, max_length=64, description="sha256 of the data that the stage was given")
    datahash: str | None = Field(default=None, max_length=64, description="sha256 of this event's data, as its publisher encoded it")
    stores: str | None = Field(
        default=None, max_length=255, description="What the stage wrote on the way, for example `blobs:2,vectors:14`"
    )
    data: Data

    @property
    def kind(self) -> str:
        """`ingest`, `document` or `troubleshoot`."""
        return self.type.split(".")[0]

    @property
    def state(self) -> str:
        """The middle part of the type, for example `sanitized`."""
        return self.type.split(".")[1]

    def follow(self, stage: str, state: str, data: Next, *, index: int = 0) -> "Event[Next]":
        """Return the event that `stage` publishes after this one: same job, tenant and correlation, derived id."""
        return _OPEN(
            id=derive(self.id, f"{stage}/{index}"),
            source=f"/faultmaven/{stage}",
            type=f"{self.kind}.{state}.v1",
            subject=self.subject,
            time=datetime.now(UTC),
            tenantid=self.tenantid,
            userid=self.userid,
            correlationid=self.correlationid,
            causationid=self.id,
            deadline=self.deadline,
            traceparent=self.traceparent,
            urgent=self.urgent,
            generation=self.generation,
            data=data,
        )

    def stamped(self, **facts: Any) -> Self:
        """Return a copy with the hop's facts filled in."""
        return self.model_copy(update=facts)

    def digest(self) -> str:
        """Return the sha256 of the data as this version encodes it, 64 hex digits: the link between one hop and the next."""
        return sha256(self.data.model_dump_json(exclude_none=True).encode()).hexdigest()

    def encode(self) -> bytes:
        """Return the structured JSON that travels; attributes without a value are left out."""
        return self.model_dump_json(exclude_none=True).encode()


_OPEN: type[Event[Any]] = Event[Next]  # type: ignore[valid-type] # of any data; pydantic would look the class up at every event
