"""Closing what nobody closed: calls of language models whose process ended before they did, and accounts that do not add up.

A call that is open after its longest time is booked in full, because the provider may have charged it, and told as usage like any other.
First the entry, then the event, then the account: whatever breaks off in between is done again, once.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from faultmaven_events.infra.llm.accounts import Accounts
from faultmaven_events.infra.llm.check import Books
from faultmaven_events.infra.llm.meter import closed
from faultmaven_events.schemas.alert import Alert, raised
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.spending import Difference

BACK: Final = timedelta(days=2)
"""Accounts without an entry since then are not looked at again."""

Publish = Callable[[Event[Any]], Awaitable[None]]

log = structlog.get_logger()


async def close_calls(accounts: Accounts, publish: Publish) -> int:
    """Close the calls whose longest time is over; return how many.

    Raises:
        Unavailable: MongoDB is away; the next round goes on.
    """
    overdue = await accounts.overdue()
    for hold in overdue:
        ended = await accounts.book(hold, "expired", hold.amount, hold.in_full())
        await publish(closed(hold, ended.usage))
        await accounts.apply(hold, ended)
        log.warning("call_closed", job=str(hold.job), provider=hold.provider, how=ended.kind)
    return len(overdue)


async def tell_differences(books: Books, publish: Publish, now: datetime) -> int:
    """Raise an alert for each account that does not say what its entries say; return how many. Raises Unavailable."""
    found = (await books.check(now - BACK)).differences
    for each in found:
        await publish(raised(alert(each), now, source="/faultmaven/record", tenant=each.tenant))
        log.error("budget_difference", tenant=each.tenant, period=each.period, account=each.account)
    return len(found)


def alert(found: Difference) -> Alert:
    """Return the alert about an account; raised once for a tenant, period and account."""
    return Alert(
        name="budget_difference",
        key=f"budget/{found.tenant[:80]}/{found.period}/{found.account}",
        severity="critical",
        summary=f"The account of {found.tenant} for {found.period} does not say what its entries say ({found.account}): "
        "see `faultmaven budget check`, and mend it with --mend.",
        facts={
            "tenant": found.tenant,
            "period": found.period,
            "account": found.account,
            "says_usd": found.says.usd,
            "entries_usd": found.entries.usd,
            "says_tokens": found.says.tokens,
            "entries_tokens": found.entries.tokens,
        },
    )
