"""The embed stage on real servers: a real model, Qdrant Edge, RabbitMQ, Valkey and blobs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import aio_pika
import pytest
from redis.asyncio import Redis

from faultmaven_events import topology
from faultmaven_events.consumers.embed.consumer import open_stage
from faultmaven_events.consumers.embed.encoder import open_encoder
from faultmaven_events.consumers.embed.serve import QUEUE_ARGUMENTS, serve_search
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.errors import MissingContent, TransientError, Unavailable, UnreadableContent
from faultmaven_events.infra.blobs import Blobs, open_blobs
from faultmaven_events.infra.llm.similar import cosine
from faultmaven_events.infra.pool import RANK
from faultmaven_events.producers.search import KnowledgeSearch, Seal, open_search, search_seal
from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.evidence import Classification, Collection, EvidenceType, Processed, Receipt
from faultmaven_events.schemas.insight import Chunk, Fact, Insights, MergedInsights
from faultmaven_events.schemas.knowledge import SearchQuery, SearchResult
from faultmaven_events.schemas.model import Model
from faultmaven_events.schemas.question import Merged, Piece
from faultmaven_events.settings import Settings

RUNBOOK = (
    Chunk(
        index=0,
        heading="Meaning",
        text="All connection slots are in use: FATAL: sorry, too many clients already.",
        line_start=3,
        line_end=5,
    ),
    Chunk(index=1, heading="Fix", text="Raise max_connections, or put pgbouncer in front of PostgreSQL.", line_start=7, line_end=9),
)
DISK = (Chunk(index=0, text="The volume is full; delete old archives and extend it.", line_start=1, line_end=1),)
RECEIPT = Receipt(detector="test", lines=9)
QUERY = SearchQuery(tenant="acme", user="bob", text="who opens so many clients?")


def kind(type_: EvidenceType) -> Classification:
    return Classification(type=type_, format="x", confidence=1, reason="test")


async def stored(blobs: Blobs, model: Model) -> Content:
    return await blobs.put("acme", "clean", f"{uuid4()}.json", model.model_dump_json().encode())


def event(type_: str, data: Model, *, user: str = "bob") -> Event[Any]:
    return Event[Any](
        id=uuid4(),
        source="/test",
        type=type_,
        subject=uuid4(),
        time=datetime.now(UTC),
        tenantid="acme",
        userid=user,
        correlationid="c",
        data=data,
    )


async def document(
    blobs: Blobs, name: str, chunks: tuple[Chunk, ...], *, collection: Collection = "global", type_: EvidenceType = "document"
) -> Event[Any]:
    insights = await stored(blobs, Insights(evidence_id=uuid4(), file=name, classification=kind(type_), lines=9, chunks=chunks))
    data = Processed(
        name=name, content=insights, classification=kind(type_), collection=collection, receipt=RECEIPT, insights=insights, summary="s"
    )
    return event("document.processed.v1" if type_ == "document" else "ingest.processed.v1", data)


@pytest.fixture
async def blobs(settings: Settings) -> AsyncIterator[Blobs]:
    async with open_blobs(settings) as blobs:
        yield blobs


@pytest.fixture
async def embed(settings: Settings) -> AsyncIterator[Handler]:
    async with open_stage(settings) as handler:
        yield handler


@asynccontextmanager
async def asking(settings: Settings) -> AsyncIterator[KnowledgeSearch]:
    async with open_search(settings) as search:
        async with asyncio.timeout(10):
            while not search.connected:  # noqa: ASYNC110 # a robust connection has no event for "again"
                await asyncio.sleep(0.02)
        yield search


async def test_a_document_becomes_searchable_over_the_broker(settings: Settings, blobs: Blobs, embed: Handler) -> None:
    (told,) = await embed(await document(blobs, "connections.md", RUNBOOK))
    await embed(await document(blobs, "disk.md", DISK))

    async with asking(settings) as search:
        result = await search.search(QUERY)

    assert (told.type, told.data.vectors) == ("document.embedded.v1", 2)
    assert told.data.model == result.model == "sentence-transformers/all-MiniLM-L6-v2"
    assert (result.hits[0].name, result.hits[0].heading, result.hits[0].line_start) == ("connections.md", "Meaning", 3)


async def test_a_redelivered_document_gives_the_same_event_and_the_same_hits(settings: Settings, blobs: Blobs, embed: Handler) -> None:
    sent = await document(blobs, "connections.md", RUNBOOK)
    first = await embed(sent)
    async with asking(settings) as search:
        before = await search.search(QUERY)
        second = await embed(sent)
        after = await search.search(QUERY)

    assert [told.model_dump(exclude={"time"}) for told in first] == [told.model_dump(exclude={"time"}) for told in second]
    assert before == after


async def test_a_question_is_given_the_runbook_that_fits_its_facts(blobs: Blobs, embed: Handler) -> None:
    runbook = await document(blobs, "connections.md", RUNBOOK)
    log = await document(blobs, "db.log", DISK, collection="case", type_="log")
    for sent in (runbook, log):
        await embed(sent)
    fact = Fact(id="limit-1", kind="limit", text="PostgreSQL refused 84 clients: too many clients already")
    insights = Insights(evidence_id=log.subject, file="db.log", classification=kind("log"), lines=1, facts=(fact,))
    merged = await stored(blobs, MergedInsights(question="Why do orders fail?", files=(insights,)))
    piece = Piece(job_id=log.subject, name="db.log", content=merged, classification=kind("log"), receipt=RECEIPT, insights=merged)
    asked = event("troubleshoot.processed.v1", Merged(content=merged, intent="root_cause", receipt=RECEIPT, pieces=(piece,), merged=merged))

    (told,) = await embed(asked)
    (again,) = await embed(asked)

    found = SearchResult.model_validate_json(await blobs.read("acme", told.data.knowledge))
    assert told.type == "troubleshoot.embedded.v1"
    assert found.hits[0].name == "connections.md"
    assert log.subject not in {hit.document_id for hit in found.hits}
    assert told.data == again.data


async def test_the_vector_of_a_question_is_of_its_own_words_whatever_its_evidence_says(blobs: Blobs, embed: Handler) -> None:
    fact = Fact(id="limit-1", kind="limit", text="PostgreSQL refused 84 clients: too many clients already")
    insights = Insights(evidence_id=uuid4(), file="db.log", classification=kind("log"), lines=1, facts=(fact,))

    async def vector(question: str, *files: Insights) -> tuple[float, ...]:
        merged = await stored(blobs, MergedInsights(question=question, files=files))
        (told,) = await embed(event("troubleshoot.processed.v1", Merged(content=merged, intent="other", receipt=RECEIPT, merged=merged)))
        return SearchResult.model_validate_json(await blobs.read("acme", told.data.knowledge)).vector

    with_facts, without = await vector("Why do orders fail?", insights), await vector("Why do orders fail?")
    other = await vector("Is the disk of the backup host full?", insights)
    assert len(with_facts) == 384
    assert with_facts == without
    assert cosine(with_facts, other) < 0.5


async def test_a_missing_blob_is_permanent(blobs: Blobs, embed: Handler) -> None:
    sent = await document(blobs, "gone.md", DISK)
    await blobs.delete("acme", sent.data.insights)

    with pytest.raises(MissingContent):
        await embed(sent)


async def test_a_blob_of_something_else_is_permanent(blobs: Blobs, embed: Handler) -> None:
    sent = await document(blobs, "odd.md", DISK)
    other = await blobs.put("acme", "clean", "other", b'{"a": "secret words"}')

    with pytest.raises(UnreadableContent) as caught:
        await embed(event("document.processed.v1", sent.data.model_copy(update={"insights": other})))
    assert "secret words" not in str(caught.value)


async def test_a_file_without_passages_is_embedded_all_the_same(blobs: Blobs, embed: Handler) -> None:
    (told,) = await embed(await document(blobs, "empty.md", ()))

    assert told.data.vectors == 0


async def test_the_loop_stays_free_while_a_document_is_embedded(blobs: Blobs, embed: Handler) -> None:
    chunks = tuple(Chunk(index=n, text=f"line {n} " * 60, line_start=n + 1, line_end=n + 1) for n in range(48))
    sent = await document(blobs, "long.md", chunks)
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    beating = asyncio.create_task(beat())
    await embed(sent)
    beating.cancel()

    assert beats > 10


async def test_a_file_and_a_question_pass_a_long_document(blobs: Blobs, embed: Handler) -> None:
    chunks = tuple(Chunk(index=n, text=f"line {n} " * 60, line_start=n + 1, line_end=n + 1) for n in range(160))
    order: list[str] = []

    async def go(name: str, rank: int, sent: Event[Any]) -> None:
        RANK.set(rank)
        await embed(sent)
        order.append(name)

    merged = await stored(blobs, MergedInsights(question="Why do orders fail?"))
    asked = event("troubleshoot.processed.v1", Merged(content=merged, intent="root_cause", receipt=RECEIPT, merged=merged))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(go("document", 0, await document(blobs, "manual.md", chunks)))
        await asyncio.sleep(1)
        tasks.create_task(go("file", 1, await document(blobs, "db.log", DISK, collection="case", type_="log")))
        tasks.create_task(go("question", 2, asked))

    assert order[-1] == "document"


async def test_many_searches_at_once_each_get_their_own_answer(settings: Settings) -> None:
    async def searcher(query: SearchQuery) -> SearchResult:
        await asyncio.sleep(0.05)
        return SearchResult(model=query.text)

    async with serve_search(_url(settings), search_seal(settings), searcher), asking(settings) as search:
        results = await asyncio.gather(*(search.search(QUERY.model_copy(update={"text": f"q{n}"})) for n in range(40)))

    assert [result.model for result in results] == [f"q{n}" for n in range(40)]


async def test_nothing_readable_lies_in_the_queue(settings: Settings) -> None:
    connection = await aio_pika.connect(_url(settings))
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(topology.SEARCH, durable=True, arguments=dict(QUEUE_ARGUMENTS))
        async with asking(settings) as search:
            waiting = asyncio.create_task(search.search(QUERY, timeout=2))
            async with queue.iterator(timeout=2, no_ack=True) as messages:
                message = await anext(messages)
            with pytest.raises(TransientError, match="not answered"):
                await waiting

    assert message.delivery_mode == aio_pika.DeliveryMode.NOT_PERSISTENT
    assert message.expiration is not None
    assert all(word not in message.body for word in (b"clients", b"bob", b"acme", b"tenant"))


async def test_a_search_that_nobody_serves_fails_at_once(settings: Settings) -> None:
    async with asking(settings) as search:
        async with asyncio.timeout(2):
            with pytest.raises(Unavailable, match="no embed consumer"):
                await search.search(QUERY, timeout=5)


async def test_a_search_that_fails_is_told_to_who_asked(settings: Settings) -> None:
    async def searcher(_: SearchQuery) -> SearchResult:
        raise Unavailable("the vector store is away")

    async with serve_search(_url(settings), search_seal(settings), searcher), asking(settings) as search, asyncio.timeout(2):
        with pytest.raises(TransientError, match="could not search"):
            await search.search(QUERY)


async def test_a_query_sealed_with_another_key_is_not_answered(settings: Settings) -> None:
    async def searcher(_: SearchQuery) -> SearchResult:
        return SearchResult(model="m")

    async with serve_search(_url(settings), Seal(bytes(32)), searcher), asking(settings) as search:
        with pytest.raises(TransientError, match="not answered"):
            await search.search(QUERY, timeout=0.5)


async def test_searching_goes_on_after_the_connection_was_cut(settings: Settings) -> None:
    async def searcher(query: SearchQuery) -> SearchResult:
        return SearchResult(model=query.text)

    async with serve_search(_url(settings), search_seal(settings), searcher), asking(settings) as search:
        await search._connection.reconnect()
        async with asyncio.timeout(20):
            while True:
                try:
                    assert (await search.search(QUERY, timeout=1)).model == QUERY.text
                    break
                except TransientError:
                    await asyncio.sleep(0.2)


async def test_vectors_come_from_valkey_the_second_time_and_the_same(settings: Settings) -> None:
    texts = ["the disk is full", "too many clients"]
    async with open_encoder(settings) as encoder:
        made = await encoder.passages("acme", texts)
        async with Redis.from_url(_text(settings.redis_url)) as redis:
            keys = [key async for key in redis.scan_iter(f"{settings.redis_prefix}:vector:acme:*")]
            lives = [await redis.ttl(key) for key in keys]
        mixed = await encoder.passages("acme", ["something new", *texts])

    assert len(keys) == 2
    assert min(lives) > 0
    assert (mixed[1:] == made).all()


def _url(settings: Settings) -> str:
    return _text(settings.amqp_url)


def _text(secret: Any) -> str:
    assert secret is not None
    return str(secret.get_secret_value())
