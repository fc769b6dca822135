"""A member of an archive, and what may end it or its archive early."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

PIECE = 262_144
"""Bytes of one piece of content at most."""


class Damaged(Exception):  # named by what is the matter, as in errors.py
    """What is being read cannot be had as it was packed: what came of it is not kept. The message is a reason for the manifest."""


class CutOff(Damaged):
    """What is being read ends too early: what came of it is right, and kept."""


class Spent(Exception):  # as above
    """A limit is reached: nothing more is taken out of the whole archive. The message is a reason for the manifest."""


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an archive that is no directory.

    `pieces` gives its bytes, once, before the next member is asked for; it raises Damaged. `packed`: bytes that it takes in the archive,
    where its bytes are unpacked by the reading of them. `refused`: why it cannot be taken (encrypted, a link ...).
    """

    path: str
    size: int
    """What the archive says, in bytes; it may lie."""
    pieces: Callable[[], Iterator[bytes]]
    packed: int | None = None
    refused: str | None = None
