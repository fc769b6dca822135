"""What an envelope holds: which type its content is of, and whose it is."""

from typing import Final

from faultmaven_events.consumers.classify.classify import classify
from faultmaven_events.consumers.process.citation import cite
from faultmaven_events.consumers.process.commands.alerts import MOST, alerts
from faultmaven_events.consumers.process.commands.envelope import Envelope
from faultmaven_events.consumers.process.note import facts_of, lines_of, readable, shortened
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.insight import Fact, Insights

_KEPT: Final = frozenset({"log", "config", "metrics", "trace", "command_output"})

_LINES: Final = 4
"""Lines below which what looks like a configuration is a message with a colon."""


def content(envelope: Envelope, data: bytes, whole: Classification) -> Classification:
    """What the wrapped content is: a log where a log was asked for, else what it looks like, else what a command printed."""
    found = classify(data.lstrip(b' \r\n\t"'))
    if envelope.logs and found.type not in {"trace", "metrics"}:
        form = found.format if found.type == "log" else "plain-log"
        return whole.model_copy(update={"type": "log", "format": form, "reason": "the log that a tool was asked for, as its call says"})
    if found.type in _KEPT and (found.type != "config" or data.strip().count(b"\n") >= _LINES):
        return whole.model_copy(
            update={"type": found.type, "format": found.format, "reason": f"inside a tool's answer: {found.reason}"[:300]}
        )
    return whole.model_copy(
        update={"type": "command_output", "format": "tool", "reason": "what a tool printed, after the line of its call"}
    )


def named(insights: Insights, envelope: Envelope) -> Insights:
    """The insights with the lines of the wrapping counted, and with the workload that the call names, where the content is its log."""
    mine = envelope.about if insights.classification.type in {"log", "trace"} else None
    failed = (_failure(insights, envelope),) if envelope.failed else ()
    facts = tuple(
        one.model_copy(update={"component": mine}) if mine and one.component == insights.component else one for one in insights.facts
    )
    return insights.model_copy(update={"wrapped": envelope.lines, "component": mine or insights.component, "facts": (*facts, *failed)})


def with_alerts(insights: Insights, text: str) -> Insights:
    """The insights of a file that is an alert in JSON, with what the alert says first."""
    notes = list(alerts(text))
    if not notes:
        return insights
    facts, _ = facts_of(notes, evidence_id=insights.evidence_id, file=insights.file, lines=lines_of(readable(text)), most=MOST)
    return insights.model_copy(update={"facts": (*facts, *insights.facts)})


def _failure(insights: Insights, envelope: Envelope) -> Fact:
    """A call that failed: what it printed tells of the tool, or of what is not there."""
    line = next((n for n, text in enumerate(envelope.head, 1) if '"error"' in text), 1)
    called = f"`{shortened(envelope.command, 160)}`" if envelope.command else "A call"
    why = envelope.error or "it says no reason"
    return Fact(
        id="row-call",
        kind="row",
        text=shortened(f"{called} failed: {why}", 600),
        component=envelope.about,
        attributes={"command": shortened(envelope.command, 300), "failed": True},
        citations=(cite(insights.evidence_id, insights.file, envelope.head, line),),
    )
