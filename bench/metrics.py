"""`make bench ARGS=metrics`: how fast metric files are read and analysed, and how well change points are found beside ruptures.

Speed is CPU time of one core, best of three. The change points are those of generated series (mean shifts in noise of three kinds, some
with wild samples, and quiet ones without a change), the same for all; a found one counts when it lies within ten samples of a true one.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from faultmaven_events.consumers.process.metrics import measure
from faultmaven_events.consumers.process.metrics.sample import in_order
from faultmaven_events.consumers.process.metrics.shift import levels_of, shifts_of
from faultmaven_events.schemas.evidence import Classification

Floats = NDArray[np.float64]
SAMPLES: Final = 400
NEAR: Final = 10
START: Final = 1_772_366_400


@dataclass(frozen=True, slots=True)
class Known:
    """A series and the samples at which its level changes."""

    values: Floats
    changes: tuple[int, ...]


def lines() -> Iterator[str]:
    """Yield the table."""
    yield from _speeds()
    yield from _found()


def _speeds() -> Iterator[str]:
    forms = {"CSV, 10 series": _csv(20_000, 10), "CSV, 1,000 series": _csv(200, 1_000), "Prometheus, 1,000 series": _exposition(200, 1_000)}
    for name, text in forms.items():
        classification = Classification(type="metrics", format="text", confidence=1, reason="generated")

        def work(text: str = text, classification: Classification = classification) -> int:
            insights, _ = measure(text, evidence_id=UUID(int=1), name="bench", classification=classification)
            return len(insights.facts)

        seconds = _best(work)
        yield f"{name + ', read and analyse':<52} {200_000 / seconds:>12,.0f} points/s"


def _csv(rows: int, columns: int) -> str:
    draw = random.Random(1)
    head = "time," + ",".join(f"m{n}" for n in range(columns))
    return "\n".join([head, *(f"{START + 15 * row}," + ",".join(f"{draw.random():.4f}" for _ in range(columns)) for row in range(rows))])


def _exposition(scrapes: int, series: int) -> str:
    draw = random.Random(1)
    samples = (
        f'load{{host="h{n}",zone="a"}} {draw.random():.4f} {(START + 15 * scrape) * 1000}'
        for scrape in range(scrapes)
        for n in range(series)
    )
    return "\n".join(["# TYPE load gauge", *samples])


def _best(work: Callable[[], object], rounds: int = 3) -> float:
    found = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def known_series() -> list[Known]:
    """Series with known changes: none, one or two, of two to six standard deviations."""
    draw = np.random.default_rng(7)
    made = []
    for number in range(60):
        changes = tuple(sorted(int(at) for at in draw.choice(np.arange(60, SAMPLES - 60, 60), size=number % 3, replace=False)))
        noise = (draw.normal(0, 1, SAMPLES), draw.laplace(0, 0.7, SAMPLES), np.round(draw.normal(0, 1, SAMPLES)))[number % 4 % 3]
        level = np.zeros(SAMPLES)
        for place, at in enumerate(changes):
            level[at:] += draw.uniform(2, 6) * (1 if place % 2 == 0 else -1)
        values = 20 + level + noise
        if number % 5 == 0:
            values[draw.integers(0, SAMPLES, 4)] += 30
        made.append(Known(values, changes))
    return made


def levels(values: Floats) -> list[int]:
    """Where the metrics stage sees a new level begin."""
    return [level.start for level in levels_of(values)][1:]


def told(values: Floats) -> list[int]:
    """The moves that it tells a person of: those that are large beside the level itself."""
    points = [(float(START + place), float(value), place + 1) for place, value in enumerate(values)]
    return [shift.place for shift in shifts_of(in_order("generated", points))]


def ruptures_by(algorithm: str, model: str) -> Callable[[Floats], list[int]]:
    """A search of ruptures with the usual penalty of BIC form, 3 ln n, on values in robust standard deviations."""
    import ruptures  # type: ignore[import-untyped] # it says nothing of its types

    def find(values: Floats) -> list[int]:
        scaled = (values - np.median(values)) / max(1.4826 * float(np.median(np.abs(np.diff(values)))) / 2**0.5, 1e-9)
        made = ruptures.KernelCPD(kernel=model, min_size=5) if algorithm == "KernelCPD" else ruptures.Pelt(model=model, min_size=5, jump=5)
        return [int(at) for at in made.fit(scaled.reshape(-1, 1)).predict(pen=3 * np.log(len(values)))][:-1]

    return find


def _found() -> Iterator[str]:
    series = known_series()
    contestants: dict[str, Callable[[Floats], list[int]]] = {"ours": levels, "ours, as told to a person": told}
    try:
        contestants |= {f"ruptures {name} ({model})": ruptures_by(name, model) for name, model in (("KernelCPD", "linear"), ("Pelt", "l1"))}
    except ImportError:
        yield "ruptures is not installed (the extra `bench`): no peers"
    for name, find in contestants.items():
        began = time.process_time()
        answers = [find(one.values) for one in series]
        spent = time.process_time() - began
        hit, found, true = _score(series, answers)
        figures = f"precision {hit / max(found, 1):.2f}  recall {hit / true:.2f}  {1000 * spent / len(series):.1f} ms a series"
        yield f"{'change points, ' + name:<52} {figures}"


def _score(series: Sequence[Known], answers: Sequence[Sequence[int]]) -> tuple[int, int, int]:
    """True changes that were found, all that were found, all that are true."""
    hit = 0
    for one, found in zip(series, answers, strict=True):
        left = list(found)
        for change in one.changes:
            near = min(left, key=lambda at: abs(at - change), default=None)
            if near is not None and abs(near - change) <= NEAR:
                hit += 1
                left.remove(near)
    return hit, sum(map(len, answers)), sum(len(one.changes) for one in series)
