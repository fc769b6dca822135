import pytest

from faultmaven_events.consumers.classify.intent import RULES, intent


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Why do orders fail?", "root_cause"),
        ("What is the root cause of the 502s?", "root_cause"),
        ("Checkout returns 500 since 14:00 UTC", "root_cause"),
        ("The page is slow. Who is affected and why?", "root_cause"),
        ("Payments time out, someone changed a setting, is that it?", "root_cause"),
        ("What happened at ten?", "root_cause"),
        ("Is something wrong with the shop?", "health_check"),
        ("Did we have an outage last night?", "health_check"),
        ("Is everything okay?", "health_check"),
        ("Any errors in these logs?", "health_check"),
        ("Is the database healthy?", "health_check"),
        ("Please check whether the release went well", "health_check"),
        ("Which customers are affected?", "impact"),
        ("How many orders did we lose?", "impact"),
        ("What is the blast radius?", "impact"),
        ("How do I restart the broker?", "how_to"),
        ("how to rotate the certificates", "how_to"),
        ("What are the steps to fail over?", "how_to"),
        ("Hello there", "other"),
        ("", "other"),
    ],
)
def test_a_question_tells_its_intent(question: str, expected: str) -> None:
    assert intent(question) == expected


def test_a_symptom_beside_a_healthy_neighbour_asks_for_its_cause() -> None:
    assert intent("Partners get 429 although they send no more than usual. The third partner is fine.") == "root_cause"


def test_a_long_question_is_answered_by_its_ends() -> None:
    assert intent("Some context. " * 5000 + "Why?") == "root_cause"


def test_only_a_name_of_the_table_comes_out() -> None:
    assert {name for name, _ in RULES} | {"other"} >= {intent("my password is hunter2"), intent("x" * 100_000)}
