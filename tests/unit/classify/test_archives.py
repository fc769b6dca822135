import gzip
import os
import struct
import tarfile
import zipfile
from collections.abc import Callable

import pytest
from archive_samples import LOG, Files, links, nested_bomb, overlapping, streamed_zip, tarred, zipped, zst
from hypothesis import given, settings
from hypothesis import strategies as st

from faultmaven_events.consumers.classify.archives.label import shortened
from faultmaven_events.consumers.classify.archives.limits import Limits
from faultmaven_events.consumers.classify.archives.member import Damaged, Spent
from faultmaven_events.consumers.classify.archives.walk import Walk, form_of
from faultmaven_events.schemas import manifest
from faultmaven_events.schemas.manifest import Line

LIMITS = Limits(total=20_000_000, nested=10_000_000)
FILES = (("app.log", LOG), ("conf/app.yaml", b"port: 80\n"))
PACKERS: dict[str, Callable[[Files], bytes]] = {
    "zip": zipped,
    "zip, stored": lambda files: zipped(files, zipfile.ZIP_STORED),
    "zip, bzip2": lambda files: zipped(files, zipfile.ZIP_BZIP2),
    "zip, lzma": lambda files: zipped(files, zipfile.ZIP_LZMA),
    "zip from a pipe": streamed_zip,
    "tar": tarred,
    "tar, GNU": lambda files: tarred(files, layout=tarfile.GNU_FORMAT),
    "tar, ustar": lambda files: tarred(files, layout=tarfile.USTAR_FORMAT),
    "tar.gz": lambda files: tarred(files, "w:gz"),
    "tar.bz2": lambda files: tarred(files, "w:bz2"),
    "tar.xz": lambda files: tarred(files, "w:xz"),
    "tar.zst": lambda files: zst(tarred(files)),
    "zip.gz": lambda files: gzip.compress(zipped(files)),
}


def walk(data: bytes, limits: Limits = LIMITS) -> tuple[dict[str, bytes], list[Line]]:
    """What is taken out of an archive, by label, and its lines."""
    found: dict[str, bytes] = {}
    way = Walk(limits)
    for file in way.files(data, form_of(data[:1024]) or ""):
        try:
            found[file.label] = b"".join(file.pieces)
        except (Damaged, Spent):
            continue
    return found, way.lines


def why(lines: list[Line]) -> dict[str, str]:
    return {line.label: line.why for line in lines if line.outcome != "taken"}


@pytest.mark.parametrize("pack", PACKERS.values(), ids=list(PACKERS))
def test_files_come_out_as_they_went_in(pack: Callable[[Files], bytes]) -> None:
    found, lines = walk(pack(FILES))
    assert found == dict(FILES)
    assert [(line.outcome, line.size, line.label) for line in lines] == [("taken", len(data), name) for name, data in FILES]


