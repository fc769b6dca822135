"""One valid event of every type, and a few that are not."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.model import Model
from faultmaven_events.schemas.registry import EVENTS, model

CLEAN = Content(area="clean", key="aa", size=3, sha256="0" * 64, media_type="text/plain")
RAW = CLEAN.model_copy(update={"area": "raw"})
CLASSIFICATION = {"type": "log", "format": "json-lines", "confidence": 0.9, "reason": "every line is a JSON object"}
RECEIPT = {"counts": {"EMAIL_ADDRESS": 2}, "detector": "test/1", "lines": 10}
_FILE: dict[str, Any] = {"name": "app.log", "content": RAW, "classification": CLASSIFICATION}
_CLEAN_FILE = {**_FILE, "content": CLEAN, "receipt": RECEIPT}
_PROCESSED = {**_CLEAN_FILE, "insights": CLEAN, "summary": "3 errors"}
_QUESTION: dict[str, Any] = {"content": CLEAN, "intent": "root_cause"}
_GATHERED = {**_QUESTION, "receipt": RECEIPT}
_ERROR = {"code": "unreadable_content", "message": "the file is empty", "stage": "classify"}

DATA: dict[str, dict[str, Any]] = {
    **{
        f"{kind}.{state}.v1": data
        for kind in ("ingest", "document")
        for state, data in {
            "submitted": {"name": "app.log", "content": RAW},
            "classified": _FILE,
            "sanitized": _CLEAN_FILE,
            "processed": _PROCESSED,
            "embedded": {**_PROCESSED, "vectors": 2},
        }.items()
    },
    "troubleshoot.submitted.v1": {"content": RAW},
    "troubleshoot.classified.v1": {**_QUESTION, "content": RAW},
    "troubleshoot.sanitized.v1": _GATHERED,
    "troubleshoot.gathered.v1": _GATHERED,
    "troubleshoot.processed.v1": {**_GATHERED, "merged": CLEAN},
    "troubleshoot.embedded.v1": {**_GATHERED, "merged": CLEAN, "knowledge": CLEAN},
    "troubleshoot.reasoned.v1": {
        **_QUESTION,
        "report": CLEAN,
        "markdown": CLEAN,
        "verdict": "likely",
        "headline": "x broke",
        "reasoner": "offline",
        "confidence": 0.7,
    },
    **{
        f"{kind}.completed.v1": {"result": {**_PROCESSED, "content": CLEAN.model_dump()}} for kind in ("ingest", "document", "troubleshoot")
    },
    **{
        f"{kind}.failed.v1": {"error": _ERROR, "failed_at": datetime(2026, 1, 1, tzinfo=UTC)}
        for kind in ("ingest", "document", "troubleshoot")
    },
    **{
        f"{kind}.{state}.v1": data
        for kind in ("ingest", "document", "troubleshoot")
        for state, data in {
            "cancelled": {"by": "ann", "cancelled_at": datetime(2026, 1, 1, tzinfo=UTC)},
            "delayed": {"error": _ERROR, "next_at": datetime(2026, 1, 1, tzinfo=UTC)},
            "redriven": {"dead_letter": str(UUID(int=7)), "by": "ann"},
        }.items()
    },
    "troubleshoot.progressed.v1": {"phase": "timeline", "number": 2, "ended_at": datetime(2026, 1, 1, tzinfo=UTC)},
    "usage.recorded.v1": {
        "call_id": UUID(int=9),
        "provider": "local",
        "model": "openai/tiny",
        "task": "investigate",
        "outcome": "answered",
    },
    "breaker.changed.v1": {
        "provider": "local",
        "state": "open",
        "previous": "closed",
        "reason": "timeout 3",
        "at": datetime(2026, 1, 1, tzinfo=UTC),
    },
    "series.sampled.v1": {"name": "cpu.csv", "points": CLEAN, "series": 1, "samples": 2},
    "alert.raised.v1": {"name": "ledger_gap", "key": "ledger_gap/1", "severity": "critical", "summary": "one job is gone"},
    "dead.letter.v1": {
        "id": UUID(int=7),
        "stage": "process",
        "code": "unreadable_content",
        "error": "UnreadableContent",
        "message": "the file is empty",
        "fingerprint": "0" * 16,
        "consumer": "0.1/test",
        "died_at": datetime(2026, 1, 1, tzinfo=UTC),
        "routing_key": "ingest.sanitized.v1",
        "type": "ingest.sanitized.v1",
        "job_id": UUID(int=8),
        "tenant": "acme",
    },
}


def event(type_: str, **attributes: Any) -> Event[Any]:
    """Return a valid event of a type."""
    data: Model = EVENTS[type_].model_validate(DATA[type_])
    given = {
        "id": uuid4(),
        "source": "/test",
        "type": type_,
        "subject": uuid4(),
        "time": datetime.now(UTC),
        "tenantid": "acme",
        "correlationid": "corr-1",
    }
    return model(type_).model_validate({**given, **attributes, "data": data.model_dump()})
