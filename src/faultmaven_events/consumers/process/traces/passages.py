"""The traces of a file as ways of requests, so that a trace is found again in the logs and in the spans of other files."""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID
from zlib import crc32

from faultmaven_events.consumers.process.citation import cite
from faultmaven_events.consumers.process.note import shortened
from faultmaven_events.consumers.process.traces.operation import source
from faultmaven_events.consumers.process.traces.span import Span
from faultmaven_events.consumers.process.traces.tree import Forest, Trace
from faultmaven_events.schemas.insight import Citation, Passage

FAILING: Final = 150
OTHERS: Final = 250
_SHORTEST: Final = 8
_BUDGET: Final = 100_000_000
"""Characters that citations may hash in all: a file in one line is hashed as a whole for each."""


def passages(trees: Forest, *, evidence_id: UUID, file: str, lines: Sequence[str]) -> Iterator[Passage]:
    """Yield failed traces first; which ones is decided by their ids, as for logs, so that the samples of several files meet."""
    ordered = sorted(
        (trace for trace in trees.traces if _SHORTEST <= len(trace.id) <= 80 and trace.root.at),
        key=lambda one: crc32(one.id.encode("utf-8", "replace")),
    )
    bad = {trace.id for trace in ordered if any(span.failed for span in trace.spans)}
    failing = [trace for trace in ordered if trace.id in bad][:FAILING]
    left = _BUDGET
    for trace in (*failing, *[trace for trace in ordered if trace.id not in bad][:OTHERS]):
        first, failed = trace.spans[0], _failure(trace)
        left -= sum(len(line) for span in (first, failed) if span for line in lines[span.line - 1 : span.end_line])
        if left < 0:
            return
        yield Passage(
            key=trace.id,
            count=len(trace.spans),
            at=min((span.at for span in trace.spans if span.at), default=None),
            until=max((span.at for span in trace.spans if span.at), default=None),
            first=_cited(first, evidence_id, file, lines),
            failed_at=failed.at if failed else None,
            failure=_cited(failed, evidence_id, file, lines) if failed else None,
            said=shortened(f"{failed.service} {failed.name}: {failed.message or failed.status or 'failed'}", 200) if failed else None,
        )


def _failure(trace: Trace) -> Span | None:
    """The span in which the trace's error begins."""
    failed = next((root for root in trace.roots if root.failed), None) or next((span for span in trace.spans if span.failed), None)
    return source(failed) if failed else None


def _cited(span: Span, evidence_id: UUID, file: str, lines: Sequence[str]) -> Citation:
    return cite(evidence_id, file, lines, span.line, span.end_line)
