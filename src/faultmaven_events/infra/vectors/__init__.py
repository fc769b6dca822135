"""The vector store: passages of runbooks, documents and case evidence, found by meaning and by words.

One store, two engines: Qdrant Edge inside this process, or a Qdrant server. Every method names a tenant.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from faultmaven_events.infra.vectors.point import Document, Passage
from faultmaven_events.infra.vectors.scope import Scope
from faultmaven_events.infra.vectors.store import Query, VectorStore
from faultmaven_events.settings import Settings

__all__ = ["Document", "Passage", "Query", "Scope", "VectorStore", "open_vectors"]


@asynccontextmanager
async def open_vectors(settings: Settings, model: str, dimension: int) -> AsyncIterator[VectorStore]:
    """Open the store of the settings: the server of `FM_QDRANT_URL`, or the folder `vectors` of the home.

    Raises:
        SetupError: another process has the folder open, the server does not answer, or what is stored was made by another model.
    """
    if settings.qdrant_url is not None:
        from faultmaven_events.infra.vectors.server import open_server

        key = settings.qdrant_api_key.get_secret_value() if settings.qdrant_api_key else None
        async with open_server(settings.qdrant_url.get_secret_value(), key, model, dimension) as server:
            yield VectorStore(server, model)
        return
    from faultmaven_events.infra.vectors.edge import open_edge

    async with open_edge(settings.home / "vectors", model, dimension) as edge:
        yield VectorStore(edge, model)
