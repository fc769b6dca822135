from pathlib import Path

import pytest

from faultmaven_events.infra.declare import plan, rung_name
from faultmaven_events.producers.contracts import files, takes
from faultmaven_events.schemas.registry import EVENTS
from faultmaven_events.topology import BY_NAME, GIVES, NOTES, PATHS, STAGES, STATES

GENERATED = Path(__file__).parents[3] / "docs" / "generated"


@pytest.mark.parametrize("kind", PATHS)
def test_each_stage_of_a_path_takes_what_the_one_before_it_gives(kind: str) -> None:
    state = "submitted"
    for name in PATHS[kind]:
        assert takes(BY_NAME[name], f"{kind}.{state}.v1"), f"{name} does not take {kind}.{state}"
        state = GIVES[name]
    assert state == "completed"


def test_every_event_is_taken_by_somebody_and_its_state_is_known() -> None:
    for type_ in EVENTS:
        if not type_.startswith("dead."):
            assert any(takes(stage, type_) for stage in STAGES)
            assert type_.split(".")[1] in {*STATES, *NOTES, "raised", "sampled", "recorded", "changed"}


def test_every_queue_is_bounded_durable_and_has_a_way_out() -> None:
    queues = {queue.name: queue for queue in plan().queues}
    for stage, name in ((each, name) for each in STAGES for name in each.queues):
        arguments = queues[name].arguments
        assert arguments["x-queue-type"] == "quorum"
        assert arguments["x-overflow"] == "reject-publish"
        assert arguments["x-max-length"] > 0
        assert arguments["x-dead-letter-exchange"] == "fm.dead"
        assert stage.dead_queue in queues


def test_dead_letter_queues_are_declared_before_what_feeds_them() -> None:
    names = [queue.name for queue in plan().queues]
    assert all(names.index(stage.dead_queue) < names.index(queue) for stage in STAGES for queue in stage.queues)


@pytest.mark.parametrize(
    ("delay", "name"), [(0.25, "fm.retry.250ms"), (1, "fm.retry.1s"), (15, "fm.retry.15s"), (300, "fm.retry.5m"), (90, "fm.retry.90s")]
)
def test_a_delays_queue_is_named_by_it(delay: float, name: str) -> None:
    assert rung_name(delay) == name


def test_a_deadline_is_far_below_the_brokers_consumer_timeout() -> None:
    assert max(stage.deadline for stage in STAGES) <= 600


@pytest.mark.parametrize("name", files())
def test_the_generated_contract_matches_the_code(name: str) -> None:
    assert (GENERATED / name).read_text() == files()[name], "run `make docs`"


def test_no_generated_file_is_left_over() -> None:
    assert {str(path.relative_to(GENERATED)) for path in GENERATED.rglob("*") if path.is_file()} == set(files())
