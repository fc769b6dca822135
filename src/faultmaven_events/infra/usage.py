"""What language models cost, out of `llm_usage`: sums over a stretch of time, by day, model, provider, task or tenant."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import asyncpg

from faultmaven_events.infra.llm.budget import Amount
from faultmaven_events.infra.timescale import Timeline
from faultmaven_events.schemas.spending import By, UsageLine, UsagePage

MOST: Final = 1000
"""Lines of a page."""
_KEYS: Final[Mapping[By, str]] = {
    "day": "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
    "model": "model",
    "provider": "provider",
    "task": "task",
    "tenant": "tenant",
}
_SUMS: Final = (
    "SELECT {key} AS key, grouping({key}) AS whole, count(*) FILTER (WHERE outcome <> 'cached') AS calls, "
    "count(*) FILTER (WHERE outcome = 'answered') AS answered, count(*) FILTER (WHERE outcome = 'cached') AS cached, "
    "coalesce(sum(tokens_in), 0)::bigint AS tokens_in, coalesce(sum(tokens_out), 0)::bigint AS tokens_out, "
    "coalesce(sum(micros), 0)::bigint AS micros, coalesce(sum(ran_ms), 0)::bigint AS ran_ms "
    "FROM llm_usage WHERE ($1::text IS NULL OR tenant = $1) AND at >= $2 AND at < $3 "
    "GROUP BY GROUPING SETS (({key}), ()) ORDER BY whole DESC, {order} LIMIT $4"
)
_NOTHING: Final = {"key": "total", "calls": 0, "answered": 0, "cached": 0, "tokens_in": 0, "tokens_out": 0, "micros": 0, "ran_ms": 0}


class UsageStore:
    """The repository of usage, to read: record writes it."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline

    async def page(self, tenant: str | None, start: datetime, end: datetime, by: By) -> UsagePage:
        """Return the usage of a tenant; None, for who operates the system: of all of them. Days in order of time, others by money.

        Raises:
            Unavailable: PostgreSQL is away.
        """
        order = "key" if by == "day" else "micros DESC, tokens_in DESC, key"
        query = _SUMS.format(key=_KEYS[by], order=order)
        async with self._timeline.connect() as connection:
            try:
                rows = [dict(row) for row in await connection.fetch(query, tenant, start, end, MOST + 1)]
            except asyncpg.UndefinedTableError:  # record has never run here
                rows = []
        whole = next((row for row in rows if row["whole"]), _NOTHING)
        items = tuple(_line(row, row["key"]) for row in rows if not row["whole"])
        return UsagePage(tenant=tenant, start=start, end=end, by=by, items=items, total=_line(whole, "total"))


def _line(row: Mapping[str, Any], key: str) -> UsageLine:
    told = {name: row[name] for name in ("calls", "answered", "cached", "tokens_in", "tokens_out", "ran_ms")}
    return UsageLine(key=key, failed=row["calls"] - row["answered"], money_usd=Amount(row["micros"]).usd, **told)
