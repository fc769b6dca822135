"""Who and how much: what is affected, what is not, and the figures of it."""

from collections.abc import Iterator

from faultmaven_events.consumers.reason.conversation.saying import Said, say
from faultmaven_events.schemas.report import IncidentReport


def affected(report: IncidentReport) -> Iterator[Said]:
    """What is affected and what is not."""
    b, a = report.blast_radius, report.aftermath
    if b.affected:
        yield say(
            "Affected: " + ", ".join(f"{name} ({count} errors)" for name, count in list(b.affected.items())[:20]) + ".", _symptoms(report)
        )
    elif report.verdict == "healthy":
        yield say("Nothing is affected, as far as the evidence shows.")
    else:
        yield say("The evidence names no component with failing events.")
    if b.unaffected:
        yield say(f"Not affected: {', '.join(b.unaffected[:20])}.")
    if b.routes:
        yield say(
            "Failing routes: " + ", ".join(f"{route} ({count})" for route, count in list(b.routes.items())[:8]) + ".", _symptoms(report)
        )
    if b.failing_hosts:
        fine = f"; without errors: {', '.join(b.unaffected_hosts[:8])}" if b.unaffected_hosts else ""
        yield say(f"Addresses that answered with errors: {', '.join(b.failing_hosts[:8])}{fine}.")
    if b.clients is not None:
        yield say(f"Client addresses that got failing answers: {b.clients}.", _symptoms(report))
    if len(b.dependency_path) > 1:
        yield say(f"On the way to it: {' -> '.join(b.dependency_path)}.")
    if a and a.failed_requests is not None:
        of = f" of {a.total_requests}" if a.total_requests else ""
        yield say(f"Requests that failed: {a.failed_requests}{of}.")
    if b.summary:
        yield say(b.summary, _symptoms(report))
    yield say(f"How sure that is: {b.confidence}.")


def rate(report: IncidentReport) -> Iterator[Said]:
    """The figures: severity and its basis, errors, latency."""
    p = report.problem_statement
    if p.severity != "none":
        yield say(f"Severity {p.severity}: {p.severity_basis}.", _symptoms(report))
    if p.observed:
        yield say(f"Observed: {p.observed}.", _symptoms(report))
    if p.expected:
        yield say(f"Expected: {p.expected}.")
    for moment in [one for one in report.timeline if one.kind == "symptom"][:3]:
        if moment.text not in (p.observed or ""):
            yield say(moment.text, moment.evidence_refs)
    if not p.observed and p.severity == "none":
        yield say("The evidence holds no figures of failing requests: neither an access log nor a metric of errors.")


def _symptoms(report: IncidentReport) -> tuple[str, ...]:
    refs = [ref for moment in report.timeline if moment.kind == "symptom" for ref in moment.evidence_refs]
    return tuple(dict.fromkeys(refs))[:3]
