"""Figures, times and phrases of the rules' sentences that stand in no single line: counted over many, or the rule's own words."""

from collections.abc import Iterable, Sequence

from faultmaven_events.consumers.reason.offline.hypotheses import Worded
from faultmaven_events.consumers.reason.offline.noise import Noise
from faultmaven_events.consumers.reason.reread import Ground
from faultmaven_events.schemas.report import IncidentReport

_MOST = 200


def own(report: IncidentReport, worded: Sequence[Worded], noise: Sequence[Noise], counted: Iterable[str] = ()) -> list[str]:
    """Return what the report's sentences say that the case's values hold; the verifier looks for everything else in the lines."""
    sources = [*counted, *(part for n in noise for part in (n.what, n.why))]
    for w in worded:
        sources += [*w.values.values(), w.candidate.cause.statement, w.candidate.cause.mechanism]
    held = Ground(tuple(sources))
    bare = Ground(())
    sentences = [report.headline, *(c.text for c in report.claims), *(h.statement for h in report.hypotheses)]
    wanted = {part for text in sentences for part in bare.lacks(text)}
    return sorted(wanted - {part for text in sentences for part in held.lacks(text)})[:_MOST]
