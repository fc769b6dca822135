"""When: the onset, the order of events, and whether it is over."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from faultmaven_events.consumers.reason.conversation.saying import Said, clock, leading, say
from faultmaven_events.consumers.reason.conversation.words import mentions
from faultmaven_events.schemas.report import IncidentReport, Moment

MOMENTS = 12


def when(report: IncidentReport, subject: Sequence[str]) -> Iterator[Said]:
    """When it began, by the cause and by what was felt, and what came first."""
    p, first = report.problem_statement, report.hypotheses[0] if report.hypotheses else None
    if subject:
        for moment in [one for one in report.timeline if mentions(one.text, subject)][:4]:
            yield _moment(moment)
    onset = report.root_cause.onset_time if report.root_cause else first.onset if first and report.verdict != "healthy" else None
    if onset:
        yield say(f"The cause began at {clock(onset)}.", _refs(report, onset) or leading(report)[:2])
    if p.first_seen:
        good = f"; the last good moment in the evidence is {clock(p.last_known_good)}" if p.last_known_good else ""
        yield say(f"It was felt from {clock(p.first_seen)}{good}.", _refs(report, p.first_seen))
    if not onset and not p.first_seen:
        yield say("The report holds no onset: no time in the evidence at which something begins to go wrong.")
        return
    if not subject:
        yield from (_moment(one) for one in report.timeline[:4])


def _refs(report: IncidentReport, at: datetime) -> tuple[str, ...]:
    return tuple(ref for moment in report.timeline if moment.at == at for ref in moment.evidence_refs)[:4]


def _moment(moment: Moment) -> Said:
    note = f" ({moment.clock_note})" if moment.clock_note else ""
    return say(f"{clock(moment.at)} {moment.kind.replace('_', ' ')}: {moment.text}{note}", moment.evidence_refs)


def timeline(report: IncidentReport) -> Iterator[Said]:
    """What happened, in order."""
    if not report.timeline:
        yield say("The report has no timeline: no line with a time tells of the incident.")
    yield from (_moment(one) for one in report.timeline[:MOMENTS])
    if len(report.timeline) > MOMENTS:
        yield say(f"{len(report.timeline) - MOMENTS} later entries stand in the report's timeline.")


def detected(report: IncidentReport) -> Iterator[Said]:
    """When it was noticed, and how long that and its end took."""
    a = report.aftermath
    if a is None or (a.detected_at is None and a.acknowledged_at is None):
        yield say("The evidence holds no alert, so it does not say when it was noticed.")
    if a is None:
        return
    if a.detected_at:
        took = f", {_span(round(a.detect_s))} after it began" if a.detect_s is not None else ""
        yield say(f"The first alert in the evidence is of {clock(a.detected_at)}{took}.", _refs(report, a.detected_at))
    if a.acknowledged_at:
        yield say(f"It was acknowledged at {clock(a.acknowledged_at)}.", _refs(report, a.acknowledged_at))
    if a.resolve_s is not None:
        yield say(f"From its begin to the end of its impact it took {_span(round(a.resolve_s))}.")
    if a.latent_s:
        yield say(f"Its cause was there {_span(round(a.latent_s))} before anybody felt it.")


def over(report: IncidentReport) -> Iterator[Said]:
    """Whether it is over, as far as the evidence goes; and how long it took."""
    p = report.problem_statement
    ends = [one for one in report.timeline if one.kind == "recovery"]
    if report.verdict == "healthy":
        yield say(report.headline, leading(report))
        return
    if p.ongoing:
        last = f" ({clock(p.last_seen)})" if p.last_seen else ""
        yield say(f"At the end of the evidence{last} it was still going on. What came after, the evidence does not say.")
    elif p.ongoing is False and p.last_seen:
        yield say(f"In the evidence it ends at {clock(p.last_seen)}.", _refs(report, p.last_seen))
    else:
        yield say("The evidence does not say whether it is over.")
    yield from (_moment(one) for one in ends[:3])
    if p.first_seen and p.last_seen:
        seconds = round((p.last_seen - p.first_seen).total_seconds())
        yield say(f"From {clock(p.first_seen)} to {clock(p.last_seen)} are {_span(seconds)}.")
    for one in report.recommendations[:1]:
        if one.verification:
            yield say(f"It is over when: {one.verification}")


def _span(seconds: int) -> str:
    hours, rest = divmod(max(0, seconds), 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
    return " ".join(f"{value} {unit}" for value, unit in parts if value) or "0 s"
