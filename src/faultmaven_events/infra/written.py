"""What a delivery wrote, noted by the stores themselves: the `stores` of its hop."""

from contextvars import ContextVar, Token
from types import TracebackType

Notes = dict[str, int]
_NOTES: ContextVar[Notes | None] = ContextVar("written", default=None)


def note(store: str, count: int = 1) -> None:
    """Note that `count` things were written to a store; nothing when nobody collects."""
    notes = _NOTES.get()
    if notes is not None:
        notes[store] = notes.get(store, 0) + count


class Collecting:
    """Collects what is written within a `with` block, also by tasks that start in it."""

    __slots__ = ("_token",)

    def __enter__(self) -> Notes:
        notes: Notes = {}
        self._token: Token[Notes | None] = _NOTES.set(notes)
        return notes

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _NOTES.reset(self._token)


def summary(notes: Notes) -> str | None:
    """Return `blobs:2,vectors:14`, or None when nothing was written."""
    if not notes:
        return None
    return ",".join(f"{store}:{count}" for store, count in sorted(notes.items()))[:255]
