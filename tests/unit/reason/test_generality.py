"""Mechanisms of reading that any system needs: queues for locks, years, resolvers, long lines, rollouts that nobody felt."""

from datetime import timedelta

import pytest
from tests.unit.reason.faults import T, shop
from tests.unit.reason.scene import BEGIN, Scene, after, examine, jump

from faultmaven_events.consumers.reason.offline.answers import answers_of
from faultmaven_events.consumers.reason.offline.aspect import narrowed
from faultmaven_events.consumers.reason.offline.clock import align, stepped
from faultmaven_events.consumers.reason.offline.graph import build
from faultmaven_events.consumers.reason.offline.locks import Chain, chain
from faultmaven_events.consumers.reason.offline.page import Page
from faultmaven_events.consumers.reason.offline.phrases import message
from faultmaven_events.consumers.reason.offline.quiet import quiet
from faultmaven_events.consumers.reason.offline.ruleset import rules
from faultmaven_events.consumers.reason.offline.stamp import stamp
from faultmaven_events.consumers.reason.offline.trend import move
from hanging import must_end

_SESSIONS = (
    "$ date -u\n2026-03-04T10:02:00Z\n"
    " pid | usename | application_name | state | blocked_by | xact | query\n"
    "-----+---------+------------------+-------+------------+------+------\n"
    " 11 | ines | psql | idle in transaction | {} | 00:01:10 | delete from parcels where depot = 'N'\n"
    " 12 | depot | depot-api | active | {11} | 00:01:05 | update parcels set state = 'out'\n"
    " 13 | depot | depot-api | active | {12} | 00:01:00 | update parcels set state = 'in'\n"
)


def page(name: str, text: str) -> Page:
    return Page(examine(name, text), text)


def lock(text: str) -> Chain:
    found = chain([page("sessions.txt", text)])
    assert found is not None
    return found


def test_the_head_of_the_queue_waits_for_nobody() -> None:
    found = lock(_SESSIONS)
    assert (found.head.pid, found.head.name, found.head.client) == ("11", "ines", "psql")
    assert [s.pid for s in found.waiting] == ["12", "13"]
    assert found.table == "parcels"


def test_a_transaction_began_its_age_before_the_listing() -> None:
    assert lock(_SESSIONS).head.since == BEGIN.timestamp() + 50


def test_sessions_that_block_each_other_have_no_head() -> None:
    circle = _SESSIONS.replace("{}", "{13}")
    assert chain([page("sessions.txt", circle)]) is None


def test_a_name_that_leads_elsewhere_is_told_with_the_owner_of_the_address() -> None:
    lines = [f"Mar  4 10:00:{n:02d} dnsmasq[9]: /etc/lab.hosts rates.lab is {'10.9.0.4' if n < 30 else '10.9.0.7'}" for n in range(10, 50)]
    lines.insert(0, "Mar  4 10:00:09 dnsmasq[9]: query[A] mail.lab from 10.9.0.1")
    lines.insert(1, "Mar  4 10:00:09 dnsmasq[9]: /etc/lab.hosts mail.lab is 10.9.0.7")
    (found,) = answers_of(page("dnsmasq.log", "\n".join(lines)))
    assert (found.name, found.old, found.new, found.owner, found.line) == ("rates.lab", "10.9.0.4", "10.9.0.7", "mail.lab", 23)


def test_a_name_with_two_addresses_in_turn_is_no_change() -> None:
    lines = ["query[A] rates.lab"] + [f"dnsmasq[9]: reply rates.lab is 10.9.0.{n % 2}" for n in range(20)]
    assert list(answers_of(page("dnsmasq.log", "\n".join(lines)))) == []


def test_a_very_long_line_does_not_hang_and_is_cited_whole() -> None:
    long = f"ts=2026-03-04T10:00:00.000Z level=error svc=a body={'x' * 200_000}"
    scene = shop().http(failing=0.5).add("shop-api.log", T, long)
    with must_end():
        report = scene.report()
    assert all(e.integrity == "verified" for e in report.evidence)


