"""`make accuracy`: every benchmark of the evaluation kit on the code that the consumers run, beside its goal.

python -m bench.accuracy [BENCHMARK ...] [--kit DIR] [--data DIR]

The kit is a folder with `run.py` and `data/`; it is looked for at --kit, $FM_EVAL and ../shared/eval. Speeds are of one process on this
machine, now; compare within one run only. The exit status is 1 when a goal is missed and 2 when there is no kit.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import adapters
from bench.accuracy import calibration
from bench.accuracy.goals import GOALS, Goal

PLACE = Path("../shared/eval")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = list(dict.fromkeys(goal.benchmark for goal in GOALS))
    parser.add_argument("only", nargs="*", metavar="BENCHMARK", help=f"of {', '.join(names)}")
    parser.add_argument("--kit", type=Path, default=Path(os.environ.get("FM_EVAL", PLACE)))
    parser.add_argument("--data", type=Path, help="other data than the kit's")
    given = parser.parse_args()
    if unknown := set(given.only) - set(names):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    if not (given.kit / "run.py").is_file():
        print(f"error: there is no evaluation kit at {given.kit}: give --kit DIR or set FM_EVAL", file=sys.stderr)
        return 2
    sys.path.insert(0, str(given.kit.resolve()))
    print(f"{'benchmark':<18}{'figure':<54}{'reached':>10}{'goal':>12}")
    missed = 0
    for name in given.only or names:
        missed += measured(name, given.data or given.kit / "data")
    return 1 if missed else 0


def measured(name: str, data: Path) -> int:
    """Run one benchmark, print its rows, and return how many goals it missed."""
    lines: tuple[str, ...] = ()
    if name == "calibration":
        told = calibration.run(data)
        figures, lines = told.numbers, told.lines
    else:
        adapter: Callable[..., Any] = getattr(adapters, name)
        figures = importlib.import_module(f"fmeval.{name}").run(adapter, data).numbers
    rows = [goal for goal in GOALS if goal.benchmark == name]
    for goal in rows:
        print(row(goal, figures[goal.figure]), flush=True)
    for line in lines:
        print(f"    {line}", flush=True)
    return sum(not goal.reached(figures[goal.figure]) for goal in rows)


def row(goal: Goal, reached: float) -> str:
    """Return one line of the table."""
    limit = f"≥ {number(goal.least)}" if goal.least is not None else f"≤ {number(goal.most)}" if goal.most is not None else ""
    verdict = limit if goal.reached(reached) else f"MISSED {limit}"
    return f"{goal.benchmark:<18}{goal.meaning:<54}{number(reached):>10}{verdict:>15}"


def number(value: float) -> str:
    """Return a figure as the table shows it."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 2 else f"{value:.3f}"


sys.exit(main())
