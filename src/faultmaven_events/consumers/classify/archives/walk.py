"""All files of an archive, and of the archives inside it, one after the other; what became of each is noted line by line."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from faultmaven_events.consumers.classify.archives import tar, zips
from faultmaven_events.consumers.classify.archives.label import LONG, label
from faultmaven_events.consumers.classify.archives.limits import RATIO, Budget, Limits, exploded
from faultmaven_events.consumers.classify.archives.member import CutOff, Damaged, Member, Spent
from faultmaven_events.consumers.classify.archives.stream import Stream, slices, unpacked
from faultmaven_events.consumers.classify.charset import charset
from faultmaven_events.consumers.classify.extract import advice
from faultmaven_events.consumers.classify.magic import IMAGES, NESTED, PACKED, magic
from faultmaven_events.schemas.manifest import LABEL, LISTED, WHOLE, Line

HEAD: Final = 65_536
"""Bytes of a member by which it is known."""
PICTURE: Final = "a picture: no text is read from it"
TWICE: Final = "a second file of that name"
DEEP: Final = "an archive too deep inside of archives"


@dataclass(slots=True)
class File:
    """One file. Its pieces are read once, before the next file is asked for; an error of theirs (Damaged, Spent) says not to keep it."""

    label: str
    pieces: Iterator[bytes]


@dataclass(slots=True)
class Walk:
    """One way through an archive. `lines` tells of all files so far, in the order in which they came."""

    limits: Limits
    lines: list[Line] = field(default_factory=list)
    budget: Budget = field(init=False)
    _seen: set[str] = field(default_factory=set)
    _listed: int = 0
    _unlisted: Counter[str] = field(default_factory=Counter)
    _spent: Spent | None = None

    def __post_init__(self) -> None:
        self.budget = Budget(self.limits)

    def files(self, data: bytes, form: str) -> Iterator[File]:
        """Yield the files of a whole archive; `form` as `magic` names it. Raises nothing, whatever the bytes are."""
        try:
            yield from self._nested(slices(data), form, WHOLE, 1)
        except Spent as spent:
            self._note(Line("broken", 0, WHOLE, str(spent)))
        self.lines += [Line("more", count, why=why) for why, count in sorted(self._unlisted.items())]
        self._unlisted.clear()

    def _nested(self, pieces: Iterator[bytes], form: str, shown: str, depth: int) -> Iterator[File]:
        """Yield the files of one archive that comes in pieces; what ends it early is noted under `shown`."""
        if depth > self.limits.depth:
            self._skip(shown, 0, DEEP)
            return
        prefix = "" if shown == WHOLE else f"{shown}/"
        try:
            if form in PACKED:
                read = _Reading(unpacked(pieces, form, self.budget))
                form, pieces = form_of(read.head()) or "", read.all()
            members = tar.members(Stream(pieces)) if form == "tar" else zips.members(self._whole(pieces))
            for member in members:
                self.budget.enter()
                yield from self._member(member, prefix, depth)
        except Damaged as error:
            self._note(Line("broken", 0, shown, str(error)))

    def _whole(self, pieces: Iterator[bytes]) -> bytes:
        held = bytearray()
        with suppress(CutOff):  # what is there of it can be salvaged
            for piece in pieces:
                held += piece
                if len(held) > self.limits.nested:
                    raise Damaged(f"a zip over {self.limits.nested:,} bytes inside an archive: hand it in by itself")
        return bytes(held)

    def _member(self, member: Member, prefix: str, depth: int) -> Iterator[File]:
        bare, unfit = label(member.path)
        shown = f"{prefix}{bare}"
        why = member.refused or unfit or (LONG if len(shown) > LABEL else TWICE if shown in self._seen else None)
        if why:
            self._skip(shown, member.size, why)
            return
        read = _Reading(self._watched(member))
        try:
            head = read.head()
        except Damaged as error:
            self._skip(shown, member.size, str(error))
            return
        form = form_of(head)
        if form in PACKED:
            yield from self._packed(member, read, form, shown, depth)
        elif form in NESTED:
            yield from self._nested(read.all(), form, shown, depth + 1)
        elif unread := refusal(head, form):
            self._skip(shown, member.size, unread)
        else:
            yield from self._file(shown, read.all())

    def _packed(self, member: Member, outer: "_Reading", form: str, shown: str, depth: int) -> Iterator[File]:
        """A packed member is a packed archive, or one file that is unpacked."""
        read = _Reading(unpacked(outer.all(), form, self.budget))
        try:
            head = read.head()
        except Damaged as error:
            self._skip(shown, member.size, str(error))
            return
        inner = form_of(head)
        if inner in NESTED:
            yield from self._nested(read.all(), inner, shown, depth + 1)
        elif why := "packed more than once" if inner in PACKED else refusal(head, inner):
            self._skip(shown, member.size, why)
        else:
            yield from self._file(shown, read.all())

    def _file(self, shown: str, pieces: Iterator[bytes]) -> Iterator[File]:
        self.budget.take()
        self._seen.add(shown)
        yield File(shown, self._told(shown, pieces))
        if self._spent:
            raise self._spent

    def _told(self, shown: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Pass the pieces on, and note how they ended."""
        size = 0
        try:
            for piece in pieces:
                size += len(piece)
                yield piece
        except CutOff as error:
            self._note(Line("cut", size, shown, str(error)))
        except Damaged as error:
            self._skip(shown, size, str(error))
            raise
        except Spent as spent:
            self._spent = spent
            self._skip(shown, size, "a limit was reached inside it")
            raise
        else:
            self._note(Line("taken", size, shown))

    def _watched(self, member: Member) -> Iterator[bytes]:
        """Yield a member's bytes; those of a zip are unpacked by that, and count."""
        size = 0
        for piece in member.pieces():
            size += len(piece)
            if member.packed is not None:
                self.budget.unpack(len(piece))
                if exploded(size, member.packed):
                    raise Damaged(f"it unpacks to more than {RATIO} times its size")
            yield piece

    def _skip(self, shown: str, size: int, why: str) -> None:
        self._note(Line("skipped", max(0, size), shown, why))

    def _note(self, line: Line) -> None:
        """Keep a line; of skipped files the first ones, the others are counted."""
        if line.is_child:
            self.lines.append(line)
        elif line.label == WHOLE or self._listed < LISTED - self.limits.files:
            self._listed += 1
            self.lines.append(line)
        else:
            self._unlisted[line.why] += 1


class _Reading:
    """Pieces of which the head is looked at first; an error after a head comes when the rest is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held: list[bytes] = []
        self._error: Damaged | None = None

    def head(self) -> bytes:
        """Return the first `HEAD` bytes; raises Damaged when not one of them can be had."""
        size = 0
        try:
            while size < HEAD and (piece := next(self._pieces, None)) is not None:
                self._held.append(piece)
                size += len(piece)
        except Damaged as error:
            if not size:
                raise
            self._error = error
        return b"".join(self._held)[:HEAD]

    def all(self) -> Iterator[bytes]:
        """Yield all bytes, those of the head first."""
        yield from self._held
        if self._error is not None:
            raise self._error
        yield from self._pieces


def form_of(head: bytes) -> str | None:
    """Return the binary format of a file by its first bytes, None for text and what is not known."""
    found = magic(head)
    return found.format if found else None


def refusal(head: bytes, form: str | None) -> str | None:
    """Return why a member is not worth a job of its own; None when it is."""
    if not head:
        return "empty"
    if form in IMAGES:
        return PICTURE
    if form is not None:
        return advice(form)
    return None if charset(head[:4096]) else advice("binary")
