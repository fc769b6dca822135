"""Which providers there are, in the order in which they are asked: from a TOML file, or from three variables for a single one."""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from faultmaven_events.errors import SetupError
from faultmaven_events.infra.llm.port import Provider
from faultmaven_events.infra.llm.vendors import VENDORS, prefix, vendor
from faultmaven_events.schemas.usage import Task
from faultmaven_events.settings import Settings

MOST: Final = 16
"""Providers in a file."""
_SIZE: Final = 64 * 1024
_NAME: Final = r"^[a-z0-9][a-z0-9_.-]{0,63}$"
_MODEL: Final = r"^[a-z0-9_]+/[^\s\x00-\x1f]{1,100}$"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,4096}")
_TOLD: Final = "a key does not belong into the file: put it into a file of its own (api_key_file) or a variable (api_key_env)"


class Entry(BaseModel):
    """One `[[provider]]` of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = Field(default=None, pattern=_NAME)
    model: str = Field(pattern=_MODEL)
    models: dict[Task, str] = Field(default_factory=dict)
    cheaper: str | None = Field(default=None, pattern=_MODEL)
    api_base: str | None = None
    api_key_file: Path | None = None
    api_key_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    timeout_s: float | None = Field(default=None, gt=0, le=240)
    style: Literal["full", "compact"] = "full"
    json_: Literal["schema", "object", "none"] | None = Field(default=None, alias="json")
    tools: bool = True
    input_usd: float | None = Field(default=None, ge=0)
    output_usd: float | None = Field(default=None, ge=0)


def configured(settings: Settings, environ: Mapping[str, str] = os.environ, *, keys: bool = True) -> tuple[Provider, ...]:
    """Return the providers of `FM_LLM_FILE`, else the one of `FM_LLM_MODEL`, else none.

    Without `keys` no key is looked for: for a process that only shows what there is.

    Raises:
        SetupError: the file cannot be read, holds a key or an unknown field, names no model, an unknown vendor or an address that is none,
            or a key is missing. The message names the provider and the field, never a value.
    """
    if settings.llm_file is not None:
        entries = _entries(settings.llm_file)
    elif settings.llm_model is not None:
        entries = [_checked({"model": settings.llm_model, "api_base": settings.llm_api_base}, "FM_LLM_MODEL, FM_LLM_API_BASE")]
    else:
        return ()
    own = settings.llm_api_key if settings.llm_file is None else None
    found = tuple(_provider(entry, settings, own, environ, keys=keys) for entry in entries)
    names = [each.name for each in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SetupError(f"two providers are named {', '.join(twice)}: give each a `name` of its own in FM_LLM_FILE")
    return found


def key_variables(settings: Settings) -> frozenset[str]:
    """Return the variables in which keys of providers may lie: only the reason stage is to see them.

    Raises:
        SetupError: as `configured` does for the file.
    """
    entries = _entries(settings.llm_file) if settings.llm_file is not None else []
    named = {entry.api_key_env for entry in entries if entry.api_key_env}
    return frozenset({"FM_LLM_API_KEY", *(each.key_env for each in VENDORS.values()), *named})


def _entries(path: Path) -> list[Entry]:
    try:
        if path.stat().st_size > _SIZE:
            raise SetupError(f"FM_LLM_FILE is larger than {_SIZE // 1024} KiB")
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SetupError(f"FM_LLM_FILE cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):  # its message quotes the file
        raise SetupError("FM_LLM_FILE is not TOML in UTF-8") from None
    tables = content.pop("provider", None)
    if content or not isinstance(tables, list) or not 1 <= len(tables) <= MOST:
        raise SetupError(f"FM_LLM_FILE must hold 1 to {MOST} tables [[provider]] and nothing else")
    return [_checked(table, f"FM_LLM_FILE, provider {number}") for number, table in enumerate(tables, 1)]


def _checked(table: Any, where: str) -> Entry:
    if isinstance(table, Mapping) and "api_key" in table:
        raise SetupError(f"{where}: {_TOLD}")
    try:
        entry = Entry.model_validate(table)
    except ValidationError as error:
        # A person may have written a key anywhere: names of fields are shown where they are ours, values never.
        problems = "; ".join(_problem(each["loc"], each["msg"]) for each in error.errors(include_input=False, include_url=False)[:4])
        raise SetupError(f"{where}: {problems}") from None
    if prefix(entry.model) not in VENDORS:
        known = ", ".join(VENDORS)
        raise SetupError(f"{where}: model must begin with one of {known}, and `/`; a server of your own is openai/<model> with an api_base")
    for model in (*entry.models.values(), *([entry.cheaper] if entry.cheaper else ())):
        if prefix(model) != prefix(entry.model) or not re.match(_MODEL, model):
            raise SetupError(f"{where}: all models of a provider begin with {prefix(entry.model)}/; another vendor is another [[provider]]")
    return entry.model_copy(update={"api_base": _address(entry.api_base, where)})


def _problem(path: Iterable[int | str], message: str) -> str:
    first = next(iter(path), "")
    known = {field.alias or name for name, field in Entry.model_fields.items()}
    return f"{first}: {message}" if first in known else f"a field that there is not; there are {', '.join(sorted(known))}"


def _address(url: str | None, where: str) -> str | None:
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
        parts = urlsplit("")
    if not good or re.search(r"[\s\x00-\x1f\x7f]", url) or parts.query or parts.fragment:
        raise SetupError(f"{where}: api_base must be http:// or https:// with a host and a path, and nothing after it")
    if parts.username is not None or parts.password is not None:
        raise SetupError(f"{where}: api_base must not hold credentials; {_TOLD}")
    return url.rstrip("/")


def _provider(entry: Entry, settings: Settings, own: SecretStr | None, environ: Mapping[str, str], *, keys: bool) -> Provider:
    name = entry.name or prefix(entry.model)
    return Provider(
        name=name,
        model=entry.model,
        models=entry.models,
        cheaper=entry.cheaper,
        api_base=entry.api_base,
        api_key=(own or _key(entry, name, environ)) if keys else None,
        timeout_s=entry.timeout_s or settings.llm_timeout_s,
        style=entry.style,
        json=entry.json_ or vendor(entry.model, entry.api_base).json,
        tools=entry.tools,
        input_usd=entry.input_usd,
        output_usd=entry.output_usd,
    )


def _key(entry: Entry, name: str, environ: Mapping[str, str]) -> SecretStr | None:
    """Return the key. The vendor's usual variable counts only at the vendor's own address: no key goes to somebody else's server."""
    if entry.api_key_file is not None:
        return _key_in(entry.api_key_file, name)
    known = vendor(entry.model, entry.api_base)
    variable = entry.api_key_env or (known.key_env if entry.api_base is None else None)
    if variable is None:
        return None
    key = environ.get(variable, "").strip()
    if not _KEY.fullmatch(key):
        raise SetupError(f"provider {name}: there is no key in {variable}; set it, or name another place with api_key_env or api_key_file")
    return SecretStr(key)


def _key_in(path: Path, name: str) -> SecretStr:
    try:
        with path.open("rb") as file:
            key = file.read(8192).decode("ascii", "replace").strip()
    except OSError as error:
        raise SetupError(f"provider {name}: its api_key_file cannot be read: {error.strerror}") from None
    if not _KEY.fullmatch(key):
        raise SetupError(f"provider {name}: its api_key_file must hold the key alone, in one line")
    return SecretStr(key)
