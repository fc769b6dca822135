import pytest

from faultmaven_events.consumers.process.logs.mask import mask
from faultmaven_events.consumers.process.logs.templates import Miner


def mined(lines: list[str]) -> list[str]:
    miner = Miner()
    groups = [miner.add(line) for line in lines]
    miner.merge()
    return [group.root().template for group in groups]


@pytest.mark.parametrize(
    ("word", "masked"),
    [
        ("10.0.0.1:8080", "<*>"),
        ("/10.0.0.1:8080", "<*>"),
        ("blk_-3886504906", "<*>"),
        ("0x11042a80,", "<*>,"),
        ("user=alice", "user=alice"),
        ("took=12ms", "took=<*>"),
        ("ready=true,policy=3", "ready=<*>,policy=<*>"),
        ("/var/lib/shop/data", "<*>"),
        ("https://pay.example/v1?x=1", "<*>"),
        ("someone@shop.example", "<*>"),
        ("4b825dc6-42f0-11ee-be56-0242ac120002", "<*>"),
        ("fe80::1ff:fe23:4567:890a", "<*>"),
        ("core.886", "core.<*>"),
        ("threshold..........0", "threshold..........<*>"),
        ("<EMAIL_ADDRESS_7f3a>", "<*>"),
        ("IPv4", "IPv4"),
        ("connection", "connection"),
    ],
)
def test_a_word_keeps_what_is_constant(word: str, masked: str) -> None:
    assert mask(word) == masked


def test_values_do_not_make_templates() -> None:
    lines = [f"served block blk_{n} to 10.0.0.{n} in {n} ms" for n in range(50)]
    assert set(mined(lines)) == {"served block <*> to <*> in <*> ms"}


def test_many_different_words_at_one_place_are_a_value() -> None:
    names = ["alice", "bob", "carol", "dave", "erin", "frank"]
    assert set(mined([f"profile of {name} was opened" for name in names])) == {"profile of <*> was opened"}


def test_two_words_at_one_place_are_two_events() -> None:
    assert set(mined(["session was opened today", "session was closed today"] * 9)) == {
        "session was opened today",
        "session was closed today",
    }


def test_what_follows_user_is_a_value() -> None:
    assert set(mined(["login of user alice failed", "login of user bob failed"])) == {"login of user <*> failed"}


def test_exceptions_stay_apart() -> None:
    lines = ["failed: java.net.ConnectException: no", "failed: java.lang.IllegalStateException: no"]
    assert len(set(mined(lines))) == 2


def test_messages_of_one_word_are_never_one_template() -> None:
    assert set(mined(["started", "stopped", "job_7", "job_8"])) >= {"started", "stopped"}


def test_templates_are_bounded_and_what_does_not_fit_is_counted() -> None:
    miner = Miner(groups=100)
    for n in range(5_000):
        miner.add(" ".join(chr(97 + n // 26**place % 26) * 3 for place in range(4)) + " " + "abcdefghijklm"[n % 13] * (n % 7 + 1))
    assert len(miner.merge()) <= 400


def test_what_was_merged_to_make_room_takes_later_lines_in() -> None:
    miner = Miner(groups=50)
    word = lambda n: "".join(chr(97 + n // 26**place % 26) for place in range(5))  # noqa: E731 # one line says it
    groups = [miner.add(f"the cat named {word(n)} came home") for n in range(2_000)]
    miner.merge()
    assert {group.root().template for group in groups} == {"the cat named <*> came home"}
    assert miner.overflow == 0
