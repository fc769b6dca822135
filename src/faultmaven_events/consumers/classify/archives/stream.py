"""Bytes that come in pieces, read in exact portions; and packed pieces, unpacked on the way."""

from collections.abc import Iterable, Iterator

from faultmaven_events.consumers.classify.archives.limits import RATIO, Budget, exploded
from faultmaven_events.consumers.classify.archives.member import PIECE, CutOff, Damaged
from faultmaven_events.consumers.classify.unpack import Unpacker
from faultmaven_events.errors import UnreadableContent


def slices(data: bytes) -> Iterator[bytes]:
    """Yield content in pieces."""
    for at in range(0, len(data), PIECE):
        yield data[at : at + PIECE]


def unpacked(pieces: Iterable[bytes], packing: str, budget: Budget) -> Iterator[bytes]:
    """Yield what packed pieces (gzip, bzip2, xz, zstd) unpack to.

    Raises:
        CutOff: they end too early.
        Damaged: they do not unpack, or to far more than an honest file would.
        Spent: the budget is used up.
    """
    unpacker = Unpacker(packing, limit=2**62)  # the budget is what limits it
    fed = size = 0
    for piece in pieces:
        for start in range(0, len(piece), 65_536):
            packed = piece[start : start + 65_536]
            fed += len(packed)
            try:
                for out in unpacker.feed(packed):
                    size += len(out)
                    budget.unpack(len(out))
                    if exploded(size, fed):
                        raise Damaged(f"it unpacks to more than {RATIO} times its size")
                    yield out
            except UnreadableContent:
                raise Damaged(f"its {packing} data are damaged") from None
    if not unpacker.ended:
        raise CutOff(f"its {packing} data end too early")


class Stream:
    """Pieces as one file that is read once, from the start; an error of the pieces comes back at every later read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""
        self._error: Damaged | None = None

    def read(self, size: int) -> bytes:
        """Return `size` bytes, or fewer at the end."""
        found = bytearray()
        while len(found) < size and (piece := self.some(size - len(found))):
            found += piece
        return bytes(found)

    def some(self, most: int) -> bytes:
        """Return between 1 and `most` bytes, none at the end."""
        while not self._held:
            if self._error is not None:
                raise self._error
            try:
                self._held = next(self._pieces)
            except StopIteration:
                return b""
            except Damaged as error:
                self._error = error
                raise
        taken, self._held = self._held[:most], self._held[most:]
        return taken

    def portion(self, size: int) -> Iterator[bytes]:
        """Yield exactly `size` bytes in pieces.

        Raises:
            CutOff: there are not so many.
        """
        while size > 0:
            piece = self.some(min(size, PIECE))
            if not piece:
                raise CutOff("the archive ends inside it")
            size -= len(piece)
            yield piece

    def rest(self) -> Iterator[bytes]:
        """Yield all that is left."""
        while piece := self.some(PIECE):
            yield piece
