"""Why: the cause, what changed, what else was weighed, and how sure the report is."""

from collections.abc import Iterator, Sequence

from faultmaven_events.consumers.reason.conversation.saying import Said, clock, cut, leading, lines_about, say
from faultmaven_events.consumers.reason.conversation.words import mentions
from faultmaven_events.schemas.report import Hypothesis, IncidentReport

OTHERS = 4
"""Alternatives that are named."""


def cause(report: IncidentReport, subject: Sequence[str]) -> Iterator[Said]:
    """What is the cause, and how it leads to what was seen."""
    if report.verdict in {"healthy", "insufficient_evidence"} or not report.hypotheses:
        yield say(report.headline, leading(report) if report.verdict == "healthy" else ())
        yield from _wanting(report)
        return
    first = report.hypotheses[0]
    yield say(report.headline, first.supports)
    yield from _change(report)
    root = report.root_cause
    if root is None:
        yield from _wanting(report)
        return
    if root.mechanism:
        yield say(f"Mechanism, as it is known of such faults: {root.mechanism}")
    for link in root.causal_chain:
        note = " (assumed: no line shows this step)" if link.assumed else ""
        yield say(f"{link.cause} -> {link.effect}{note}", link.evidence_refs)
    if subject:
        yield from _told_of(report, subject)


def _wanting(report: IncidentReport) -> Iterator[Said]:
    for gap in report.missing_evidence[:2]:
        yield say(f"What would tell: {gap.what} ({gap.why}): {gap.how}")


def _told_of(report: IncidentReport, subject: Sequence[str]) -> Iterator[Said]:
    refs = lines_about(report, subject, 4)
    if refs:
        yield say(f"Lines about {', '.join(subject)}:", refs)


def change(report: IncidentReport) -> Iterator[Said]:
    """What was changed."""
    found = [moment for moment in report.timeline if moment.kind == "change"]
    yield from _change(report)
    for moment in found[:6]:
        if moment.text not in (report.trigger or ""):
            yield say(f"{clock(moment.at)} {moment.text}", moment.evidence_refs)
    for limit in report.limitations:
        if limit.startswith("Not the cause: "):
            yield say(limit)
    if not found and not report.trigger:
        yield say("The evidence holds no change: no deployment, configuration change or job that the report could tie to it.")


def _change(report: IncidentReport) -> Iterator[Said]:
    if report.trigger:
        lines = [one.evidence_id for one in report.evidence if report.trigger in one.citation.quote or one.citation.quote in report.trigger]
        moments = [
            ref for moment in report.timeline if moment.kind == "change" and moment.text in report.trigger for ref in moment.evidence_refs
        ]
        yield say(f"Trigger: {report.trigger}", (*lines[:2], *moments[:2]))


def alternatives(report: IncidentReport) -> Iterator[Said]:
    """What else was weighed, and why it loses."""
    others = report.hypotheses[1:]
    if not others:
        yield say("No other cause was weighed: the evidence shows signs of none.")
    for one in others[:OTHERS]:
        yield _loser(one)
    for claim in report.claims:
        if claim.text.startswith("Not the cause: "):
            yield say(claim.text, claim.evidence_refs)


def _loser(one: Hypothesis) -> Said:
    why = one.why_not or "it fits less well than the first"
    by = "" if one.origin == "offline" else f", added by {one.origin}"
    return say(
        f"{one.id} ({one.component}, {one.posterior:.0%}{by}): {cut(one.statement, 300)} Why not: {why}",
        (*one.supports[:3], *one.refutes[:3]),
    )


def why_not(report: IncidentReport, subject: Sequence[str]) -> Iterator[Said]:
    """Why something named is not the cause, or that it is."""
    named = ", ".join(subject)
    first, *others = report.hypotheses or (None,)
    if first and report.verdict != "healthy" and mentions(f"{first.component} {first.statement}", subject):
        yield say(f"The first hypothesis is about {named}: {cut(first.statement, 400)}", first.supports[:4])
    for one in others:
        if one and mentions(f"{one.component} {one.statement}", subject):
            yield _loser(one)
    for name in report.blast_radius.unaffected:
        if mentions(name, subject):
            yield say(f"{name} is among what shows no errors.")
    for claim in report.claims:
        if claim.text.startswith("Not the cause: ") and mentions(claim.text, subject):
            yield say(claim.text, claim.evidence_refs)
    yield from _told_of(report, subject)


def sure(report: IncidentReport) -> Iterator[Said]:
    """How sure the report is, and on what that rests."""
    c = report.confidence
    yield say(f"Verdict {report.verdict}, confidence {c.score:.2f} ({c.band}): {c.basis}.", leading(report)[:4])
    if len(report.hypotheses) > 1:
        yield say(f"The next cause is {c.margin:.0%} behind: {_loser(report.hypotheses[1]).text}", report.hypotheses[1].supports[:2])
    good = sum(1 for one in report.evidence if one.integrity == "verified")
    read = f"{good} of {len(report.evidence)} cited places were read again and say what is quoted"
    yield say(f"{read}; {c.contradictions} facts speak against the cause.")
    for text in report.assumptions[:4]:
        yield say(f"Assumed, not shown: {text}")
    for gap in report.missing_evidence[:2]:
        yield say(f"It would be surer with {gap.what}: {gap.how}")
