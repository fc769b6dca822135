"""What is set aside for one call, and how a call ended: values between the meter and the accounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from faultmaven_events.infra.llm.budget import Amount, Kind
from faultmaven_events.schemas.event import derive
from faultmaven_events.schemas.usage import Task, Usage


@dataclass(frozen=True, slots=True)
class Hold:
    """What is set aside for one call. `until`: when nobody can be waiting for it any more. `period` is filled in by the accounts."""

    call: UUID
    tenant: str
    job: UUID
    at: datetime
    until: datetime
    amount: Amount
    tokens_in: int
    tokens_out: int
    provider: str
    model: str
    task: Task
    period: str = ""

    def document(self) -> dict[str, Any]:
        """As an account keeps it while the call runs."""
        own = ("call", "job", "at", "until", "tokens_in", "tokens_out", "provider", "model", "task")
        return {**{name: getattr(self, name) for name in own}, "amount": amount_document(self.amount)}

    @classmethod
    def read(cls, account: Mapping[str, Any], kept: Mapping[str, Any]) -> "Hold":
        """Read what an account keeps."""
        return cls(**{**kept, "amount": amount_of(kept["amount"])}, tenant=account["tenant"], period=account["period"])

    def in_full(self) -> Usage:
        """The usage of a call of which nobody knows how it ended: all that was set aside, since the provider may have charged it."""
        return Usage(
            call_id=self.call,
            provider=self.provider,
            model=self.model,
            task=self.task,
            outcome="abandoned",
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            money_usd=self.amount.usd,
            estimated=True,
        )

    def unused(self) -> Usage:
        """The usage of a call that was never made."""
        return self.in_full().model_copy(update={"tokens_in": 0, "tokens_out": 0, "money_usd": 0.0, "estimated": False})

    @property
    def ended_id(self) -> UUID:
        """The id of the entry that ends the call: the same one for every way to end, so that there is one end."""
        return derive(self.call, "ended")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call ended, as its entry says."""

    kind: Kind
    cost: Amount
    usage: Usage
    at: datetime

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> "Ended":
        """Read an entry."""
        return cls(entry["kind"], amount_of(entry["moves"]["spent"]), Usage.model_validate(entry["usage"]), entry["at"])


def amount_document(amount: Amount) -> dict[str, int]:
    """As MongoDB holds an amount."""
    return {"micros": amount.micros, "tokens": amount.tokens}


def amount_of(document: Mapping[str, Any]) -> Amount:
    """Read an amount as MongoDB holds it."""
    return Amount(document["micros"], document["tokens"])
