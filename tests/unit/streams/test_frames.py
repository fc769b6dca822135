"""Frames are sealed to their stream; ids are bounded, so that no follower's id can trouble Redis."""

import os
from uuid import uuid4

import pytest

from faultmaven_events.infra.streams import Frame, Seal, order
from faultmaven_events.infra.streams.frame import stream_key

FRAME = Frame(kind="text", text="the pool of host-1 was full")


def test_a_frame_opens_in_its_own_stream_alone() -> None:
    seal, key = Seal(os.urandom(32)), stream_key("fm", "acme", uuid4())
    sealed = seal.close("acme", key, FRAME)
    assert b"pool" not in sealed
    assert seal.open("acme", key, sealed) == FRAME
    assert seal.open("other", key, sealed) is None
    assert seal.open("acme", stream_key("fm", "acme", uuid4()), sealed) is None
    assert Seal(os.urandom(32)).open("acme", key, sealed) is None


@pytest.mark.parametrize("sealed", [b"", b"x", b"\x00" * 11, b"\x00" * 12, os.urandom(300)])
def test_what_is_no_frame_is_none(sealed: bytes) -> None:
    assert Seal(os.urandom(32)).open("acme", "k", sealed) is None


def test_a_frame_of_a_later_version_is_left_out() -> None:
    seal = Seal(os.urandom(32))
    later = Frame.model_construct(kind="picture")  # type: ignore[arg-type]  # a kind that this version does not know
    assert seal.open("acme", "k", seal.close("acme", "k", later)) is None


def test_ids_are_in_order_as_numbers() -> None:
    assert sorted(["10-0", "9-12", "9-2"], key=order) == ["9-2", "9-12", "10-0"]


@pytest.mark.parametrize("id", ["", "$", "+", "1", "1-", "-1", "18446744073709551615-1", "1-18446744073709551616", "1-1 ", "١-1"])
def test_what_is_no_id_is_refused(id: str) -> None:
    with pytest.raises(ValueError, match="not an id"):
        order(id)


def test_texts_continue_each_other_without_a_gap_only() -> None:
    first, second = Frame(kind="text", text="ab"), Frame(kind="text", text="c", at=2)
    assert second.continues(first)
    assert first.joined(second).text == "abc"
    assert not Frame(kind="text", text="c", at=3).continues(first)
    assert not Frame(kind="reset").continues(first)
