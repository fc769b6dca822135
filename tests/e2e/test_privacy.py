"""Nothing that people must not see is ever stored, sent or logged: canaries go in everywhere, and are looked for everywhere."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import re2  # type: ignore[import-untyped] # its wheel brings no types

from e2e import incident, shelves
from e2e.canaries import DOCUMENTS, Canaries, planted, question
from e2e.running import Running, Visitor
from e2e.shelves import Thing


async def messages(system: Running) -> AsyncIterator[Thing]:
    """Every message published since the system started, through any exchange, with its headers."""
    for copy in system.tap.copies:
        yield f"message to {copy.exchange or 'a queue'}", copy.body + repr(copy.headers).encode()


async def answers(visitor: Visitor) -> AsyncIterator[Thing]:
    """Everything that the API shows of a tenant."""
    page = await visitor.request("GET", "/api/v1/jobs", params={"limit": "200"})
    yield "list of jobs", page.content
    for item in page.json()["items"]:
        job = await visitor.request("GET", f"/api/v1/jobs/{item['id']}")
        yield f"job {item['name']}", json.dumps(job.json(), ensure_ascii=False).encode()


async def everything(system: Running, visitor: Visitor, servers_home: Path) -> AsyncIterator[Thing]:
    """Everything that the system and its servers keep or send."""
    settings = system.settings
    for source in (
        messages(system),
        shelves.documents(settings),
        shelves.rows(settings),
        shelves.values(settings),
        shelves.vectors(settings),
        shelves.blobs(settings, visitor.tenant),
        shelves.logs(system.system.logs, servers_home),
        answers(visitor),
    ):
        async for thing in source:
            yield thing


async def misuse(visitor: Visitor, canary: Canaries) -> AsyncIterator[Thing]:
    """Requests that are refused, with canaries in every part of them."""
    canary.place = "refused requests"
    broken = await visitor.request("POST", "/api/v1/troubleshoot", content=f'{{"question": "{canary.password()}'.encode())
    form = await visitor.request("POST", "/api/v1/data", files={"file": ("a.log", b"x")}, data={canary.password(): canary.password()})
    header = await visitor.request("GET", "/api/v1/jobs", headers={"X-User-Id": f"{canary.password()} !"})
    query = await visitor.request("GET", "/api/v1/jobs", params={"cursor": canary.password(), "status": canary.password()})
    path = await visitor.request("GET", f"/api/v1/jobs/{canary.password()}")
    for answer in (broken, form, header, query, path):
        assert answer.is_client_error, answer.text
        yield f"problem {answer.request.method} {answer.status_code}", answer.content


async def test_no_secret_and_no_personal_data_is_found_anywhere(system: Running, visitor: Visitor, servers_home: Path) -> None:
    canary = Canaries()
    files, asked = planted(canary), question(canary)
    documents = await asyncio.gather(*(visitor.document(name, files[name], collection="global") for name in DOCUMENTS))
    await asyncio.gather(*map(visitor.completed, documents))
    accepted = await visitor.ask(asked, *files.items())
    packed = await visitor.hand_in("packed.log.gz", gzip.compress(files["shop.log"]))
    await asyncio.gather(
        *(visitor.completed(id) for id in (packed, accepted["job_id"], *(each["job_id"] for each in accepted["evidence"])))
    )
    canary.place = "search"
    await visitor.search(f"why does {canary.email()} with password {canary.password()} fail")

    assert shelves.raw_blobs(system.settings, visitor.tenant) == []
    stranger = system.visitor()  # what cannot be read stays, encrypted, for a replay
    canary.place = "truncated.log.gz"
    job = await stranger.hand_in("truncated.log.gz", gzip.compress(incident.log() + canary.password().encode())[:-300])
    assert (await stranger.ended(job))["status"] == "failed"

    found: dict[str, set[str]] = {}
    looked_at = 0
    hidden = re2.compile("|".join(re2.escape(value) for value in canary.released).encode())
    refused = [thing async for thing in misuse(visitor, canary)]
    for where, what in [*refused, *[thing async for thing in everything(system, visitor, servers_home)]]:
        looked_at += 1
        for match in hidden.finditer(what):
            found.setdefault(canary.released[match.group().decode()], set()).add(where)
    assert found == {}
    assert looked_at > 200