def _rollout() -> Scene:
    s = shop("Many red lines since the rollout. Roll back?").http()
    s.change("deploy.log", T, "deploybot: shop-api 3.1.0 -> 3.1.1 rolling update: drain, stop, start")
    head = "Mar  4 10:01:0{} lb01 haproxy[9]: Server shop/app-1 is "
    s.add("haproxy.log", T + 1, head.format(1) + 'DOWN, reason: Layer7 wrong status, code: 503, info: "draining", check duration: 0ms.')
    s.add("haproxy.log", T + 6, head.format(6) + "UP, reason: Layer7 check passed, code: 200, check duration: 1ms.")
    for n in range(0, 160, 3):
        s.add(
            "haproxy.log", n, f"Mar  4 10:0{n // 60}:{n % 60:02d} lb01 haproxy[9]: www shop/app-2 0/0/0/3/3 200 142 - - ---- 1/1/0/0/0 0/0"
        )
    return s


def test_a_rollout_that_nobody_felt_and_that_is_over_is_no_incident() -> None:
    assert _rollout().report().verdict == "healthy"


def test_times_without_a_year_lie_beside_those_that_have_one() -> None:
    later = BEGIN.replace(year=2029)
    text = "\n".join(f"Mar  4 10:00:{n:02d} lb01 haproxy[9]: backend shop has no server available!" for n in range(0, 60, 2))
    scene = shop().http(failing=0.9)
    prepared = [*scene.insights(), (examine("haproxy.log", text), text)]
    moved = prepared[-1][0].model_copy(update={"start": later.replace(year=2025), "end": later.replace(year=2025, minute=0, second=58)})

    assert align([*(i for i, _ in prepared[:-1]), moved])["haproxy.log"].shift.days == 365


def test_a_release_that_is_only_ready_is_not_the_cause() -> None:
    s = shop("Checkout fails.").http(failing=0.5)
    s.change("deploy.log", T - 2, "deploybot: pay 7.2.1 is ready in staging, production rollout not started")
    s.change("deploy.log", T, "deploybot: shop-api 3.1.0 -> 3.2.0 rollout finished")
    s.app("shop-api", "error", "unhandled error", after(T), err="KeyError: 'basket'")
    assert s.report().hypotheses[0].component == "shop-api"


def test_a_release_of_texts_that_restarts_nothing_is_not_the_cause() -> None:
    s = shop("Pages are slow.").http(slow_ms=900)
    s.change("deploy.log", T - 3, "deploybot: shop-api 3.1.0 -> 3.1.1 finished (templates only, not restarted)")
    assert s.report().trigger is None


def test_a_command_as_it_was_typed_is_no_sign() -> None:
    s = shop("Is anything wrong?").http()
    s.text("look.txt", "$ grep -c 'No space left on device' /var/log/syslog\n0\n$ kubectl get events | grep -i evicted\n")
    assert s.report().verdict == "healthy"


def test_what_a_load_balancer_found_is_not_what_somebody_did() -> None:
    assert not any("DOWN" in m.text for m in _rollout().report().timeline if m.kind == "change")


def test_a_step_of_a_clock_is_put_back_from_its_line_on() -> None:
    before = [(n, BEGIN + timedelta(seconds=n)) for n in range(1, 40)]
    late = [(n, BEGIN + timedelta(seconds=n - 120)) for n in range(40, 80)]
    assert stepped([*before, *late], -119) == (40, timedelta(seconds=119))


def test_a_pause_is_no_step_of_a_clock() -> None:
    pause = [(n, BEGIN + timedelta(seconds=n if n < 20 else n + 30)) for n in range(1, 60)]
    assert stepped(pause, 0.0) is None
    assert stepped(pause, 200.0) is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("/u { a_size 24m; b 1; }", "/u { b 1; }", ("location a_size", "24m", None)),
        ("/u { a_time 60s; b 1; }", "/u { a_time 1s; b 1; }", ("location a_time", "60s", "1s")),
        ("/u { a 1; b 2; }", "/u { a 2; b 3; }", ("location", "/u { a 1; b 2; }", "/u { a 2; b 3; }")),
        ("24m", "1m", ("location", "24m", "1m")),
    ],
)
def test_of_a_block_on_one_line_the_directive_that_changed_is_told(old: str, new: str, told: tuple[str, str, str | None]) -> None:
    assert narrowed("location", old, new) == told


