"""Markdown and the short summary, from the report's fields only."""

from faultmaven_events.schemas.insight import Citation
from faultmaven_events.schemas.report import Hypothesis, IncidentReport

SUMMARY_LINES = 8


def markdown(report: IncidentReport) -> str:
    """The report as Markdown."""
    parts = [
        f"# {report.headline}",
        f"**Verdict: {report.verdict}** · confidence {report.confidence.score:.2f} ({report.confidence.band}) · reasoner {report.reasoner}",
        f"> {report.question}" if report.question else "",
        _scope(report),
        _timeline(report),
        _hypotheses(report),
        _recommendations(report),
        _gaps(report),
        _knowledge(report),
        _notes(report),
    ]
    return "\n\n".join(p for p in parts if p) + "\n"


def _code(text: str) -> str:
    text = text.replace("`", "'").replace("\n", " ").strip()
    return f"`{text[:240]}`"


def _where(citation: Citation) -> str:
    end = f"-{citation.line_end}" if citation.line_end != citation.line_start else ""
    return f"{citation.file}:{citation.line_start}{end}"


def _scope(report: IncidentReport) -> str:
    p, b = report.problem_statement, report.blast_radius
    lines = ["## Blast radius", f"- Symptom: {p.symptom}"]
    if p.first_seen:
        going = (
            "still going on at the end of the evidence" if p.ongoing else f"until {p.last_seen:%Y-%m-%dT%H:%M:%SZ}" if p.last_seen else ""
        )
        lines.append(f"- Felt from {p.first_seen:%Y-%m-%dT%H:%M:%SZ}, {going} · {p.severity} ({p.severity_basis})")
    if b.affected:
        lines.append("- Affected: " + ", ".join(f"{name} ({count} errors)" for name, count in b.affected.items()))
    if b.unaffected:
        lines.append("- Not affected: " + ", ".join(b.unaffected))
    if len(b.dependency_path) > 1:
        lines.append("- Path: " + " → ".join(b.dependency_path))
    return "\n".join(lines)


def _timeline(report: IncidentReport) -> str:
    if not report.timeline:
        return ""
    rows = [
        f"- {m.at:%Y-%m-%dT%H:%M:%SZ} **{m.kind.replace('_', ' ')}** {_code(m.text)}"
        + (f" ({', '.join(m.evidence_refs)})" if m.evidence_refs else "")
        + (f" _{m.clock_note}_" if m.clock_note else "")
        for m in report.timeline
    ]
    return "## Timeline (UTC)\n" + "\n".join(rows)


def _hypotheses(report: IncidentReport) -> str:
    return "\n\n".join(["## Hypotheses", *(_hypothesis(h, n) for n, h in enumerate(report.hypotheses, 1))]) if report.hypotheses else ""


def _hypothesis(h: Hypothesis, place: int) -> str:
    by = "" if h.origin == "offline" else f" · from {h.origin}"
    lines = [f"### {place}. {h.component} · {h.category.replace('_', ' ')} · {h.posterior:.0%}{by}", h.statement]
    lines += [f"- {_where(c)} {_code(c.quote)}" for c in h.citations[:8]]
    if h.why_not:
        lines.append(f"- Why not: {h.why_not}")
    return "\n".join(lines)


def _recommendations(report: IncidentReport) -> str:
    if not report.recommendations:
        return ""
    rows = []
    for r in sorted(report.recommendations, key=lambda r: r.priority):
        rows.append(
            f"- **{r.type}** {r.action}"
            + (f" _Risk: {r.risk}_" if r.risk else "")
            + (f" _Done when: {r.verification}_" if r.verification else "")
        )
        rows += [f"    - {_code(c)}" for c in r.commands]
    return "## Recommendations\n" + "\n".join(rows)


def _gaps(report: IncidentReport) -> str:
    rows = [f"- {g.what}: {g.why}. {_code(g.how)}" for g in report.missing_evidence]
    rows += [f"- Could not be used: {m.name or 'a piece of evidence'}, job {m.job_id} ({m.reason})" for m in report.failed_evidence]
    return "## What is missing, and the next check\n" + "\n".join(rows) if rows else ""


def _knowledge(report: IncidentReport) -> str:
    rows = [
        f"- {k.document}{f' · {k.heading}' if k.heading else ''} ({k.collection}, {k.score:.2f}): {k.quote[:300].replace(chr(10), ' ')}"
        for k in report.knowledge_refs
    ]
    return "## From the knowledge base\n" + "\n".join(rows) if rows else ""


def _notes(report: IncidentReport) -> str:
    rows = [
        f"- {n}"
        for n in (
            *report.security_notes,
            *report.limitations,
            *report.degraded,
            *(f"Assumed: {a}" for a in report.assumptions),
            *report.truncated,
        )
    ]
    rows.append(f"- Confidence: {report.confidence.basis}")
    good = sum(1 for e in report.evidence if e.integrity == "verified")
    rows.append(f"- {len(report.evidence)} citations, {good} verified · digest {report.digest[:16]}")
    return "## Notes\n" + "\n".join(rows)


def summary(report: IncidentReport) -> str:
    """At most 8 lines for a person in a hurry."""
    p = report.problem_statement
    lines = [f"{report.verdict.upper()}: {report.headline}"]
    lines.append(f"Confidence {report.confidence.score:.2f} ({report.confidence.basis}).")
    if p.first_seen:
        lines.append(f"Felt from {p.first_seen:%Y-%m-%dT%H:%M:%SZ}{' and still going on' if p.ongoing else ''}: {p.symptom}")
    if report.hypotheses and report.hypotheses[0].citations:
        c = report.hypotheses[0].citations[0]
        lines.append(f"Evidence: {_where(c)} {c.quote.strip()[:160]}")
    if len(report.hypotheses) > 1:
        other = report.hypotheses[1]
        lines.append(f"Instead of: {other.statement[:140]} - {other.why_not}")
    now = next((r for r in sorted(report.recommendations, key=lambda r: r.priority)), None)
    if now:
        lines.append(f"Do now: {now.action}")
    if report.missing_evidence:
        lines.append(f"Check: {report.missing_evidence[0].how}")
    return "\n".join(" ".join(line.split()) for line in lines[:SUMMARY_LINES])
