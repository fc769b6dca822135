"""Whether the score of an answer means what it says: recorded incidents, whole and with evidence withheld or foreign evidence mixed in.

Brier is the mean square of (score - right); ECE the mean distance of score and share right over ten equal bins, weighted by their size;
both over all variants. `false confident`: confirmed, although component or reason of the first hypothesis is wrong.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.accuracy.trials import Rows, Trial, trials

BINS: Final = 10
ABSTAINED: Final = frozenset({"inconclusive", "insufficient_evidence"})
Pairs = Sequence[tuple[float, bool]]
"""Score, and whether the answer was right."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the table of goals reads, and the lines below it."""

    numbers: dict[str, float]
    lines: tuple[str, ...]


def run(data: Path) -> Figures:
    """Try the incidents in `data`/incidents."""
    folder = data / "incidents" if (data / "incidents").is_dir() else data
    return figures(list(trials(folder)))


def figures(rows: Rows) -> Figures:
    """Return every figure of one set of trials."""
    ours = pairs(rows)
    accuracy = share(rows, lambda t: t.right)
    told = [t for t in rows if t.withheld and not t.healthy]
    numbers = {
        "variants": float(len(rows)),
        "right": accuracy,
        "brier": brier(ours),
        "ece": ece(ours),
        "constant_brier": accuracy * (1 - accuracy),
        "naive_brier": brier([(1.0, t.baseline) for t in rows]),
        "false_confident": share(rows, lambda t: t.verdict == "confirmed" and not t.right),
        "naive_false_confident": share(rows, lambda t: not t.baseline),
        "confirmed_right": share([t for t in rows if t.verdict == "confirmed"], lambda t: t.right),
        "likely_right": share([t for t in rows if t.verdict == "likely"], lambda t: t.right),
        "healthy_right": share([t for t in rows if t.verdict == "healthy"], lambda t: t.right),
        "abstained_without_cause": share(told, lambda t: t.verdict in ABSTAINED),
        "misled_without_cause": share(told, lambda t: t.verdict not in ABSTAINED and not t.right),
    }
    return Figures(numbers, tuple(table(ours)))


def pairs(rows: Rows) -> list[tuple[float, bool]]:
    """Scores beside outcomes."""
    return [(t.score, t.right) for t in rows]


def share(rows: Rows, holds: Callable[[Trial], bool]) -> float:
    """Share of trials for which something holds; 0 of none."""
    return sum(map(holds, rows)) / len(rows) if rows else 0.0


def brier(scored: Pairs) -> float:
    """Mean square of score minus outcome (Brier, 1950)."""
    return sum((score - right) ** 2 for score, right in scored) / max(len(scored), 1)


def bins(scored: Pairs) -> list[list[tuple[float, bool]]]:
    """Ten equal bins of the score."""
    found: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for score, right in scored:
        found[min(int(score * BINS), BINS - 1)].append((score, right))
    return found


def ece(scored: Pairs) -> float:
    """Expected calibration error: |mean score - share right|, weighted by the size of the bins."""
    total = max(len(scored), 1)
    return sum(abs(sum(s for s, _ in each) - sum(r for _, r in each)) / total for each in bins(scored))


def table(scored: Pairs) -> Iterator[str]:
    """The reliability table."""
    yield f"{'score':>12}{'answers':>10}{'mean score':>12}{'share right':>13}"
    for number, each in enumerate(bins(scored)):
        if each:
            mean, right = sum(s for s, _ in each) / len(each), sum(r for _, r in each) / len(each)
            yield f"{number / BINS:>6.1f}..{(number + 1) / BINS:.1f}{len(each):>10}{mean:>12.2f}{right:>13.2f}"


def main() -> int:
    """Python -m bench.accuracy.calibration DIR [KIT]: the figures of a folder of incidents."""
    folder, kit = Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else "../shared/eval")
    sys.path.insert(0, str(kit.resolve()))
    found = run(folder)
    for name, value in found.numbers.items():
        print(f"{name:<28}{value:>8.3f}")
    print("\n".join(found.lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
