"""How fast jobs of a kind went lately, and when one of them will be done: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from statistics import fmean, median
from typing import Final

from faultmaven_events.topology import PATHS

SAMPLE: Final = 50
"""The last completed jobs that are looked at."""
FEWEST: Final = 5
"""With fewer completed jobs, or gaps between them, nothing is said."""


@dataclass(frozen=True, slots=True)
class Run:
    """One stage of a completed job: when it was done, seconds waited and worked."""

    stage: str
    at: datetime
    waited_s: float
    ran_s: float


@dataclass(frozen=True, slots=True)
class Pace:
    """Medians of completed jobs by stage in seconds, and `each_s`: seconds from one job to the next while jobs were waiting."""

    jobs: int = 0
    waited_s: Mapping[str, float] = field(default_factory=dict)
    ran_s: Mapping[str, float] = field(default_factory=dict)
    each_s: Mapping[str, float] = field(default_factory=dict)

    def eta(
        self, kind: str, stage: str, *, ahead: int, waited_s: float, hands: int, until_s: float | None = None
    ) -> tuple[float, str] | None:
        """Return (seconds until a job in `stage` is done, what that rests on); None when too few jobs were completed to say.

        `ahead` jobs are worked off first, by `hands` at once; `until_s` instead: seconds until its next attempt.
        """
        if self.jobs < FEWEST or stage not in self.ran_s:
            return None
        path = PATHS[kind]
        later = path[path.index(stage) + 1 :]
        rest = sum(self.waited_s.get(each, 0.0) + self.ran_s.get(each, 0.0) for each in later)
        basis = f"medians of the last {self.jobs} completed jobs of this kind"
        if until_s is not None:
            return until_s + self.ran_s[stage] + rest, f"{basis}, if the next attempt succeeds"
        if ahead:
            each = self.each_s.get(stage, self.ran_s[stage] / max(1, hands))
            return ahead * each + self.ran_s[stage] + rest, f"{basis}; {ahead} to be worked off before it at {each:.2g} s each"
        here = max(0.0, self.waited_s[stage] + self.ran_s[stage] - waited_s)
        return here + rest, basis


def pace_of(jobs: Sequence[Sequence[Run]]) -> Pace:
    """Return the pace of completed jobs, each given as its runs."""
    by_stage: dict[str, list[Run]] = {}
    for run in (run for runs in jobs for run in runs):
        by_stage.setdefault(run.stage, []).append(run)
    gaps = {stage: _gaps(runs) for stage, runs in by_stage.items()}
    return Pace(
        jobs=len(jobs),
        waited_s={stage: median(run.waited_s for run in runs) for stage, runs in by_stage.items()},
        ran_s={stage: median(run.ran_s for run in runs) for stage, runs in by_stage.items()},
        each_s={stage: fmean(found) for stage, found in gaps.items() if len(found) >= FEWEST},
    )


def _gaps(runs: Sequence[Run]) -> list[float]:
    """Return the seconds between two jobs that were done one after the other, where the later one had been waiting all the while."""
    ordered = sorted(runs, key=lambda run: run.at)
    found = [((later.at - earlier.at).total_seconds(), later) for earlier, later in pairwise(ordered)]
    return [gap for gap, later in found if later.waited_s >= gap]
