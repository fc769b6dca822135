"""A post-mortem's draft out of a report: for people to edit. Blameless: components and roles, no persons."""

from typing import Final

from faultmaven_events.reports import html as page
from faultmaven_events.reports import markdown as text
from faultmaven_events.reports.advice import gap
from faultmaven_events.reports.appendix import quotes
from faultmaven_events.reports.document import (
    At,
    Badge,
    Block,
    Bullets,
    Document,
    Item,
    Leaf,
    Paragraph,
    Picture,
    Row,
    Said,
    Section,
    Strong,
    Table,
    counted,
    named,
    refs,
    several,
    tail,
)
from faultmaven_events.reports.plain import span
from faultmaven_events.reports.sections import requests, timeline
from faultmaven_events.schemas.aftermath import Aftermath
from faultmaven_events.schemas.postmortem import PostMortem, Why
from faultmaven_events.schemas.report import IncidentReport, Moment, RootCause

WHYS: Final = 5


def draft(report: IncidentReport) -> PostMortem:
    """Return the draft as values."""
    root, p = report.root_cause, report.problem_statement
    cited = _cited(report.timeline, root)
    return PostMortem(
        job_id=report.job_id,
        case_id=report.case_id,
        created_at=report.created_at,
        title=report.headline,
        summary=report.summary,
        verdict=report.verdict,
        reasoner=report.reasoner,
        severity=p.severity,
        severity_basis=p.severity_basis,
        symptom=p.symptom,
        aftermath=report.aftermath or Aftermath(),
        affected=report.blast_radius.affected,
        clients=report.blast_radius.clients,
        root_cause=root.statement if root else None,
        reason=root.reason if root else None,
        component=root.component if root else None,
        mechanism=root.mechanism if root else None,
        contributing_factors=root.contributing_factors if root else (),
        whys=_whys(root),
        trigger=report.trigger,
        timeline=report.timeline,
        evidence=tuple(e for e in report.evidence if e.evidence_id in cited),
        open_questions=report.missing_evidence,
    )


def postmortem(report: IncidentReport) -> str:
    """Return the draft as Markdown."""
    return markdown(draft(report))


def markdown(found: PostMortem) -> str:
    """Return a draft as Markdown."""
    return text.written(arranged(found))


def html(found: PostMortem) -> str:
    """Return a draft as a page of HTML, under `html.POLICY`."""
    return page.written(arranged(found))


def _whys(root: RootCause | None) -> tuple[Why, ...]:
    """The causal chain read backwards: from what was felt to the cause."""
    links = reversed(root.causal_chain) if root else ()
    whys = [Why(effect=k.effect, cause=k.cause, evidence_refs=k.evidence_refs, assumed=k.assumed) for k in links]
    return tuple(whys[:WHYS])


def _cited(moments: tuple[Moment, ...], root: RootCause | None) -> set[str]:
    found = {ref for moment in moments for ref in moment.evidence_refs}
    return found | {ref for link in (root.causal_chain if root else ()) for ref in link.evidence_refs}


def arranged(found: PostMortem) -> Document:
    """Return a draft as a text."""
    parts = [_summary(found), _impact(found), _cause(found), _detection(found), _timeline(found), *_judged(found), _actions(found)]
    parts += [_list("Lessons", found.aftermath.lessons), _open(found), quotes(found.evidence)]
    lead: list[Leaf] = [Badge("draft", "warn"), " for people to edit and to complete · from job ", Said(str(found.job_id))]
    lead += [" · case ", Said(found.case_id)] if found.case_id else []
    lead += [" · ", Badge(found.severity)] if found.severity != "none" else []
    title = f"{found.component}: {found.reason}" if found.component and found.reason else found.title
    return Document(Said(f"Post-mortem: {title}"), lead, [part for part in parts if part.blocks])


