"""The short summary: at most 8 lines for a person in a hurry, plain text from the report's fields."""

from typing import Final

from faultmaven_events.reports.evidence import where
from faultmaven_events.reports.plain import plain, stamp
from faultmaven_events.schemas.report import IncidentReport

LINES: Final = 8


def summary(report: IncidentReport) -> str:
    """Return at most 8 lines."""
    p, lines = report.problem_statement, [f"{report.verdict.upper()}: {report.headline}"]
    lines.append(f"Confidence {report.confidence.score:.2f} ({report.confidence.basis}).")
    if p.first_seen:
        lines.append(f"Felt from {stamp(p.first_seen)}{' and still going on' if p.ongoing else ''}: {p.symptom}")
    if report.hypotheses and report.hypotheses[0].citations:
        c = report.hypotheses[0].citations[0]
        lines.append(f"Evidence: {where(c)} {c.quote.strip()[:160]}")
    if len(report.hypotheses) > 1:
        other = report.hypotheses[1]
        lines.append(f"Instead of: {other.statement[:140]}" + (f" - {other.why_not}" if other.why_not else ""))
    now = next((r for r in sorted(report.recommendations, key=lambda r: r.priority)), None)
    if now:
        lines.append(f"Do now: {now.action}")
    if report.missing_evidence:
        lines.append(f"Check: {report.missing_evidence[0].how}")
    return "\n".join(plain(line) for line in lines[:LINES])
