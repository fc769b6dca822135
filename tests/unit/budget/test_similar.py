"""Two questions are one only when they agree in all that their vectors do not see."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from faultmaven_events.infra.llm.similar import LONGEST, alike, cosine, marks, packed, plain, unpacked

OTHERS = [
    ("Why do orders fail since 14:00?", "Why do orders fail since 15:00?"),
    ("Why do orders fail?", "Why do orders not fail?"),
    ("Why did orders fail?", "Why didn't orders fail?"),
    ("Why did orders fail?", "Why didn’t orders fail?"),  # as people type it
    ("Did the deploy cause the errors?", "Did the errors cause the deploy?"),
    ("Does api-1 call api-2?", "Does api-2 call api-1?"),
    ("Why did the database crash?", "When did the database crash?"),
    ("Why does latency rise before the deploy?", "Why does latency rise after the deploy?"),
    ("Why do writes to the primary fail?", "Why do writes to the replica fail?"),
    ("How do I fix the errors?", "How do I prevent the errors?"),
    ("Why is web-1 slow?", "Why is web-2 slow?"),
    ("Why was EMAIL_3fa2c1d4@mail.example refused?", "Why was EMAIL_99a2c1d4@mail.example refused?"),
    ("Why does Kafka lag?", "Why does Redis lag?"),
    ("Is p95 over 200ms?", "Is p99 over 200ms?"),
    ("Warum fallen Bestellungen aus?", "Warum fallen keine Bestellungen aus?"),
    ("为什么 订单 失败", "为什么 支付 失败"),
    ("x" * LONGEST + " a", "x" * LONGEST + " b"),
]
SAME = [
    ("Why do orders fail since 14:00?", "why do orders fail since 14:00"),
    ("Why is checkout slow?", "Why is the checkout slow?"),
    ("Why is the order service failing?", "Why does the order service fail?"),
    ("What is the root cause of the outage?", "What's the root cause of this outage?"),
    ("Why do orders fail since 14:00?", "Please tell me why orders fail since 14:00."),
]


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_another_number_name_denial_or_order_is_another_question(one: str, other: str) -> None:
    assert not alike(one, other)
    assert not alike(other, one)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_question_in_other_words_may_be_the_same(one: str, other: str) -> None:
    assert alike(one, other)
    assert alike(other, one)


@hypothesis(derandomize=True)
@given(st.text(max_size=300))
def test_a_question_is_like_itself_whatever_is_in_it(text: str) -> None:
    assert alike(text, text)
    assert plain(text) == plain(f"  {text}\t\n")


@hypothesis(derandomize=True)
@given(st.text(max_size=200), st.integers(0, 10**9))
def test_a_number_more_is_never_overlooked(text: str, number: int) -> None:
    if str(number) not in text:
        assert not alike(text, f"{text} {number}")


@hypothesis(derandomize=True)
@given(st.lists(st.floats(-1, 1, width=32), max_size=50))
def test_a_vector_comes_back_as_it_was_packed(vector: list[float]) -> None:
    assert list(unpacked(packed(vector))) == vector


@pytest.mark.parametrize("data", [b"abc", b"\x00" * (4 * 4097)])
def test_bytes_that_are_no_vector_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a packed vector"):
        unpacked(data)


def test_vectors_that_cannot_be_compared_are_not_near() -> None:
    assert cosine((1.0, 0.0), (1.0,)) == 0
    assert cosine((), ()) == 0
    assert cosine((0.0, 0.0), (1.0, 0.0)) == 0
    assert cosine((float("inf"), 1.0), (1.0, 1.0)) == 0
    assert cosine((1.0, 2.0), (2.0, 4.0)) == pytest.approx(1)


def test_what_must_agree_is_found_in_a_question() -> None:
    assert marks("Why didn't Billing answer 10.0.0.7, and never after 14:03?") == {
        "why",
        "not",
        "billing",
        "10.0.0.7",
        "never",
        "after",
        "14:03",
    }
