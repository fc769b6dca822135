"""The incident report, version 1: what the reason stage answers. Every text has a machine twin; Markdown is rendered from it."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from faultmaven_events.schemas.aftermath import Aftermath
from faultmaven_events.schemas.conversation import Answer, Conversation
from faultmaven_events.schemas.cost import Cost, ToolCall
from faultmaven_events.schemas.insight import Citation
from faultmaven_events.schemas.model import Model
from faultmaven_events.schemas.question import Missing, Verdict

Category = Literal[
    "config",
    "code",
    "resource_exhaustion",
    "dependency",
    "network",
    "data",
    "infrastructure",
    "capacity",
    "security",
    "human",
    "external",
    "unknown",
]
Severity = Literal["SEV1", "SEV2", "SEV3", "SEV4", "none"]
Band = Literal["high", "medium", "low"]
Effort = Literal["minutes", "hours", "days"]


class Evidence(Model):
    """A citation under a name that the report's other parts refer to."""

    evidence_id: str = Field(description="`E1`, `E2` ... in this report")
    type: Literal["log", "metric", "config", "document", "trace", "tool", "user_statement", "other"]
    citation: Citation
    fact: str | None = Field(default=None, description="What it shows")
    integrity: Literal["verified", "unverified"] = "unverified"
    at: datetime | None = Field(default=None, description="Time of the first cited line, where it has one")
    template_id: str | None = Field(default=None, description="Its message's template, where the cited line is the template's first")
    count: int | None = Field(default=None, description="How often that message occurs in its file")
    collected_by: str | None = Field(default=None, description="Where not by whoever handed the file in: the tool call that brought it")


class ProblemStatement(Model):
    """What is wrong, seen from outside."""

    symptom: str
    expected: str | None = None
    observed: str | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    last_known_good: datetime | None = None
    ongoing: bool | None = None
    severity: Severity = "none"
    severity_basis: str = ""
    impact: Band | None = Field(default=None, description="How much is affected, by the severity")
    urgency: Band | None = Field(default=None, description="How soon it gets worse: failing now, slow or piling up, over")
    priority: int | None = Field(default=None, ge=1, le=4, description="Impact x urgency, 1 is the most pressing")


class BlastRadius(Model):
    """What is affected, and what is not."""

    affected: dict[str, int] = Field(default_factory=dict, description="Component to number of failing events")
    unaffected: tuple[str, ...] = ()
    routes: dict[str, int] = Field(default_factory=dict, description="Failing route to number of failing answers, as access logs tell")
    failing_hosts: tuple[str, ...] = Field(default=(), description="Upstream addresses that answered with errors")
    unaffected_hosts: tuple[str, ...] = Field(default=(), description="Upstream addresses of the same evidence without")
    clients: int | None = Field(default=None, description="Client addresses that got failing answers")
    dependency_path: tuple[str, ...] = ()
    summary: str = ""
    confidence: Band = "low"


class Moment(Model):
    """One entry of the timeline."""

    at: datetime
    kind: Literal["change", "first_anomaly", "symptom", "detection", "action", "recovery"]
    text: str
    evidence_refs: tuple[str, ...] = ()
    clock_note: str | None = None
    component: str | None = Field(default=None, description="What it happened to, or who wrote it down")


class Hypothesis(Model):
    """A possible cause. `citations` are the strongest lines for it."""

    id: str
    statement: str = Field(max_length=1200)
    component: str
    category: Category
    onset: datetime | None = None
    citations: tuple[Citation, ...] = ()
    supports: tuple[str, ...] = ()
    refutes: tuple[str, ...] = ()
    neutral: tuple[str, ...] = Field(default=(), description="Evidence of this report that speaks neither for nor against any hypothesis")
    prior: float = Field(ge=0, le=1)
    posterior: float = Field(ge=0, le=1)
    status: Literal["candidate", "validated", "refuted", "inconclusive"] = "candidate"
    validation_method: Literal["empirical", "deductive", "none"] = "none"
    why_not: str | None = Field(default=None, description="Why it loses against the first one")
    mechanism: str | None = None
    origin: str = Field(default="offline", description="`offline`, or the provider and model that added it")


