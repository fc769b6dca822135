import pytest

from faultmaven_events.errors import InvalidEvent, Throttled, TransientError, Unavailable
from faultmaven_events.infra.retry import DeadLetter, Retry, decide, describe

RUNGS = (1.0, 15.0, 300.0)


@pytest.mark.parametrize(
    ("error", "attempt", "chance", "expected"),
    [
        (InvalidEvent("no"), 1, 0.9, DeadLetter("invalid_event", "no")),
        (TransientError("away"), 1, 0.9, Retry(1.0)),
        (TransientError("away"), 1, 0.1, Retry(15.0)),
        (TransientError("away"), 3, 0.1, Retry(300.0)),
        (TransientError("away"), 4, 0.9, DeadLetter("temporarily_unavailable", "gave up after 4 attempts: away")),
        (Throttled("slow down", after=10), 1, 0.9, Retry(15.0)),
        (Throttled("slow down", after=9999), 1, 0.9, Retry(300.0)),
        (Unavailable("gone"), 1, 0.9, Retry(15.0)),
        (Unavailable("gone"), 5000, 0.9, Retry(15.0)),
        (KeyError("secret value"), 2, 0.9, Retry(15.0)),
        (KeyError("secret value"), 4, 0.9, DeadLetter("internal_error", "gave up after 4 attempts: unexpected KeyError")),
    ],
)
def test_the_errors_type_and_the_attempt_decide(error: Exception, attempt: int, chance: float, expected: Retry | DeadLetter) -> None:
    assert decide(error, attempt, RUNGS, chance) == expected


def test_the_text_of_a_foreign_error_is_never_shown() -> None:
    assert "hunter2" not in describe(ValueError("password=hunter2"))
