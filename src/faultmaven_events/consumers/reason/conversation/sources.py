"""What the report rests on and what it lacks: lines, things it names, gaps, runbooks; and all of it in short."""

from collections.abc import Iterator, Sequence

from faultmaven_events.consumers.reason.conversation.saying import Said, clock, cut, leading, lines_about, place, quoted, say, verified
from faultmaven_events.consumers.reason.conversation.words import mentions
from faultmaven_events.schemas.report import IncidentReport

LINES = 8
NAMED = 6


def lines(report: IncidentReport, subject: Sequence[str]) -> Iterator[Said]:
    """The lines that it rests on, or those about what is asked for; their quotes follow the answer."""
    good = verified(report)
    wanted = [ref for ref in (lines_about(report, subject, LINES) if subject else ()) if ref in good]
    refs = wanted or [ref for ref in (*leading(report), *good) if ref in good]
    chosen = tuple(dict.fromkeys(refs))[:LINES]
    if not chosen:
        yield say("The report cites no line that could be read again.")
        return
    about = f" about {', '.join(subject)}" if wanted else ""
    yield say(f"{len(chosen)} of {len(good)} verified places{about}, the strongest first:", chosen)
    for ref in chosen:
        one = good[ref]
        yield say(f"{place(one)}: {quoted(one.citation.quote, 300)}" + (f" ({one.fact})" if one.fact else ""), (ref,))


def missing(report: IncidentReport) -> Iterator[Said]:
    """What is missing, and the cheapest way to get it."""
    yield from (say(f"{gap.what}: {gap.why}. To get it: {gap.how}") for gap in report.missing_evidence[:LINES])
    yield from (say(f"Handed in, but not usable: {one.name or one.job_id} ({one.reason}).") for one in report.failed_evidence[:LINES])
    yield from (say(f"Left out: {text}") for text in report.truncated[:3])
    if not report.missing_evidence and not report.failed_evidence:
        yield say("The report misses nothing that it knows of.")


def runbook(report: IncidentReport) -> Iterator[Said]:
    """What the knowledge base has about it."""
    if not report.knowledge_refs:
        yield say("The knowledge base had nothing that fits.")
    for one in report.knowledge_refs[:3]:
        heading = f", {one.heading}" if one.heading else ""
        yield say(f"{one.document}{heading} ({one.collection}): {cut(one.quote, 400)}")


def component(report: IncidentReport, subject: Sequence[str]) -> Iterator[Said]:
    """What the report says of something that it knows."""
    b, named = report.blast_radius, subject
    for name, count in b.affected.items():
        if mentions(name, named):
            yield say(f"{name} is affected: {count} errors.")
    yield from (say(f"{name} is not affected.") for name in b.unaffected if mentions(name, named))
    if len(b.dependency_path) > 1 and any(mentions(name, named) for name in b.dependency_path):
        yield say(f"It lies on the path {' -> '.join(b.dependency_path)}.")
    for one in report.hypotheses[:NAMED]:
        if mentions(f"{one.component} {one.statement}", named):
            why = f" Why not first: {one.why_not}" if one.why_not else ""
            yield say(f"{one.id} ({one.posterior:.0%}): {cut(one.statement, 300)}{why}", one.supports[:3])
    for moment in [one for one in report.timeline if mentions(one.text, named)][:NAMED]:
        yield say(f"{clock(moment.at)} {moment.kind.replace('_', ' ')}: {moment.text}", moment.evidence_refs)
    refs = lines_about(report, named, NAMED)
    if refs:
        yield say(f"Lines about {', '.join(named)}:", refs)


def summary(report: IncidentReport, subject: Sequence[str]) -> Iterator[Said]:
    """All of it in short."""
    p, c = report.problem_statement, report.confidence
    yield say(report.headline, leading(report)[:3])
    yield say(f"Verdict {report.verdict}, confidence {c.score:.2f}: {c.basis}.")
    if p.first_seen:
        going = " and still going on at the end of the evidence" if p.ongoing else f" until {clock(p.last_seen)}" if p.last_seen else ""
        yield say(f"Felt from {clock(p.first_seen)}{going}: {p.symptom}")
    if report.blast_radius.affected:
        yield say(f"Affected: {', '.join(list(report.blast_radius.affected)[:10])}.")
    if len(report.hypotheses) > 1:
        one = report.hypotheses[1]
        yield say(f"Instead of: {cut(one.statement, 200)} Why not: {one.why_not or 'it fits less well'}")
    for remedy in sorted(report.recommendations, key=lambda each: each.priority)[:2]:
        yield say(f"{remedy.type.capitalize()}: {remedy.action}")
    yield from component(report, subject) if subject else ()
