"""What a delivery wrote, noted by the stores themselves: the `stores` of its hop."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_NOTES: ContextVar["Counter[str] | None"] = ContextVar("written", default=None)


def note(store: str, count: int = 1) -> None:
    """Note that `count` things were written to a store; nothing when nobody collects."""
    notes = _NOTES.get()
    if notes is not None:
        notes[store] += count


@contextmanager
def collecting() -> Iterator["Counter[str]"]:
    """Collect what is written within the block, also by tasks that start in it."""
    notes: Counter[str] = Counter()
    token = _NOTES.set(notes)
    try:
        yield notes
    finally:
        _NOTES.reset(token)


def summary(notes: "Counter[str]") -> str | None:
    """Return `blobs:2,vectors:14`, or None when nothing was written."""
    return ",".join(f"{store}:{count}" for store, count in sorted(notes.items()))[:255] or None
