"""The vector store on both engines: Qdrant Edge as it runs, and the server's adapter on the local mode of Qdrant's own client."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from qdrant_client import AsyncQdrantClient
from qdrant_edge import CountRequest

from faultmaven_events.errors import SetupError, Unavailable
from faultmaven_events.infra.embedder.words import document_words, passage_words, query_words
from faultmaven_events.infra.vectors import Document, Passage, Query, Scope, VectorStore
from faultmaven_events.infra.vectors.edge import Edge, open_edge
from faultmaven_events.infra.vectors.server import open_server, prepared
from faultmaven_events.infra.vectors.store import PER_DOCUMENT
from faultmaven_events.schemas.evidence import Collection

SIZE = 8
pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes")  # the client's local mode has none, it scans


@pytest.fixture(params=["edge", "client"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[VectorStore]:
    if request.param == "edge":
        async with open_edge(tmp_path / "vectors", "m", SIZE) as edge:
            yield VectorStore(edge, "m")
        return
    client = AsyncQdrantClient(":memory:")
    yield VectorStore(await prepared(client, "m", SIZE), "m")
    await client.close()


def meaning(direction: int) -> list[float]:
    vector = np.full(SIZE, 0.05)
    vector[direction] = 1.0
    return [float(value) for value in vector / np.linalg.norm(vector)]


def document(collection: Collection = "user", *, tenant: str = "acme", user: str = "bob", edition: str = "1", **more: object) -> Document:
    return Document(uuid4(), tenant, user, collection, "notes.md", edition, **more)  # type: ignore[arg-type] # test shorthand


async def put(store: VectorStore, target: Document, *texts: str, direction: int = 0) -> int:
    async def passages() -> AsyncIterator[Sequence[Passage]]:
        for start in range(0, len(texts), 2):
            yield [
                Passage(start + place, text, start + place + 1, start + place + 1, meaning(direction), passage_words(text), "Heading")
                for place, text in enumerate(texts[start : start + 2])
            ]

    return await store.put(target, passages(), document_words("notes", "\n".join(texts)))


async def found(store: VectorStore, text: str, scope: Scope, *, direction: int = 0, limit: int = 8) -> list[str]:
    result = await store.search(Query(meaning(direction), query_words(text)), scope, limit)
    return [hit.text for hit in result.hits]


BOB = Scope("acme", "bob")


async def test_a_passage_is_found_by_its_words_with_its_place(store: VectorStore) -> None:
    notes = document("global", title="Notes")
    await put(store, notes, "the disk is full", "restart the pump", direction=1)
    await put(store, document("global"), "unrelated prose", direction=2)

    result = await store.search(Query(meaning(3), query_words("restart pump")), BOB, 5)

    hit = result.hits[0]
    assert (hit.text, hit.document_id, hit.line_start, hit.title, hit.heading) == ("restart the pump", notes.id, 2, "Notes", "Heading")
    assert result.model == "m"


async def test_a_passage_is_found_by_its_meaning(store: VectorStore) -> None:
    await put(store, document(), "first", direction=1)
    await put(store, document(), "second", direction=2)

    assert (await found(store, "nothing in common", BOB, direction=2))[0] == "second"


async def test_scores_fall_and_the_first_is_the_cosine_of_the_nearest(store: VectorStore) -> None:
    for direction in range(4):
        await put(store, document(), f"disk {direction}", direction=direction)

    hits = (await store.search(Query(meaning(2), query_words("disk 2")), BOB, 8)).hits

    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(1.0, abs=1e-5)


async def test_another_tenant_finds_nothing(store: VectorStore) -> None:
    for collection in ("user", "global", "case"):
        await put(store, document(collection, case_id="C-1"), "the disk is full")

    assert await found(store, "disk full", Scope("other", "bob", case_id="C-1")) == []


async def test_a_user_s_knowledge_is_theirs_alone(store: VectorStore) -> None:
    await put(store, document("user"), "bob's own notes on the disk")
    await put(store, document("global"), "shared notes on the disk")

    assert await found(store, "disk notes", Scope("acme", "eve")) == ["shared notes on the disk"]
    assert len(await found(store, "disk notes", BOB)) == 2


async def test_case_evidence_is_found_in_its_case_or_by_its_job_only(store: VectorStore) -> None:
    evidence = document("case", case_id="C-1")
    await put(store, evidence, "disk errors in the case")

    assert await found(store, "disk", BOB) == []
    assert await found(store, "disk", Scope("acme", "bob", case_id="C-2")) == []
    assert len(await found(store, "disk", Scope("acme", "bob", case_id="C-1"))) == 1
    assert len(await found(store, "disk", Scope("acme", "bob", documents=(evidence.id,)))) == 1
    assert await found(store, "disk", Scope("acme", "bob", case_id="C-1", without=(evidence.id,))) == []


async def test_only_the_collections_asked_for_are_searched(store: VectorStore) -> None:
    await put(store, document("user"), "mine disk")
    await put(store, document("global"), "ours disk")

    assert await found(store, "disk", Scope("acme", "bob", ("global",))) == ["ours disk"]


async def test_writing_twice_changes_nothing(store: VectorStore) -> None:
    notes = document()
    counts = [await put(store, notes, "one", "two", "three") for _ in range(2)]

    assert counts == [3, 3]
    assert await store.count("acme", notes.id) == 4  # and the document itself
    assert sorted(await found(store, "one two three", BOB)) == ["one", "three", "two"]


async def test_a_shorter_edition_leaves_no_stale_passage(store: VectorStore) -> None:
    notes = document(edition="1")
    await put(store, notes, "old one", "old two", "old three")
    later = Document(notes.id, "acme", "bob", "user", "notes.md", "2")

    await put(store, later, "new one")

    assert await store.count("acme", notes.id) == 2
    assert await found(store, "old three", BOB) == ["new one"]


async def test_an_edition_without_passages_empties_the_document(store: VectorStore) -> None:
    notes = document(edition="1")
    await put(store, notes, "old")

    assert await put(store, Document(notes.id, "acme", "bob", "user", "notes.md", "2")) == 0
    assert await store.count("acme", notes.id) == 0


async def test_deleting_touches_one_document_of_one_tenant(store: VectorStore) -> None:
    mine, theirs = document(), document()
    twin = Document(mine.id, "other", "bob", "user", "notes.md", "1")
    await put(store, mine, "mine")
    await put(store, theirs, "theirs")

    await store.delete(twin.tenant, mine.id)
    assert await store.count("acme", mine.id) == 2
    await store.delete("acme", mine.id)
    await store.delete("acme", mine.id)

    assert await found(store, "mine theirs", BOB) == ["theirs"]


async def test_one_long_document_does_not_fill_the_hits(store: VectorStore) -> None:
    await put(store, document(), *(f"disk is full again {number}" for number in range(8)))
    await put(store, document(), "the disk, seen elsewhere")

    hits = await found(store, "disk full again", BOB)

    assert len(hits) == PER_DOCUMENT + 1
    assert "the disk, seen elsewhere" in hits


async def test_the_same_text_in_two_documents_is_one_hit(store: VectorStore) -> None:
    await put(store, document(), "the disk is full")
    await put(store, document(), "the disk is full")

    assert await found(store, "disk full", BOB) == ["the disk is full"]


async def test_words_that_are_common_at_another_tenant_stay_rare_here(store: VectorStore) -> None:
    for _ in range(12):
        await put(store, document("global", tenant="other"), "replication")
    await put(store, document("global"), "replication")
    for number in range(3):
        await put(store, document("global"), f"lag {number}")
    for number in range(4):
        await put(store, document("global"), f"prose {number}")

    assert (await found(store, "lag, a replication", BOB))[0] == "replication"


async def test_an_empty_store_answers_nothing(store: VectorStore) -> None:
    assert await found(store, "disk", BOB) == []
    assert await found(store, "disk", Scope("acme", "bob", ("case",))) == []


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    notes = document()
    async with open_edge(tmp_path, "m", SIZE) as edge:
        await put(VectorStore(edge, "m"), notes, "one", "two")

    async with open_edge(tmp_path, "m", SIZE) as edge:
        assert await VectorStore(edge, "m").count("acme", notes.id) == 3


async def test_a_folder_that_is_open_elsewhere_is_refused(tmp_path: Path) -> None:
    async with open_edge(tmp_path, "m", SIZE):
        with pytest.raises(SetupError, match="open in another process"):
            async with open_edge(tmp_path, "m", SIZE):
                pass


@pytest.mark.parametrize(("model", "size"), [("other", SIZE), ("m", SIZE * 2)])
async def test_a_folder_remembers_its_model(tmp_path: Path, model: str, size: int) -> None:
    async with open_edge(tmp_path, "m", SIZE):
        pass

    with pytest.raises(SetupError, match="was filled by m"):
        async with open_edge(tmp_path, model, size):
            pass


async def test_a_collection_on_a_server_remembers_its_model() -> None:
    client = AsyncQdrantClient(":memory:")
    await prepared(client, "m", SIZE)
    await prepared(client, "m", SIZE)

    with pytest.raises(SetupError, match="was filled by m"):
        await prepared(client, "other", SIZE)
    await client.close()


async def test_a_server_that_is_away_is_said_to_be(unused_tcp_port: int) -> None:
    with pytest.raises(SetupError, match="does not answer"):
        async with open_server(f"http://127.0.0.1:{unused_tcp_port}", None, "m", SIZE):
            pass


async def test_a_server_that_goes_away_is_waited_for(unused_tcp_port: int) -> None:
    from faultmaven_events.infra.vectors.server import Server

    client = AsyncQdrantClient(url=f"http://127.0.0.1:{unused_tcp_port}", check_compatibility=False, timeout=2)
    with pytest.raises(Unavailable):
        await VectorStore(Server(client, tenant_idf=True), "m").count("acme", UUID(int=1))
    await client.close()


class Counted:
    """A shard that counts how often it is written to disk, and how much was in it at that time."""

    def __init__(self, shard: Any) -> None:
        self.shard, self.flushed = shard, []  # type: ignore[var-annotated] # a list of counts

    def __getattr__(self, name: str) -> Any:
        return getattr(self.shard, name)

    def flush(self) -> None:
        self.flushed.append(self.shard.count(CountRequest(exact=True)))
        self.shard.flush()


async def test_files_that_arrive_together_share_a_flush_and_none_is_told_before_it_is_on_disk(tmp_path: Path) -> None:
    async with open_edge(tmp_path / "vectors", "m", SIZE) as opened:
        counted = Counted(opened.shard)
        store = VectorStore(Edge(counted), "m")  # type: ignore[arg-type] # it is one, and counts
        told: list[int] = []

        async def one(text: str) -> None:
            await put(store, document(), text)
            told.append(max(counted.flushed))

        await asyncio.gather(*(one(f"text {number}") for number in range(20)))
        assert len(counted.flushed) < 20
        assert counted.flushed[-1] == 40  # a passage and a document each
        assert len(told) == 20
        assert all(on_disk >= 2 * place for place, on_disk in enumerate(sorted(told), 1) if on_disk < 40)
