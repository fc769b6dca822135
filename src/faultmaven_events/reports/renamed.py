"""A report with other words in it: what pseudonyms stand for, put in before anything is rendered, so that it is escaped like the rest."""

from collections.abc import Callable
from typing import Any, TypeVar

from faultmaven_events.schemas.model import Model

M = TypeVar("M", bound=Model)


def renamed(model: M, name: Callable[[str], str]) -> M:
    """Return a model with `name` applied to every text in it, keys of tables included.

    Lengths are not checked again: what a pseudonym stands for may be longer than it.
    """
    return model.model_copy(update={field: _applied(getattr(model, field), name) for field in type(model).model_fields})


def _applied(value: Any, name: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return name(value)
    if isinstance(value, Model):
        return renamed(value, name)
    if isinstance(value, list | tuple):
        return type(value)(_applied(each, name) for each in value)
    if isinstance(value, dict):
        return {_applied(key, name): _applied(each, name) for key, each in value.items()}
    return value
