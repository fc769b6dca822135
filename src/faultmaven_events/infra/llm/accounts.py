"""The ledger of what language models cost: double entries in MongoDB that are never changed, and an account that decides who still may.

The entries (`llm_entries`) are the truth. An account (`llm_accounts`, one for a tenant and period) holds what they add up to, so that
"is there room" is one conditional update of one document, which any number of processes may try at once. It also holds the calls that
run: whatever a crash leaves undone between two writes can be read there, so `book` and `apply` are repeated by anybody until all agree.

    reserve   account: if there is room, the call among `open` and its amount aside     then entry `reserved`
    end       entry `settled`, `released` or `expired` (one id for all three: a call ends once)   then account: aside back, cost spent
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from faultmaven_events.errors import Unavailable
from faultmaven_events.infra.llm.budget import NOTHING, Amount, Kind, Limits, Moves, Span, ending, micros, period_of, reserving, resets_at
from faultmaven_events.infra.llm.hold import Ended, Hold, amount_document, amount_of
from faultmaven_events.infra.llm.limits import TenantLimits
from faultmaven_events.infra.llm.port import OverBudget
from faultmaven_events.infra.mongo import Database, Document, DuplicateKeyError, mongo_errors, open_mongo
from faultmaven_events.schemas.event import derive
from faultmaven_events.schemas.spending import Budget, Left, Limit, Sum
from faultmaven_events.schemas.usage import Usage
from faultmaven_events.settings import Settings

OPEN: Final = 500
"""Calls of one tenant that may be open: more means that nobody closes what crashes leave."""
TRIES: Final = 5
"""Looks at an account that changes while it is looked at."""
BEHIND: Final = 100
"""Accounts with overdue calls that are looked at in one round."""
SHOWN: Final = 1000
"""Tenants whose budgets are listed."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Accounts:
    """The repository of accounts and entries. Every method raises Unavailable when MongoDB is away."""

    def __init__(
        self, database: Database, *, limits: Limits, span: Span = "day", refuses: bool = False, clock: Callable[[], datetime] = _utc_now
    ) -> None:
        self._accounts, self._entries = database["llm_accounts"], database["llm_entries"]
        self.limits, self.refuses, self.now = TenantLimits(database, limits), refuses, clock
        self._span = span

    def resets_at(self) -> datetime:
        """When the period that runs is over."""
        return resets_at(self._span, self.now())

    async def reserve(self, hold: Hold) -> Hold:
        """Set an amount aside; return the hold with its period. A call that was reserved before changes nothing.

        Raises:
            OverBudget: there is no room for it.
            Unavailable: MongoDB is away, or too many calls are open.
        """
        hold = replace(hold, period=period_of(self._span, hold.at))
        limits, _ = await self.limits.of(hold.tenant)
        with mongo_errors():
            if await self._entries.find_one({"_id": derive(hold.call, "reserved"), "tenant": hold.tenant}, {"_id": 1}):
                return hold
            await self._aside(hold, limits)
            await self._write(hold, "reserved", reserving(hold.amount), hold.at)
        return hold

    async def _aside(self, hold: Hold, limits: Limits) -> None:
        for _ in range(TRIES):
            if await self._take(hold, limits):
                return
            account = await self._account(hold)
            if any(each["call"] == hold.call for each in account["open"]):
                return
            if len(account["open"]) >= OPEN:
                raise Unavailable(f"{OPEN} calls of one tenant are open: is a record consumer running, which closes overdue ones?")
            if lacking := limits.lacks(_drawn(account), hold.amount):
                await self._accounts.update_one(_key(hold), {"$min": {f"short.{name}": wanted for name, wanted in lacking.items()}})
                raise OverBudget(
                    f"the {self._span}'s budget does not suffice; the next one begins at {self.resets_at():%Y-%m-%d %H:%M} UTC"
                )
        raise Unavailable("an account changes too quickly")

    async def end(self, hold: Hold, kind: Kind, cost: Amount, usage: Usage) -> Ended:
        """Book how a call ended; return how it did end, which was booked before when this is not the first time."""
        ended = await self.book(hold, kind, cost, usage)
        await self.apply(hold, ended)
        return ended

    async def book(self, hold: Hold, kind: Kind, cost: Amount, usage: Usage) -> Ended:
        """Write the entry of a call's end, unless there is one: the first half of `end`."""
        with mongo_errors():
            await self._write(hold, "reserved", reserving(hold.amount), hold.at)  # whoever reserved may have crashed before that
            await self._write(hold, kind, ending(hold.amount, cost), self.now(), usage)
            entry = await self._entries.find_one({"_id": hold.ended_id, "tenant": hold.tenant})
        if entry is None:
            raise Unavailable("a call's entry cannot be read")
        return Ended.read(entry)

    async def apply(self, hold: Hold, ended: Ended) -> None:
        """Take the end of a call into its account, once: the second half of `end`."""
        spent, back = amount_document(ended.cost), amount_document(-hold.amount)
        sums = {f"aside.{name}": value for name, value in back.items()} | {f"spent.{name}": value for name, value in spent.items()}
        change = {"$inc": {**sums, "version": 1}, "$pull": {"open": {"call": hold.call}}, "$set": {"at": self.now()}}
        with mongo_errors():
            await self._accounts.update_one({**_key(hold), "open.call": hold.call}, change)

    async def overdue(self) -> list[Hold]:
        """Return calls, of any tenant, whose longest time is over: for who closes them for everybody."""
        now = self.now()
        with mongo_errors():
            found = [account async for account in self._accounts.find({"open.until": {"$lt": now}}).limit(BEHIND)]
        return [Hold.read(account, each) for account in found for each in account["open"] if each["until"] < now]

    async def ended(self, tenant: str, job: UUID) -> list[Ended]:
        """Return how the calls for a job ended, in all of its deliveries, in order of time."""
        with mongo_errors():
            found = self._entries.find({"tenant": tenant, "job": job, "usage": {"$exists": True}}).sort("at", 1).limit(SHOWN)
            return [Ended.read(entry) async for entry in found]

    async def budget(self, tenant: str) -> Budget:
        """Return a tenant's budget as it stands."""
        limits, own = await self.limits.of(tenant)
        period = period_of(self._span, self.now())
        with mongo_errors():
            account = await self._accounts.find_one({"_id": f"{tenant}/{period}", "tenant": tenant})
        return self._shown(account or _fresh(tenant, period), limits, own)

    async def budgets(self) -> list[Budget]:
        """Return the budgets of all tenants that have a limit of their own or asked a model in this period."""
        own, period = await self.limits.own(), period_of(self._span, self.now())
        with mongo_errors():
            found = self._accounts.find({"period": period}).sort("tenant", 1).limit(SHOWN)
            accounts = {each["tenant"]: each async for each in found}
        return [
            self._shown(accounts.get(name) or _fresh(name, period), own.get(name, self.limits.default), name in own)
            for name in sorted({*own, *accounts})[:SHOWN]
        ]

    def _shown(self, account: Mapping[str, Any], limits: Limits, own: bool) -> Budget:  # noqa: FBT001  # a fact of the tenant, not a switch
        aside, spent = amount_of(account["aside"]), amount_of(account["spent"])
        money, tokens = limits.room(aside + spent)
        return Budget(
            tenant=account["tenant"],
            period=account["period"],
            resets_at=self.resets_at(),
            limit=Limit(usd=None if limits.micros is None else Amount(limits.micros).usd, tokens=limits.tokens),
            own=own,
            spent=Sum(usd=spent.usd, tokens=spent.tokens),
            aside=Sum(usd=aside.usd, tokens=aside.tokens),
            left=Left(usd=None if money is None else Amount(money).usd, tokens=tokens),
            running=len(account["open"]),
            gone=limits.gone(aside + spent, account.get("short", {})),
            when_gone="refuse" if self.refuses else "offline",
        )

    async def _take(self, hold: Hold, limits: Limits) -> bool:
        wanted = amount_document(hold.amount)
        limited = {name: limit for name, limit in (("micros", limits.micros), ("tokens", limits.tokens)) if limit is not None}
        # A call that takes nothing of a kind needs no room for it.
        room = [{"$lte": [{"$add": [f"$aside.{n}", f"$spent.{n}", wanted[n]]}, limit]} for n, limit in limited.items() if wanted[n]]
        free = {"open.call": {"$ne": hold.call}, "$expr": {"$and": [{"$lt": [{"$size": "$open"}, OPEN]}, *room]}}
        sums = {f"aside.{name}": value for name, value in wanted.items()}
        change = {"$inc": {**sums, "version": 1}, "$push": {"open": hold.document()}, "$set": {"at": hold.at}}
        return (await self._accounts.update_one({**_key(hold), **free}, change)).matched_count > 0

    async def _account(self, hold: Hold) -> Document:
        with suppress(DuplicateKeyError):  # somebody else made it this moment
            await self._accounts.update_one(_key(hold), {"$setOnInsert": _fresh(hold.tenant, hold.period)}, upsert=True)
        found = await self._accounts.find_one(_key(hold))
        if found is None:
            raise Unavailable("an account cannot be read")
        return found

    async def _write(self, hold: Hold, kind: Kind, moves: Moves, at: datetime, usage: Usage | None = None) -> None:
        """Write an entry once, however often it is written."""
        entry: Document = {"period": hold.period, "call": hold.call, "job": hold.job, "kind": kind, "at": at}
        entry["moves"] = {name: amount_document(amount) for name, amount in moves.items()}
        if usage is not None:
            entry["usage"] = usage.model_dump(mode="json")
        id = derive(hold.call, "reserved") if kind == "reserved" else hold.ended_id
        with suppress(DuplicateKeyError):  # written by somebody else this moment
            await self._entries.update_one({"_id": id, "tenant": hold.tenant}, {"$setOnInsert": entry}, upsert=True)


def _key(hold: Hold) -> Document:
    return {"_id": f"{hold.tenant}/{hold.period}", "tenant": hold.tenant}


def _fresh(tenant: str, period: str) -> Document:
    nothing = amount_document(NOTHING)
    return {"tenant": tenant, "period": period, "aside": nothing, "spent": nothing, "open": [], "version": 0}


def _drawn(account: Mapping[str, Any]) -> Amount:
    return amount_of(account["aside"]) + amount_of(account["spent"])


def accounts_of(database: Database, settings: Settings) -> Accounts:
    """Return the accounts in a database, with the limits of the settings."""
    money = settings.llm_budget_usd
    limits = Limits(None if money is None else micros(money), settings.llm_budget_tokens)
    return Accounts(database, limits=limits, span=settings.llm_budget_period, refuses=settings.llm_over_budget == "refuse")


@asynccontextmanager
async def open_accounts(settings: Settings) -> AsyncIterator[Accounts]:
    """Open the accounts in the database that `FM_MONGO_URL` names.

    Raises:
        SetupError: no URL, or one that does not work.
    """
    async with open_mongo(settings) as database:
        yield accounts_of(database, settings)
