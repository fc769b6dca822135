"""The flags of the processes of a control plane: kube-apiserver, kubelet, etcd and the others, out of a container's command."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from faultmaven_events.consumers.process.config.lint.kubernetes.manifest import Container
from faultmaven_events.consumers.process.placed import Items, Map, place_in

PROCESSES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "etcd")
MOST_WORDS = 400


@dataclass(frozen=True, slots=True)
class Flag:
    """The value of a flag, None where it stands alone, and its place."""

    value: str | None
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Process:
    """A process with its flags; `line` and `column` are those of its command."""

    name: str
    flags: Mapping[str, Flag]
    line: int
    column: int


def process_of(container: Container) -> Process | None:
    """Return the control plane process that a container starts, or None."""
    words = [*_words(container.body, "command"), *_words(container.body, "args")]
    name = next((base for word, _, _ in words if (base := _base(word)) in PROCESSES), None) or _by_image(container.body, words)
    if name is None:
        return None
    line, column = place_in(container.body, ("command" if "command" in container.body else "args",))
    return Process(name, _flags(words), line, column)


def _words(body: Map, key: str) -> list[tuple[str, int, int]]:
    """The words of a command with their places; a shell's line is split at its spaces."""
    value = body.get(key)
    if not isinstance(value, Items):
        return []
    return [
        (word, *place)
        for item, place in zip(value[:MOST_WORDS], value.at, strict=False)
        if isinstance(item, str)
        for word in (item.split()[:MOST_WORDS] if any(name in item for name in PROCESSES) else (item,))
    ]


def _base(word: str) -> str:
    return word.rpartition("/")[2]


def _by_image(body: Map, words: list[tuple[str, int, int]]) -> str | None:
    """An image named as the process that is given nothing but flags."""
    image: Any = body.get("image")
    if "command" in body or not isinstance(image, str) or not words or not words[0][0].startswith("-"):
        return None
    base = _base(image.partition("@")[0]).partition(":")[0]
    return base if base in PROCESSES else None


def _flags(words: list[tuple[str, int, int]]) -> dict[str, Flag]:
    flags: dict[str, Flag] = {}
    for index, (word, line, column) in enumerate(words):
        if not word.startswith("-") or word == "-":
            continue
        name, equals, value = word.partition("=")
        following = words[index + 1][0] if index + 1 < len(words) else "-"
        given = value if equals else (None if following.startswith("-") else following)
        flags["--" + name.lstrip("-")] = Flag(given.strip("\"'") if given is not None else None, line, column)
    return flags
