"""The model beside the event loop, so that a question need not wait for a file, nor a file for a book.

Queries have a thread of their own. Batches of files and documents take turns on another one by the rank of their lane. What reads a whole
book at once, and so would hold that thread for long, has a third.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from faultmaven_events.infra.embedder import Embedder, Vectors, open_embedder
from faultmaven_events.infra.embedder.cache import VectorCache, open_cache
from faultmaven_events.infra.turns import Turns
from faultmaven_events.settings import Settings

T = TypeVar("T")


def _thread(name: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix=name)


@dataclass(frozen=True, slots=True)
class Encoder:
    """Texts to vectors, without holding up the loop."""

    embedder: Embedder
    cache: VectorCache
    documents: ThreadPoolExecutor = field(default_factory=lambda: _thread("embed-documents"))
    queries: ThreadPoolExecutor = field(default_factory=lambda: _thread("embed-queries"))
    books: ThreadPoolExecutor = field(default_factory=lambda: _thread("embed-books"))
    turns: Turns = field(default_factory=lambda: Turns(1))

    async def passages(self, tenant: str, texts: Sequence[str]) -> Vectors:
        """Return one vector a text; those seen before come from the cache."""
        known = await self.cache.get(tenant, texts)
        fresh = [text for text, vector in zip(texts, known, strict=True) if vector is None]
        made = iter(await self.on_documents(lambda: self.embedder.embed(fresh)) if fresh else ())
        vectors = np.array([next(made) if vector is None else vector for vector in known], dtype=np.float32)
        lacking = [place for place, vector in enumerate(known) if vector is None]
        await self.cache.put(tenant, fresh, vectors[lacking])
        return vectors

    async def query(self, text: str) -> list[float]:
        """Return the vector of a query; it is not kept anywhere."""
        vectors = await asyncio.get_running_loop().run_in_executor(self.queries, lambda: self.embedder.embed([text]))
        return [float(value) for value in vectors[0]]

    async def on_documents(self, call: Callable[[], T]) -> T:
        """Run other work of about a second at most on the documents' thread, when the turn of this context's rank comes."""
        async with self.turns.turn():
            return await asyncio.get_running_loop().run_in_executor(self.documents, call)

    async def on_books(self, call: Callable[[], T]) -> T:
        """Run work that takes long on a thread of its own."""
        return await asyncio.get_running_loop().run_in_executor(self.books, call)


@asynccontextmanager
async def open_encoder(settings: Settings) -> AsyncIterator[Encoder]:
    """Load the model, building it the first time.

    Raises:
        SetupError: there is no model, or it cannot be loaded.
    """
    async with AsyncExitStack() as stack:
        embedder = await asyncio.to_thread(open_embedder, settings)
        encoder = Encoder(embedder, await stack.enter_async_context(open_cache(settings, embedder.name)))
        for executor in (encoder.documents, encoder.queries, encoder.books):
            stack.callback(executor.shutdown, wait=False, cancel_futures=True)
        yield encoder
