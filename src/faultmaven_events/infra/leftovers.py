"""Raw content that nobody came for: of jobs that failed, expired or were cancelled, of messages that never got through classify.

It stays long enough for a redrive (`FM_RAW_HOURS`), then it goes. Content of jobs that are still on their way is never touched: nothing of
a tenant goes that is younger than its oldest unfinished job, unless that job is `PATIENCE` times as old as content may become.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

import obstore
import structlog
from obstore.exceptions import NotFoundError
from obstore.store import ObjectStore

from faultmaven_events.errors import Unavailable
from faultmaven_events.infra.mongo import Database, mongo_errors

EVERY_S: Final = 1800.0
UPLOADING: Final = timedelta(hours=1)
"""How long before its job a blob may have been stored at most."""
PATIENCE: Final = 10

log = structlog.get_logger()


async def sweep_raw(store: ObjectStore, database: Database, hours: float, now: datetime) -> int:
    """Delete raw content that is older than `hours`, but for what unfinished jobs may need; return how many.

    Raises:
        Unavailable: MongoDB or the store is away.
    """
    age = timedelta(hours=hours)
    old = {path async for path, at in _raw(store) if at < now - age}
    if not old:
        return 0
    begun = await _unfinished(database, now - age * PATIENCE)
    count = 0
    async for path, at in _raw(store):
        limit = begun.get(path.split("/")[1], now) - UPLOADING
        if path in old and at < min(now - age, limit):
            count += await _deleted(store, path)
    return count


async def _unfinished(database: Database, since: datetime) -> dict[str, datetime]:
    """Return when the oldest unfinished job of each tenant was accepted; what is older than `since` does not count."""
    unfinished = {"status": {"$in": ["accepted", "running"]}, "created_at": {"$gte": since}}
    with mongo_errors():
        found = database["jobs"].aggregate([{"$match": unfinished}, {"$group": {"_id": "$tenant", "at": {"$min": "$created_at"}}}])
        return {document["_id"]: document["at"] async for document in found}


async def _raw(store: ObjectStore) -> AsyncIterator[tuple[str, datetime]]:
    try:
        async for batch in obstore.list(store, prefix="raw"):
            for meta in batch:
                yield meta["path"], meta["last_modified"]
    except (OSError, obstore.exceptions.BaseError) as error:
        raise Unavailable(f"the blob store does not answer: {type(error).__name__}") from None


async def _deleted(store: ObjectStore, path: str) -> bool:
    try:
        await obstore.delete_async(store, path)
    except (FileNotFoundError, NotFoundError):
        return False  # somebody else sweeps too
    except (OSError, obstore.exceptions.BaseError) as error:
        raise Unavailable(f"the blob store does not answer: {type(error).__name__}") from None
    return True


async def keep_sweeping_raw(store: ObjectStore, database: Database, hours: float) -> None:
    """Sweep now, then every half an hour."""
    while True:
        try:
            count = await sweep_raw(store, database, hours, datetime.now(UTC))
            if count:
                log.info("raw_content_deleted", count=count)
        except Unavailable as error:
            log.warning("raw_content_not_swept", error=str(error))
        await asyncio.sleep(EVERY_S)
