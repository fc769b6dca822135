"""What a post-mortem starts from: times, numbers and facts of the evidence, and nothing where it does not say."""

import re

from tests.unit.reason.faults import FAULTS, shop
from tests.unit.reason.scene import BEGIN, HURT, QUIET, Scene, iso
from tests.unit.reason.test_judgement import DNS

from faultmaven_events.consumers.reason.offline.rank import Candidate
from faultmaven_events.consumers.reason.offline.recommend import advise, owner
from faultmaven_events.consumers.reason.offline.ruleset import rules
from faultmaven_events.consumers.reason.offline.scope import priority
from faultmaven_events.reports.postmortem import draft, postmortem
from faultmaven_events.schemas.report import IncidentReport

BEGUN, OVER = QUIET, 120


def release(*, over: bool, alert: bool) -> IncidentReport:
    """A release fails nine of ten orders; where it is over, it was rolled back."""
    end = OVER if over else QUIET + HURT
    scene = Scene(question="Orders fail.").serving()
    scene.change("deploy.log", BEGUN - 90 if not over else BEGUN - 5, "deploybot: shop-api 3.1.0 -> 3.2.0 rollout started")
    rows = ["time,requests,http_2xx,http_3xx,http_4xx,http_5xx,no_response,p50_ms,p95_ms"]
    for n in range(QUIET + HURT):
        bad = BEGUN <= n < end
        rows.append(f"{iso(n)[:19]}Z,10,{1 if bad else 10},0,0,{9 if bad else 0},0,5,20")
    scene.text("clients_http.csv", "\n".join(rows))
    scene.app("shop-api", "error", "order failed", [n + 0.3 for n in range(BEGUN, end)], err="KeyError: 'currency'")
    if alert:
        scene.add("alerts.log", BEGUN + 40, f"{iso(BEGUN + 40)[:19]}Z alertmanager FIRING OrdersFailing instance=edge01 severity=page")
        scene.add("alerts.log", BEGUN + 45, f"{iso(BEGUN + 45)[:19]}Z alertmanager acknowledged alert OrdersFailing")
    if over:
        scene.change("deploy.log", end - 4, "deploybot: shop-api rolled back 3.2.0 -> 3.1.0")
        scene.add("alerts.log", end + 20, f"{iso(end + 20)[:19]}Z alertmanager RESOLVED OrdersFailing instance=edge01")
    return scene.report()


def test_detection_and_repair_are_timed_by_what_the_evidence_says() -> None:
    after = release(over=True, alert=True).aftermath
    assert after is not None
    times = (after.caused_at, after.began_at, after.detected_at, after.acknowledged_at, after.mitigated_at, after.resolved_at)
    assert [(at - BEGIN).total_seconds() if at else None for at in times] == [55, 60, 100, 105, 116, 119]
    assert (after.latent_s, after.detect_s, after.resolve_s) == (5.0, 40.0, 59.0)
    assert (after.failed_requests, after.total_requests, after.counted_in) == (540, 1600, "clients_http.csv")
    assert "An alert fired 40 s after it began." in after.went_well
    assert after.went_badly == ()


def test_what_the_evidence_does_not_say_stays_empty() -> None:
    report = release(over=False, alert=False)
    after = report.aftermath
    assert after is not None
    assert (after.detected_at, after.acknowledged_at, after.mitigated_at, after.resolved_at) == (None, None, None, None)
    assert (after.detect_s, after.resolve_s) == (None, None)
    assert "No alert about it is in the evidence." in after.went_badly
    assert "No action against it is in the evidence, which ends while it goes on." in after.went_badly
    assert [item.type for item in after.action_items] == ["prevent", "detect"]
    assert "not in the evidence" in postmortem(report)


def test_the_timeline_tells_alert_action_and_recovery() -> None:
    moments = release(over=True, alert=True).timeline
    assert [m.kind for m in moments if m.kind in {"detection", "action", "recovery"}] == [
        "detection",
        "action",
        "action",
        "recovery",
        "recovery",
    ]
    assert list(moments) == sorted(moments, key=lambda m: m.at)
    assert {m.component for m in moments if m.kind == "change"} == {"shop-api"}


def test_where_all_is_well_there_is_nothing_to_look_back_on() -> None:
    report = shop("Is something wrong?").http().report()
    assert report.verdict == "healthy"
    assert report.aftermath is None
    assert draft(report).aftermath.action_items == ()


def test_every_line_has_its_time_and_what_proves_nothing_is_neutral() -> None:
    report = FAULTS[DNS][0]().report()
    assert all(e.at is not None for e in report.evidence if e.citation.file.endswith(".log"))
    names = {e.evidence_id for e in report.evidence}
    for h in report.hypotheses:
        assert set(h.neutral) <= names - set(h.supports) - set(h.refutes)
    assert report.provenance["lineage"] == f"/api/v1/jobs/{report.job_id}/lineage"


def test_a_post_mortem_names_roles_and_no_placeholders() -> None:
    for make, *_ in list(FAULTS.values())[:6]:
        text = postmortem(make().report())
        assert re.search(r"\{[a-z_.]+\}|None", text) is None


def test_priority_is_impact_by_urgency() -> None:
    assert [priority(i, u) for i, u in (("high", "high"), ("high", "low"), ("medium", "medium"), ("low", "low"))] == [1, 3, 3, 4]
    assert owner("code", "shop-api") == "developers of shop-api"
    assert owner("unknown", "x") == ""


def test_no_part_of_a_command_is_left_out_and_no_value_is_read_by_a_shell() -> None:
    for cause in rules().causes:
        candidate = Candidate(cause, "x", (), (), (), None, "shop-api", 1.0)
        for known in ({}, dict.fromkeys(("component", "table", "role", "slot", "keys_prefix", "change.path"), "x; rm -rf / #")):
            for advised, remedy in zip(advise(candidate, "H1", known), cause.remedies, strict=True):
                assert "rm -rf" not in " ".join(advised.commands)
                for command, template in zip(advised.commands, remedy.commands, strict=True):
                    holes = re.findall(r"\{([a-z_.]+)\}", template)
                    assert all(f"THE_{hole.upper().replace('.', '_')}" in command for hole in holes)
                    assert not holes or advised.effort is None
