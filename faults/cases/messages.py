"""Messages that come twice, in the wrong order, damaged, from other versions, or about content that is not there."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import aio_pika

from faultmaven_events.schemas.event import MEDIA_TYPE
from faultmaven_events.topology import BY_NAME, DEAD, EVENTS
from faults.case import case
from faults.content import Parcel, sample
from faults.load import encoded, event, events_of
from faults.surgery import Known, open_table
from faults.trial import Trial


@case("duplicates")
async def duplicates(trial: Trial) -> None:
    """Every event of every stage, and every letter, is published three times, the copies side by side."""
    async with await aio_pika.connect(trial.rig.urls.amqp) as connection:
        channel = await connection.channel(publisher_confirms=True)
        echo = await channel.declare_queue(exclusive=True)
        exchanges = {name: await channel.get_exchange(name) for name in (EVENTS, DEAD)}
        for name, pattern in ((EVENTS, "#"), (DEAD, "letter.#")):
            await echo.bind(name, routing_key=pattern)
        seen: set[tuple[str, str]] = set()

        async def again(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            async with message.process():
                key = (message.routing_key or "", json.loads(message.body)["id"])
                if key in seen:
                    return
                seen.add(key)
                copy = aio_pika.Message(message.body, content_type=MEDIA_TYPE, type=message.type, app_id=message.app_id, delivery_mode=2)
                await asyncio.gather(*(exchanges[message.exchange or ""].publish(copy, key[0]) for _ in range(2)))

        await echo.consume(again)
        await trial.hand_in(sample(trial.parcels, 40 if trial.long else 18, trial.source))
        await trial.ended()
        trial.notes.append(f"{len(seen)} events times three")


@case("out-of-order")
async def out_of_order(trial: Trial) -> None:
    """Later states come before earlier ones at record, and completed evidence before its question at gather, all of it twice."""
    questions = trial.pick("troubleshoot")
    async with open_table(trial.rig.urls.amqp) as table:
        async with trial.held("gather"):
            await trial.hand_in(questions)
            wanted = sum(parcel.jobs for parcel in questions)
            taken = await table.waiting("gather", lambda found: len(found) >= wanted)
            taken.sort(key=lambda known: known[0])  # ingest.completed before troubleshoot.sanitized
            await table.put("gather", [(key, encoded(body)) for key, body in taken * 2])
        await trial.ended()
        async with trial.held("record"):
            files = trial.pick("ingest")[:4] + trial.pick("document")[:1]
            await trial.hand_in(files)
            taken = await table.waiting("record", partial(_complete, "embedded", len(files)))
            taken.sort(key=lambda known: known[1]["time"], reverse=True)
            await table.put("record", [(key, encoded(body)) for key, body in taken * 2])


def _states(found: Any) -> Counter[str]:
    return Counter(key.split(".")[1] for key, _ in found)


POISON = (
    b"",
    b"\x00\xff\xfe poison \x80",
    b"{",
    b"[]",
    b"null",
    b'{"type": 7}',
    b'{"type": "ingest.submitted.v1"}',
    b'{"a":' * 5000 + b"1" + b"}" * 5000,
    b'{"specversion": "1.0", "id": "x", "type": "ingest.submitted.v1", "data": {}, "subject": null, "time": "yesterday"}',
    b'{"type": "ingest.submitted.v1", "id": "' + b"9" * 100_000 + b'"}',
)


@case("poison")
async def poison(trial: Trial) -> None:
    """Bytes that are no events lie in every stage's queues: each becomes one letter, and everything else goes on."""
    letters, nobodys = trial.database["dead_letters"], {"code": "invalid_event", "job_id": None}
    before = await letters.count_documents(nobodys)
    salt, many = str(uuid4()).encode(), 0
    load = trial.load(12, over=1)
    async with open_table(trial.rig.urls.amqp) as table:
        for stage in BY_NAME.values():
            if stage.source == EVENTS:
                key = stage.takes[0].replace("*", "v1") if stage.name != "record" else "ingest.classified.v1"
                bodies = [body if body in {b"", b"null", b"[]"} else body + b" " + salt for body in POISON]
                await table.put(stage.name, [(key, body) for body in bodies])
                many += len(bodies)
    await load
    await trial.until(lambda: _is(letters, nobodys, before + many), f"{many} messages of poison are {many} letters")


async def _is(collection: Any, query: dict[str, Any], count: int) -> bool:
    return bool(await collection.count_documents(query) == count)


