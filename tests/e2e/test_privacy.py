"""Nothing that people must not see is ever stored, sent or logged: canaries go in everywhere, and are looked for everywhere."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import re2  # type: ignore[import-untyped] # its wheel brings no types

from e2e import incident, shelves
from e2e.canaries import Canaries, question
from e2e.planted import documents, logs, planted
from e2e.running import Document, Running, Visitor, event
from e2e.shelves import Thing
from faultmaven_events.topology import EVENTS

DEAD_AT = {
    "sanitize": ("ingest.classified.v1", {"classification": {"type": "log", "format": "plain-log", "confidence": 0.9, "reason": "lines"}}),
    "process": ("ingest.sanitized.v1", {"receipt": {"counts": {}, "detector": "test/1", "lines": 1}}),
}
"""Stages that find nothing where an event says that something is."""


async def messages(system: Running, ours: set[str]) -> AsyncIterator[Thing]:
    """Every message published since the system started, through any exchange, with its headers, but not what the test itself published."""
    for copy in system.tap.copies:
        if copy.event.get("id") in ours and copy.exchange == EVENTS:
            continue
        yield f"message to {copy.exchange or 'a queue'}: {copy.event.get('type')}", copy.body + repr(copy.headers).encode()


async def answers(visitor: Visitor) -> AsyncIterator[Thing]:
    """Everything that the API shows of a tenant."""
    cursor: str | None = ""
    while cursor is not None:
        page = await visitor.request("GET", "/api/v1/jobs", params={"limit": "200", **({"cursor": cursor} if cursor else {})})
        yield "list of jobs", page.content
        for item in page.json()["items"]:
            job = await visitor.request("GET", f"/api/v1/jobs/{item['id']}")
            yield f"job {item['name']}", json.dumps(job.json(), ensure_ascii=False).encode()
            for view in ("receipt", "lineage", "series"):
                yield f"{view} {item['name']}", (await visitor.request("GET", f"/api/v1/jobs/{item['id']}/{view}")).content
        cursor = page.json().get("next")


async def printed(system: Running, tenant: str, asked: str, charted: str) -> AsyncIterator[Thing]:
    """What the command line prints of a tenant: a question's report, a file's series, what died."""
    orders = (
        ("jobs", "--tenant", tenant, "--limit", "200"),
        ("jobs", asked, "--tenant", tenant),
        ("lineage", asked, "--tenant", tenant),
        ("series", charted, "--tenant", tenant),
        ("allow", "marks", charted, "--tenant", tenant),
        ("dead", "list", "--letters"),
        ("dead", "export", "--tenant", tenant),
        ("dead", "audit"),
        ("ledger",),
    )
    for words, done in zip(orders, await asyncio.gather(*(system.command(*words) for words in orders)), strict=True):
        yield f"faultmaven {' '.join(words[:2])}", (done.out + done.err).encode()


async def everything(system: Running, visitor: Visitor, servers_home: Path, ours: set[str]) -> AsyncIterator[Thing]:
    """Everything that the system and its servers keep or send."""
    settings = system.settings
    for source in (
        messages(system, ours),
        shelves.documents(settings),
        shelves.rows(settings),
        shelves.values(settings),
        shelves.vectors(settings),
        shelves.blobs(settings, visitor.tenant),
        shelves.sealed(settings, visitor.tenant),
        shelves.logs(system.system.logs, servers_home),
        shelves.home(settings),
        answers(visitor),
    ):
        async for thing in source:
            yield thing
    for number, body in enumerate(system.collector.bodies):
        yield f"spans {number}", body


async def misuse(visitor: Visitor, canary: Canaries) -> AsyncIterator[Thing]:
    """Requests that are refused, with canaries in every part of them."""
    canary.place = "refused requests"
    broken = await visitor.request("POST", "/api/v1/troubleshoot", content=f'{{"question": "{canary.password()}'.encode())
    form = await visitor.request("POST", "/api/v1/data", files={"file": ("a.log", b"x")}, data={canary.password(): canary.password()})
    header = await visitor.request("GET", "/api/v1/jobs", headers={"X-User-Id": f"{canary.password()} !"})
    query = await visitor.request("GET", "/api/v1/jobs", params={"cursor": canary.password(), "status": canary.password()})
    path = await visitor.request("GET", f"/api/v1/jobs/{canary.password()}")
    session = await visitor.request("POST", "/api/v1/troubleshoot", json={"question": "Why?", "session_id": canary.password()})
    for answer in (broken, form, header, query, path, session):
        assert answer.is_client_error, answer.text
        told = answer.json() | {"instance": None}  # the path that the client asked for itself
        yield f"problem {answer.request.method} {answer.status_code}", json.dumps(told, ensure_ascii=False).encode()


def found_in(things: Sequence[Thing], canary: Canaries) -> dict[str, set[str]]:
    """Return where canaries came out, by where they were planted."""
    options = re2.Options()
    options.max_mem = 256 << 20
    hidden = re2.compile("|".join(re2.escape(value) for value in canary.released).encode(), options)
    found: dict[str, set[str]] = {}
    for where, what in things:
        for match in hidden.finditer(what):
            found.setdefault(canary.released[match.group().decode()], set()).add(where)
    return found


async def taken(system: Running, visitor: Visitor, canary: Canaries) -> tuple[Document, list[str]]:
    """Hand in a file of every kind, a question about them, documents, and what cannot be read; return the question and the jobs."""
    files, asked = planted(canary), question(canary)
    runbooks = await asyncio.gather(*(visitor.document(name, files[name], collection="global") for name in documents.WRITERS))
    accepted = await visitor.ask(asked, *files.items())
    packed = await visitor.hand_in("packed.log.gz", gzip.compress(files["shop.log"]))
    jobs = [*runbooks, packed, accepted["job_id"], *(each["job_id"] for each in accepted["evidence"])]
    for job in await asyncio.gather(*map(visitor.completed, jobs)):
        jobs += await asyncio.gather(*(_done(visitor, child) for child in job.get("children") or ()))
    canary.place = "names, titles and tags"
    words = {"title": f"Dump of {canary.email()}", "tags": f"password={canary.password()}"}
    jobs.append(await visitor.hand_in(f"{canary.email()} token={canary.github()}.log", incident.log(1), **words))
    jobs.append(await visitor.document(f"call {canary.phone()}.md", incident.RUNBOOK, title=f"Ask {canary.email()}", tags=canary.email()))
    await asyncio.gather(*map(visitor.completed, jobs[-2:]))
    canary.place = "search"
    await visitor.search(f"why does {canary.email()} with password {canary.password()} fail")
    return accepted, jobs


async def _done(visitor: Visitor, job: str) -> str:
    await visitor.completed(job)
    return job


async def died(system: Running, visitor: Visitor, canary: Canaries) -> AsyncIterator[Thing]:
    """Let messages die at the stages that meet content, and redrive them; what cannot be read stays, encrypted, for that."""
    canary.place = "truncated.log.gz"
    job = await visitor.hand_in("truncated.log.gz", gzip.compress(incident.log() + canary.password().encode())[:-300])
    assert (await visitor.ended(job))["status"] == "failed"
    for stage, (type_, data) in DEAD_AT.items():
        area = "raw" if stage == "sanitize" else "clean"
        gone = {"area": area, "key": uuid4().hex, "size": 10, "sha256": "0" * 64}
        classified = DEAD_AT["sanitize"][1]
        lost = event(type_, {"name": "lost.log", "content": gone, **classified, **data}, tenant=visitor.tenant)
        await system.publish(lost)
        ended = await visitor.ended(lost["subject"])
        assert (ended["status"], ended["error"]["stage"]) == ("failed", stage), ended
    [letter] = await system.buried(job)
    redriven = await system.command("dead", "redrive", str(letter["_id"]))
    shown = await system.command("dead", "show", str(letter["_id"]))
    assert shown.status == 0, (redriven, shown)
    yield "faultmaven dead redrive", (redriven.out + redriven.err).encode()
    yield "faultmaven dead show", (shown.out + shown.err).encode()


async def published(system: Running, visitor: Visitor, canary: Canaries) -> set[str]:
    """Publish text in events, as a program without our SDK may, some of it wrong; return the ids of the events."""
    canary.place = "published directly"
    right = event("ingest.submitted.v1", {"name": f"{canary.email()}.log", "text": logs.WRITERS["shop.log"](canary)}, tenant=visitor.tenant)
    asked = event("troubleshoot.submitted.v1", {"text": question(canary)}, tenant=visitor.tenant)
    wrong = event("ingest.submitted.v1", {"name": "a.log", "text": canary.password(), "pass": canary.password()}, tenant=visitor.tenant)
    await system.publish(right, asked, wrong)
    await asyncio.gather(*(visitor.ended(one["subject"]) for one in (right, asked, wrong)))
    return {one["id"] for one in (right, asked, wrong)}


async def test_no_secret_and_no_personal_data_is_found_anywhere(system: Running, visitor: Visitor, servers_home: Path) -> None:
    canary = Canaries()
    accepted, _ = await taken(system, visitor, canary)
    assert shelves.raw_blobs(system.settings, visitor.tenant) == []
    things = [thing async for thing in died(system, system.visitor(), canary)]
    charted = next(each["job_id"] for each in accepted["evidence"] if each["name"] == "range.json")
    things += [thing async for thing in misuse(visitor, canary)]
    ours = await published(system, visitor, canary)
    things += [thing async for thing in everything(system, visitor, servers_home, ours)]
    things += [thing async for thing in printed(system, visitor.tenant, accepted["job_id"], charted)]
    assert found_in(things, canary) == {}
    assert len(things) > 500
    assert system.collector.bodies
    kept = [thing async for thing in shelves.vault(system.settings, visitor.tenant)]
    assert found_in(kept, canary), "the vault holds what pseudonyms stand for"
    assert found_in(kept, replace(canary, released={secret: canary.released[secret] for secret in canary.secrets})) == {}
