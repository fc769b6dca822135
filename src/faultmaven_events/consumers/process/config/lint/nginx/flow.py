"""What a client can put into the variables of nginx: a walk through the directives, in their order, that follows `set` and captures."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from faultmaven_events.consumers.process.config.braces import Directive
from faultmaven_events.consumers.process.config.lint.nginx.pattern import (
    ALL,
    LINE_ENDS,
    SPACES,
    UnknownPatternError,
    free,
    groups,
    mask,
    must_contain,
    parse,
)

MOST_PARTS = 60
MOST_DIRECTIVES = 20_000
_VARIABLE = re.compile(r"\$(?:([1-9]|[A-Za-z_]\w*)|\{(\w+)\})", re.ASCII)
_PRINTABLE = ALL & ~((1 << 33) - 1) & ~(1 << 127)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a value: written text, or what a variable brings: characters that a client can choose, and whether it holds a slash."""

    text: str = ""
    variable: str = ""
    free: int = 0
    slash: bool = False


BUILT_IN = {
    "uri": (ALL & ~mask(" \t"), True),
    "document_uri": (ALL & ~mask(" \t"), True),
    "request_uri": (ALL & ~SPACES, True),
    "args": (ALL & ~SPACES, False),
    "query_string": (ALL & ~SPACES, False),
    "arg_": (ALL & ~SPACES & ~mask("&"), False),
    "http_": (_PRINTABLE, False),
}
"""Variables that carry what a client sent, undecoded but for $uri; https://nginx.org/en/docs/varindex.html. A `_` at the end: a prefix."""


@dataclass(slots=True)
class Scope:
    """Variables and captures at one place of the configuration."""

    named: dict[str, list[Part]] = field(default_factory=dict)
    captured: dict[str, Part] = field(default_factory=dict)

    def copy(self) -> "Scope":
        """Its own, for a block."""
        return Scope(dict(self.named), dict(self.captured))

    def parts(self, value: str) -> list[Part]:
        """A value in its pieces, with variables that were set replaced by theirs."""
        result: list[Part] = []
        at = 0
        for match in _VARIABLE.finditer(value):
            if match.start() > at:
                result.append(Part(text=value[at : match.start()]))
            result.extend(self._parts_of(match[1] or match[2]))
            at = match.end()
            if len(result) > MOST_PARTS:
                return result[:MOST_PARTS]
        return [*result, Part(text=value[at:])] if at < len(value) else result

    def _parts_of(self, name: str) -> list[Part]:
        if name in self.captured:
            return [self.captured[name]]
        if name in self.named:
            return self.named[name]
        key = next((key for key in BUILT_IN if name == key or (key.endswith("_") and name.startswith(key))), None)
        chosen, slash = BUILT_IN[key] if key else (0, False)
        return [Part(variable=name, free=chosen, slash=slash)]

    def captures(self, expression: str, *, without: int = 0) -> None:
        """Take over the captures of an expression; `without` are characters that cannot get there."""
        self.captured = {}
        try:
            for name, node in groups(parse(expression)):
                self.captured[name] = Part(variable=name, free=free(node) & ~without, slash=must_contain(node, "/"))
        except UnknownPatternError:
            return


def walk(root: Directive) -> Iterator[tuple[Directive, Scope]]:
    """Every directive with the variables as they are there; code in other languages is left out."""
    stack = [(child, scope) for scope in (Scope(),) for child in reversed(root.children or [])]
    count = 0
    while stack and count < MOST_DIRECTIVES:
        one, scope = stack.pop()
        count += 1
        _take(one, scope)
        yield one, scope
        if one.children and not one.name.endswith("_by_lua_block"):
            inner = scope if one.name == "if" else scope.copy()
            if one.name == "location" and len(one.args) > 1 and one.args[0] in {"~", "~*"}:
                inner.captures(one.args[1])
            stack.extend((child, inner) for child in reversed(one.children))


def _take(one: Directive, scope: Scope) -> None:
    if one.name in {"set", "auth_request_set"} and len(one.args) > 1:
        scope.named[one.args[0].strip("${}")] = scope.parts(one.args[1])
    elif one.name == "rewrite" and one.args:
        scope.captures(one.args[0], without=SPACES)
    elif one.name == "if" and (condition := condition_of(one)):
        scope.captures(condition[2], without=LINE_ENDS if condition[0] != "$uri" else 0)


def condition_of(one: Directive) -> tuple[str, str, str] | None:
    """Variable, operator and expression of an `if` that matches; None for others."""
    words = [word for word in one.args if word]
    if not words:
        return None
    words[0] = words[0].removeprefix("(")
    words[-1] = words[-1].removesuffix(")") if words[-1] != ")" or len(words) < 4 else ""
    words = [word for word in words if word]
    if len(words) == 3 and words[1].lstrip("!") in {"~", "~*"}:
        return words[0], words[1], words[2]
    return None


def parents(one: Directive) -> Iterator[Directive]:
    """The blocks around a directive, the nearest first; the last is the file itself, which has no name."""
    while one.parent is not None:
        one = one.parent
        yield one


def every(root: Directive, *names: str) -> Iterator[Directive]:
    """All directives with one of these names, in the order of the file."""
    stack, count = list(reversed(root.children or [])), 0
    while stack and count < MOST_DIRECTIVES:
        one = stack.pop()
        count += 1
        if one.name in names:
            yield one
        if one.children and not one.name.endswith("_by_lua_block"):
            stack.extend(reversed(one.children))


def within(block: Directive, *names: str) -> list[Directive]:
    """The directives of these names that stand directly in a block."""
    if block.by_name is None:
        block.by_name = {}
        for child in block.children or ():
            block.by_name.setdefault(child.name, []).append(child)
    return [child for name in names for child in block.by_name.get(name, ())]
