"""The parts of an incident report that tell what happened, whom it hit, why, and what else it could be."""

from typing import Final

from faultmaven_events.reports.document import (
    At,
    Block,
    Bullets,
    Item,
    Leaf,
    Line,
    Paragraph,
    Picture,
    Row,
    Said,
    Section,
    Strong,
    Table,
    counted,
    more,
    named,
    refs,
    several,
    tail,
)
from faultmaven_events.reports.evidence import lines
from faultmaven_events.reports.plain import span
from faultmaven_events.schemas.aftermath import Aftermath
from faultmaven_events.schemas.report import BlastRadius, Hypothesis, IncidentReport, Moment, ProblemStatement, RootCause

MOST: Final = 100
"""Entries of one list; the rest is in the JSON."""
KINDS: Final = {
    "change": "change",
    "first_anomaly": "first sign",
    "symptom": "felt",
    "detection": "detected",
    "action": "action",
    "recovery": "recovery",
}
_VERBATIM: Final = frozenset({"change", "first_anomaly", "action"})
"""Kinds whose text is a line of evidence rather than a sentence."""


def picture(moments: tuple[Moment, ...], report: IncidentReport) -> Picture:
    """Return the drawing of a timeline."""
    p, root = report.problem_statement, report.root_cause
    return Picture(moments, p.first_seen, p.last_seen, root.onset_time if root else None)


def timeline(moments: tuple[Moment, ...]) -> Table:
    """Return a timeline as a table, numbered as in the drawing."""
    rows = []
    for number, moment in enumerate(moments[:MOST], 1):
        shown = Line(moment.text) if moment.kind in _VERBATIM else Said(moment.text, 400)
        told: list[Leaf] = [shown, *refs(moment.evidence_refs), *tail(" [", moment.clock_note, "]")]
        rows.append(Row([[Said(str(number))], [At(moment.at)], [Strong(KINDS[moment.kind])], told]))
    return Table("Timeline in UTC", ("#", "When", "Kind", "What"), rows)


def happened(report: IncidentReport) -> Section:
    """The timeline as picture and table, and what set it off."""
    if not report.timeline:
        return Section(["Timeline (UTC)"], [])
    trigger: list[Block] = [Paragraph(named("Trigger", Line(report.trigger)))] if report.trigger else []
    left = [Bullets(more(len(report.timeline) - MOST))] if len(report.timeline) > MOST else []
    return Section(["Timeline (UTC)"], [*trigger, picture(report.timeline, report), timeline(report.timeline), *left])


def impact(report: IncidentReport) -> Section:
    """Whom and what it hit, and what it did not."""
    told = [*_problem(report.problem_statement), *_radius(report.blast_radius), *(times(report.aftermath) if report.aftermath else ())]
    return Section(["Blast radius"], [Bullets([Item(each) for each in told])])


def _problem(p: ProblemStatement) -> list[list[Leaf]]:
    found = [named("Symptom", Said(p.symptom))]
    if p.severity != "none":
        pressing = (
            [*tail(", priority ", str(p.priority)), *tail(": impact ", p.impact), *tail(", urgency ", p.urgency)] if p.priority else []
        )
        found.append(named("Severity", Said(p.severity), *tail(" (", p.severity_basis, ")"), *pressing))
    if p.expected:
        found.append(named("Expected", Said(p.expected)))
    if p.last_known_good:
        found.append(named("Last known good", At(p.last_known_good)))
    return found


def _radius(b: BlastRadius) -> list[list[Leaf]]:
    tables = {"Affected, with errors": counted(b.affected), "Failing routes, with answers": counted(b.routes)}
    lists = {"Not affected": b.unaffected, "Failing hosts": b.failing_hosts, "Hosts without errors": b.unaffected_hosts}
    found = [named(name, *told) for name, told in tables.items() if told]
    found += [named("Clients hit", Said(str(b.clients)))] if b.clients else []
    found += [named(name, *several(values)) for name, values in lists.items() if values]
    return [*found, named("Way of the fault", *several(b.dependency_path, " → "))] if len(b.dependency_path) > 1 else found


def times(after: Aftermath) -> list[list[Leaf]]:
    """What the evidence tells of an incident's times and requests; nothing of what it does not tell."""
    found: list[list[Leaf]] = []
    if after.latent_s and after.began_at:
        found.append(named("From cause to first felt", Said(span(after.latent_s))))
    if after.detected_at and after.detect_s is not None:
        found.append(named("Detected", At(after.detected_at), ", ", Said(span(after.detect_s)), " after it was first felt"))
    if after.acknowledged_at:
        found.append(named("Acknowledged", At(after.acknowledged_at)))
    if after.mitigated_at:
        found.append(named("Last action before the end", At(after.mitigated_at)))
    if after.resolved_at and after.resolve_s is not None:
        found.append(named("Over", At(after.resolved_at), ", ", Said(span(after.resolve_s)), " after it was first felt"))
    return [*found, *requests(after)]


def requests(after: Aftermath) -> list[list[Leaf]]:
    """How many requests failed, of how many, and where they were counted."""
    if after.failed_requests is None or not after.total_requests:
        return []
    counted_in: list[Leaf] = [" in ", Line(after.counted_in, 200)] if after.counted_in else []
    return [named("Requests failed", Said(str(after.failed_requests)), " of ", Said(str(after.total_requests)), *counted_in)]


def chain(report: IncidentReport) -> Section:
    """The causal chain from the cause to what was felt."""
    root = report.root_cause
    if root is None:
        return Section(["Why"], [])
    links: list[Block] = [Bullets(_links(root), numbered=True)] if root.causal_chain else []
    if root.contributing_factors:
        links.append(Paragraph(named("Together with", *several(root.contributing_factors))))
    if root.app_or_infra != "unknown":
        links.append(Paragraph(named("Application or infrastructure", Said(root.app_or_infra), *tail(" (", root.app_or_infra_reason, ")"))))
    return Section(["Why"], links)


def _links(root: RootCause) -> list[Item]:
    found = []
    for link in root.causal_chain[:MOST]:
        shown: list[Leaf] = [" (assumed)"] if link.assumed else refs(link.evidence_refs)
        found.append(Item([Said(link.cause), " → ", Said(link.effect), *shown]))
    return found


def hypotheses(report: IncidentReport) -> Section:
    """Everything that was weighed, the likeliest first."""
    return Section(["Hypotheses"], [_hypothesis(report, h, n) for n, h in enumerate(report.hypotheses[:MOST], 1)])


def _hypothesis(report: IncidentReport, h: Hypothesis, place: int) -> Section:
    kind: list[Leaf] = [Said(h.category.replace("_", " ")), " · ", Said(_percent(h.posterior))]
    title: list[Leaf] = [Said(str(place)), ". ", Said(h.component, 120), " · ", *kind]
    status: list[Leaf] = [Said(h.status)]
    if h.validation_method != "none":
        status += [", ", Said(h.validation_method)]
    if h.refutes:
        status += [" · ", *named("Against it", *several(h.refutes))]
    if h.why_not:
        status += [" · ", *named("Why not", Said(h.why_not))]
    cited: list[Block] = [Bullets([Item(leaves) for leaves in lines(report, h.citations[:8])])] if h.citations else []
    by = tail(" · from ", h.origin) if h.origin != "offline" else []
    return Section([*title, *by], [Paragraph([Said(h.statement)]), *cited, Paragraph(named("Status", *status))])


def _percent(share: float) -> str:
    return "below 1%" if share < 0.005 else f"{share:.0%}"
