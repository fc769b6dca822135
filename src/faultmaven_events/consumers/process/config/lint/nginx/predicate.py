"""When a rule for nginx is broken.

Fields of a rule besides those in `rule.py`:

check       the name of a function of `CHECKS`; or
directive   the directives of this name whose arguments, joined by spaces, match the expression `args`
inside      (with directive) only directly in a block of one of these names
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from faultmaven_events.consumers.process.config.braces import Directive
from faultmaven_events.consumers.process.config.lint.nginx import blocks, requests
from faultmaven_events.consumers.process.config.lint.nginx.flow import every, parents

LONGEST = 2_000

CHECKS: dict[str, Callable[[Directive], Iterator[Directive]]] = {
    "splitting": requests.splitting,
    "request_forgery": requests.request_forgery,
    "host_spoofing": requests.host_spoofing,
    "alias_traversal": requests.alias_traversal,
    "origins": requests.origins,
    "slow_expressions": requests.slow_expressions,
    "redefinition": blocks.redefinition,
    "multiline": blocks.multiline,
    "evil_if": blocks.evil_if,
    "allow_without_deny": blocks.allow_without_deny,
    "return_past_acl": blocks.return_past_acl,
    "map_without_default": blocks.map_without_default,
    "uncached_try_files": blocks.uncached_try_files,
    "too_few_files": blocks.too_few_files,
    "open_status": blocks.open_status,
    "stapling_without_resolver": blocks.stapling_without_resolver,
    "weak_ciphers": blocks.weak_ciphers,
    "without_hsts": blocks.without_hsts,
    "undecided_default": blocks.undecided_default,
}


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def broken_by(test: Mapping[str, Any], root: Directive) -> Iterator[Directive]:
    """Every directive that breaks the rule."""
    if "check" in test:
        yield from CHECKS[test["check"]](root)
        return
    for one in every(root, test["directive"]):
        inside = "inside" not in test or next(parents(one)).name in test["inside"]
        if inside and _pattern(test["args"]).search(" ".join(one.args)[:LONGEST]):
            yield one
