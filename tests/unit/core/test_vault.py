"""The vault on a real folder: who can read what, rotation, destruction, races, and what happens when the store breaks."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import obstore
import pytest
from obstore.store import LocalStore
from pydantic import SecretStr

from faultmaven_events.errors import MissingContent, SetupError, Unavailable
from faultmaven_events.infra.keys import vault_keys
from faultmaven_events.infra.vault import Record, Restoring, Shredded, Vault, framed, pack, restored, scope_of
from faultmaven_events.settings import Settings

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
TENANT, SCOPE = "acme", scope_of("case-7", UUID(int=1))
RECORD = Record(1, [["PERSON_3fa2c1d4", "Jane Doe"]], [0, 5, 15, 0])


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(prefix=tmp_path)


@pytest.fixture
def vault(store: LocalStore) -> Vault:
    return Vault(store, lambda: (OLD,))


async def kept(vault: Vault, tenant: str = TENANT, scope: str = SCOPE, name: str = "a", record: Record = RECORD) -> bool:
    return await vault.put(tenant, await vault.open(tenant, scope), name, framed(pack(record)))


async def read(vault: Vault, tenant: str = TENANT, scope: str = SCOPE, name: str = "a") -> list[Record]:
    return [record async for record in vault.records(tenant, scope, name)]


def values(records: list[Record]) -> list[str]:
    return [original for record in records for _, original in record.pairs]


async def test_what_was_kept_is_read_and_the_disk_shows_nothing_of_it(vault: Vault, tmp_path: Path) -> None:
    assert await kept(vault)
    assert values(await read(vault)) == ["Jane Doe"]
    files = [*(tmp_path / "vault" / TENANT / SCOPE).iterdir()]
    assert len(files) == 2
    assert not any(b"Jane" in path.read_bytes() or b"PERSON" in path.read_bytes() for path in files)


async def test_a_redelivery_writes_the_same_objects(vault: Vault, tmp_path: Path) -> None:
    await kept(vault)
    await kept(vault)
    assert values(await read(vault)) == ["Jane Doe"]
    assert sorted(path.name for path in (tmp_path / "vault" / TENANT / SCOPE).iterdir()) == ["a", "key"]


async def test_an_object_cannot_be_put_in_the_place_of_another(vault: Vault, tmp_path: Path) -> None:
    other = scope_of("case-8", UUID(int=1))
    await kept(vault)
    await kept(vault, scope=other)
    await kept(vault, tenant="umbrella")
    folder = tmp_path / "vault"
    for moved in (folder / TENANT / other / "a", folder / "umbrella" / SCOPE / "a", folder / TENANT / SCOPE / "b"):
        moved.write_bytes((folder / TENANT / SCOPE / "a").read_bytes())
    for place in ({"scope": other}, {"tenant": "umbrella"}, {"name": "b"}):
        with pytest.raises(MissingContent):
            await read(vault, **place)


async def test_a_key_cannot_be_put_in_the_place_of_another(vault: Vault, tmp_path: Path) -> None:
    await kept(vault)
    await kept(vault, tenant="umbrella")
    folder = tmp_path / "vault"
    (folder / "umbrella" / SCOPE / "key").write_bytes((folder / TENANT / SCOPE / "key").read_bytes())
    with pytest.raises(Unavailable, match="does not unwrap"):
        await read(vault, tenant="umbrella")


async def test_two_first_events_of_a_case_agree_on_one_key(vault: Vault) -> None:
    keys = await asyncio.gather(*(vault.open(TENANT, SCOPE) for _ in range(8)))
    assert len({one.key for one in keys}) == 1


async def test_after_a_rotation_only_the_new_master_key_is_needed(store: LocalStore, vault: Vault) -> None:
    await kept(vault)
    await kept(vault, scope=scope_of(None, UUID(int=2)))
    both = Vault(store, lambda: (NEW, OLD))
    assert await both.rotate() == (2, 0, 0)
    assert await both.rotate() == (0, 2, 0)
    assert values(await read(Vault(store, lambda: (NEW,)))) == ["Jane Doe"]
    with pytest.raises(Unavailable, match="master key"):
        await read(vault)


async def test_a_key_under_a_lost_master_key_is_counted_and_left_alone(store: LocalStore, vault: Vault) -> None:
    await kept(vault)
    assert await Vault(store, lambda: (NEW,)).rotate() == (0, 0, 1)
    assert values(await read(vault)) == ["Jane Doe"]


async def test_without_the_master_key_nothing_is_kept_rather_than_under_a_new_key(store: LocalStore, vault: Vault) -> None:
    await kept(vault)
    with pytest.raises(Unavailable):
        await kept(Vault(store, lambda: (NEW,)))
    assert values(await read(vault)) == ["Jane Doe"]


async def test_a_shredded_case_is_unreadable_for_ever_and_others_are_not(vault: Vault, tmp_path: Path) -> None:
    await kept(vault)
    await kept(vault, scope=scope_of(None, UUID(int=2)))
    saved = (tmp_path / "vault" / TENANT / SCOPE / "a").read_bytes()
    assert await vault.shred(TENANT, SCOPE) == 1
    assert await vault.shred(TENANT, SCOPE) == 0
    (tmp_path / "vault" / TENANT / SCOPE / "a").write_bytes(saved)
    with pytest.raises(Shredded):
        await read(vault)
    assert not (tmp_path / "vault" / TENANT / SCOPE / "key").exists()
    assert values(await read(vault, scope=scope_of(None, UUID(int=2)))) == ["Jane Doe"]


async def test_a_shredded_case_never_gets_a_key_again(vault: Vault, tmp_path: Path) -> None:
    await vault.shred(TENANT, SCOPE)
    assert not await kept(vault)
    assert [path.name for path in (tmp_path / "vault" / TENANT / SCOPE).iterdir()] == ["shredded"]


async def test_what_was_in_work_while_its_case_was_shredded_is_not_kept(vault: Vault, tmp_path: Path) -> None:
    in_hand = await vault.open(TENANT, SCOPE)
    await vault.shred(TENANT, SCOPE)
    assert not await vault.put(TENANT, in_hand, "a", framed(pack(RECORD)))
    assert [path.name for path in (tmp_path / "vault" / TENANT / SCOPE).iterdir()] == ["shredded"]


async def test_a_rotation_takes_back_a_key_that_a_crash_left_in_a_shredded_case(store: LocalStore, vault: Vault, tmp_path: Path) -> None:
    await kept(vault)
    place = tmp_path / "vault" / TENANT / SCOPE / "key"
    saved = place.read_bytes()
    await vault.shred(TENANT, SCOPE)
    place.write_bytes(saved)
    await Vault(store, lambda: (NEW, OLD)).rotate()
    assert not place.exists()


async def test_a_store_that_does_not_work_is_said_to_be_away(vault: Vault, tmp_path: Path) -> None:
    (tmp_path / "vault").write_bytes(b"a file where a folder must be")
    with pytest.raises(Unavailable):
        await vault.open(TENANT, SCOPE)
    with pytest.raises(Unavailable):
        await vault.shred(TENANT, SCOPE)


async def test_a_cut_off_or_changed_object_is_missing_content(store: LocalStore, vault: Vault, tmp_path: Path) -> None:
    await kept(vault)
    path = tmp_path / "vault" / TENANT / SCOPE / "a"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(MissingContent):
        await read(vault)
    await obstore.put_async(store, f"vault/{TENANT}/{SCOPE}/a", b"not ours")
    with pytest.raises(MissingContent):
        await read(vault)


async def test_frames_that_hold_no_record_are_missing_content(vault: Vault) -> None:
    for frames in (framed(b"not zlib"), framed(pack(RECORD))[:-2], framed(pack(RECORD)) + b"\0"):
        await vault.put(TENANT, await vault.open(TENANT, SCOPE), "a", frames)
        with pytest.raises(MissingContent):
            await read(vault)


@pytest.mark.parametrize("step", [1, 3, 1000])
async def test_a_text_is_restored_piece_by_piece_however_it_arrives(step: int) -> None:
    pieces = [
        ("log of PERSON_3fa2c1d4\nplain\n", Record(2, RECORD.pairs, [0, 7, 15, 0])),
        ("é PERSON_3fa2c1d4 end", Record(0, RECORD.pairs, [0, 2, 15, 0])),
    ]
    text = "".join(piece for piece, _ in pieces).encode()

    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(text), step):
            yield text[at : at + step]

    async def records() -> AsyncIterator[Record]:
        yield Record(0, [["PERSON_00000000", "a name beside the text"]])
        for _, record in pieces:
            yield record

    out = b"".join([part async for part in restored(chunks(), records())]).decode()
    assert out == "log of Jane Doe\nplain\né Jane Doe end"
    assert Restoring([record for _, record in pieces]).text(text.decode()) == out


def test_a_place_whose_stand_in_is_not_there_is_left_alone() -> None:
    assert Restoring([RECORD]).text("a wholly other line") == "a wholly other line"
    assert Restoring([RECORD]).text("") == ""


async def test_what_the_vault_had_no_room_for_stays_hidden() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"a PERSON_3fa2c1d4\nb PERSON_3fa2c1d4\n"

    async def records() -> AsyncIterator[Record]:
        yield Record(1, RECORD.pairs, [0, 2, 15, 0])

    assert b"".join([part async for part in restored(chunks(), records())]) == b"a Jane Doe\nb PERSON_3fa2c1d4\n"


async def test_the_stored_key_names_its_master_key_without_telling_it(vault: Vault, tmp_path: Path) -> None:
    await vault.open(TENANT, SCOPE)
    stored = json.loads((tmp_path / "vault" / TENANT / SCOPE / "key").read_text())
    assert stored["master"] == vault.newest
    assert len(vault.newest) == 8
    assert vault.newest not in OLD.hex()


def test_keys_that_are_none_are_refused_with_what_to_do(tmp_path: Path) -> None:
    assert vault_keys(Settings(home=tmp_path)) == ()
    two = " ".join(base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))
    assert vault_keys(Settings(home=tmp_path, vault_key=SecretStr(two))) == (b"\1" * 32, b"\2" * 32)
    for unfit in ("AAAA", "not base64", ""):
        path = tmp_path / "key"
        path.write_text(unfit)
        with pytest.raises(SetupError, match="openssl rand"):
            vault_keys(Settings(home=tmp_path, vault_key_file=path))
