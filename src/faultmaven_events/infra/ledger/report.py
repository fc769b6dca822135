"""The ledger as people read it: the books counted now, and what the reconciler knows."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from faultmaven_events.infra.ledger.books import count
from faultmaven_events.infra.ledger.gaps import Gaps
from faultmaven_events.infra.ledger.state import States
from faultmaven_events.infra.mongo import Database
from faultmaven_events.schemas.ledger import Ledger
from faultmaven_events.topology import UNROUTABLE


async def report(database: Database, hours: float, *, tenant: str | None = None, ready: Mapping[str, int] | None = None) -> Ledger:
    """Return the ledger of the last hours, of one tenant or of all; `ready`: messages that wait by queue, None: the broker does not say.

    Raises:
        Unavailable: MongoDB is away.
    """
    now, gaps = datetime.now(UTC), Gaps(database)
    state, counts = await States(database).read(), await gaps.counts(tenant)
    since = now - timedelta(hours=hours)
    return Ledger(
        at=now,
        since=since,
        tenant=tenant,
        kinds=await count(database, since, tenant),
        open=sum(each.count for each in counts),
        counts=tuple(counts),
        gaps=tuple(await gaps.open(tenant)),
        unroutable=ready.get(UNROUTABLE) if ready is not None else None,
        waiting={name: depth for name, depth in ready.items() if depth} if ready is not None else None,
        reconciled_at=state.at if state else None,
        unjudged=dict(state.unjudged) if state else {},
        checked_until=state.bookmark[0] if state and state.bookmark else None,
    )
