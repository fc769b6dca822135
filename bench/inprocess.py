"""The chain as function calls, without broker and stores: for development and for measuring a stage on its own."""

import hashlib
import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from faultmaven_events.consumers.classify.classify import classify
from faultmaven_events.consumers.process.analyse import analyse
from faultmaven_events.consumers.process.merge import merge
from faultmaven_events.consumers.reason.context import Context
from faultmaven_events.consumers.reason.offline.reasoner import reason
from faultmaven_events.consumers.sanitize.redact import redact
from faultmaven_events.schemas.insight import Insights
from faultmaven_events.schemas.knowledge import SearchResult
from faultmaven_events.schemas.report import IncidentReport

_SPACE = UUID("5f0b2f8e-3c8e-5c57-9d6e-0d9f5f7f7b11")
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_KEY = hashlib.sha256(b"bench").digest()


def prepare(name: str, data: bytes, now: datetime) -> tuple[Insights, str, dict[str, int]]:
    """Classify, sanitize and analyse one file."""
    classification = classify(data[: 256 * 1024], name)
    text, receipt = redact(data.decode("utf-8", "replace"), key=_KEY, name=name)
    insights = analyse(text.encode(), classification, evidence_id=uuid.uuid5(_SPACE, name), name=name, now=now)
    return insights, text, receipt.counts


def run(question: str, evidence: Mapping[str, bytes], now: datetime = _NOW) -> IncidentReport:
    """Return the offline report of one incident."""
    prepared = [prepare(name, data, now) for name, data in sorted(evidence.items())]
    redactions: Counter[str] = Counter()
    for _, _, counts in prepared:
        redactions.update(counts)
    asked, receipt = redact(question, key=_KEY)
    redactions.update(receipt.counts)
    context = Context(
        job_id=uuid.uuid5(_SPACE, question),
        tenant="bench",
        correlation_id="bench",
        created_at=now,
        redactions=dict(redactions),
        texts={insights.evidence_id: text for insights, text, _ in prepared},
        digests={insights.file: hashlib.sha256(text.encode()).hexdigest() for insights, text, _ in prepared},
    )
    return reason(merge(asked, [insights for insights, _, _ in prepared]), SearchResult(model="none"), context)