def test_a_single_spike_before_a_step_is_not_its_beginning() -> None:
    values = [5.0] * 60 + [29.0] * 40
    values[54] = 24.0
    found = move([(BEGIN + timedelta(seconds=n), v) for n, v in enumerate(values)], 3)
    assert found == (60, "up")


def test_a_host_is_told_beside_the_one_component_that_runs_there() -> None:
    scene = shop().change("deploy.log", 5, "deploybot: catalog 1.0.1 -> 1.0.2 on cat07 finished").app("catalog", "info", "up", [1])
    scene.app("mailer", "info", "up", [2]).change("deploy.log", 6, "deploybot: mailer 2.0.1 on box09, shop-api 3.1.1 on box09")
    prepared = scene.insights()
    graph, _ = build([i for i, _ in prepared], {i.file: Page(i, text) for i, text in prepared}, rules().software)
    assert graph.label("catalog") == "catalog (cat07)"
    assert graph.label("mailer") == "mailer"


def test_a_request_is_told_without_its_query() -> None:
    line = '203.0.113.9 - - [04/Mar/2026:10:00:01 +0000] "POST /upload?u=a HTTP/1.1" 413 176 "-" "Shop" rt=0.001'
    assert message(line) == "POST /upload answered 413"
    proxied = "Mar  4 10:00:01 lb01 haproxy[9]: 203.0.113.9:9 [04/Mar/2026:10:00:01.1] www shop/<NOSRV> 0/9/-1/-1/9 503 217 - - "
    proxied += 'sQ-- 9/9/8/0/0 0/9 "GET /p HTTP/1.1"'
    assert message(proxied) == "GET /p to shop/<NOSRV> answered 503, termination sQ--"


def test_a_few_slow_answers_that_clients_did_not_measure_are_no_impact() -> None:
    s = shop("Are customers affected?").http()
    for n in range(T, T + 3):
        stamp = f"04/Mar/2026:10:01:{n - 60:02d} +0000"
        for _ in range(2):
            s.add(
                "nginx-access.log",
                n + 0.9,
                f'203.0.113.9 - - [{stamp}] "GET /api/orders HTTP/1.1" 200 53 "-" "Shop/1.9" rt=3.000 urt="3.000"',
            )
    s.metric("spare.csv", {"free_slots": jump(T, 4, 4)})
    assert s.report().verdict == "healthy"


@pytest.mark.parametrize(
    "line",
    [
        "04.03.2026 10:00:07,250 | ERROR | hooks | rejected",
        "E0304 10:00:07.250000      17 main.go:3] rejected",
        "[Wed Mar 04 10:00:07.250 2026] [error] rejected",
        "Wed Mar  4 10:00:07 UTC 2026",
    ],
)
def test_times_are_read_as_other_countries_and_programs_write_them(line: str) -> None:
    found = stamp(line, year=2026)
    assert found is not None
    assert found.replace(microsecond=0) == BEGIN + timedelta(seconds=7)


def _lines(seconds: range) -> str:
    return "\n".join(f"{(BEGIN + timedelta(seconds=n)).isoformat()} INFO worker: done {n}" for n in seconds)


def test_a_busy_log_that_ends_early_went_quiet() -> None:
    found = quiet([page("worker.log", _lines(range(60)))], lambda _: "worker", BEGIN.timestamp() + 120)
    assert [s.times[0] - BEGIN.timestamp() for s in found["went_quiet"]] == [59]


def test_a_log_with_rare_lines_did_not_go_quiet() -> None:
    rare = page("worker.log", _lines(range(0, 600, 20)))
    assert quiet([rare], lambda _: "worker", BEGIN.timestamp() + 620) == {}


def test_a_foreign_host_is_known_by_its_own_name_even_where_only_its_address_is_logged() -> None:
    scene = shop().add("checkout.log", 1, f'ts={BEGIN.isoformat()} msg=start addressCheck="http://addr.partner.example:8443"')
    prepared = scene.insights()
    graph, _ = build([i for i, _ in prepared], {i.file: Page(i, text) for i, text in prepared}, rules().software)
    assert graph.behind("192.0.2.55:8443") == "addr.partner.example"
    assert graph.behind("192.0.2.55:9999") is None