@case("unknown-version")
async def unknown_version(trial: Trial) -> None:
    """Events of a version that nobody speaks: each job fails, and says so; a type that nobody takes is kept as unroutable."""
    correlation = trial.accounts.correlation()
    events = [
        event(f"{kind}.submitted.v9", {"anything": 1}, "unknown-version", correlation) for kind in ("ingest", "document", "troubleshoot")
    ]
    load = trial.load(8, over=1)
    for each in events:
        await trial.counter.publish(each)
        trial.accounts.accepted[UUID(each["subject"])] = "unknown-version"
        trial.apart.add(UUID(each["subject"]))
    await load
    await trial.fails([UUID(each["subject"]) for each in events], "invalid_event")
    await trial.counter.publish(event("sunset.happened.v1", {}, "unknown-version", correlation))
    async with await aio_pika.connect(trial.rig.urls.amqp) as connection:
        kept = await (await connection.channel()).get_queue("fm.unroutable")
        message = await kept.get(timeout=10, fail=False)
        trial.expect(message is not None and json.loads(message.body)["type"] == "sunset.happened.v1", "the unroutable event was not kept")
        if message is not None:
            await message.ack()


@case("missing-blob")
async def missing_blob(trial: Trial) -> None:
    """The sanitized twin of a file is gone when its stage comes to it, and a publisher refers to content that never was."""
    ids = await _with_twins(trial, lambda path: path.unlink())
    never = {"area": "raw", "key": uuid4().hex, "size": 3, "sha256": "0" * 64}
    lost = event("ingest.submitted.v1", {"name": "never.log", "content": never}, "missing-blob", trial.accounts.correlation())
    await trial.counter.publish(lost)
    trial.accounts.accepted[UUID(lost["subject"])] = "missing-blob"
    trial.apart.add(UUID(lost["subject"]))
    await trial.fails([*ids, UUID(lost["subject"])], "missing_content")


@case("tampered-blob")
async def tampered_blob(trial: Trial) -> None:
    """Somebody changed a byte of a sanitized twin: nothing of it is believed."""

    def change(path: Any) -> None:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)

    await trial.fails(await _with_twins(trial, change), "missing_content")


async def _with_twins(trial: Trial, harm: Any) -> list[UUID]:
    """Harm the twins of a few files while process is away; returns their jobs."""
    parcels = [Parcel(f"harmed-{uuid4().hex[:8]}", p.kind, p.way, p.files) for p in trial.pick("ingest", "amqp")[:3]]
    async with open_table(trial.rig.urls.amqp) as table, trial.held("process"):
        await trial.hand_in(parcels)
        taken = await table.waiting("process", lambda found: len(found) == len(parcels))
        for _, body in taken:
            harm(trial.rig.blobs / "clean" / body["tenantid"] / body["data"]["content"]["key"])
            trial.apart.add(UUID(body["subject"]))
        await table.put("process", [(key, encoded(body)) for key, body in taken])
        await trial.hand_in(trial.pick("ingest", "amqp")[:3])
    return [UUID(body["subject"]) for _, body in taken]


@case("other-versions")
async def other_versions(trial: Trial) -> None:
    """Events of an older version without the newer attributes, and of a newer one with attributes that nobody here knows."""
    newer: dict[str, Any] = {"colour": "blue", "shardhint": 7, "nested": {"a": [1]}}
    ours = ("urgent", "generation", "inputhash", "datahash", "stores", "consumer", "waitedms", "ranms", "attempt", "traceparent", "userid")
    files = [parcel for kind in ("ingest", "document", "troubleshoot") for parcel in trial.pick(kind, "amqp")[:2]]
    for stage, state in (("sanitize", "classified"), ("process", "sanitized"), ("record", "embedded")):
        async with open_table(trial.rig.urls.amqp) as table, trial.held(stage):
            for parcel in files:
                for each in events_of(parcel, trial.accounts.correlation(), **newer):
                    await trial.counter.publish(each)
                    trial.accounts.accepted[UUID(each["subject"])] = parcel.key
            wanted = sum(len(p.files) for p in files)
            taken = await table.waiting(stage, partial(_complete, state, wanted))
            old = [(key, encoded({k: v for k, v in body.items() if k not in ours} | newer)) for key, body in taken]
            await table.put(stage, old)


def _complete(state: str, wanted: int, found: Sequence[Known]) -> bool:
    return _files(found)[state] >= wanted


def _files(found: Sequence[Known]) -> Counter[str]:
    return _states([known for known in found if not known[0].startswith("troubleshoot")])


@case("clock-skew")
async def clock_skew(trial: Trial) -> None:
    """Publishers whose clocks are a day early or a day late."""
    parcels = [parcel for parcel in trial.parcels if parcel.way == "amqp"]
    for days in (-1, 1):
        moment = (datetime.now(UTC) + timedelta(days=days)).isoformat()
        for parcel in parcels:
            for each in events_of(parcel, trial.accounts.correlation()):
                await trial.counter.publish({**each, "time": moment})
                trial.accounts.accepted[UUID(each["subject"])] = parcel.key
