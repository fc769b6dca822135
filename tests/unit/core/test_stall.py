from typing import Any

from faultmaven_events.consumers.stall import REFUSALS, Judge, Sight

IDLE = Sight("fm.embed", waiting=3, given=7, in_hand=1, prefetch=4, paused=False)


def judged(*looks: tuple[float, Sight], patience: float = 60) -> list[str | None]:
    judge = Judge(patience, interval=20)
    return [judge.look([sight], at) for at, sight in looks]


def seen(**different: Any) -> Sight:
    return IDLE._replace(**different)


def test_messages_that_wait_while_nothing_is_given_are_a_stall_and_it_says_so() -> None:
    *before, last = judged((0, IDLE), (20, IDLE), (40, IDLE), (60, IDLE))
    assert before == [None, None, None]
    assert last == "fm.embed holds 3 messages and gave this process none for 60 s"


def test_one_message_that_is_given_begins_the_time_anew() -> None:
    assert judged((0, IDLE), (40, seen(given=8)), (60, seen(given=8)), (99, seen(given=8))) == [None] * 4


def test_an_empty_queue_a_full_hand_and_a_pause_are_no_stall() -> None:
    for well in (seen(waiting=0), seen(in_hand=4), seen(paused=True)):
        assert judged(*((at, well) for at in range(0, 200, 20))) == [None] * 10
        assert judged((0, IDLE), (40, well), (60, IDLE), (80, IDLE), (100, IDLE)) == [None] * 5


def test_what_was_not_observed_counts_for_nothing() -> None:
    """As after SIGSTOP, or a night in which the machine slept."""
    overdue = seen(waiting=0, oldest=5000)
    for sight in (IDLE, overdue):
        assert judged((0, sight), (3600, sight), (3620, sight)) == [None] * 3


def test_each_lane_is_judged_by_itself() -> None:
    judge = Judge(60, interval=20)
    verdicts = [judge.look([seen(queue="fm.embed.question", given=at), IDLE], at) for at in (0, 20, 40, 60)]
    assert verdicts[-1]
    assert verdicts[-1].startswith("fm.embed holds")


def test_a_message_that_its_deadline_does_not_end_is_a_stall() -> None:
    slow = [(at, seen(waiting=0, oldest=560.0 + at)) for at in range(0, 101, 20)]
    assert judged(*slow) == [None] * 6
    (*_, last) = judged(*slow, (120, seen(waiting=0, oldest=680.0)))
    assert last == "a message of fm.embed is in hand for 680 s, beyond its 600 s"


def test_publishes_that_fail_again_and_again_are_a_stall() -> None:
    judge = Judge(60, interval=20)
    for _ in range(REFUSALS):
        judge.published(confirmed=False)
    assert [judge.look([], at) for at in (0, 20)] == [None, None]
    verdict = judge.look([], 40)
    assert verdict
    assert "could not be published" in verdict


def test_one_publish_that_is_confirmed_clears_the_connection() -> None:
    judge = Judge(60, interval=20)
    for at in (0, 20, 40, 60):
        for _ in range(REFUSALS):
            judge.published(confirmed=False)
        judge.published(confirmed=True)
        assert judge.look([], at) is None