@pytest.mark.parametrize("layout", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_a_tar_may_have_long_names(layout: int) -> None:
    name = "/".join(["some-folder"] * 20) + "/größe.log"
    assert list(walk(tarred([(name, LOG)], layout=layout))[0]) == [name]


def test_packed_files_in_an_archive_come_out_unpacked() -> None:
    found, _ = walk(zipped([("a.log.gz", gzip.compress(LOG)), ("b.log.zst", zst(LOG))]))
    assert found == {"a.log.gz": LOG, "b.log.zst": LOG}


def test_archives_in_archives_are_flattened_down_to_a_depth() -> None:
    inner = zipped([("b.log", LOG), ("deeper.tar", tarred([("c.log", LOG)]))])
    found, lines = walk(zipped([("host/logs.tar.gz", tarred([("a.log", LOG), ("in.zip", inner)], "w:gz"))]))
    assert list(found) == ["host/logs.tar.gz/a.log", "host/logs.tar.gz/in.zip/b.log"]
    assert why(lines) == {"host/logs.tar.gz/in.zip/deeper.tar": "an archive too deep inside of archives"}


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("../../etc/cron.d/evil", LOG, "out of the archive"),
        ("..\\evil.log", LOG, "out of the archive"),
        ("a\x1b[2Jb.log", LOG, "control characters"),
        ("fdp.\u202egol.log", LOG, "control characters"),
        ("__MACOSX/._app.log", b"x", "own notes"),
        (".DS_Store", b"x", "own notes"),
        ("long/" * 300 + "a.log", LOG, "too long"),
        ("empty.log", b"", "empty"),
        ("shot.png", b"\x89PNG\r\n\x1a\n" + bytes(50), "a picture"),
        ("core", os.urandom(5_000), "binary"),
        ("App.class", b"\xca\xfe\xba\xbe" + bytes(50), "a program"),
        ("old.7z", b"7z\xbc\xaf\x27\x1c" + bytes(50), "7z archives are not unpacked"),
        ("twice.gz", gzip.compress(gzip.compress(LOG)), "more than once"),
        ("broken.gz", gzip.compress(LOG)[:4], "end too early"),
    ],
)
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_what_is_not_taken_is_said_with_its_reason(pack: Callable[[Files], bytes], name: str, data: bytes, says: str) -> None:
    found, lines = walk(pack([(name, data), ("app.log", LOG)]))
    assert list(found) == ["app.log"]
    [skipped] = [line for line in lines if line.outcome == "skipped"]
    assert says in skipped.why
    assert not any(character in skipped.label for character in "\x1b\u202e\n")


