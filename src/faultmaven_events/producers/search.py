"""Ask the embed consumer to search: a query goes to the queue `fm.search`, its answer comes to a queue of this process.

The asking process has no model and no detector of personal data, so the query is as the person typed it. It must not lie readable in a
queue: query and answer are sealed with AES-256-GCM under a key derived from the clean key, are transient, and expire in seconds.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage, AbstractRobustConnection
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, DeliveryError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import ValidationError

from faultmaven_events import topology
from faultmaven_events.errors import SetupError, TransientError, Unavailable
from faultmaven_events.infra import connection
from faultmaven_events.infra.keys import derive_key, required_key
from faultmaven_events.schemas.knowledge import SearchQuery, SearchResult
from faultmaven_events.settings import Settings

NONCE = 12
TIMEOUT_S = 5.0
CONNECT_S = 10.0
PAUSE_S = 1.0
FAILED = b"-"
"""The answer of a consumer that could not search."""


@dataclass(frozen=True, slots=True)
class Seal:
    """Encryption of one exchange: random nonce, then ciphertext and tag. Direction and correlation id are the associated data."""

    key: bytes

    def close(self, way: Literal["query", "answer"], correlation: str, content: bytes) -> bytes:
        """Encrypt."""
        nonce = os.urandom(NONCE)
        return nonce + AESGCM(self.key).encrypt(nonce, content, f"{way}:{correlation}".encode())

    def open(self, way: Literal["query", "answer"], correlation: str, sealed: bytes) -> bytes | None:
        """Decrypt; None when it was changed, belongs elsewhere, or was sealed with another key."""
        try:
            return AESGCM(self.key).decrypt(sealed[:NONCE], sealed[NONCE:], f"{way}:{correlation}".encode())
        except (InvalidTag, ValueError):
            return None


def search_seal(settings: Settings) -> Seal:
    """Return the seal of a deployment.

    Raises:
        SetupError: this process was not given the clean key.
    """
    return Seal(derive_key(required_key(settings, "clean"), "search"))


class KnowledgeSearch:
    """Many searches at once over one channel; each waits for the answer with its own correlation id."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal
        self._waiting: dict[str, asyncio.Future[bytes]] = {}
        self._connection: AbstractRobustConnection | None = None
        self._exchange: AbstractExchange | None = None
        # Named by us: on reconnecting, the broker refuses to declare a name that it had made up itself.
        self._answers = f"{topology.SEARCH}.answers.{uuid4()}"

    @property
    def connected(self) -> bool:
        """Whether a search has a chance now."""
        return self._exchange is not None and self._connection is not None and self._connection.connected.is_set()

    async def search(self, query: SearchQuery, *, timeout: float = TIMEOUT_S) -> SearchResult:  # noqa: ASYNC109 # it also limits how long the query may lie in the queue
        """Return what was found.

        Raises:
            Unavailable: no broker, or no embed consumer is running.
            TransientError: it did not answer within `timeout` seconds, or it failed.
        """
        correlation = str(uuid4())
        answer = self._waiting[correlation] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout):
                await self._send(query, correlation, timeout)
                sealed = await answer
        except TimeoutError:
            raise TransientError(f"the search was not answered within {timeout:g} s") from None
        finally:
            del self._waiting[correlation]
        return self._result(correlation, sealed)

    async def connect(self, url: str) -> None:
        """Connect; tries until the broker is there."""
        while self._exchange is None:
            try:
                connection = self._connection = await connected(url, "faultmaven-search-client")
                channel = await connection.channel(on_return_raises=True)
                queue = await channel.declare_queue(self._answers, exclusive=True, auto_delete=True)
                await queue.consume(self._receive, no_ack=True)
                self._exchange = channel.default_exchange
            except (Unavailable, AMQPError, OSError):
                await self.close()
                await asyncio.sleep(PAUSE_S)

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()
        self._connection = self._exchange = None

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        """Hand an answer to whom it belongs; one that came too late is dropped."""
        waiter = self._waiting.get(message.correlation_id or "")
        if waiter is not None and not waiter.done():
            waiter.set_result(message.body)

    async def _send(self, query: SearchQuery, correlation: str, seconds: float) -> None:
        if self._exchange is None:
            raise Unavailable("the broker is not connected yet: nobody can be asked to search")
        message = aio_pika.Message(
            self._seal.close("query", correlation, query.model_dump_json().encode()),
            delivery_mode=aio_pika.DeliveryMode.NOT_PERSISTENT,
            correlation_id=correlation,
            reply_to=self._answers,
            expiration=seconds,
        )
        try:
            await self._exchange.publish(message, topology.SEARCH, mandatory=True)
        except DeliveryError:
            raise Unavailable("no embed consumer takes searches: start one with `faultmaven consume embed`") from None
        except (AMQPError, ChannelInvalidStateError, ConnectionError, RuntimeError) as error:
            raise Unavailable(f"the search could not be sent: {type(error).__name__}") from None

    def _result(self, correlation: str, sealed: bytes) -> SearchResult:
        content = self._seal.open("answer", correlation, sealed)
        if content is None:
            raise TransientError("the answer to a search does not decrypt: the embed consumer has another clean key")
        if content == FAILED:
            raise TransientError("the embed consumer could not search")
        try:
            return SearchResult.model_validate_json(content)
        except ValidationError:
            raise TransientError("the answer to a search is of another version") from None


async def connected(url: str, name: str) -> AbstractRobustConnection:
    """Connect to the broker, reconnecting by itself from then on.

    Raises:
        Unavailable: there is no broker now.
    """
    try:
        return await connection.connected(url, name, CONNECT_S)
    except (AMQPError, OSError) as error:
        raise Unavailable(f"RabbitMQ of FM_AMQP_URL does not answer ({type(error).__name__})") from None


@asynccontextmanager
async def open_search(settings: Settings) -> AsyncIterator[KnowledgeSearch]:
    """Start connecting, and yield at once: a process can begin before its broker.

    Raises:
        SetupError: no URL, or no key.
    """
    if settings.amqp_url is None:
        raise SetupError("no broker: set FM_AMQP_URL")
    search = KnowledgeSearch(search_seal(settings))
    connecting = asyncio.create_task(search.connect(settings.amqp_url.get_secret_value()))
    try:
        yield search
    finally:
        connecting.cancel()
        with suppress(asyncio.CancelledError):
            await connecting
        await search.close()
