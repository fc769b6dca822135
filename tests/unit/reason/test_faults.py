"""Each mechanism by an incident of its own, quiet and in company of noise and decoys."""

import re

import pytest
from tests.unit.reason import change_faults, database_faults, edge_faults, more_faults, service_faults, store_faults
from tests.unit.reason.faults import FAULTS, Expected
from tests.unit.reason.scene import BEGIN, QUIET, Scene

from faultmaven_events.schemas.report import Hypothesis, IncidentReport

NAMES = sorted(FAULTS)
ONE_SIDED = {"an external partner became slow"}
"""Only the caller is heard: the cause comes first, but nobody may be sure of it."""
assert all((change_faults, database_faults, edge_faults, more_faults, service_faults, store_faults))  # they add to the table


def fits(top: Hypothesis, expected: Expected) -> None:
    assert any(name in top.component for name in expected.components), (top.component, top.statement)
    assert top.category in expected.categories, (top.category, top.statement)
    for words in expected.words:
        assert any(re.search(word, top.statement[:600], re.IGNORECASE) for word in words), (words, top.statement)


def noisy(scene: Scene) -> Scene:
    """Errors that were there all along, and changes that have nothing to do with it."""
    scene.app(
        "mailer",
        "error",
        "relay deferred",
        range(0, 160, 4),
        err="smtplib.SMTPServerDisconnected: Connection unexpectedly closed",
        relay="smtp02",
    )
    refused = "redis.exceptions.ConnectionError: Error 111 connecting to cache09:6379. Connection refused."
    scene.app("mailer", "warning", "avatar cache unreachable", range(1, 160, 2), err=refused)
    scene.change("deploy.log", 20, "deploybot: announced: edge rate limit review planned for next week")
    scene.change("deploy.log", 40, "deploybot: mailer config: template cache ttl 30s -> 60s (no restart)")
    return scene.change("deploy.log", 75, "deploybot: catalog 1.2.0 -> 1.2.1 rollout finished (texts)")


def verified(report: IncidentReport) -> None:
    assert report.evidence
    assert all(e.integrity == "verified" for e in report.evidence)
    assert report.hypotheses[0].citations


@pytest.mark.parametrize("name", NAMES)
def test_the_cause_is_named_with_component_category_and_mechanism(name: str) -> None:
    build, expected = FAULTS[name]
    report = build().report()
    assert report.verdict in ({"confirmed", "likely"} if name not in ONE_SIDED else {"inconclusive", "likely"})
    fits(report.hypotheses[0], expected)
    verified(report)


@pytest.mark.parametrize("name", NAMES)
def test_noise_and_decoys_do_not_win(name: str) -> None:
    build, expected = FAULTS[name]
    report = noisy(build()).report()
    fits(report.hypotheses[0], expected)


@pytest.mark.parametrize("name", NAMES)
def test_the_onset_is_when_the_cause_set_in(name: str) -> None:
    onset = FAULTS[name][0]().report().hypotheses[0].onset
    assert onset is not None
    assert abs((onset - BEGIN).total_seconds() - QUIET) <= 15


@pytest.mark.parametrize("name", NAMES)
def test_a_statement_is_short_and_complete(name: str) -> None:
    report = FAULTS[name][0]().report()
    for hypothesis in report.hypotheses:
        assert len(hypothesis.statement) <= 600
        assert not re.search(r"\{[a-z_.]+\}|\[\[|\]\]", hypothesis.statement)
    assert len(report.summary.splitlines()) <= 8
