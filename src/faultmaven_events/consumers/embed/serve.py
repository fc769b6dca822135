"""Answer the searches that lie in `fm.search`: several at once, each sealed as its query was (see producers/search)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aio_pika
import structlog
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage
from pydantic import ValidationError

from faultmaven_events import topology
from faultmaven_events.errors import FaultmavenError, SetupError, Unavailable
from faultmaven_events.producers.search import FAILED, TIMEOUT_S, Seal, connected
from faultmaven_events.schemas.knowledge import SearchQuery, SearchResult

AT_ONCE = 8
WAITING = 500
"""Queries that may lie in the queue; more are refused at once."""
QUEUE_ARGUMENTS = {
    "x-message-ttl": int(TIMEOUT_S * 1000),
    "x-max-length": WAITING,
    "x-overflow": "reject-publish",
    "x-expires": 10 * 60 * 1000,  # the queue goes ten minutes after the last embed consumer did
}

Searcher = Callable[[SearchQuery], Awaitable[SearchResult]]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Counter:
    """Where queries are answered."""

    searcher: Searcher
    seal: Seal
    answers: AbstractExchange

    async def serve(self, message: AbstractIncomingMessage) -> None:
        """Answer one message; what is not ours, or asks for no answer, is dropped."""
        async with message.process(requeue=False):
            correlation, reply_to = message.correlation_id, message.reply_to
            content = self.seal.open("query", correlation or "", message.body)
            if content is None or correlation is None or reply_to is None:
                log.warning("search_dropped", reason="not sealed with the key of this deployment" if content is None else "no address")
                return
            answer = self.seal.close("answer", correlation, await self._answer(content))
            # Not mandatory: who asked may have stopped waiting.
            await self.answers.publish(aio_pika.Message(answer, correlation_id=correlation), reply_to, mandatory=False, timeout=TIMEOUT_S)

    async def _answer(self, content: bytes) -> bytes:
        try:
            query = SearchQuery.model_validate_json(content)
            async with asyncio.timeout(TIMEOUT_S):
                return (await self.searcher(query)).model_dump_json().encode()
        except (FaultmavenError, TimeoutError, ValidationError) as error:
            log.warning("search_failed", error=type(error).__name__)
            return FAILED


@asynccontextmanager
async def serve_search(connection_url: str, seal: Seal, searcher: Searcher) -> AsyncIterator[None]:
    """Serve `fm.search` over a connection of its own until the context ends.

    Raises:
        SetupError: the broker does not answer.
    """
    try:
        connection = await connected(connection_url, "faultmaven-search")
    except Unavailable as error:
        raise SetupError(str(error)) from None
    async with connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=AT_ONCE)
        # Durable, because brokers from 4.0 on no longer like shared queues that are not; what lies in it is transient all the same.
        queue = await channel.declare_queue(topology.SEARCH, durable=True, arguments=dict(QUEUE_ARGUMENTS))
        tag = await queue.consume(Counter(searcher, seal, channel.default_exchange).serve)
        yield
        await queue.cancel(tag)
