"""A report as the reasoner writes it, small, and the text that it cites."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from faultmaven_events.schemas.insight import Citation
from faultmaven_events.schemas.report import (
    BlastRadius,
    Claim,
    Confidence,
    Evidence,
    Gap,
    Hypothesis,
    IncidentReport,
    Link,
    Moment,
    ProblemStatement,
    Recommendation,
    RootCause,
)

BEGIN = datetime(2026, 3, 4, 10, 1, tzinfo=UTC)
JOB, LOG, DIFF = UUID(int=1), UUID(int=11), UUID(int=12)
SPACE = UUID(int=99)
TEXTS = {
    LOG: "10:00:59 ok\n"
    "10:01:03 ERROR payments-api: connection pool exhausted (max 2, waiting 17)\n"
    "10:01:09 ERROR payments-api: no connection within 3000 ms\n",
    DIFF: "2026-03-04T10:01:00Z deploy payments-api 7.4.0: max_connections 40 -> 2\n",
}
_NAMES = {LOG: "payments-api.log", DIFF: "changes.log"}


def cited(id: str, evidence: UUID, line: int) -> Evidence:
    """A line of the texts as evidence."""
    quote = TEXTS[evidence].split("\n")[line - 1]
    citation = Citation(
        evidence_id=evidence,
        file=_NAMES[evidence],
        line_start=line,
        line_end=line,
        quote=quote,
        quote_sha256=hashlib.sha256(quote.encode()).hexdigest(),
    )
    return Evidence(evidence_id=id, type="log", citation=citation, integrity="verified")


def report(**changed: Any) -> IncidentReport:
    """A confirmed report about an exhausted pool."""
    change, first, second = cited("E1", DIFF, 1), cited("E2", LOG, 2), cited("E3", LOG, 3)
    pool = Hypothesis(
        id="H1",
        statement="The connection pool of payments-api is exhausted: max_connections went from 40 to 2.",
        component="payments-api",
        category="config",
        onset=BEGIN,
        citations=(change.citation, first.citation),
        supports=("E1", "E2"),
        prior=0.3,
        posterior=0.91,
        status="validated",
    )
    slow = Hypothesis(
        id="H2",
        statement="postgresql answers slowly.",
        component="postgresql",
        category="dependency",
        supports=("E3",),
        prior=0.1,
        posterior=0.06,
        why_not="no query of it took longer than before",
    )
    base: dict[str, Any] = {
        "job_id": JOB,
        "tenant_id": "t1",
        "correlation_id": "c1",
        "created_at": BEGIN + timedelta(hours=1),
        "pipeline_version": "0",
        "reasoner": "offline",
        "digest": "d" * 64,
        "question": "Why do payments fail?",
        "verdict": "confirmed",
        "headline": "The connection pool of payments-api is exhausted.",
        "problem_statement": ProblemStatement(
            symptom="POST /payments: 120 of 400 answers are 503",
            expected="0 % of requests fail",
            observed="120 of 400 answers are 503",
            first_seen=BEGIN + timedelta(seconds=3),
            last_seen=BEGIN + timedelta(minutes=9),
            last_known_good=BEGIN - timedelta(seconds=1),
            ongoing=True,
            severity="SEV2",
            severity_basis="30 % of requests",
        ),
        "blast_radius": BlastRadius(affected={"payments-api": 120}, unaffected=("nginx",), summary="payments fail", confidence="high"),
        "timeline": (
            Moment(at=BEGIN, kind="change", text="deploy payments-api 7.4.0: max_connections 40 -> 2", evidence_refs=("E1",)),
            Moment(at=BEGIN + timedelta(seconds=3), kind="symptom", text="connection pool exhausted", evidence_refs=("E2",)),
        ),
        "trigger": "2026-03-04T10:01:00Z deploy payments-api 7.4.0: max_connections 40 -> 2",
        "evidence": (change, first, second),
        "hypotheses": (pool, slow),
        "root_cause": RootCause(
            hypothesis_id="H1",
            statement=pool.statement,
            component="payments-api",
            reason="pool used up",
            onset_time=BEGIN,
            mechanism="Requests wait for a connection until they time out.",
            causal_chain=(Link(cause="the pool is small", effect="requests wait", evidence_refs=("E2",)),),
        ),
        "confidence": Confidence(
            score=0.91,
            band="high",
            basis="2 independent files speak for it",
            independent_evidence=2,
            contradictions=0,
            coverage=0.9,
            margin=0.85,
        ),
        "claims": (
            Claim(
                text="payments-api.log: connection pool exhausted (max 2, waiting 17)", kind="fact", evidence_refs=("E2",), verified=True
            ),
            Claim(text="Not the cause: nginx restarts - they happen every night", kind="inference", evidence_refs=("E3",), verified=True),
        ),
        "missing_evidence": (Gap(what="Database metrics", why="they would rule postgresql out", how="SELECT * FROM pg_stat_activity"),),
        "recommendations": (
            Recommendation(
                type="mitigate",
                action="Set max_connections back to 40.",
                commands=("kubectl rollout undo deployment/payments-api",),
                hypothesis_id="H1",
                risk="Requests in flight are cut off.",
                rollback="kubectl rollout undo once more",
                verification="no pool errors for ten minutes",
                priority=1,
            ),
            Recommendation(type="prevent", action="Alert on the share of connections in use.", priority=4),
        ),
        "summary": "CONFIRMED: the pool is exhausted",
    }
    return IncidentReport.model_validate(base | changed)


def numbered(n: int) -> UUID:
    """The n-th job of a chain."""
    return uuid5(SPACE, str(n))
