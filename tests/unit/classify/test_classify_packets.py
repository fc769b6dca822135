import gzip
import struct
from uuid import UUID

import packet_samples as made
import pytest
from classify_room import TENANT, Room
from hypothesis import given
from hypothesis import strategies as st

from faultmaven_events.consumers.classify.packets.listing import MOST_LISTED, NOTE, Listing
from faultmaven_events.consumers.process.captures import analyse_capture
from faultmaven_events.schemas.evidence import Classification, Submitted


def listed(data: bytes, form: str = "pcap", step: int = 1 << 18) -> list[str]:
    listing = Listing(form)
    text = b"".join(listing.feed(data[at : at + step]) for at in range(0, len(data), step)) + listing.finish()
    return text.decode().splitlines()


def packets(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith(NOTE)]


EXPECTED = [
    "2024-05-02 10:00:00.000005 IP 10.0.0.7.50000 > 10.0.0.9.5432: Flags [S], seq 1, win 64240, length 0",
    "2024-05-02 10:00:01.000005 IP 10.0.0.9.5432 > 10.0.0.7.50000: Flags [R.], seq 1, ack 1, win 0, length 0",
    "2024-05-02 10:00:02.000005 IP 10.0.0.7.5353 > 10.0.0.53.53: 4711+ A? db.shop.internal. (34)",
    "2024-05-02 10:00:03.000005 IP 10.0.0.53.53 > 10.0.0.7.5353: 4711 NXDomain q: A? db.shop.internal. 0/0/0 (34)",
    "2024-05-02 10:00:04.000005 IP 10.0.0.1 > 10.0.0.7: ICMP host 10.0.0.9 unreachable - admin prohibited filter, length 36",
    "2024-05-02 10:00:05.000005 IP 10.0.0.7.50001 > 10.0.0.9.5432: Flags [P.], seq 7:23, ack 1, win 64240, length 16",
]
VLAN = struct.pack("!HH", 0x8100, 7)
FILES = {
    "ethernet": (made.pcap([made.ethernet(one) for one in made.ALL]), "pcap"),
    "big endian": (made.pcap([made.ethernet(one) for one in made.ALL], order=">"), "pcap"),
    "tagged twice": (made.pcap([made.ethernet(one, tags=VLAN * 2) for one in made.ALL]), "pcap"),
    "cooked": (made.pcap([bytes(14) + b"\x08\x00" + one for one in made.ALL], 113), "pcap"),
    "cooked 2": (made.pcap([b"\x08\x00" + bytes(18) + one for one in made.ALL], 276), "pcap"),
    "raw": (made.pcap(made.ALL, 101), "pcap"),
    "loopback": (made.pcap([struct.pack("<I", 2) + one for one in made.ALL], 0), "pcap"),
    "pcapng": (made.pcapng([made.ethernet(one) for one in made.ALL]), "pcapng"),
    "pcapng big endian": (made.pcapng(made.ALL, 101, ">"), "pcapng"),
    "pcapng with other blocks": (made.pcapng(made.ALL, 101, more=made.block(10, b"a secret key" * 9000)), "pcapng"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("step", [1 << 18, 7])
def test_the_same_packets_are_the_same_lines_in_any_file(name: str, step: int) -> None:
    data, form = FILES[name]
    assert packets(listed(data, form, step)) == EXPECTED


def test_what_packets_carry_is_nowhere() -> None:
    for data, form in FILES.values():
        text = "\n".join(listed(data, form))
        assert made.SECRET.decode() not in text
        assert "hunter2" not in text
        assert "secret key" not in text


def test_version_six_is_read_behind_its_extensions() -> None:
    hops = struct.pack("!BBHI", 6, 0, 0, 0)
    one = made.ip6("fe80::1", "fe80::2", 0, hops + made.tcp(1, 443, made.SYN))
    (line,) = packets(listed(made.pcap([made.ethernet(one, 0x86DD)])))
    assert line.endswith("IP6 fe80::1.1 > fe80::2.443: Flags [S], seq 1, win 64240, length 0")


def test_nanoseconds_are_told_from_microseconds() -> None:
    (line,) = packets(listed(made.pcap([made.ATTEMPT], 101, nano=True)))
    assert line.startswith("2024-05-02 10:00:00.000000 IP")


def test_a_link_type_that_is_not_known_is_counted_with_its_times() -> None:
    lines = listed(made.pcap([b"abc"] * 3, 105))
    assert packets(lines) == []
    assert "3 packets of a pcap file, 2024-05-02 10:00:00 to 2024-05-02 10:00:02 UTC" in lines[0]
    assert "3 packets of link type 105 are not analysed" in lines[1]


@pytest.mark.parametrize("name", ["ethernet", "pcapng"])
def test_a_file_that_breaks_off_is_read_until_there(name: str) -> None:
    data, form = FILES[name]
    for cut in range(0, len(data), 5):
        lines = listed(data[:cut], form)
        assert packets(lines) == EXPECTED[: len(packets(lines))]
    assert "breaks off within a packet" in listed(data[:-3], form)[-1]


def test_a_block_of_gigabytes_that_is_passed_over_costs_nothing() -> None:
    lines = listed(made.pcapng(made.ALL, 101) + struct.pack("<II", 4, 0xFFFFFFFC) + bytes(1000), "pcapng")
    assert packets(lines) == EXPECTED
    assert "breaks off" in lines[-1]


@pytest.mark.parametrize("length", [0xFFFFFFFF, 0x7FFFFFFF, 2 << 20])
def test_a_length_that_cannot_be_true_ends_the_reading(length: int) -> None:
    lines = listed(made.pcap([made.ATTEMPT], 101) + struct.pack("<IIII", 1, 1, length, length) + bytes(100))
    assert len(packets(lines)) == 1
    assert "damaged after 1 packets: a packet's length cannot be true" in lines[-1]


def test_packets_of_no_bytes_are_lines_too() -> None:
    assert packets(listed(made.pcap([b"", b"\x45"], 101))) == [
        "2024-05-02 10:00:00.000005 [cut off], length 0",
        "2024-05-02 10:00:01.000005 [cut off], length 1",
    ]


def test_of_many_packets_the_telling_ones_are_kept() -> None:
    data = made.pcap([made.DATA] * 1000, 101)
    head, body = data[:24], data[24:]
    listing = Listing("pcap")
    listing.feed(head)
    for _ in range(MOST_LISTED // 1000 + 2):
        listing.feed(body)
    text = listing.feed(made.pcap([made.ATTEMPT], 101)[24:])
    assert b"Flags [S]" in text
    assert b"2,000 packets are left out" in listing.finish()


@given(data=st.binary(max_size=400), form=st.sampled_from(["pcap", "pcapng"]), link=st.sampled_from([0, 1, 101, 113, 276]))
def test_any_bytes_are_read(data: bytes, form: str, link: int) -> None:
    listed(data, form)
    whole = made.pcap([data], link) if form == "pcap" else made.pcapng([data], link)
    assert len(packets(listed(whole, form))) == 1
    listed(whole + data, form)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=8))
def test_damaged_bytes_anywhere_are_survived(changes: list[tuple[int, int]]) -> None:
    for data, form in (FILES["ethernet"], FILES["pcapng"]):
        broken = bytearray(data)
        for at, byte in changes:
            broken[at] = byte
        assert listed(bytes(broken), form)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
async def test_the_stage_gives_text_that_the_analyser_understands(room: Room, pack: type[bytes]) -> None:
    content = await room.store(pack(FILES["ethernet"][0]))
    out = await room.run(Submitted(name="shop.pcap", content=content))
    assert (out.data.classification.type, out.data.classification.format) == ("capture", "tcpdump")
    assert content.key not in room.raw()
    text = (await room.blobs.read(TENANT, out.data.content)).decode()
    found = Classification(type="capture", format="tcpdump", confidence=1.0, reason="by the stage")
    insights = analyse_capture(text, evidence_id=UUID(int=1), name="shop.pcap", classification=found)
    assert {fact.attributes["finding"] for fact in insights.facts} == {"refused", "dns_failure", "unreachable"}
    assert insights.start is not None
    assert f"{insights.start:%Y-%m-%d %H:%M:%S}" == "2024-05-02 10:00:00"


def test_a_capture_that_is_not_read_says_so_as_a_fact() -> None:
    text = "\n".join(listed(made.pcap([b"abc"] * 3, 105))) + "\n"
    found = Classification(type="capture", format="tcpdump", confidence=1.0, reason="by the stage")
    insights = analyse_capture(text, evidence_id=UUID(int=1), name="air.pcap", classification=found)
    assert [fact.kind for fact in insights.facts] == ["not_analysed"] * 2
    assert any("link type 105" in said for said in insights.truncated)
