"""What a follower is told: everything once, in order, whatever both sources say and wherever it comes back."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from faultmaven_events.infra.streams import Frame, Placed
from faultmaven_events.producers.http.telling import Position, Telling, Told
from faultmaven_events.schemas.job import Job
from faultmaven_events.schemas.phase import PHASES, Progressed

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REPORT = {"verdict": "likely", "headline": "x broke", "summary": "so it did", "confidence": {"score": 0.7}, "claims": ["many"]}


def job(version: int = 1, status: str = "running", **more: Any) -> Job:
    given = {"tenant": "acme", "user": "u", "kind": "troubleshoot", "progress": 0.5, "created_at": NOW, "updated_at": NOW}
    return Job.model_validate({**given, "id": UUID(int=1), "correlation_id": "c", "version": version, "status": status, **more})


def phase(number: int) -> Progressed:
    return Progressed(phase=PHASES[number - 1], number=number, ended_at=NOW)


def placed(number: int, kind: str, **more: Any) -> Placed:
    return Placed(f"100-{number}", Frame.model_validate({"kind": kind, **more}))


def text(number: int, piece: str, at: int) -> Placed:
    return placed(number, "text", text=piece, at=at)


def tell(telling: Telling, *items: Job | Placed) -> list[Told]:
    return list(telling.of(items))


def kinds(told: list[Told]) -> list[str]:
    return [each.kind for each in told]


def test_a_follower_hears_states_phases_text_answer_and_end_in_this_order() -> None:
    telling = Telling(Position())
    told = tell(telling, job(3))
    told += tell(telling, placed(1, "phase", phase=phase(1)), text(2, "The pool ", 0))
    told += tell(telling, text(3, "was full", 9), job(4, "completed", result={"report": REPORT}, phases=[phase(1), phase(2)]))
    assert kinds(told) == ["job", "phase", "text", "text", "phase", "job", "answer", "end"]
    assert [each.id for each in told] == [
        "3.0.0-0",
        "3.1.100-1",
        "3.1.100-2",
        "3.1.100-3",
        "3.2.100-3",
        "4.2.100-3",
        "4.2.100-3.answer",
        "4.2.100-3.end",
    ]
    assert json.loads(told[-2].data)["headline"] == "x broke"
    assert "claims" not in json.loads(told[-2].data)
    assert "result" not in json.loads(told[-3].data)
    assert telling.ended


def test_texts_that_lie_together_are_one_but_not_over_a_gap() -> None:
    told = tell(Telling(Position()), text(1, "a", 0), text(2, "b", 1), text(3, "d", 3))
    assert [json.loads(each.data) for each in told] == [{"text": "ab", "at": 0}, {"text": "d", "at": 3}]
    assert [each.id for each in told] == ["0.0.100-2", "0.0.100-3"]


def test_a_reset_voids_what_was_shown_and_hides_what_was_not() -> None:
    telling = Telling(Position())
    assert kinds(tell(telling, text(1, "wrong", 0), placed(2, "reset"), text(3, "right", 0))) == ["text"]
    assert kinds(tell(telling, placed(4, "reset"), text(5, "better", 0))) == ["reset", "text"]


def test_who_comes_back_after_a_text_hears_of_its_reset() -> None:
    assert kinds(tell(Telling(Position.read("3.1.100-1")), placed(2, "reset"))) == ["reset"]


def test_a_phase_is_told_once_though_both_sources_tell_it_and_an_attempt_repeats_it() -> None:
    telling = Telling(Position())
    told = tell(telling, job(1, phases=[phase(1)]), placed(1, "phase", phase=phase(1)), placed(2, "phase", phase=phase(2)))
    told += tell(telling, placed(3, "reset"), placed(4, "phase", phase=phase(1)), job(2, phases=[phase(1), phase(2)]))
    assert kinds(told) == ["phase", "job", "phase", "job"]


def test_a_job_that_goes_on_its_way_again_tells_its_phases_again() -> None:
    telling = Telling(Position())
    tell(telling, job(1, phases=[phase(1), phase(2)]))
    assert kinds(tell(telling, job(2, generation=1, phases=[phase(1)]))) == ["phase", "job"]


WAY: list[Job | Placed] = [
    job(3),
    placed(1, "phase", phase=phase(1)),
    text(2, "a", 0),
    placed(3, "phase", phase=phase(2)),
    text(4, "b", 1),
    job(4, "completed", result={"report": REPORT}, phases=[phase(1), phase(2)]),
]


@pytest.mark.parametrize("cut", range(1, 8))
def test_coming_back_anywhere_loses_nothing_and_repeats_nothing(cut: int) -> None:
    whole = tell(Telling(Position()), *WAY)
    seen = Position.read(whole[cut - 1].id)
    rest = [each for each in WAY if (each.version >= seen.version if isinstance(each, Job) else each.id > seen.frame)]
    assert kinds(tell(Telling(seen), *rest)) == kinds(whole[cut:])


def test_a_job_that_failed_ends_with_its_error_and_without_an_answer() -> None:
    error = {"code": "no_provider", "message": "none answered", "stage": "reason"}
    told = tell(Telling(Position()), job(5, "failed", error=error))
    assert kinds(told) == ["job", "end"]
    assert json.loads(told[-1].data)["error"]["code"] == "no_provider"


def test_nothing_is_told_after_the_end() -> None:
    assert kinds(tell(Telling(Position()), job(5, "cancelled"), text(1, "late", 0), job(6, "cancelled"))) == ["job", "end"]


@pytest.mark.parametrize(
    "text", ["", "3", "3.1", "3.1.x", "3.1.-", "3.1.99999999999999999999-1", "3.1.1-1.end\n", "-1.0.0-0", "٣.1.1-1", "3.1.1-1-1", None]
)
def test_a_position_that_is_not_ours_is_the_begin(text: str | None) -> None:
    assert Position.read(text) == Position()


def test_a_position_is_read_as_it_is_written() -> None:
    for position in (Position(3, 2, "1700000000000-12"), Position(0, 0, "0-0", "end"), Position(7, 6, "5-1", "answer")):
        assert Position.read(str(position)) == position
