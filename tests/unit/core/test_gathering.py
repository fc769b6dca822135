from datetime import UTC, datetime, timedelta
from uuid import uuid4

from faultmaven_events.consumers.gather.waiting import arrival, gathered, wait_until
from faultmaven_events.schemas.question import QuestionSanitized
from samples import DATA, event

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def test_evidence_may_take_a_share_of_the_time_so_that_some_is_left_for_the_answer() -> None:
    assert wait_until(T0, T0 + timedelta(seconds=100), limit=1000) == T0 + timedelta(seconds=70)
    assert wait_until(T0, None, limit=1000) == T0 + timedelta(seconds=700)


def test_what_arrived_failed_and_stayed_away_is_told_apart_in_the_questions_order() -> None:
    done, broken, silent = uuid4(), uuid4(), uuid4()
    question = QuestionSanitized.model_validate({**DATA["troubleshoot.sanitized.v1"], "evidence": (silent, broken, done)})
    arrivals = {
        done: arrival(event("ingest.completed.v1", subject=done)),
        broken: arrival(event("ingest.failed.v1", subject=broken)),
    }
    found = gathered(question, arrivals, question.evidence, {broken: "broken.log.gz", silent: "late.log"})
    assert [piece.job_id for piece in found.pieces] == [done]
    assert [missing.job_id for missing in found.missing] == [silent, broken]
    assert [missing.name for missing in found.missing] == ["late.log", "broken.log.gz"]
    assert "the file is empty" in found.missing[1].reason
    assert found.evidence == question.evidence
