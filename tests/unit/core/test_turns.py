import asyncio
from contextlib import AsyncExitStack

import pytest

from faultmaven_events.infra.turns import PATIENCE, Turns

QUESTION, FILE, DOCUMENT = 2, 1, 0


class Line:
    """People who want a turn; `order` tells who got one."""

    def __init__(self, turns: Turns) -> None:
        self.turns, self.order = turns, list[str]()
        self.tasks: list[asyncio.Task[None]] = []

    async def comes(self, name: str, rank: int) -> asyncio.Task[None]:
        self.tasks.append(asyncio.create_task(self._go(name, rank)))
        await asyncio.sleep(0)
        return self.tasks[-1]

    async def _go(self, name: str, rank: int) -> None:
        async with self.turns.turn(rank):
            self.order.append(name)

    async def over(self) -> list[str]:
        async with asyncio.timeout(10):
            await asyncio.gather(*self.tasks, return_exceptions=True)
        return self.order


async def test_the_highest_rank_goes_first_and_within_a_rank_who_came_first() -> None:
    line = Line(Turns(1))
    async with line.turns.turn(FILE):
        for name, rank in (("d", DOCUMENT), ("f1", FILE), ("f2", FILE), ("q", QUESTION)):
            await line.comes(name, rank)
    assert await line.over() == ["q", "f1", "f2", "d"]


async def test_nobody_is_passed_over_for_ever() -> None:
    line = Line(Turns(1))
    async with line.turns.turn(FILE):
        await line.comes("document", DOCUMENT)
        for number in range(8):
            await line.comes(f"file {number}", FILE)
    assert (await line.over()).index("document") == PATIENCE


@pytest.mark.parametrize(("places", "most"), [(1, 1), (2, 1), (4, 3)])
async def test_documents_leave_a_place_to_the_others(places: int, most: int) -> None:
    line = Line(Turns(places))
    async with AsyncExitStack() as stack:
        for _ in range(most):
            await stack.enter_async_context(line.turns.turn(DOCUMENT))
        await line.comes("one more", DOCUMENT)
        assert line.order == []
        if places > most:
            await line.comes("file", FILE)
            assert line.order == ["file"]
    assert "one more" in await line.over()


async def test_only_a_question_takes_the_spare_place() -> None:
    turns = Turns(1, spare=1)
    line = Line(turns)
    async with turns.turn(FILE) as place:
        assert place == 0
        await line.comes("file", FILE)
        async with turns.turn(QUESTION) as spare:
            assert spare == 1
            await line.comes("second question", QUESTION)
            assert line.order == []
        await asyncio.sleep(0)
        assert line.order == ["second question"]
    assert await line.over() == ["second question", "file"]


async def test_who_gives_up_takes_no_place_along() -> None:
    line = Line(Turns(1))
    async with line.turns.turn(FILE):
        (await line.comes("waits", FILE)).cancel()
        await asyncio.sleep(0)
        assert line.turns.waiting == 0
    async with line.turns.turn(FILE):
        given = await line.comes("is given one", FILE)
    given.cancel()  # in the moment between being given the place and learning of it
    await line.comes("next", FILE)
    assert await line.over() == ["next"]
