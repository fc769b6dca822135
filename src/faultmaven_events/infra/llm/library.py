"""litellm: imported when it is needed, told to keep quiet, and given our connections.

Importing it takes seconds and 190 MB, so only a process that asks a provider does.
"""

import logging
import os
import sys
import warnings
from functools import cache
from typing import Any, Final

import httpx
from pydantic import SecretStr
from pydantic.warnings import PydanticDeprecationWarning

from faultmaven_events.infra.llm.port import Provider
from faultmaven_events.infra.llm.vendors import VENDORS, prefix

NO_KEY: Final = "none"
"""Sent where no key is configured; never nothing, or the library would look for one in the environment and send it to any address."""
_OWN_WARNINGS: Final = (
    ("Item '.*' on TypedDict class", UserWarning),
    ("Pydantic serializer warnings", UserWarning),
    ("Accessing the 'model_.*' attribute on the instance", PydanticDeprecationWarning),
)
"""What it warns of about its own types, at its first calls and on streams."""
_LOUD: Final = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "openai", "openai._base_client")


def library() -> Any:
    """Return litellm. Prices come from the package, not from the network; no .env file is read."""
    loaded = _loaded()
    for message, category in _OWN_WARNINGS:
        warnings.filterwarnings("ignore", message=message, category=category)
    return loaded


@cache
def _loaded() -> Any:
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import litellm
    litellm.suppress_debug_info = True
    litellm.telemetry = False
    litellm.set_verbose = False  # type: ignore[attr-defined] # it is a setting of theirs, made by assignment
    litellm.turn_off_message_logging = True
    litellm.disable_streaming_logging = True
    litellm.disable_aiohttp_transport = True
    for name in _LOUD:  # at any level: their lines hold prompts, answers and addresses with keys
        logging.getLogger(name).disabled = True
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return litellm


def connected(provider: Provider, http: httpx.AsyncClient) -> Any:
    """Return the client object that litellm takes for a provider, over our connections and without retries of its own."""
    library()
    if prefix(provider.model) != "openai":
        return _handler_type()(http)
    import openai

    return openai.AsyncOpenAI(
        api_key=key_of(provider), base_url=provider.api_base or VENDORS["openai"].url, http_client=http, max_retries=0
    )


def key_of(provider: Provider) -> str:
    """Return the key to send."""
    return _revealed(provider.api_key) or NO_KEY


def _revealed(key: SecretStr | None) -> str:
    return key.get_secret_value() if key is not None else ""


@cache
def _handler_type() -> Any:
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

    class Handler(AsyncHTTPHandler):
        """litellm's, over our pool. Its own answer to a lost connection is a second call on a client without our bounds: not here."""

        def __init__(self, http: httpx.AsyncClient) -> None:
            super().__init__()
            self.client = http

        def create_client(self, *_: Any, **__: Any) -> Any:
            return _Nothing()

        async def single_connection_post_request(self, *_: Any, **__: Any) -> Any:
            error = sys.exception()
            raise error if error is not None else httpx.ConnectError("no second call")

    return Handler


class _Nothing:
    """Stands for the client that litellm would make."""

    is_closed: Final = False

    async def aclose(self) -> None:
        """Nothing is open."""
