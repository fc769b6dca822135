"""Holding accounts against their entries: what an account says must be what its entries add up to.

Calls that are open are left out of the entries and counted as the account has them, because an end that is booked and not yet applied is
no difference: it is applied when the call is closed. An account that changes while it is looked at is looked at again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from faultmaven_events.infra.llm.budget import NOTHING, Account, Amount
from faultmaven_events.infra.llm.hold import amount_document, amount_of
from faultmaven_events.infra.mongo import Database, Document, mongo_errors
from faultmaven_events.schemas.spending import Checked, Difference, Sum

TRIES: Final = 5
MOST: Final = 1000
"""Accounts that are checked at a time, the latest first."""
_NAMES: Final = tuple((account, name) for account in ("allowance", "aside", "spent") for name in ("micros", "tokens"))
_SUMS: Final[Document] = {"_id": None, **{f"{account}_{name}": {"$sum": f"$moves.{account}.{name}"} for account, name in _NAMES}}

Sums = Mapping[Account, Amount]


class Books:
    """Accounts and entries beside each other; raises Unavailable when MongoDB is away."""

    def __init__(self, database: Database) -> None:
        self._accounts, self._entries = database["llm_accounts"], database["llm_entries"]

    async def check(self, since: datetime, tenant: str | None = None) -> Checked:
        """Compare the accounts that have entries since a time; of one tenant, or for who operates the system of all."""
        found: list[Difference] = []
        unsettled, accounts = 0, await self._since(since, tenant)
        for each in accounts:
            differences = await self._compare(each["tenant"], each["period"])
            unsettled += differences is None
            found += differences or ()
        return Checked(accounts=len(accounts), unsettled=unsettled, differences=tuple(found))

    async def mend(self, tenant: str, period: str) -> bool:
        """Write down what the entries say; False when the account kept changing meanwhile."""
        for _ in range(TRIES):
            account, sums = await self._both(tenant, period)
            said = {"aside": amount_document(sums["aside"]), "spent": amount_document(sums["spent"])}
            key = {"_id": f"{tenant}/{period}", "tenant": tenant}
            with mongo_errors():
                if account is None:
                    fresh = {"period": period, "open": [], "version": 0, **said}
                    done = await self._accounts.update_one(key, {"$setOnInsert": fresh}, upsert=True)
                    if done.upserted_id is not None:
                        return True
                    continue
                key["version"] = account["version"]
                if (await self._accounts.update_one(key, {"$set": said, "$inc": {"version": 1}})).matched_count:
                    return True
        return False

    async def _since(self, since: datetime, tenant: str | None) -> Sequence[Mapping[str, str]]:
        chosen: Document = {"at": {"$gte": since}, **({"tenant": tenant} if tenant else {})}
        named = {"_id": {"tenant": "$tenant", "period": "$period"}}
        steps: list[Document] = [{"$match": chosen}, {"$group": named}, {"$sort": {"_id.period": -1, "_id.tenant": 1}}, {"$limit": MOST}]
        with mongo_errors():
            return [each["_id"] async for each in self._entries.aggregate(steps)]

    async def _compare(self, tenant: str, period: str) -> list[Difference] | None:
        """Return the differences of one account; None when it would not keep still."""
        for _ in range(TRIES):
            account, sums = await self._both(tenant, period)
            with mongo_errors():
                after = await self._accounts.find_one({"_id": f"{tenant}/{period}", "tenant": tenant}, {"version": 1})
            if (account or {}).get("version") != (after or {}).get("version"):
                continue
            names: tuple[Account, ...] = ("aside", "spent")
            said = {name: amount_of(account[name]) if account else NOTHING for name in names}
            return [_difference(tenant, period, name, said[name], sums[name]) for name in names if said[name] != sums[name]]
        return None

    async def _both(self, tenant: str, period: str) -> tuple[Document | None, Sums]:
        with mongo_errors():
            account = await self._accounts.find_one({"_id": f"{tenant}/{period}", "tenant": tenant})
            opened = account["open"] if account else []
            chosen = {"tenant": tenant, "period": period, "call": {"$nin": [each["call"] for each in opened]}}
            rows = [row async for row in self._entries.aggregate([{"$match": chosen}, {"$group": _SUMS}])]
        held = sum((amount_of(each["amount"]) for each in opened), NOTHING)
        row = rows[0] if rows else {}
        return account, {"aside": _of(row, "aside") + held, "spent": _of(row, "spent"), "allowance": _of(row, "allowance") - held}


def _of(row: Mapping[str, Any], account: str) -> Amount:
    return Amount(row.get(f"{account}_micros", 0), row.get(f"{account}_tokens", 0))


def _difference(tenant: str, period: str, account: Account, says: Amount, entries: Amount) -> Difference:
    shown = {"says": Sum(usd=says.usd, tokens=says.tokens), "entries": Sum(usd=entries.usd, tokens=entries.tokens)}
    return Difference.model_validate({"tenant": tenant, "period": period, "account": account, **shown})
