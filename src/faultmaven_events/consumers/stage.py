"""What a stage is: a function from an event to the events that follow from it, and which room holds it."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import Any

from faultmaven_events.schemas.event import Event
from faultmaven_events.settings import Settings

Handler = Callable[[Event[Any]], Awaitable[Sequence[Event[Any]]]]
"""Does a stage's work: makes its effects durable, then returns the events to publish. Raises errors.TransientError to be tried again,
errors.PermanentError to be dead-lettered."""

Room = Callable[[Settings], AbstractAsyncContextManager[Handler]]
"""Opens what a stage needs and yields its handler."""


def room(stage: str) -> Room:
    """Return the `open_stage` of a stage's room, importing only that room."""
    opener: Room = import_module(f"faultmaven_events.consumers.{stage}.consumer").open_stage
    return opener
