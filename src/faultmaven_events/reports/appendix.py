"""What a report rests on: notes, sentences by kind, lines of evidence, and how the answer was made."""

from collections.abc import Sequence
from typing import Final

from faultmaven_events.reports.document import (
    At,
    Block,
    Bullets,
    Item,
    Leaf,
    Line,
    Paragraph,
    Row,
    Said,
    Section,
    Strong,
    Table,
    counted,
    joined,
    more,
    named,
    refs,
    tail,
)
from faultmaven_events.reports.evidence import where
from faultmaven_events.schemas.report import Evidence, IncidentReport

MOST: Final = 200
"""Rows of a table; the rest is in the JSON."""
_KINDS: Final = {"fact": "fact", "inference": "inference", "assumption": "assumption"}
_CHECKED: Final = {"verified": "read again, as quoted", "unverified": "not verified"}
_OUTCOMES: Final = {"done": "done", "refused": "refused", "failed": "failed"}


def notes(report: IncidentReport) -> Section:
    """What a reader must know of limits and of privacy."""
    items = [Item([Said(n)]) for n in (*report.security_notes, *report.limitations, *report.truncated)[:MOST]]
    items += [Item(["Assumed: ", Said(a)]) for a in report.assumptions[:MOST]]
    items += [Item(["Degraded: ", Said(d)]) for d in report.degraded[:MOST]]
    return Section(["Notes"], [Bullets(items)] if items else [])


def sentences(report: IncidentReport) -> Section:
    """The sentences of the answer, by what they are."""
    rows = [
        Row([[Strong(_KINDS[c.kind])], [Said(c.text), *refs(c.evidence_refs)], ["verified" if c.verified else "not verified"]])
        for c in report.claims[:MOST]
    ]
    table = Table("Sentences and what they rest on", ("Kind", "Sentence", "Checked"), rows)
    return Section(["Facts, inferences, assumptions"], _cut([table], len(report.claims)) if rows else [])


def quotes(cited: Sequence[Evidence]) -> Section:
    """Every cited line under its name."""
    rows = [Row([[Said(e.evidence_id)], _where(e), _quoted(e), [_CHECKED[e.integrity]]], anchor=e.evidence_id) for e in cited[:MOST]]
    good = sum(1 for e in cited if e.integrity == "verified")
    told = Paragraph([Said(str(len(cited))), " citations, ", Said(str(good)), " verified"])
    table = Table("Lines of evidence", ("Name", "Where", "Line", "Checked"), rows)
    return Section(["Evidence"], _cut([told, table], len(cited)) if rows else [])


def _cut(blocks: list[Block], count: int) -> list[Block]:
    return [*blocks, Bullets(more(count - MOST))] if count > MOST else blocks


def _where(e: Evidence) -> list[Leaf]:
    when: list[Leaf] = [" ", At(e.at)] if e.at else []
    return [Line(where(e.citation), 200), *when]


def _quoted(e: Evidence) -> list[Leaf]:
    often = tail(" (", str(e.count), " times in this file)") if e.count and e.count > 1 else []
    return [Line(e.citation.quote), *often, *tail(" by ", e.collected_by)]


def making(report: IncidentReport) -> Section:
    """Who answered, from what, at what cost: enough to make the same answer again."""
    rules, sure = report.provenance.get("rules"), report.confidence
    made = tail(", rules ", str(rules), limit=60) if rules else []
    items = [
        named("Reasoner", Said(report.reasoner), ", pipeline ", Said(report.pipeline_version), *made),
        named("Digest of the inputs", Line(report.digest, 64)),
        named("Job", Said(str(report.job_id)), ", asked ", At(report.created_at), ", correlation ", Said(report.correlation_id)),
        named("Confidence", Said(sure.basis), *tail(", calibrated by ", sure.calibration)),
    ]
    versions = (("Prompts", report.prompt_version), ("Configuration", report.config_version))
    items += [named(name, Said(version)) for name, version in versions if version]
    items += _cost(report)
    items += [named("Replaced before analysis", *counted(report.redactions, 20))] if report.redactions else []
    return Section(["How it was made"], [Bullets([Item(i) for i in items]), *_tools(report)])


def _cost(report: IncidentReport) -> list[list[Leaf]]:
    cost, talk, found = report.cost, report.conversation, list[list[Leaf]]()
    if cost.calls or cost.tokens_in or cost.tokens_out:
        tokens: list[Leaf] = [Said(str(cost.tokens_in)), " tokens in, ", Said(str(cost.tokens_out)), " out"]
        found.append(named("Models asked, with calls", *counted(cost.calls), "; ", *tokens, "; ", Said(f"{cost.money_usd:.4f}"), " USD"))
    if cost.cached_from:
        found.append(named("Answer of the model taken from", "job ", Said(str(cost.cached_from))))
    if talk:
        found.append(named("Earlier messages known", Said(str(talk.messages)), ", left out ", Said(str(talk.trimmed))))
    return found


def _tools(report: IncidentReport) -> list[Block]:
    rows = []
    for call in report.tool_calls[:MOST]:
        told: list[Leaf] = [Strong(_OUTCOMES[call.outcome]), *tail(" ", call.reason)]
        asked = joined([[Said(str(name), 60), "=", Line(str(v), 200)] for name, v in list(call.arguments.items())[:20]], ", ")
        rows.append(Row([[Said(str(call.round))], [Said(call.name)], asked, told]))
    return [Table("What models asked for", ("Round", "Tool", "With", "Outcome"), rows)] if rows else []
