"""What language models cost a tenant, as people ask for it: budgets, and usage by day, model, provider, task or tenant."""

from datetime import datetime
from typing import Final, Literal, get_args

from pydantic import Field

from faultmaven_events.schemas.model import Model

By = Literal["day", "model", "provider", "task", "tenant"]
BY: Final[tuple[By, ...]] = get_args(By)


class Sum(Model):
    """Money and tokens."""

    usd: float = 0.0
    tokens: int = 0


class Left(Model):
    """Money and tokens that may still be drawn; null: no limit. Below zero when a limit was lowered since."""

    usd: float | None = None
    tokens: int | None = None


class Limit(Model):
    """What a tenant may draw in a period; null: no limit."""

    usd: float | None = Field(default=None, ge=0, le=1_000_000, allow_inf_nan=False)
    tokens: int | None = Field(default=None, ge=0, le=10**12)


class Budget(Model):
    """A tenant's budget in the period that runs."""

    tenant: str
    period: str = Field(description="In UTC: `2026-11-20` or `2026-11`")
    resets_at: datetime
    limit: Limit
    own: bool = Field(description="Whether the limit was set for this tenant; else it is everybody's")
    spent: Sum
    aside: Sum = Field(description="For calls that run now")
    left: Left
    running: int = Field(ge=0, description="Calls that were begun and have not ended")
    gone: bool = Field(description="Whether so little is left that nothing can be asked")
    when_gone: Literal["offline", "refuse"]


class Difference(Model):
    """An account that does not say what its entries say."""

    tenant: str
    period: str
    account: Literal["aside", "spent"]
    says: Sum
    entries: Sum


class Checked(Model):
    """The outcome of holding accounts against their entries."""

    accounts: int
    unsettled: int = Field(description="Accounts that changed while they were looked at, again and again: look once more")
    differences: tuple[Difference, ...] = ()


class UsageLine(Model):
    """The calls of one day, model, provider, task or tenant."""

    key: str
    calls: int = Field(description="Without those that a cache answered")
    answered: int
    failed: int
    cached: int
    tokens_in: int
    tokens_out: int
    money_usd: float
    ran_ms: int


class UsagePage(Model):
    """Usage in a stretch of time: `start` belongs to it, `end` does not."""

    tenant: str | None = Field(default=None, description="null: all tenants")
    start: datetime
    end: datetime
    by: By
    items: tuple[UsageLine, ...] = ()
    total: UsageLine
