"""A sanitized text into insights: which analyser reads which type, and two sentences of what came out."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from faultmaven_events.consumers.process.archive import analyse_archive, analyse_picture
from faultmaven_events.consumers.process.captures import analyse_capture
from faultmaven_events.consumers.process.commands import analyse_command
from faultmaven_events.consumers.process.config import analyse_config
from faultmaven_events.consumers.process.documents import analyse_document, evidence_chunks
from faultmaven_events.consumers.process.generic import analyse_generic
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
_WEIGHT: Final = {
    "exception": 9,
    **dict.fromkeys(("limit", "http_errors", "span_errors"), 8),
    **dict.fromkeys(("error", "config_finding", "unhealthy", "network", "critical_path"), 7),
    "event": 6,
    **dict.fromkeys(("latency", "change", "config_change", "error_chain"), 6),
    **dict.fromkeys(("change_point", "saturation"), 5),
    **dict.fromkeys(("restart", "silence", "burst", "anomaly", "alert", "precursor"), 4),
    **dict.fromkeys(("first_seen", "warning"), 3),
}
"""What a summary names first."""
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
    lines = Timed(lines_of(data), seconds)
    whole = True
    analyser = analyse_spans if classification.format in SPAN_FORMATS else _WHOLE.get(classification.type)
    if analyser:
        text, whole = beginning(data)
        insights = analyser(text, evidence_id=evidence_id, name=name, classification=classification)
    elif classification.type in _STREAMED:
        insights = analyse_log(lines, evidence_id=evidence_id, name=name, classification=classification, now=now)
    else:
        insights = analyse_generic(lines, evidence_id=evidence_id, name=name, classification=classification)
    left_out = [CUT] if not whole else [f"Only the first {insights.lines:,} lines were read: the time for one file was over"] * lines.over
    return insights.model_copy(update={"chunks": evidence_chunks(insights), "truncated": (*insights.truncated, *left_out)})


def summary(insights: Insights) -> str:
    """Return one to three sentences: what was read, and what stands out; at most 2,000 characters."""
    who = f" of {insights.component}" if insights.component else ""
    span = f", {insights.start:%Y-%m-%d %H:%M:%S} to {insights.end:%H:%M:%S} UTC" if insights.start and insights.end else ""
    read = f"{insights.lines:,} lines{who} ({insights.classification.type}{span})."
    kinds = Counter(fact.kind for fact in insights.facts)
    found = ", ".join(
        f"{count} {kind.replace('_', ' ')}" for kind, count in sorted(kinds.items(), key=lambda one: -_WEIGHT.get(one[0], 1))[:8]
    )
    best = sorted(insights.facts, key=lambda fact: (-_WEIGHT.get(fact.kind, 1), -fact.count))[:2]
    return " ".join([read, f"Found: {found}." if found else "Nothing stands out.", *_sentences(fact.text for fact in best)])[:2_000]


def _sentences(texts: Iterable[str]) -> Iterator[str]:
    for text in dict.fromkeys(texts):
        yield text if text.endswith((".", "…", "!")) else f"{text}."
