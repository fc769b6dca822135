"""What the tests of this folder share: analysing a text, and checking that every citation is true."""

import hashlib
from collections.abc import Callable
from uuid import UUID

from faultmaven_events.schemas.evidence import Classification, EvidenceType
from faultmaven_events.schemas.insight import Fact, Insights

EVIDENCE = UUID("00000000-0000-0000-0000-000000000001")


def classified(type: EvidenceType, format: str) -> Classification:
    return Classification(type=type, format=format, confidence=1.0, reason="given by the test")


def analysed(analyse: Callable[..., Insights], text: str, name: str, type: EvidenceType, format: str = "text") -> Insights:
    insights = analyse(text, evidence_id=EVIDENCE, name=name, classification=classified(type, format))
    assert_true_citations(insights, text)
    assert Insights.model_validate_json(insights.model_dump_json()) == insights
    return insights


def assert_true_citations(insights: Insights, text: str) -> None:
    lines = text.split("\n")
    for fact in insights.facts:
        for citation in fact.citations:
            cited = lines[citation.line_start - 1 : citation.line_end]
            assert len(cited) == citation.line_end - citation.line_start + 1
            assert citation.quote_sha256 == hashlib.sha256("\n".join(cited).encode()).hexdigest()
            assert citation.quote == cited[0].rstrip("\r")[:600]


def of_kind(insights: Insights, kind: str) -> list[Fact]:
    return [fact for fact in insights.facts if fact.kind == kind]
