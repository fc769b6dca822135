"""A log is streamed: what the analysis needs does not grow with the file."""

import base64
import hashlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from log_reading import JOB, LOG, insights

from faultmaven_events.consumers.process.analyse import analyse
from faultmaven_events.consumers.process.consumer import analysed, time_for
from faultmaven_events.consumers.process.lines import LINE_LIMIT, LongLine, Timed, beginning, lines_of
from faultmaven_events.consumers.process.twin import twin_of
from faultmaven_events.errors import MissingContent
from faultmaven_events.infra.blobs import open_blobs
from faultmaven_events.infra.pool import open_pool
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.insight import Insights
from faultmaven_events.settings import Settings

MEMORY_MB = 256
"""Of a worker, the least that the settings allow; Python and its libraries take more than half of it."""
LOG_MB = 130
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def settings(home: Path) -> Settings:
    return Settings(home=home, clean_key=base64.b64encode(bytes(32)).decode())


async def log(megabytes: int) -> AsyncIterator[bytes]:
    """A log of ever new values; every block of lines is new to the analysis."""
    for block in range(megabytes * 4):
        minute, second = block // 60 % 60, block % 60
        yield b"".join(
            b"2026-11-20 05:%02d:%02d.%03d INFO  [pool-%d] c.shop.Orders: order %d of customer c%x placed, %s\n"
            % (minute, second, n % 1_000, n % 7, block * 200 + n, block * n, b"x" * 2_900)
            for n in range(90)
        )


async def test_a_log_that_is_larger_than_what_a_worker_has_left_is_analysed_whole(tmp_path: Path) -> None:
    async with open_blobs(settings(tmp_path)) as blobs, open_pool(1, memory_mb=MEMORY_MB) as pool:
        content = await blobs.put("t", "clean", "big", log(LOG_MB))
        assert content.size > LOG_MB << 20
        twin = twin_of(blobs, "t", content)
        found = await pool.run(analysed, twin, LOG, JOB, "shop.log", NOW, timeout=300)
        read = Insights.model_validate_json(found.json)
        assert read.lines == LOG_MB * 4 * 90
        assert [template.count for template in read.templates] == [read.lines]


async def test_a_worker_is_given_no_key_but_that_of_clean_blobs(tmp_path: Path) -> None:
    key = base64.b64encode(bytes(32)).decode()
    async with open_blobs(Settings(home=tmp_path, clean_key=key, raw_key=key)) as blobs:
        content = await blobs.put("t", "clean", "a", b"x")
        assert set(twin_of(blobs, "t", content).blobs.masters) == {"clean"}


async def test_a_twin_that_is_another_than_its_reference_says_is_missing(tmp_path: Path) -> None:
    async with open_blobs(settings(tmp_path)) as blobs, open_pool(1) as pool:
        content = await blobs.put("t", "clean", "a", b"2026-11-20 05:00:00 ERROR gone\n")
        twin = twin_of(blobs, "t", content.model_copy(update={"sha256": "0" * 64}))
        with pytest.raises(MissingContent):
            await pool.run(analysed, twin, LOG, JOB, "a.log", NOW, timeout=60)


def test_pieces_give_the_lines_of_the_whole() -> None:
    text = "a\r\n\nb\u00e9\nc\x00d\n\u4e16".encode()
    for size in range(1, len(text) + 1):
        assert list(lines_of(text[start : start + size] for start in range(0, len(text), size))) == list(lines_of(text))
    assert list(lines_of(text)) == ["a\r", "", "b\u00e9", "c\x00d", "\u4e16"]


def huge(megabytes: int) -> Iterator[bytes]:
    yield b"2026-11-20 05:00:00 INFO up\n2026-11-20 05:00:01 ERROR payload "
    for _ in range(megabytes):
        yield b"x" * (1 << 20)
    yield b"\n2026-11-20 05:00:02 INFO on\n"


def test_one_line_of_a_whole_file_is_cited_right_though_never_held() -> None:
    found = analyse(huge(50), LOG, evidence_id=JOB, name="a.log", now=NOW)
    assert found.lines == 3
    (error,) = [fact for fact in found.facts if fact.kind == "error"]
    whole = b"2026-11-20 05:00:01 ERROR payload " + b"x" * (50 << 20)
    assert error.citations[0].quote_sha256 == hashlib.sha256(whole).hexdigest()
    assert error.citations[0].quote.startswith("2026-11-20 05:00:01 ERROR payload xxx")
    assert any("longer than" in text for text in found.truncated)


def test_a_line_is_kept_whole_up_to_the_limit() -> None:
    longest, over = b"a" * LINE_LIMIT, b"a" * (LINE_LIMIT + 1)
    for text in (longest, longest + b"\n", b"b\n" + longest + b"\nc"):
        assert not any(isinstance(line, LongLine) for line in lines_of(text))
    for text in (over, over + b"\n", b"b\n" + over + b"\nc"):
        assert [line.sha256 for line in lines_of(text) if isinstance(line, LongLine)] == [hashlib.sha256(over).hexdigest()]


def test_a_long_line_is_no_part_of_anothers_citation() -> None:
    lines = list(lines_of(b"2026-11-20 05:00:00 ERROR it broke\n  " + b"y" * (LINE_LIMIT + 1) + b"\n  at x\n"))
    (error,) = [fact for fact in insights(lines).facts if fact.kind == "error"]
    assert (error.citations[0].line_start, error.citations[0].line_end) == (1, 1)


def test_reading_ends_in_time_and_says_so() -> None:
    lines = Timed((f"2026-11-20 05:00:00 INFO {n}" for n in range(100_000)), 0.0)
    assert len(list(lines)) < 100_000
    assert lines.over
    found = analyse(b"2026-11-20 05:00:00 INFO up\n" * 50_000, LOG, evidence_id=JOB, name="a.log", seconds=0)
    assert found.truncated == (f"Only the first {found.lines:,} lines were read: the time for one file was over",)


def test_a_text_that_is_read_whole_is_bounded() -> None:
    assert beginning([b"a = 1\nb =", b" 2\nc = 3\n"], limit=12) == ("a = 1\nb = 2\n", False)
    assert beginning(b"x" * 20, limit=12) == ("x" * 12, False)
    assert beginning([b"a", b"b"], limit=12) == ("ab", True)


def test_a_configuration_over_the_limit_says_that_only_its_beginning_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faultmaven_events.consumers.process.lines.beginning.__defaults__", (64,))
    kind = Classification(type="config", format="ini", confidence=1, reason="a test")
    found = analyse(b"[a]\nkey = 1\n" * 20, kind, evidence_id=UUID(int=1), name="a.ini")
    assert any("were analysed" in text for text in found.truncated)


def test_what_hangs_on_a_small_file_has_less_time() -> None:
    assert time_for(1_000) < time_for(50_000_000) <= time_for(4_000_000_000)
