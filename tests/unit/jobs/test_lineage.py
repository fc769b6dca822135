"""The chain from what was handed in to the result: each hop given what the one before gave."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from faultmaven_events.infra.jobs.lineage import lineage
from faultmaven_events.schemas.event import derive
from faultmaven_events.topology import PATHS

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATH = PATHS["ingest"]


def document(**changed: dict[str, Any]) -> dict[str, Any]:
    """A completed job of the door; `changed` are facts of hops by stage."""
    job = uuid4()
    parent, given = derive(job, "ingress/0"), "00"
    hops = {}
    for index, stage in enumerate(PATH):
        gave = f"{index + 1:02d}"
        hop = {"at": NOW, "event_id": derive(parent, f"{stage}/0"), "causation_id": parent, "input_sha256": given, "output_sha256": gave}
        parent, given = hop["event_id"], gave
        hops[stage] = {**hop, "waited_ms": 1, "ran_ms": 2, "attempt": 1, "consumer": "c", "generation": 0, **changed.get(stage, {})}
    facts = {"tenant": "acme", "user": "ann", "kind": "ingest", "status": "completed", "correlation_id": "c", "version": 6}
    final = {"status": "completed", "at": NOW, "generation": 0, "result": {}, "error": None}
    return {"_id": job, **facts, "created_at": NOW, "updated_at": NOW, "hops": hops, "final": final}


def letter(**facts: Any) -> dict[str, Any]:
    known = {"code": "internal_error", "error": "KeyError", "message": "unexpected KeyError", "consumer": "c", "died_at": NOW}
    return {"_id": uuid4(), "stage": "process", "attempts": [{}, {}], "state": "redriven", "generation": 0, **known, **facts}


def test_a_chain_in_which_each_hop_was_given_what_the_one_before_gave_is_unbroken() -> None:
    way = lineage(document())
    assert [hop.follows for hop in way.hops] == [True] * len(PATH)
    assert (way.unbroken, way.breaks) == (True, ())


def test_a_hop_that_follows_from_another_event_breaks_the_chain_and_is_named() -> None:
    way = lineage(document(process={"causation_id": UUID(int=5)}))
    assert [hop.stage for hop in way.hops if hop.follows is False] == ["process"]
    assert not way.unbroken
    assert way.breaks[0].startswith("process:")


def test_a_hop_that_was_given_other_data_than_was_sent_breaks_the_chain() -> None:
    assert not lineage(document(embed={"input_sha256": "ff"})).unbroken


def test_hops_of_an_older_version_without_hashes_are_compared_by_their_events() -> None:
    assert lineage(document(embed={"input_sha256": None})).unbroken


def test_a_job_on_its_way_is_unbroken_so_far() -> None:
    job = document() | {"final": None, "status": "running"}
    for stage in ("embed", "record"):
        del job["hops"][stage]
    way = lineage(job)
    assert way.unbroken
    assert [hop.follows for hop in way.hops] == [True, True, True, None, None]


def test_what_was_published_directly_begins_with_something_that_nobody_recorded() -> None:
    way = lineage(document(classify={"causation_id": uuid4()}))
    assert way.hops[0].follows is None
    assert way.unbroken


def test_an_event_that_a_person_edited_takes_the_place_of_the_one_that_died() -> None:
    job = document(process={"causation_id": uuid4()})
    assert not lineage(job, [letter()]).unbroken
    assert lineage(job, [letter(edited=True)]).unbroken


def test_deaths_are_told_with_what_became_of_them() -> None:
    [death] = lineage(document(), [letter()]).deaths
    assert (death.stage, death.code, death.attempts, death.state) == ("process", "internal_error", 2, "redriven")
