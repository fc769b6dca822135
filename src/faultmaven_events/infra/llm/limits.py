"""Limits of their own that operators gave to tenants; who has none has everybody's."""

from datetime import UTC, datetime
from typing import Any, Final

from faultmaven_events.infra.llm.budget import Limits, micros
from faultmaven_events.infra.mongo import Database, mongo_errors
from faultmaven_events.schemas.spending import Limit

MOST: Final = 10_000
"""Tenants whose limits are listed."""


class TenantLimits:
    """The repository of limits; raises Unavailable when MongoDB is away."""

    def __init__(self, database: Database, default: Limits) -> None:
        self._limits, self.default = database["llm_limits"], default

    async def of(self, tenant: str) -> tuple[Limits, bool]:
        """Return a tenant's limits, and whether they are its own."""
        with mongo_errors():
            own = await self._limits.find_one({"_id": tenant})
        return (_read(own), True) if own else (self.default, False)

    async def own(self) -> dict[str, Limits]:
        """Return the limits of all tenants that have their own."""
        with mongo_errors():
            return {each["_id"]: _read(each) async for each in self._limits.find().limit(MOST)}

    async def put(self, tenant: str, limit: Limit, by: str) -> None:
        """Give a tenant a limit of its own."""
        money = None if limit.usd is None else micros(limit.usd)
        given = {"micros": money, "tokens": limit.tokens, "by": by, "at": datetime.now(UTC)}
        with mongo_errors():
            await self._limits.replace_one({"_id": tenant}, given, upsert=True)

    async def remove(self, tenant: str) -> bool:
        """Take a tenant's own limit away; False when there was none."""
        with mongo_errors():
            return (await self._limits.delete_one({"_id": tenant})).deleted_count > 0


def _read(kept: dict[str, Any]) -> Limits:
    return Limits(kept["micros"], kept["tokens"])
