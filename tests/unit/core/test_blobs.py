import asyncio
import base64
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from faultmaven_events.errors import ContentTooLarge, MissingContent, SetupError
from faultmaven_events.infra.blobs import Blobs, open_blobs
from faultmaven_events.infra.seal import FRAME, seal, unseal
from faultmaven_events.settings import Settings

KEYS = {"raw": base64.b64encode(b"r" * 32).decode(), "clean": base64.b64encode(b"c" * 32).decode()}


def settings(home: Path, **keys: str) -> Settings:
    return Settings.model_validate({"home": home, **({"raw_key": KEYS["raw"], "clean_key": KEYS["clean"]} | keys)})


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def joined(stream: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in stream])


async def stored(blobs: Blobs) -> list[bytes]:
    folder = Path(str(blobs.store.prefix))
    return [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]  # noqa: ASYNC240 # a few small files of a test


@hypothesis_settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=FRAME + 3), max_size=4))
async def test_what_was_sealed_in_any_pieces_comes_back_whole(sizes: list[int]) -> None:
    plain = [os.urandom(size) for size in sizes]
    sealed = [piece async for piece in seal(b"k" * 32, "n", pieces(*plain))]
    assert await joined(unseal(b"k" * 32, "n", pieces(*sealed))) == b"".join(plain)


@pytest.mark.parametrize("damage", ["flip", "cut", "cut-frame", "swap", "empty"])
async def test_a_damaged_blob_does_not_open(damage: str) -> None:
    frames = [piece async for piece in seal(b"k" * 32, "n", pieces(os.urandom(3 * FRAME)))]
    whole = b"".join(frames)
    broken = {
        "flip": whole[:-40] + bytes([whole[-40] ^ 1]) + whole[-39:],
        "cut": whole[:-5],
        "cut-frame": b"".join(frames[:-1]),
        "swap": b"".join([frames[0], frames[2], frames[1], *frames[3:]]),
        "empty": b"",
    }[damage]
    with pytest.raises(MissingContent):
        await joined(unseal(b"k" * 32, "n", pieces(broken)))


async def test_content_is_encrypted_at_rest_and_reads_back(tmp_path: Path) -> None:
    async with open_blobs(settings(tmp_path)) as blobs:
        content = await blobs.put("acme", "raw", "a", b"a very secret line")
        assert await blobs.read("acme", content) == b"a very secret line"
        assert content.size == len(b"a very secret line")
        assert all(b"secret" not in data for data in await stored(blobs))


async def test_another_tenant_cannot_read_it(tmp_path: Path) -> None:
    async with open_blobs(settings(tmp_path)) as blobs:
        content = await blobs.put("acme", "clean", "a", b"x")
        with pytest.raises(MissingContent):
            await blobs.read("other", content)


async def test_a_blob_moved_under_another_tenants_name_does_not_open(tmp_path: Path) -> None:
    async with open_blobs(settings(tmp_path)) as blobs:
        content = await blobs.put("acme", "clean", "a", b"x")
        (tmp_path / "blobs/clean/other").mkdir()
        (tmp_path / "blobs/clean/acme/a").rename(tmp_path / "blobs/clean/other/a")
        with pytest.raises(MissingContent):
            await blobs.read("other", content)


async def test_a_process_without_the_raw_key_cannot_open_raw_blobs(tmp_path: Path) -> None:
    async with open_blobs(settings(tmp_path)) as blobs:
        content = await blobs.put("acme", "raw", "a", b"x")
    clean_only = Settings.model_validate({"home": tmp_path, "clean_key": KEYS["clean"]})
    async with open_blobs(clean_only) as blobs:
        with pytest.raises(SetupError, match="FM_RAW_KEY"):
            await blobs.read("acme", content)


async def test_over_the_limit_nothing_is_stored(tmp_path: Path) -> None:
    async with open_blobs(settings(tmp_path)) as blobs:
        with pytest.raises(ContentTooLarge):
            await blobs.put("acme", "raw", "a", pieces(b"x" * 600, b"y" * 600), limit=1000)
        assert await stored(blobs) == []


async def test_content_that_differs_from_its_reference_is_missing(tmp_path: Path) -> None:
    async with open_blobs(settings(tmp_path)) as blobs:
        first = await blobs.put("acme", "clean", "a", b"one")
        await blobs.put("acme", "clean", "a", b"two")
        with pytest.raises(MissingContent, match="digest"):
            await blobs.read("acme", first)


async def test_find_returns_the_reference_of_what_is_stored(tmp_path: Path) -> None:
    async with open_blobs(settings(tmp_path)) as blobs:
        content = await blobs.put("acme", "clean", "a", b"one")
        found = await blobs.find("acme", "clean", "a")
        assert found is not None
        assert found.sha256 == content.sha256
        await blobs.delete("acme", content)
        await blobs.delete("acme", content)
        assert await blobs.find("acme", "clean", "a") is None


@pytest.mark.parametrize("key", ["not base64!", base64.b64encode(b"short").decode()])
async def test_a_key_that_is_none_is_one_clear_sentence(tmp_path: Path, key: str) -> None:
    with pytest.raises(SetupError, match="openssl rand"):
        async with open_blobs(settings(tmp_path, clean_key=key)):
            pass


async def test_what_is_stored_once_stays_as_it_was_first(tmp_path: Path) -> None:
    async with open_blobs(settings(tmp_path)) as blobs:
        puts = (blobs.put_once("acme", "clean", "one", str(n).encode(), media_type="text/plain") for n in range(8))
        first, *others = await asyncio.gather(*puts)
        assert all(other == first for other in others)
        assert await blobs.read("acme", first) in {str(n).encode() for n in range(8)}
        assert await blobs.put_once("acme", "clean", "one", b"later", media_type="text/plain") == first
