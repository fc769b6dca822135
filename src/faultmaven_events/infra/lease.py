"""One at a time: a lease in MongoDB that its holder renews, and that others take over when it was not."""

from faultmaven_events.infra.mongo import Database, DuplicateKeyError, mongo_errors


class Lease:
    """The right of one holder to do something for all; ends by MongoDB's clock."""

    def __init__(self, database: Database, name: str, holder: str, seconds: float) -> None:
        self._leases, self._name, self._holder, self._ms = database["leases"], name, holder, round(seconds * 1000)

    async def hold(self) -> bool:
        """Take or renew the lease; False while another one has it. Raises Unavailable when MongoDB is away."""
        free = {"$or": [{"holder": self._holder}, {"$expr": {"$lt": ["$until", "$$NOW"]}}]}
        taken = [{"$set": {"holder": {"$literal": self._holder}, "until": {"$add": ["$$NOW", self._ms]}}}]
        with mongo_errors():
            if (await self._leases.update_one({"_id": self._name, **free}, taken)).matched_count:
                return True
            try:  # nobody had it ever, or gave it up
                await self._leases.update_one({"_id": self._name, "holder": self._holder}, taken, upsert=True)
            except DuplicateKeyError:
                return False
        return True

    async def give_up(self) -> None:
        """Let others have it at once."""
        with mongo_errors():
            await self._leases.delete_one({"_id": self._name, "holder": self._holder})
