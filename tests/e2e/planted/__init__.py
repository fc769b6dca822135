"""A file of every kind of evidence, each with canaries in the way in which such files hold them."""

from collections.abc import Callable, Mapping

from e2e.canaries import Canaries
from e2e.planted import commands, configs, documents, logs, measured, pictures

WRITERS: Mapping[str, Callable[[Canaries], str | bytes]] = {
    **logs.WRITERS,
    **configs.WRITERS,
    **measured.WRITERS,
    **commands.WRITERS,
    **documents.WRITERS,
    **pictures.WRITERS,
}


def planted(canary: Canaries) -> dict[str, bytes]:
    """Return the files, by name."""
    files = {}
    for name, write in WRITERS.items():
        canary.place = name
        text = write(canary)
        files[name] = text.encode() if isinstance(text, str) else text
    return files
