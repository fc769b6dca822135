"""The whole system on one machine: the servers, then ingress and consumers as child processes; for `up`, the demo and the tests."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import RedisError

from faultmaven_events.errors import SetupError
from faultmaven_events.infra.llm.configured import key_variables
from faultmaven_events.infra.servers.crew import Child, Crew, supervise
from faultmaven_events.infra.servers.key_files import KeyEnv, key_env
from faultmaven_events.infra.servers.place import are_free, free_ports
from faultmaven_events.infra.servers.stack import Urls, open_stack
from faultmaven_events.infra.servers.vigil import beating, watch_over
from faultmaven_events.settings import Settings
from faultmaven_events.topology import BY_NAME

PROCESSES: Final[dict[str, tuple[str, ...]]] = {
    "flow": ("classify", "gather", "record", "bury"),
    "sanitize": ("sanitize",),
    "process": ("process",),
    "embed": ("embed",),
    "reason": ("reason",),
}
"""Which stages share a process: those that only pass things on; each of the others has a core, a model or a library of its own."""

BEHIND: Final = 10
"""Niceness of the consumers: on one machine the door and the servers come first, so that a backlog does not slow what is accepted."""

READY_WITHIN_S: Final = 120.0
_GUARDED: Final = ("FM_RAW_KEY", "FM_RAW_KEY_FILE", "FM_VAULT_KEY", "FM_VAULT_KEY_FILE")


@dataclass(frozen=True, slots=True)
class System:
    """A running system."""

    urls: Urls
    api_url: str
    """Where the ingress answers."""
    logs: Path
    """A log per process."""
    crew: Crew


@asynccontextmanager
async def open_system(home: Path, settings: Settings, progress: Callable[[str], None], port: int) -> AsyncIterator[System]:
    """Run servers, ingress and all stages while the block lasts; it begins when all are ready.

    Args:
        home: data, keys and logs; stays for the next time.
        settings: servers that it names are used; everything else in it is passed on to the children.
        progress: told one line for each step.
        port: of the ingress; 0 takes a free one.

    Raises:
        SetupError: something cannot be had or does not start; one sentence that says why.
    """
    home = Path.cwd() / home
    if port and not are_free((port,)):
        raise SetupError(f"port {port} is taken: end what listens there, or choose another (--port, FM_PORT; 0 takes a free one)")
    port = port or free_ports(1)[0]
    async with open_stack(home, settings=settings, progress=progress) as urls:
        children = plan(home, settings, urls, port)
        async with supervise(children, logs=home / "log", progress=progress) as crew:
            api_url = f"http://127.0.0.1:{port}"
            began = time.monotonic()
            await _ready(crew, urls, settings.redis_prefix, api_url)
            progress(f"ingress and consumers are ready ({time.monotonic() - began:.1f} s)")
            watching = asyncio.create_task(watch_over(crew, tuple(PROCESSES), urls.redis, settings.redis_prefix, settings.stall_s))
            try:
                yield System(urls, api_url, home / "log", crew)
            finally:
                await _end(watching)


async def _end(task: "asyncio.Task[None]") -> None:
    """Cancel a task until it has ended: a time-out inside it that runs off in the same moment swallows a cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=1)


def plan(home: Path, settings: Settings, urls: Urls, port: int) -> list[Child]:
    """Say which processes to run, and give each the keys that it may have and no other."""
    keys = key_env(home, settings)
    given, providers = _environment(settings), key_variables(settings)
    own = {name: value for name, value in given.items() if name in providers}
    common = {name: value for name, value in given.items() if name not in providers}
    common |= urls.env() | keys.clean | {"FM_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    program = (sys.executable, "-m", "faultmaven_events")
    door = keys.raw | (keys.vault if settings.reidentify else {})
    serve = Child("serve", (*program, "serve"), common | door | {"FM_PORT": str(port), "FM_API_URL": f"http://127.0.0.1:{port}"})
    behind = {"FM_NICE": str(settings.nice or BEHIND)}
    consumers = [
        Child(
            name,
            (*program, "consume", *stages),
            common | behind | (own if "reason" in stages else {}) | _keys_for(stages, keys) | _metrics_of(place, settings),
        )
        for place, (name, stages) in enumerate(PROCESSES.items())
    ]
    return [serve, *consumers]


def _metrics_of(place: int, settings: Settings) -> dict[str, str]:
    """Return the port of a consumer's metrics: the first one has that of the settings, the others those that follow."""
    return {"FM_METRICS_PORT": str(settings.metrics_port + place)} if settings.metrics_port else {}


def _keys_for(stages: Collection[str], keys: KeyEnv) -> dict[str, str]:
    raw = keys.raw if any(BY_NAME[stage].raw for stage in stages) else {}
    return raw | (keys.vault if "sanitize" in stages else {})


def _environment(settings: Settings) -> dict[str, str]:
    """What a child inherits: ours, with the settings in use, without the keys that not everybody gets."""
    given = {f"FM_{name.upper()}": _plain(getattr(settings, name)) for name in settings.model_fields_set}
    return {name: value for name, value in (os.environ | given).items() if name not in _GUARDED}


def _plain(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return "" if value is None else str(value)


async def _ready(crew: Crew, urls: Urls, prefix: str, api_url: str) -> None:
    """Wait until the ingress says so, and each stage has a heartbeat of a child of ours."""
    deadline = time.monotonic() + READY_WITHIN_S
    missing = {*BY_NAME, "ingress"}
    async with Redis.from_url(urls.redis) as redis, httpx.AsyncClient(trust_env=False, timeout=5) as client:
        while missing:
            if time.monotonic() > deadline:
                raise SetupError(
                    f"not ready within {READY_WITHIN_S:.0f} s: {', '.join(sorted(missing))}; their logs are beside {crew.log('serve')}"
                )
            crew.check()
            pids = {crew.pid(name) for name in PROCESSES}
            with suppress(RedisError):
                missing -= {stage for stage, beats in (await beating(redis, prefix)).items() if beats & pids}
            if "ingress" in missing:
                with suppress(httpx.HTTPError):
                    missing -= {"ingress"} if (await client.get(f"{api_url}/health/ready")).is_success else set()
            await asyncio.sleep(0.1)
