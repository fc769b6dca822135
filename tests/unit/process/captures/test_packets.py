# ruff: noqa: E501 - samples are written as the tools print them
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.process.readings import analysed, of_kind

from faultmaven_events.consumers.process.captures import analyse_capture
from faultmaven_events.schemas.insight import Fact, Insights


def read(text: str, format: str = "tcpdump") -> Insights:
    return analysed(analyse_capture, text, "dump.txt", "capture", format)


def found(insights: Insights) -> dict[object, Fact]:
    return {fact.attributes["finding"]: fact for fact in of_kind(insights, "network")}


REFUSED = "".join(
    f"10:00:0{n}.000001 IP 10.0.0.7.5000{n} > 10.0.0.9.5432: Flags [S], seq {n}, win 64240, options [mss 1460], length 0\n"
    f"10:00:0{n}.000101 IP 10.0.0.9.5432 > 10.0.0.7.5000{n}: Flags [R.], seq 0, ack 1, win 0, length 0\n"
    for n in range(3)
)
DATA = "10:00:0{n}.5 IP web.40000 > db.5432: Flags [P.], seq 1:1449, ack 1, win 501, length 1448\n"
SAMPLES = {
    "refused": (REFUSED, "10.0.0.9", 5432, 3),
    "no_answer": (
        "".join(f"10:00:0{n}.1 IP 10.0.0.7.40001 > 10.0.0.9.443: Flags [S], seq 7, win 64240, length 0\n" for n in (1, 2, 4, 8)),
        "10.0.0.9",
        443,
        1,
    ),
    "retransmission": ("".join(DATA.format(n=n) for n in range(5)), "db", 5432, 4),
    "zero_window": ("10:00:01.5 IP db.5432 > web.40000: Flags [.], ack 9, win 0, length 0\n" * 2, "web", 40000, 2),
    "reset": ("10:00:01.5 IP db.5432 > web.40000: Flags [R], seq 9, win 0, length 0\n", "web", 40000, 1),
    "unreachable": ("10:00:01.5 IP gw > web: ICMP host 10.0.0.9 unreachable - admin prohibited, length 68\n", "web", None, 1),
    "dns_failure": (
        "10:00:01.1 IP web.5353 > ns.53: 4711+ A? db.shop.internal. (34)\n10:00:01.2 IP ns.53 > web.5353: 4711 NXDomain 0/1/0 (99)\n",
        "db.shop.internal",
        None,
        1,
    ),
    "dns_silence": ("".join(f"10:00:0{n}.1 IP web.535{n} > ns.53: {n}+ A? db.shop.internal. (34)\n" for n in range(3)), "ns", 53, 3),
    "slow_handshake": (
        "10:00:01.0 IP a.1 > b.80: Flags [S], seq 1, win 1, length 0\n10:00:03.0 IP b.80 > a.1: Flags [S.], seq 5, ack 2, win 1, length 0\n",
        "b",
        80,
        1,
    ),
}


@pytest.mark.parametrize("finding", SAMPLES)
def test_what_goes_wrong_is_found_in_tcpdumps_lines(finding: str) -> None:
    text, target, port, count = SAMPLES[finding]
    fact = found(read(text))[finding]
    assert (fact.attributes["target"], fact.attributes["port"], fact.count) == (target, port, count)


SHARK = {
    "retransmission": "    {n} 0.{n}00000 10.0.0.7 → 10.0.0.9 TCP 1514 [TCP Retransmission] 40000 → 443 [PSH, ACK] Seq=1 Ack=1 Win=501 Len=1448\n",
    "tls_alert": "    {n} 0.{n}00000 10.0.0.9 → 10.0.0.7 TLSv1.2 73 Alert (Level: Fatal, Description: Handshake Failure)\n",
    "zero_window": "    {n} 0.{n}00000 10.0.0.9 → 10.0.0.7 TCP 66 [TCP ZeroWindow] 443 → 40000 [ACK] Seq=1 Ack=9 Win=0 Len=0\n",
}


@pytest.mark.parametrize("finding", SHARK)
def test_what_goes_wrong_is_found_in_tsharks_lines(finding: str) -> None:
    assert found(read("".join(SHARK[finding].format(n=n) for n in range(4)), "tshark"))[finding].count == 4


def test_an_answered_connection_is_no_finding() -> None:
    text = "10:00:01.0 IP a.1 > b.80: Flags [S], seq 1, win 1, length 0\n10:00:01.01 IP b.80 > a.1: Flags [S.], seq 5, ack 2, win 1, length 0\n10:00:09.0 IP a.1 > b.80: Flags [F.], seq 2, ack 9, win 1, length 0\n"
    assert not of_kind(read(text), "network")


def test_dated_packets_date_the_file_and_the_rest_is_named_as_not_read() -> None:
    insights = read(
        "2026-01-01 10:00:01.000000 IP a.1 > b.80: Flags [S], seq 1, win 1, length 0\n2026-01-01 10:00:09.000000 IP a.1 > b.80: Flags [S], seq 1, win 1, length 0\n"
    )
    assert insights.start is not None
    assert insights.start.isoformat() == "2026-01-01T10:00:01+00:00"
    assert "2 packets" in insights.truncated[0]


def test_a_capture_of_nothing_known_is_named_as_not_analysed() -> None:
    assert "not analysed" in read("10:00:00.000001 STP 802.1d, Config, Flags [none]\n").truncated[0]


LINES = st.sampled_from(
    [
        *(line for text, *_ in SAMPLES.values() for line in text.split("\n")),
        *SHARK.values(),
        "x > y: Flags [",
        "> : ",
        "9999-99-99 99:99:99.9 a > b: c",
        "\x00",
        "A" * 5000,
    ]
)


@settings(max_examples=40, deadline=None)
@given(lines=st.lists(LINES | st.text(max_size=30), max_size=30))
def test_any_lines_give_an_answer(lines: list[str]) -> None:
    read("\n".join(lines))
