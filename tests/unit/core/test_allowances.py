"""The allow list on a real folder."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from obstore.store import LocalStore

from faultmaven_events.errors import Unavailable
from faultmaven_events.infra.allowances import Allowance, Allowances

CLEAN = bytes(range(32))
A, B = "a" * 16, "b" * 16


@pytest.fixture
def lists(tmp_path: Path) -> Allowances:
    return Allowances(LocalStore(prefix=tmp_path), CLEAN)


def entry(digest: str, reason: str = "a host of ours") -> Allowance:
    return Allowance(digest=digest, type="PERSON", by="ann", at=datetime.now(UTC), reason=reason)


async def test_an_entry_is_of_one_tenant_and_its_reason_is_not_on_the_disk_as_it_is(lists: Allowances, tmp_path: Path) -> None:
    await lists.add("acme", entry(A))
    assert (await lists.allowed("acme")).digests == {A}
    assert (await lists.allowed("umbrella")).digests == frozenset()
    assert b"a host of ours" not in (tmp_path / "allow" / "acme" / A).read_bytes()


async def test_adding_and_removing_twice_changes_nothing_more(lists: Allowances) -> None:
    await lists.add("acme", entry(A))
    await lists.add("acme", entry(A, "said again"))
    assert [one.reason for one in await lists.list("acme")] == ["said again"]
    assert await lists.remove("acme", A)
    assert not await lists.remove("acme", A)
    assert await lists.list("acme") == []


async def test_nobodys_entry_is_lost_when_many_are_added_at_once(lists: Allowances) -> None:
    digests = [f"{n:016x}" for n in range(40)]
    await asyncio.gather(*(lists.add("acme", entry(digest)) for digest in digests))
    assert (await lists.allowed("acme")).digests == set(digests)


async def test_the_version_changes_with_any_entry(lists: Allowances) -> None:
    assert (await lists.allowed("acme")).described is None
    await lists.add("acme", entry(A))
    one = (await lists.allowed("acme")).described
    await lists.add("acme", entry(B))
    two = (await lists.allowed("acme")).described
    assert one is not None
    assert two is not None
    assert (one.size, two.size) == (1, 2)
    assert one.version != two.version


async def test_an_entry_that_somebody_put_into_the_store_lets_nothing_pass(lists: Allowances, tmp_path: Path) -> None:
    await lists.add("acme", entry(A))
    folder = tmp_path / "allow" / "acme"
    (folder / B).write_bytes((folder / A).read_bytes())
    with pytest.raises(Unavailable, match="not ours"):
        await lists.allowed("acme")


async def test_a_list_that_cannot_be_read_lets_nothing_pass(lists: Allowances, tmp_path: Path) -> None:
    (tmp_path / "allow").write_bytes(b"a file where a folder must be")
    with pytest.raises(Unavailable):
        await lists.allowed("acme")
