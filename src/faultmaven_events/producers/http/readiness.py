"""Whether the ingress can do its work now: each thing it stands on, asked at most once a second."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog

FRESH: Final = 1.0
"""Seconds for which an answer is given again."""
PATIENCE: Final = 2.0
"""Seconds that one probe may take."""

Probe = Callable[[], Awaitable[str | None]]
"""Returns None when all is well, else one sentence for who operates it. An exception counts as not well."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Check:
    """What one probe found. `required`: the ingress is not ready without it."""

    required: bool
    problem: str | None

    @property
    def ok(self) -> bool:
        """Whether all is well."""
        return self.problem is None


class Readiness:
    """Runs the probes side by side, and remembers."""

    def __init__(self, required: Mapping[str, Probe], optional: Mapping[str, Probe]) -> None:
        self._probes = {name: (probe, name in required) for name, probe in {**required, **optional}.items()}
        self._found: dict[str, Check] = {}
        self._at = -FRESH
        self._lock = asyncio.Lock()

    async def checks(self) -> dict[str, Check]:
        """Return what each probe found, at most one second old."""
        async with self._lock:
            if time.monotonic() - self._at >= FRESH:
                problems = await asyncio.gather(*(_ask(name, probe) for name, (probe, _) in self._probes.items()))
                self._found = {
                    name: Check(required, problem) for (name, (_, required)), problem in zip(self._probes.items(), problems, strict=True)
                }
                self._at = time.monotonic()
            return self._found


async def _ask(name: str, probe: Probe) -> str | None:
    try:
        async with asyncio.timeout(PATIENCE):
            return await probe()
    except TimeoutError:
        return f"It does not answer within {PATIENCE:g} s."
    except Exception as error:  # noqa: BLE001  # whatever a driver raises, the probe has failed
        log.debug("probe_failed", probe=name, error=type(error).__name__)
        return f"It fails with {type(error).__name__}."
