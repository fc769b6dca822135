"""A sanitized text into insights: which analyser reads which type."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from faultmaven_events.consumers.process.archive import analyse_archive, analyse_picture
from faultmaven_events.consumers.process.captures import analyse_capture
from faultmaven_events.consumers.process.commands import analyse_command
from faultmaven_events.consumers.process.commands.envelope import unwrapped
from faultmaven_events.consumers.process.commands.wrapped import content, named, with_alerts
from faultmaven_events.consumers.process.config import analyse_config
from faultmaven_events.consumers.process.documents import analyse_document, evidence_chunks
from faultmaven_events.consumers.process.generic import analyse_generic
from faultmaven_events.consumers.process.instructions import Watch, flagged
from faultmaven_events.consumers.process.lines import WHOLE_LIMIT, Timed, beginning, lines_of
from faultmaven_events.consumers.process.logs import analyse_log
from faultmaven_events.consumers.process.metrics import analyse_metrics
from faultmaven_events.consumers.process.traces import SPAN_FORMATS, analyse_spans
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.insight import Insights

_WHOLE: Final = {
    "config": analyse_config,
    "metrics": analyse_metrics,
    "document": analyse_document,
    "command_output": analyse_command,
    "capture": analyse_capture,
    "archive": analyse_archive,
    "image": analyse_picture,
}
_STREAMED: Final = frozenset({"log", "trace"})
_ALERTING: Final = frozenset({"config", "document", "command_output"})
"""Types that an alert in JSON may look like."""
CUT: Final = f"Only the first {WHOLE_LIMIT >> 20} MiB were analysed: files of this type are read as one text"


def analyse(
    data: bytes | Iterable[bytes],
    classification: Classification,
    *,
    evidence_id: UUID,
    name: str,
    now: datetime | None = None,
    seconds: float = 3_600,
) -> Insights:
    """Return what a sanitized twin says; with chunks for search.

    Args:
        data: UTF-8 text, whole or in pieces; what is not is read as U+FFFD. Logs are read line by line in flat memory, other types as
            one text of at most `WHOLE_LIMIT` bytes.
        classification: decides the analyser.
        evidence_id: the job of the file.
        name: the name under which it was handed in.
        now: decides the year of times without one.
        seconds: how long lines are read; the insights then speak of those, and say so.
    """
    data, envelope, head = unwrapped(data)
    if envelope:
        classification = content(envelope, head, classification)
    lines, watch = Timed(lines_of(data), seconds), Watch()
    whole = True
    spans = classification.type == "trace" and classification.format in SPAN_FORMATS
    analyser = analyse_spans if spans else _WHOLE.get(classification.type)
    if analyser:
        text, whole = beginning(data)
        insights = analyser(text, evidence_id=evidence_id, name=name, classification=classification)
        watch.read(text)
    elif classification.type in _STREAMED:
        insights = analyse_log(watch.over(lines), evidence_id=evidence_id, name=name, classification=classification, now=now)
    else:
        insights = analyse_generic(watch.over(lines), evidence_id=evidence_id, name=name, classification=classification)
    if envelope:
        insights = named(insights, envelope)
    elif analyser and classification.type in _ALERTING:
        insights = with_alerts(insights, text)
    left_out = [CUT] if not whole else [f"Only the first {insights.lines:,} lines were read: the time for one file was over"] * lines.over
    insights = flagged(insights, watch)
    return insights.model_copy(update={"chunks": evidence_chunks(insights), "truncated": (*insights.truncated, *left_out)})
