"""Sessions, as far as the door must know them: whether one exists for a tenant."""

from faultmaven_events.infra.mongo import Database, mongo_errors
from faultmaven_events.producers.http.problems import Problem


class Sessions:
    """The collection `sessions`: `_id` is the session's id."""

    def __init__(self, database: Database) -> None:
        self._sessions = database["sessions"]

    async def require(self, tenant: str, id: str | None) -> None:
        """Do nothing when the session exists, or when none is named.

        Raises:
            Problem: unknown-session.
            TransientError: Mongo is away.
        """
        if id is None:
            return
        with mongo_errors():
            found = await self._sessions.find_one({"_id": id, "tenant": tenant}, {"_id": 1})
        if found is None:
            raise Problem("unknown-session", "The session_id names no session of this tenant.")