def test_an_absolute_path_is_a_label_like_any_other() -> None:
    assert list(walk(tarred([("/var/log/app.log", LOG), ("C:\\logs\\b.log", LOG)]))[0]) == ["var/log/app.log", "logs/b.log"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_files_of_one_name_the_first_counts() -> None:
    found, lines = walk(zipped([("app.log", LOG), ("app.log", b"other\n")]))
    assert found == {"app.log": LOG}
    assert why(lines) == {"app.log": "a second file of that name"}


def test_links_and_devices_are_not_followed() -> None:
    found, lines = walk(links())
    assert found == {"a.log": LOG}
    assert why(lines) == {"passwd": "a link", "hard": "a link", "zero": "a device"}


def test_an_encrypted_member_is_left_and_the_others_are_read() -> None:
    data = bytearray(zipped([("secret.log", LOG), ("app.log", LOG)]))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    found, lines = walk(bytes(data))
    assert list(found) == ["app.log"]
    assert why(lines) == {"secret.log": "encrypted"}


def test_a_member_whose_checksum_is_wrong_is_left() -> None:
    data = bytearray(zipped([("a.log", LOG), ("b.log", LOG)], zipfile.ZIP_STORED))
    data[200] ^= 1
    found, lines = walk(bytes(data))
    assert list(found) == ["b.log"]
    assert "checksum" in why(lines)["a.log"]


def test_a_directory_that_lies_about_sizes_is_found_out() -> None:
    data = bytearray(zipped([("a.log", LOG), ("b.log", LOG)]))
    place = data.index(b"PK\x01\x02") + 24
    data[place : place + 4] = struct.pack("<I", 100)
    found, lines = walk(bytes(data))
    assert list(found) == ["b.log"]
    assert "checksum" in why(lines)["a.log"]


@pytest.mark.parametrize("name", ["zip", "zip, stored", "zip from a pipe", "tar", "tar, GNU", "tar.gz", "tar.zst"])
def test_of_an_archive_that_is_cut_off_what_came_before_is_kept(name: str) -> None:
    def noise() -> bytes:
        return b"".join(b"2026-03-01T10:00:00Z INFO %s\n" % os.urandom(30).hex().encode() for _ in range(3_000))

    first, second = noise(), noise()
    whole = PACKERS[name]([("first.log", first), ("second.log", second), ("third.log", noise())])
    found, lines = walk(whole[: len(whole) * 3 // 5])
    assert found["first.log"] == first
    assert second.startswith(found["second.log"])
    assert 0 < len(found["second.log"]) < len(second)
    assert [line.outcome for line in lines] == ["taken", "cut", "broken"]


def test_damage_in_the_middle_of_a_tar_is_said() -> None:
    data = bytearray(tarred([("a.log", LOG), ("b.log", LOG)]))
    place = data.index(b"b.log")
    data[place : place + 300] = os.urandom(300)
    found, lines = walk(bytes(data))
    assert list(found) == ["a.log"]
    assert "none" in why(lines)[manifest.WHOLE]


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "one member": (lambda: zipped([("a.log", b"0" * 15_000_000)]), "200 times"),
    "gzip": (lambda: gzip.compress(tarred([("a.log", b"0" * 15_000_000)])), "200 times"),
    "zstd": (lambda: zst(tarred([("a.log", b"0" * 15_000_000)])), "200 times"),
    "a packed member": (lambda: tarred([("a.log.gz", gzip.compress(b"0" * 15_000_000))]), "200 times"),
    "overlapping members": (lambda: overlapping(3_000), "lies over other members"),
    "nested zips": (lambda: nested_bomb(4, 5), "too deep"),
    "many empty members": (lambda: tarred((str(number), b"") for number in range(6_000)), "empty"),
    "a huge size": (lambda: tarred([("a.log", LOG)]).replace(b"%011o" % len(LOG), b"7" * 11), "checksum|none"),
}


@pytest.mark.parametrize(("bomb", "says"), BOMBS.values(), ids=list(BOMBS))
def test_a_bomb_gives_next_to_nothing_and_its_reason(bomb: Callable[[], bytes], says: str) -> None:
    found, lines = walk(bomb(), Limits(total=20_000_000, nested=10_000_000, entries=5_000))
    assert sum(map(len, found.values())) < 6_000_000
    assert any(word in line.why for line in lines for word in says.split("|"))
    assert len(lines) <= manifest.LISTED + 10


def test_the_total_is_shared_by_all_files() -> None:
    noise = os.urandom(400_000).hex().encode() + b"\n"
    found, lines = walk(tarred([(f"{number}.log", noise) for number in range(5)], "w:gz"), Limits(total=2_000_000, nested=10_000_000))
    assert list(found) == ["0.log", "1.log"]
    assert "more than 2,000,000 bytes" in why(lines)[manifest.WHOLE]


@pytest.mark.parametrize(
    ("limits", "says"),
    [(Limits(10**9, 10**9, files=3), "3 files were taken"), (Limits(10**9, 10**9, entries=3), "more than 3 members"),
     (Limits(10**9, 10**9, seconds=-1), "longer than")],
)  # fmt: skip
def test_beyond_a_limit_the_rest_is_left(limits: Limits, says: str) -> None:
    found, lines = walk(zipped([(f"{number}.log", LOG) for number in range(6)]), limits)
    assert len(found) <= 3
    assert says in why(lines)[manifest.WHOLE]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(PACKERS)), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8))
def test_no_damage_is_more_than_a_finding(pack: str, damage: list[tuple[int, int]]) -> None:
    data = bytearray(PACKERS[pack](FILES))
    for place, value in damage:
        data[place % len(data)] = value
    _, lines = walk(bytes(data))
    assert all(len(str(line)) < 3_000 for line in lines)


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_manifest_is_read_as_it_was_written(name: str, folder: str) -> None:
    _, lines = walk(tarred([(f"{folder}/{name}", LOG), ("app.log", LOG)]))
    assert [line for _, line in manifest.read(manifest.written(lines))] == lines


def test_a_long_name_keeps_its_end() -> None:
    name = shortened("bundle.zip/" + "very-long/" * 40 + "app.log")
    assert len(name) == 255
    assert name.startswith("bundle.zip/")
    assert name.endswith("/app.log")
