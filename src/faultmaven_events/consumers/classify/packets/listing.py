"""A packet capture, fed piece by piece, as text: a line a packet as `tcpdump -nn -tttt` writes them, and notes on what is not there."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from faultmaven_events.consumers.classify.packets.frame import READERS, Broken, Buffer, Frame
from faultmaven_events.consumers.classify.packets.layers import NAMES, line_of

MOST_LISTED: Final = 300_000
"""Lines of ordinary packets; after them only those that open, end, refuse or resolve are written."""
MOST_TELLING: Final = 150_000
MOST_READ: Final = 5_000_000
NOTE: Final = "note: "
"""What a line begins with that is not about a packet."""
_LATEST: Final = 253_402_300_799


class Listing:
    """Feed it the file in order, then `finish`. Never raises: what is damaged is said at the end."""

    def __init__(self, form: str) -> None:
        self._form, self._reader, self._held = form, READERS[form](), Buffer()
        self.read = self.listed = self.telling = self.passed = 0
        self.first: int | None = None
        self.last: int | None = None
        self.broken: str | None = None
        self.unread: Counter[int] = Counter()
        self._second: tuple[int, str] = (-1, "")

    @property
    def over(self) -> bool:
        """Whether nothing more will be read."""
        return self.broken is not None or self.read >= MOST_READ

    def feed(self, piece: bytes) -> bytes:
        """Return the lines of the packets that are whole now."""
        if self.over:
            return b""
        self._held.feed(piece)
        return "".join(self._lines()).encode()

    def finish(self, *, late: bool = False) -> bytes:
        """Return the notes at the end; `late` where the time was over before the file was."""
        if not self.over and not late and self._held.begun:
            self.broken = "it breaks off within a packet"
        return "".join(f"{NOTE}{said}\n" for said in self._notes(late=late)).encode()

    def _lines(self) -> Iterator[str]:
        try:
            for frame in self._reader.frames(self._held):
                if line := self._line(frame):
                    yield line
                if self.read >= MOST_READ:
                    return
        except Broken as error:
            self.broken = str(error)

    def _line(self, frame: Frame) -> str | None:
        self.read += 1
        if frame.at is not None:
            self.first = frame.at if self.first is None else min(self.first, frame.at)
            self.last = frame.at if self.last is None else max(self.last, frame.at)
        said = line_of(frame.link, frame.head, frame.size)
        if said is None:
            self.unread[frame.link] += 1
            return None
        text, telling = said
        if self.listed >= MOST_LISTED and (not telling or self.telling >= MOST_TELLING):
            self.passed += 1
            return None
        self.listed += 1
        self.telling += telling and self.listed > MOST_LISTED
        return f"{self._clock(frame.at)}{text}\n"

    def _clock(self, at: int | None) -> str:
        if at is None:
            return ""
        second, rest = divmod(at, 1_000_000_000)
        if second != self._second[0]:
            self._second = (second, said(at) or "1970-01-01 00:00:00")
        return f"{self._second[1]}.{rest // 1000:06d} "

    def _notes(self, *, late: bool) -> Iterator[str]:
        first, last = said(self.first), said(self.last)
        span = f", {first} to {last} UTC" if first and last else ""
        heads = "; their heads are written as tcpdump does, what they carry is not" if self.listed else ""
        yield f"{self.read:,} packets of a {self._form} file{span}{heads}"
        for link, count in self.unread.most_common(20):
            yield f"{count:,} packets of link type {link} are not analysed: hand in their text, for example from `tcpdump -nn -r FILE`"
        if self.passed:
            yield f"{self.passed:,} packets are left out: after the first {MOST_LISTED:,} only those that open, end or refuse are listed"
        if self.broken:
            yield f"the file is damaged after {self.read:,} packets: {self.broken}; what follows was not read"
        elif late or self.read >= MOST_READ:
            yield f"only the first {self.read:,} packets were read"

    def summary(self) -> str:
        """What was read, for the reason of a classification."""
        known = ", ".join(NAMES.get(link, str(link)) for link in self.unread)
        return f"{self.read:,} packets, {self.listed:,} listed" + (f", unknown link types: {known}" if known else "")


def said(at: int | None) -> str | None:
    """A time to the second; None where there is none, or none that a calendar has."""
    if at is None or not 0 <= at // 1_000_000_000 <= _LATEST:
        return None
    return f"{datetime.fromtimestamp(at // 1_000_000_000, UTC):%Y-%m-%d %H:%M:%S}"
