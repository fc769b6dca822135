"""Clocks that requests show to be off are put right, where more than one file says so."""

from datetime import timedelta

from tests.unit.reason.scene import examine

from faultmaven_events.consumers.reason.offline.clock import align
from faultmaven_events.schemas.insight import Citation, Fact, Insights, Scalar

LINES = "".join(f"2026-03-04T10:00:{n:02d}Z INFO handled\n" for n in range(30))
FILES = {name: examine(name, LINES) for name in ("edge.log", "orders.log", "stock.log")}


def skew(ahead: str, behind: str, seconds: float) -> Fact:
    cited = (_line(FILES[ahead]), _line(FILES[behind]))
    attributes: dict[str, Scalar] = {"seconds": seconds, "pairs": 9}
    return Fact(id="clock_skew-x1", kind="clock_skew", text="The clocks differ", attributes=attributes, citations=cited)


def _line(file: Insights) -> Citation:
    return file.templates[0].sample


def test_a_clock_that_differs_from_two_others_is_moved_by_what_they_say() -> None:
    found = align(list(FILES.values()), [skew("orders.log", "edge.log", 40.0), skew("orders.log", "stock.log", 41.0)])
    assert found["orders.log"].shift == timedelta(seconds=-40.5)
    assert found["orders.log"].note == "this clock is off by +40.5 s beside 2 other files, as requests in both tell; its times are moved"
    assert not found["edge.log"].shift
    assert not found["stock.log"].shift


def test_of_two_clocks_that_differ_nobody_knows_which_is_right() -> None:
    assert not any(one.shift for one in align(list(FILES.values()), [skew("orders.log", "edge.log", 40.0)]).values())


def test_clocks_that_contradict_each_other_are_left_alone() -> None:
    found = align(list(FILES.values()), [skew("orders.log", "edge.log", 40.0), skew("orders.log", "stock.log", 90.0)])
    assert not any(one.shift for one in found.values())