def _summary(found: PostMortem) -> Section:
    after = found.aftermath
    when: list[Leaf] = ["Felt from ", At(after.began_at)] if after.began_at else []
    if after.began_at:
        when += [" until ", At(after.resolved_at), "."] if after.resolved_at else [", without an end in the evidence."]
    by: list[Leaf] = [
        "The verdict on the cause is ",
        Said(found.verdict.replace("_", " ")),
        ", by the reasoner ",
        Said(found.reasoner),
        ".",
    ]
    told = [Paragraph(leaves) for leaves in ([Said(found.title)], when, by) if leaves]
    return Section(["Summary"], told, key=True)


def _impact(found: PostMortem) -> Section:
    after = found.aftermath
    items: list[list[Leaf]] = [[Said(i)] for i in after.impact or (found.symptom,)]
    items += [named("Severity", Said(found.severity), *tail(" (", found.severity_basis, ")"))] if found.severity != "none" else []
    items += [named("Affected, with errors", *counted(found.affected))] if found.affected else []
    items += [named("Clients hit", Said(str(found.clients)))] if found.clients else []
    return Section(["Impact"], [Bullets([Item(i) for i in (*items, *requests(after))])])


def _cause(found: PostMortem) -> Section:
    if found.root_cause is None:
        return Section(["Root cause"], [Paragraph(["Not found, or not sure enough to be named: see the open questions."])])
    blocks: list[Block] = [Paragraph([Said(found.root_cause)])]
    blocks += [Paragraph(named(name, Said(told))) for name, told in (("Mechanism", found.mechanism), ("Trigger", found.trigger)) if told]
    if found.contributing_factors:
        blocks.append(Paragraph(named("Together with", *several(found.contributing_factors))))
    if found.whys:
        blocks.append(Section(["Why, and why again"], [Bullets([Item(_why(w)) for w in found.whys], numbered=True)]))
    return Section(["Root cause"], blocks)


def _why(why: Why) -> list[Leaf]:
    shown: list[Leaf] = [" (assumed)"] if why.assumed else refs(why.evidence_refs)
    return ["Why ", Said(why.effect), "? Because ", Said(why.cause), *shown, "."]


def _detection(found: PostMortem) -> Section:
    after = found.aftermath
    rows: list[Row] = []
    told = (
        ("Cause set in", after.caused_at, None),
        ("First felt", after.began_at, after.latent_s),
        ("Detected", after.detected_at, after.detect_s),
        ("Acknowledged", after.acknowledged_at, None),
        ("Last action before the end", after.mitigated_at, None),
        ("Over", after.resolved_at, after.resolve_s),
    )
    for name, at, since in told:
        when: list[Leaf] = [At(at)] if at else ["not in the evidence"]
        rows.append(Row([[Strong(name)], when, [Said(span(since))] if since is not None else []]))
    heads = ("Moment", "When (UTC)", "After the cause, then after first felt")
    return Section(["Detection and resolution"], [Table("Times of the incident", heads, rows, wordy=False)])


def _timeline(found: PostMortem) -> Section:
    after = found.aftermath
    if not found.timeline:
        return Section(["Timeline (UTC)"], [])
    drawn = Picture(found.timeline, after.began_at, after.resolved_at, after.caused_at)
    return Section(["Timeline (UTC)"], [drawn, timeline(found.timeline)])


def _judged(found: PostMortem) -> list[Section]:
    after = found.aftermath
    lists = (("What went well", after.went_well), ("What went badly", after.went_badly), ("Where we were lucky", after.lucky))
    return [_list(name, values) for name, values in lists]


def _list(name: str, values: tuple[str, ...]) -> Section:
    return Section([name], [Bullets([Item([Said(v)]) for v in values])] if values else [])


def _actions(found: PostMortem) -> Section:
    rows = [
        Row([[Said(a.action)], [Strong(a.type)], [Said(a.owner_role)], [Said(str(a.priority))], [Said(a.due or "")]])
        for a in sorted(found.aftermath.action_items, key=lambda a: a.priority)
    ]
    heads = ("Action", "Type", "Role", "Priority", "Due")
    return Section(["Action items"], [Table("Action items", heads, rows, wordy=False)] if rows else [])


def _open(found: PostMortem) -> Section:
    return Section(["Open questions"], [Bullets([gap(g) for g in found.open_questions])] if found.open_questions else [])