class Link(Model):
    """One step of the causal chain."""

    cause: str
    effect: str
    evidence_refs: tuple[str, ...] = ()
    assumed: bool = False


class RootCause(Model):
    """The accepted hypothesis, spelled out."""

    hypothesis_id: str
    statement: str
    component: str
    reason: str
    onset_time: datetime | None = None
    mechanism: str
    causal_chain: tuple[Link, ...] = ()
    contributing_factors: tuple[str, ...] = ()
    app_or_infra: Literal["application", "infrastructure", "both", "unknown"] = "unknown"
    app_or_infra_reason: str = ""


class Confidence(Model):
    """A score is nothing without its basis."""

    score: float = Field(ge=0, le=1)
    band: Band
    basis: str = Field(min_length=1)
    independent_evidence: int = Field(ge=0)
    contradictions: int = Field(ge=0)
    coverage: float = Field(ge=0, le=1)
    margin: float = Field(ge=0, le=1)
    calibration: str | None = Field(default=None, description="By what the score was calibrated; None: it was not")


class Claim(Model):
    """One sentence of the answer. A fact must have verified evidence."""

    text: str
    kind: Literal["fact", "inference", "assumption"]
    evidence_refs: tuple[str, ...] = ()
    verified: bool = False


class Gap(Model):
    """What is missing, and the cheapest way to get it."""

    what: str
    why: str
    how: str = Field(description="A command or a place to look")


class Recommendation(Model):
    """What to do. Nothing is executed."""

    type: Literal["mitigate", "fix", "prevent", "observe"]
    action: str
    commands: tuple[str, ...] = ()
    hypothesis_id: str | None = None
    expected_effect: str = ""
    risk: str = ""
    rollback: str | None = None
    approval_required: bool = True
    verification: str = ""
    priority: int = Field(default=2, ge=1, le=4)
    owner_role: str = Field(default="", description="Whose work it is, as a role")
    effort: Effort | None = Field(default=None, description="Known only where the whole remedy is a command")


class KnowledgeRef(Model):
    """A passage of a runbook or document that fits."""

    chunk_id: UUID
    document: str
    collection: str
    heading: str | None = None
    score: float
    quote: str = Field(max_length=1200)
    used_for: str = ""


class IncidentReport(Model):
    """The answer."""

    schema_version: Literal[1] = 1
    job_id: UUID
    case_id: str | None = None
    tenant_id: str
    correlation_id: str
    created_at: datetime = Field(description="Time of the question's event, so that a re-run gives the same bytes")
    pipeline_version: str
    reasoner: str = Field(description="`offline`, or provider/model")
    degraded: tuple[str, ...] = Field(default=(), description="Why the answer is less than it could be")
    prompt_version: str | None = Field(default=None, description="Of the prompts, where a model was asked")
    config_version: str | None = Field(default=None, description="Of the configuration of models and budgets, where a model was asked")
    digest: str = Field(description="SHA-256 over question, evidence digests and rule version: equal inputs, equal digest")
    question: str
    verdict: Verdict
    headline: str
    problem_statement: ProblemStatement
    blast_radius: BlastRadius
    timeline: tuple[Moment, ...] = ()
    trigger: str | None = None
    evidence: tuple[Evidence, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()
    root_cause: RootCause | None = None
    confidence: Confidence
    claims: tuple[Claim, ...] = ()
    missing_evidence: tuple[Gap, ...] = ()
    failed_evidence: tuple[Missing, ...] = ()
    assumptions: tuple[str, ...] = ()
    limitations: tuple[str, ...] = ()
    truncated: tuple[str, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    knowledge_refs: tuple[KnowledgeRef, ...] = ()
    redactions: dict[str, int] = Field(default_factory=dict)
    security_notes: tuple[str, ...] = ()
    cost: Cost = Cost()
    tool_calls: tuple[ToolCall, ...] = ()
    answer: Answer | None = Field(default=None, description="For a follow-up question; the rest of the report is then the earlier one's")
    conversation: Conversation | None = None
    aftermath: Aftermath | None = None
    provenance: dict[str, Any] = Field(default_factory=dict)
    summary: str = Field(description="At most 8 lines")
