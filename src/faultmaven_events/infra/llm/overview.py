"""The configured providers as people see them: names, models and breakers; never a key, nor an address that could hold one."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, get_args

from faultmaven_events.errors import SetupError
from faultmaven_events.infra.llm.breaker import Breaker
from faultmaven_events.infra.llm.configured import configured
from faultmaven_events.infra.llm.port import Provider
from faultmaven_events.infra.llm.states import States
from faultmaven_events.schemas.usage import Task
from faultmaven_events.settings import Settings

TASKS: Final[tuple[Task, ...]] = tuple(each for each in get_args(Task) if each != "probe")


class Overview:
    """Who may be asked, in which order, and how each is. Reads the configuration once, without keys."""

    def __init__(self, settings: Settings, states: States) -> None:
        self._states, self.wrong = states, ""
        self.providers: Sequence[Provider] = ()
        try:
            self.providers = configured(settings, keys=False)
        except SetupError as error:  # a process that only shows them need not have the file that the reason stage has
            self.wrong = str(error)

    async def show(self) -> list[dict[str, Any]]:
        """Return a row for each provider, in the order in which they are asked."""
        found = await self._states.read([provider.name for provider in self.providers])
        return [_row(provider, found[provider.name]) for provider in self.providers]


def _row(provider: Provider, breaker: Breaker) -> dict[str, Any]:
    closed = breaker.state == "closed"
    return {
        "name": provider.name,
        "models": {task: provider.model_for(task) for task in TASKS},
        "cheaper": provider.cheaper,
        "own_address": provider.api_base is not None,
        "tools": provider.tools,
        "json": provider.json,
        "style": provider.style,
        "state": breaker.state,
        "reason": None if closed else breaker.reason,
        "probe_at": None if closed else datetime.fromtimestamp(breaker.probe_at, UTC).isoformat(timespec="seconds"),
    }
