"""Healthy, undecided, and what must not be said."""

import random
from uuid import uuid5

import pytest
from tests.unit.reason.faults import FAULTS, shop
from tests.unit.reason.scene import HURT, QUIET, SPACE, Scene, after, context, iso, judged

from faultmaven_events.consumers.reason.offline.confidence import LEAST, contributions, weights
from faultmaven_events.consumers.reason.offline.reasoner import reason
from faultmaven_events.consumers.reason.offline.typed import typed
from faultmaven_events.reports.markdown import markdown
from faultmaven_events.schemas.insight import MergedInsights
from faultmaven_events.schemas.knowledge import SearchResult
from faultmaven_events.schemas.question import Missing

DNS = "a DNS record was removed in a cleanup"


def test_the_same_evidence_gives_the_same_bytes_in_any_order() -> None:
    scene = FAULTS[DNS][0]()
    prepared = scene.insights()
    first = judged(scene.question, prepared).model_dump_json()
    random.Random(3).shuffle(prepared)  # an order
    assert judged(scene.question, prepared).model_dump_json() == first


def test_errors_at_their_usual_rate_are_no_incident() -> None:
    scene = shop("There are errors in the logs. Is something wrong?").http()
    scene.app("mailer", "error", "relay deferred", range(0, QUIET + HURT, 5), relay="smtp02")
    report = scene.report()
    assert report.verdict == "healthy"
    assert report.hypotheses[0].component == "none"
    assert "healthy" in report.hypotheses[0].statement
    assert report.root_cause is None
    assert not report.recommendations


def test_a_scanner_is_not_an_outage() -> None:
    scene = shop("We got an alert about the error rate. Is the shop down?").http()
    for n in range(QUIET, QUIET + 60):
        for path in ("/.env", "/wp-login.php", "/phpmyadmin/", f"/old/{n}"):
            stamp = f"04/Mar/2026:10:0{n // 60}:{n % 60:02d} +0000"
            scene.add(
                "nginx-access.log",
                n + 0.5,
                f'198.51.100.77 - - [{stamp}] "GET {path} HTTP/1.1" 404 19 "-" "zgrab/0.x" rt=0.001 uct="-" urt="-" ua="-"',
            )
    report = scene.report()
    assert report.verdict == "healthy"
    assert "scanner" in report.hypotheses[0].statement


def test_a_deployment_without_harm_is_no_incident() -> None:
    scene = shop("We deployed at 10:01. Is everything fine?").http()
    scene.change("deploy.log", QUIET, "deploybot: shop-api 3.1.0 -> 3.2.0 rollout finished")
    assert scene.report().verdict == "healthy"


def test_failing_answers_without_a_reason_are_not_explained_away() -> None:
    report = Scene(question="Half of the pages fail.").http(failing=0.5).report()
    assert report.verdict not in {"confirmed", "healthy"}
    assert report.missing_evidence


def test_nothing_at_all_is_insufficient() -> None:
    report = reason(MergedInsights(question="What is wrong?"), SearchResult(model="none"), context([]))
    assert report.verdict == "insufficient_evidence"
    assert report.hypotheses == ()
    assert markdown(report).startswith("# The evidence does not show")


def test_a_change_after_the_onset_is_not_the_cause() -> None:
    scene = shop("Pages fail.").http(failing=0.6)
    scene.app("shop-api", "error", "unhandled error", after(QUIET), err="KeyError: 'sku'")
    scene.change("deploy.log", QUIET + 60, "deploybot: shop-api 3.1.0 -> 3.2.0 rollout finished (hotfix)")
    report = scene.report()
    assert all(h.onset is None or (h.onset.timestamp() < QUIET + 60 + 1772618400) for h in report.hypotheses[:1])
    assert report.trigger is None
    assert any("after the first sign" in note for note in report.limitations)


def test_an_old_error_does_not_explain_a_new_fault() -> None:
    scene = FAULTS[DNS][0]()
    scene.app(
        "shop-api",
        "error",
        "cache read failed",
        range(0, QUIET + HURT, 1),
        err="redis.exceptions.ConnectionError: Error 111 connecting to cache01:6379. Connection refused.",
    )
    top = scene.report().hypotheses[0]
    assert "redis" not in top.component
    assert "stock01" in top.statement


def test_local_time_of_one_file_is_moved_to_the_others() -> None:
    scene = FAULTS["uploads are refused for their size"][0]()
    lines = [(s, line.replace("2026/03/04 10:", "2026/03/04 11:")) for s, line in scene.files["nginx-error.log"]]
    scene.files["nginx-error.log"] = lines
    report = scene.report()
    assert "413" in report.hypotheses[0].statement
    assert all(m.at.hour == 10 for m in report.timeline)


def test_the_report_says_why_the_others_are_not_it() -> None:
    report = FAULTS["the connection limit of the database was lowered"][0]().report()
    assert len(report.hypotheses) >= 2
    assert report.hypotheses[0].why_not is None
    assert all(h.why_not for h in report.hypotheses[1:])


