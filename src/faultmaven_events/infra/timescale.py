"""What happened when: stage runs and the event log in TimescaleDB, or in plain PostgreSQL as partitioned tables.

A row is written once however often its event comes: writers of one event take turns by an advisory lock, because a unique index of a
hypertable or partitioned table must hold the time, and the time of a republished event differs.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import asyncpg

from faultmaven_events.errors import SetupError, Unavailable
from faultmaven_events.schemas.event import Event
from faultmaven_events.settings import Settings

_COLUMNS = {
    "event_log": (
        "at timestamptz NOT NULL, event_id uuid NOT NULL, tenant text NOT NULL, job_id uuid NOT NULL, type text NOT NULL, causation_id uuid"
    ),
    "stage_runs": (
        "at timestamptz NOT NULL, event_id uuid NOT NULL, tenant text NOT NULL, job_id uuid NOT NULL, kind text NOT NULL, "
        "stage text NOT NULL, outcome text NOT NULL, waited_ms bigint, ran_ms bigint, attempt int, consumer text"
    ),
}


class Timeline:
    """The repository of what happened when; every method names the tenant, in the event or as an argument."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def prepare(self) -> str:
        """Create the tables as the server allows; return `timescaledb` or `postgresql`."""
        async with self._errors(), self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(7305004)")  # several consumers may start at once
            available = await connection.fetchval("SELECT count(*) FROM pg_available_extensions WHERE name = 'timescaledb'")
            if available:
                await connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
            for table, columns in _COLUMNS.items():
                await self._create(connection, table, columns, hypertable=bool(available))
            return "timescaledb" if available else "postgresql"

    @staticmethod
    async def _create(connection: Any, table: str, columns: str, *, hypertable: bool) -> None:
        if hypertable:
            await connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
            await connection.execute(f"SELECT create_hypertable('{table}', 'at', if_not_exists => TRUE)")
        else:
            await connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns}) PARTITION BY RANGE (at)")
            await connection.execute(f"CREATE TABLE IF NOT EXISTS {table}_rest PARTITION OF {table} DEFAULT")
            for first, after in _months(datetime.now(UTC).date()):
                name = f"{table}_{first:%Y%m}"
                try:
                    async with connection.transaction():
                        await connection.execute(
                            f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table} FOR VALUES FROM ('{first}') TO ('{after}')"
                        )
                except asyncpg.CheckViolationError:
                    continue  # rows of that month already lie in the rest; they stay there
        await connection.execute(f"CREATE INDEX IF NOT EXISTS {table}_event ON {table} (event_id)")
        await connection.execute(f"CREATE INDEX IF NOT EXISTS {table}_job ON {table} (tenant, job_id, at)")

    async def record(self, event: Event[Any], outcome: str) -> None:
        """Write an event and, when a stage published it, that stage's run."""
        async with self._errors(), self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", str(event.id))
            await connection.execute(
                "INSERT INTO event_log (at, event_id, tenant, job_id, type, causation_id) SELECT $1, $2, $3, $4, $5, $6 "
                "WHERE NOT EXISTS (SELECT 1 FROM event_log WHERE event_id = $2)",
                event.time, event.id, event.tenantid, event.subject, event.type, event.causationid,
            )  # fmt: skip # one line of parameters per statement
            if event.stage is not None:
                await connection.execute(
                    "INSERT INTO stage_runs (at, event_id, tenant, job_id, kind, stage, outcome, waited_ms, ran_ms, attempt, consumer) "
                    "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 WHERE NOT EXISTS (SELECT 1 FROM stage_runs WHERE event_id = $2)",
                    event.time, event.id, event.tenantid, event.subject, event.kind, event.stage, outcome,
                    event.waitedms, event.ranms, event.attempt, event.consumer,
                )  # fmt: skip # as above

    async def runs(self, tenant: str, job_id: UUID) -> list[dict[str, Any]]:
        """Return the stage runs of a job in order of time."""
        async with self._errors(), self._pool.acquire() as connection:
            rows = await connection.fetch("SELECT * FROM stage_runs WHERE tenant = $1 AND job_id = $2 ORDER BY at", tenant, job_id)
            return [dict(row) for row in rows]

    @asynccontextmanager
    async def _errors(self) -> AsyncIterator[None]:
        try:
            yield
        except (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.OperatorInterventionError) as error:
            raise Unavailable(f"PostgreSQL does not answer: {type(error).__name__}") from error
        except (asyncpg.InsufficientResourcesError, asyncpg.ReadOnlySQLTransactionError) as error:
            raise Unavailable(f"PostgreSQL cannot write now: {type(error).__name__}") from error


def _months(today: date) -> list[tuple[date, date]]:
    """Return first day and first day after, of this month and the next two."""
    firsts = [date(today.year + (today.month - 1 + i) // 12, (today.month - 1 + i) % 12 + 1, 1) for i in range(4)]
    return list(pairwise(firsts))


@asynccontextmanager
async def open_timeline(settings: Settings) -> AsyncIterator[Timeline]:
    """Open the store that `FM_POSTGRES_URL` names and prepare its tables.

    Raises:
        SetupError: no URL, or one that does not work.
    """
    if settings.postgres_url is None:
        raise SetupError("FM_POSTGRES_URL is not set: name a PostgreSQL or TimescaleDB, or run `faultmaven up`, which brings one")
    try:
        pool = await asyncpg.create_pool(settings.postgres_url.get_secret_value(), min_size=1, max_size=4, command_timeout=15, timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError, ValueError) as error:
        raise SetupError(f"FM_POSTGRES_URL does not work: {type(error).__name__}") from None
    try:
        timeline = Timeline(pool)
        await timeline.prepare()
        yield timeline
    finally:
        pool.terminate()
