"""Chrome's trace event format: what a process and its threads did, nested by time."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from faultmaven_events.consumers.process.traces.span import Span
from faultmaven_events.consumers.process.walk import Record


def spans_of_events(records: Iterable[Record]) -> Iterator[Span]:
    """Yield complete events (`X`) and pairs of `B` and `E`; the one around another on its thread is its parent. Times are microseconds."""
    names: dict[tuple[str, str], str] = {}
    open_: dict[tuple[str, str], list[Record]] = defaultdict(list)
    whole: dict[tuple[str, str], list[tuple[float, float, Record]]] = defaultdict(list)
    for record in records:
        value = record.value
        thread = (str(value.get("pid", "")), str(value.get("tid", "")))
        phase, at = value.get("ph"), _number(value.get("ts"))
        if phase == "M" and isinstance(value.get("args"), dict) and value.get("name") in {"process_name", "thread_name"}:
            key = thread if value["name"] == "thread_name" else (thread[0], "")
            names[key] = str(value["args"].get("name", ""))[:120]
        elif phase == "X" and at is not None:
            whole[thread].append((at, _number(value.get("dur")) or 0.0, record))
        elif phase == "B" and at is not None and len(open_[thread]) < 1000:
            open_[thread].append(record)
        elif phase == "E" and at is not None and open_[thread]:
            begun = open_[thread].pop()
            start = _number(begun.value.get("ts")) or 0.0
            whole[thread].append((start, at - start, begun))
    for thread, found in whole.items():
        service = names.get((thread[0], "")) or f"process {thread[0]}"
        yield from _nested(sorted(found, key=lambda one: (one[0], -one[1])), thread, service, names.get(thread))


def _nested(found: list[tuple[float, float, Record]], thread: tuple[str, str], service: str, name: str | None) -> Iterator[Span]:
    stack: list[Span] = []
    for number, (start, duration, record) in enumerate(found):
        while stack and stack[-1].end < (start + duration) / 1e6 - 1e-9:
            stack.pop()
        span = Span(
            trace=f"{name or 'thread'} {thread[0]}/{thread[1]}",
            id=f"{thread[0]}/{thread[1]}/{number}",
            parent=stack[-1].id if stack else None,
            service=service,
            name=str(record.value.get("name", ""))[:300],
            kind="internal",
            start=max(0.0, start / 1e6),
            duration=max(0.0, duration / 1e6),
            failed=False,
            line=record.line,
            end_line=record.end,
        )
        stack.append(span)
        yield span


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e17 else None
