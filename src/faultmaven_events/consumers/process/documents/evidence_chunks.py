"""What of logs, configuration, metrics and command output is worth finding by search: its facts and error templates, not every line."""

from collections.abc import Iterator

from faultmaven_events.schemas.insight import Chunk, Insights, Template

MOST = 50
LINE = 400
TROUBLE = frozenset({"warning", "error", "critical"})
_GRAVITY = {"critical": 0, "error": 1, "warning": 2}


def evidence_chunks(insights: Insights) -> tuple[Chunk, ...]:
    """Passages for search: of a document its own; of other evidence at most 50, its facts, then its troubled templates by gravity."""
    if insights.chunks:
        return insights.chunks
    seen: set[str] = set()
    chunks: list[Chunk] = []
    for text, start, end in _passages(insights):
        if text not in seen and len(chunks) < MOST:
            seen.add(text)
            chunks.append(Chunk(index=len(chunks), heading=insights.file, text=text, line_start=start, line_end=max(start, end)))
    return tuple(chunks)


def _passages(insights: Insights) -> Iterator[tuple[str, int, int]]:
    kept = [fact for fact in insights.facts if fact.citations]
    for fact in kept[: MOST - min(15, sum(template.level in TROUBLE for template in insights.templates))]:
        where = f"{fact.component}: " if fact.component and fact.component not in fact.text else ""
        yield f"{where}{fact.text}"[: LINE + 200], fact.citations[0].line_start, fact.citations[0].line_end
    for template in sorted(insights.templates, key=_order):
        if template.level in TROUBLE:
            source = f"{template.source} " if template.source else ""
            text = f"{source}{template.level} ({template.count} times): {template.sample.quote[:LINE]}"
            yield text, template.first_line, template.first_line


def _order(template: Template) -> tuple[int, int]:
    return _GRAVITY.get(template.level or "", 3), -template.count
