"""Checks of where requests go and what may be put into them: SSRF, response splitting, spoofed hosts, path traversal, origins."""

import re
from collections.abc import Iterator

from faultmaven_events.consumers.process.config.braces import Directive
from faultmaven_events.consumers.process.config.lint.nginx.flow import Part, condition_of, every, parents, walk, within
from faultmaven_events.consumers.process.config.lint.nginx.pattern import (
    END,
    FREE,
    LINE_ENDS,
    START,
    UnknownPatternError,
    groups,
    mask,
    nested_repeats,
    parse,
    samples,
)

_CODE = re.compile(r"^\d{3}$")
_HOST_END = re.compile(r"[/?#]")
_SCHEME = re.compile(r"^https?://")
ASKED = frozenset({"$http_origin", "$http_referer", "${http_origin}", "${http_referer}"})
EVIL = ".evil.example"
"""What a client may add after an expression that does not end where the host does."""


def splitting(root: Directive) -> Iterator[Directive]:
    """Directives that put a variable which may hold a line end into a header or a request."""
    for one, scope in walk(root):
        value = _sent(one)
        if value and any(part.free & LINE_ENDS for part in scope.parts(value)):
            yield one


def _sent(one: Directive) -> str | None:
    """The value that a directive sends on."""
    if one.name == "proxy_pass" or (one.name == "return" and one.args and not _CODE.match(one.args[0])):
        return one.args[0] if one.args else None
    return one.args[1] if one.name in {"rewrite", "return", "add_header", "proxy_set_header"} and len(one.args) > 1 else None


def request_forgery(root: Directive) -> Iterator[Directive]:
    """`proxy_pass` to a host, or by a scheme, that a client can choose; in internal locations clients do not arrive."""
    for one, scope in walk(root):
        if one.name == "proxy_pass" and one.args and not _is_internal(one) and _client_names_host(scope.parts(one.args[0])):
            yield one


def _is_internal(one: Directive) -> bool:
    return any(block.name == "location" and within(block, "internal") for block in parents(one))


def _client_names_host(parts: list[Part]) -> bool:
    scheme_ends = next((number for number, part in enumerate(parts) if "://" in part.text), None)
    if scheme_ends is not None:
        if any(part.free & mask(".") for part in parts[:scheme_ends]):
            return True
        parts = [Part(text=parts[scheme_ends].text.partition("://")[2]), *parts[scheme_ends + 1 :]]
    for part in parts:
        if part.slash or _HOST_END.search(part.text):
            return False
        if part.free & mask("."):
            return True
    return False


def host_spoofing(root: Directive) -> Iterator[Directive]:
    """The Host header for the backend is what the client sent, or an argument."""
    for one in every(root, "proxy_set_header"):
        if len(one.args) > 1 and one.args[0].lower() == "host":
            value = one.args[1].replace("${", "$").replace("}", "")
            if value.lower() == "$http_host" or value.lower().startswith("$arg_"):
                yield one


def alias_traversal(root: Directive) -> Iterator[Directive]:
    """`alias` in a location whose prefix does not end in a slash, or whose capture may begin with dots right after the alias's slash."""
    for one in every(root, "alias"):
        location = next((block for block in parents(one) if block.name == "location"), None)
        if location is None or not location.args:
            continue
        modifier, path = ("", location.args[0]) if len(location.args) == 1 else (location.args[0], location.args[1])
        if modifier in {"", "^~"} and not path.startswith("@"):
            if not path.endswith("/"):
                yield one
        elif modifier in {"~", "~*"} and one.args and _capture_climbs(path, one.args[0]):
            yield one


def _capture_climbs(expression: str, alias: str) -> bool:
    try:
        known = dict(groups(parse(expression)))
    except UnknownPatternError:
        return False
    for match in re.finditer(r"/\$(?:\{(\w+)\}|(\w+))", alias):
        group = known.get(match[1] or match[2])
        if group is None:
            continue
        opened = _opens(expression, match[1] or match[2])
        if opened > 0 and expression[opened - 1] != "/" and any(text[:1] in {FREE, "."} for text in samples(group)):
            return True
    return False


def _opens(expression: str, name: str) -> int:
    """Where the group of this number or name opens; -1 where it does not."""
    if not name.isdecimal():
        return max(expression.find(f"(?<{name}>"), expression.find(f"(?P<{name}>"))
    places = [match.start() for match in re.finditer(r"(?<!\\)\((?!\?[:=!>i]|\?<[=!])", expression)]
    return places[int(name) - 1] if 0 < int(name) <= len(places) else -1


def origins(root: Directive) -> Iterator[Directive]:
    """Expressions for Origin or Referer that let in hosts which are not meant."""
    for one in every(root, "if"):
        condition = condition_of(one)
        if condition and condition[0] in ASKED and _lets_strangers_in(condition[2]):
            yield one
    for one in every(root, "map"):
        if len(one.args) > 1 and one.args[0] in ASKED:
            for row in one.children or ():
                if row.name.startswith("~") and row.args and row.args[0] not in {"", "0"} and _lets_strangers_in(row.name.lstrip("~*")):
                    yield row


def _lets_strangers_in(expression: str) -> bool:
    try:
        return any(not _host_is_fixed(text) for text in samples(parse(expression)))
    except UnknownPatternError:
        return False


def _host_is_fixed(text: str) -> bool:
    """Whether a match leaves the client no choice of the host but its subdomain's letters."""
    if not text.startswith(START):
        return False
    text = text.lstrip(START)
    if text.endswith(END):
        text = text.rstrip(END)
    elif not text.endswith("/"):
        text += EVIL
    scheme = _SCHEME.match(text)
    if scheme is None:
        return False
    host = _HOST_END.split(text[scheme.end() :], maxsplit=1)[0]
    return bool(host) and FREE not in host and not host.endswith(EVIL)


def slow_expressions(root: Directive) -> Iterator[Directive]:
    """Locations, rewrites and conditions whose expression can take very long to fail."""
    for one in every(root, "location", "rewrite", "if"):
        condition = condition_of(one) if one.name == "if" else None
        expression = condition[2] if condition else one.args[-1 if one.name == "location" else 0] if one.args and one.name != "if" else ""
        is_plain = one.name == "location" and (len(one.args) < 2 or one.args[0] not in {"~", "~*"})
        try:
            if expression and not is_plain and nested_repeats(parse(expression)):
                yield one
        except UnknownPatternError:
            continue
