"""MongoDB through motor, which is touched here only: its support ends in May 2027, and PyMongo's own asynchronous API takes its place."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from bson.errors import BSONError
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import ASCENDING, DESCENDING, IndexModel, WriteConcern
from pymongo.errors import ConfigurationError, ConnectionFailure, DuplicateKeyError, ExecutionTimeout, OperationFailure, PyMongoError

from faultmaven_events.errors import SetupError, Unavailable
from faultmaven_events.settings import Settings

Database = AsyncIOMotorDatabase[dict[str, Any]]
Document = dict[str, Any]

__all__ = ["BSONError", "Database", "Document", "DuplicateKeyError", "mongo_errors", "open_mongo"]

INDEXES = {
    "jobs": [
        IndexModel([("tenant", ASCENDING), ("_id", DESCENDING)]),
        IndexModel([("tenant", ASCENDING), ("status", ASCENDING), ("_id", DESCENDING)]),
        IndexModel([("tenant", ASCENDING), ("status", ASCENDING), ("kind", ASCENDING)]),
        IndexModel([("outbox_at", ASCENDING)], sparse=True),
        IndexModel([("parent", ASCENDING)], sparse=True),
        IndexModel(
            [("tenant", ASCENDING), ("case_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
            partialFilterExpression={"case_id": {"$gt": ""}},
        ),
        IndexModel([("created_at", ASCENDING)]),
        IndexModel([("status", ASCENDING), ("touched_at", ASCENDING), ("_id", ASCENDING)]),
        IndexModel(
            [("stage", ASCENDING), ("kind", ASCENDING), ("arrived_at", ASCENDING)],
            partialFilterExpression={"arrived_at": {"$exists": True}},
        ),
        IndexModel([("kind", ASCENDING), ("final.at", DESCENDING)], partialFilterExpression={"status": "completed"}),
    ],
    "gatherings": [
        IndexModel([("evidence", ASCENDING)]),
        IndexModel([("children", ASCENDING)], sparse=True),
        IndexModel([("state", ASCENDING), ("by", ASCENDING)]),
        IndexModel([("job", ASCENDING)]),
    ],
    "dead_letters": [
        IndexModel([("tenant", ASCENDING), ("died_at", DESCENDING)]),
        IndexModel([("died_at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("fingerprint", ASCENDING)]),
        IndexModel([("state", ASCENDING), ("stage", ASCENDING)]),
        IndexModel([("job_id", ASCENDING)]),
        IndexModel([("redrive.op", ASCENDING), ("redrive.outcome", ASCENDING)]),
    ],
    "alerts": [IndexModel([("at", DESCENDING)])],
    "ledger_gaps": [IndexModel([("state", ASCENDING), ("found_at", ASCENDING)])],
    "redrives": [IndexModel([("state", ASCENDING), ("started_at", ASCENDING)])],
    "audit": [IndexModel([("at", DESCENDING)])],
    "llm_accounts": [IndexModel([("period", ASCENDING), ("tenant", ASCENDING)]), IndexModel([("open.until", ASCENDING)])],
    "llm_entries": [
        IndexModel([("tenant", ASCENDING), ("period", ASCENDING)]),
        IndexModel([("tenant", ASCENDING), ("job", ASCENDING)]),
        IndexModel([("at", ASCENDING)]),
    ],
}


@contextmanager
def mongo_errors() -> Iterator[None]:
    """Turn MongoDB being away, stepping down or out of time into `Unavailable`."""
    try:
        yield
    except (ConnectionFailure, ExecutionTimeout) as error:
        raise Unavailable(f"MongoDB does not answer: {type(error).__name__}") from error
    except OperationFailure as error:
        if isinstance(error, DuplicateKeyError) or not error.has_error_label("RetryableWriteError"):
            raise
        raise Unavailable(f"MongoDB cannot write now: {type(error).__name__}") from error


@asynccontextmanager
async def open_mongo(settings: Settings) -> AsyncIterator[Database]:
    """Open the database that `FM_MONGO_URL` names; writes are journaled on a majority.

    Raises:
        SetupError: no URL, or one without a database's name.
    """
    if settings.mongo_url is None:
        raise SetupError("FM_MONGO_URL is not set: name a MongoDB, or run `faultmaven up`, which brings one")
    try:
        client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
            settings.mongo_url.get_secret_value(),
            serverSelectionTimeoutMS=5000,
            tz_aware=True,
            uuidRepresentation="standard",
            timeoutMS=10_000,
        )
        database = client.get_default_database(write_concern=WriteConcern(w="majority", j=True))
    except (ConfigurationError, PyMongoError) as error:
        raise SetupError(f"FM_MONGO_URL does not work: {type(error).__name__}; it needs the form mongodb://host:port/database") from None
    try:
        yield database
    finally:
        client.close()


async def ensure_indexes(database: Database) -> None:
    """Create the indexes that queries rely on; those that exist stay."""
    with mongo_errors():
        for collection, indexes in INDEXES.items():
            await database[collection].create_indexes(indexes)
