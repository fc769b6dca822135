"""Checks of what a block holds, lacks or takes away from the blocks around it."""

import re
from collections.abc import Iterator

from faultmaven_events.consumers.process.config.braces import Directive
from faultmaven_events.consumers.process.config.lint.nginx.flow import every, parents, within

PROTECTING = frozenset(
    {
        *("x-frame-options", "x-content-type-options", "x-xss-protection", "content-security-policy", "strict-transport-security"),
        *("cache-control", "referrer-policy", "permissions-policy", "cross-origin-opener-policy", "cross-origin-embedder-policy"),
        "cross-origin-resource-policy",
    }
)
"""Headers whose loss matters, in lower case."""
_HEADERS = "add_header"
MOST_HEADERS = 200
"""Headers of one block that are looked at."""
_MULTILINE = re.compile(r"\n[ \t]")
_WEAK = re.compile(r"^(?:EXP|EXPORT|[EA]?NULL|3?DES$|RC4|ADH|AECDH|(?:LOW|MEDIUM|ALL|DEFAULT|SEED|IDEA|CAMELLIA)$)|DES-CBC|-RC4|MD5$")


def _headers(block: Directive) -> set[str]:
    return {one.args[0].lower() for one in within(block, _HEADERS)[:MOST_HEADERS] if one.args}


def redefinition(root: Directive) -> Iterator[Directive]:
    """Blocks whose `add_header` takes away protecting headers that the block around them adds."""
    for block in every(root, "server", "location", "if", "limit_except"):
        own = _headers(block) if block.children else set()
        outer = next((headers for around in parents(block) if (headers := _headers(around))), set())
        if own and (outer - own) & PROTECTING and not _merges(block):
            yield within(block, _HEADERS)[0]


def _merges(block: Directive) -> bool:
    """Since nginx 1.29.3 `add_header_inherit merge` keeps the outer headers."""
    for around in (block, *parents(block)):
        if stated := within(around, "add_header_inherit"):
            return stated[-1].args[:1] == ["merge"]
    return False


def multiline(root: Directive) -> Iterator[Directive]:
    """Headers whose value goes on over the line's end."""
    for one in every(root, _HEADERS, "more_set_headers"):
        values = one.args[1:2] if one.name == _HEADERS else list(_set_headers(one.args))
        if any(_MULTILINE.search(value) for value in values):
            yield one


def _set_headers(args: list[str]) -> Iterator[str]:
    """The headers among the arguments of more_set_headers: not its options, nor the values of -s and -t."""
    skips = False
    for arg in args:
        if not skips and not arg.startswith("-"):
            yield arg
        skips = arg in {"-s", "-t"}


def evil_if(root: Directive) -> Iterator[Directive]:
    """What stands in an `if` in a location and is neither return, rewrite nor set."""
    for block in every(root, "if"):
        if next(parents(block)).name == "location":
            yield from (one for one in block.children or () if one.name not in {"return", "rewrite", "set", "break", "if", "limit_rate"})


def allow_without_deny(root: Directive) -> Iterator[Directive]:
    """`allow` for some addresses where nothing is denied."""
    for block in (root, *every(root, "http", "server", "location", "limit_except")):
        allowed = [one for one in within(block, "allow") if one.args[:1] != ["all"]]
        if allowed and not within(block, "deny") and not any(within(around, "deny") for around in parents(block)):
            yield allowed[0]


def return_past_acl(root: Directive) -> Iterator[Directive]:
    """`return` beside allow or deny, which are looked at later."""
    for block in every(root, "server", "location"):
        if within(block, "allow", "deny"):
            yield from within(block, "return")[:1]


def map_without_default(root: Directive) -> Iterator[Directive]:
    """Maps without a default, whose variable is then empty."""
    for one in every(root, "map"):
        if one.children and not within(one, "default", "include"):
            yield one


def uncached_try_files(root: Directive) -> Iterator[Directive]:
    """`try_files` without a cache of what is known of files."""
    for one in every(root, "try_files"):
        if not any(within(block, "open_file_cache") for block in parents(one)):
            yield one


def too_few_files(root: Directive) -> Iterator[Directive]:
    """More connections of a worker than half of the files that it may open."""
    limits = [int(one.args[0]) for one in every(root, "worker_rlimit_nofile") if one.args and one.args[0].isdecimal()]
    for one in every(root, "worker_connections"):
        if limits and one.args and one.args[0].isdecimal() and limits[0] < 2 * int(one.args[0][:9]):
            yield one


def open_status(root: Directive) -> Iterator[Directive]:
    """A status page that everybody may read."""
    for one in every(root, "stub_status"):
        if not any(within(block, "deny", "auth_basic", "internal") for block in parents(one)):
            yield one


def stapling_without_resolver(root: Directive) -> Iterator[Directive]:
    """OCSP stapling where no name server is known."""
    for one in every(root, "ssl_stapling"):
        if one.args[:1] == ["on"] and not any(within(block, "resolver", "ssl_stapling_file") for block in parents(one)):
            yield one


def weak_ciphers(root: Directive) -> Iterator[Directive]:
    """Cipher lists that let in what is broken; TLS 1.3 alone does not use the list."""
    for one in every(root, "ssl_ciphers"):
        stated = next((block for block in parents(one) if within(block, "ssl_protocols")), None)
        protocols = within(stated, "ssl_protocols")[-1].args if stated else []
        names = re.split(r"[:+, ]", one.args[0])[:300] if one.args else []
        if protocols != ["TLSv1.3"] and any(_WEAK.search(name.upper()) for name in names if name[:1] not in {"!", "-"}):
            yield one


def without_hsts(root: Directive) -> Iterator[Directive]:
    """Servers with TLS that do not tell browsers to stay with it."""
    for server in every(root, "server"):
        secure = any("ssl" in one.args or one.args[:1] == ["443"] for one in within(server, "listen"))
        headers = {name for block in (server, *parents(server)) for name in _headers(block)}
        if secure and "strict-transport-security" not in headers:
            yield server


def undecided_default(root: Directive) -> Iterator[Directive]:
    """Several servers on one address of which none is the default."""
    seen: dict[str, list[Directive]] = {}
    marked: set[str] = set()
    for server in every(root, "server"):
        for one in within(server, "listen"):
            address = one.args[0] if one.args else ""
            seen.setdefault(address, []).append(one)
            if {"default_server", "default"} & set(one.args):
                marked.add(address)
    for address, listens in seen.items():
        if address and address not in marked and len(listens) > 1:
            yield listens[0]
