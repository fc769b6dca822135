"""A conversation keeps what fits, the newest first, and says what it left out."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.conversation.reports import BEGIN, JOB, LOG, numbered, report

from faultmaven_events.consumers.reason.conversation.turns import (
    BYTES,
    MESSAGES,
    PER_TOKEN,
    TOKENS,
    Conversation,
    Turn,
    conversation,
    findings,
)
from faultmaven_events.schemas.conversation import Answer


def turn(n: int, question: str = "Why?", *, answered: bool = True) -> Turn:
    made = report(job_id=numbered(n), question=question) if answered else None
    return Turn(numbered(n), BEGIN + timedelta(minutes=n), "completed" if answered else "failed", (LOG,), made)


def test_a_hundred_messages_fit_and_the_oldest_go() -> None:
    found = conversation([turn(n) for n in range(120)])
    assert (len(found.turns), found.shown().messages, found.trimmed) == (50, MESSAGES, 140)
    assert found.turns[-1].job_id == numbered(0)
    assert found.turns[0].job_id == numbered(49)
    assert "The 140 oldest messages" in next(found.limits())


@given(st.lists(st.integers(min_value=0, max_value=400_000), min_size=1, max_size=8))
def test_what_is_kept_is_within_the_limits_unless_it_is_the_newest_alone(sizes: list[int]) -> None:
    found = conversation([turn(n, "x" * size) for n, size in enumerate(sizes)])
    total = sum(each.size for each in found.turns)
    assert found.turns[-1].job_id == numbered(0)
    assert len(found.turns) == 1 or (total <= BYTES and total <= TOKENS * PER_TOKEN)
    assert found.shown().messages + found.trimmed == 2 * len(sizes)


def test_the_newest_question_and_its_report_stay_however_long_it_is() -> None:
    found = conversation([turn(0, "x" * 2 * BYTES), turn(1)])
    assert [each.job_id for each in found.turns] == [numbered(0)]
    assert found.investigation is not None


def test_a_question_that_failed_is_one_message_without_a_report() -> None:
    found = conversation([turn(1, answered=False), turn(2)])
    assert found.shown().messages == 3
    assert found.newest is not None
    assert found.newest.report is None
    assert "failed" in found.newest.messages[0][1]


def test_a_follow_up_of_a_follow_up_is_about_the_investigation() -> None:
    answered = report(job_id=numbered(1), answer=Answer(text="because", follows=JOB))
    found = conversation([Turn(numbered(1), BEGIN, "completed", (), answered), Turn(JOB, BEGIN, "completed", (LOG,), report())])
    assert found.investigation is not None
    assert found.investigation.job_id == JOB
    assert found.turns[1].messages[1] == ("answered", "because")
    assert found.evidence == {LOG}


def test_findings_name_hypotheses_claims_with_their_places_and_files() -> None:
    found = "\n".join(findings(report()))
    assert "confirmed (0.91): The connection pool" in found
    assert "H2 6% postgresql" in found
    assert "(E2 payments-api.log:2)" in found
    assert "files: changes.log, payments-api.log" in found


def test_no_conversation_has_nothing_to_tell() -> None:
    assert list(Conversation().limits()) == []
    assert Conversation().investigation is None
