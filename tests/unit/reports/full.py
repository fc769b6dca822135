"""A report in which every part is filled, and the same with other words in it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args
from uuid import UUID

from faultmaven_events.reports.renamed import renamed
from faultmaven_events.schemas import report as schema
from faultmaven_events.schemas.aftermath import ActionItem, Aftermath
from faultmaven_events.schemas.conversation import Answer, Conversation
from faultmaven_events.schemas.cost import Cost, ToolCall
from faultmaven_events.schemas.insight import Citation
from faultmaven_events.schemas.question import Missing
from faultmaven_events.schemas.report import (
    BlastRadius,
    Claim,
    Confidence,
    Evidence,
    Gap,
    Hypothesis,
    IncidentReport,
    KnowledgeRef,
    Link,
    Moment,
    ProblemStatement,
    Recommendation,
    RootCause,
)

JOB = UUID("01972c3e-8f1a-7c55-9d3a-4f0f6a1b2c3d")
FILE = UUID("01972c3e-8f19-7b01-8a52-0d9be1f4a6c7")
NOON = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def citation(line: int, quote: str, file: str = "app.log", end: int | None = None) -> Citation:
    return Citation(evidence_id=FILE, file=file, line_start=line, line_end=end or line, quote=quote, quote_sha256="0" * 64)


CHANGE = citation(1, "12:00:00 pool.max changed from 50 to 5", "deploy.log")
ERROR = citation(70, "12:01:10 ERROR  pool exhausted after 3000 ms", end=71)
FULL = IncidentReport(
    job_id=JOB,
    case_id="INC-7",
    tenant_id="acme",
    correlation_id="corr-1",
    created_at=at(600),
    pipeline_version="1.2.3",
    reasoner="openai/small-1",
    degraded=("the first provider timed out",),
    prompt_version="prompts-4",
    config_version="config-9",
    digest="ab" * 32,
    question="Why do orders fail?",
    verdict="confirmed",
    headline="order-api has too small a pool since pool.max went from 50 to 5.",
    problem_statement=ProblemStatement(
        symptom="POST /orders fails",
        expected="0.1% failing",
        observed="97% failing",
        first_seen=at(70),
        last_seen=at(400),
        last_known_good=at(69),
        ongoing=False,
        severity="SEV1",
        severity_basis="errors: 97% of requests",
        impact="high",
        urgency="low",
        priority=3,
    ),
    blast_radius=BlastRadius(
        affected={"order-api": 354, "billing": 11},
        unaffected=("nginx", "redis"),
        routes={"POST /orders": 300},
        failing_hosts=("10.0.0.1:80",),
        unaffected_hosts=("10.0.0.2:80",),
        clients=29,
        dependency_path=("nginx", "order-api"),
        summary="order-api affected",
        confidence="high",
    ),
    timeline=(
        Moment(at=at(0), kind="change", text="pool.max 50 -> 5", evidence_refs=("E1",), component="order-api"),
        Moment(at=at(65), kind="first_anomaly", text="pool_in_use at its limit", evidence_refs=("E2",), clock_note="clock off by 2 s"),
        Moment(at=at(70), kind="symptom", text="POST /orders fails", evidence_refs=("E2",)),
        Moment(at=at(110), kind="detection", text="alert OrdersFailing fired"),
        Moment(at=at(300), kind="action", text="rolled back pool.max"),
        Moment(at=at(400), kind="recovery", text="Over: POST /orders fails"),
    ),
    trigger="pool.max 50 -> 5",
    evidence=(
        Evidence(evidence_id="E1", type="config", citation=CHANGE, fact="change", integrity="verified", at=at(0)),
        Evidence(
            evidence_id="E2",
            type="log",
            citation=ERROR,
            fact="pool exhausted",
            integrity="unverified",
            count=87,
            template_id="T1",
            collected_by="read_lines",
        ),
    ),
    hypotheses=(
        Hypothesis(
            id="H1",
            statement="order-api waits for connections: the pool is too small.",
            component="order-api",
            category="config",
            onset=at(0),
            citations=(CHANGE, ERROR),
            supports=("E1", "E2"),
            prior=0.2,
            posterior=0.93,
            status="validated",
            validation_method="empirical",
            mechanism="requests queue",
        ),
        Hypothesis(
            id="H2",
            statement="the database is slow.",
            component="postgresql",
            category="capacity",
            refutes=("E1",),
            neutral=("E2",),
            prior=0.1,
            posterior=0.003,
            why_not="queries took no longer",
            origin="openai/small-1",
        ),
    ),
    root_cause=RootCause(
        hypothesis_id="H1",
        statement="order-api waits for connections.",
        component="order-api",
        reason="a limit is too low",
        onset_time=at(0),
        mechanism="requests queue for a connection",
        causal_chain=(
            Link(cause="the limit is lowered", effect="the pool is used up", evidence_refs=("E1",)),
            Link(cause="the pool is used up", effect="orders fail", assumed=True),
        ),
        contributing_factors=("connections rises",),
        app_or_infra="both",
        app_or_infra_reason="the cause is one of config",
    ),
    confidence=Confidence(
        score=0.914,
        band="high",
        basis="3 files speak for it",
        independent_evidence=3,
        contradictions=0,
        coverage=0.99,
        margin=0.5,
        calibration="table-2",
    ),
    claims=(
        Claim(text="app.log: pool exhausted after 3000 ms", kind="fact", evidence_refs=("E2",), verified=True),
        Claim(text="the pool is too small", kind="inference", evidence_refs=("E1", "E2")),
        Claim(text="traffic is as usual", kind="assumption"),
    ),
    missing_evidence=(
        Gap(what="pool in use", why="sits at the limit", how="psql -c 'select count(*) from pg_stat_activity'"),
        Gap(what="change records", why="there may be more", how="deployment logs of the last 2 hours"),
    ),
    failed_evidence=(Missing(job_id=FILE, name="dump.bin", reason="unreadable"),),
    assumptions=("traffic is as usual",),
    limitations=("one file has no times",),
    truncated=("app.log: 5 templates",),
    recommendations=(
        Recommendation(
            type="mitigate",
            action="Set the limit back.",
            commands=("kubectl set env deploy/order-api POOL=50", "cat <<'X'\ntwo  lines\nX"),
            risk="none",
            rollback="set it again",
            verification="no error for 5 minutes",
            priority=1,
            owner_role="operators of order-api",
            effort="minutes",
        ),
        Recommendation(type="prevent", action="Alert on the pool.", priority=4),
    ),
    knowledge_refs=(KnowledgeRef(chunk_id=FILE, document="Pools", collection="global", heading="Limits", score=0.81, quote="raise it"),),
    redactions={"EMAIL_ADDRESS": 3},
    security_notes=("3 values were replaced",),
    cost=Cost(tokens_in=900, tokens_out=80, money_usd=0.0123, calls={"openai/small-1": 2}, cache_hits=1, cached_from=FILE),
    tool_calls=(ToolCall(round=1, name="read_lines", arguments={"file": "app.log", "from": 60}, outcome="refused", reason="too many"),),
    answer=Answer(text="Since the change.\nIt is over.", follows=FILE, evidence_refs=("E1",), answered_by="openai/small-1"),
    conversation=Conversation(messages=4, tokens=800, trimmed=2),
    aftermath=Aftermath(
        caused_at=at(0),
        began_at=at(70),
        detected_at=at(110),
        acknowledged_at=at(150),
        mitigated_at=at(300),
        resolved_at=at(400),
        latent_s=70.0,
        detect_s=40.0,
        resolve_s=330.0,
        failed_requests=300,
        total_requests=1150,
        counted_in="clients.csv",
        impact=("POST /orders fails",),
        went_well=("An alert fired 40 s after it began.",),
        went_badly=("No limit was checked.",),
        lucky=("It was night.",),
        lessons=("Limits need a test.",),
        action_items=(ActionItem(action="Test limits", type="prevent", owner_role="operators", due="Friday"),),
    ),
    provenance={"rules": "r-55", "lineage": f"/api/v1/jobs/{JOB}/lineage"},
    summary="CONFIRMED: the pool is too small",
)
BARE = IncidentReport(
    job_id=JOB,
    tenant_id="acme",
    correlation_id="corr-1",
    created_at=NOON,
    pipeline_version="1.2.3",
    reasoner="offline",
    digest="ab" * 32,
    question="",
    verdict="insufficient_evidence",
    headline="The evidence does not show what is wrong.",
    problem_statement=ProblemStatement(symptom="Nothing to see."),
    blast_radius=BlastRadius(),
    confidence=Confidence(score=0.1, band="low", basis="nothing fits", independent_evidence=0, contradictions=0, coverage=0.0, margin=0.0),
    summary="",
)


def _literals(annotation: Any) -> set[str]:
    """Words that a field can only be one of."""
    if getattr(annotation, "__origin__", None) is Literal:
        return {word for word in get_args(annotation) if isinstance(word, str)}
    return set().union(*(_literals(part) for part in get_args(annotation))) if get_args(annotation) else set()


def fixed_words() -> set[str]:
    """Every word that the schema itself gives; all others come from evidence, people or models."""
    models = [m for m in vars(schema).values() if isinstance(m, type) and hasattr(m, "model_fields")]
    return {"offline"}.union(*(_literals(field.annotation) for model in models for field in model.model_fields.values()))


def reworded(word: Callable[[str], str], report: IncidentReport = FULL) -> IncidentReport:
    """The report with every word replaced that does not come from the schema; names of evidence stay."""
    keep = fixed_words() | {e.evidence_id for e in report.evidence}
    return renamed(report, lambda text: text if text in keep else word(text))
