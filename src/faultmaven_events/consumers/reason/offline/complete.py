"""The last strokes of a report: what is known of each line, what speaks for no hypothesis in particular, the aftermath, its lineage."""

from typing import Final

from faultmaven_events.consumers.reason.offline.aftermath import aftermath
from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.hypotheses import Worded
from faultmaven_events.schemas.insight import Template
from faultmaven_events.schemas.report import Evidence, Hypothesis, IncidentReport

_NEUTRAL: Final = 10


def complete(report: IncidentReport, case: Case, top: Worded | None) -> IncidentReport:
    """Return the report with everything filled in that follows from the rest of it and from the case. `top` is None where all is well."""
    first = {(f.file, t.first_line): t for f in case.files for t in f.templates}
    evidence = tuple(_dated(e, case, first.get((e.citation.file, e.citation.line_start))) for e in report.evidence)
    side = f"the cause is one of {top.candidate.category.replace('_', ' ')}" if top else ""
    root = report.root_cause.model_copy(update={"app_or_infra_reason": side}) if report.root_cause else None
    return report.model_copy(
        update={
            "evidence": evidence,
            "hypotheses": _weighed(report),
            "root_cause": root,
            "aftermath": aftermath(case, top, report),
            "provenance": {**report.provenance, "lineage": f"/api/v1/jobs/{report.job_id}/lineage"},
        }
    )


def _dated(evidence: Evidence, case: Case, template: Template | None) -> Evidence:
    page = case.pages.get(evidence.citation.file)
    known: dict[str, object] = {"at": page.at(evidence.citation.line_start) if page else None}
    if template:
        known |= {"template_id": template.id, "count": template.count}
    return evidence.model_copy(update=known)


def _weighed(report: IncidentReport) -> tuple[Hypothesis, ...]:
    """Hypotheses with the evidence that neither they nor any other stands on: what users felt, what was set aside."""
    used = {ref for h in report.hypotheses for ref in (*h.supports, *h.refutes)}
    neutral = tuple(e.evidence_id for e in report.evidence if e.evidence_id not in used)[:_NEUTRAL]
    return tuple(h.model_copy(update={"neutral": neutral}) for h in report.hypotheses)
