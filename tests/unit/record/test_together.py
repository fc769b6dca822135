"""Group commit: concurrent writes share one write, and each caller learns what became of its own."""

import asyncio
from collections.abc import Sequence

import pytest

from faultmaven_events.consumers.record.together import Together


class Store:
    """Takes groups of words; what begins with `bad` it refuses, and while it is away it refuses all."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.away = False
        self.open = asyncio.Event()
        self.open.set()

    async def write(self, words: Sequence[str]) -> list[Exception | None]:
        self.groups.append(list(words))
        await self.open.wait()
        if self.away:
            raise ConnectionError("away")
        return [ValueError(word) if word.startswith("bad") else None for word in words]


async def test_what_comes_while_a_write_runs_goes_into_the_next_one() -> None:
    store = Store()
    together = Together(store.write)
    await asyncio.gather(*(together.write(f"word {n}") for n in range(50)))
    assert len(store.groups) == 1
    store.open.clear()
    first = asyncio.create_task(together.write("first"))
    await asyncio.sleep(0)
    others = [asyncio.create_task(together.write(f"other {n}")) for n in range(9)]
    await asyncio.sleep(0)
    store.open.set()
    await asyncio.gather(first, *others)
    assert [len(group) for group in store.groups] == [50, 1, 9]


async def test_a_bad_one_fails_alone() -> None:
    together = Together(Store().write)
    outcomes = await asyncio.gather(*(together.write(word) for word in ("good", "bad", "fine")), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), ValueError, type(None)]


async def test_a_store_that_is_away_fails_all_of_a_group_and_none_of_the_next() -> None:
    store = Store()
    together = Together(store.write)
    store.away = True
    outcomes = await asyncio.gather(together.write("one"), together.write("two"), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ConnectionError] * 2
    store.away = False
    await together.write("three")


async def test_a_caller_that_gives_up_does_not_hold_up_the_others() -> None:
    store = Store()
    together = Together(store.write)
    store.open.clear()
    patient, hasty = asyncio.create_task(together.write("patient")), asyncio.create_task(together.write("hasty"))
    await asyncio.sleep(0)
    late = asyncio.create_task(together.write("late"))
    await asyncio.sleep(0)
    hasty.cancel()
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late
    store.open.set()
    await patient
    await together.close()
    assert store.groups == [["patient", "hasty"]]


async def test_a_group_is_never_larger_than_it_may_be() -> None:
    store = Store()
    together = Together(store.write, most=8)
    await asyncio.gather(*(together.write(f"word {n}") for n in range(20)))
    assert [len(group) for group in store.groups] == [8, 8, 4]
