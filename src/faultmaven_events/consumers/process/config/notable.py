"""Which values of a configuration are worth telling a reasoner: limits, timeouts, pools, retries, policies."""

import re
from collections.abc import Iterator, Sequence

from faultmaven_events.consumers.process.config.address import owner_of, target_of
from faultmaven_events.consumers.process.config.entry import Entry
from faultmaven_events.consumers.process.note import Note, shortened

MOST = 60
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

WORTH = {
    # how telling -> words of the last part of a path
    3.0: "max maximum limit limits maxmemory maxclients quota noeviction eviction policy rate burst pool maxconn watermark threshold "
    "ulimit per",
    2.6: "timeout deadline expire expiry ttl interval period grace keepalive backoff retries retry attempts prefetch "
    "concurrency workers threads replicas",
    2.0: "size memory cpu heap queue buffer backlog connections nofile restart autorestart startretries startsecs healthcheck "
    "check fall rise",
    1.5: "image version command strategy mode enabled disabled ssl tls cert certificate auth feature flag cache",
}  # fmt: skip
_WORTH = {word: weight for weight, words in WORTH.items() for word in words.split()}
_LIMITED_VALUE = re.compile(r"\b(max_fails|fail_timeout|max_conns|maxconn|rate|burst|inter|fall|rise|statement_timeout)[= ]\S+")


def settings_worth_knowing(entries: Sequence[Entry], product: str | None) -> Iterator[Note]:
    """The most telling values, each as `setting`."""
    weighed = [(_worth(entry), number) for number, entry in enumerate(entries)]
    for weight, number in sorted(weighed, key=lambda pair: (-pair[0], pair[1]))[:MOST]:
        if weight > 0:
            entry = entries[number]
            owner = target_of(entry) or owner_of(entry) or product
            value = shortened(entry.value, 200)
            yield Note(
                "setting",
                f"{entry.path} = {value}",
                entry.line,
                weight=0.3 * weight,
                component=owner,
                attributes={"path": entry.path, "value": value},
            )


def _worth(entry: Entry) -> float:
    words = (
        {word.lower() for word in _WORDS.findall(".".join(entry.path.split(".")[-2:]))}
        if entry.path.startswith(("disk", "vm_"))
        else {word.lower() for word in _WORDS.findall(entry.key)}
    )
    limited = 2.6 if _LIMITED_VALUE.search(entry.value[:300]) else 0.0
    return max([limited, *(_WORTH.get(word, 0.0) for word in words)]) if entry.value else 0.0