def test_confidence_comes_with_its_basis() -> None:
    confidence = FAULTS[DNS][0]().report().confidence
    assert confidence.independent_evidence >= 2
    assert "independent files" in confidence.basis
    assert 0 < confidence.coverage <= 1


@pytest.mark.parametrize(
    "files",
    [
        {"app.log": ""},
        {"app.log": "started\n"},
        {"app.conf": "[server]\nport = 8080\nworkers = 4\n"},
        {"core.bin": "\x00\x7fELF\x02" * 300},
        {"notes.md": "# Lunch\n\nPizza on Friday, soup on Monday.\n"},
    ],
)
def test_what_says_nothing_is_insufficient(files: dict[str, str]) -> None:
    scene = Scene()
    for name, text in files.items():
        scene.text(name, text)
    report = scene.report()
    assert report.verdict == "insufficient_evidence"
    assert report.root_cause is None
    assert report.missing_evidence


def test_one_error_line_is_no_proof() -> None:
    scene = Scene().text("app.log", f"{iso(3)} ERROR [shop] connection to 10.0.0.5:5432 refused\n")
    report = scene.report()
    assert report.verdict in {"inconclusive", "insufficient_evidence"}
    assert report.confidence.score < 0.45


def test_logs_of_good_work_alone_do_not_make_a_service_healthy() -> None:
    report = Scene("Is the shop down?").serving().report()
    assert report.verdict == "insufficient_evidence"
    assert any("client's view" in gap.what for gap in report.missing_evidence)


def test_an_access_log_is_as_good_as_a_clients_view() -> None:
    scene = shop("Is the shop down?").http()
    del scene.texts["clients_http.csv"]
    assert scene.report().verdict == "healthy"


def test_a_flat_series_from_inside_says_nothing_of_clients() -> None:
    scene = Scene("Is the shop down?").serving()
    scene.metric("pg_stat.csv", {"deadlocks": lambda s: 0, "evicted_keys": lambda s: 3})
    assert scene.report().verdict != "healthy"


def test_a_client_view_alone_is_believed_less_than_one_with_the_works_beside_it() -> None:
    alone = Scene("Is the shop down?").http()
    del alone.files["nginx-access.log"]
    beside = shop("Is the shop down?").http()
    assert alone.report().confidence.score < beside.report().confidence.score


def test_without_the_files_that_show_the_cause_nothing_is_confirmed() -> None:
    for name, (build, _) in FAULTS.items():
        scene = build()
        kept = {file: lines for file, lines in scene.files.items() if file == "nginx-access.log"}
        scene.files, scene.texts = kept, {k: v for k, v in scene.texts.items() if k == "clients_http.csv"}
        if scene.files or scene.texts:
            assert scene.report().verdict != "confirmed", name


def test_the_score_never_falls_with_what_speaks_for_the_answer() -> None:
    known = weights()
    assert all(weight >= max(known.floors.get(name, 0.0), 0.0) for name, weight in known.weights.items())
    assert set(known.words) == set(known.weights)
    base = dict.fromkeys(known.weights, 0.5)
    for name in base:
        assert known.score({**base, name: 1.0}) >= known.score(base) >= known.score({**base, name: 0.0})
    assert (
        LEAST
        <= known.score(dict.fromkeys(base, 0.0))
        < known.gates["likely"]
        < known.gates["confirmed"]
        <= known.score(dict.fromkeys(base, 1.0))
    )


def test_the_basis_names_what_speaks_for_it_and_what_it_lacks() -> None:
    sure = FAULTS[DNS][0]().report().confidence
    assert ". For it: " in sure.basis
    assert sure.calibration is not None
    assert contributions(dict.fromkeys(weights().weights, 0.0)).startswith(". It lacks: ")
    assert "It lacks" not in contributions(dict.fromkeys(weights().weights, 1.0))


def test_what_failed_to_be_read_is_missed_first_then_what_tells_the_first_two_apart() -> None:
    scene = FAULTS[DNS][0]()
    prepared = scene.insights()
    lost = Missing(job_id=uuid5(SPACE, "lost"), name="db.log", reason="it is encrypted")
    merged = MergedInsights(question=scene.question, files=tuple(i for i, _ in prepared))
    report = reason(merged, SearchResult(model="none"), context(prepared, missing=(lost,)))
    assert report.missing_evidence[0].what.startswith("db.log")
    assert report.missing_evidence[1].how
    assert any(" tells '" in gap.why for gap in report.missing_evidence)


def test_a_value_that_a_shell_would_run_is_not_put_into_a_command() -> None:
    known = typed({"component": "db01 (host-7)", "slot": "a'); drop table x; --", "address": "10.0.0.5:5432", "host": "-rf"})
    assert known == {"component": "db01", "slot": "THE_SLOT", "address": "10.0.0.5:5432", "host": "THE_HOST"}
