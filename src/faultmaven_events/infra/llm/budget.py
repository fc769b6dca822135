"""Budgets as values: amounts, periods, limits, and the double entries that say where a tenant's money and tokens are.

Every entry moves an amount between three accounts, `allowance` (what may still be drawn), `aside` (set aside for calls that run) and
`spent`; what is taken from one is put into another, so an entry sums to zero, and so does any set of them. Money is counted in whole
millionths of a dollar, because sums of binary fractions drift.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

Span = Literal["day", "month"]
Kind = Literal["reserved", "settled", "released", "expired"]
Account = Literal["allowance", "aside", "spent"]
MICRO: Final = 1_000_000
"""Parts of a dollar."""
MOST: Final = 10**12
"""Of a provider's claim more is not believed: a number of any size must fit where it is stored."""


def micros(usd: float) -> int:
    """Return money in millionths of a dollar, rounded up: a call that costs anything costs at least one."""
    if not math.isfinite(usd):
        return MOST
    return min(MOST, max(0, math.ceil(round(usd * MICRO, 3))))


@dataclass(frozen=True, slots=True)
class Amount:
    """Money in millionths of a dollar, and tokens of both directions together."""

    micros: int = 0
    tokens: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.micros + other.micros, self.tokens + other.tokens)

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.micros - other.micros, self.tokens - other.tokens)

    def __neg__(self) -> "Amount":
        return Amount(-self.micros, -self.tokens)

    @property
    def usd(self) -> float:
        """The money in dollars."""
        return self.micros / MICRO


NOTHING: Final = Amount()
Moves = Mapping[Account, Amount]
"""What an entry adds to each account; the sum is zero."""


def reserving(amount: Amount) -> Moves:
    """Return the moves that set an amount aside."""
    return {"allowance": -amount, "aside": amount, "spent": NOTHING}


def ending(reserved: Amount, cost: Amount) -> Moves:
    """Return the moves that end a call: what it cost is spent, the rest of what was set aside goes back.

    A call that cost more than was set aside takes the difference from the allowance: a ledger says what happened.
    """
    return {"allowance": reserved - cost, "aside": -reserved, "spent": cost}


def balance(entries: Iterable[Moves]) -> dict[Account, Amount]:
    """Return what the entries say of each account."""
    total: dict[Account, Amount] = {"allowance": NOTHING, "aside": NOTHING, "spent": NOTHING}
    for moves in entries:
        for account, amount in moves.items():
            total[account] += amount
    return total


@dataclass(frozen=True, slots=True)
class Limits:
    """What a tenant may draw in a period; None: no limit."""

    micros: int | None = None
    tokens: int | None = None

    @property
    def none(self) -> bool:
        """Whether nothing is limited."""
        return self.micros is None and self.tokens is None

    def room(self, drawn: Amount) -> tuple[int | None, int | None]:
        """Return what is left of money and tokens; below zero when the limit was lowered since."""
        return (
            None if self.micros is None else self.micros - drawn.micros,
            None if self.tokens is None else self.tokens - drawn.tokens,
        )

    def lacks(self, drawn: Amount, wanted: Amount) -> dict[str, int]:
        """Return what of an amount there is no room for: `micros`, `tokens`, both or nothing, each with the amount wanted."""
        money, tokens = self.room(drawn)
        lacking = {}
        if money is not None and wanted.micros > money:
            lacking["micros"] = wanted.micros
        if tokens is not None and wanted.tokens > tokens:
            lacking["tokens"] = wanted.tokens
        return lacking

    def gone(self, drawn: Amount, short: Mapping[str, int]) -> bool:
        """Whether nothing can be asked any more. `short` holds the least that was refused so far: less than that is as good as nothing."""
        money, tokens = self.room(drawn)
        return any(room is not None and (room <= 0 or room < short.get(name, 0)) for name, room in (("micros", money), ("tokens", tokens)))


def period_of(span: Span, at: datetime) -> str:
    """Return the name of the period, in UTC, that a time lies in: `2026-11-20` or `2026-11`."""
    return at.astimezone(UTC).strftime("%Y-%m-%d" if span == "day" else "%Y-%m")


def resets_at(span: Span, at: datetime) -> datetime:
    """Return when the period that a time lies in is over."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1) if span == "day" else (day.replace(day=1) + timedelta(days=32)).replace(day=1)
