"""Mechanisms of reading that any system needs: queues for locks, years, resolvers, long lines, rollouts that nobody felt."""

from tests.unit.reason.faults import T, shop
from tests.unit.reason.scene import BEGIN, Scene, after, examine

from faultmaven_events.consumers.reason.offline.answers import answers_of
from faultmaven_events.consumers.reason.offline.clock import align
from faultmaven_events.consumers.reason.offline.locks import Chain, chain
from faultmaven_events.consumers.reason.offline.page import Page
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
