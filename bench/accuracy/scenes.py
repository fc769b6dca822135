"""The small made-up incidents of the tests, whole and without each of their files: many more mechanisms than anybody has recorded."""

import importlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from bench.accuracy.trials import Trial
from faultmaven_events.consumers.process.merge import merge
from faultmaven_events.consumers.reason.context import Context
from faultmaven_events.consumers.reason.offline.case import open_case
from faultmaven_events.consumers.reason.offline.confidence import traits
from faultmaven_events.consumers.reason.offline.rank import rank
from faultmaven_events.consumers.reason.offline.reasoner import Known, solve, validate
from faultmaven_events.consumers.reason.offline.ruleset import rules
from faultmaven_events.schemas.insight import Insights
from faultmaven_events.schemas.report import Hypothesis

MARK: Final = "scene: "
Prepared = Sequence[tuple[Insights, str]]


def scenes() -> Iterator[Trial]:
    """Try every scene. The tests' folder must be importable."""
    faults: Any = importlib.import_module("tests.unit.reason.test_faults")  # only here: the tests are no part of what is installed
    context: Callable[[Prepared], Context] = importlib.import_module("tests.unit.reason.scene").context

    def right(top: Hypothesis, name: str) -> bool:
        try:
            faults.fits(top, faults.FAULTS[name][1])
        except AssertionError:
            return False
        return True

    for name in sorted(faults.FAULTS):
        scene = faults.FAULTS[name][0]()
        whole = scene.insights()
        several = [whole, *(whole[:n] + whole[n + 1 :] for n in range(len(whole)))]
        for number, prepared in enumerate(several):
            found = _tried(scene.question, prepared, context(prepared)) if prepared else None
            if found is not None:
                top, verdict, score, seen = found
                yield Trial(
                    incident=f"{MARK}{name}",
                    rule=str(number),
                    withheld=False,
                    healthy=False,
                    verdict=verdict,
                    score=score,
                    right=right(top, name),
                    baseline=False,
                    traits=seen,
                )


def _tried(question: str, prepared: Prepared, context: Context) -> tuple[Hypothesis, str, float, dict[str, float]] | None:
    case = open_case(merge(question, [insights for insights, _ in prepared]), context, rules())
    ranked = rank(case, rules())
    if not ranked:
        return None
    report = solve(case, validate(case, ranked), context, Known("", (), {}))
    return report.hypotheses[0], report.verdict, report.confidence.score, traits(case, ranked)
