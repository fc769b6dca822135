"""Adapter of the benchmark `retrieval`: documents go the way of an uploaded runbook (process cuts, embed stores, search finds)."""

import asyncio
import tempfile
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

from faultmaven_events.consumers.embed.library import Library, open_library
from faultmaven_events.consumers.process.documents.analyse import analyse_document
from faultmaven_events.infra.vectors import Document, Scope
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.settings import Settings

MARKDOWN = Classification(type="document", format="markdown", confidence=1, reason="given")
SCOPE = Scope("bench", "bench", ("global",))
HITS = 50


def retrieval(documents: list[tuple[str, str]], queries: list[str]) -> list[list[str]]:
    """Return for each query the ids of documents, best first."""
    return asyncio.run(_retrieval(documents, queries))


async def _retrieval(documents: list[tuple[str, str]], queries: list[str]) -> list[list[str]]:
    names = {uuid5(NAMESPACE_OID, name): name for name, _ in documents}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        async with open_library(Settings(home=Path(home), redis_url=None)) as library:
            for (key, name), (_, text) in zip(names.items(), documents, strict=True):
                await _shelve(library, key, name, text)
            return [await _ranked(library, names, query) for query in queries]


async def _shelve(library: Library, key: UUID, name: str, text: str) -> None:
    insights = analyse_document(text, evidence_id=key, name=name, classification=MARKDOWN)
    title = next((fact.text for fact in insights.facts if fact.kind == "title"), None)
    await library.shelve(Document(key, "bench", "bench", "global", name, "1", title=title), insights.chunks)


async def _ranked(library: Library, names: dict[UUID, str], query: str) -> list[str]:
    hits = (await library.look_up(query, SCOPE, HITS)).hits
    return list(dict.fromkeys(names[hit.document_id] for hit in hits))
