"""Fit what each trait is worth to the score, and write it to the reasoner's `confidence.toml`.

python -m bench.accuracy.fit DIR ... [--scenes] [--outside DIR] [--kit DIR] [--write]

Logistic regression by projected gradient: no weight below its floor, so that the score only grows with what speaks for the answer. Every
incident counts the same, however many variants it has; with --scenes the made-up ones of the tests count a little, so that mechanisms
which nobody recorded have a say. Printed, always of recorded incidents: fitted on one half and checked on the other, both ways; each
left out in turn; and `--outside`, incidents that took no part.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.accuracy.calibration import brier, ece
from bench.accuracy.scenes import MARK, scenes
from bench.accuracy.trials import Trial, trials
from faultmaven_events.consumers.reason.offline import confidence
from faultmaven_events.consumers.reason.offline.confidence import LEAST, MOST, weights

PLACE: Final = Path(confidence.__file__).with_suffix(".toml")
_STEPS: Final = 6000
_RATE: Final = 2.0
_RIDGE: Final = 0.005
_MADE_UP: Final = 0.1
"""What a made-up incident counts beside a recorded one."""
Vector = NDArray[np.float64]


class Model:
    """Bias and weights, in the order of the names."""

    def __init__(self, rows: Sequence[Trial]) -> None:
        self.names = tuple(weights().weights)
        self._low = np.array([max(0.0, weights().floors.get(name, 0.0)) for name in self.names])
        x, y, share = self._matrix(rows), np.array([float(t.right) for t in rows]), _shares(rows)
        self.bias, self.weights = 0.0, self._low.copy()
        for _ in range(_STEPS):
            gradient = share * (1 / (1 + np.exp(-(x @ self.weights + self.bias))) - y)
            self.weights = np.maximum(self._low, self.weights - _RATE * (x.T @ gradient + _RIDGE * self.weights))
            self.bias -= _RATE * float(gradient.sum())

    def _matrix(self, rows: Sequence[Trial]) -> Vector:
        return np.array([[t.traits[name] for name in self.names] for t in rows])

    def scored(self, rows: Sequence[Trial]) -> list[tuple[float, bool]]:
        """Score and outcome of other trials."""
        found = 1 / (1 + np.exp(-(self._matrix(rows) @ self.weights + self.bias)))
        return [(min(MOST, max(LEAST, float(p))), t.right) for p, t in zip(found, rows, strict=True)]


def _shares(rows: Sequence[Trial]) -> Vector:
    several = Counter(t.incident for t in rows)
    found = np.array([(_MADE_UP if made_up(t) else 1.0) / several[t.incident] for t in rows])
    return np.asarray(found / found.sum())


def made_up(trial: Trial) -> bool:
    """Whether it is a scene of the tests."""
    return trial.incident.startswith(MARK)


def usable(folder: Path) -> list[Trial]:
    """Trials that named a cause; a healthy verdict has a score of its own."""
    return [t for t in trials(folder) if t.traits and t.verdict != "healthy"]


def halves(rows: Sequence[Trial]) -> tuple[list[Trial], list[Trial]]:
    """Every other incident; those of several folders are told apart by name."""
    first = set(sorted({t.incident for t in rows})[::2])
    return [t for t in rows if t.incident in first], [t for t in rows if t.incident not in first]


def left_out(rows: Sequence[Trial]) -> list[tuple[float, bool]]:
    """Scores of each recorded incident by a model that has not seen it."""
    found = []
    for name in sorted({t.incident for t in rows if not made_up(t)}):
        model = Model([t for t in rows if t.incident != name])
        found += model.scored([t for t in rows if t.incident == name])
    return found


def told(name: str, scored: Sequence[tuple[float, bool]]) -> None:
    rate = sum(right for _, right in scored) / len(scored)
    figures = f"Brier {brier(scored):.3f} (constant rate {rate * (1 - rate):.3f})  ECE {ece(scored):.3f}"
    print(f"{name:<44}{len(scored):>6} variants, {rate:.2f} right  {figures}", flush=True)


def origin(rows: Sequence[Trial], scored: Sequence[tuple[float, bool]]) -> str:
    """By what the score was calibrated, for the report."""
    known, scenes = ({t.incident for t in rows if made_up(t) is made} for made in (False, True))
    figures = f"Brier {brier(scored):.3f}, ECE {ece(scored):.3f}"
    beside = f" and {len(scenes)} made-up ones" if scenes else ""
    return f"variants of {len(known)} recorded incidents{beside}; each recorded one scored by a fit of the others: {figures}"


def written(model: Model, told: str) -> str:
    """The file with the model's numbers in it; comments and the rest stay."""
    text = PLACE.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^bias = .*$", f"bias = {model.bias:.2f}", text)
    text = re.sub(r"(?m)^origin = .*$", f'origin = "{told}"', text)
    head, rest = text.split("[weights]\n", 1)
    _, tail = rest.split("\n\n", 1)
    rows = "\n".join(f"{name} = {weight:.2f}" for name, weight in zip(model.names, model.weights, strict=True))
    return f"{head}[weights]\n{rows}\n\n{tail}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dirs", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--scenes", action="store_true")
    parser.add_argument("--outside", type=Path)
    parser.add_argument("--kit", type=Path, default=Path("../shared/eval"))
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    sys.path.insert(0, str(given.kit.resolve()))
    recorded = [t for folder in given.dirs for t in usable(folder)]
    extra = [t for t in scenes() if t.verdict != "healthy"] if given.scenes else []
    one, other = halves(recorded)
    told("fitted on one half, on that half", Model([*one, *extra]).scored(one))
    told("fitted on one half, on the other", Model([*one, *extra]).scored(other))
    told("fitted on the other half, on the first", Model([*other, *extra]).scored(one))
    rows = [*recorded, *extra]
    others = left_out(rows)
    told("each incident by the others", others)
    model = Model(rows)
    told("fitted on all, on all", model.scored(recorded))
    if given.outside:
        told("fitted on all, on incidents that took no part", model.scored(usable(given.outside)))
    print(f"bias {model.bias:.2f}  " + "  ".join(f"{n} {w:.2f}" for n, w in zip(model.names, model.weights, strict=True)))
    if given.write:
        PLACE.write_text(written(model, origin(rows, others)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
