"""An incident report as people read it: first what a person needs who was just woken up, then everything it rests on."""

from typing import Final

from faultmaven_events.reports.advice import first_steps, gap, knowledge, missing, recommendation, recommendations
from faultmaven_events.reports.appendix import making, notes, quotes, sentences
from faultmaven_events.reports.document import (
    At,
    Badge,
    Block,
    Bullets,
    Document,
    Item,
    Leaf,
    Paragraph,
    Said,
    Section,
    Tone,
    named,
    refs,
    several,
    tail,
)
from faultmaven_events.reports.evidence import lines
from faultmaven_events.reports.sections import chain, happened, hypotheses, impact
from faultmaven_events.schemas.report import IncidentReport

VERDICTS: Final[dict[str, tuple[str, Tone]]] = {
    "confirmed": ("Confirmed", "bad"),
    "likely": ("Likely", "warn"),
    "inconclusive": ("Inconclusive", "warn"),
    "healthy": ("Healthy", "good"),
    "insufficient_evidence": ("Insufficient evidence", "warn"),
}
_TONES: Final[dict[str, Tone]] = {"SEV1": "bad", "SEV2": "bad", "SEV3": "warn", "SEV4": "quiet"}
_LINES: Final = 3
"""Lines of evidence on the first screen, and how many characters of each."""
_LINE: Final = 240


def arranged(report: IncidentReport) -> Document:
    """Return the report as a text."""
    parts = [*_answer(report), _short(report), _now(report)]
    parts += [happened(report), impact(report), chain(report), hypotheses(report), recommendations(report), missing(report)]
    parts += [knowledge(report), notes(report), sentences(report), quotes(report.evidence), making(report)]
    return Document(Said(report.headline), _lead(report), [part for part in parts if part.blocks])


def _lead(report: IncidentReport) -> list[Leaf]:
    p, sure = report.problem_statement, report.confidence
    found: list[Leaf] = [Badge(*VERDICTS[report.verdict])]
    if p.severity != "none":
        found += [" · ", Badge(p.severity, _TONES[p.severity])]
        found += [" · ", Badge(f"P{p.priority}")] if p.priority else []
        found += [" · ", Badge("still going on", "bad") if p.ongoing else Badge("over", "good")] if p.ongoing is not None else []
    found += [" · confidence ", Said(f"{sure.score:.2f}", strong=True), " (", Said(sure.band), ") · reasoner ", Said(report.reasoner)]
    return found


def _answer(report: IncidentReport) -> list[Section]:
    """The answer to a follow-up question, above the report that it is about."""
    told = report.answer
    if told is None:
        return []
    said: list[Block] = [Paragraph([Said(part)]) for part in told.text.split("\n") if part.strip()]
    about: list[Leaf] = [" out of the facts of the report of job ", Said(str(told.follows)), *refs(told.evidence_refs)]
    return [Section(["Answer"], [*said, Paragraph(["Answered by ", Said(told.answered_by), *about])], key=True)]


def _short(report: IncidentReport) -> Section:
    asked: list[Block] = [Paragraph(named("Asked", Said(report.question, 400)))] if report.question else []
    items = [*_cause(report), _since(report), _sure(report), *_shown(report), *_aside(report), *_instead(report)]
    return Section(["In short"], [*asked, Bullets(items)], key=True)


def _cause(report: IncidentReport) -> list[Item]:
    root = report.root_cause
    if root is None:
        return []
    since: list[Leaf] = [", since ", At(root.onset_time)] if root.onset_time else []
    return [Item(named("Cause", Said(root.component, strong=True), ": ", Said(root.reason), *since, ". ", Said(root.mechanism)))]


def _since(report: IncidentReport) -> Item:
    p = report.problem_statement
    when: list[Leaf] = ["felt from ", At(p.first_seen)] if p.first_seen else []
    if p.first_seen and p.ongoing:
        when.append(", still going on at the end of the evidence")
        when += [" (", At(p.last_seen), ")"] if p.last_seen else []
    elif p.first_seen and p.last_seen:
        when += [" until ", At(p.last_seen)]
    seen = tail(" Seen: ", p.observed) if p.severity == "none" else []
    when += [": "] if when else []
    return Item(named("Impact", *when, Said(p.symptom), *seen))


def _sure(report: IncidentReport) -> Item:
    less: list[Leaf] = ["; less than it could be: ", *several(report.degraded, "; ")] if report.degraded else []
    return Item(named("How sure", Said(f"{report.confidence.score:.2f}"), ": ", Said(report.confidence.basis), *less))


def _shown(report: IncidentReport) -> list[Item]:
    """The strongest lines, one of a file: two of the same log mostly say the same."""
    cited = report.hypotheses[0].citations if report.hypotheses else ()
    first = {c.file: c for c in reversed(cited)}
    kept = [c for c in cited if first[c.file] is c][: 1 if report.verdict == "healthy" else _LINES]
    return [Item(named("Evidence", *line)) for line in lines(report, kept, _LINE)]


def _aside(report: IncidentReport) -> list[Item]:
    """Where all is well: what is loud, and why it is not the reason to worry."""
    if report.verdict != "healthy":
        return []
    loud = [c for c in report.claims if c.kind == "inference"][:_LINES]
    return [Item(named("Loud", Said(c.text, 300), *refs(c.evidence_refs))) for c in loud]


def _instead(report: IncidentReport) -> list[Item]:
    second = report.hypotheses[1] if len(report.hypotheses) > 1 else None
    if second is None or not second.why_not:
        return []
    return [Item(named("Rather than", Said(second.statement, 160), " - ", Said(second.why_not)))]


def _now(report: IncidentReport) -> Section:
    """What to do; while the cause is not confirmed, the check that would tell, first."""
    if report.verdict == "healthy":
        return Section(["Do now"], [Paragraph(["Nothing: users are served as before."])], key=True)
    steps = [recommendation(r) for r in first_steps(report)]
    name = "To make sure" if report.verdict == "confirmed" else "First make sure"
    check = [gap(g, *named(name)) for g in report.missing_evidence[:1]]
    unsure = report.verdict in {"inconclusive", "insufficient_evidence"}
    items = [*check, *steps] if unsure else [*steps, *check]
    return Section(["Do now"], [Bullets(items)] if items else [], key=True)
