"""A sanitized text into insights: which analyser reads which type, and two sentences of what came out."""

import io
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from faultmaven_events.consumers.process.config import analyse_command, analyse_config
from faultmaven_events.consumers.process.documents import analyse_document, evidence_chunks
from faultmaven_events.consumers.process.generic import analyse_generic
from faultmaven_events.consumers.process.logs import analyse_log
from faultmaven_events.consumers.process.metrics import analyse_metrics
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.insight import Insights

_WHOLE: Final = {"config": analyse_config, "metrics": analyse_metrics, "document": analyse_document, "command_output": analyse_command}
_STREAMED: Final = frozenset({"log", "trace"})
_WEIGHT: Final = {
    "exception": 9,
    **dict.fromkeys(("limit", "http_errors"), 8),
    **dict.fromkeys(("error", "config_finding"), 7),
    **dict.fromkeys(("latency", "change", "config_change"), 6),
    **dict.fromkeys(("change_point", "saturation"), 5),
    **dict.fromkeys(("restart", "silence", "burst", "anomaly", "alert"), 4),
    **dict.fromkeys(("first_seen", "warning"), 3),
}
"""What a summary names first."""


def analyse(data: bytes, classification: Classification, *, evidence_id: UUID, name: str, now: datetime | None = None) -> Insights:
    """Return what a sanitized twin says; with chunks for search.

    Args:
        data: UTF-8 text; what is not is read as U+FFFD. Logs are read line by line, everything else as one text.
        classification: decides the analyser.
        evidence_id: the job of the file.
        name: the name under which it was handed in.
        now: decides the year of times without one.
    """
    if whole := _WHOLE.get(classification.type):
        insights = whole(data.decode("utf-8", "replace"), evidence_id=evidence_id, name=name, classification=classification)
    elif classification.type in _STREAMED:
        insights = analyse_log(lines_of(data), evidence_id=evidence_id, name=name, classification=classification, now=now)
    else:
        insights = analyse_generic(lines_of(data), evidence_id=evidence_id, name=name, classification=classification)
    return insights.model_copy(update={"chunks": evidence_chunks(insights)})


def lines_of(data: bytes) -> Iterator[str]:
    """Yield the lines without LF; a CR stays. The empty rest after the last LF is no line."""
    for line in io.BytesIO(data):
        yield line.decode("utf-8", "replace").removesuffix("\n")


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
