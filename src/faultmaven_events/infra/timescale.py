"""What happened when: stage runs and the event log in TimescaleDB, or in plain PostgreSQL as partitioned tables.

A row is written once however often its event comes: writers of one event take turns by an advisory lock, because a unique index of a
hypertable or partitioned table must hold the time, and the time of a republished event differs. Many events are written in one
transaction; its locks are taken in one order, so that two processes that write the same events do not wait for each other for ever.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

import asyncpg
from pydantic_core import to_json

from faultmaven_events.errors import FaultmavenError, InvalidEvent, SetupError, Unavailable
from faultmaven_events.infra.llm.budget import micros
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.ledger import KindLine
from faultmaven_events.schemas.usage import Usage
from faultmaven_events.settings import Settings

_EVENT: Final = "at timestamptz NOT NULL, event_id uuid NOT NULL, tenant text NOT NULL, job_id uuid NOT NULL"
_COUNTS: Final = ("accepted", "unpublished", "running", "completed", "failed", "expired", "cancelled", "gaps")
_COLUMNS: Final = {
    "event_log": f"{_EVENT}, type text NOT NULL, causation_id uuid",
    "stage_runs": f"{_EVENT}, kind text NOT NULL, stage text NOT NULL, outcome text NOT NULL, "
    "waited_ms bigint, ran_ms bigint, attempt int, consumer text",
    "llm_usage": f"{_EVENT}, provider text NOT NULL, model text NOT NULL, task text NOT NULL, outcome text NOT NULL, "
    "tokens_in bigint NOT NULL, tokens_out bigint NOT NULL, micros bigint NOT NULL, ran_ms bigint NOT NULL, estimated boolean NOT NULL",
    "ledger": f"at timestamptz NOT NULL, kind text NOT NULL, {', '.join(f'{each} bigint NOT NULL' for each in _COUNTS)}, "
    "unroutable bigint, stages jsonb NOT NULL",
    "metric_points": "kept_at timestamptz NOT NULL, tenant text NOT NULL, job_id uuid NOT NULL, series int NOT NULL, "
    "at timestamptz NOT NULL, value double precision NOT NULL",
}
_SPLIT: Final = {"metric_points": "kept_at"}
"""The time by which a table is split, where it is not `at`: what a file says of its times must not decide how many chunks there are."""
_NAMED: Final = (
    "CREATE TABLE IF NOT EXISTS metric_series (tenant text NOT NULL, job_id uuid NOT NULL, series int NOT NULL, name text NOT NULL, "
    "component text, unit text, samples bigint NOT NULL, kept int NOT NULL, first timestamptz NOT NULL, last timestamptz NOT NULL, "
    "minimum double precision NOT NULL, maximum double precision NOT NULL, PRIMARY KEY (tenant, job_id, series))"
)
_BOTH: Final = (
    "CREATE OR REPLACE VIEW metric_samples AS SELECT tenant, job_id, name AS series, component, unit, at, value "
    "FROM metric_points JOIN metric_series USING (tenant, job_id, series)"
)
"""What is no hypertable: the series beside their points, and both together for people and dashboards."""
_INDEXES: Final = {
    "event_log_event": "event_log (event_id)",
    "event_log_job": "event_log (tenant, job_id, at)",
    "stage_runs_event": "stage_runs (event_id)",
    "stage_runs_job": "stage_runs (tenant, job_id, at)",
    "stage_runs_stage": "stage_runs (stage, at)",
    "ledger_kind": "ledger (kind, at)",
    "llm_usage_tenant": "llm_usage (tenant, at)",
    "llm_usage_job": "llm_usage (tenant, job_id)",
    "metric_points_series": "metric_points (tenant, job_id, series, at)",
}

_LOCK: Final = "SELECT pg_advisory_xact_lock(key) FROM unnest($1::bigint[]) AS key"
_KNOWN: Final = "SELECT event_id FROM event_log WHERE event_id = ANY($1::uuid[])"
_LOG: Final = (
    "INSERT INTO event_log (at, event_id, tenant, job_id, type, causation_id) "
    "SELECT * FROM unnest($1::timestamptz[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::uuid[])"
)
_RUN: Final = (
    "INSERT INTO stage_runs (at, event_id, tenant, job_id, kind, stage, outcome, waited_ms, ran_ms, attempt, consumer) "
    "SELECT * FROM unnest($1::timestamptz[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::bigint[], "
    "$9::bigint[], $10::int[], $11::text[])"
)
_USAGE: Final = (
    "INSERT INTO llm_usage (at, event_id, tenant, job_id, provider, model, task, outcome, tokens_in, tokens_out, micros, ran_ms, "
    "estimated) "
    "SELECT * FROM unnest($1::timestamptz[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], "
    "$9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::boolean[])"
)

Entry = tuple[Event[Any], str]
"""An event, and the outcome of the stage that published it."""


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
            for statement in (_NAMED, _BOTH):
                await connection.execute(statement)
            for name, place in _INDEXES.items():
                await connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {place}")
            return "timescaledb" if available else "postgresql"

    @staticmethod
    async def _create(connection: Any, table: str, columns: str, *, hypertable: bool) -> None:
        by = _SPLIT.get(table, "at")
        if hypertable:
            await connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
            await connection.execute(f"SELECT create_hypertable('{table}', '{by}', if_not_exists => TRUE)")
        else:
            await connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns}) PARTITION BY RANGE ({by})")
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

    async def record(self, entries: Sequence[Entry]) -> list[FaultmavenError | None]:
        """Write events and, where a stage published them, the stages' runs; return for each None, or why it can never be written.

        Raises:
            Unavailable: PostgreSQL is away or cannot write now; nothing was written.
        """
        try:
            async with self._errors():
                await self._write({event.id: (event, outcome) for event, outcome in entries})
        except (asyncpg.DataError, ValueError):  # the server's, and what asyncpg itself finds when it encodes
            if len(entries) == 1:
                return [InvalidEvent("it has a value that PostgreSQL cannot hold")]
            half = len(entries) // 2  # it does not say which one
            return [*await self.record(entries[:half]), *await self.record(entries[half:])]
        return [None] * len(entries)

    async def _write(self, entries: dict[UUID, Entry]) -> None:
        keys = sorted(int.from_bytes(id.bytes[:8], signed=True) for id in entries)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_LOCK, keys)
            known = {row[0] for row in await connection.fetch(_KNOWN, list(entries))}
            new = [entry for id, entry in entries.items() if id not in known]
            if new:
                await connection.execute(_LOG, *_columns(_logged(event) for event, _ in new))
            if runs := [_ran(event, outcome) for event, outcome in new if event.stage is not None]:
                await connection.execute(_RUN, *_columns(runs))
            if calls := [_used(event, event.data) for event, _ in new if isinstance(event.data, Usage)]:
                await connection.execute(_USAGE, *_columns(calls))

    async def runs(self, tenant: str, job_id: UUID) -> list[dict[str, Any]]:
        """Return the stage runs of a job in order of time."""
        async with self._errors(), self._pool.acquire() as connection:
            rows = await connection.fetch("SELECT * FROM stage_runs WHERE tenant = $1 AND job_id = $2 ORDER BY at", tenant, job_id)
            return [dict(row) for row in rows]

    async def snapshot(self, at: datetime, lines: Sequence[KindLine], gaps: Mapping[str, int], unroutable: int | None) -> None:
        """Write a line of the ledger per kind; `gaps` are the open ones by kind."""
        rows = [
            (
                *(at, each.kind, each.accepted, each.unpublished, each.running, each.completed, each.failed, each.expired, each.cancelled),
                *(gaps.get(each.kind, 0), unroutable, to_json([stage.model_dump() for stage in each.stages]).decode()),
            )
            for each in lines
        ]
        places = ", ".join(f"${n}" for n in range(1, 13))
        names = f"at, kind, {', '.join(_COUNTS)}, unroutable, stages"
        async with self._errors(), self._pool.acquire() as connection:
            await connection.executemany(f"INSERT INTO ledger ({names}) VALUES ({places})", rows)  # noqa: S608 # names of our own

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Any]:
        """Give a connection to the queries of another repository over the same tables; raises as `record` does."""
        async with self._errors(), self._pool.acquire() as connection:
            yield connection

    @asynccontextmanager
    async def _errors(self) -> AsyncIterator[None]:
        try:
            yield
        except (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.OperatorInterventionError) as error:
            if isinstance(error, ValueError):  # asyncpg cannot encode a value
                raise
            raise Unavailable(f"PostgreSQL does not answer: {type(error).__name__}") from error
        except (
            asyncpg.InsufficientResourcesError,
            asyncpg.ReadOnlySQLTransactionError,
            asyncpg.TransactionRollbackError,
            asyncpg.ObjectNotInPrerequisiteStateError,
        ) as error:
            raise Unavailable(f"PostgreSQL cannot write now: {type(error).__name__}") from error


def _logged(event: Event[Any]) -> tuple[object, ...]:
    return _zoned(event.time), event.id, event.tenantid, event.subject, event.type, event.causationid


def _ran(event: Event[Any], outcome: str) -> tuple[object, ...]:
    return (
        *(_zoned(event.time), event.id, event.tenantid, event.subject, event.kind, event.stage, outcome),
        *(event.waitedms, event.ranms, event.attempt, event.consumer),
    )


def _used(event: Event[Any], usage: Usage) -> tuple[object, ...]:
    return (
        *(_zoned(event.time), event.id, event.tenantid, event.subject, usage.provider, usage.model, usage.task, usage.outcome),
        *(usage.tokens_in, usage.tokens_out, micros(usage.money_usd), usage.ran_ms, usage.estimated),
    )


def _zoned(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _columns(rows: Iterable[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


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
    async with _open_pool(settings, least=1, most=4) as pool:
        timeline = Timeline(pool)
        await timeline.prepare()
        yield timeline


@asynccontextmanager
async def open_reading(settings: Settings) -> AsyncIterator[Timeline]:
    """Open the store for who only reads it: nothing is created, and the server may be away until the first question.

    Raises:
        SetupError: no URL, or one that is none.
    """
    async with _open_pool(settings, least=0, most=2) as pool:
        yield Timeline(pool)


@asynccontextmanager
async def _open_pool(settings: Settings, *, least: int, most: int) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    if settings.postgres_url is None:
        raise SetupError("FM_POSTGRES_URL is not set: name a PostgreSQL or TimescaleDB, or run `faultmaven up`, which brings one")
    url = settings.postgres_url.get_secret_value()
    try:
        pool = await asyncpg.create_pool(url, min_size=least, max_size=most, command_timeout=15, timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError, ValueError) as error:
        raise SetupError(f"FM_POSTGRES_URL does not work: {type(error).__name__}") from None
    try:
        yield pool
    finally:
        pool.terminate()
