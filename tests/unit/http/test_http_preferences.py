import pytest

from faultmaven_events.producers.http.identity import correlation, trace
from faultmaven_events.producers.http.preferences import matches, wait


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ([], None),
        (["wait=10"], 10),
        (["wait=600"], 60),
        (["wait=0"], 0),
        (["respond-async, wait=5"], 5),
        (["respond-async", "Wait = 7"], 7),
        (['wait="3"'], 3),
        (["return=minimal; wait=4"], 4),
        (["wait=-1"], None),
        (["wait=soon"], None),
        (["await=9"], None),
    ],
)
def test_the_wait_of_a_prefer_header(prefer: list[str], seconds: int | None) -> None:
    assert wait(prefer) == seconds


@pytest.mark.parametrize(
    ("header", "same"),
    [(None, False), ("", False), ('"3"', True), ('W/"3"', True), ('"2", "3"', True), ('"33"', False), ("*", True), ("3", False)],
)
def test_an_entity_tag_is_compared_weakly(header: str | None, same: bool) -> None:
    assert matches(header, 3) is same


def test_a_correlation_id_is_kept_when_it_can_be_used() -> None:
    assert correlation([b"order-42"]) == "order-42"


@pytest.mark.parametrize("values", [[], [b""], [b"a b"], [b"\xff"], [b"x" * 129], [b"a", b"b"], [b"a\nb"], [b"-a"]])
def test_a_correlation_id_is_made_when_none_can_be_used(values: list[bytes]) -> None:
    made = correlation(values)
    assert made.isalnum()
    assert made != correlation(values)


def test_a_trace_goes_on() -> None:
    sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert trace(sent) == sent


@pytest.mark.parametrize(
    "sent", [None, "", "00-0-0-01", "00-" + "0" * 32 + "-b7ad6b7169203331-01", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]
)
def test_a_trace_that_cannot_be_used_starts_anew(sent: str | None) -> None:
    made = trace(sent)
    assert made != sent
    assert trace(made) == made
