"""What a regular expression of nginx (PCRE) can match: a small parser and questions about its tree. Nothing is ever matched.

Sets of characters are bit masks over ASCII. What the parser does not know raises `UnknownPatternError`: a rule then says nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

LONGEST = 1_000
DEEPEST = 40
MOST_SAMPLES = 64
FREE = "\x01"
"""Stands in a sample for a place where a client may put a slash."""
START, END = "\x02", "\x03"


def mask(text: str) -> int:
    """The set of some characters."""
    result = 0
    for one in text:
        result |= 1 << (ord(one) & 127)
    return result


ALL = (1 << 128) - 1
DIGITS = mask("0123456789")
WORDS = DIGITS | mask("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
SPACES = mask(" \t\n\r\f\v")
LINE_ENDS = mask("\r\n")
_CLASSES = {"d": DIGITS, "w": WORDS, "s": SPACES, "h": mask(" \t"), "v": mask("\n\v\f\r")}
_CLASSES |= {"D": ALL & ~DIGITS, "W": ALL & ~WORDS, "S": ALL & ~SPACES}
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "e": "\x1b", "a": "\x07"}
_POSIX = {"alpha": WORDS & ~DIGITS & ~mask("_"), "digit": DIGITS, "alnum": WORDS & ~mask("_"), "space": SPACES, "word": WORDS}
_POSIX |= {"upper": mask("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "lower": mask("abcdefghijklmnopqrstuvwxyz")}
_POSIX |= {"xdigit": DIGITS | mask("abcdefABCDEF")}


class UnknownPatternError(ValueError):
    """The expression is too long, too deep, or uses what the parser does not know."""


@dataclass(slots=True)
class Node:
    """One part: chars (`mask`; `literal` for a single written character), seq, alt, repeat, group, start, end or nothing."""

    kind: str
    children: "list[Node]" = field(default_factory=list)
    mask: int = 0
    literal: str = ""
    least: int = 1
    most: int = 1
    unbounded: bool = False
    names: tuple[str, ...] = ()


def parse(text: str) -> Node:
    """Return the tree of an expression.

    Raises:
        UnknownPatternError: too long, too deep, unbalanced or unknown.
    """
    if len(text) > LONGEST:
        raise UnknownPatternError
    parser = _Parser(text)
    node = parser.alternatives(0)
    if parser.at < len(text):
        raise UnknownPatternError
    return node


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.at, self.groups = text, 0, 0

    def _next(self) -> str:
        if self.at >= len(self.text):
            raise UnknownPatternError
        self.at += 1
        return self.text[self.at - 1]

    def _takes(self, text: str) -> bool:
        if self.text.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def alternatives(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise UnknownPatternError
        options = [self._sequence(depth)]
        while self._takes("|"):
            options.append(self._sequence(depth))
        return options[0] if len(options) == 1 else Node("alt", options)

    def _sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            parts.append(self._repeated(self._one(depth)))
        return Node("seq", parts)

    def _one(self, depth: int) -> Node:
        one = self._next()
        if one == "(":
            return self._group(depth)
        if one == "[":
            return Node("chars", mask=self._class())
        if one == ".":
            return Node("chars", mask=ALL & ~LINE_ENDS)
        if one in "^$":
            return Node("start" if one == "^" else "end")
        return self._escape() if one == "\\" else Node("chars", mask=mask(one), literal=one)

    def _escape(self) -> Node:
        one = self._next()
        if one in _CLASSES:
            return Node("chars", mask=_CLASSES[one])
        if one in "AzZ":
            return Node("start" if one == "A" else "end")
        if one in "bBGK":
            return Node("nothing")
        if one == "x":
            one = chr(self._hex())
        elif one.isalnum() and one not in _ESCAPED:
            raise UnknownPatternError  # a reference to a group, a property of Unicode
        one = _ESCAPED.get(one, one)
        return Node("chars", mask=mask(one), literal=one)

    def _hex(self) -> int:
        digits = self.text[self.at : self.at + 2]
        try:
            code = int(digits, 16)
        except ValueError:
            raise UnknownPatternError from None
        self.at += 2
        return code & 127

    def _group(self, depth: int) -> Node:
        names: tuple[str, ...] = ()
        kind = "group"
        if self._takes("?"):
            names, kind = self._special_group()
            if kind == "nothing" and self.text[self.at - 1 : self.at] == ")":
                return Node("nothing")
        else:
            self.groups += 1
            names = (str(self.groups),)
        inner = self.alternatives(depth + 1)
        if not self._takes(")"):
            raise UnknownPatternError
        return Node(kind, [inner] if kind == "group" else [], names=names)

    def _special_group(self) -> tuple[tuple[str, ...], str]:
        for look in ("=", "!", "<=", "<!"):
            if self._takes(look):
                return (), "nothing"
        if self._takes(":") or self._takes(">"):
            return (), "group"
        for opens, closes in (("P<", ">"), ("<", ">"), ("'", "'")):
            if self._takes(opens):
                end = self.text.find(closes, self.at)
                if end < 0:
                    raise UnknownPatternError
                name, self.at = self.text[self.at : end], end + 1
                self.groups += 1
                return (str(self.groups), name), "group"
        while (one := self._next()) in "imsxJU-":
            pass
        if one == ":":
            return (), "group"
        if one == ")":
            return (), "nothing"
        raise UnknownPatternError

    def _class(self) -> int:
        negated = self._takes("^")
        result, first = 0, True
        while first or not self._takes("]"):
            first = False
            low = self._member()
            if isinstance(low, int):
                result |= low
            elif self.text.startswith("-", self.at) and not self.text.startswith("-]", self.at):
                self.at += 1
                high = self._member()
                if isinstance(high, int) or ord(high) < ord(low):
                    raise UnknownPatternError
                result |= mask("".join(chr(code) for code in range(ord(low), min(ord(high), 127) + 1)))
            else:
                result |= mask(low)
        return ALL & ~result if negated else result

    def _member(self) -> int | str:
        if self._takes("[:"):
            end = self.text.find(":]", self.at)
            name, self.at = self.text[self.at : max(end, self.at)], end + 2
            if end < 0 or name not in _POSIX:
                raise UnknownPatternError
            return _POSIX[name]
        one = self._next()
        if one != "\\":
            return one
        one = self._next()
        if one in _CLASSES:
            return _CLASSES[one]
        return chr(self._hex()) if one == "x" else _ESCAPED.get(one, one)

    def _repeated(self, node: Node) -> Node:
        while True:
            if self._takes("*"):
                least, most, unbounded = 0, 3, True
            elif self._takes("+"):
                least, most, unbounded = 1, 3, True
            elif self._takes("?"):
                least, most, unbounded = 0, 1, False
            elif bounds := self._bounds():
                least, most, unbounded = bounds
            else:
                return node
            if not self._takes("?"):
                self._takes("+")
            node = Node("repeat", [node], least=least, most=most, unbounded=unbounded)

    def _bounds(self) -> tuple[int, int, bool] | None:
        end = self.text.find("}", self.at)
        if not self.text.startswith("{", self.at) or end < 0:
            return None
        least, comma, most = self.text[self.at + 1 : end].partition(",")
        if not least.isdecimal() or not (most == "" or most.isdecimal()) or len(least) > 4 or len(most) > 4:
            return None
        self.at = end + 1
        return int(least), int(most or least) if most or not comma else 65_535, bool(comma and not most)


def free(node: Node) -> int:
    """Every character that a client can choose in a match; a written character is not chosen."""
    if node.kind == "chars":
        return 0 if node.literal else node.mask
    if node.kind == "repeat" and node.most == 0:
        return 0
    result = 0
    for child in node.children:
        result |= free(child)
    return result


def must_contain(node: Node, char: str) -> bool:
    """Whether every match holds the character."""
    if node.kind == "chars":
        return node.literal == char
    if node.kind == "alt":
        return all(must_contain(child, char) for child in node.children)
    return (node.kind != "repeat" or node.least > 0) and any(must_contain(child, char) for child in node.children)


def groups(node: Node) -> Iterator[tuple[str, Node]]:
    """Every group that captures, under its number and its name."""
    for name in node.names:
        yield name, node
    for child in node.children:
        yield from groups(child)


def nested_repeats(node: Node, *, inside: bool = False) -> bool:
    """Whether an endless repeat stands, with nothing fixed beside it, in another: what can take exponential time to fail."""
    if node.kind == "repeat" and node.unbounded:
        if inside:
            return True
        return nested_repeats(node.children[0], inside=_is_bare(node.children[0]))
    return any(nested_repeats(child, inside=inside and _is_bare(child)) for child in node.children)


def _is_bare(node: Node) -> bool:
    """Only a repeat, perhaps in groups: no written character separates one turn from the next."""
    while node.kind in {"group", "seq"} and len(node.children) == 1:
        node = node.children[0]
    return node.kind == "repeat" and node.unbounded


def samples(node: Node) -> list[str]:
    """Some of the strings that match, with START and END where they are anchored and FREE where a slash may stand."""
    if node.kind == "chars":
        return [node.literal or (FREE if node.mask & mask("/") else _letter(node.mask))]
    if node.kind in {"start", "end"}:
        return [START if node.kind == "start" else END]
    if node.kind == "alt":
        return [text for child in node.children for text in samples(child)][:MOST_SAMPLES]
    if node.kind == "repeat":
        times = max(node.least, min(node.most, 3))
        once = [text * min(times, 20) for text in samples(node.children[0])] if node.most else []
        return [*([""] if node.least == 0 or node.most == 0 else []), *once][:MOST_SAMPLES]
    texts = [""]
    for child in node.children:
        texts = list(islice((before + after for before in texts for after in samples(child)), MOST_SAMPLES))
    return texts


def _letter(chosen: int) -> str:
    return next((chr(code) for code in (97, *range(98, 123), *range(48, 58), *range(33, 127)) if chosen >> code & 1), "a")
