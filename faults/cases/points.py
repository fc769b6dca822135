"""Death at the points at which a delivery waits: the request is out and no answer is here, or the answer is here and nothing after it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from faultmaven_events.topology import BY_NAME
from faults.case import TABLE, Case
from faults.content import Parcel
from faults.trial import Trial

SAMPLED: Final = 2
"""Points of each target in the short run; the long one takes all."""


@dataclass(frozen=True, slots=True)
class Target:
    """Deliveries to hit: of an event type, in a stage's lane; `pick` gives parcels of which each brings one at least."""

    type: str
    lane: str
    pick: Callable[[Trial], list[Parcel]]


def _files(trial: Trial) -> list[Parcel]:
    return trial.pick("ingest", "amqp")


def _documents(trial: Trial) -> list[Parcel]:
    return trial.pick("document", "amqp")


def _alone(trial: Trial) -> list[Parcel]:
    return [parcel for parcel in trial.parcels if parcel.question and not parcel.files]


def _joined(trial: Trial) -> list[Parcel]:
    return [parcel for parcel in trial.parcels if parcel.question and parcel.files]


def _unreadable(trial: Trial) -> list[Parcel]:
    return [parcel for parcel in trial.parcels if parcel.unreadable]


TARGETS: Final[dict[str, tuple[Target, ...]]] = {
    "classify": (Target("ingest.submitted.v1", "", _files), Target("troubleshoot.submitted.v1", "question", _alone)),
    "sanitize": (Target("ingest.classified.v1", "", _files), Target("troubleshoot.classified.v1", "question", _alone)),
    "gather": (Target("troubleshoot.sanitized.v1", "", _joined), Target("ingest.completed.v1", "", _joined)),
    "process": (Target("ingest.sanitized.v1", "", _files), Target("troubleshoot.gathered.v1", "question", _alone)),
    "embed": (
        Target("ingest.processed.v1", "", _files),
        Target("document.processed.v1", "document", _documents),
        Target("troubleshoot.processed.v1", "question", _alone),
    ),
    "reason": (Target("troubleshoot.embedded.v1", "", _alone),),
    "record": (
        Target("ingest.classified.v1", "", _files),
        Target("ingest.embedded.v1", "", _files),
        Target("troubleshoot.reasoned.v1", "question", _alone),
    ),
    "bury": (Target("dead.letter.v1", "", _unreadable),),
}


async def _hit(trial: Trial, stage: str) -> None:
    """Hit every target of a stage while its own process is away."""
    most = 60 if trial.long else SAMPLED
    async with trial.held(stage, deadly=True):
        for target in TARGETS[stage]:
            await trial.hand_in((target.pick(trial) * (2 * most + 2))[: 2 * most + 2 if trial.long else most + 1])
        trial.notes += [await _target(trial, stage, target, most) for target in TARGETS[stage]]


async def _target(trial: Trial, stage: str, target: Target, most: int) -> str:
    queue = next(BY_NAME[stage].queue(lane) for lane in BY_NAME[stage].lanes if lane.name == target.lane)
    facts = {"stage": stage, "queue": queue, "type": target.type}
    counted = (await trial.parent.order(**facts, at=0, mode="suspended")).get("count", 0)
    trial.expect(counted > 0, f"no {target.type} came to {stage}")
    points = [(at, mode) for at in range(1, counted + 1) for mode in ("suspended", "resumed")]
    chosen = points if trial.long and len(points) <= 2 * most else sorted(trial.source.sample(points, min(len(points), most)))
    for at, mode in chosen:
        ending = await trial.parent.order(**facts, at=at, mode=mode)
        trial.expect("killed" in ending or "survived" in ending, f"{target.type} at {stage}, {mode} {at}: {ending}")
    return f"{target.type.removesuffix('.v1')} {len(chosen)} of {len(points)}"


def _case(stage: str) -> Case:
    async def run(trial: Trial) -> None:
        await _hit(trial, stage)

    how = "at every point, or a sample of them in the short run,"
    return Case(f"points-{stage}", f"{stage} is killed (SIGKILL) {how} where a delivery waits; a fresh process finishes", run)


for _stage in TARGETS:
    TABLE[f"points-{_stage}"] = _case(_stage)
