"""A realistic event of about 1 KB, and what the stages after it answer."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.evidence import Classification, Classified, Receipt, Sanitized, Submitted
from faultmaven_events.schemas.model import Model

CONTENT = Content(area="raw", key=uuid4().hex, size=20_480, sha256="0" * 64, media_type="text/plain")
_FILE: dict[str, Any] = {
    "name": "orders-api.log",
    "content": CONTENT,
    "title": "orders-api, the hour before the incident",
    "tags": ("production", "eu-west-1"),
    "session_id": uuid4().hex,
    "case_id": uuid4().hex,
}
_KIND = Classification(type="log", format="json-lines", confidence=0.98, reason="every line is a JSON object with a time and a level")

DATA: dict[str, Model] = {
    "classified": Classified(**_FILE, classification=_KIND),
    "sanitized": Sanitized(**_FILE, classification=_KIND, receipt=Receipt(counts={"EMAIL_ADDRESS": 12}, detector="rules/1", lines=214)),
}
"""By the state that it announces."""


def submitted(size: int) -> Event[Submitted]:
    """Return an event of at least `size` bytes on the wire."""
    event = Event[Submitted](
        id=uuid4(),
        source="/faultmaven/ingress",
        type="ingest.submitted.v1",
        subject=uuid4(),
        time=datetime.now(UTC),
        tenantid="acme",
        userid="ann@example.com",
        correlationid=uuid4().hex,
        traceparent=f"00-{uuid4().hex}-{uuid4().hex[:16]}-01",
        data=Submitted(**_FILE),
    )
    missing = size - len(event.encode())
    tags = ("x" * 61,) * (max(0, missing + 63) // 64)
    return event.model_copy(update={"data": event.data.model_copy(update={"tags": (*event.data.tags, *tags)})})
